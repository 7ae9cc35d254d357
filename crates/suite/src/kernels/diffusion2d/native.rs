//! Heat on a torus in Rust: the book's ladder of rewrites, and the variants at its end.
//!
//! Every step of every variant does the reference's operations on a cell in the reference's order,
//! so all give its bits. What differs is where memory comes from, how often it is walked, and who
//! decides about the edges.

mod arrays;
mod loops;
#[cfg(test)]
mod tests;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};

use crate::heat::{Field, Rim, by_instance, rows, waves};

pub(crate) const CODE: KernelCode = KernelCode::new(VARIANTS);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact("scalar", "plain loop over two grids, wrapped neighbours", |call| {
        on_torus(call, loops::scratch, loops::scratch)
    }),
    NativeVariant::exact("simd", "fused rows on the widest vectors of the machine", |call| {
        on_torus(call, rows::simd, rows::simd)
    }),
    NativeVariant::exact("threads", "fused rows on the widest vectors, over threads", |call| {
        on_torus(call, rows::threaded, rows::threaded)
    })
    .threaded(),
    NativeVariant::exact(
        "blocked",
        "several steps per walk over the grid, as a wave of rows in cache",
        |call| on_torus(call, waves::on_one_thread, waves::on_one_thread),
    ),
    NativeVariant::exact("blocked_threads", "waves, a band of rows per thread", |call| {
        on_torus(call, waves::on_threads, waves::on_threads)
    })
    .threaded(),
    NativeVariant::exact("new_grid", "ladder: plain loop, a new grid per step", |call| {
        on_torus(call, loops::new_grid, loops::new_grid)
    }),
    NativeVariant::exact("array_new", "ladder: array expressions that allocate", |call| {
        on_torus(call, arrays::allocating, arrays::allocating)
    }),
    NativeVariant::exact("array_in_place", "ladder: array expressions in place", |call| {
        on_torus(call, arrays::in_place, arrays::in_place)
    }),
    NativeVariant::exact(
        "array_edges",
        "ladder: in place, edges written out instead of rolled",
        |call| on_torus(call, arrays::edges, arrays::edges),
    ),
    NativeVariant::exact("fused", "ladder: one pass per step, row by row", |call| {
        on_torus(call, rows::fused, rows::fused)
    }),
    NativeVariant::exact(
        "table",
        "ladder: generic stencil that reads its shape from a table",
        |call| on_torus(call, loops::table, loops::table),
    ),
];

fn on_torus(
    call: &mut NativeCall<'_>,
    f32: fn(Field<'_, f32>),
    f64: fn(Field<'_, f64>),
) -> Result<(), NativeError> {
    by_instance(call, Rim::Torus, f32, f64)
}
