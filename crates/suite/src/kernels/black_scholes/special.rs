//! exp, log of a quotient and the tail of the normal distribution on vectors, of a stated error.
//!
//! exp and log are polynomials that interpolate at Chebyshev nodes (near minimax). The tail is
//! e^(-x^2/2) times a rational function, fitted by weighted least squares to 0.1 u of the tail; all
//! its coefficients are positive, so nothing cancels, and numerator and denominator are two chains
//! that need not wait for each other. All coefficients were computed with 50 digits and rounded once.
//! Errors, tested against `libm` in f64 over the ranges:
//!
//! | function | range | f32 | f64 |
//! |---|---|---|---|
//! | [`exp`] | f32 -87 to 87, f64 -700 to 700 | 2 u relative | 2 u relative |
//! | [`log_quotient`] | normal numbers with a normal quotient | 2 u relative + 1 u absolute | the same |
//! | [`scaled_tail`] times [`exp`] of -x^2/2 | all | 1.5 u absolute | 1.5 u absolute |
//!
//! with u = 2^-23 and 2^-52. That is where products are fused; without it, one u more.

use fearless_simd::{SimdFloatElement, prelude::*};

use crate::lanes::Lanes;

/// The tables of a type.
pub(super) trait Special<S: Simd>: Lanes<S> {
    /// e^r for |r| <= ln(2) / 2, lowest power first.
    const EXP: &'static [Self];
    /// (atanh(s) / s - 1) / s^2 in s^2, for s <= 0.2005.
    const LOG: &'static [Self];
    /// Numerator and denominator of the scaled tail, for x from 0 to [`Special::TAIL_END`].
    const TAIL: [&'static [Self]; 2];
    /// From here on the tail is below a quarter of u.
    const TAIL_END: Self;
    /// Largest argument of [`exp`], and with a minus sign the least.
    const EXP_END: Self;
    /// Upper and lower part of ln(2): the upper times any exponent is exact.
    const LN2: [Self; 2];
    /// 1.5 * 2^p, p the width of the fraction: added, it leaves a number rounded to an integer in
    /// the low bits.
    const ROUNDER: Self;
    /// 2^p + bias, for an exponent placed in the low bits of 2^p.
    const EXPONENT_OFFSET: Self;
    /// Width of the fraction.
    const FRACTION: u32;
    /// Bits of 1, of 2^p, half of a fraction, and all bits but the fraction's.
    const PATTERNS: [<Self as SimdFloatElement>::Bits; 4];
}

impl<S: Simd> Special<S> for f32 {
    const EXP: &'static [f32] =
        &[1.0, 1.0, 0.5, 0.166_664_15, 0.041_666_35, 0.008_375_126, 0.001_394_110_8];
    const LOG: &'static [f32] = &[0.333_333_58, 0.199_893_71, 0.149_824_05];
    const TAIL: [&'static [f32]; 2] = [
        &[0.5, 0.297_784_42, 0.086_465_9, 0.009_936_403_5],
        &[1.0, 1.393_453_4, 0.784_747_66, 0.215_239_42, 0.024_988_19],
    ];
    const TAIL_END: f32 = 5.6;
    const EXP_END: f32 = 87.0;
    const LN2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    const ROUNDER: f32 = 12_582_912.0;
    const EXPONENT_OFFSET: f32 = 8_388_735.0;
    const FRACTION: u32 = 23;
    const PATTERNS: [u32; 4] = [0x3F80_0000, 0x4B00_0000, 0x0040_0000, 0xFF80_0000];
}

impl<S: Simd> Special<S> for f64 {
    const EXP: &'static [f64] = &[
        1.0,
        1.0,
        0.500_000_000_000_001_9,
        0.166_666_666_666_666_8,
        0.041_666_666_666_488_1,
        0.008_333_333_333_319_601,
        0.001_388_888_895_231_477_5,
        0.000_198_412_698_900_471_13,
        2.480_148_548_232_849_4e-05,
        2.755_724_091_857_897e-06,
        2.763_263_963_904_103e-07,
        2.511_003_760_596_377_7e-08,
    ];
    const LOG: &'static [f64] = &[
        0.333_333_333_333_334_76,
        0.199_999_999_996_597_65,
        0.142_857_144_206_866_63,
        0.111_110_910_696_040_48,
        0.090_923_221_431_638_97,
        0.076_414_372_618_460_6,
        0.075_629_991_977_961_54,
    ];
    const TAIL: [&'static [f64]; 2] = [
        &[
            0.5,
            0.502_288_673_551_734_1,
            0.254_488_899_386_709_4,
            0.077_003_432_628_725_05,
            0.014_472_962_780_871_694,
            0.001_590_327_006_391_368_9,
            8.006_955_204_371_788e-05,
        ],
        &[
            1.0,
            1.802_461_907_906_344,
            1.447_134_326_526_748_2,
            0.673_383_568_121_872_3,
            0.197_046_624_001_102_73,
            0.036_475_940_327_719_01,
            0.003_986_511_143_339_641,
            0.000_200_700_917_490_137_28,
        ],
    ];
    const TAIL_END: f64 = 8.5;
    const EXP_END: f64 = 700.0;
    const LN2: [f64; 2] = [6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10];
    const ROUNDER: f64 = 6_755_399_441_055_744.0;
    const EXPONENT_OFFSET: f64 = 4_503_599_627_371_519.0;
    const FRACTION: u32 = 52;
    const PATTERNS: [u64; 4] = [
        0x3FF0_0000_0000_0000,
        0x4330_0000_0000_0000,
        0x0008_0000_0000_0000,
        0xFFF0_0000_0000_0000,
    ];
}

