//! The text form: what people read, and what fixtures are written in.
//!
//! ```text
//! source "norm2.py"
//! kernel norm2 {
//!   array @x: f32[:]
//!   var %s: f32
//!   params (@x)
//!   returns (f32)
//!   host {
//!     v0: f32 = const 0.0
//!     set %s = v0
//!     v1: i32 = const 0
//!     v2: i32 = extent @x 0
//!     region {
//!       var %i: i32
//!       reduce r0 = add f32 region %s
//!       axis %i = v1 to v2 step 1
//!       body {
//!         v0: i32 = get %i
//!         v1: f32 = load @x [v0]
//!         v2: f32 = mul v1 v1
//!         reduce r0 v2
//!       }
//!     }
//!     v3: f32 = get %s
//!     return (v3)
//!   }
//! }
//! ```
//!
//! `%` names a variable, `@` an array, `$` a scratch array; a name that is no plain word is quoted
//! (`%"a b"`). Values are numbered by arena: host level has its own, and so has the code of each
//! region and serial section (the bounds of an `axis` are host values). `#` begins a comment.
//! A span is written `!file:start..end`, where [`print_with_spans`] shows it.

mod lex;
mod parse;
mod parse_code;
mod parse_values;
mod print;

pub use parse::parse;
pub(crate) use parse_values::{parse_values, print_value};
pub(crate) use print::Names;
pub use print::{print, print_with_spans};

/// The text is no module in the text form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct ParseError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What was expected or found.
    pub message: String,
}

#[cfg(test)]
mod tests;
