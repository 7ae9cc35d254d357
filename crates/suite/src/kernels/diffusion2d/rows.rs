//! Fused: one pass per step, a row at a time, the inner cells of a row as slices of equal length.
//!
//! No index is wrapped inside a row and no bound is checked, so the compiler makes vectors of it:
//! of the baseline in `fused`, of the widest that the machine has in the others.

use fearless_simd::{Level, dispatch, prelude::*};
use rayon::prelude::*;

use super::Field;
use crate::arguments::Real;

/// Cells of one parallel task: some ten microseconds of work, beside which handing it over is cheap.
const CELLS_PER_TASK: usize = 1 << 16;

/// One pass per step.
pub(super) fn fused<T: Real>(field: Field<'_, T>) {
    sweep(field, |field, u, v| {
        for (row, out) in v.chunks_exact_mut(field.columns).enumerate() {
            write_row(field, u, row, out);
        }
    });
}

/// The same on the widest vectors.
pub(super) fn simd<T: Real>(field: Field<'_, T>) {
    #[inline(always)]
    fn vectorized<S: Simd, T: Real>(simd: S, field: Field<'_, T>) {
        simd.vectorize(
            #[inline(always)]
            || {
                sweep(field, |field, u, v| {
                    for (row, out) in v.chunks_exact_mut(field.columns).enumerate() {
                        write_row(field, u, row, out);
                    }
                });
            },
        );
    }
    dispatch!(Level::new(), simd => vectorized(simd, field));
}

/// The same with the rows of a step over the current pool.
pub(super) fn threaded<T: Real>(field: Field<'_, T>) {
    let rows_per_task = CELLS_PER_TASK.div_ceil(field.columns);
    sweep(field, |field, u, v| {
        let tasks = v.par_chunks_mut(rows_per_task * field.columns).enumerate();
        tasks.for_each(|(task, out)| write_rows(field, u, task * rows_per_task, out));
    });
}

/// Rows from `first` on, on the widest vectors.
fn write_rows<T: Real>(field: &Field<'_, T>, u: &[T], first: usize, out: &mut [T]) {
    #[inline(always)]
    fn vectorized<S: Simd, T: Real>(
        simd: S,
        field: &Field<'_, T>,
        u: &[T],
        first: usize,
        out: &mut [T],
    ) {
        simd.vectorize(
            #[inline(always)]
            || {
                for (row, out) in out.chunks_exact_mut(field.columns).enumerate() {
                    write_row(field, u, first + row, out);
                }
            },
        );
    }
    dispatch!(Level::new(), simd => vectorized(simd, field, u, first, out));
}

/// Runs all steps, each from one grid to the other.
#[inline(always)]
fn sweep<T: Real>(field: Field<'_, T>, step: impl Fn(&Field<'_, T>, &[T], &mut [T])) {
    let mut u = field.u.to_vec();
    let mut v = u.clone();
    for _ in 0..field.steps {
        step(&field, &u, &mut v);
        std::mem::swap(&mut u, &mut v);
    }
    field.u.copy_from_slice(&u);
}

/// Writes one row of the next grid.
#[inline(always)]
fn write_row<T: Real>(field: &Field<'_, T>, u: &[T], row: usize, out: &mut [T]) {
    let (rows, columns, rate) = (field.rows, field.columns, field.rate);
    let line = |row: usize| &u[row * columns..][..columns];
    let here = line(row);
    let north = line(if row == 0 { rows - 1 } else { row - 1 });
    let south = line(if row + 1 == rows { 0 } else { row + 1 });
    let last = columns - 1;
    let edge = |column: usize, west: usize, east: usize| {
        Field::cell(rate, here[column], [north[column], south[column], here[west], here[east]])
    };
    out[0] = edge(0, last, 1.min(last));
    out[last] = edge(last, last.saturating_sub(1), 0);
    if columns > 2 {
        let inner = columns - 2;
        let (west, east) = (&here[..inner], &here[2..]);
        let (here, north, south) =
            (&here[1..][..inner], &north[1..][..inner], &south[1..][..inner]);
        let out = &mut out[1..][..inner];
        for column in 0..inner {
            let around = [north[column], south[column], west[column], east[column]];
            out[column] = Field::cell(rate, here[column], around);
        }
    }
}
