//! The command `crossover`.
fn main() {}
