//! Rows for tests.

use crossover_record::{Phases, Proof, Row, Status, Timed};
use crossover_values::DType;

/// A row of a backend with a status; compared ones have a proof.
pub(crate) fn row(backend: &str, status: Status) -> Row {
    let proof = Proof {
        compared: 1,
        worst_used: 0.0,
        undecided: 0,
        differing: 0,
        unexplained: 0,
        policy: "exact".into(),
        exact: true,
        reference: "interpreter exact".into(),
        digest: String::new(),
        differences: Vec::new(),
    };
    Row {
        kernel: "julia".into(),
        dtype: DType::F32,
        size: "small".into(),
        backend: backend.into(),
        variant: "exact".into(),
        threads: 1,
        adapter: None,
        status,
        reason: String::new(),
        median_ns: None,
        low_ns: None,
        high_ns: None,
        samples: Vec::new(),
        timed: Timed::Wall,
        phases: Phases::default(),
        proof: matches!(status, Status::Verified | Status::Wrong).then_some(proof),
        answers: Vec::new(),
        parameters: Default::default(),
        reference: false,
        peak_memory_bytes: None,
        facts: Default::default(),
        estimates: Vec::new(),
        repetition: None,
        work: Default::default(),
    }
}
