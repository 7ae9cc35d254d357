//! Heat on a ring in Rust: the plain loop, rows as slices, several steps per visit, threads.
//!
//! Every variant does the reference's operations on a cell in the reference's order, so all give
//! its bits.

mod steps;
#[cfg(test)]
mod tests;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant, ResultView, Series};
use crossover_values::Value;

use crate::arguments::{Real, array_mut, by_instance, scalar};

pub(crate) const CODE: KernelCode = KernelCode::new(VARIANTS).with_charts(&[("profile", profile)]);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact("scalar", "plain loop over two arrays, wrapped neighbours", |call| {
        by_instance(call, steps::plain, steps::plain)
    }),
    NativeVariant::exact("simd", "ghost cells instead of wrapping, the widest vectors", |call| {
        by_instance(call, steps::simd, steps::simd)
    }),
    NativeVariant::exact(
        "threads",
        "a part of the ring per thread, many steps between two meetings",
        |call| by_instance(call, steps::threaded, steps::threaded),
    )
    .threaded(),
    NativeVariant::exact("new_array", "ladder: plain loop, a new array per step", |call| {
        by_instance(call, steps::new_array, steps::new_array)
    }),
    NativeVariant::exact("ghosts", "ladder: ghost cells instead of wrapping", |call| {
        by_instance(call, steps::ghosts, steps::ghosts)
    }),
];

/// The arguments of one call; the ring is not empty.
struct Ring<'a, T> {
    u: &'a mut [T],
    steps: usize,
    rate: T,
}

/// One cell after a step.
#[inline(always)]
fn cell<T: Real>(rate: T, west: T, here: T, east: T) -> T {
    here + rate * (west + east - T::from_f64(2.0) * here)
}

/// Runs the form of a variant that fits the instance. A ring without cells stays as it is.
fn by_instance(
    call: &mut NativeCall<'_>,
    f32: fn(Ring<'_, f32>),
    f64: fn(Ring<'_, f64>),
) -> Result<(), NativeError> {
    by_instance!(call, ring(call)?.into_iter().for_each(f32), ring(call)?.into_iter().for_each(f64))
}

fn ring<'a, T: Real>(call: &'a mut NativeCall<'_>) -> Result<Option<Ring<'a, T>>, NativeError> {
    let given = call.arguments.len();
    let [u, steps, rate] = &mut *call.arguments else {
        let position = given.min(2);
        return Err(NativeError::Argument { position, expected: "one of three arguments" });
    };
    let steps = usize::try_from(scalar::<i32>(steps, 1)?).unwrap_or(0);
    let rate = scalar(rate, 2)?;
    let u = array_mut(u, 0)?;
    Ok((!u.is_empty()).then_some(Ring { u, steps, rate }))
}

/// The chart: heat by cell.
fn profile(view: &ResultView<'_>) -> Vec<Series> {
    let Some(Value::Array(array)) = view.output("u") else { return Vec::new() };
    let heat = |i: usize| array.get(i).map_or(f64::NAN, |heat| heat.as_f64());
    let points = (0..array.len()).map(|i| [i as f64, heat(i)]).collect();
    vec![Series { name: format!("after {} steps", view.case.parameters["steps"]), points }]
}
