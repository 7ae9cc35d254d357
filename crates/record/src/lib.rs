//! The data model of a run: serde types, schema version, reading and writing.
//!
//! A record is a folder with `record.json` and small pictures of outputs. Everything that Crossover
//! shows anywhere is derived from one, so nothing here knows how a number came about.
#![forbid(unsafe_code)]

mod document;
mod machine;
mod picture;
mod row;
mod shown;
mod size;
mod store;

pub use document::{DOCUMENT_SCHEMA, Document, RECORD_SCHEMA, Record, WorkerUse};
pub use machine::{Adapter, Cache, Canary, Machine};
pub use picture::{PictureFile, PictureKind, PictureScale};
pub use row::{
    AnswerCheck, AnswerValue, Difference, Phases, Proof, Row, Status, Timed, digit_groups,
};
pub use shown::{
    Chart, ChartAxis, ChartMark, ChartSeries, EstimateCheck, FactCard, KernelCard, Repetition,
};
pub use size::{size_name, size_parts};
pub use store::{MAX_RECORD_BYTES, RECORD_FILE, RecordError, picture, read, write};
