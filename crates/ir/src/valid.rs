//! The validator: only what it has seen reaches a backend.

use std::ops::Deref;

use crate::{Module, Span};

mod flow;
mod host;
mod lane;
mod limits;
mod typing;
mod violation;

pub use violation::Violation;

/// A witness that the value inside was validated. Only [`validate`] and this crate's own
/// rewritings of valid modules make one.
#[derive(Clone, Debug, PartialEq)]
pub struct Valid<T>(T);

impl<T> Deref for Valid<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Valid<T> {
    /// A witness for what this crate made from a valid module, where its construction keeps every
    /// rule. Depth and size may pass the limits for input by a constant factor.
    pub(crate) fn trust(value: T) -> Valid<T> {
        Valid(value)
    }

    /// Gives the value back, without the witness.
    pub fn into_inner(self) -> T {
        self.0
    }
}

/// Deepest nesting of host nodes and lane statements together.
pub const MAX_DEPTH: usize = 256;

/// Most instructions, and most statements besides evaluations, of one kernel.
pub const MAX_SIZE: usize = 500_000;

/// What is wrong with a module, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("kernel `{kernel}`: {violation}")]
pub struct ValidateError {
    /// The kernel.
    pub kernel: String,
    /// What is wrong.
    pub violation: Violation,
    /// Where in the source, if known.
    pub span: Span,
}

/// A violation with its place, before the kernel's name is known.
struct Failure {
    violation: Violation,
    span: Span,
}

/// Checks a module.
///
/// What backends may rely on afterwards: handles are in range; types meet the op table; each
/// instruction is evaluated once, before every use; variables are assigned, array names bound and
/// scratch arrays reached on every path before they are used; loop variables and reduction
/// targets are left alone in their loops; atomics and plain accesses do not meet in a region;
/// every path of a kernel returns; depth and size are bounded by [`MAX_DEPTH`] and [`MAX_SIZE`].
///
/// # Errors
/// The first violation found.
pub fn validate(module: Module) -> Result<Valid<Module>, ValidateError> {
    let names = module.kernels.iter().map(|kernel| kernel.name.as_str());
    if let Err(violation) = typing::unique("kernel", names) {
        let kernel = module.kernels.last().map(|kernel| kernel.name.clone()).unwrap_or_default();
        return Err(ValidateError { kernel, violation, span: Span::default() });
    }
    for kernel in &module.kernels {
        let sized =
            limits::check(kernel).map_err(|violation| Failure { violation, span: Span::default() });
        sized.and_then(|()| host::check(kernel)).map_err(|failure| ValidateError {
            kernel: kernel.name.clone(),
            violation: failure.violation,
            span: failure.span,
        })?;
    }
    Ok(Valid(module))
}
