//! The crate's errors: what can keep a kernel from being compiled, and from being run.

use cranelift_module::ModuleError;
use crossover_ir::Trap;
use crossover_values::ParamKind;

/// Why a kernel was not compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The module has fewer kernels.
    #[error("there is no kernel {kernel}: the module has {kernels}")]
    NoKernel {
        /// The number asked for.
        kernel: usize,
        /// Kernels in the module.
        kernels: usize,
    },
    /// Cranelift makes no code for this machine.
    #[error("Cranelift does not support this machine: {reason}")]
    UnsupportedHost {
        /// Cranelift's reason.
        reason: &'static str,
    },
    /// Cranelift refused a setting, a function or its placement in memory.
    #[error("Cranelift failed: {0}")]
    Cranelift(#[from] Box<ModuleError>),
    /// A unit needs more memory per iteration than a displacement can address.
    #[error("scratch arrays of {bytes} bytes per iteration are too large")]
    ScratchTooLarge {
        /// Bytes of all scratch arrays of one unit.
        bytes: u64,
    },
}

impl From<ModuleError> for CompileError {
    fn from(error: ModuleError) -> CompileError {
        CompileError::Cranelift(Box::new(error))
    }
}

/// Why a run ended without a result.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The kernel raised a run-time error; array contents are void.
    #[error("{}", .0.kind)]
    Trap(Trap),
    /// [`crate::RunOptions::cancel`] was set; array contents are void.
    #[error("the run was cancelled")]
    Cancelled,
    /// The number of arguments is not that of the parameters.
    #[error("{given} arguments for {expected} parameters")]
    ArgumentCount {
        /// Arguments given.
        given: usize,
        /// Parameters of the kernel.
        expected: usize,
    },
    /// An argument is not what its parameter is.
    #[error("argument {position} is {given:?}, its parameter {expected:?}")]
    ArgumentKind {
        /// Position among the parameters.
        position: usize,
        /// What was given.
        given: ParamKind,
        /// What the kernel takes.
        expected: ParamKind,
    },
    /// An axis of an argument has more elements than the language allows (2^31-1).
    #[error("argument {position} has an axis of {extent} elements, over 2147483647")]
    ArgumentExtent {
        /// Position among the parameters.
        position: usize,
        /// The extent.
        extent: usize,
    },
    /// The pool of threads could not be made.
    #[error("no pool of {threads} threads: {source}")]
    Threads {
        /// Threads asked for.
        threads: usize,
        /// Why.
        source: rayon::ThreadPoolBuildError,
    },
}

impl From<Trap> for RunError {
    fn from(trap: Trap) -> RunError {
        RunError::Trap(trap)
    }
}
