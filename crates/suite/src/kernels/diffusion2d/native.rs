//! Heat on a torus in Rust: the book's ladder of rewrites, and the variants at its end.
//!
//! Every step of every variant does the reference's operations on a cell in the reference's order,
//! so all give its bits. What differs is where memory comes from, how often it is walked, and who
//! decides about the edges.

mod arrays;
mod loops;
mod rows;
#[cfg(test)]
mod tests;
pub(super) mod waves;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};

use crate::arguments::{Real, array_mut, by_instance, scalar, shape2};

pub(crate) const CODE: KernelCode = KernelCode::new(VARIANTS);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact("scalar", "plain loop over two grids, wrapped neighbours", |call| {
        by_instance(call, loops::scratch, loops::scratch)
    }),
    NativeVariant::exact("simd", "fused rows on the widest vectors of the machine", |call| {
        by_instance(call, rows::simd, rows::simd)
    }),
    NativeVariant::exact("threads", "fused rows on the widest vectors, over threads", |call| {
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
    NativeVariant::exact("new_grid", "ladder: plain loop, a new grid per step", |call| {
        by_instance(call, loops::new_grid, loops::new_grid)
    }),
    NativeVariant::exact("array_new", "ladder: array expressions that allocate", |call| {
        by_instance(call, arrays::allocating, arrays::allocating)
    }),
    NativeVariant::exact("array_in_place", "ladder: array expressions in place", |call| {
        by_instance(call, arrays::in_place, arrays::in_place)
    }),
    NativeVariant::exact(
        "array_edges",
        "ladder: in place, edges written out instead of rolled",
        |call| by_instance(call, arrays::edges, arrays::edges),
    ),
    NativeVariant::exact("fused", "ladder: one pass per step, row by row", |call| {
        by_instance(call, rows::fused, rows::fused)
    }),
    NativeVariant::exact(
        "table",
        "ladder: generic stencil that reads its shape from a table",
        |call| by_instance(call, loops::table, loops::table),
    ),
];

/// The arguments of one call. No axis is empty.
struct Field<'a, T> {
    /// Row-major.
    u: &'a mut [T],
    rows: usize,
    columns: usize,
    steps: usize,
    rate: T,
}

impl<T: Real> Field<'_, T> {
    /// One cell after a step: `around` holds north, south, west, east.
    #[inline(always)]
    fn cell(rate: T, here: T, around: [T; 4]) -> T {
        let [north, south, west, east] = around;
        let around = north + south + west + east;
        here + rate * (around - T::from_f64(4.0) * here)
    }
}

fn blocked<T: Real>(field: Field<'_, T>) {
    let (grid, steps, rate) = torus(field);
    waves::on_one_thread(grid, steps, rate);
}

fn blocked_threaded<T: Real>(field: Field<'_, T>) {
    let (grid, steps, rate) = torus(field);
    waves::on_threads(grid, steps, rate);
}

fn torus<T>(field: Field<'_, T>) -> (waves::Grid<'_, T>, usize, T) {
    let Field { u, rows, columns, steps, rate } = field;
    (waves::Grid { u, rows, columns, rim: waves::Rim::Torus }, steps, rate)
}

/// Runs the form of a variant that fits the instance. A field without cells stays as it is.
fn by_instance(
    call: &mut NativeCall<'_>,
    f32: fn(Field<'_, f32>),
    f64: fn(Field<'_, f64>),
) -> Result<(), NativeError> {
    by_instance!(
        call,
        field(call)?.into_iter().for_each(f32),
        field(call)?.into_iter().for_each(f64)
    )
}

fn field<'a, T: Real>(call: &'a mut NativeCall<'_>) -> Result<Option<Field<'a, T>>, NativeError> {
    let given = call.arguments.len();
    let [u, steps, rate] = &mut *call.arguments else {
        let position = given.min(2);
        return Err(NativeError::Argument { position, expected: "one of three arguments" });
    };
    let [rows, columns] = shape2(u, 0)?;
    let steps = usize::try_from(scalar::<i32>(steps, 1)?).unwrap_or(0);
    let rate = scalar(rate, 2)?;
    let u = array_mut(u, 0)?;
    Ok((!u.is_empty()).then_some(Field { u, rows, columns, steps, rate }))
}
