//! Analyses and rewritings of lane code that make generated machine code faster and change no
//! result and no error.
//!
//! Only backends that generate code run them: line and opcode counts of the interpreter are those
//! of the program as written.

mod if_convert;
mod short_axis;
mod simplify;
mod spans;

pub use short_axis::{ShortAxis, fold_short_axes};
pub use simplify::simplify;
pub use spans::{Affine, Spans, Term, spans};

#[cfg(test)]
mod tests;
