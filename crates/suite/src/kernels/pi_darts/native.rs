//! Darts in Rust: plain loop, one dart per lane, chunks over threads. Integers, so every order of
//! counting gives the same hits.

mod simd;
mod staged;
#[cfg(test)]
mod tests;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};
use crossover_values::{DType, Scalar, Value, philox};
use rayon::prelude::*;

use crate::arguments::scalar;

/// Darts of one parallel task: about a fifth of a millisecond.
const DARTS_PER_TASK: u32 = 1 << 16;

/// 65535 * 65535: the disc's radius squared, in the units of the 16-bit coordinates.
const RADIUS_SQUARED: u32 = 65_535 * 65_535;

pub(crate) const CODE: KernelCode = KernelCode::new(VARIANTS);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact("scalar", "plain loop, one dart after the other", |call| {
        run(call, scalar_hits)
    }),
    NativeVariant::exact("simd", "one dart per lane, several vectors in flight", |call| {
        run(call, simd::hits)
    }),
    NativeVariant::exact("threads", "the plain loop, chunks of darts over threads", |call| {
        run(call, |darts| threaded(darts, scalar_hits))
    })
    .threaded(),
    NativeVariant::exact(
        "simd_threads",
        "one dart per lane, chunks of darts over threads",
        |call| run(call, |darts| threaded(darts, simd::hits)),
    )
    .threaded(),
    NativeVariant::exact(
        "staged",
        "batches of points drawn in lanes, then tested in lanes, both timed",
        staged_variant,
    ),
];

/// Reports beside its hits what drawing the points took, and what testing them.
fn staged_variant(call: &mut NativeCall<'_>) -> Result<(), NativeError> {
    let mut spent = staged::Spent::default();
    run(call, |darts| staged::hits(darts, &mut spent))?;
    call.facts.insert("generation", spent.generation.as_secs_f64());
    call.facts.insert("test", spent.test.as_secs_f64());
    Ok(())
}

/// A range of the stream of a key.
#[derive(Clone, Copy, Debug)]
struct Darts {
    /// First index.
    from: u32,
    /// First index beyond.
    to: u32,
    key: [u32; 2],
}

/// Runs `hits` on the arguments and returns what it gives; a negative n throws no dart.
fn run(call: &mut NativeCall<'_>, hits: impl FnOnce(Darts) -> u32) -> Result<(), NativeError> {
    if call.dtype != DType::U32 {
        return Err(NativeError::Instance(call.dtype));
    }
    let given = call.arguments.len();
    let [n, key_low, key_high] = &*call.arguments else {
        let position = given.min(2);
        return Err(NativeError::Argument { position, expected: "one of three arguments" });
    };
    let to = u32::try_from(scalar::<i32>(n, 0)?).unwrap_or(0);
    let key = [scalar(key_low, 1)?, scalar(key_high, 2)?];
    let hits = hits(Darts { from: 0, to, key });
    call.returned = vec![Value::Scalar(Scalar::U32(hits))];
    Ok(())
}

/// Whether the dart of these random words hits.
fn is_hit(w0: u32, w1: u32) -> bool {
    let (x, y) = (w0 >> 16, w1 >> 16);
    y * y <= RADIUS_SQUARED - x * x
}

fn scalar_hits(darts: Darts) -> u32 {
    let mut hits = 0;
    for index in darts.from..darts.to {
        let [w0, w1, ..] = philox::philox4x32_10([index, 0, 0, 0], darts.key);
        hits += u32::from(is_hit(w0, w1));
    }
    hits
}

/// Counts tasks on the current pool.
fn threaded(darts: Darts, hits: fn(Darts) -> u32) -> u32 {
    let task = |task: u32| {
        let from = task * DARTS_PER_TASK;
        hits(Darts { from, to: darts.to.min(from.saturating_add(DARTS_PER_TASK)), ..darts })
    };
    (0..darts.to.div_ceil(DARTS_PER_TASK)).into_par_iter().map(task).sum()
}
