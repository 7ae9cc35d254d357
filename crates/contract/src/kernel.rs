//! The kernel's side: sources, definition, hand-written variants, cases.

use std::collections::BTreeMap;
use std::fmt;

use crossover_values::{DType, Value};

use crate::{AllowedFunction, ChartFunction, EstimateFunction, Promise};

/// A source file by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceText {
    /// Path as shown in messages.
    pub path: String,
    /// Whole text.
    pub text: String,
}

/// One kernel: of the suite, or of a user.
pub struct Kernel {
    /// Its one name, in folder, shader, test, record and report.
    pub stem: String,
    /// The reference in the kernel language.
    pub source: SourceText,
    /// Files the reference may import from, by module name (`common`).
    pub modules: BTreeMap<String, SourceText>,
    /// Text of `kernel.toml`, as parsed in [`Kernel::definition`].
    pub definition: crate::Definition,
    /// The hand-tuned shader.
    pub shader: Option<SourceText>,
    /// Shared shader fragments, by name.
    pub shader_library: BTreeMap<String, SourceText>,
    /// What is written in Rust; empty for a kernel that has only its files.
    pub code: KernelCode,
}

/// What a kernel's folder holds in Rust.
#[derive(Clone, Copy, Default)]
pub struct KernelCode {
    /// Hand-written variants.
    pub variants: &'static [NativeVariant],
    /// Functions that policies may name.
    pub policies: &'static [(&'static str, AllowedFunction)],
    /// Functions that `[[estimates]]` may name.
    pub estimates: &'static [(&'static str, EstimateFunction)],
    /// Functions that `[[charts]]` may name.
    pub charts: &'static [(&'static str, ChartFunction)],
}

impl KernelCode {
    /// Variants and nothing else.
    pub const fn new(variants: &'static [NativeVariant]) -> KernelCode {
        KernelCode { variants, policies: &[], estimates: &[], charts: &[] }
    }

    /// The same with policy functions.
    pub const fn with_policies(
        self,
        policies: &'static [(&'static str, AllowedFunction)],
    ) -> KernelCode {
        KernelCode { policies, ..self }
    }

    /// The same with estimate functions.
    pub const fn with_estimates(
        self,
        estimates: &'static [(&'static str, EstimateFunction)],
    ) -> KernelCode {
        KernelCode { estimates, ..self }
    }

    /// The same with chart functions.
    pub const fn with_charts(self, charts: &'static [(&'static str, ChartFunction)]) -> KernelCode {
        KernelCode { charts, ..self }
    }
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kernel").field("stem", &self.stem).finish_non_exhaustive()
    }
}

/// One case: a kernel at a size, with a seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// `small`, `book`, …, or `custom`.
    pub size: String,
    /// Value of every parameter, derived ones included.
    pub parameters: BTreeMap<String, f64>,
    /// Seed of the generators.
    pub seed: u64,
}

/// What runs a native variant.
pub type NativeRun = fn(&mut NativeCall<'_>) -> Result<(), NativeError>;

/// A hand-written variant in Rust.
///
/// ```
/// use crossover_contract::NativeVariant;
///
/// const THREADS: NativeVariant =
///     NativeVariant::exact("threads", "rows over threads", |_| Ok(())).threaded();
/// assert!(THREADS.threaded);
/// ```
pub struct NativeVariant {
    /// `scalar`, `simd`, `threads`, or the name of a step of the kernel's ladder.
    pub name: &'static str,
    /// One line that says what it is.
    pub doc: &'static str,
    /// Instances it exists for; `None` is all of the kernel's.
    pub dtypes: Option<&'static [DType]>,
    /// What it promises.
    pub promise: Promise,
    /// Whether it uses [`NativeCall::threads`].
    pub threaded: bool,
    /// Runs it.
    pub run: NativeRun,
}

impl NativeVariant {
    /// A variant of every instance, on one thread, that promises the reference's bits.
    pub const fn exact(name: &'static str, doc: &'static str, run: NativeRun) -> NativeVariant {
        NativeVariant { name, doc, dtypes: None, promise: Promise::Exact, threaded: false, run }
    }

    /// Promises the kernel's bound instead of the reference's bits.
    #[must_use]
    pub const fn bounded(self) -> NativeVariant {
        NativeVariant { promise: Promise::Bounded, ..self }
    }

    /// Uses the threads it is given.
    #[must_use]
    pub const fn threaded(self) -> NativeVariant {
        NativeVariant { threaded: true, ..self }
    }

    /// Exists for these instances alone.
    #[must_use]
    pub const fn only(self, dtypes: &'static [DType]) -> NativeVariant {
        NativeVariant { dtypes: Some(dtypes), ..self }
    }

    /// Whether it exists for an instance.
    pub fn is_for(&self, dtype: DType) -> bool {
        self.dtypes.is_none_or(|dtypes| dtypes.contains(&dtype))
    }
}

/// The arguments and results of a native call.
#[derive(Debug)]
pub struct NativeCall<'a> {
    /// The instance.
    pub dtype: DType,
    /// Arguments in the order of the signature; written arrays hold the results afterwards.
    pub arguments: &'a mut [Value],
    /// Returned values in order, to be filled.
    pub returned: Vec<Value>,
    /// Threads that a threaded variant may use: the size of the current rayon pool.
    pub threads: usize,
    /// Value of every parameter of the case, derived ones included: for settings that are no
    /// arguments of the reference, such as a chunk size.
    pub parameters: &'a BTreeMap<String, f64>,
    /// What the variant reports beside its outputs, by the names of `[facts]`: bytes of a
    /// structure, divisions done in vain.
    pub facts: BTreeMap<&'static str, f64>,
}

impl NativeCall<'_> {
    /// The value of a parameter of the case.
    ///
    /// # Errors
    /// [`NativeError::Parameter`] if the case has none of that name.
    pub fn parameter(&self, name: &'static str) -> Result<f64, NativeError> {
        self.parameters.get(name).copied().ok_or(NativeError::Parameter(name))
    }
}

/// A native variant refused its arguments.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NativeError {
    /// An argument is missing or of another kind than the kernel's signature says.
    #[error("argument {position} is not {expected}")]
    Argument {
        /// Position, from 0.
        position: usize,
        /// What the kernel expects there.
        expected: &'static str,
    },
    /// The instance does not exist.
    #[error("no instance for `{0}`")]
    Instance(DType),
    /// The case lacks a parameter that the variant is set by.
    #[error("the case has no parameter `{0}`")]
    Parameter(&'static str),
    /// The variant cannot do what this case asks, and why.
    #[error("{0}")]
    Refused(String),
}
