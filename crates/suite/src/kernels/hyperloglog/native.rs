//! HyperLogLog in Rust: one key after the other, many hashes at once, private registers per task.
//!
//! A maximum does not depend on the order of the keys, so every variant ends with the same
//! registers, and the estimate is made of them by the same function.

mod shown;
#[cfg(test)]
mod tests;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};
use crossover_values::{DType, Scalar, Value};
use rayon::prelude::*;

use crate::arguments::{array_mut, scalar};
use crate::decimal_keys;

/// Ranks: 0 for an empty register, then 1 to 32.
const RANKS: usize = 33;

/// Keys hashed before their registers are raised: their hashes stay in the first cache.
const BATCH: usize = 2_048;

/// Keys of one parallel task at least: below it, clearing and joining registers costs more.
const KEYS_PER_TASK: u32 = 1 << 15;

pub(crate) const CODE: KernelCode =
    KernelCode::new(VARIANTS).with_estimates(shown::ESTIMATES).with_charts(shown::CHARTS);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact("scalar", "one key after the other", |call| {
        run(call, |keys, p| one_task(keys, p, raise_one_by_one))
    }),
    NativeVariant::exact("simd", "hashes of many keys at once, registers of one byte", |call| {
        run(call, |keys, p| one_task(keys, p, raise_batches))
    }),
    NativeVariant::exact("threads", "the plain loop, private registers per task", |call| {
        run(call, |keys, p| tasks(keys, p, raise_one_by_one))
    })
    .threaded(),
    NativeVariant::exact("simd_threads", "both", |call| {
        run(call, |keys, p| tasks(keys, p, raise_batches))
    })
    .threaded(),
];

/// A range of keys by index.
type Keys = std::ops::Range<u32>;

/// Raises registers by the keys of a range.
type Raise = fn(&mut [u8], Keys, u32);

/// Fills the registers by `fill`, counts their ranks and returns the estimate.
fn run(
    call: &mut NativeCall<'_>,
    fill: impl FnOnce(Keys, u32) -> Vec<u8>,
) -> Result<(), NativeError> {
    if call.dtype != DType::U32 {
        return Err(NativeError::Instance(call.dtype));
    }
    let given = call.arguments.len();
    let [registers, ranks, n, p] = &mut *call.arguments else {
        let position = given.min(3);
        return Err(NativeError::Argument { position, expected: "one of four arguments" });
    };
    let registers = array_mut::<u32>(registers, 0)?;
    let ranks = array_mut::<u32>(ranks, 1)?;
    let n = u32::try_from(scalar::<i32>(n, 2)?).unwrap_or(0);
    let p = scalar::<u32>(p, 3)?;
    if p > 16 || registers.len() != 1 << p {
        return Err(NativeError::Argument { position: 0, expected: "an array of 2^p registers" });
    }
    if ranks.len() != RANKS {
        return Err(NativeError::Argument { position: 1, expected: "an array of 33 ranks" });
    }
    ranks.fill(0);
    for (register, rank) in registers.iter_mut().zip(fill(0..n, p)) {
        *register = u32::from(rank);
        ranks[usize::from(rank)] += 1;
    }
    let estimate = estimate(ranks, registers.len() as f32);
    call.returned = vec![Value::Scalar(Scalar::F32(estimate))];
    Ok(())
}

/// The rank of what is left of a hash: the place of its lowest set bit, from 1.
#[inline(always)]
fn rank(rest: u32) -> u8 {
    if rest == 0 { 32 } else { rest.trailing_zeros() as u8 + 1 }
}

#[inline(always)]
fn raise(registers: &mut [u8], hash: u32, p: u32) {
    let mask = registers.len() - 1;
    let register = &mut registers[hash as usize & mask];
    *register = rank(hash >> p).max(*register);
}

fn raise_one_by_one(registers: &mut [u8], keys: Keys, p: u32) {
    for key in keys {
        raise(registers, decimal_keys::hash(key, 0), p);
    }
}

fn raise_batches(registers: &mut [u8], keys: Keys, p: u32) {
    let mut hashes = [0; BATCH];
    for first in keys.clone().step_by(BATCH) {
        let batch = &mut hashes[..BATCH.min((keys.end - first) as usize)];
        decimal_keys::hashes(first, 0, batch);
        for &hash in &*batch {
            raise(registers, hash, p);
        }
    }
}

fn one_task(keys: Keys, p: u32, raise: Raise) -> Vec<u8> {
    let mut registers = vec![0; 1 << p];
    raise(&mut registers, keys, p);
    registers
}

/// Private registers per task, a few tasks per thread, joined by their maxima.
fn tasks(keys: Keys, p: u32, raise: Raise) -> Vec<u8> {
    let wanted = 4 * rayon::current_num_threads() as u32;
    let share = keys.end.div_ceil(wanted).max(KEYS_PER_TASK);
    let task = |task: u32| {
        let from = task * share;
        one_task(from..keys.end.min(from.saturating_add(share)), p, raise)
    };
    let join = |mut a: Vec<u8>, b: Vec<u8>| {
        a.iter_mut().zip(b).for_each(|(a, b)| *a = b.max(*a));
        a
    };
    let all = (0..keys.end.div_ceil(share)).into_par_iter().map(task);
    all.reduce_with(join).unwrap_or_else(|| vec![0; 1 << p])
}

/// The estimate in f32, in the order of the reference.
fn estimate(ranks: &[u32], m: f32) -> f32 {
    let (mut harmonic, mut weight) = (0.0, 1.0);
    for &count in ranks {
        harmonic += count as f32 * weight;
        weight *= 0.5;
    }
    let raw = 0.7213 / (1.0 + 1.079 / m) * m * m / harmonic;
    if raw <= 2.5 * m && ranks[0] > 0 { m * libm::logf(m / ranks[0] as f32) } else { raw }
}
