//! Sum of squares in Rust: the language's order of sums, and the ladder of other orders.
//!
//! `scalar`, `simd` and `threads` keep the order of the language and so give the bits of the
//! reference. The steps of the ladder sum in orders of their own and are judged by the bound.

mod order;
#[cfg(test)]
mod tests;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant, Promise};
use crossover_values::{DType, Value};
use fearless_simd::{Level, dispatch, prelude::*};
use ndarray::ArrayView1;

use crate::arguments::{Real, array};

const DTYPES: &[DType] = &[DType::F32, DType::F64];

pub(crate) const CODE: KernelCode = KernelCode::new(VARIANTS);

const VARIANTS: &[NativeVariant] = &[
    variant(
        "scalar",
        "sixteen partials per block, as the language orders sums",
        Promise::Exact,
        scalar_variant,
    ),
    variant("simd", "the same partials as lanes", Promise::Exact, simd_variant),
    NativeVariant {
        threaded: true,
        ..variant(
            "threads",
            "blocks over threads, folded in order",
            Promise::Exact,
            threads_variant,
        )
    },
    variant("loop", "ladder: one running sum over an index", Promise::Bounded, loop_variant),
    variant(
        "iterator",
        "ladder: the same as an iterator chain",
        Promise::Bounded,
        iterator_variant,
    ),
    variant(
        "array_sum",
        "ladder: array product that allocates, then its sum",
        Promise::Bounded,
        array_sum_variant,
    ),
    variant(
        "array_dot",
        "ladder: dot product of the array with itself",
        Promise::Bounded,
        array_dot_variant,
    ),
];

type Run = fn(&mut NativeCall<'_>) -> Result<(), NativeError>;

const fn variant(
    name: &'static str,
    doc: &'static str,
    promise: Promise,
    run: Run,
) -> NativeVariant {
    NativeVariant { name, doc, dtypes: DTYPES, promise, threaded: false, run }
}

/// Runs `sum` on the argument and returns what it gives.
fn run<T: Real>(call: &mut NativeCall<'_>, sum: impl FnOnce(&[T]) -> T) -> Result<(), NativeError> {
    let given = call.arguments.len();
    let [v] = &*call.arguments else {
        let position = given.min(1);
        return Err(NativeError::Argument { position, expected: "the only argument" });
    };
    let total = sum(array(v, 0)?);
    call.returned = vec![Value::Scalar(total.into_scalar())];
    Ok(())
}

/// Runs the form of a sum that fits the instance.
macro_rules! by_instance {
    ($call:expr, $f32:expr, $f64:expr) => {
        match $call.dtype {
            DType::F32 => run::<f32>($call, $f32),
            DType::F64 => run::<f64>($call, $f64),
            other => Err(NativeError::Instance(other)),
        }
    };
}

fn scalar_variant(call: &mut NativeCall<'_>) -> Result<(), NativeError> {
    by_instance!(call, order::sum, order::sum)
}

fn simd_variant(call: &mut NativeCall<'_>) -> Result<(), NativeError> {
    by_instance!(call, simd_sum, simd_sum)
}

/// The plain code compiled for the widest vectors of the machine: its sixteen partials are what a
/// vectoriser wants, so no lanes need to be written.
fn simd_sum<T: Real>(v: &[T]) -> T {
    #[inline(always)]
    fn vectorized<S: Simd, T: Real>(simd: S, v: &[T]) -> T {
        simd.vectorize(
            #[inline(always)]
            || order::sum(v),
        )
    }
    dispatch!(Level::new(), simd => vectorized(simd, v))
}

fn threads_variant(call: &mut NativeCall<'_>) -> Result<(), NativeError> {
    by_instance!(call, order::sum_threaded, order::sum_threaded)
}

fn loop_variant(call: &mut NativeCall<'_>) -> Result<(), NativeError> {
    by_instance!(call, running_sum, running_sum)
}

#[allow(clippy::needless_range_loop, reason = "the step of the ladder is the indexed loop")]
fn running_sum<T: Real>(v: &[T]) -> T {
    let mut total = T::from_f64(0.0);
    for i in 0..v.len() {
        total = total + v[i] * v[i];
    }
    total
}

fn iterator_variant(call: &mut NativeCall<'_>) -> Result<(), NativeError> {
    by_instance!(call, |v: &[f32]| v.iter().map(|x| x * x).sum(), |v: &[f64]| v
        .iter()
        .map(|x| x * x)
        .sum())
}

fn array_sum_variant(call: &mut NativeCall<'_>) -> Result<(), NativeError> {
    by_instance!(call, array_sum, array_sum)
}

fn array_sum<T: Real>(v: &[T]) -> T {
    let v = ArrayView1::from(v);
    (&v * &v).sum()
}

fn array_dot_variant(call: &mut NativeCall<'_>) -> Result<(), NativeError> {
    by_instance!(call, array_dot, array_dot)
}

fn array_dot<T: Real>(v: &[T]) -> T {
    let v = ArrayView1::from(v);
    v.dot(&v)
}
