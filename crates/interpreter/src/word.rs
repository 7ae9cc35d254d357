//! How scalars lie in registers, and the few operations that are more than one machine op.
//!
//! A register is a `u64`. 32-bit types and `bool` keep the upper half zero (the layout of
//! [`crossover_values::Scalar::to_bits`]); so `u32` compares as `u64`, and an index of any integer
//! type is out of bounds exactly if the register is at or above the extent: extents are below
//! 2^31, a negative `i32` reads as at least 2^31, a negative `i64` as at least 2^63.

/// A type that a register can hold.
pub(crate) trait Word: Copy {
    /// Reads the register.
    fn get(bits: u64) -> Self;
    /// The register's content for a value.
    fn put(self) -> u64;
}

macro_rules! word {
    ($($ty:ty: $bits:ident => $get:expr, $value:ident => $put:expr;)*) => {$(
        impl Word for $ty {
            #[inline(always)]
            fn get($bits: u64) -> $ty {
                $get
            }
            #[inline(always)]
            fn put(self) -> u64 {
                let $value = self;
                $put
            }
        }
    )*};
}

word! {
    bool: bits => bits != 0, value => u64::from(value);
    i32: bits => bits as u32 as i32, value => u64::from(value as u32);
    u32: bits => bits as u32, value => u64::from(value);
    i64: bits => bits as i64, value => value as u64;
    u64: bits => bits, value => value;
    f32: bits => f32::from_bits(bits as u32), value => u64::from(value.to_bits());
    f64: bits => f64::from_bits(bits), value => value.to_bits();
}

/// Floor division and its remainder of signed integers; `None` for a zero divisor.
macro_rules! floor_division {
    ($div:ident, $rem:ident, $ty:ty) => {
        #[inline(always)]
        pub(crate) fn $div(a: $ty, b: $ty) -> Option<$ty> {
            if b == 0 {
                return None;
            }
            let quotient = a.wrapping_div(b);
            let inexact = a.wrapping_rem(b) != 0;
            Some(if inexact && (a < 0) != (b < 0) { quotient - 1 } else { quotient })
        }

        #[inline(always)]
        pub(crate) fn $rem(a: $ty, b: $ty) -> Option<$ty> {
            // The usual case of an index that wraps around: no division is needed.
            if 0 <= a && a < b {
                return Some(a);
            }
            if b == 0 {
                return None;
            }
            let remainder = a.wrapping_rem(b);
            Some(if remainder != 0 && (a < 0) != (b < 0) { remainder + b } else { remainder })
        }
    };
}

floor_division!(div_floor_i32, rem_floor_i32, i32);
floor_division!(div_floor_i64, rem_floor_i64, i64);

/// Number of iterations of `range(lo, hi, step)`; the bounds may be any 64-bit values.
#[inline(never)]
pub(crate) fn trip_count(lo: i128, hi: i128, step: i64) -> u64 {
    let step = i128::from(step);
    let (distance, stride) = if step > 0 { (hi - lo, step) } else { (lo - hi, -step) };
    if distance <= 0 { 0 } else { ((distance + stride - 1) / stride) as u64 }
}

/// Float to integer: toward zero, `None` outside of the target or for NaN.
macro_rules! checked_cast {
    ($($name:ident: $from:ty => $to:ty, $below:expr, $above:expr;)*) => {$(
        #[inline(always)]
        pub(crate) fn $name(a: $from) -> Option<$to> {
            // The truncated value fits iff a lies strictly between the neighbours outside of the
            // target; NaN fails both comparisons.
            if a > $below && a < $above { Some(a as $to) } else { None }
        }
    )*};
}

// Where `MIN - 1` is no float of the type, the next float below MIN stands for it; every float
// above that one is at least MIN.
checked_cast! {
    i32_of_f32: f32 => i32, -2_147_483_904.0, 2_147_483_648.0;
    u32_of_f32: f32 => u32, -1.0, 4_294_967_296.0;
    i64_of_f32: f32 => i64, -9_223_373_136_366_403_584.0, 9_223_372_036_854_775_808.0;
    u64_of_f32: f32 => u64, -1.0, 18_446_744_073_709_551_616.0;
    i32_of_f64: f64 => i32, -2_147_483_649.0, 2_147_483_648.0;
    u32_of_f64: f64 => u32, -1.0, 4_294_967_296.0;
    i64_of_f64: f64 => i64, -9_223_372_036_854_777_856.0, 9_223_372_036_854_775_808.0;
    u64_of_f64: f64 => u64, -1.0, 18_446_744_073_709_551_616.0;
}

