//! One block per lane: every lane adds its terms in the order of the plain loop. A term's angle is
//! the one before plus a constant, modulo 2^64, which is the same integer as the product.

use fearless_simd::{Level, dispatch, prelude::*};

use super::{BLOCK, Blocks, COEFFICIENTS, SHORT, TURN, sine_f32, sine_f64};

/// Fills blocks: whole groups of lanes whose terms are all there in vectors, the rest term by
/// term.
macro_rules! blocks {
    ($blocks:ident, $lanes:ident, $real:ty, $reals:ident, $sine:ident, $convert:ident, $from:expr, $coefficients:expr) => {
        pub(super) fn $blocks(blocks: Blocks<'_, $real>) {
            dispatch!(Level::new(), simd => $lanes(simd, blocks));
        }

        #[inline(always)]
        fn $lanes<S: Simd>(simd: S, blocks: Blocks<'_, $real>) {
            // Four vectors of 64-bit angles.
            let width = 4 * S::u64s::LEN;
            let mut place = 0;
            while place + width <= blocks.sums.len()
                && blocks.terms(place + width - 1).len() == BLOCK as usize
            {
                let angle = |vector: usize| {
                    S::u64s::from_fn(simd, |lane| {
                        let from = blocks.terms(place + vector * S::u64s::LEN + lane).start;
                        u64::from(from).wrapping_mul(TURN)
                    })
                };
                let mut angles = [angle(0), angle(1), angle(2), angle(3)];
                let zero = S::$reals::simd_from(simd, 0.0);
                let mut sums = [zero; 4 * size_of::<$real>() / size_of::<u64>()];
                for _ in 0..BLOCK {
                    let x = $convert(simd, angles);
                    for (sum, x) in sums.iter_mut().zip(x) {
                        let s = x * x;
                        let coefficient =
                            |k: usize| S::$reals::simd_from(simd, $from($coefficients[k]));
                        let last = $coefficients.len() - 1;
                        let series = (0..last)
                            .rev()
                            .fold(coefficient(last), |series, k| coefficient(k) + s * series);
                        *sum += x * series;
                    }
                    angles = angles.map(|angle| angle + TURN);
                }
                for (vector, sum) in sums.iter().enumerate() {
                    let at = place + vector * S::$reals::LEN;
                    sum.store_slice(&mut blocks.sums[at..][..S::$reals::LEN]);
                }
                place += width;
            }
            for place in place..blocks.sums.len() {
                blocks.sums[place] = blocks.terms(place).fold(0.0, |sum, i| sum + $sine(i));
            }
        }
    };
}

blocks!(
    blocks_f32,
    lanes_f32,
    f32,
    f32s,
    sine_f32,
    quarters_f32,
    |c: f64| c as f32,
    COEFFICIENTS[..SHORT]
);
blocks!(blocks_f64, lanes_f64, f64, f64s, sine_f64, quarters_f64, |c: f64| c, COEFFICIENTS);

/// Angles in the other half turn become those with the same sine in this one.
#[inline(always)]
fn folded<S: Simd>(simd: S, angle: S::u64s) -> S::u64s {
    let raised = (angle + (1 << 62)).bitcast::<S::i64s>();
    let other = raised.simd_lt(S::i64s::simd_from(simd, 0));
    other.select(angle ^ (u64::MAX >> 1), angle)
}

/// Fractions of a quarter turn.
#[inline(always)]
fn quarters_f32<S: Simd>(simd: S, angles: [S::u64s; 4]) -> [S::f32s; 2] {
    let [a, b, c, d] = angles.map(|angle| folded(simd, angle) >> 32);
    [[a, b], [c, d]].map(|[low, high]| {
        let upper: S::u32s = low.narrow(high);
        upper.bitcast::<S::i32s>().to_float::<S::f32s>() * (1.0 / 1_073_741_824.0)
    })
}

/// Fractions of a quarter turn, by both words. A word becomes an f64 as the lowest bits of 2^52,
/// which is then taken away; a signed one is raised by 2^31 before.
#[inline(always)]
fn quarters_f64<S: Simd>(simd: S, angles: [S::u64s; 4]) -> [S::f64s; 4] {
    const POWER: f64 = 4_503_599_627_370_496.0;
    const SIGN: f64 = 2_147_483_648.0;
    angles.map(|angle| {
        let folded = folded(simd, angle);
        let high = ((folded >> 32) ^ (1 << 31)) | POWER.to_bits();
        let low = (folded & 0xFFFF_FFFF) | POWER.to_bits();
        let high = high.bitcast::<S::f64s>() - (POWER + SIGN);
        let low = low.bitcast::<S::f64s>() - POWER;
        (high + low * (1.0 / 4_294_967_296.0)) * (1.0 / 1_073_741_824.0)
    })
}
