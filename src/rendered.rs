//! What `run` and `check` print at their end, beside the table.

use crossover_harness::exit::compared_count;
use crossover_harness::{exit, tally};
use crossover_record::{Document, Phases, Row};

use crate::save::Saver;
use crate::setup;

/// The document of rows on this machine.
pub(crate) fn document(rows: Vec<Row>) -> Document {
    Document::of_rows(setup::this_machine(), rows)
}

/// Takes the times out of a row: `check` verifies, and a single call is no measurement.
pub(crate) fn without_times(row: &mut Row) {
    row.median_ns = None;
    row.low_ns = None;
    row.high_ns = None;
    row.samples.clear();
    row.phases = Phases::default();
}

/// How many rows came to what: `40 verified, 4 unavailable; 40 rows compared`.
pub(crate) fn summary(rows: &[Row]) -> String {
    let counts = tally(rows).into_iter().filter(|(_, count)| *count > 0);
    let counts = counts.map(|(status, count)| format!("{count} {status}")).collect::<Vec<_>>();
    let compared = compared_count(rows);
    let rows = if compared == 1 { "row" } else { "rows" };
    format!("{}; {compared} {rows} compared", counts.join(", "))
}

/// The exit code, which outputs that could not be saved make 4 at least.
pub(crate) fn with_saver(code: u8, saver: Option<&Saver>) -> u8 {
    let unsaved = saver.is_some_and(|saver| saver.failures > 0);
    if unsaved && code == exit::OK { exit::FAILED } else { code }
}
