//! Filtering in Rust: lazily as a loop, an iterator, in lanes and over threads; and with the list
//! written down first. Integers, so every order gives the same sums.

mod list;
mod simd;
#[cfg(test)]
mod tests;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};
use crossover_values::{DType, Scalar, Value};
use rayon::prelude::*;

use crate::arguments::scalar;

/// Numbers of one parallel task: about a tenth of a millisecond of the plain loop.
const NUMBERS_PER_TASK: u32 = 1 << 17;

pub(crate) const CODE: KernelCode = KernelCode::new(VARIANTS);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact("scalar", "lazy: plain loop", |call| lazily(call, scalar_kept)),
    NativeVariant::exact("iterator", "lazy: the same as an iterator chain", |call| {
        lazily(call, iterator_kept)
    }),
    NativeVariant::exact("simd", "lazy: one number per lane, two vectors in flight", |call| {
        lazily(call, simd::kept)
    }),
    NativeVariant::exact("threads", "lazy: the plain loop, chunks over threads", |call| {
        lazily(call, |numbers| over_threads(numbers, scalar_kept))
    })
    .threaded(),
    NativeVariant::exact("simd_threads", "lazy: lanes, chunks over threads", |call| {
        lazily(call, |numbers| over_threads(numbers, simd::kept))
    })
    .threaded(),
    NativeVariant::exact("list", "list: a vector that grows, then read", |call| {
        listed(call, list::grown)
    }),
    NativeVariant::exact(
        "list_simd",
        "list: lanes that keep are packed, no branch, no growth",
        |call| listed(call, list::packed),
    ),
    NativeVariant::exact(
        "list_threads",
        "list: counted, placed by prefix sum, then packed, over threads",
        |call| listed(call, list::placed),
    )
    .threaded(),
];

/// Numbers `from..to`.
#[derive(Clone, Copy, Debug)]
struct Numbers {
    from: u32,
    to: u32,
}

/// What passed the filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Kept {
    count: u32,
    /// Modulo 2^32.
    sum: u32,
}

impl Kept {
    fn and(self, other: Kept) -> Kept {
        Kept { count: self.count + other.count, sum: self.sum.wrapping_add(other.sum) }
    }
}

fn keep(i: u32) -> bool {
    i.is_multiple_of(3)
}

/// Runs a filter that keeps no list.
fn lazily(
    call: &mut NativeCall<'_>,
    kept: impl FnOnce(Numbers) -> Kept,
) -> Result<(), NativeError> {
    finish(call, |numbers| (kept(numbers), 0))
}

/// Runs a filter that makes a list of so many bytes, then reads it.
fn listed(
    call: &mut NativeCall<'_>,
    list: impl FnOnce(Numbers) -> list::List,
) -> Result<(), NativeError> {
    finish(call, |numbers| {
        let list = list(numbers);
        (list.read(), list.bytes())
    })
}

fn finish(
    call: &mut NativeCall<'_>,
    run: impl FnOnce(Numbers) -> (Kept, usize),
) -> Result<(), NativeError> {
    if call.dtype != DType::U32 {
        return Err(NativeError::Instance(call.dtype));
    }
    let given = call.arguments.len();
    let [n, _form] = &*call.arguments else {
        let position = given.min(1);
        return Err(NativeError::Argument { position, expected: "one of two arguments" });
    };
    let to = u32::try_from(scalar::<i32>(n, 0)?).unwrap_or(0);
    let (kept, bytes) = run(Numbers { from: 0, to });
    call.returned = [kept.count, kept.sum].map(|word| Value::Scalar(Scalar::U32(word))).into();
    call.facts.insert("list_bytes", bytes as f64);
    Ok(())
}

fn scalar_kept(numbers: Numbers) -> Kept {
    let mut kept = Kept::default();
    for i in numbers.from..numbers.to {
        if keep(i) {
            kept = kept.and(Kept { count: 1, sum: i });
        }
    }
    kept
}

fn iterator_kept(numbers: Numbers) -> Kept {
    let members = (numbers.from..numbers.to).filter(|&i| keep(i));
    members.fold(Kept::default(), |kept, i| kept.and(Kept { count: 1, sum: i }))
}

/// The tasks of a range, in order.
fn tasks(numbers: Numbers) -> impl IndexedParallelIterator<Item = Numbers> {
    let count = (numbers.to - numbers.from).div_ceil(NUMBERS_PER_TASK);
    (0..count).into_par_iter().map(move |task| {
        let from = numbers.from + task * NUMBERS_PER_TASK;
        Numbers { from, to: numbers.to.min(from.saturating_add(NUMBERS_PER_TASK)) }
    })
}

/// Tasks on the current pool.
fn over_threads(numbers: Numbers, kept: fn(Numbers) -> Kept) -> Kept {
    tasks(numbers).map(kept).reduce(Kept::default, Kept::and)
}
