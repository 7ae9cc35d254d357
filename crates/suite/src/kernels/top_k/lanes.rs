//! As many scores at once as a vector has lanes, each in a lane of its own.
//!
//! What stands in the way of wide vectors is the end of a row: its sixteen partials are folded by
//! halves, across lanes, for a single score. Here rows go through that together: half of two vectors
//! is exchanged and the halves are added, which is the fold of both rows at once. After as many
//! rounds as it takes, one vector holds the scores of all the rows, each folded in the language's
//! order, and one comparison tells whether any of them is among the best.

use fearless_simd::{Level, SimdFloatElement, dispatch, prelude::*};

use super::score::{PARTIALS, insert, score};
use super::{Ranked, Search};
use crate::arguments::Real;

/// The best of rows, of which the first is `first`.
pub(super) fn best<T: Real + SimdFloatElement>(
    search: Search<'_, T>,
    first: usize,
) -> Vec<Ranked<T>> {
    #[inline(always)]
    fn vectorized<S: Simd, T: Real + SimdFloatElement>(
        simd: S,
        search: Search<'_, T>,
        first: usize,
    ) -> Vec<Ranked<T>> {
        simd.vectorize(
            #[inline(always)]
            || in_groups(simd, search, first),
        )
    }
    dispatch!(Level::new(), simd => vectorized(simd, search, first))
}

#[inline(always)]
fn in_groups<S: Simd, T: Real + SimdFloatElement>(
    simd: S,
    search: Search<'_, T>,
    mut row: usize,
) -> Vec<Ranked<T>> {
    let dimension = search.query.len();
    let mut list: Vec<Ranked<T>> = Vec::with_capacity(search.k + 1);
    let groups = search.rows.chunks_exact(T::Native::<S>::LEN * dimension);
    let rest = groups.remainder();
    for group in groups {
        let scores = scores(simd, group, search.query);
        // No closure may hold a vector: it would not be compiled for the machine's instructions.
        let beaten = match list.last() {
            Some(last) if list.len() == search.k => scores.simd_le(last.score).all_true(),
            _ => search.k == 0,
        };
        if beaten {
            row += T::Native::<S>::LEN;
        } else {
            for &score in scores.as_slice() {
                insert(&mut list, search.k, Ranked { score, row });
                row += 1;
            }
        }
    }
    for elements in rest.chunks_exact(dimension) {
        insert(&mut list, search.k, Ranked { score: score(elements, search.query), row });
        row += 1;
    }
    list
}

/// The scores of as many rows as a vector has lanes. One row is read after the other: rows read side
/// by side share a load of the query, but memory is slow to follow.
#[inline(always)]
fn scores<S: Simd, T: Real + SimdFloatElement>(simd: S, rows: &[T], query: &[T]) -> T::Native<S> {
    let mut sums = [T::Native::<S>::splat(simd, T::from_f64(0.0)); PARTIALS];
    let mut count = T::Native::<S>::LEN;
    for (sum, row) in sums.iter_mut().zip(rows.chunks_exact(query.len())) {
        *sum = match PARTIALS / T::Native::<S>::LEN {
            1 => partials::<S, T, 1>(simd, row, query),
            2 => partials::<S, T, 2>(simd, row, query),
            4 => partials::<S, T, 4>(simd, row, query),
            _ => partials::<S, T, 8>(simd, row, query),
        };
    }
    // Row j meets row j + count / 2, so that in the end rows are in the order of lanes.
    while count > 1 {
        count /= 2;
        for j in 0..count {
            let (a, b) = (sums[j], sums[j + count]);
            sums[j] = a.zip_low(b) + a.zip_high(b);
        }
    }
    sums[0]
}

/// The partials of a row, which are in so many vectors, folded until one holds them.
#[inline(always)]
fn partials<S: Simd, T: Real + SimdFloatElement, const VECTORS: usize>(
    simd: S,
    row: &[T],
    query: &[T],
) -> T::Native<S> {
    let mut partials = [T::Native::<S>::splat(simd, T::from_f64(0.0)); VECTORS];
    let (rows, queries) = (row.chunks_exact(PARTIALS), query.chunks_exact(PARTIALS));
    let tails = [rows.remainder(), queries.remainder()];
    for (row, query) in rows.zip(queries) {
        for (vector, partial) in partials.iter_mut().enumerate() {
            *partial += load(simd, row, vector) * load(simd, query, vector);
        }
    }
    if !tails[0].is_empty() {
        // Products of zeros, which change no bit of a partial.
        let [row, query] = tails.map(|tail| {
            let mut block = [T::from_f64(0.0); PARTIALS];
            block[..tail.len()].copy_from_slice(tail);
            block
        });
        for (vector, partial) in partials.iter_mut().enumerate() {
            *partial += load(simd, &row, vector) * load(simd, &query, vector);
        }
    }
    let mut half = VECTORS / 2;
    while half > 0 {
        for j in 0..half {
            let upper = partials[j + half];
            partials[j] += upper;
        }
        half /= 2;
    }
    partials[0]
}

/// One vector of a block.
#[inline(always)]
fn load<S: Simd, T: Real + SimdFloatElement>(simd: S, block: &[T], vector: usize) -> T::Native<S> {
    let lanes = T::Native::<S>::LEN;
    T::Native::<S>::from_slice(simd, &block[vector * lanes..][..lanes])
}
