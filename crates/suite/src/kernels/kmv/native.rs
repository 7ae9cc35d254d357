//! K minimum values in Rust: everything sorted, an ordered set, and only what can matter sorted.

mod buckets;
mod shown;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};
use crossover_values::{DType, Scalar, Value};
use rayon::prelude::*;

use crate::arguments::{array_mut, scalar};
use crate::decimal_keys;

/// Turns the order of signed numbers into that of unsigned ones.
const SIGN: u32 = 1 << 31;

/// Keys hashed at once: their hashes stay in the first cache.
const BATCH: usize = 2_048;

/// Keys of one parallel task at least.
const KEYS_PER_TASK: u32 = 1 << 14;

pub(crate) const CODE: KernelCode =
    KernelCode::new(VARIANTS).with_estimates(shown::ESTIMATES).with_charts(shown::CHARTS);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact("scalar", "all hashes, sorted", |call| run(call, sort_all)),
    NativeVariant::exact("ordered_set", "ladder: the smallest so far in an ordered set", |call| {
        run(call, ordered_set)
    }),
    NativeVariant::exact("limit", "ladder: only hashes below a limit are sorted", |call| {
        run(call, |n, k| below_limit(n, k, keys_below, |hashes, _| hashes.sort_unstable()))
    }),
    NativeVariant::exact("simd", "many hashes at once, those below a limit in buckets", |call| {
        run(call, |n, k| below_limit(n, k, batches_below, buckets::sort))
    }),
    NativeVariant::exact("threads", "the limit, keys and the sort over threads", |call| {
        run(call, |n, k| {
            let collect = |keys, limit| over_tasks(keys, limit, keys_below);
            below_limit(n, k, collect, |hashes, _| hashes.par_sort_unstable())
        })
    })
    .threaded(),
    NativeVariant::exact(
        "simd_threads",
        "many hashes at once, keys and buckets over threads",
        |call| {
            run(call, |n, k| {
                let collect = |keys, limit| over_tasks(keys, limit, batches_below);
                below_limit(n, k, collect, buckets::sort_threaded)
            })
        },
    )
    .threaded(),
];

/// A range of keys by index.
type Keys = std::ops::Range<u32>;

/// Runs `smallest` and writes what it gives: the k smallest different hashes, ascending, with their
/// signs turned.
fn run(
    call: &mut NativeCall<'_>,
    smallest: impl FnOnce(u32, usize) -> Vec<u32>,
) -> Result<(), NativeError> {
    if call.dtype != DType::U32 {
        return Err(NativeError::Instance(call.dtype));
    }
    let given = call.arguments.len();
    let [kept, n] = &mut *call.arguments else {
        let position = given.min(1);
        return Err(NativeError::Argument { position, expected: "one of two arguments" });
    };
    let kept = array_mut::<i32>(kept, 0)?;
    let n = u32::try_from(scalar::<i32>(n, 1)?).unwrap_or(0);
    let hashes = smallest(n, kept.len());
    if kept.len() < 2 || hashes.len() != kept.len() {
        let (k, different) = (kept.len(), hashes.len());
        let text = format!("{different} different hashes are too few for the {k} smallest");
        return Err(NativeError::Refused(text));
    }
    for (kept, hash) in kept.iter_mut().zip(&hashes) {
        *kept = (hash ^ SIGN) as i32;
    }
    let estimate = (kept.len() - 1) as f32 * 4_294_967_296.0 / hashes[kept.len() - 2] as f32;
    call.returned = vec![Value::Scalar(Scalar::F32(estimate))];
    Ok(())
}

fn order(key: u32) -> u32 {
    decimal_keys::hash(key, 0) ^ SIGN
}

fn sort_all(n: u32, k: usize) -> Vec<u32> {
    let mut hashes: Vec<u32> = (0..n).map(order).collect();
    hashes.sort_unstable();
    hashes.dedup();
    hashes.truncate(k);
    hashes
}

fn ordered_set(n: u32, k: usize) -> Vec<u32> {
    let mut smallest = BTreeSet::new();
    for hash in (0..n).map(order) {
        if smallest.len() < k {
            smallest.insert(hash);
        } else if smallest.last().is_some_and(|&last| hash < last) && smallest.insert(hash) {
            smallest.pop_last();
        }
    }
    smallest.into_iter().collect()
}

/// Hashes are spread evenly, so the k smallest lie below about k/n of their range, with a margin.
/// Should it ever be too small, the limit grows and all is done again.
fn below_limit(
    n: u32,
    k: usize,
    collect: impl Fn(Keys, u32) -> Vec<u32>,
    sort: impl Fn(&mut Vec<u32>, u32),
) -> Vec<u32> {
    let wanted = (k + k / 4 + 64) as u32;
    let mut limit = if wanted < n { u32::MAX / n * wanted } else { u32::MAX };
    loop {
        let mut hashes = collect(0..n, limit);
        sort(&mut hashes, limit);
        hashes.dedup();
        hashes.truncate(k);
        if hashes.len() == k || limit == u32::MAX {
            return hashes;
        }
        limit = limit.saturating_mul(2);
    }
}

fn keys_below(keys: Keys, limit: u32) -> Vec<u32> {
    keys.map(order).filter(|&hash| hash <= limit).collect()
}

/// Hashes that may be below the limit are written one behind the other without a branch: which are
/// is random, and a branch would be mispredicted.
fn batches_below(keys: Keys, limit: u32) -> Vec<u32> {
    let share = f64::from(limit) / f64::from(u32::MAX);
    let expected = (f64::from(keys.end - keys.start) * share * 1.1) as usize + 2 * BATCH;
    let mut below: Vec<u32> = Vec::with_capacity(expected);
    let (mut hashes, mut passed) = ([0; BATCH], [0; BATCH]);
    for first in keys.clone().step_by(BATCH) {
        let batch = &mut hashes[..BATCH.min((keys.end - first) as usize)];
        decimal_keys::hashes(first, 0, batch);
        let mut count = 0;
        for &hash in &*batch {
            let hash = hash ^ SIGN;
            passed[count] = hash;
            count += usize::from(hash <= limit);
        }
        below.extend_from_slice(&passed[..count]);
    }
    below
}

/// A range of keys over tasks, what they collect one behind the other.
fn over_tasks(keys: Keys, limit: u32, collect: fn(Keys, u32) -> Vec<u32>) -> Vec<u32> {
    let wanted = 4 * rayon::current_num_threads() as u32;
    let share = keys.end.div_ceil(wanted).max(KEYS_PER_TASK);
    let task = |task: u32| {
        let from = task * share;
        collect(from..keys.end.min(from.saturating_add(share)), limit)
    };
    let parts: Vec<Vec<u32>> = (0..keys.end.div_ceil(share)).into_par_iter().map(task).collect();
    parts.concat()
}
