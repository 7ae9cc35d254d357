//! Sums of sines in Rust: the written-out sine term by term, with one block per lane, over threads;
//! and the library's sine.

mod simd;
#[cfg(test)]
mod tests;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};
use crossover_values::Value;
use rayon::prelude::*;

use crate::arguments::{Real, array_mut, by_instance, scalar};

/// Terms of a block, as in the reference.
const BLOCK: u32 = 2048;

/// 2^64 / (2 pi): i times it, modulo 2^64, is the angle i as a fraction of a turn.
const TURN: u64 = 0x28BE_60DB_9391_054A;

/// (-1)^k (pi/2)^(2k+1) / (2k+1)!
const COEFFICIENTS: [f64; 12] = [
    std::f64::consts::FRAC_PI_2,
    -0.645_964_097_506_246_3,
    0.079_692_626_246_167_05,
    -0.004_681_754_135_318_688,
    1.604_411_847_873_598_2e-4,
    -3.598_843_235_212_085e-6,
    5.692_172_921_967_927e-8,
    -6.688_035_109_811_467e-10,
    6.066_935_731_106_196e-12,
    -4.377_065_467_313_742e-14,
    2.571_422_892_860_474e-16,
    -1.253_899_540_535_457_7e-18,
];

/// Coefficients that f32 has digits for.
const SHORT: usize = 8;

pub(crate) const CODE: KernelCode = KernelCode::new(VARIANTS);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact("scalar", "the sine written out, term by term", |call| {
        by_instance!(
            call,
            run::<f32>(call, in_turn(terms(sine_f32)))?,
            run::<f64>(call, in_turn(terms(sine_f64)))?
        )
    }),
    NativeVariant::exact("simd", "one block per lane, several vectors in flight", |call| {
        by_instance!(
            call,
            run::<f32>(call, in_turn(simd::blocks_f32))?,
            run::<f64>(call, in_turn(simd::blocks_f64))?
        )
    }),
    NativeVariant::exact("threads", "term by term, blocks over threads", |call| {
        by_instance!(
            call,
            run::<f32>(call, over_threads(terms(sine_f32)))?,
            run::<f64>(call, over_threads(terms(sine_f64)))?
        )
    })
    .threaded(),
    NativeVariant::exact("simd_threads", "blocks as lanes, over threads", |call| {
        by_instance!(
            call,
            run::<f32>(call, over_threads(simd::blocks_f32))?,
            run::<f64>(call, over_threads(simd::blocks_f64))?
        )
    })
    .threaded(),
    NativeVariant::exact(
        "library",
        "the library's sine, which reduces its argument itself",
        |call| {
            let sine = |i: u32| f64::from(i).sin();
            by_instance!(
                call,
                run::<f32>(call, in_turn(terms(move |i| sine(i) as f32)))?,
                run::<f64>(call, in_turn(terms(sine)))?
            )
        },
    )
    .bounded(),
];

/// Blocks of the sum that stand side by side.
struct Blocks<'a, T> {
    /// One sum each, to be filled.
    sums: &'a mut [T],
    /// Which block the first is.
    first: usize,
    /// Terms of the whole sum.
    n: u32,
}

impl<T> Blocks<'_, T> {
    /// The terms of a block, by its place here.
    fn terms(&self, place: usize) -> std::ops::Range<u32> {
        let from = (self.first + place) as u32 * BLOCK;
        from.min(self.n)..self.n.min(from.saturating_add(BLOCK))
    }
}

/// Fills blocks term by term.
fn terms<T: Real>(sine: impl Fn(u32) -> T + Sync) -> impl Fn(Blocks<'_, T>) + Sync {
    move |blocks| {
        for place in 0..blocks.sums.len() {
            blocks.sums[place] = blocks.terms(place).fold(T::from_f64(0.0), |sum, i| sum + sine(i));
        }
    }
}

/// The angle of a term, folded to between minus and plus a quarter turn, in 2^-64 turns.
fn folded(phase: u64) -> u64 {
    let other = phase.wrapping_add(1 << 62) >> 63 != 0;
    if other { phase ^ (u64::MAX >> 1) } else { phase }
}

fn sine_f32(i: u32) -> f32 {
    let folded = folded(u64::from(i).wrapping_mul(TURN));
    let x = ((folded >> 32) as i32) as f32 * (1.0 / 1_073_741_824.0);
    let s = x * x;
    let sum = COEFFICIENTS[..SHORT].iter().rev();
    x * sum.fold(0.0, |sum, &coefficient| coefficient as f32 + s * sum)
}

fn sine_f64(i: u32) -> f64 {
    let folded = folded(u64::from(i).wrapping_mul(TURN));
    let (high, low) = ((folded >> 32) as i32, folded as u32);
    let whole = f64::from(high) + f64::from(low) * (1.0 / 4_294_967_296.0);
    let x = whole * (1.0 / 1_073_741_824.0);
    let s = x * x;
    x * COEFFICIENTS.iter().rev().fold(0.0, |sum, &coefficient| coefficient + s * sum)
}

/// Runs a way to fill blocks and adds them up.
fn run<T: Real>(
    call: &mut NativeCall<'_>,
    fill: impl FnOnce(Blocks<'_, T>),
) -> Result<(), NativeError> {
    let given = call.arguments.len();
    let [blocks, n] = &mut *call.arguments else {
        let position = given.min(1);
        return Err(NativeError::Argument { position, expected: "one of two arguments" });
    };
    let n = u32::try_from(scalar::<i32>(n, 1)?).unwrap_or(0);
    let sums = array_mut::<T>(blocks, 0)?;
    fill(Blocks { sums, first: 0, n });
    let total = ordered(array_mut::<T>(blocks, 0)?);
    call.returned = vec![Value::Scalar(total.into_scalar())];
    Ok(())
}

/// All blocks here.
fn in_turn<T: Real>(fill: impl Fn(Blocks<'_, T>) + Sync) -> impl FnOnce(Blocks<'_, T>) {
    move |blocks| fill(blocks)
}

/// Blocks of one task: enough for two vectors of f32 lanes, under a millisecond.
const BLOCKS_PER_TASK: usize = 32;

/// Blocks over the current pool.
fn over_threads<T: Real>(fill: impl Fn(Blocks<'_, T>) + Sync) -> impl FnOnce(Blocks<'_, T>) {
    move |blocks| {
        let n = blocks.n;
        let tasks = blocks.sums.par_chunks_mut(BLOCKS_PER_TASK).enumerate();
        tasks.for_each(|(task, sums)| fill(Blocks { sums, first: task * BLOCKS_PER_TASK, n }));
    }
}

/// The sum in the order that the language gives a sum over a prange.
fn ordered<T: Real>(values: &[T]) -> T {
    let of_block = |block: &[T]| {
        let mut partials = [T::from_f64(0.0); 16];
        for (i, &value) in block.iter().enumerate() {
            partials[i % 16] = partials[i % 16] + value;
        }
        for half in [8, 4, 2, 1] {
            for j in 0..half {
                partials[j] = partials[j] + partials[j + half];
            }
        }
        partials[0]
    };
    let mut sums: Vec<T> = values.chunks(4096).map(of_block).collect();
    while sums.len() > 1 {
        let pair = |pair: &[T]| pair.iter().copied().reduce(|a, b| a + b);
        sums = sums.chunks(2).filter_map(pair).collect();
    }
    sums.first().copied().unwrap_or_else(|| T::from_f64(0.0))
}