#[inline(always)]
fn polynomial<S: Simd, T: Lanes<S>>(simd: S, coefficients: &[T], x: T::Vector) -> T::Vector {
    let mut powers = coefficients.iter().rev();
    let first = powers.next().copied().unwrap_or_else(|| T::from_f64(0.0));
    powers.fold(T::Vector::splat(simd, first), |sum, &next| {
        sum.mul_add(x, T::Vector::splat(simd, next))
    })
}

/// e^x; arguments below the range give its end's, those above it are not for this function.
#[inline(always)]
pub(super) fn exp<S: Simd, T: Special<S>>(simd: S, x: T::Vector) -> T::Vector {
    let splat = |value| T::Vector::splat(simd, value);
    let x = x.max(splat(-T::EXP_END));
    // n is the nearest integer to x / ln(2), once as a float and once in the low bits of `shifted`.
    let shifted = x.mul_add(splat(T::from_f64(std::f64::consts::LOG2_E)), splat(T::ROUNDER));
    let n = shifted - T::ROUNDER;
    let [upper, lower] = T::LN2.map(splat);
    let r = n.mul_add(-lower, n.mul_add(-upper, x));
    // n times 2^p added to the bits of a number near one is a factor of 2^n.
    let bits = polynomial::<S, T>(simd, T::EXP, r).to_bits() + (shifted.to_bits() << T::FRACTION);
    T::Vector::from_bits(bits)
}

/// The natural logarithm of a / b, all three normal numbers above zero, without the quotient: with k
/// such that a and b 2^k are within a factor of 1.502, it is k ln(2) + 2 atanh(s) of
/// s = (a - b 2^k) / (a + b 2^k), whose numerator is exact.
#[inline(always)]
pub(super) fn log_quotient<S: Simd, T: Special<S>>(
    simd: S,
    a: T::Vector,
    b: T::Vector,
) -> T::Vector {
    let splat = |value| T::Vector::splat(simd, value);
    let [one, place, half, upper_bits] = T::PATTERNS;
    // Bits of a positive number are its log2, off by 0.086 at most; k is the rounded difference,
    // here with the bias of an exponent, so that it is positive.
    let bits = a.to_bits() - b.to_bits() + (one + half);
    let b = T::Vector::from_bits(b.to_bits() + ((bits & upper_bits) - one));
    let k = T::Vector::from_bits((bits >> T::FRACTION) | place) - T::EXPONENT_OFFSET;
    let s = (a - b) / (a + b);
    let z = s * s;
    let twice = s + s;
    let rest = z * polynomial::<S, T>(simd, T::LOG, z);
    let [upper, lower] = T::LN2.map(splat);
    k.mul_add(upper, twice + rest.mul_add(twice, k * lower))
}

/// The tail of the normal distribution beyond x >= 0, times e^(x^2/2).
#[inline(always)]
pub(super) fn scaled_tail<S: Simd, T: Special<S>>(simd: S, x: T::Vector) -> T::Vector {
    let x = x.min(T::Vector::splat(simd, T::TAIL_END));
    let [above, below] = T::TAIL;
    polynomial::<S, T>(simd, above, x) / polynomial::<S, T>(simd, below, x)
}
