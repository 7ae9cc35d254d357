//! What can go wrong before and while a program runs.

use crossover_ir::{Span, Trap};
use crossover_values::ParamKind;

/// A kernel cannot be compiled to bytecode.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// The module has no such kernel.
    #[error("the module has {kernels} kernels; there is no kernel number {kernel}")]
    NoKernel {
        /// The number asked for.
        kernel: usize,
        /// Kernels of the module.
        kernels: usize,
    },
    /// A region or serial section needs more than 65,536 registers or instructions.
    #[error("kernel `{kernel}`: this part is too large for the interpreter (65,536 instructions)")]
    TooLarge {
        /// The kernel.
        kernel: String,
        /// The region or serial section.
        span: Span,
    },
}

/// A program did not run to its end. Contents of array arguments are void then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The kernel raised a run-time error, or hit the step budget or the memory limit.
    #[error("{}", .0.kind)]
    Trap(Trap),
    /// The caller's flag was set.
    #[error("cancelled")]
    Cancelled,
    /// The number of arguments is wrong.
    #[error("{found} arguments were given; the kernel takes {expected}")]
    ArgumentCount {
        /// Parameters of the kernel.
        expected: usize,
        /// Arguments given.
        found: usize,
    },
    /// An argument has another kind than its parameter.
    #[error("argument {position} is {found:?}; the kernel takes {expected:?}")]
    ArgumentKind {
        /// Its position, from 0.
        position: usize,
        /// What the parameter is.
        expected: ParamKind,
        /// What was given.
        found: ParamKind,
    },
}

impl From<Trap> for RunError {
    fn from(trap: Trap) -> RunError {
        RunError::Trap(trap)
    }
}
