//! Primes of a range in Rust: the plain loop, and a ladder to the right algorithm.
//!
//! Every variant decides each number by itself, so all of them give the bits of the reference.
//! They differ in how a division is done (an instruction, a product, a vector of products), in the
//! divisors (odd numbers, primes), and in who takes which numbers.

mod divisors;
mod number;
mod queue;
mod sieve;
mod simd;
#[cfg(test)]
mod tests;

use std::ops::AddAssign;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};
use crossover_values::{DType, Scalar, Value};

use self::divisors::Divisors;
use self::number::Number;
use self::queue::{Order, Queue};
use crate::arguments::scalar;

/// Runs a form that is generic in the number's type for the instance of a call.
macro_rules! by_width {
    ($call:expr, $form:expr) => {
        match $call.dtype {
            DType::U32 => run::<u32>($call, $form),
            DType::U64 => run::<u64>($call, $form),
            other => Err(NativeError::Instance(other)),
        }
    };
}

pub(crate) const CODE: KernelCode = KernelCode::new(VARIANTS);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact(
        "scalar",
        "plain loop over odd divisors, one number after the other",
        |call| by_width!(call, plain),
    ),
    NativeVariant::exact(
        "threads",
        "the plain loop, pieces from a queue that threads share",
        |call| by_width!(call, plain_threads),
    )
    .threaded(),
    NativeVariant::exact(
        "products",
        "ladder: a product with the inverse instead of a division",
        |call| by_width!(call, products),
    ),
    NativeVariant::exact(
        "primes",
        "ladder: products, by the primes among the divisors only",
        |call| by_width!(call, primes),
    ),
    NativeVariant::exact("simd", "odd divisors, a vector of them at a time", |call| {
        by_width!(call, simd_odd)
    }),
    NativeVariant::exact(
        "simd_primes",
        "the primes among the divisors, a vector of them at a time",
        |call| by_width!(call, simd_primes),
    ),
    NativeVariant::exact("simd_threads", "simd_primes, pieces from the queue", |call| {
        by_width!(call, simd_threads)
    })
    .threaded(),
    NativeVariant::exact("sieve", "ladder: the right algorithm, which does not divide", |call| {
        by_width!(call, sieve::count)
    }),
];

/// Numbers first, first + 1, …, last, and how they are handed out.
#[derive(Clone, Copy, Debug)]
struct Range<N> {
    first: N,
    last: N,
    queue: Queue,
}

/// What is known of a part of the range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    found: u32,
    sum: u64,
    /// Tests of a number by a divisor.
    divisions: u64,
}

impl Tally {
    fn add_prime(&mut self, n: u64) {
        self.found += 1;
        self.sum = self.sum.wrapping_add(n);
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.found += other.found;
        self.sum = self.sum.wrapping_add(other.sum);
        self.divisions += other.divisions;
    }
}

fn run<N: Number>(
    call: &mut NativeCall<'_>,
    count: impl FnOnce(Range<N>) -> Tally,
) -> Result<(), NativeError> {
    let given = call.arguments.len();
    let [first, last] = &*call.arguments else {
        let position = given.min(1);
        return Err(NativeError::Argument { position, expected: "one of two arguments" });
    };
    let queue = Queue {
        chunk: (call.parameter("chunk")? as u64).max(1),
        order: Order::of(call.parameter("order")?),
    };
    let range = Range { first: scalar(first, 0)?, last: scalar(last, 1)?, queue };
    if range.first > range.last {
        return Err(NativeError::Refused("the range ends before it begins".to_owned()));
    }
    let tally = count(range);
    // A sieve does not divide, and says nothing about it.
    if tally.divisions > 0 {
        call.facts.insert("divisions", tally.divisions as f64);
    }
    let result = [Scalar::U32(tally.found), Scalar::U64(tally.sum)];
    call.returned = result.map(Value::Scalar).to_vec();
    Ok(())
}

/// The plain loop over the numbers from `first` to `last`.
fn plain_part<N: Number>(first: N, last: N) -> Tally {
    let mut tally = Tally::default();
    let mut n = first;
    loop {
        let (prime, divisions) = n.is_prime();
        if prime {
            tally.add_prime(n.to_u64());
        }
        tally.divisions += divisions;
        if n == last {
            return tally;
        }
        n = n.next();
    }
}

fn plain<N: Number>(range: Range<N>) -> Tally {
    plain_part(range.first, range.last)
}

fn plain_threads<N: Number>(range: Range<N>) -> Tally {
    queue::share(range, plain_part)
}

fn products<N: Number>(range: Range<N>) -> Tally {
    let divisors = Divisors::odd(range.last);
    divisors.tally(range.first, range.last, Divisors::products)
}

fn primes<N: Number>(range: Range<N>) -> Tally {
    let divisors = Divisors::primes(range.last);
    divisors.tally(range.first, range.last, Divisors::products)
}

fn simd_odd<N: Number>(range: Range<N>) -> Tally {
    N::simd_tally(&Divisors::odd(range.last), range.first, range.last)
}

fn simd_primes<N: Number>(range: Range<N>) -> Tally {
    N::simd_tally(&Divisors::primes(range.last), range.first, range.last)
}

fn simd_threads<N: Number>(range: Range<N>) -> Tally {
    let divisors = Divisors::primes(range.last);
    queue::share(range, |first, last| N::simd_tally(&divisors, first, last))
}
