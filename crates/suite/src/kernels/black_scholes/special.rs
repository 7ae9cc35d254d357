//! exp, log and erf on vectors, of a stated error.
//!
//! The polynomials interpolate at Chebyshev nodes (near minimax); their coefficients were computed
//! with 50 digits and rounded once. Errors, tested against `libm` in f64 over the ranges:
//!
//! | function | range | f32 | f64 |
//! |---|---|---|---|
//! | [`exp`] | f32 ±87, f64 ±700 | 2 u relative | 2 u relative |
//! | [`log`] | normal numbers | 2 u relative + 1 u absolute | the same |
//! | [`erf`] | all | 3 u absolute | 3 u absolute |
//!
//! with u = 2^-23 and 2^-52. That is where products are fused; without it, one u more.

use fearless_simd::{SimdFloatElement, prelude::*};

use crate::lanes::Lanes;

/// The tables of a type.
pub(super) trait Special<S: Simd>: Lanes<S> {
    /// e^r for |r| <= ln(2) / 2, lowest power first.
    const EXP: &'static [Self];
    /// (atanh(s) / s - 1) / s^2 in s^2, for s <= 0.1716.
    const LOG: &'static [Self];
    /// erfc(x) e^(x^2) in (x - c) / (x + c), for x from 0 to [`Special::ERF_END`].
    const ERF: &'static [Self];
    /// c of [`Special::ERF`].
    const ERF_CENTRE: Self;
    /// From here on erf rounds to one.
    const ERF_END: Self;
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
    /// Bits of 1, of the root of 1/2, of 2^p, and of a fraction all ones.
    const PATTERNS: [<Self as SimdFloatElement>::Bits; 4];
}

impl<S: Simd> Special<S> for f32 {
    const EXP: &'static [f32] =
        &[1.0, 1.0, 0.5, 0.166_664_15, 0.041_666_35, 0.008_375_126, 0.001_394_110_8];
    const LOG: &'static [f32] = &[0.333_333_43, 0.199_943_9, 0.147_899_75];
    const ERF: &'static [f32] = &[
        0.179_001_15,
        -0.326_233_54,
        0.245_602_58,
        -0.150_121_54,
        0.071_700_01,
        -0.024_113_724,
        0.004_990_607,
        0.001_557_669_3,
        -0.000_205_487,
    ];
    const ERF_CENTRE: f32 = 3.0;
    const ERF_END: f32 = 4.0;
    const EXP_END: f32 = 87.0;
    const LN2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    const ROUNDER: f32 = 12_582_912.0;
    const EXPONENT_OFFSET: f32 = 8_388_735.0;
    const FRACTION: u32 = 23;
    const PATTERNS: [u32; 4] = [0x3F80_0000, 0x3F35_04F3, 0x4B00_0000, 0x007F_FFFF];
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
        0.333_333_333_333_333_5,
        0.199_999_999_999_497_52,
        0.142_857_143_129_877_43,
        0.111_111_055_673_975_4,
        0.090_914_445_626_308_61,
        0.076_658_608_002_780_21,
        0.073_082_248_425_217_03,
    ];
    const ERF: &'static [f64] = &[
        0.136_999_457_625_061_38,
        -0.259_068_048_760_171_6,
        0.218_719_678_918_262_05,
        -0.164_257_816_697_326_2,
        0.108_963_177_399_285_47,
        -0.063_107_815_637_174_92,
        0.031_299_056_504_460_424,
        -0.012_843_946_178_505_428,
        0.004_060_263_560_227_127,
        -0.000_799_123_833_747_649_4,
        -2.175_057_218_761_125_7e-05,
        7.898_361_116_123_642e-05,
        -2.266_466_236_397_14e-05,
        -2.288_721_626_503_823_8e-06,
        2.220_515_541_566_643_6e-06,
        -1.255_087_152_624_259_3e-06,
        -9.039_230_380_959_417e-07,
        -1.582_306_424_241_709_7e-07,
        -4.900_434_468_320_478e-09,
    ];
    const ERF_CENTRE: f64 = 4.0;
    const ERF_END: f64 = 6.0;
    const EXP_END: f64 = 700.0;
    const LN2: [f64; 2] = [6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10];
    const ROUNDER: f64 = 6_755_399_441_055_744.0;
    const EXPONENT_OFFSET: f64 = 4_503_599_627_371_519.0;
    const FRACTION: u32 = 52;
    const PATTERNS: [u64; 4] = [
        0x3FF0_0000_0000_0000,
        0x3FE6_A09E_667F_3BCD,
        0x4330_0000_0000_0000,
        0x000F_FFFF_FFFF_FFFF,
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

/// e^x; arguments beyond the range give its end's.
#[inline(always)]
pub(super) fn exp<S: Simd, T: Special<S>>(simd: S, x: T::Vector) -> T::Vector {
    let splat = |value| T::Vector::splat(simd, value);
    let end = splat(T::EXP_END);
    let x = x.min(end).max(-end);
    // n is the nearest integer to x / ln(2), once as a float and once in the low bits of `shifted`.
    let shifted = x.mul_add(splat(T::from_f64(std::f64::consts::LOG2_E)), splat(T::ROUNDER));
    let n = shifted - T::ROUNDER;
    let [upper, lower] = T::LN2.map(splat);
    let r = n.mul_add(-lower, n.mul_add(-upper, x));
    let power = (shifted.to_bits() << T::FRACTION) + T::PATTERNS[0];
    polynomial::<S, T>(simd, T::EXP, r) * T::Vector::from_bits(power)
}

/// The natural logarithm of a normal number above zero.
#[inline(always)]
pub(super) fn log<S: Simd, T: Special<S>>(simd: S, x: T::Vector) -> T::Vector {
    let splat = |value| T::Vector::splat(simd, value);
    let [one, sqrt_half, place, fraction] = T::PATTERNS;
    // x = 2^k m with m from the root of 1/2 to the root of 2.
    let bits = x.to_bits() + (one - sqrt_half);
    let m = T::Vector::from_bits((bits & fraction) + sqrt_half);
    let k = T::Vector::from_bits((bits >> T::FRACTION) | place) - T::EXPONENT_OFFSET;
    // log(1 + f) = 2 atanh(s), and 2 s = f - s f.
    let f = m - T::from_f64(1.0);
    let s = f / (f + T::from_f64(2.0));
    let z = s * s;
    let rest = (z + z) * polynomial::<S, T>(simd, T::LOG, z);
    let [upper, lower] = T::LN2.map(splat);
    let log_m = f - s.mul_sub(f - rest, k * lower);
    k.mul_add(upper, log_m)
}

/// The error function: 1 - e^(-x^2) G(x) for x >= 0, G a polynomial in (x - c) / (x + c).
#[inline(always)]
pub(super) fn erf<S: Simd, T: Special<S>>(simd: S, of: T::Vector) -> T::Vector {
    let x = of.abs().min(T::Vector::splat(simd, T::ERF_END));
    let t = (x - T::ERF_CENTRE) / (x + T::ERF_CENTRE);
    let tail = exp::<S, T>(simd, -x * x) * polynomial::<S, T>(simd, T::ERF, t);
    (-tail + T::from_f64(1.0)).copysign(of)
}
