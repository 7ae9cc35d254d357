//! Plain loops in four orders. All add the products of an element in the order of k.

use rayon::prelude::*;

use super::Product;
use crate::arguments::Real;

/// Rows and columns of a block of b: 128 x 512 f32 are 256 KiB, half of a second-level cache of
/// today or less.
const BLOCK: [usize; 2] = [128, 512];

/// Row by row of c: each element of a's row scales a row of b, which is walked in order.
pub(super) fn ikj<T: Real>(product: Product<'_, T>) {
    let Product { c, a, b, inner, columns } = product;
    for (c, a) in c.chunks_exact_mut(columns).zip(a.chunks_exact(inner)) {
        row(c, a, b);
    }
}

/// The same, rows over the current pool.
pub(super) fn ikj_threaded<T: Real>(product: Product<'_, T>) {
    let Product { c, a, b, inner, columns } = product;
    let rows = c.par_chunks_exact_mut(columns).zip(a.par_chunks_exact(inner));
    rows.for_each(|(c, a)| row(c, a, b));
}

fn row<T: Real>(c: &mut [T], a: &[T], b: &[T]) {
    c.fill(T::from_f64(0.0));
    for (&scale, b) in a.iter().zip(b.chunks_exact(c.len())) {
        add_scaled(c, scale, b);
    }
}

fn add_scaled<T: Real>(c: &mut [T], scale: T, b: &[T]) {
    for (c, &b) in c.iter_mut().zip(b) {
        *c = *c + scale * b;
    }
}

/// The definition: a step of the inner loop moves a whole row down in b.
pub(super) fn ijk<T: Real>(product: Product<'_, T>) {
    let Product { c, a, b, inner, columns } = product;
    for (c, a) in c.chunks_exact_mut(columns).zip(a.chunks_exact(inner)) {
        for (j, c) in c.iter_mut().enumerate() {
            let down = b[j..].iter().step_by(columns);
            *c = dot(a, down);
        }
    }
}

/// The definition over a transposed copy of b: in order, but each addition waits for the one
/// before, since the order of the sum leaves no other way.
pub(super) fn transposed<T: Real>(product: Product<'_, T>) {
    let Product { c, a, b, inner, columns } = product;
    let mut across = vec![T::from_f64(0.0); b.len()];
    for (k, b) in b.chunks_exact(columns).enumerate() {
        for (j, &b) in b.iter().enumerate() {
            across[j * inner + k] = b;
        }
    }
    for (c, a) in c.chunks_exact_mut(columns).zip(a.chunks_exact(inner)) {
        for (c, b) in c.iter_mut().zip(across.chunks_exact(inner)) {
            *c = dot(a, b.iter());
        }
    }
}

fn dot<'a, T: Real>(a: &[T], b: impl Iterator<Item = &'a T>) -> T {
    a.iter().zip(b).fold(T::from_f64(0.0), |sum, (&a, &b)| sum + a * b)
}

/// i-k-j over blocks of b. Blocks of k go upward, so the order of each sum stays.
pub(super) fn blocked<T: Real>(product: Product<'_, T>) {
    let Product { c, a, b, inner, columns } = product;
    let [depth, width] = BLOCK;
    c.fill(T::from_f64(0.0));
    for left in (0..columns).step_by(width) {
        let right = columns.min(left + width);
        for first in (0..inner).step_by(depth) {
            let end = inner.min(first + depth);
            for (c, a) in c.chunks_exact_mut(columns).zip(a.chunks_exact(inner)) {
                let c = &mut c[left..right];
                for k in first..end {
                    add_scaled(c, a[k], &b[k * columns..][left..right]);
                }
            }
        }
    }
}
