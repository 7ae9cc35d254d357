//! What a caller chooses when compiling and running, and what comes back beside the arrays.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crossover_values::Value;

/// Whether accesses to arrays are tested against their extents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Bounds {
    /// Every access is tested; an index out of bounds is a trap.
    #[default]
    Checked,
    /// No test. It exists to price the tests, on cases that ran without a trap when checked: an
    /// index out of bounds reads or writes foreign memory.
    Unchecked,
}

/// Which regions run in lanes: several iterations side by side, in vectors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lanes {
    /// None: scalar code.
    #[default]
    Off,
    /// Those that are likely to be faster so.
    Paying,
    /// All that can: for tests.
    All,
    /// All inner loops that can, and no region as a whole: for tests.
    Inner,
}

/// How many threads may run a region's code at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Threads {
    /// Any number.
    #[default]
    Many,
    /// One, whatever a run asks for: its atomics are plain loads and stores.
    One,
}

/// How a kernel is compiled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Options {
    /// Tests of indices.
    pub bounds: Bounds,
    /// Iterations side by side in vectors.
    pub lanes: Lanes,
    /// Who else touches the arrays.
    pub threads: Threads,
}

/// How a compiled kernel is run.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Threads that share each region: 1 (or 0) is the caller's thread alone, and so is any number
    /// for code that was compiled for [`Threads::One`].
    pub threads: usize,
    /// Bytes that arrays made by the kernel may take at one time, together with its arguments.
    pub memory_limit: u64,
    /// When it turns true, the run ends with [`crate::RunError::Cancelled`].
    pub cancel: Option<Arc<AtomicBool>>,
}

impl Default for RunOptions {
    fn default() -> RunOptions {
        RunOptions { threads: 1, memory_limit: u64::MAX, cancel: None }
    }
}

/// What a run gives back beside the arrays it changed in place.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The returned values, in order.
    pub returned: Vec<Value>,
}

/// Where the time of a compilation went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// The passes on the IR.
    pub passes: Duration,
    /// Finding out the machine and its settings.
    pub setup: Duration,
    /// IR to CLIF.
    pub lower: Duration,
    /// CLIF to machine code in executable memory.
    pub compile: Duration,
}

impl Timings {
    /// All phases together.
    pub fn total(self) -> Duration {
        self.passes + self.setup + self.lower + self.compile
    }
}
