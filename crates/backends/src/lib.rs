//! One file per backend: adapts the engines to the contract.
//!
//! [`backends`] is the table of all of them, and [`REFERENCE`] the line of it whose results are the
//! truth. Adding a backend is a file here and a line of the table.
#![forbid(unsafe_code)]

mod budget;
mod cranelift;
mod front;
mod interpreter;
mod native;
mod outputs;
pub mod views;
mod wgsl;

use crossover_contract::Backend;

pub use cranelift::Cranelift;
pub use front::{compile, signature};
pub use interpreter::Interpreter;
pub use native::Native;
pub use wgsl::Wgsl;

/// Backend and variant of the reference.
pub const REFERENCE: (&str, &str) = ("interpreter", "exact");

/// Backend and variant that stand in where the reference would take too long: it is proved
/// bit-identical at the next smaller size first.
pub const STAND_IN: (&str, &str) = ("cranelift", "1t");

/// Every backend, in the order in which rows are shown.
pub fn backends() -> Vec<Box<dyn Backend>> {
    vec![Box::new(Interpreter), Box::new(Cranelift), Box::new(Native), Box::<Wgsl>::default()]
}
