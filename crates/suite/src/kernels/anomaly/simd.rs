//! Welford's updates with one chunk of the day per lane: every lane does what the plain loop does
//! with its chunk, so the bits stay. Samples are drawn in two vectors of 64-bit lanes at a time,
//! which are one vector of f32 or two of f64.

use fearless_simd::{Level, dispatch, prelude::*};

use super::{CENTRE, CHUNKS, Day, Moments, SPIKE, SPIKE_PERIOD, Stream};
use crate::philox_lanes::{Keys, keys, words};

/// An even number divides iff its odd part and its power of two do: 604,800 = 4,725 * 2^7.
const ODD_PART: u32 = SPIKE_PERIOD >> 7;

/// The inverse of the odd part modulo 2^32: a product with it is the quotient where it divides,
/// and larger than any quotient elsewhere.
const INVERSE: u64 = inverse(ODD_PART) as u64;

/// By Newton's iteration: five steps double the three bits that an odd number is its own inverse
/// in to more than 32.
const fn inverse(odd: u32) -> u32 {
    let mut x = odd;
    let mut step = 0;
    while step < 5 {
        x = x.wrapping_mul(2_u32.wrapping_sub(odd.wrapping_mul(x)));
        step += 1;
    }
    x
}

/// The samples of these indices, each plus the centre, so that none is negative.
#[inline(always)]
pub(super) fn raised<S: Simd>(simd: S, index: S::u64s, keys: &Keys) -> S::u64s {
    let (w0, w1) = words(simd, index, keys);
    let pairs = (w0 & 0x00FF_00FF) + ((w0 >> 8) & 0x00FF_00FF);
    let sum = (pairs & 0xFFFF) + (pairs >> 16);
    let quotient = (w1 * INVERSE) & 0xFFFF_FFFF;
    let most = S::u64s::simd_from(simd, u64::from(u32::MAX / ODD_PART));
    let even = (w1 & 0x7F).simd_eq(S::u64s::simd_from(simd, 0));
    let spike = even & quotient.simd_le(most);
    spike.select(S::u64s::simd_from(simd, (SPIKE + CENTRE) as u64), sum)
}

macro_rules! day {
    ($day:ident, $lanes:ident, $group:ident, $real:ty, $reals:ident, $vectors:literal, $convert:expr) => {
        pub(super) fn $day(stream: &Stream, day: usize) -> Day<$real> {
            dispatch!(Level::new(), simd => $lanes(simd, stream, day))
        }

        #[inline(always)]
        fn $lanes<S: Simd>(simd: S, stream: &Stream, day: usize) -> Day<$real> {
            let mut chunks = [Moments::none(); CHUNKS];
            let width = 2 * S::u64s::LEN;
            for (group, moments) in chunks.chunks_mut(width).enumerate() {
                $group(simd, stream, stream.start(day), group * width, moments);
            }
            Day::merged(chunks)
        }

        /// The chunks from `first` on, one per lane.
        #[inline(always)]
        fn $group<S: Simd>(
            simd: S,
            stream: &Stream,
            start: u32,
            first: usize,
            moments: &mut [Moments<$real>],
        ) {
            let keys = keys(stream.key);
            let half = S::u64s::LEN;
            let begin = |chunk: usize| start.wrapping_add(stream.chunk(chunk));
            let length = |chunk: usize| stream.chunk(chunk + 1) - stream.chunk(chunk);
            let chunks = first..first + moments.len();
            let steps = chunks.clone().map(length).min().unwrap_or(0);
            let indices = |offset: usize| {
                S::u64s::from_fn(simd, |lane| u64::from(begin(first + offset + lane)))
            };
            let mut index = [indices(0), indices(half)];
            let zero = S::$reals::simd_from(simd, 0.0);
            let (mut mean, mut squares) = ([zero; $vectors], [zero; $vectors]);
            let mut top = [S::$reals::simd_from(simd, -f64::from(CENTRE) as $real); $vectors];
            let mut count: $real = 0.0;
            for _ in 0..steps {
                let drawn = [raised(simd, index[0], &keys), raised(simd, index[1], &keys)];
                let x: [S::$reals; $vectors] = $convert(simd, drawn);
                count += 1.0;
                for v in 0..$vectors {
                    top[v] = top[v].max(x[v]);
                    let delta = x[v] - mean[v];
                    mean[v] += delta / count;
                    squares[v] += delta * (x[v] - mean[v]);
                }
                index = [index[0] + 1, index[1] + 1];
            }
            let len = S::$reals::LEN;
            for ((lane, moments), chunk) in moments.iter_mut().enumerate().zip(chunks) {
                let (v, lane) = (lane / len, lane % len);
                let (mean, squares) = (mean[v][lane], squares[v][lane]);
                *moments = Moments { count, mean, squares, top: top[v][lane] as i32 };
                // Chunks that are one sample longer than the shortest.
                for s in steps..length(chunk) {
                    moments.push(stream.sample(begin(chunk).wrapping_add(s)));
                }
            }
        }
    };
}

day!(day_f32, lanes_f32, group_f32, f32, f32s, 1, one_vector);
day!(day_f64, lanes_f64, group_f64, f64, f64s, 2, two_vectors);

#[inline(always)]
fn one_vector<S: Simd>(_: S, raised: [S::u64s; 2]) -> [S::f32s; 1] {
    let together: S::u32s = raised[0].narrow(raised[1]);
    [together.to_float::<S::f32s>() - CENTRE as f32]
}

/// Small whole numbers become f64 as the lowest bits of 2^52, which is then taken away.
#[inline(always)]
fn two_vectors<S: Simd>(_: S, raised: [S::u64s; 2]) -> [S::f64s; 2] {
    const POWER: f64 = 4_503_599_627_370_496.0;
    raised.map(|raised| {
        let bits = raised | POWER.to_bits();
        bits.bitcast::<S::f64s>() - (POWER + f64::from(CENTRE))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inverse_is_one() {
        assert_eq!(ODD_PART.wrapping_mul(INVERSE as u32), 1);
        assert_eq!(ODD_PART << 7, SPIKE_PERIOD);
        assert_eq!(ODD_PART % 2, 1);
    }
}
