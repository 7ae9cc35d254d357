//! Heat on a plate in Rust: the loop of the book's C version, the same on wide vectors, over
//! threads, and with several steps per walk over the grid.
//!
//! Every variant does the reference's operations on an inner cell in the reference's order, so all
//! give its bits; none writes the border.

#[cfg(test)]
mod tests;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};

use crate::arguments::Real;
use crate::heat::{Field, Rim, by_instance, cell, rows, waves};

pub(crate) const CODE: KernelCode = KernelCode::new(VARIANTS);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact("scalar", "plain loop over the inner cells of two grids", |call| {
        on_plate(call, plain, plain)
    }),
    NativeVariant::exact("simd", "a row at a time, on the widest vectors", |call| {
        on_plate(call, rows::simd, rows::simd)
    }),
    NativeVariant::exact("threads", "rows on the widest vectors, over threads", |call| {
        on_plate(call, rows::threaded, rows::threaded)
    })
    .threaded(),
    NativeVariant::exact(
        "blocked",
        "several steps per walk over the grid, as a wave of rows in cache",
        |call| on_plate(call, waves::on_one_thread, waves::on_one_thread),
    ),
    NativeVariant::exact("blocked_threads", "waves, a band of rows per thread", |call| {
        on_plate(call, waves::on_threads, waves::on_threads)
    })
    .threaded(),
];

/// The loop of the C version: both indices run over the inner cells.
fn plain<T: Real>(field: Field<'_, T>) {
    rows::sweep(field, |field, u, v| {
        let Field { rows, columns, rate, .. } = *field;
        for row in 1..rows.max(1) - 1 {
            for column in 1..columns.max(1) - 1 {
                let here = row * columns + column;
                let around = [u[here - columns], u[here + columns], u[here - 1], u[here + 1]];
                v[here] = cell(rate, u[here], around);
            }
        }
    });
}

fn on_plate(
    call: &mut NativeCall<'_>,
    f32: fn(Field<'_, f32>),
    f64: fn(Field<'_, f64>),
) -> Result<(), NativeError> {
    by_instance(call, Rim::Fixed, f32, f64)
}
