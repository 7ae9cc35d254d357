//! Matrix product in Rust: the ladder from three loops to register tiles, and the library.
//!
//! An element of the reference is the sum of its products in the order of k, each product and each
//! addition rounded. That order says nothing of the order in which elements are visited: i-k-j, tiles
//! and lanes that each hold one element add the same numbers in the same order, and so have the same
//! bits. What fuses a product with its addition, or splits a sum, is bounded.

mod loops;
mod register;
#[cfg(test)]
mod tests;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};
use ndarray::{ArrayView2, ArrayViewMut2, linalg::general_mat_mul};

use crate::arguments::{Real, array, array_mut, by_instance, shape2};

pub(crate) const CODE: KernelCode = KernelCode::new(VARIANTS);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact("scalar", "loops i-k-j: rows of b are walked in order", |call| {
        by_instance(call, loops::ikj, loops::ikj)
    }),
    NativeVariant::exact("simd", "packed panels, tiles of c in registers", |call| {
        by_instance(call, register::product::<f32>, register::product::<f64>)
    }),
    NativeVariant::exact("threads", "loops i-k-j, rows over threads", |call| {
        by_instance(call, loops::ikj_threaded, loops::ikj_threaded)
    })
    .threaded(),
    NativeVariant::exact("simd_threads", "register tiles, blocks of rows over threads", |call| {
        by_instance(call, register::product_threaded::<f32>, register::product_threaded::<f64>)
    })
    .threaded(),
    NativeVariant::exact(
        "ijk",
        "ladder: the textbook's loops, b walked down its columns",
        |call| by_instance(call, loops::ijk, loops::ijk),
    ),
    NativeVariant::exact(
        "transposed",
        "ladder: b transposed first, so that both are walked in order",
        |call| by_instance(call, loops::transposed, loops::transposed),
    ),
    NativeVariant::exact("blocked", "ladder: i-k-j in blocks of b that stay in a cache", |call| {
        by_instance(call, loops::blocked, loops::blocked)
    }),
    NativeVariant::exact("simd_fma", "register tiles, products fused with additions", |call| {
        by_instance(call, register::product_fused::<f32>, register::product_fused::<f64>)
    })
    .bounded(),
    NativeVariant::exact("library", "ndarray's product, which is matrixmultiply", |call| {
        by_instance(call, library, library)
    })
    .bounded(),
];

/// The arguments of one call, row-major; no axis is empty.
struct Product<'a, T> {
    c: &'a mut [T],
    a: &'a [T],
    b: &'a [T],
    inner: usize,
    columns: usize,
}

fn by_instance(
    call: &mut NativeCall<'_>,
    f32: fn(Product<'_, f32>),
    f64: fn(Product<'_, f64>),
) -> Result<(), NativeError> {
    by_instance!(
        call,
        product(call)?.into_iter().for_each(f32),
        product(call)?.into_iter().for_each(f64)
    )
}

fn product<'a, T: Real>(
    call: &'a mut NativeCall<'_>,
) -> Result<Option<Product<'a, T>>, NativeError> {
    let given = call.arguments.len();
    let [c, a, b] = &mut *call.arguments else {
        let position = given.min(2);
        return Err(NativeError::Argument { position, expected: "one of three arguments" });
    };
    let ([rows, columns], [a_rows, inner], b_shape) = (shape2(c, 0)?, shape2(a, 1)?, shape2(b, 2)?);
    if a_rows != rows {
        return Err(NativeError::Argument { position: 1, expected: "of as many rows as c" });
    }
    if b_shape != [inner, columns] {
        return Err(NativeError::Argument { position: 2, expected: "of a's columns by c's" });
    }
    let (c, a, b) = (array_mut(c, 0)?, array(a, 1)?, array(b, 2)?);
    Ok((!c.is_empty() && inner > 0).then_some(Product { c, a, b, inner, columns }))
}

fn library<T: Real>(product: Product<'_, T>) {
    let Product { c, a, b, inner, columns } = product;
    let rows = c.len() / columns;
    let views = (
        ArrayView2::from_shape((rows, inner), a),
        ArrayView2::from_shape((inner, columns), b),
        ArrayViewMut2::from_shape((rows, columns), c),
    );
    let (Ok(a), Ok(b), Ok(mut c)) = views else {
        unreachable!("the extents are those of the slices");
    };
    general_mat_mul(T::from_f64(1.0), &a, &b, T::from_f64(0.0), &mut c);
}
