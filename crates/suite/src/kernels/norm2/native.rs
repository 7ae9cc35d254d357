//! Sum of squares in Rust: the language's order of sums, and the ladder of other orders.
//!
//! `scalar`, `simd` and `threads` keep the order of the language and so give the bits of the
//! reference. The steps of the ladder sum in orders of their own and are judged by the bound. Sums
//! of u32 in u64 have no order.

mod exact;
mod order;
mod simd;
#[cfg(test)]
mod tests;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};
use crossover_values::{DType, Value};
use ndarray::ArrayView1;

use crate::arguments::{Element, Real, array, by_instance};

const FLOATS: &[DType] = &[DType::F32, DType::F64];

pub(crate) const CODE: KernelCode = KernelCode::new(VARIANTS);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact(
        "scalar",
        "sixteen partials per block, as the language orders sums",
        scalar_variant,
    ),
    NativeVariant::exact(
        "simd",
        "the same partials as lanes, several blocks at once",
        simd_variant,
    ),
    NativeVariant::exact("threads", "blocks over threads, folded in order", threads_variant)
        .threaded(),
    NativeVariant::exact("simd_threads", "blocks as lanes, over threads", simd_threads_variant)
        .threaded(),
    NativeVariant::exact("loop", "ladder: one running sum over an index", loop_variant)
        .bounded()
        .only(FLOATS),
    NativeVariant::exact("iterator", "ladder: the same as an iterator chain", iterator_variant)
        .bounded()
        .only(FLOATS),
    NativeVariant::exact(
        "array_sum",
        "ladder: array product that allocates, then its sum",
        array_sum_variant,
    )
    .bounded()
    .only(FLOATS),
    NativeVariant::exact(
        "array_dot",
        "ladder: dot product of the array with itself",
        array_dot_variant,
    )
    .bounded()
    .only(FLOATS),
];

/// Runs `sum` on the argument and returns what it gives.
fn run<T: Element, U: Element>(
    call: &mut NativeCall<'_>,
    sum: impl FnOnce(&[T]) -> U,
) -> Result<(), NativeError> {
    let given = call.arguments.len();
    let [v] = &*call.arguments else {
        let position = given.min(1);
        return Err(NativeError::Argument { position, expected: "the only argument" });
    };
    let total = sum(array(v, 0)?);
    call.returned = vec![Value::Scalar(total.into_scalar())];
    Ok(())
}

fn scalar_variant(call: &mut NativeCall<'_>) -> Result<(), NativeError> {
    by_instance!(
        call,
        run::<f32, f32>(call, order::sum)?,
        run::<f64, f64>(call, order::sum)?,
        run::<u32, u64>(call, exact::sum)?
    )
}

fn simd_variant(call: &mut NativeCall<'_>) -> Result<(), NativeError> {
    by_instance!(
        call,
        run::<f32, f32>(call, |v| order::fold_blocks(simd::sums_f32(v)))?,
        run::<f64, f64>(call, |v| order::fold_blocks(simd::sums_f64(v)))?,
        run::<u32, u64>(call, simd::exact)?
    )
}

fn threads_variant(call: &mut NativeCall<'_>) -> Result<(), NativeError> {
    by_instance!(
        call,
        run::<f32, f32>(call, order::sum_threaded)?,
        run::<f64, f64>(call, order::sum_threaded)?,
        run::<u32, u64>(call, |v| exact::threaded(v, exact::sum))?
    )
}

fn simd_threads_variant(call: &mut NativeCall<'_>) -> Result<(), NativeError> {
    by_instance!(
        call,
        run::<f32, f32>(call, |v| order::sum_of_tasks(v, simd::sums_f32))?,
        run::<f64, f64>(call, |v| order::sum_of_tasks(v, simd::sums_f64))?,
        run::<u32, u64>(call, |v| exact::threaded(v, simd::exact))?
    )
}

/// Most elements of a running sum in f32. At a million it is off by 1.4e-4, at four million by
/// 1.7e-3, at 2^24 by 2 %: the terms are then hardly above the last place of the sum. The only bound
/// that allows for that, n roundings, allows for any answer at all.
const RUNNING_F32: usize = 1 << 20;

/// Refuses a running sum that no bound could judge.
fn running(call: &NativeCall<'_>) -> Result<(), NativeError> {
    let elements = call.arguments.first().and_then(|v| v.as_array()).map_or(0, |v| v.len());
    if call.dtype == DType::F32 && elements > RUNNING_F32 {
        let why = format!(
            "a running f32 sum of {elements} squares has no bound that tells it from a wrong one; \
             {RUNNING_F32} are the most"
        );
        return Err(NativeError::Refused(why));
    }
    Ok(())
}

fn loop_variant(call: &mut NativeCall<'_>) -> Result<(), NativeError> {
    running(call)?;
    by_instance!(call, run::<f32, f32>(call, running_sum)?, run::<f64, f64>(call, running_sum)?)
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
    running(call)?;
    by_instance!(
        call,
        run::<f32, f32>(call, |v: &[f32]| v.iter().map(|x| x * x).sum())?,
        run::<f64, f64>(call, |v: &[f64]| v.iter().map(|x| x * x).sum())?
    )
}

fn array_sum_variant(call: &mut NativeCall<'_>) -> Result<(), NativeError> {
    by_instance!(call, run::<f32, f32>(call, array_sum)?, run::<f64, f64>(call, array_sum)?)
}

fn array_sum<T: Real>(v: &[T]) -> T {
    let v = ArrayView1::from(v);
    (&v * &v).sum()
}

fn array_dot_variant(call: &mut NativeCall<'_>) -> Result<(), NativeError> {
    by_instance!(call, run::<f32, f32>(call, array_dot)?, run::<f64, f64>(call, array_dot)?)
}

fn array_dot<T: Real>(v: &[T]) -> T {
    let v = ArrayView1::from(v);
    v.dot(&v)
}
