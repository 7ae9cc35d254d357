//! `cargo bench --bench interpreter`: the reference, case by case, and its variant in lanes.

use std::process::ExitCode;

mod common;

fn main() -> ExitCode {
    common::bench("interpreter")
}
