//! One step after the other, from grid to grid.

use fearless_simd::{Level, dispatch, prelude::*};
use rayon::prelude::*;

use super::{Plate, cell};
use crate::arguments::Real;

/// Cells of one parallel task: some ten microseconds of work, beside which handing it over is cheap.
const CELLS_PER_TASK: usize = 1 << 16;

/// The loop of the C version: both indices run over the inner cells.
pub(super) fn plain<T: Real>(plate: Plate<'_, T>) {
    sweep(plate, |plate, u, v| {
        let columns = plate.columns;
        for row in 1..plate.rows.max(1) - 1 {
            for column in 1..columns.max(1) - 1 {
                let here = row * columns + column;
                let around = [u[here - columns], u[here + columns], u[here - 1], u[here + 1]];
                v[here] = cell(plate.rate, u[here], around);
            }
        }
    });
}

/// Rows as slices, on the widest vectors.
pub(super) fn simd<T: Real>(plate: Plate<'_, T>) {
    #[inline(always)]
    fn vectorized<S: Simd, T: Real>(simd: S, plate: Plate<'_, T>) {
        simd.vectorize(
            #[inline(always)]
            || {
                sweep(plate, |plate, u, v| {
                    for (row, out) in v.chunks_exact_mut(plate.columns).enumerate() {
                        write_row(plate, u, row, out);
                    }
                });
            },
        );
    }
    dispatch!(Level::new(), simd => vectorized(simd, plate));
}

/// The rows of a step over the current pool.
pub(super) fn threaded<T: Real>(plate: Plate<'_, T>) {
    let rows_per_task = CELLS_PER_TASK.div_ceil(plate.columns);
    sweep(plate, |plate, u, v| {
        let tasks = v.par_chunks_mut(rows_per_task * plate.columns).enumerate();
        tasks.for_each(|(task, out)| write_rows(plate, u, task * rows_per_task, out));
    });
}

/// Rows from `first` on, on the widest vectors.
fn write_rows<T: Real>(plate: &Plate<'_, T>, u: &[T], first: usize, out: &mut [T]) {
    #[inline(always)]
    fn vectorized<S: Simd, T: Real>(
        simd: S,
        plate: &Plate<'_, T>,
        u: &[T],
        first: usize,
        out: &mut [T],
    ) {
        simd.vectorize(
            #[inline(always)]
            || {
                for (row, out) in out.chunks_exact_mut(plate.columns).enumerate() {
                    write_row(plate, u, first + row, out);
                }
            },
        );
    }
    dispatch!(Level::new(), simd => vectorized(simd, plate, u, first, out));
}

/// Runs all steps, each from one grid to the other. Both begin as the same, so they have the same
/// border.
#[inline(always)]
fn sweep<T: Real>(plate: Plate<'_, T>, step: impl Fn(&Plate<'_, T>, &[T], &mut [T])) {
    let mut u = plate.u.to_vec();
    let mut v = u.clone();
    for _ in 0..plate.steps {
        step(&plate, &u, &mut v);
        std::mem::swap(&mut u, &mut v);
    }
    plate.u.copy_from_slice(&u);
}

/// Writes the inner cells of a row of the next grid.
#[inline(always)]
fn write_row<T: Real>(plate: &Plate<'_, T>, u: &[T], row: usize, out: &mut [T]) {
    let (columns, rate) = (plate.columns, plate.rate);
    if row == 0 || row + 1 == plate.rows || columns < 3 {
        return;
    }
    let inner = columns - 2;
    let line = |row: usize, first: usize| &u[row * columns + first..][..inner];
    let (north, south) = (line(row - 1, 1), line(row + 1, 1));
    let (west, here, east) = (line(row, 0), line(row, 1), line(row, 2));
    let out = &mut out[1..][..inner];
    for column in 0..inner {
        let around = [north[column], south[column], west[column], east[column]];
        out[column] = cell(rate, here[column], around);
    }
}
