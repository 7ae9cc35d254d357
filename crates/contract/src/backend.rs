//! The backend's side: variants, preparation, one call, its cost.

use std::collections::BTreeMap;

use crossover_values::{DType, Value};

use crate::{Case, Kernel};

/// A way to execute kernels.
pub trait Backend: Send + Sync {
    /// `interpreter`, `cranelift`, `native` or `wgsl`.
    fn name(&self) -> &'static str;

    /// The variants this backend offers for a kernel instance, in the order they are shown.
    fn variants(&self, kernel: &Kernel, dtype: DType) -> Vec<Variant>;

    /// The adapters it can run on; empty for a backend that has none (a CPU).
    ///
    /// # Errors
    /// Why no adapter can be listed, with the cure.
    fn adapters(&self) -> Result<Vec<Adapter>, Failure>;

    /// Opens an adapter and runs its canaries: small programs that show what it really does, by name
    /// with their results. Empty for a backend without adapters.
    ///
    /// # Errors
    /// Why the adapter cannot be opened or trusted.
    fn passport(&self, _adapter: &str) -> Result<Vec<(String, String)>, Failure> {
        Ok(Vec::new())
    }

    /// Makes a variant ready to run one case: parse, lower, compile, allocate.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] if this machine, adapter or kernel cannot do it; else what failed.
    fn prepare(&self, target: &Target<'_>) -> Result<Box<dyn Prepared>, Failure>;
}

/// A named form of a backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Its name: `exact`, `1t`, `threads`, `scalar`, `simd`, `tuned`, `generated`, ….
    pub name: String,
    /// One line that says what it is.
    pub doc: String,
    /// What it promises about its floats.
    pub promise: Promise,
    /// Whether it uses [`Target::threads`]; others run on one thread.
    pub threaded: bool,
}

/// What a variant promises about its outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// Bit-equal to the reference.
    Exact,
    /// Within the kernel's policy for the dtype.
    Bounded,
}

/// An adapter as it appears in rows and headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adapter {
    /// Short stable name, unique on this machine: `llvmpipe`, `swiftshader`, ….
    pub slug: String,
    /// Full name.
    pub name: String,
    /// Driver and version.
    pub driver: String,
    /// Whether it is a software implementation; such a one is never ranked as a GPU.
    pub software: bool,
}

/// What to prepare.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The kernel.
    pub kernel: &'a Kernel,
    /// The instance.
    pub dtype: DType,
    /// Name of the variant.
    pub variant: &'a str,
    /// Slug of the adapter, for backends that have some.
    pub adapter: Option<&'a str>,
    /// Threads to use, at least 1.
    pub threads: usize,
    /// The case that will be run.
    pub case: &'a Case,
    /// What the interpreter counted in this case ([`Outcome::back_edges`]); `None` if it did not.
    pub back_edges: Option<&'a [u64]>,
    /// Wall-clock limit of one wait, in seconds.
    pub wait_limit_s: f64,
}

/// A variant ready to run.
pub trait Prepared {
    /// Phases of the preparation: `parse`, `lower`, `compile`, `allocate`, ….
    fn phases(&self) -> &[Phase];

    /// Runs one call. `arguments` are in the order of the signature; written arrays come poisoned
    /// or restored.
    ///
    /// # Errors
    /// What failed. After a [`Failure::Lost`] the value is not used again.
    fn run(&mut self, arguments: Vec<Value>) -> Result<Outcome, Failure>;
}

/// A named part of the cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    /// `parse lower compile allocate upload dispatch device readback sync run`.
    pub name: &'static str,
    /// Nanoseconds.
    pub ns: u64,
}

/// What one call gave.
#[derive(Debug)]
pub struct Outcome {
    /// Outputs in the order of [`crossover_values::Signature::outputs`], with their names.
    pub outputs: Vec<(String, Value)>,
    /// Wall time of the call: arguments on the host to results on the host.
    pub wall_ns: u64,
    /// Parts of the call. `device` is device time by trusted timestamps and lies inside
    /// `dispatch`; all others add up to the wall time within a residue.
    pub phases: Vec<Phase>,
    /// Of every region and serial section of the reference, in the order of its text, the largest
    /// number of loop back edges of one iteration or of the section, if counted.
    pub back_edges: Option<Vec<u64>>,
    /// What the variant reports beside its outputs, by the names of the kernel's `[facts]`.
    pub facts: BTreeMap<String, f64>,
}

/// Why there is no outcome.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// This machine, adapter or kernel cannot do it, and why.
    #[error("{0}")]
    Unavailable(String),
    /// It should have worked and did not.
    #[error("{0}")]
    Failed(String),
    /// The device, and with it this process's use of it, is gone.
    #[error("{0}")]
    Lost(String),
}
