//! The same darts in two stages that are timed: a batch of points is drawn into a buffer that stays
//! in the first cache, then tested. That is how much of a dart is the generator and how much the
//! test.

use std::time::{Duration, Instant};

use fearless_simd::{Level, dispatch, prelude::*};

use super::{Darts, RADIUS_SQUARED, scalar_hits};
use crate::philox_lanes::{keys, words};

/// Points of a batch: 16 KiB, and time enough that the clock costs nothing beside.
const BATCH: u32 = 1024;

/// What the two stages of a call took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spent {
    pub(super) generation: Duration,
    pub(super) test: Duration,
}

pub(super) fn hits(darts: Darts, spent: &mut Spent) -> u32 {
    let mut points = [vec![0_u64; BATCH as usize], vec![0_u64; BATCH as usize]];
    let mut hits = 0;
    let mut from = darts.from;
    while darts.to - from >= BATCH {
        let start = Instant::now();
        dispatch!(Level::new(), simd => draw(simd, from, darts.key, &mut points));
        let drawn = Instant::now();
        hits += dispatch!(Level::new(), simd => test(simd, &points));
        spent.generation += drawn - start;
        spent.test += drawn.elapsed();
        from += BATCH;
    }
    hits + scalar_hits(Darts { from, ..darts })
}

#[inline(always)]
fn draw<S: Simd>(simd: S, from: u32, key: [u32; 2], [x, y]: &mut [Vec<u64>; 2]) {
    let keys = keys(key);
    let mut index = S::u64s::from_fn(simd, |lane| u64::from(from) + lane as u64);
    let width = S::u64s::LEN;
    for (x, y) in x.chunks_exact_mut(width).zip(y.chunks_exact_mut(width)) {
        let (w0, w1) = words(simd, index, &keys);
        (w0 >> 16).store_slice(x);
        (w1 >> 16).store_slice(y);
        index += width as u64;
    }
}

#[inline(always)]
fn test<S: Simd>(simd: S, [x, y]: &[Vec<u64>; 2]) -> u32 {
    let radius = S::u64s::simd_from(simd, u64::from(RADIUS_SQUARED));
    let width = S::u64s::LEN;
    let mut hits = 0;
    for (x, y) in x.chunks_exact(width).zip(y.chunks_exact(width)) {
        let (x, y) = (S::u64s::from_slice(simd, x), S::u64s::from_slice(simd, y));
        hits += (x * x + y * y).simd_le(radius).to_bitmask().count_ones();
    }
    hits
}
