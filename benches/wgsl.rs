//! `cargo bench --bench wgsl`: tuned and generated shaders on every adapter.

use std::process::ExitCode;

mod common;

fn main() -> ExitCode {
    common::bench("wgsl")
}
