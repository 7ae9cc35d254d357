//! Counting smallest factors in Rust: by trial division, by a sieve; into one table, several, one
//! shared by atomics, one per task.

mod sieve;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU32, Ordering};

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};
use crossover_values::DType;
use rayon::prelude::*;

use crate::arguments::{array_mut, scalar};

pub(crate) const CODE: KernelCode = KernelCode::new(VARIANTS);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact("scalar", "trial division, one table", |call| {
        run(call, by_division, raised_in_turn)
    }),
    NativeVariant::exact(
        "threads",
        "trial division, a table per task, tasks over threads",
        |call| run(call, by_division_in_tasks, raised_in_private),
    )
    .threaded(),
    NativeVariant::exact(
        "sieve",
        "smallest factors from a sieve in the cache, one table",
        |call| run(call, |bins, n| counted(bins, n, sieve::count_in_one), raised_in_turn),
    ),
    NativeVariant::exact("privatised", "the sieve, four tables in turn", |call| {
        run(call, |bins, n| counted(bins, n, sieve::count_in_four), raised_in_turn)
    }),
    NativeVariant::exact(
        "atomic",
        "the sieve over threads, one table for all, atomic additions",
        |call| run(call, atomically, raised_by_all),
    )
    .threaded(),
    NativeVariant::exact(
        "privatised_threads",
        "the sieve over threads, tables of their own",
        |call| run(call, in_private, raised_in_private),
    )
    .threaded(),
];

/// Runs a way to count and a way to raise the counter.
fn run(
    call: &mut NativeCall<'_>,
    count: impl FnOnce(&mut [u32], u32),
    raise: impl FnOnce(u32, u32) -> u32,
) -> Result<(), NativeError> {
    if call.dtype != DType::U32 {
        return Err(NativeError::Instance(call.dtype));
    }
    let given = call.arguments.len();
    let [bins, counter, n, workers, increments] = &mut *call.arguments else {
        let position = given.min(4);
        return Err(NativeError::Argument { position, expected: "one of five arguments" });
    };
    let number = |value, position| {
        Ok::<u32, NativeError>(u32::try_from(scalar::<i32>(value, position)?).unwrap_or(0))
    };
    // The numbers end below n; here it is the last one.
    let n = number(n, 2)?.saturating_sub(1);
    let (workers, increments) = (number(workers, 3)?, number(increments, 4)?);
    let bins = array_mut::<u32>(bins, 0)?;
    let root = bins.len().saturating_sub(1) as u64;
    if (root + 1).pow(2) <= u64::from(n) {
        return Err(NativeError::Argument { position: 0, expected: "as long as the root of n" });
    }
    let counter = array_mut::<u32>(counter, 1)?;
    let first = NativeError::Argument { position: 1, expected: "an array of one" };
    let counter = counter.first_mut().ok_or(first)?;
    bins.fill(0);
    count(bins, n);
    *counter = raise(workers, increments);
    Ok(())
}

/// The smallest factor of i > 1, or 0 for a prime.
fn smallest_factor(i: u32) -> u32 {
    if i.is_multiple_of(2) {
        return if i > 2 { 2 } else { 0 };
    }
    if i.is_multiple_of(3) {
        return if i > 3 { 3 } else { 0 };
    }
    let mut d = 5;
    while d * d <= i {
        if i.is_multiple_of(d) {
            return d;
        }
        if i.is_multiple_of(d + 2) {
            return d + 2;
        }
        d += 6;
    }
    0
}

fn divide(bins: &mut [u32], from: u32, to: u32) {
    for i in from..to {
        let factor = smallest_factor(i);
        if factor > 0 {
            bins[factor as usize] += 1;
        }
    }
}

fn by_division(bins: &mut [u32], n: u32) {
    divide(bins, 3, n + 1);
}

/// Numbers of one parallel task of trial divisions, some milliseconds, so that its own table costs
/// nothing beside.
const NUMBERS_PER_TASK: u32 = 1 << 16;

fn by_division_in_tasks(bins: &mut [u32], n: u32) {
    let task = |task: u32| {
        let from = task * NUMBERS_PER_TASK;
        let mut own = vec![0; bins.len()];
        divide(&mut own, from.max(3), (from + NUMBERS_PER_TASK).min(n + 1));
        own
    };
    let tasks = (0..n / NUMBERS_PER_TASK + 1).into_par_iter().map(task);
    let sum = tasks.reduce(|| vec![0; bins.len()], added);
    bins.copy_from_slice(&sum);
}

fn added(mut left: Vec<u32>, right: Vec<u32>) -> Vec<u32> {
    left.iter_mut().zip(right).for_each(|(left, right)| *left += right);
    left
}

/// Segments one after the other; what is counted for primes, in bin 0, is dropped.
fn counted(bins: &mut [u32], n: u32, count: impl FnOnce(&mut [u32], &[u16], u32)) {
    let primes = sieve::primes(bins.len());
    count(bins, &primes, n);
    bins[0] = 0;
}

fn atomically(bins: &mut [u32], n: u32) {
    let primes = sieve::primes(bins.len());
    let shared: Vec<AtomicU32> = bins.iter().map(|_| AtomicU32::new(0)).collect();
    (0..sieve::segments(n)).into_par_iter().for_each(|segment| {
        sieve::with_factors(&primes, segment, n, |factors| {
            for &factor in factors.iter().filter(|&&factor| factor > 0) {
                shared[factor as usize].fetch_add(1, Ordering::Relaxed);
            }
        });
    });
    for (bin, shared) in bins.iter_mut().zip(shared) {
        *bin = shared.into_inner();
    }
}

fn in_private(bins: &mut [u32], n: u32) {
    let primes = sieve::primes(bins.len());
    let none = || [(); 4].map(|()| vec![0; bins.len()]);
    let tasks = (0..sieve::segments(n)).into_par_iter().fold(none, |mut own, segment| {
        sieve::with_factors(&primes, segment, n, |factors| sieve::add_to_four(&mut own, factors));
        own
    });
    let one = tasks.flat_map_iter(|own| own).reduce(|| vec![0; bins.len()], added);
    bins.copy_from_slice(&one);
    bins[0] = 0;
}

/// One worker after the other.
fn raised_in_turn(workers: u32, increments: u32) -> u32 {
    let mut counter = 0;
    for _ in 0..workers {
        for _ in 0..increments {
            counter += 1;
        }
    }
    counter
}

/// All workers at one counter.
fn raised_by_all(workers: u32, increments: u32) -> u32 {
    let counter = AtomicU32::new(0);
    (0..workers).into_par_iter().for_each(|_| {
        for _ in 0..increments {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    });
    counter.into_inner()
}

/// Every worker at a counter of its own.
fn raised_in_private(workers: u32, increments: u32) -> u32 {
    (0..workers).into_par_iter().map(|_| raised_in_turn(1, increments)).sum()
}
