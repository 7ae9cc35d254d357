//! The errors of the harness itself. What goes wrong in one row is a row with a reason, not one of
//! these.

use std::io;
use std::path::PathBuf;

use crossover_contract::{ArgumentError, CaseError, FormulaError, ProbeError};

/// The run, or its plan, cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum HarnessError {
    /// A name that is not known.
    #[error("unknown {what} `{name}`{}; known: {}", suggestion(.nearest), listed(.known))]
    Unknown {
        /// `kernel`, `size`, `backend`, `variant`, `adapter` or `dtype`.
        what: &'static str,
        /// The name asked for.
        name: String,
        /// The nearest known name, if one is near.
        nearest: Option<String>,
        /// Every known name.
        known: Vec<String>,
    },
    /// A case was refused.
    #[error("{kernel}: {source}")]
    Case {
        /// Stem of the kernel.
        kernel: String,
        /// Why.
        source: CaseError,
    },
    /// A seed for a kernel that has no use for one.
    #[error("{kernel}: its inputs do not depend on a seed; leave --seed out")]
    Seed {
        /// Stem of the kernel.
        kernel: String,
    },
    /// A sweep that cannot be.
    #[error("cannot sweep `{name}`: {reason}")]
    Sweep {
        /// The parameter.
        name: String,
        /// Why not.
        reason: String,
    },
    /// Sweeps whose product is too large.
    #[error(
        "{kernel}: the sweeps make {count} cases, and a run has at most {limit}: sweep fewer values"
    )]
    TooManyCases {
        /// Stem of the kernel.
        kernel: String,
        /// Number of cases.
        count: usize,
        /// Most cases.
        limit: usize,
    },
    /// The arguments of a case cannot be made.
    #[error("{kernel} {size}: {source}")]
    Arguments {
        /// Stem of the kernel.
        kernel: String,
        /// Name of the size.
        size: String,
        /// Why.
        source: ArgumentError,
    },
    /// A case needs more memory than there is.
    #[error(
        "{kernel} {size}: its arrays have {}, and a run keeps four sets of them, {} in all; this \
         machine has {} available: choose a smaller size",
        mebibytes(.arguments), mebibytes(.needed), mebibytes(.available)
    )]
    Memory {
        /// Stem of the kernel.
        kernel: String,
        /// Name of the size.
        size: String,
        /// Bytes of one set of arguments.
        arguments: u64,
        /// Bytes of all sets that live at once.
        needed: u64,
        /// Bytes available.
        available: u64,
    },
    /// A kernel without a signature for an instance that its definition names.
    #[error("{kernel}: no signature for {dtype}")]
    NoSignature {
        /// Stem of the kernel.
        kernel: String,
        /// The instance.
        dtype: crossover_values::DType,
    },
    /// The selection leaves no row.
    #[error("nothing to run: no variant fits the selection ({0})")]
    Empty(String),
    /// No backend of the table is the reference.
    #[error("the table names no reference variant")]
    NoReference,
    /// A known answer of a kernel cannot be looked up.
    #[error("{kernel}: answer `{answer}`: {source}")]
    Answer {
        /// Stem of the kernel.
        kernel: String,
        /// Name of the answer.
        answer: String,
        /// Why.
        source: ProbeError,
    },
    /// A known answer looks at an output that is not there.
    #[error("{kernel}: answer `{answer}`: output `{output}`: {reason}")]
    AnswerOutput {
        /// Stem of the kernel.
        kernel: String,
        /// Name of the answer.
        answer: String,
        /// The output.
        output: String,
        /// Why not.
        reason: String,
    },
    /// The slack of a known answer has no value.
    #[error("answer `{answer}`: slack: {source}")]
    Slack {
        /// Name of the answer.
        answer: String,
        /// Why.
        source: FormulaError,
    },
    /// The file system refused.
    #[error("{action} `{path}`: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A worker process cannot be talked to at all.
    #[error("cannot {action}: {reason}")]
    Worker {
        /// What was tried.
        action: &'static str,
        /// Why not.
        reason: String,
    },
}

fn suggestion(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!(" (did you mean `{name}`?)")).unwrap_or_default()
}

fn listed(known: &[String]) -> String {
    if known.is_empty() { "none".to_owned() } else { known.join(", ") }
}

fn mebibytes(bytes: &u64) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}
