//! Array expressions, as one writes them in NumPy: each operation walks the whole grid.

use ndarray::{Array2, ArrayViewMut2, Axis, Slice, Zip};

use crate::arguments::Real;
use crate::heat::Field;

/// The grid shifted by one cell along an axis, wrapped: `numpy.roll`.
fn roll<T: Real>(grid: &Array2<T>, axis: Axis, by: isize) -> Array2<T> {
    let mut rolled = grid.clone();
    roll_into(grid, axis, by, rolled.view_mut(), |to, from| *to = from);
    rolled
}

/// Combines every cell of `into` with the cell of `grid` that lies `by` before it on the axis.
fn roll_into<T: Real>(
    grid: &Array2<T>,
    axis: Axis,
    by: isize,
    mut into: ArrayViewMut2<'_, T>,
    combine: impl Fn(&mut T, T) + Copy,
) {
    let split = by.rem_euclid(grid.len_of(axis) as isize);
    let (from_low, from_high) = (Slice::from(..-split), Slice::from(-split..));
    if split == 0 {
        Zip::from(into).and(grid).for_each(|to, &from| combine(to, from));
        return;
    }
    let low = grid.slice_axis(axis, from_low);
    Zip::from(into.slice_axis_mut(axis, Slice::from(split..)))
        .and(low)
        .for_each(|to, &from| combine(to, from));
    let high = grid.slice_axis(axis, from_high);
    Zip::from(into.slice_axis_mut(axis, Slice::from(..split)))
        .and(high)
        .for_each(|to, &from| combine(to, from));
}

/// The field as a grid of its own.
fn grid<T: Real>(field: &Field<'_, T>) -> Array2<T> {
    let shape = (field.rows, field.columns);
    Array2::from_shape_fn(shape, |(row, column)| field.u[row * field.columns + column])
}

/// Writes a grid back.
fn finish<T: Real>(field: Field<'_, T>, grid: &Array2<T>) {
    for (to, from) in field.u.iter_mut().zip(grid) {
        *to = *from;
    }
}

/// `u + rate * (roll + roll + roll + roll - 4 * u)`: nine grids come and go in a step.
pub(super) fn allocating<T: Real>(field: Field<'_, T>) {
    let mut u = grid(&field);
    let four = T::from_f64(4.0);
    for _ in 0..field.steps {
        let vertical = roll(&u, Axis(0), 1) + roll(&u, Axis(0), -1);
        let around = vertical + roll(&u, Axis(1), 1) + roll(&u, Axis(1), -1);
        let laplacian = around - u.mapv(|x| four * x);
        u = &u + &laplacian.mapv(|x| field.rate * x);
    }
    finish(field, &u);
}

/// The same operations into one scratch grid that is kept.
pub(super) fn in_place<T: Real>(field: Field<'_, T>) {
    let mut u = grid(&field);
    let mut around = u.clone();
    for _ in 0..field.steps {
        roll_into(&u, Axis(0), 1, around.view_mut(), |to, from| *to = from);
        roll_into(&u, Axis(0), -1, around.view_mut(), |to, from| *to = *to + from);
        roll_into(&u, Axis(1), 1, around.view_mut(), |to, from| *to = *to + from);
        roll_into(&u, Axis(1), -1, around.view_mut(), |to, from| *to = *to + from);
        finish_step(&mut u, &mut around, field.rate);
    }
    finish(field, &u);
}

/// `around` becomes the change, which is added to `u`.
fn finish_step<T: Real>(u: &mut Array2<T>, around: &mut Array2<T>, rate: T) {
    let four = T::from_f64(4.0);
    Zip::from(&mut *around).and(&*u).for_each(|around, &u| *around = *around - four * u);
    around.mapv_inplace(|x| rate * x);
    Zip::from(u).and(&*around).for_each(|u, &change| *u = *u + change);
}

/// The same with slices for the inside and each edge by name, nothing rolled.
pub(super) fn edges<T: Real>(field: Field<'_, T>) {
    let mut u = grid(&field);
    let mut around = u.clone();
    let (rows, columns) = u.dim();
    let (first_row, last_row) = (Slice::from(..1), Slice::from(rows - 1..));
    let (first_column, last_column) = (Slice::from(..1), Slice::from(columns - 1..));
    let (upper, lower) = (Slice::from(..rows - 1), Slice::from(1..));
    let (left, right) = (Slice::from(..columns - 1), Slice::from(1..));
    for _ in 0..field.steps {
        part(&mut around, &u, Axis(0), [lower, upper], |to, from| *to = from);
        part(&mut around, &u, Axis(0), [first_row, last_row], |to, from| *to = from);
        part(&mut around, &u, Axis(0), [upper, lower], |to, from| *to = *to + from);
        part(&mut around, &u, Axis(0), [last_row, first_row], |to, from| *to = *to + from);
        part(&mut around, &u, Axis(1), [right, left], |to, from| *to = *to + from);
        part(&mut around, &u, Axis(1), [first_column, last_column], |to, from| *to = *to + from);
        part(&mut around, &u, Axis(1), [left, right], |to, from| *to = *to + from);
        part(&mut around, &u, Axis(1), [last_column, first_column], |to, from| *to = *to + from);
        finish_step(&mut u, &mut around, field.rate);
    }
    finish(field, &u);
}

/// Combines the part `to` of one grid with the part `from` of the other, on an axis.
#[inline]
fn part<T: Real>(
    around: &mut Array2<T>,
    u: &Array2<T>,
    axis: Axis,
    [to, from]: [Slice; 2],
    combine: impl Fn(&mut T, T),
) {
    let to = around.slice_axis_mut(axis, to);
    Zip::from(to).and(u.slice_axis(axis, from)).for_each(|to, &from| combine(to, from));
}
