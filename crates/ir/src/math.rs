//! The pinned transcendental functions of the op table.
//!
//! Std's floats promise no fixed precision, so every CPU backend (and the exact meaning in
//! [`crate::eval`]) calls these and gets the same bits on every machine. They are `libm`'s, the
//! `f32` ones its own `f32` functions, not rounded `f64` ones.

macro_rules! math {
    ($($single:ident $double:ident ($($arg:ident),+) = $libm_single:ident $libm_double:ident, $what:literal;)*) => {
        $(
            #[doc = concat!($what, ", for `f32`.")]
            #[inline]
            pub fn $single($($arg: f32),+) -> f32 {
                libm::$libm_single($($arg),+)
            }

            #[doc = concat!($what, ", for `f64`.")]
            #[inline]
            pub fn $double($($arg: f64),+) -> f64 {
                libm::$libm_double($($arg),+)
            }
        )*
    };
}

math! {
    exp_f32 exp_f64 (a) = expf exp, "`e^a`";
    exp2_f32 exp2_f64 (a) = exp2f exp2, "`2^a`";
    log_f32 log_f64 (a) = logf log, "Natural logarithm";
    log2_f32 log2_f64 (a) = log2f log2, "Binary logarithm";
    pow_f32 pow_f64 (a, b) = powf pow, "`a^b`";
    sin_f32 sin_f64 (a) = sinf sin, "Sine of radians";
    cos_f32 cos_f64 (a) = cosf cos, "Cosine of radians";
    tan_f32 tan_f64 (a) = tanf tan, "Tangent of radians";
    asin_f32 asin_f64 (a) = asinf asin, "Inverse sine";
    acos_f32 acos_f64 (a) = acosf acos, "Inverse cosine";
    atan_f32 atan_f64 (a) = atanf atan, "Inverse tangent";
    atan2_f32 atan2_f64 (a, b) = atan2f atan2, "Angle of the point `(b, a)`";
    sinh_f32 sinh_f64 (a) = sinhf sinh, "Hyperbolic sine";
    cosh_f32 cosh_f64 (a) = coshf cosh, "Hyperbolic cosine";
    tanh_f32 tanh_f64 (a) = tanhf tanh, "Hyperbolic tangent";
    erf_f32 erf_f64 (a) = erff erf, "Error function";
}

/// `a * b + c` with one rounding, for `f32`.
#[inline]
pub fn fma_f32(a: f32, b: f32, c: f32) -> f32 {
    a.mul_add(b, c)
}

/// `a * b + c` with one rounding, for `f64`.
#[inline]
pub fn fma_f64(a: f64, b: f64, c: f64) -> f64 {
    a.mul_add(b, c)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pinned implementation's bits: a change of version that changes them is noticed here.
    #[test]
    fn bits_are_pinned() {
        assert_eq!(exp_f32(1.0).to_bits(), 0x402d_f854);
        assert_eq!(exp_f64(1.0).to_bits(), 0x4005_bf0a_8b14_576a);
        assert_eq!(log2_f64(8.0), 3.0);
        assert_eq!(pow_f32(2.0, 10.0), 1024.0);
        assert_eq!(atan2_f64(1.0, 1.0).to_bits(), std::f64::consts::FRAC_PI_4.to_bits());
        assert_eq!(erf_f64(0.0), 0.0);
        assert!(erf_f32(1.0) > 0.842_700 && erf_f32(1.0) < 0.842_702);
    }

    #[test]
    fn fma_rounds_once() {
        let a = 1.0 + f64::EPSILON;
        let rounded = -(1.0 + 2.0 * f64::EPSILON);
        assert_eq!(a * a + rounded, 0.0);
        assert_eq!(fma_f64(a, a, rounded), f64::EPSILON * f64::EPSILON);
    }
}
