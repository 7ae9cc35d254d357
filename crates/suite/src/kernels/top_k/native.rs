//! The best rows in Rust: one pass that scores and selects, and the ways to select after scoring.
//!
//! A score is summed in the language's order, whose sixteen partials are lanes, so every variant but
//! the library's has the reference's bits. Rows are ranked by score, equal ones by their place; that
//! is a total order, so how the best are found cannot show in the result.

mod decided;
mod lanes;
mod ranking;
mod score;
#[cfg(test)]
mod tests;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};
use crossover_values::Value;

use crate::arguments::{Real, array, array_mut, by_instance, shape2};

pub(crate) const CODE: KernelCode =
    KernelCode::new(VARIANTS).with_policies(&[("decided", decided::decided)]);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact("scalar", "row after row into a sorted list of the best", |call| {
        by_instance(call, score::scalar, score::scalar)
    }),
    NativeVariant::exact("simd", "as many rows at once as the widest vectors have lanes", |call| {
        by_instance(call, score::simd, score::simd)
    }),
    NativeVariant::exact("threads", "a list per piece of the rows, over threads", |call| {
        by_instance(call, score::threads, score::threads)
    })
    .threaded(),
    NativeVariant::exact("simd_threads", "vectors over threads", |call| {
        by_instance(call, score::simd_threads, score::simd_threads)
    })
    .threaded(),
    NativeVariant::exact("rounds", "ladder: all scores, then a pass over them per rank", |call| {
        by_instance(call, ranking::rounds, ranking::rounds)
    }),
    NativeVariant::exact("sort", "ladder: all scores, sorted whole", |call| {
        by_instance(call, ranking::sorted, ranking::sorted)
    }),
    NativeVariant::exact(
        "select",
        "ladder: all scores, parted at rank k, the best sorted",
        |call| by_instance(call, ranking::parted, ranking::parted),
    ),
    NativeVariant::exact("heap", "ladder: the best in a binary heap", |call| {
        by_instance(call, ranking::heap, ranking::heap)
    }),
    NativeVariant::exact("library", "ndarray's product, then parted at rank k", |call| {
        by_instance(call, ranking::library, ranking::library)
    })
    .bounded(),
];

/// The matrix and the vector of one call; the dimension is not zero.
#[derive(Clone, Copy)]
struct Search<'a, T> {
    rows: &'a [T],
    query: &'a [T],
    k: usize,
}

/// A row with its score.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ranked<T> {
    score: T,
    row: usize,
}

impl<T: Real> Ranked<T> {
    /// Whether this one comes before another: by score, and of equals by row.
    #[inline(always)]
    fn before(&self, other: &Ranked<T>) -> bool {
        self.score > other.score || (self.score == other.score && self.row < other.row)
    }
}

fn by_instance(
    call: &mut NativeCall<'_>,
    f32: fn(Search<'_, f32>) -> Vec<Ranked<f32>>,
    f64: fn(Search<'_, f64>) -> Vec<Ranked<f64>>,
) -> Result<(), NativeError> {
    by_instance!(call, store(call.arguments, f32)?, store(call.arguments, f64)?)
}

fn store<T: Real>(
    arguments: &mut [Value],
    find: fn(Search<'_, T>) -> Vec<Ranked<T>>,
) -> Result<(), NativeError> {
    let given = arguments.len();
    let [best, indices, rows, query] = arguments else {
        let position = given.min(3);
        return Err(NativeError::Argument { position, expected: "one of four arguments" });
    };
    let (best, indices) = (array_mut::<T>(best, 0)?, array_mut::<i32>(indices, 1)?);
    let search = search(rows, query, best.len())?;
    let found = find(search);
    if found.len() != best.len() || indices.len() != best.len() {
        return Err(NativeError::Argument { position: 1, expected: "a place per rank" });
    }
    for ((best, index), found) in best.iter_mut().zip(indices).zip(found) {
        (*best, *index) = (found.score, found.row as i32);
    }
    Ok(())
}

fn search<'a, T: Real>(
    rows: &'a Value,
    query: &'a Value,
    k: usize,
) -> Result<Search<'a, T>, NativeError> {
    let [n, dimension] = shape2(rows, 2)?;
    if n < k {
        return Err(NativeError::Argument { position: 2, expected: "at least k rows" });
    }
    let (rows, query) = (array(rows, 2)?, array(query, 3)?);
    if query.len() != dimension || dimension == 0 {
        return Err(NativeError::Argument { position: 3, expected: "as long as a row" });
    }
    Ok(Search { rows, query, k })
}
