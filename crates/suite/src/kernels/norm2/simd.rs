//! The order of the language on explicit vectors, and the exact sum likewise.
//!
//! Sixteen partials are one vector of f32 or two of f64. What limits the sum is how fast memory comes
//! in, so every load is of one whole cache line: elements before the first line go to their partials
//! one by one, and from there on the partials lie in the lanes rotated by as many places.

use fearless_simd::{Level, dispatch, f32x16, f64x8, prelude::*};

use super::order::{BLOCK, PARTIALS, block_sum, fold_partials};
use crate::arguments::Real;

/// Bytes of a cache line, and of the vectors here.
const LINE: usize = 64;

/// The sums of the blocks, in order.
pub(super) fn sums_f32(v: &[f32]) -> Vec<f32> {
    dispatch!(Level::new(), simd => block_sums::<_, f32, f32x16<_>, 1>(simd, v))
}

/// The sums of the blocks, in order.
pub(super) fn sums_f64(v: &[f64]) -> Vec<f64> {
    dispatch!(Level::new(), simd => block_sums::<_, f64, f64x8<_>, 2>(simd, v))
}

/// Blocks whose partials are in flight together: one vector of them waits for its last addition longer
/// than a line takes to come from a near cache. More would come from as many places at once, a power
/// of two apart, and hinder each other there.
const AHEAD: usize = 2;

#[inline(always)]
fn block_sums<S: Simd, T: Real, V: SimdFloat<S, Element = T>, const VECTORS: usize>(
    simd: S,
    v: &[T],
) -> Vec<T> {
    let head = v.as_ptr().align_offset(LINE) % PARTIALS;
    let (blocks, rest) = v.as_chunks::<BLOCK>();
    let mut sums = Vec::with_capacity(blocks.len() + 1);
    let (groups, single) = blocks.as_chunks::<AHEAD>();
    for group in groups {
        sums.extend(several::<S, T, V, VECTORS, AHEAD>(simd, group, head));
    }
    for block in single.as_chunks::<1>().0 {
        sums.extend(several::<S, T, V, VECTORS, 1>(simd, block, head));
    }
    if !rest.is_empty() {
        sums.push(block_sum(rest));
    }
    sums
}

/// The sums of blocks that are gone over together.
#[inline(always)]
fn several<
    S: Simd,
    T: Real,
    V: SimdFloat<S, Element = T>,
    const VECTORS: usize,
    const BLOCKS: usize,
>(
    simd: S,
    blocks: &[[T; BLOCK]; BLOCKS],
    head: usize,
) -> [T; BLOCKS] {
    let zero = T::from_f64(0.0);
    let mut partials = [[zero; PARTIALS]; BLOCKS];
    let mut lanes = [[V::splat(simd, zero); VECTORS]; BLOCKS];
    for b in 0..BLOCKS {
        for (partial, &x) in partials[b][PARTIALS - head..].iter_mut().zip(&blocks[b]) {
            *partial += x * x;
        }
        for k in 0..VECTORS {
            lanes[b][k] = V::from_slice(simd, &partials[b][k * V::LEN..][..V::LEN]);
        }
    }
    let rounds = (BLOCK - head) / PARTIALS;
    for round in 0..rounds {
        for b in 0..BLOCKS {
            let terms = &blocks[b][head + round * PARTIALS..][..PARTIALS];
            for k in 0..VECTORS {
                let x = V::from_slice(simd, &terms[k * V::LEN..][..V::LEN]);
                lanes[b][k] += x * x;
            }
        }
    }
    let mut sums = [zero; BLOCKS];
    for b in 0..BLOCKS {
        for k in 0..VECTORS {
            lanes[b][k].store_slice(&mut partials[b][k * V::LEN..][..V::LEN]);
        }
        let tail = &blocks[b][head + rounds * PARTIALS..];
        for (partial, &x) in partials[b].iter_mut().zip(tail) {
            *partial += x * x;
        }
        partials[b].rotate_right(head);
        sums[b] = fold_partials(partials[b]);
    }
    sums
}

/// Squares of u32 in u64, modulo 2^64. A product of 32 by 32 bits lives in a lane of 64, so the even
/// elements of a vector are the lower halves of its lanes and the odd ones the upper.
pub(super) fn exact(v: &[u32]) -> u64 {
    dispatch!(Level::new(), simd => exact_lanes(simd, v))
}

/// Vectors of a round: sums in as many lanes are in flight.
const VECTORS: usize = 4;

#[inline(always)]
fn exact_lanes<S: Simd>(simd: S, v: &[u32]) -> u64 {
    let head = v.as_ptr().align_offset(LINE).min(v.len());
    let (head, body) = v.split_at(head);
    let rounds = body.chunks_exact(VECTORS * S::u32s::LEN);
    let rest = super::exact::sum(head).wrapping_add(super::exact::sum(rounds.remainder()));
    let mut sums = [[S::u64s::simd_from(simd, 0); 2]; VECTORS];
    for round in rounds {
        for k in 0..VECTORS {
            let x = S::u32s::from_slice(simd, &round[k * S::u32s::LEN..][..S::u32s::LEN]);
            let x: S::u64s = x.bitcast();
            let (even, odd) = (x & 0xFFFF_FFFF, x >> 32);
            sums[k][0] += even * even;
            sums[k][1] += odd * odd;
        }
    }
    let mut total = rest;
    for [even, odd] in sums {
        total = total.wrapping_add((even + odd).reduce_sum());
    }
    total
}
