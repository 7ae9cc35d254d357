//! Who may be called the fastest, and where there is nobody to be faster than.
//!
//! The sentences of a run, its table on the terminal and the report's overview all name winners;
//! what one is stands here once.

use crossover_record::{Row, Status};

/// Whether a row takes part: verified, timed, not on one of the adapters in `software`, which are
/// the processor under another name, and not there for its price alone as code without bounds
/// checks is.
pub fn ranks(row: &Row, software: &[&str]) -> bool {
    let soft = row.adapter.as_deref().is_some_and(|slug| software.contains(&slug));
    row.status == Status::Verified && row.median_ns.is_some() && !soft && row.variant != "unchecked"
}

/// What alone was measured of the rows of one case: a variant, or the variants of one backend where
/// others were skipped. `None` where there is a contest, or nothing at all.
pub fn alone(case: &[&Row], software: &[&str]) -> Option<String> {
    let timed: Vec<&Row> = case.iter().copied().filter(|row| ranks(row, software)).collect();
    let first = *timed.first()?;
    if timed.len() == 1 {
        return Some(match &first.adapter {
            Some(adapter) => format!("{} {} on {adapter}", first.backend, first.variant),
            None => format!("{} {}", first.backend, first.variant),
        });
    }
    let other = |row: &&Row| row.backend != first.backend;
    let skipped =
        case.iter().copied().filter(|row| row.status == Status::Skipped).any(|r| other(&r));
    (skipped && !timed.iter().any(other)).then(|| first.backend.clone())
}
