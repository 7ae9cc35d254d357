//! A Bloom filter in Rust: one key after the other, many hashes at once, private bits per task.
//!
//! The bits and the counts do not depend on the order of the keys, so every variant gives the same.

mod batch;
mod shown;
mod sizing;
#[cfg(test)]
mod tests;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};
use crossover_values::{DType, Scalar, Value};
use rayon::prelude::*;

use crate::arguments::{array_mut, scalar};
use crate::decimal_keys;

/// Keys of one parallel task at least.
const KEYS_PER_TASK: u32 = 1 << 13;

pub(crate) const CODE: KernelCode =
    KernelCode::new(VARIANTS).with_estimates(shown::ESTIMATES).with_charts(shown::CHARTS);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact("scalar", "one key after the other, a division per place", |call| {
        run(call, &Form { insert: insert_one_by_one, count: count_one_by_one }, one_task)
    }),
    NativeVariant::exact(
        "reciprocal",
        "ladder: a multiplication instead of each division",
        |call| run(call, &Form { insert: batch::insert_keys, count: batch::count_keys }, one_task),
    ),
    NativeVariant::exact("simd", "the same, and hashes of many keys at once", |call| {
        run(call, &BATCHES, one_task)
    }),
    NativeVariant::exact("threads", "the plain loop, private bits per task", |call| {
        run(call, &Form { insert: insert_one_by_one, count: count_one_by_one }, tasks)
    })
    .threaded(),
    NativeVariant::exact("simd_threads", "many hashes at once, private bits per task", |call| {
        run(call, &BATCHES, tasks)
    })
    .threaded(),
];

const BATCHES: Form = Form { insert: batch::insert, count: batch::count };

/// A range of keys by index.
type Keys = std::ops::Range<u32>;

/// Where the bits of a key lie: `hashes` places below `size`, which is not 0.
#[derive(Clone, Copy, Debug)]
struct Places {
    size: u32,
    hashes: u32,
}

/// How keys are put in and how those that are held are counted.
struct Form {
    insert: fn(&mut [u32], Keys, Places),
    count: fn(&[u32], Keys, Places) -> u32,
}

/// What a call counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Found {
    /// Of the keys put in.
    held: u32,
    /// Of as many others.
    others: u32,
}

/// How a form is run over the n keys.
type Run = fn(&Form, &mut [u32], u32, Places) -> Found;

fn run(call: &mut NativeCall<'_>, form: &Form, over: Run) -> Result<(), NativeError> {
    if call.dtype != DType::U32 {
        return Err(NativeError::Instance(call.dtype));
    }
    let given = call.arguments.len();
    let [bits, n, size, hashes] = &mut *call.arguments else {
        let position = given.min(3);
        return Err(NativeError::Argument { position, expected: "one of four arguments" });
    };
    let bits = array_mut::<u32>(bits, 0)?;
    let n = u32::try_from(scalar::<i32>(n, 1)?).unwrap_or(0);
    let places = Places { size: scalar(size, 2)?, hashes: scalar(hashes, 3)? };
    if places.size == 0 || bits.len() != places.size.div_ceil(32) as usize {
        return Err(NativeError::Argument { position: 0, expected: "an array of `size` bits" });
    }
    bits.fill(0);
    let found = over(form, bits, n, places);
    let bits_set = bits.iter().map(|word| word.count_ones()).sum();
    let counts = [bits_set, n - found.held, found.others];
    call.returned = counts.map(|count| Value::Scalar(Scalar::U32(count))).to_vec();
    Ok(())
}

fn one_task(form: &Form, bits: &mut [u32], n: u32, places: Places) -> Found {
    (form.insert)(bits, 0..n, places);
    Found { held: (form.count)(bits, 0..n, places), others: (form.count)(bits, n..2 * n, places) }
}

/// Private bits per thread, joined; then keys are looked up in parallel.
fn tasks(form: &Form, bits: &mut [u32], n: u32, places: Places) -> Found {
    let threads = rayon::current_num_threads() as u32;
    let private = |keys: Keys| {
        let mut own = vec![0; bits.len()];
        (form.insert)(&mut own, keys, places);
        own
    };
    let parts: Vec<Vec<u32>> = shares(0..n, threads).map(private).collect();
    for part in parts {
        bits.iter_mut().zip(part).for_each(|(word, own)| *word |= own);
    }
    let bits = &*bits;
    let count = |keys: Keys| shares(keys, 4 * threads).map(|s| (form.count)(bits, s, places)).sum();
    Found { held: count(0..n), others: count(n..2 * n) }
}

/// A range cut into at most `wanted` parts.
fn shares(keys: Keys, wanted: u32) -> impl ParallelIterator<Item = Keys> {
    let share = (keys.end - keys.start).div_ceil(wanted).max(KEYS_PER_TASK);
    let parts = (keys.end - keys.start).div_ceil(share);
    (0..parts).into_par_iter().map(move |part| {
        let from = keys.start + part * share;
        from..keys.end.min(from.saturating_add(share))
    })
}

fn insert_one_by_one(bits: &mut [u32], keys: Keys, places: Places) {
    for key in keys {
        let [mut h, step] = decimal_keys::hash_pair(key);
        for _ in 0..places.hashes {
            let place = h % places.size;
            bits[place as usize / 32] |= 1 << (place % 32);
            h = h.wrapping_add(step);
        }
    }
}

fn count_one_by_one(bits: &[u32], keys: Keys, places: Places) -> u32 {
    keys.filter(|&key| holds(bits, key, places)).count() as u32
}

fn holds(bits: &[u32], key: u32, places: Places) -> bool {
    let [mut h, step] = decimal_keys::hash_pair(key);
    (0..places.hashes).all(|_| {
        let place = h % places.size;
        h = h.wrapping_add(step);
        bits[place as usize / 32] >> (place % 32) & 1 == 1
    })
}
