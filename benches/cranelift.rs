//! `cargo bench --bench cranelift`: the JIT, on one thread, on all and unchecked.

use std::process::ExitCode;

mod common;

fn main() -> ExitCode {
    common::bench("cranelift")
}
