//! The command `crossover`.
#![forbid(unsafe_code)]
fn main() {}
