//! Mean and variance from the sums of samples and of their squares. In floats that form cancels;
//! samples here are small whole numbers, so both sums are exact and one rounding is left.

use fearless_simd::{Level, dispatch, prelude::*};

use super::{CENTRE, Day, Stream};
use crate::arguments::Real;
use crate::philox_lanes::keys;

/// Sums over samples raised by the centre.
#[derive(Clone, Copy, Default)]
struct Sums {
    sum: u64,
    squares: u64,
    top: u32,
}

impl Sums {
    fn push(&mut self, raised: u32) {
        self.sum += u64::from(raised);
        self.squares += u64::from(raised).pow(2);
        self.top = self.top.max(raised);
    }
}

pub(super) fn day<T: Real>(stream: &Stream, day: usize) -> Day<T> {
    let Sums { sum, squares, top } = dispatch!(Level::new(), simd => in_lanes(simd, stream, day));
    // n * squares and sum^2 are below 500,000^2 * 6,510^2, which is below 2^64.
    let n = u64::from(stream.samples);
    let spread = n * squares - sum * sum;
    let count = f64::from(stream.samples);
    let mean = (sum as f64 - count * f64::from(CENTRE)) / count;
    let variance = spread as f64 / (count * count);
    Day::decide(T::from_f64(mean), T::from_f64(variance), top as i32 - CENTRE)
}

/// Pairs of vectors of a step: a draw is a chain of ten products, so several are in flight.
const PAIRS: usize = 2;

/// Loops, not closures: a closure is a function of its own, compiled without the instruction set, and
/// each operation on vectors in it is then a call.
#[inline(always)]
fn in_lanes<S: Simd>(simd: S, stream: &Stream, day: usize) -> Sums {
    let keys = keys(stream.key);
    let (start, half) = (stream.start(day), S::u64s::LEN);
    let mut index = [[S::u64s::simd_from(simd, 0); 2]; PAIRS];
    for (vector, index) in index.as_flattened_mut().iter_mut().enumerate() {
        *index = S::u64s::from_fn(simd, |lane| u64::from(start) + (vector * half + lane) as u64);
    }
    let mut squares = [[S::u64s::simd_from(simd, 0); 2]; PAIRS];
    // A lane adds at most 500,000 / 4 values of at most 6,510: that fits 32 bits.
    let mut sums = S::u32s::simd_from(simd, 0);
    let mut tops = S::u32s::simd_from(simd, 0);
    let width = (PAIRS * 2 * half) as u32;
    let steps = stream.samples / width;
    for _ in 0..steps {
        for pair in 0..PAIRS {
            let [low, high] = index[pair];
            let low = super::simd::raised(simd, low, &keys);
            let high = super::simd::raised(simd, high, &keys);
            squares[pair] = [squares[pair][0] + low * low, squares[pair][1] + high * high];
            let together: S::u32s = low.narrow(high);
            sums += together;
            tops = tops.max(together);
        }
        for index in index.as_flattened_mut() {
            *index += u64::from(width);
        }
    }
    let mut all = Sums {
        sum: sums.as_slice().iter().map(|&sum| u64::from(sum)).sum(),
        squares: squares.as_flattened().iter().flat_map(|v| v.as_slice().to_vec()).sum(),
        top: tops.reduce_max(),
    };
    for s in steps * width..stream.samples {
        all.push((stream.sample(start.wrapping_add(s)) + CENTRE) as u32);
    }
    all
}
