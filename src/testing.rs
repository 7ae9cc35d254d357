//! Rows made up for the tests of this crate.

use std::collections::BTreeMap;

use crossover_record::{Phases, Row, Status, Timed};
use crossover_values::DType;

/// A verified row of `julia f32` on native `scalar`, whose median is `median_ns`.
pub(crate) fn row(size: &str, backend: &str, variant: &str, median_ns: u64) -> Row {
    Row {
        kernel: "julia".to_owned(),
        dtype: DType::F32,
        size: size.to_owned(),
        backend: backend.to_owned(),
        variant: variant.to_owned(),
        threads: 1,
        adapter: None,
        status: Status::Verified,
        reason: String::new(),
        median_ns: Some(median_ns),
        low_ns: Some(median_ns),
        high_ns: Some(median_ns),
        samples: vec![median_ns],
        timed: Timed::Wall,
        phases: Phases::default(),
        proof: None,
        answers: Vec::new(),
        parameters: BTreeMap::new(),
        reference: false,
        peak_memory_bytes: None,
        facts: Default::default(),
        estimates: Vec::new(),
        repetition: None,
        work: Default::default(),
    }
}