/// Functions kept out of the dispatch loop, so that their code and their registers do not burden
/// it.
pub(crate) mod far {
    use crossover_ir::math;

    macro_rules! far {
        ($($name:ident($($arg:ident: $ty:ty),*) -> $ret:ty = $body:expr;)*) => {$(
            #[inline(never)]
            pub(crate) fn $name($($arg: $ty),*) -> $ret {
                $body
            }
        )*};
    }

    far! {
        fma_f32(a: f32, b: f32, c: f32) -> f32 = math::fma_f32(a, b, c);
        fma_f64(a: f64, b: f64, c: f64) -> f64 = math::fma_f64(a, b, c);
        floor_f32(a: f32) -> f32 = a.floor();
        floor_f64(a: f64) -> f64 = a.floor();
        ceil_f32(a: f32) -> f32 = a.ceil();
        ceil_f64(a: f64) -> f64 = a.ceil();
        trunc_f32(a: f32) -> f32 = a.trunc();
        trunc_f64(a: f64) -> f64 = a.trunc();
        round_f32(a: f32) -> f32 = a.round_ties_even();
        round_f64(a: f64) -> f64 = a.round_ties_even();
        exp_f32(a: f32) -> f32 = math::exp_f32(a);
        exp_f64(a: f64) -> f64 = math::exp_f64(a);
        exp2_f32(a: f32) -> f32 = math::exp2_f32(a);
        exp2_f64(a: f64) -> f64 = math::exp2_f64(a);
        log_f32(a: f32) -> f32 = math::log_f32(a);
        log_f64(a: f64) -> f64 = math::log_f64(a);
        log2_f32(a: f32) -> f32 = math::log2_f32(a);
        log2_f64(a: f64) -> f64 = math::log2_f64(a);
        pow_f32(a: f32, b: f32) -> f32 = math::pow_f32(a, b);
        pow_f64(a: f64, b: f64) -> f64 = math::pow_f64(a, b);
        sin_f32(a: f32) -> f32 = math::sin_f32(a);
        sin_f64(a: f64) -> f64 = math::sin_f64(a);
        cos_f32(a: f32) -> f32 = math::cos_f32(a);
        cos_f64(a: f64) -> f64 = math::cos_f64(a);
        tan_f32(a: f32) -> f32 = math::tan_f32(a);
        tan_f64(a: f64) -> f64 = math::tan_f64(a);
        asin_f32(a: f32) -> f32 = math::asin_f32(a);
        asin_f64(a: f64) -> f64 = math::asin_f64(a);
        acos_f32(a: f32) -> f32 = math::acos_f32(a);
        acos_f64(a: f64) -> f64 = math::acos_f64(a);
        atan_f32(a: f32) -> f32 = math::atan_f32(a);
        atan_f64(a: f64) -> f64 = math::atan_f64(a);
        atan2_f32(a: f32, b: f32) -> f32 = math::atan2_f32(a, b);
        atan2_f64(a: f64, b: f64) -> f64 = math::atan2_f64(a, b);
        sinh_f32(a: f32) -> f32 = math::sinh_f32(a);
        sinh_f64(a: f64) -> f64 = math::sinh_f64(a);
        cosh_f32(a: f32) -> f32 = math::cosh_f32(a);
        cosh_f64(a: f64) -> f64 = math::cosh_f64(a);
        tanh_f32(a: f32) -> f32 = math::tanh_f32(a);
        tanh_f64(a: f64) -> f64 = math::tanh_f64(a);
        erf_f32(a: f32) -> f32 = math::erf_f32(a);
        erf_f64(a: f64) -> f64 = math::erf_f64(a);
    }
}
