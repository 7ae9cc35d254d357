//! `cargo bench --bench interpreter`: the reference, case by case.

use std::process::ExitCode;

mod common;

fn main() -> ExitCode {
    common::bench("interpreter")
}
