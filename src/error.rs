//! Errors of the command: what the crates report, with the names and the cure added.

use std::io;
use std::path::PathBuf;

use crossover_contract::Failure;
use crossover_harness::{HarnessError, exit};
use crossover_record::RecordError;
use crossover_report::ReportError;

/// Why the command cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// The plan or the run.
    #[error(transparent)]
    Harness(#[from] HarnessError),
    /// A kernel file, its `kernel.toml` or its references are not right.
    #[error("{0}")]
    Kernel(String),
    /// A new kernel cannot be made there, or be called so.
    #[error("{0}")]
    Place(String),
    /// A folder cannot be made or written.
    #[error("cannot write to {path}: {error}")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
    /// A record cannot be read, or its place is taken.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A record cannot be written, after all the work for it.
    #[error("the record is lost: {0}")]
    Store(RecordError),
    /// A report cannot be made.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// `explain` has nothing to show.
    #[error("{0}")]
    View(String),
    /// A backend cannot do it.
    #[error(transparent)]
    Backend(#[from] Failure),
    /// Standard output was closed or is full.
    #[error("cannot write to standard output: {0}")]
    Stdout(io::Error),
}

impl CommandError {
    /// 2 for bad input, 4 for what failed on the way.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            CommandError::Harness(error) => harness_code(error),
            CommandError::Kernel(_)
            | CommandError::Place(_)
            | CommandError::View(_)
            | CommandError::Record(_) => exit::USAGE,
            CommandError::Backend(Failure::Unavailable(_)) => exit::USAGE,
            CommandError::Write { .. }
            | CommandError::Store(_)
            | CommandError::Report(_)
            | CommandError::Backend(Failure::Failed(_) | Failure::Lost(_))
            | CommandError::Stdout(_) => exit::FAILED,
        }
    }
}

fn harness_code(error: &HarnessError) -> u8 {
    match error {
        HarnessError::Unknown { .. }
        | HarnessError::Case { .. }
        | HarnessError::Seed { .. }
        | HarnessError::Sweep { .. }
        | HarnessError::TooManyCases { .. }
        | HarnessError::Arguments { .. }
        | HarnessError::Memory { .. }
        | HarnessError::NoSignature { .. }
        | HarnessError::Empty(_)
        | HarnessError::Answer { .. }
        | HarnessError::AnswerOutput { .. }
        | HarnessError::Slack { .. } => exit::USAGE,
        HarnessError::NoReference | HarnessError::Io { .. } | HarnessError::Worker { .. } => {
            exit::FAILED
        }
    }
}
