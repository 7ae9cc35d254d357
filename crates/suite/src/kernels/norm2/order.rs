//! The order of float sums that belongs to the language (rule 11), for squares.
//!
//! Blocks of 4,096; in a block element i adds to partial i mod 16, each in order from zero; the 16
//! are folded by halves; block sums are folded pairwise, an odd one carried up. The value before
//! the loop is zero and changes no bit.

use rayon::prelude::*;

use crate::arguments::Real;

pub(super) const BLOCK: usize = 4096;
pub(super) const PARTIALS: usize = 16;

/// The sum of the squares.
#[inline(always)]
pub(super) fn sum<T: Real>(v: &[T]) -> T {
    fold_blocks(v.chunks(BLOCK).map(block_sum).collect())
}

/// The same, blocks over the current pool: the fold sees them in order, so the bits stay.
pub(super) fn sum_threaded<T: Real>(v: &[T]) -> T {
    let blocks = v.par_chunks(BLOCK).with_min_len(BLOCKS_PER_TASK);
    fold_blocks(blocks.map(block_sum).collect())
}

/// Blocks of one task at least: 1 MiB of f64.
const BLOCKS_PER_TASK: usize = 32;

/// Groups of blocks over the current pool, each summed by `sums`.
pub(super) fn sum_of_tasks<T: Real>(v: &[T], sums: fn(&[T]) -> Vec<T>) -> T {
    let tasks = v.par_chunks(BLOCKS_PER_TASK * BLOCK);
    fold_blocks(tasks.flat_map_iter(sums).collect())
}

#[inline(always)]
pub(super) fn block_sum<T: Real>(block: &[T]) -> T {
    let mut partials = [T::from_f64(0.0); PARTIALS];
    let rounds = block.chunks_exact(PARTIALS);
    let tail = rounds.remainder();
    for round in rounds {
        for (partial, &x) in partials.iter_mut().zip(round) {
            *partial = *partial + x * x;
        }
    }
    for (partial, &x) in partials.iter_mut().zip(tail) {
        *partial = *partial + x * x;
    }
    fold_partials(partials)
}

#[inline(always)]
pub(super) fn fold_partials<T: Real>(mut partials: [T; PARTIALS]) -> T {
    let mut half = PARTIALS / 2;
    while half > 0 {
        for j in 0..half {
            partials[j] = partials[j] + partials[j + half];
        }
        half /= 2;
    }
    partials[0]
}

/// Block sums folded in adjacent pairs.
pub(super) fn fold_blocks<T: Real>(mut sums: Vec<T>) -> T {
    while sums.len() > 1 {
        let pair = |pair: &[T]| pair.iter().copied().reduce(|a, b| a + b);
        sums = sums.chunks(2).filter_map(pair).collect();
    }
    sums.first().copied().unwrap_or_else(|| T::from_f64(0.0))
}
