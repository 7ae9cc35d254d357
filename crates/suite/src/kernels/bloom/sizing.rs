//! How large a filter must be, and a filter that grows by further filters.

use std::f64::consts::LN_2;

/// Bits and hashes of a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizing {
    pub(super) bits: u64,
    pub(super) hashes: u32,
}

impl Sizing {
    /// For `capacity` keys with a rate of false positives of `error`: the same formulas as
    /// `kernel.toml` has.
    pub(super) fn new(capacity: f64, error: f64) -> Sizing {
        let bits = (-capacity * error.ln() / (LN_2 * LN_2)).floor() + 1.0;
        let hashes = (bits * LN_2 / capacity).floor() + 1.0;
        Sizing { bits: bits as u64, hashes: hashes as u32 }
    }

    pub(super) fn bytes(self) -> u64 {
        self.bits.div_ceil(8)
    }
}

/// A scaling filter goes to its next stage when this share of a stage's capacity is used.
pub(super) const FILL: f64 = 0.8;

/// Bytes of a scaling filter of a number of stages: each has the same capacity and half of the
/// error of the one before, so that the errors of all stages together stay below twice the first.
pub(super) fn scaling_bytes(capacity: f64, error: f64, stages: i32) -> u64 {
    (0..stages).map(|stage| Sizing::new(capacity, error * 0.5_f64.powi(stage)).bytes()).sum()
}
