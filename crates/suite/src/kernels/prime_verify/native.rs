//! The smallest factor of one number in Rust: division by an instruction or by vectors of
//! reciprocals, alone or split over threads under an exit policy.
//!
//! Odd divisors are counted by k: d = 2k + 3.

mod policy;
mod simd;
mod strong;
#[cfg(test)]
mod tests;

use std::ops::Range;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};
use crossover_values::{Scalar, Value};

use self::policy::{Exit, Policy};
use crate::arguments::scalar;

pub(crate) const CODE: KernelCode = KernelCode::new(VARIANTS);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact("scalar", "plain loop over odd divisors", |call| run(call, alone(plain))),
    NativeVariant::exact(
        "threads",
        "the plain loop, divisors split as the exit policy says",
        |call| run(call, split(plain)),
    )
    .threaded(),
    NativeVariant::exact(
        "simd",
        "a vector of divisors at a time, quotients by division in f64",
        |call| run(call, alone(simd::divided)),
    ),
    NativeVariant::exact(
        "simd_predicted",
        "ladder: quotients of a block of divisors by a polynomial",
        |call| run(call, alone(simd::predicted)),
    ),
    NativeVariant::exact(
        "simd_threads",
        "predicted quotients, split as the exit policy says",
        |call| run(call, split(simd::predicted)),
    )
    .threaded(),
    NativeVariant::exact(
        "strong_test",
        "ladder: Miller-Rabin proves primes, only composites are divided",
        |call| run(call, alone(strong::search)),
    ),
];

/// The first of a range of divisors that divides a number, by k, if there is one.
type Search = fn(n: u64, range: Range<u64>) -> Option<u64>;

/// What was found among all odd divisors, and how many were tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Outcome {
    /// The smallest k whose divisor divides.
    first: Option<u64>,
    divisions: u64,
}

/// The divisor of a k.
fn divisor(k: u64) -> u64 {
    2 * k + 3
}

/// How many odd divisors a number has up to its root.
fn divisors(n: u64) -> u64 {
    (n.isqrt().max(1) - 1) / 2
}

/// Divisions that a search of a range has done when it stops at `first`.
fn done(range: &Range<u64>, first: Option<u64>) -> u64 {
    first.map_or(range.end, |k| k + 1).saturating_sub(range.start)
}

fn run(
    call: &mut NativeCall<'_>,
    search: impl FnOnce(u64, &Exit) -> Outcome,
) -> Result<(), NativeError> {
    let given = call.arguments.len();
    let [high, low, policy, prefix, block] = &*call.arguments else {
        let position = given.min(4);
        return Err(NativeError::Argument { position, expected: "one of five arguments" });
    };
    let n = u64::from(scalar::<u32>(high, 0)?) << 32 | u64::from(scalar::<u32>(low, 1)?);
    let exit = Exit {
        policy: Policy::of(scalar(policy, 2)?),
        prefix: scalar::<u32>(prefix, 3)?.into(),
        block: scalar::<u32>(block, 4)?.max(1).into(),
        poll: (call.parameter("poll")? as u64).max(1),
    };
    let (factor, outcome) = if n.is_multiple_of(2) && n > 2 {
        (2, Outcome::default())
    } else {
        let outcome = search(n, &exit);
        // A divisor up to the root of a number of 64 bits has 32.
        (outcome.first.map_or(0, |k| divisor(k) as u32), outcome)
    };
    let useful = done(&(0..divisors(n)), outcome.first);
    call.facts.insert("divisions", outcome.divisions as f64);
    call.facts.insert("wasted", outcome.divisions.saturating_sub(useful) as f64);
    call.returned = vec![Value::Scalar(Scalar::U32(factor))];
    Ok(())
}

/// All divisors by one worker, who needs no policy.
fn alone(search: Search) -> impl FnOnce(u64, &Exit) -> Outcome {
    move |n, _| {
        let range = 0..divisors(n);
        let first = search(n, range.clone());
        Outcome { first, divisions: done(&range, first) }
    }
}

/// All divisors by the threads of the current pool.
fn split(search: Search) -> impl FnOnce(u64, &Exit) -> Outcome {
    move |n, exit| policy::split(n, exit, search)
}

fn plain(n: u64, range: Range<u64>) -> Option<u64> {
    let mut range = range;
    range.find(|&k| n.is_multiple_of(divisor(k)))
}
