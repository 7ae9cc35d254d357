//! Heat on a plate in Rust: the loop of the book's C version, the same on wide vectors, over
//! threads, and with several steps per walk over the grid.
//!
//! Every variant does the reference's operations on an inner cell in the reference's order, so all
//! give its bits; none writes the border.

mod rows;
#[cfg(test)]
mod tests;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};

use super::diffusion2d::waves::{self, Grid, Rim};
use crate::arguments::{Real, array_mut, by_instance, scalar, shape2};

pub(crate) const CODE: KernelCode = KernelCode::new(VARIANTS);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact("scalar", "plain loop over the inner cells of two grids", |call| {
        by_instance(call, rows::plain, rows::plain)
    }),
    NativeVariant::exact("simd", "a row at a time, on the widest vectors", |call| {
        by_instance(call, rows::simd, rows::simd)
    }),
    NativeVariant::exact("threads", "rows on the widest vectors, over threads", |call| {
        by_instance(call, rows::threaded, rows::threaded)
    })
    .threaded(),
    NativeVariant::exact(
        "blocked",
        "several steps per walk over the grid, as a wave of rows in cache",
        |call| by_instance(call, blocked, blocked),
    ),
    NativeVariant::exact("blocked_threads", "waves, a band of rows per thread", |call| {
        by_instance(call, blocked_threaded, blocked_threaded)
    })
    .threaded(),
];

/// The arguments of one call. No axis is empty.
struct Plate<'a, T> {
    /// Row-major.
    u: &'a mut [T],
    rows: usize,
    columns: usize,
    steps: usize,
    rate: T,
}

/// One cell after a step: `around` holds north, south, west, east.
#[inline(always)]
fn cell<T: Real>(rate: T, here: T, around: [T; 4]) -> T {
    let [north, south, west, east] = around;
    let around = north + south + west + east;
    here + rate * (around - T::from_f64(4.0) * here)
}

fn blocked<T: Real>(plate: Plate<'_, T>) {
    let Plate { u, rows, columns, steps, rate } = plate;
    waves::on_one_thread(Grid { u, rows, columns, rim: Rim::Fixed }, steps, rate);
}

fn blocked_threaded<T: Real>(plate: Plate<'_, T>) {
    let Plate { u, rows, columns, steps, rate } = plate;
    waves::on_threads(Grid { u, rows, columns, rim: Rim::Fixed }, steps, rate);
}

/// Runs the form of a variant that fits the instance. A plate without cells stays as it is.
fn by_instance(
    call: &mut NativeCall<'_>,
    f32: fn(Plate<'_, f32>),
    f64: fn(Plate<'_, f64>),
) -> Result<(), NativeError> {
    by_instance!(
        call,
        plate(call)?.into_iter().for_each(f32),
        plate(call)?.into_iter().for_each(f64)
    )
}

fn plate<'a, T: Real>(call: &'a mut NativeCall<'_>) -> Result<Option<Plate<'a, T>>, NativeError> {
    let given = call.arguments.len();
    let [u, steps, rate] = &mut *call.arguments else {
        let position = given.min(2);
        return Err(NativeError::Argument { position, expected: "one of three arguments" });
    };
    let [rows, columns] = shape2(u, 0)?;
    let steps = usize::try_from(scalar::<i32>(steps, 1)?).unwrap_or(0);
    let rate = scalar(rate, 2)?;
    let u = array_mut(u, 0)?;
    Ok((!u.is_empty()).then_some(Plate { u, rows, columns, steps, rate }))
}
