//! The Fibonacci stream in Rust: one chain of additions, many of them side by side, or none.

mod simd;
#[cfg(test)]
mod tests;

use std::ops::{AddAssign, Range};

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};
use crossover_values::{DType, Scalar, Value};
use rayon::prelude::*;

use crate::arguments::scalar;

/// Terms of one parallel task: a millisecond of the plain loop.
const TERMS_PER_TASK: u32 = 1 << 20;

pub(crate) const CODE: KernelCode = KernelCode::new(VARIANTS);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact("scalar", "plain loop, each term from the two before", |call| {
        run(call, stream)
    }),
    NativeVariant::exact("threads", "the plain loop, pieces that begin by doubling", |call| {
        run(call, |terms| split(terms, stream))
    })
    .threaded(),
    NativeVariant::exact("simd", "a piece of the stream per lane", |call| run(call, simd::stream)),
    NativeVariant::exact("simd_threads", "a piece per lane, tasks over threads", |call| {
        run(call, |terms| split(terms, simd::stream))
    })
    .threaded(),
    NativeVariant::exact(
        "closed_form",
        "ladder: two of three are odd, and the sum is a term itself",
        |call| run(call, closed_form),
    ),
];

/// What is said of a piece of the stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    odd: u32,
    total: u32,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.odd += other.odd;
        self.total = self.total.wrapping_add(other.total);
    }
}

fn run(
    call: &mut NativeCall<'_>,
    stream: impl FnOnce(Range<u32>) -> Tally,
) -> Result<(), NativeError> {
    if call.dtype != DType::U32 {
        return Err(NativeError::Instance(call.dtype));
    }
    let given = call.arguments.len();
    let [terms, _chunk, limit] = &*call.arguments else {
        let position = given.min(2);
        return Err(NativeError::Argument { position, expected: "one of three arguments" });
    };
    let small = odd_up_to(scalar(limit, 2)?);
    let Tally { odd, total } = stream(0..scalar(terms, 0)?);
    call.returned = [small, odd, total].map(|result| Value::Scalar(Scalar::U32(result))).to_vec();
    Ok(())
}

/// Odd terms up to a limit.
fn odd_up_to(limit: u32) -> u32 {
    let (mut a, mut b, mut odd) = (1_u32, 1_u32, 0);
    while a <= limit {
        odd += a & 1;
        (a, b) = (b, a.wrapping_add(b));
    }
    odd
}

/// F(index) and F(index + 1) modulo 2^32: F(2k) = F(k) (2 F(k+1) - F(k)), F(2k+1) = F(k)² + F(k+1)².
fn terms_at(index: u32) -> [u32; 2] {
    let bits = (0..u32::BITS - index.leading_zeros()).rev();
    bits.fold([0, 1], |[a, b]: [u32; 2], bit| {
        let even = a.wrapping_mul(b.wrapping_mul(2).wrapping_sub(a));
        let odd = a.wrapping_mul(a).wrapping_add(b.wrapping_mul(b));
        if index >> bit & 1 == 1 { [odd, even.wrapping_add(odd)] } else { [even, odd] }
    })
}

/// The plain loop over a piece; term 0 of the stream is F(1).
fn stream(terms: Range<u32>) -> Tally {
    let mut tally = Tally::default();
    let [mut a, mut b] = terms_at(terms.start + 1);
    for _ in terms {
        tally.odd += a & 1;
        tally.total = tally.total.wrapping_add(a);
        (a, b) = (b, a.wrapping_add(b));
    }
    tally
}

/// Pieces on the current pool.
fn split(terms: Range<u32>, stream: fn(Range<u32>) -> Tally) -> Tally {
    let task = |task: u32| {
        let start = task * TERMS_PER_TASK;
        stream(start..terms.end.min(start.saturating_add(TERMS_PER_TASK)))
    };
    let join = |mut all: Tally, part: Tally| {
        all += part;
        all
    };
    let tasks = 0..terms.end.div_ceil(TERMS_PER_TASK);
    tasks.into_par_iter().map(task).reduce(Tally::default, join)
}

/// F(n) is even for every third n, and F(1) + … + F(n) = F(n + 2) - 1.
fn closed_form(terms: Range<u32>) -> Tally {
    let n = terms.end;
    Tally { odd: n - n / 3, total: terms_at(n + 2)[0].wrapping_sub(1) }
}
