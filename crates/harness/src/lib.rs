//! Plan, worker processes, verification, sampling, statistics, record.
//!
//! The harness knows no backend and no kernel: both come in through `contract`, from a table and a
//! list that its caller makes. Its rule above all others: an unproved variant has no time.
#![forbid(unsafe_code)]

mod answers;
mod canonical;
mod cases;
mod error;
pub mod exit;
mod fit;
mod history;
mod in_process;
mod lines;
pub mod machine;
pub mod memory;
mod observer;
mod pictures;
mod plan;
mod pool;
mod process;
pub mod protocol;
mod repeat;
mod rows;
mod run;
mod sampling;
mod session;
mod shown;
pub mod statistics;
pub mod sweep;
#[cfg(test)]
mod tests_support;
mod truth;
pub mod verify;
pub mod worker;

pub use answers::check_answers;
pub use cases::{MAX_THREADS, Pictures};
pub use error::HarnessError;
pub use exit::{Demands, exit_code};
pub use fit::Unfit;
pub use in_process::{Called, call_in_process, verify_in_process};
pub use observer::{Observer, Silent, label, output_file_name};
pub use plan::{
    AdapterChoice, Adapters, Duty, Plan, PlannedCase, PlannedRow, Selection, Subject, TableLine,
    nearest, plan, require_known,
};
pub use pool::{Commands, Passports, list_adapters, list_passports};
pub use process::{WorkerCommand, WorkerKey};
pub use run::{Limits, Measure, Options, PER_ROW, Report, adapter_cards, run, tally};
pub use sweep::Sweep;
