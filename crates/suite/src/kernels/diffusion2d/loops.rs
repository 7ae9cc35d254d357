//! Plain loops: a new grid per step, reused scratch, and the stencil that reads its shape from a
//! table.

use crate::arguments::Real;
use crate::heat::rows::sweep;
use crate::heat::{Field, cell};

/// One step from `u` to `v`, neighbours by wrapped index.
fn step<T: Real>(field: &Field<'_, T>, u: &[T], v: &mut [T]) {
    let (rows, columns) = (field.rows, field.columns);
    for row in 0..rows {
        let north = if row == 0 { rows - 1 } else { row - 1 };
        let south = if row + 1 == rows { 0 } else { row + 1 };
        for column in 0..columns {
            let west = if column == 0 { columns - 1 } else { column - 1 };
            let east = if column + 1 == columns { 0 } else { column + 1 };
            let around = [
                u[north * columns + column],
                u[south * columns + column],
                u[row * columns + west],
                u[row * columns + east],
            ];
            let here = row * columns + column;
            v[here] = cell(field.rate, u[here], around);
        }
    }
}

/// Two grids that change places.
pub(super) fn scratch<T: Real>(field: Field<'_, T>) {
    sweep(field, step);
}

/// A grid is made for every step, and given back at its end.
pub(super) fn new_grid<T: Real>(field: Field<'_, T>) {
    let mut u = field.u.to_vec();
    for _ in 0..field.steps {
        let mut v = vec![T::from_f64(0.0); u.len()];
        step(&field, &u, &mut v);
        u = v;
    }
    field.u.copy_from_slice(&u);
}

/// One entry of a stencil: where the neighbour is, and its weight.
struct Tap<T> {
    rows: isize,
    columns: isize,
    weight: T,
}

/// The convenient general filter: any stencil, given as data. The compiler knows neither its
/// length nor its offsets, so each cell pays for both.
pub(super) fn table<T: Real>(field: Field<'_, T>) {
    let tap = |rows, columns, weight| Tap { rows, columns, weight: T::from_f64(weight) };
    let taps =
        vec![tap(-1, 0, 1.0), tap(1, 0, 1.0), tap(0, -1, 1.0), tap(0, 1, 1.0), tap(0, 0, -4.0)];
    sweep(field, |field, u, v| filter(field, &taps, u, v));
}

fn filter<T: Real>(field: &Field<'_, T>, taps: &[Tap<T>], u: &[T], v: &mut [T]) {
    let (rows, columns) = (field.rows as isize, field.columns as isize);
    for row in 0..rows {
        for column in 0..columns {
            let mut sum = T::from_f64(0.0);
            for tap in taps {
                let at_row = (row + tap.rows).rem_euclid(rows);
                let at_column = (column + tap.columns).rem_euclid(columns);
                sum = sum + tap.weight * u[(at_row * columns + at_column) as usize];
            }
            let here = (row * columns + column) as usize;
            v[here] = u[here] + field.rate * sum;
        }
    }
}
