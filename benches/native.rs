//! `cargo bench --bench native`: the hand-written Rust variants.

use std::process::ExitCode;

mod common;

fn main() -> ExitCode {
    common::bench("native")
}
