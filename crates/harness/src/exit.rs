//! The exit code of a run: what its rows mean to a script.

use crossover_record::{Row, Status};

/// All well.
pub const OK: u8 = 0;
/// A wrong answer.
pub const WRONG: u8 = 1;
/// Bad usage or input; never computed from rows.
pub const USAGE: u8 = 2;
/// Slower than asked; never computed from the rows of one run.
pub const SLOWER: u8 = 3;
/// Something required was unavailable, or something failed.
pub const FAILED: u8 = 4;

/// What a caller demands beyond right answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demands {
    /// Backends of which at least one row must have been compared.
    pub require: Vec<String>,
    /// Fewest rows whose outputs must have been compared.
    pub expect_cases: Option<usize>,
}

/// Whether the outputs of a row were compared, with whatever result.
pub fn compared(row: &Row) -> bool {
    row.proof.is_some() && matches!(row.status, Status::Verified | Status::Wrong)
}

/// Number of rows whose outputs were compared.
pub fn compared_count(rows: &[Row]) -> usize {
    rows.iter().filter(|row| compared(row)).count()
}

/// The demands that rows do not meet, in words.
pub fn unmet(rows: &[Row], demands: &Demands) -> Vec<String> {
    let missing = demands.require.iter().filter(|backend| !of(rows, backend).any(compared));
    let mut unmet: Vec<String> = missing
        .map(|backend| {
            let reasons = of(rows, backend).map(|row| row.reason.as_str());
            let reason = reasons.into_iter().find(|reason| !reason.is_empty());
            let reason = reason.unwrap_or("the run has no row of it");
            format!("`{backend}` is required and none of its rows was compared: {reason}")
        })
        .collect();
    let count = compared_count(rows);
    if let Some(expected) = demands.expect_cases.filter(|&expected| count < expected) {
        unmet.push(format!("{count} rows were compared, at least {expected} are expected"));
    }
    unmet
}

fn of<'a>(rows: &'a [Row], backend: &'a str) -> impl Iterator<Item = &'a Row> {
    rows.iter().filter(move |row| row.backend == backend)
}

/// The exit code: 1 if a row is wrong, else 4 if one failed or a demand is not met, else 0.
pub fn exit_code(rows: &[Row], demands: &Demands) -> u8 {
    let any = |status| rows.iter().any(|row| row.status == status);
    if any(Status::Wrong) {
        WRONG
    } else if any(Status::Failed) || !unmet(rows, demands).is_empty() {
        FAILED
    } else {
        OK
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests_support::row;

    fn code(rows: &[(&str, Status)], require: &[&str], expect: Option<usize>) -> u8 {
        let rows: Vec<Row> = rows.iter().map(|(backend, status)| row(backend, *status)).collect();
        let require = require.iter().map(|name| (*name).to_owned()).collect();
        exit_code(&rows, &Demands { require, expect_cases: expect })
    }

    #[test]
    fn wrong_beats_failed_beats_unavailable() {
        use Status::{Failed, Skipped, Unavailable, Verified, Wrong};
        assert_eq!(code(&[("a", Verified), ("b", Skipped)], &[], None), OK);
        assert_eq!(code(&[("a", Verified), ("b", Unavailable)], &[], None), OK);
        assert_eq!(code(&[("a", Verified), ("b", Failed)], &[], None), FAILED);
        assert_eq!(code(&[("a", Wrong), ("b", Failed)], &["c"], Some(9)), WRONG);
    }

    #[test]
    fn a_required_backend_must_have_been_compared() {
        use Status::{Unavailable, Verified};
        let rows = [("a", Verified), ("b", Unavailable)];
        assert_eq!(code(&rows, &["b"], None), FAILED);
        assert_eq!(code(&rows, &["a"], None), OK);
        assert_eq!(code(&rows, &["nowhere"], None), FAILED);
        assert_eq!(code(&[("b", Verified), ("b", Unavailable)], &["b"], None), OK);
    }

    #[test]
    fn only_compared_rows_count() {
        use Status::{Unavailable, Verified};
        let rows = [("a", Verified), ("a", Verified), ("b", Unavailable)];
        assert_eq!(code(&rows, &[], Some(2)), OK);
        assert_eq!(code(&rows, &[], Some(3)), FAILED);
        let mut unproved = row("a", Verified);
        unproved.proof = None;
        assert_eq!(compared_count(&[unproved]), 0);
    }
}
