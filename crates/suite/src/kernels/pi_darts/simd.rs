//! One dart per lane.

use fearless_simd::{Level, dispatch, prelude::*};

use super::{Darts, RADIUS_SQUARED, scalar_hits};
use crate::philox_lanes::{keys, words};

/// Hits of a range: whole groups of lanes here, the rest by the plain loop.
pub(super) fn hits(darts: Darts) -> u32 {
    dispatch!(Level::new(), simd => in_lanes(simd, darts))
}

#[inline(always)]
fn in_lanes<S: Simd>(simd: S, darts: Darts) -> u32 {
    let group = S::u64s::LEN as u32;
    let iota = S::u64s::from_fn(simd, |lane| lane as u64);
    let radius = S::u64s::simd_from(simd, u64::from(RADIUS_SQUARED));
    let keys = keys(darts.key);
    let groups = (darts.to - darts.from) / group;
    let mut hits = 0;
    for index in 0..groups {
        let first = u64::from(darts.from + index * group);
        let (w0, w1) = words(simd, iota + first, &keys);
        let (x, y) = (w0 >> 16, w1 >> 16);
        hits += (x * x + y * y).simd_le(radius).to_bitmask().count_ones();
    }
    hits + scalar_hits(Darts { from: darts.from + groups * group, ..darts })
}
