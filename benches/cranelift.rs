//! `cargo bench --bench cranelift`: the JIT, on one thread and on all, in scalar code and in
//! lanes, with libm's functions and with polynomials, and unchecked.

use std::process::ExitCode;

mod common;

fn main() -> ExitCode {
    common::bench("cranelift")
}
