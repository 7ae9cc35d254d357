//! Scores, and the best of them in the same pass.

use fearless_simd::SimdFloatElement;
use rayon::prelude::*;

use super::{Ranked, Search, lanes};
use crate::arguments::Real;

/// Partial sums of the language's order.
pub(super) const PARTIALS: usize = 16;

/// Elements of one parallel task at least: some 50 microseconds of memory traffic.
const ELEMENTS_PER_TASK: usize = 1 << 17;

/// A score in the language's order: element i goes to partial i mod 16, and the partials are folded
/// by halves. Rows are shorter than a block.
#[inline(always)]
pub(super) fn score<T: Real>(row: &[T], query: &[T]) -> T {
    let mut partials = [T::from_f64(0.0); PARTIALS];
    let (rows, queries) = (row.chunks_exact(PARTIALS), query.chunks_exact(PARTIALS));
    let tail = rows.remainder().iter().zip(queries.remainder());
    for (a, b) in rows.zip(queries) {
        for ((partial, &a), &b) in partials.iter_mut().zip(a).zip(b) {
            *partial = *partial + a * b;
        }
    }
    for (partial, (&a, &b)) in partials.iter_mut().zip(tail) {
        *partial = *partial + a * b;
    }
    for half in [8, 4, 2, 1] {
        for j in 0..half {
            partials[j] = partials[j] + partials[j + half];
        }
    }
    partials[0]
}

/// All scores in the order of the rows.
pub(super) fn all<T: Real>(search: Search<'_, T>) -> Vec<Ranked<T>> {
    let rows = search.rows.chunks_exact(search.query.len()).enumerate();
    rows.map(|(row, elements)| Ranked { score: score(elements, search.query), row }).collect()
}

/// The best of rows, of which the first is `first`: most rows lose against the last of the list,
/// which is one comparison; a new one moves those behind it.
#[inline(always)]
fn best<T: Real>(search: Search<'_, T>, first: usize) -> Vec<Ranked<T>> {
    let mut list: Vec<Ranked<T>> = Vec::with_capacity(search.k + 1);
    for (row, elements) in search.rows.chunks_exact(search.query.len()).enumerate() {
        let new = Ranked { score: score(elements, search.query), row: first + row };
        insert(&mut list, search.k, new);
    }
    list
}

/// Puts a row where it belongs in the list of the best, if it does; rows come in their order.
#[inline(always)]
pub(super) fn insert<T: Real>(list: &mut Vec<Ranked<T>>, k: usize, new: Ranked<T>) {
    let full = list.len() == k;
    if full && list.last().is_none_or(|last| last.score >= new.score) {
        return;
    }
    let at = list.partition_point(|known| known.before(&new));
    list.insert(at, new);
    list.truncate(k);
}

/// One pass, plainly compiled.
pub(super) fn scalar<T: Real>(search: Search<'_, T>) -> Vec<Ranked<T>> {
    best(search, 0)
}

/// One pass on the widest vectors.
pub(super) fn simd<T: Real + SimdFloatElement>(search: Search<'_, T>) -> Vec<Ranked<T>> {
    lanes::best(search, 0)
}

/// Pieces over the current pool; the lists are merged by the total order.
pub(super) fn threads<T: Real>(search: Search<'_, T>) -> Vec<Ranked<T>> {
    in_pieces(search, best)
}

/// The same on the widest vectors.
pub(super) fn simd_threads<T: Real + SimdFloatElement>(search: Search<'_, T>) -> Vec<Ranked<T>> {
    in_pieces(search, lanes::best)
}

fn in_pieces<T: Real>(
    search: Search<'_, T>,
    best: fn(Search<'_, T>, usize) -> Vec<Ranked<T>>,
) -> Vec<Ranked<T>> {
    let dimension = search.query.len();
    let per_task = ELEMENTS_PER_TASK.div_ceil(dimension);
    let pieces = search.rows.par_chunks(per_task * dimension).enumerate();
    let mut lists: Vec<Ranked<T>> = pieces
        .flat_map_iter(|(piece, rows)| best(Search { rows, ..search }, piece * per_task))
        .collect();
    lists.sort_unstable_by(super::ranking::order);
    lists.truncate(search.k);
    lists
}
