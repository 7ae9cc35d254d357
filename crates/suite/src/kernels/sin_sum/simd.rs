//! One block per lane: every lane adds its terms in the order of the plain loop. A term's angle is
//! the one before plus a constant, modulo 2^64, which is the same integer as the product.
//!
//! Vectors of one step go through the polynomial together, so that no product waits for the one before
//! it. Loops, not closures: a closure is a function of its own, compiled without the instruction set,
//! and each operation on vectors in it is then a call.

use fearless_simd::{Level, dispatch, prelude::*};

use super::{BLOCK, Blocks, COEFFICIENTS, SHORT, TURN, sine_f32, sine_f64};

/// Vectors of 64-bit angles in a step.
const ANGLES: usize = 4;

/// Fills blocks: whole groups of lanes whose terms are all there in vectors, the rest term by
/// term.
macro_rules! blocks {
    ($blocks:ident, $lanes:ident, $real:ty, $reals:ident, $sine:ident, $convert:ident, $from:expr, $terms:expr) => {
        pub(super) fn $blocks(blocks: Blocks<'_, $real>) {
            dispatch!(Level::new(), simd => $lanes(simd, blocks));
        }

        #[inline(always)]
        fn $lanes<S: Simd>(simd: S, blocks: Blocks<'_, $real>) {
            const VECTORS: usize = ANGLES * size_of::<$real>() / size_of::<u64>();
            let width = ANGLES * S::u64s::LEN;
            let last = S::$reals::simd_from(simd, $from(COEFFICIENTS[$terms - 1]));
            let mut place = 0;
            while place + width <= blocks.sums.len()
                && blocks.terms(place + width - 1).len() == BLOCK as usize
            {
                let mut angles = [S::u64s::simd_from(simd, 0); ANGLES];
                for (vector, angles) in angles.iter_mut().enumerate() {
                    let first = blocks.terms(place + vector * S::u64s::LEN).start;
                    *angles = first_angles(simd, first);
                }
                let zero = S::$reals::simd_from(simd, 0.0);
                let mut sums = [zero; VECTORS];
                for _ in 0..BLOCK {
                    let x: [S::$reals; VECTORS] = $convert(simd, &angles);
                    let (mut squares, mut series) = ([zero; VECTORS], [last; VECTORS]);
                    for v in 0..VECTORS {
                        squares[v] = x[v] * x[v];
                    }
                    for k in (0..$terms - 1).rev() {
                        let coefficient = S::$reals::simd_from(simd, $from(COEFFICIENTS[k]));
                        for v in 0..VECTORS {
                            series[v] = coefficient + squares[v] * series[v];
                        }
                    }
                    for v in 0..VECTORS {
                        sums[v] += x[v] * series[v];
                    }
                    for angles in &mut angles {
                        *angles += TURN;
                    }
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

blocks!(blocks_f32, lanes_f32, f32, f32s, sine_f32, quarters_f32, |c: f64| c as f32, SHORT);
blocks!(blocks_f64, lanes_f64, f64, f64s, sine_f64, quarters_f64, |c: f64| c, COEFFICIENTS.len());

/// The angles of the terms that whole blocks begin with, from term `first` on.
#[inline(always)]
fn first_angles<S: Simd>(simd: S, first: u32) -> S::u64s {
    S::u64s::from_fn(simd, |lane| u64::from(first + lane as u32 * BLOCK).wrapping_mul(TURN))
}

/// Fractions of a quarter turn. Angles in the other half turn become those with the same sine in this
/// one, for which the upper words are enough.
#[inline(always)]
fn quarters_f32<S: Simd>(simd: S, angles: &[S::u64s; ANGLES]) -> [S::f32s; ANGLES / 2] {
    let mut quarters = [S::f32s::simd_from(simd, 0.0); ANGLES / 2];
    for v in 0..ANGLES / 2 {
        let upper: S::u32s = (angles[2 * v] >> 32).narrow(angles[2 * v + 1] >> 32);
        let other = (upper + (1 << 30)).bitcast::<S::i32s>().simd_lt(S::i32s::simd_from(simd, 0));
        let folded = other.select(upper ^ (u32::MAX >> 1), upper);
        quarters[v] = folded.bitcast::<S::i32s>().to_float::<S::f32s>() * (1.0 / 1_073_741_824.0);
    }
    quarters
}

/// Fractions of a quarter turn, by both words. A word becomes an f64 as the lowest bits of 2^52,
/// which is then taken away; a signed one is raised by 2^31 before.
#[inline(always)]
fn quarters_f64<S: Simd>(simd: S, angles: &[S::u64s; ANGLES]) -> [S::f64s; ANGLES] {
    const POWER: f64 = 4_503_599_627_370_496.0;
    const SIGN: f64 = 2_147_483_648.0;
    let mut quarters = [S::f64s::simd_from(simd, 0.0); ANGLES];
    for v in 0..ANGLES {
        let raised = (angles[v] + (1 << 62)).bitcast::<S::i64s>();
        let other = raised.simd_lt(S::i64s::simd_from(simd, 0));
        let folded: S::u64s = other.select(angles[v] ^ (u64::MAX >> 1), angles[v]);
        let high = ((folded >> 32) ^ (1 << 31)) | POWER.to_bits();
        let low = (folded & 0xFFFF_FFFF) | POWER.to_bits();
        let high = high.bitcast::<S::f64s>() - (POWER + SIGN);
        let low = low.bitcast::<S::f64s>() - POWER;
        quarters[v] = (high + low * (1.0 / 4_294_967_296.0)) * (1.0 / 1_073_741_824.0);
    }
    quarters
}
