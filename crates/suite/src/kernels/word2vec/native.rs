//! Skip-gram steps in Rust.
//!
//! A step is short: dot products of 100 elements and additions to rows, in the reference's
//! operations and, for the dot product, in the language's order of sums, whose sixteen partials are
//! lanes. So every variant but one has the reference's bits. Pairs of a batch share no row; the
//! threaded forms take each row out of its matrix as an own slice, which proves that; `hogwild`
//! shares all rows, and with the order `free` it is judged by its loss.

mod carried;
mod hogwild;
mod loss;
mod rows;
mod step;
#[cfg(test)]
mod tests;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};
use crossover_values::Value;

use crate::arguments::{Real, array, array_mut, by_instance, scalar, shape2};

/// The parameter `order` where pairs need none.
const FREE: f64 = 1.0;

pub(crate) const CODE: KernelCode =
    KernelCode::new(VARIANTS).with_policies(&[("carried", carried::carried)]);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact("scalar", "pair after pair, sixteen partials per dot product", |call| {
        by_instance(call, step::scalar, step::scalar)
    }),
    NativeVariant::exact("simd", "the same on the widest vectors of the machine", |call| {
        by_instance(call, step::simd, step::simd)
    }),
    NativeVariant::exact("threads", "pairs of a batch over threads", |call| {
        by_instance(call, step::threads, step::threads)
    })
    .threaded(),
    NativeVariant::exact("simd_threads", "vectors over threads", |call| {
        by_instance(call, step::simd_threads, step::simd_threads)
    })
    .threaded(),
    NativeVariant::exact(
        "hogwild",
        "all threads over shared rows; free: all pairs at once",
        |call| match call.parameter("order")? {
            FREE => by_instance(call, hogwild::free, hogwild::free),
            _ => by_instance(call, hogwild::batches, hogwild::batches),
        },
    )
    .bounded()
    .threaded(),
    NativeVariant::exact("running_sum", "ladder: one running sum per dot product", |call| {
        by_instance(call, step::running_sum, step::running_sum)
    })
    .bounded(),
];

/// Numbers that can be looked up by.
trait Weight: Real + Into<f64> {
    fn exp(self) -> Self;
}

impl Weight for f32 {
    fn exp(self) -> f32 {
        libm::expf(self)
    }
}

impl Weight for f64 {
    fn exp(self) -> f64 {
        libm::exp(self)
    }
}

/// The arguments of one call.
struct Training<'a, T> {
    inputs: &'a mut [T],
    outputs: &'a mut [T],
    table: &'a mut [T],
    /// Row of `inputs` per pair, batch after batch.
    centres: &'a [i32],
    /// Rows of `outputs`, `samples` per pair.
    targets: &'a [i32],
    pairs: usize,
    samples: usize,
    dimension: usize,
    rate: T,
}

fn by_instance(
    call: &mut NativeCall<'_>,
    f32: fn(Training<'_, f32>) -> Result<(), NativeError>,
    f64: fn(Training<'_, f64>) -> Result<(), NativeError>,
) -> Result<(), NativeError> {
    by_instance!(call, f32(training(call.arguments)?)?, f64(training(call.arguments)?)?)
}

fn training<T: Real>(arguments: &mut [Value]) -> Result<Training<'_, T>, NativeError> {
    let given = arguments.len();
    let [inputs, outputs, table, centres, targets, rate] = arguments else {
        let position = given.min(5);
        return Err(NativeError::Argument { position, expected: "one of six arguments" });
    };
    let ([vocabulary, dimension], output_shape) = (shape2(inputs, 0)?, shape2(outputs, 1)?);
    let ([batches, pairs], [rows, samples]) = (shape2(centres, 3)?, shape2(targets, 4)?);
    if output_shape[1] != dimension || dimension == 0 {
        return Err(NativeError::Argument { position: 1, expected: "rows as long as the inputs'" });
    }
    let (centres, targets) = (array::<i32>(centres, 3)?, array::<i32>(targets, 4)?);
    if rows != batches * pairs || !within(centres, vocabulary) {
        return Err(NativeError::Argument { position: 3, expected: "rows of the inputs" });
    }
    if !within(targets, output_shape[0]) || samples == 0 {
        return Err(NativeError::Argument { position: 4, expected: "rows of the outputs" });
    }
    let table = array_mut(table, 2)?;
    if table.len() != step::ENTRIES {
        return Err(NativeError::Argument { position: 2, expected: "a table of 1000 entries" });
    }
    let (inputs, outputs, rate) = (array_mut(inputs, 0)?, array_mut(outputs, 1)?, scalar(rate, 5)?);
    Ok(Training { inputs, outputs, table, centres, targets, pairs, samples, dimension, rate })
}

fn within(rows: &[i32], end: usize) -> bool {
    rows.iter().all(|&row| usize::try_from(row).is_ok_and(|row| row < end))
}
