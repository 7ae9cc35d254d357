//! a * b + c in Rust: one pass, on wide vectors, over threads; and the array expressions that walk
//! memory once per operation.
//!
//! Every variant rounds the product and then the sum, so all give the bits of the reference.

mod simd;
#[cfg(test)]
mod tests;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};
use ndarray::ArrayView1;
use rayon::prelude::*;

use self::simd::Place;
use crate::arguments::{Real, array, array_mut, by_instance};

/// Elements of one parallel task.
const ELEMENTS_PER_TASK: usize = 1 << 15;

/// Elements of a block that array expressions go over at a time: four blocks of them stay in the
/// first-level cache.
const ELEMENTS_PER_BLOCK: usize = 1 << 10;

pub(crate) const CODE: KernelCode = KernelCode::new(VARIANTS);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact("scalar", "one plain loop", |call| by_instance(call, plain, plain)),
    NativeVariant::exact("simd", "one loop on explicit vectors, aligned to cache lines", |call| {
        by_instance(call, |v| simd(v, simd::fused_f32), |v| simd(v, simd::fused_f64))
    }),
    NativeVariant::exact("threads", "one pass in pieces, pieces over threads", |call| {
        by_instance(call, |v| threaded(v, simd::fused_f32), |v| threaded(v, simd::fused_f64))
    })
    .threaded(),
    NativeVariant::exact(
        "array_new",
        "ladder: array expressions, a new array for each, and a copy",
        |call| by_instance(call, array_new, array_new),
    ),
    NativeVariant::exact(
        "array_in_place",
        "ladder: three array operations into the result",
        |call| by_instance(call, array_in_place, array_in_place),
    ),
    NativeVariant::exact(
        "array_blocks",
        "ladder: the same operations, block after block in cache",
        |call| by_instance(call, array_blocks, array_blocks),
    ),
];

/// The vectors of one call, of equal length.
struct Vectors<'a, T> {
    out: &'a mut [T],
    a: &'a [T],
    b: &'a [T],
    c: &'a [T],
}

/// Bytes of temporaries that a form made.
type Temporaries = usize;

/// Runs the form of a variant that fits the instance, and tells what temporaries it made.
fn by_instance(
    call: &mut NativeCall<'_>,
    f32: fn(Vectors<'_, f32>) -> Temporaries,
    f64: fn(Vectors<'_, f64>) -> Temporaries,
) -> Result<(), NativeError> {
    let temporaries = by_instance!(call, f32(vectors(call)?), f64(vectors(call)?))?;
    call.facts.insert("temporaries", temporaries as f64);
    Ok(())
}

fn vectors<'a, T: Real>(call: &'a mut NativeCall<'_>) -> Result<Vectors<'a, T>, NativeError> {
    let given = call.arguments.len();
    let [out, a, b, c, _form] = &mut *call.arguments else {
        let position = given.min(4);
        return Err(NativeError::Argument { position, expected: "one of five arguments" });
    };
    let vectors =
        Vectors { out: array_mut(out, 0)?, a: array(a, 1)?, b: array(b, 2)?, c: array(c, 3)? };
    let n = vectors.out.len();
    let lengths = [vectors.a.len(), vectors.b.len(), vectors.c.len()];
    match lengths.iter().position(|&length| length != n) {
        Some(at) => {
            Err(NativeError::Argument { position: at + 1, expected: "as long as the result" })
        }
        None => Ok(vectors),
    }
}

/// One loop; the slices have one length, so no bound is checked in it.
#[inline(always)]
fn fused<T: Real>(out: &mut [T], a: &[T], b: &[T], c: &[T]) {
    let n = out.len();
    let (a, b, c) = (&a[..n], &b[..n], &c[..n]);
    for i in 0..n {
        out[i] = a[i] * b[i] + c[i];
    }
}

fn plain<T: Real>(vectors: Vectors<'_, T>) -> Temporaries {
    let Vectors { out, a, b, c } = vectors;
    fused(out, a, b, c);
    0
}

/// A form on vectors, told where the arrays of the whole call are.
type OnVectors<T> = fn(Vectors<'_, T>, Place);

fn simd<T: Real>(vectors: Vectors<'_, T>, fused: OnVectors<T>) -> Temporaries {
    let place = Place::of(&vectors);
    fused(vectors, place);
    0
}

fn threaded<T: Real>(vectors: Vectors<'_, T>, fused: OnVectors<T>) -> Temporaries {
    let place = Place::of(&vectors);
    let Vectors { out, a, b, c } = vectors;
    out.par_chunks_mut(ELEMENTS_PER_TASK)
        .zip(a.par_chunks(ELEMENTS_PER_TASK))
        .zip(b.par_chunks(ELEMENTS_PER_TASK))
        .zip(c.par_chunks(ELEMENTS_PER_TASK))
        .for_each(|(((out, a), b), c)| fused(Vectors { out, a, b, c }, place));
    0
}

/// `out[:] = a * b + c`: a temporary for the product, one for the sum, and the copy.
fn array_new<T: Real>(vectors: Vectors<'_, T>) -> Temporaries {
    let [a, b, c] = [vectors.a, vectors.b, vectors.c].map(ArrayView1::from);
    let products = &a * &b;
    let sums = &products + &c;
    for (to, from) in vectors.out.iter_mut().zip(&sums) {
        *to = *from;
    }
    2 * size_of_val(vectors.out)
}

/// `out[:] = a; out *= b; out += c`.
#[inline(always)]
fn in_place<T: Real>(out: &mut [T], a: &[T], b: &[T], c: &[T]) {
    out.copy_from_slice(a);
    for (to, &b) in out.iter_mut().zip(b) {
        *to = *to * b;
    }
    for (to, &c) in out.iter_mut().zip(c) {
        *to = *to + c;
    }
}

fn array_in_place<T: Real>(vectors: Vectors<'_, T>) -> Temporaries {
    let Vectors { out, a, b, c } = vectors;
    in_place(out, a, b, c);
    0
}

/// The operations of `array_in_place` on one block after the other, as numexpr does it.
fn array_blocks<T: Real>(vectors: Vectors<'_, T>) -> Temporaries {
    let Vectors { out, a, b, c } = vectors;
    let inputs = a.chunks(ELEMENTS_PER_BLOCK).zip(b.chunks(ELEMENTS_PER_BLOCK));
    let inputs = inputs.zip(c.chunks(ELEMENTS_PER_BLOCK));
    for (out, ((a, b), c)) in out.chunks_mut(ELEMENTS_PER_BLOCK).zip(inputs) {
        in_place(out, a, b, c);
    }
    0
}
