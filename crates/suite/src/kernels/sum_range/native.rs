//! The sum of a range in Rust: what the compiler makes of it, and loops that it cannot remove.

#[cfg(test)]
mod tests;

use std::hint::black_box;
use std::ops::Range;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};
use crossover_values::{DType, Scalar, Value};
use fearless_simd::{Level, dispatch, prelude::*};
use rayon::prelude::*;

use crate::arguments::scalar;

/// Numbers of one parallel task: a tenth of a millisecond of the vector loop.
const NUMBERS_PER_TASK: u32 = 1 << 20;

pub(crate) const CODE: KernelCode = KernelCode::new(VARIANTS);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact(
        "scalar",
        "the loop, every number kept from the compiler's algebra",
        |call| run(call, kept),
    ),
    NativeVariant::exact("threads", "the loop, pieces over threads", |call| {
        run(call, |numbers| split(numbers, kept))
    })
    .threaded(),
    NativeVariant::exact("simd", "a number per lane, several vectors in flight", |call| {
        run(call, vectors)
    }),
    NativeVariant::exact("simd_threads", "a number per lane, pieces over threads", |call| {
        run(call, |numbers| split(numbers, vectors))
    })
    .threaded(),
    NativeVariant::exact(
        "iterator",
        "ladder: an iterator's sum, which the compiler turns into a formula",
        |call| run(call, iterator),
    ),
    NativeVariant::exact("closed_form", "ladder: the formula by hand", |call| {
        run(call, closed_form)
    }),
];

fn run(call: &mut NativeCall<'_>, sum: impl FnOnce(Range<u32>) -> u64) -> Result<(), NativeError> {
    if call.dtype != DType::U64 {
        return Err(NativeError::Instance(call.dtype));
    }
    let [n] = &*call.arguments else {
        let position = call.arguments.len().min(1);
        return Err(NativeError::Argument { position, expected: "the only argument" });
    };
    let total = sum(0..scalar(n, 0)?);
    call.returned = vec![Value::Scalar(Scalar::U64(total))];
    Ok(())
}

fn kept(numbers: Range<u32>) -> u64 {
    let mut total = 0;
    for i in numbers {
        total += u64::from(black_box(i));
    }
    total
}

fn iterator(numbers: Range<u32>) -> u64 {
    numbers.map(u64::from).sum()
}

fn closed_form(numbers: Range<u32>) -> u64 {
    let n = u64::from(numbers.end);
    n * n.saturating_sub(1) / 2
}

fn split(numbers: Range<u32>, sum: fn(Range<u32>) -> u64) -> u64 {
    let task = |task: u32| {
        let start = task * NUMBERS_PER_TASK;
        sum(start..numbers.end.min(start.saturating_add(NUMBERS_PER_TASK)))
    };
    (0..numbers.end.div_ceil(NUMBERS_PER_TASK)).into_par_iter().map(task).sum()
}

fn vectors(numbers: Range<u32>) -> u64 {
    #[inline(always)]
    fn lanes<S: Simd>(simd: S, numbers: Range<u32>) -> u64 {
        let width = S::u64s::LEN as u32;
        let rounds = (numbers.end - numbers.start) / (4 * width);
        let start = u64::from(numbers.start);
        let at = |vector: u64| {
            S::u64s::from_fn(simd, |lane| start + vector * u64::from(width) + lane as u64)
        };
        let zero = S::u64s::simd_from(simd, 0);
        let (mut i0, mut i1, mut i2, mut i3) = (at(0), at(1), at(2), at(3));
        let (mut s0, mut s1, mut s2, mut s3) = (zero, zero, zero, zero);
        simd.vectorize(
            #[inline(always)]
            || {
                let step = S::u64s::simd_from(simd, 4 * u64::from(width));
                for _ in 0..rounds {
                    s0 += i0;
                    s1 += i1;
                    s2 += i2;
                    s3 += i3;
                    i0 += step;
                    i1 += step;
                    i2 += step;
                    i3 += step;
                }
            },
        );
        let sum = s0 + s1 + (s2 + s3);
        let rest = iterator(numbers.start + 4 * width * rounds..numbers.end);
        sum.as_slice().iter().sum::<u64>() + rest
    }
    dispatch!(Level::new(), simd => lanes(simd, numbers))
}
