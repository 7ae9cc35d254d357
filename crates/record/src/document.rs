//! The two top-level shapes: the record on disk, and the document that commands print.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Adapter, Chart, KernelCard, Machine, PictureFile, Row};

/// Schema of `record.json`. The number grows when an older reader would misread a field.
pub const RECORD_SCHEMA: &str = "crossover-record/1";

/// Schema of the document that `--format json` prints.
pub const DOCUMENT_SCHEMA: &str = "crossover-rows/1";

/// One run, as `record.json` holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Always [`RECORD_SCHEMA`].
    pub schema: String,
    /// When the run began.
    pub created: Timestamp,
    /// The command line that made it, one word per element.
    pub command: Vec<String>,
    /// Version of Crossover.
    pub crossover: String,
    /// Where it ran.
    pub machine: Machine,
    /// The adapters that took part.
    pub adapters: Vec<Adapter>,
    /// What was found, in the order of the plan.
    pub rows: Vec<Row>,
    /// What each worker process used.
    pub workers: Vec<WorkerUse>,
    /// Pictures of outputs, files beside `record.json`.
    pub pictures: Vec<PictureFile>,
    /// Charts of kernels.
    #[serde(default)]
    pub charts: Vec<Chart>,
    /// What the kernels say of themselves.
    #[serde(default)]
    pub kernels: Vec<KernelCard>,
    /// One sentence per kernel on what wins from which size.
    pub conclusions: Vec<String>,
}

/// What one worker process used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerUse {
    /// Backend.
    pub backend: String,
    /// Variant.
    pub variant: String,
    /// Adapter, for backends that have some.
    pub adapter: Option<String>,
    /// Peak memory in bytes (`VmHWM`), the largest of all processes started for it; absent where
    /// the system does not report it.
    pub peak_memory_bytes: Option<u64>,
    /// Processes started for it: more than one means that some ended before their time.
    pub processes: u32,
}

/// What `--format json` prints on standard output, generic in the row of the command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document<R = Row> {
    /// Schema of the rows; [`DOCUMENT_SCHEMA`] for rows of `run` and `check`.
    pub schema: String,
    /// Where it ran.
    pub machine: Machine,
    /// The rows.
    pub rows: Vec<R>,
}

impl Document {
    /// The document of `run` and `check`.
    pub fn of_rows(machine: Machine, rows: Vec<Row>) -> Document {
        Document { schema: DOCUMENT_SCHEMA.to_owned(), machine, rows }
    }
}
