//! Sums of squares of u32 in u64, modulo 2^64: every order gives the same.

use rayon::prelude::*;

/// The plain loop.
#[inline(always)]
pub(super) fn sum(v: &[u32]) -> u64 {
    v.iter().fold(0, |sum, &x| sum.wrapping_add(u64::from(x) * u64::from(x)))
}

/// Elements of one task: half a mebibyte.
const TASK: usize = 1 << 17;

/// Tasks over the current pool.
pub(super) fn threaded(v: &[u32], sum: fn(&[u32]) -> u64) -> u64 {
    v.par_chunks(TASK).map(sum).reduce(|| 0, u64::wrapping_add)
}
