//! One pass per step, from grid to grid, a row at a time, the inner cells of a row as slices of
//! equal length: vectors of the baseline in `fused`, of the widest that the machine has in the
//! others.

use fearless_simd::{Level, dispatch, prelude::*};
use rayon::prelude::*;

use super::{Field, Rule};
use crate::arguments::Real;

/// Cells of one parallel task: some ten microseconds of work, beside which handing it over is cheap.
const CELLS_PER_TASK: usize = 1 << 16;

/// One pass per step.
pub(crate) fn fused<T: Real>(field: Field<'_, T>) {
    sweep(field, |field, u, v| write_rows(field.rule(), field.columns, u, 0, v));
}

/// The same on the widest vectors.
pub(crate) fn simd<T: Real>(field: Field<'_, T>) {
    #[inline(always)]
    fn vectorized<S: Simd, T: Real>(simd: S, field: Field<'_, T>) {
        simd.vectorize(
            #[inline(always)]
            || sweep(field, |field, u, v| write_rows(field.rule(), field.columns, u, 0, v)),
        );
    }
    dispatch!(Level::new(), simd => vectorized(simd, field));
}

/// The same with the rows of a step over the current pool.
pub(crate) fn threaded<T: Real>(field: Field<'_, T>) {
    let (rule, columns) = (field.rule(), field.columns);
    let rows_per_task = CELLS_PER_TASK.div_ceil(columns);
    sweep(field, |_, u, v| {
        let tasks = v.par_chunks_mut(rows_per_task * columns).enumerate();
        tasks.for_each(|(task, out)| wide_rows(rule, columns, u, task * rows_per_task, out));
    });
}

/// Rows from `first` on, on the widest vectors.
fn wide_rows<T: Real>(rule: Rule<T>, columns: usize, u: &[T], first: usize, out: &mut [T]) {
    #[inline(always)]
    fn vectorized<S: Simd, T: Real>(
        simd: S,
        rule: Rule<T>,
        columns: usize,
        u: &[T],
        first: usize,
        out: &mut [T],
    ) {
        simd.vectorize(
            #[inline(always)]
            || write_rows(rule, columns, u, first, out),
        );
    }
    dispatch!(Level::new(), simd => vectorized(simd, rule, columns, u, first, out));
}

/// Writes the rows of the next grid from `first` on; one that stays as it is has its values
/// already.
#[inline(always)]
fn write_rows<T: Real>(rule: Rule<T>, columns: usize, u: &[T], first: usize, out: &mut [T]) {
    let line = |row: usize| &u[row * columns..][..columns];
    for (row, out) in out.chunks_exact_mut(columns).enumerate() {
        let row = first + row;
        if rule.stays(row) {
            continue;
        }
        let north = if row == 0 { rule.rows - 1 } else { row - 1 };
        let south = if row + 1 == rule.rows { 0 } else { row + 1 };
        rule.row([line(north), line(row), line(south)], out);
    }
}

/// Runs all steps, each from one grid to the other. Both begin as the same, so what no step writes
/// is the same in both.
#[inline(always)]
pub(crate) fn sweep<T: Real>(field: Field<'_, T>, step: impl Fn(&Field<'_, T>, &[T], &mut [T])) {
    let mut u = field.u.to_vec();
    let mut v = u.clone();
    for _ in 0..field.steps {
        step(&field, &u, &mut v);
        std::mem::swap(&mut u, &mut v);
    }
    field.u.copy_from_slice(&u);
}
