//! Functions that generated code calls: the pinned transcendental functions, and stand-ins for
//! instructions that a machine may lack.

use crossover_ir::{Op, math};
use crossover_values::DType;

/// Lanes that a function takes in memory at once. A branch of a function waits for what decides it:
/// for arguments that lie ready, where the calls of one iteration after the other have all that an
/// iteration computes before them. With that, and no vectors to be taken apart, black_scholes takes
/// 0.93 of the time that a call for each lane took in f32, and in f64, where such calls had gained
/// nothing, 0.67 of scalar code's. Chunks of two and four times as many lanes gained nothing more.
pub(crate) const TOGETHER: usize = 8;

macro_rules! callouts {
    ($($op:ident $single:ident $double:ident ($($arg:ident),+);)*) => {
        mod entry {
            $(
                pub(super) extern "C" fn $single($($arg: f32),+) -> f32 {
                    super::math::$single($($arg),+)
                }
                pub(super) extern "C" fn $double($($arg: f64),+) -> f64 {
                    super::math::$double($($arg),+)
                }
            )*
        }

        mod together {
            use super::TOGETHER;

            $(
                pub(super) extern "C" fn $single(
                    result: &mut [f32; TOGETHER],
                    $($arg: &[f32; TOGETHER]),+
                ) {
                    for lane in 0..TOGETHER {
                        result[lane] = super::math::$single($($arg[lane]),+);
                    }
                }
                pub(super) extern "C" fn $double(
                    result: &mut [f64; TOGETHER],
                    $($arg: &[f64; TOGETHER]),+
                ) {
                    for lane in 0..TOGETHER {
                        result[lane] = super::math::$double($($arg[lane]),+);
                    }
                }
            )*
        }

        /// Symbols of the functions that an op calls on a type, if it is one that calls: of one
        /// number, and of [`TOGETHER`] in memory.
        pub(crate) fn symbols(op: Op, dtype: DType) -> Option<[&'static str; 2]> {
            match (op, dtype) {
                $(
                    (Op::$op, DType::F32) => Some([
                        stringify!($single),
                        concat!(stringify!($single), "_together"),
                    ]),
                    (Op::$op, DType::F64) => Some([
                        stringify!($double),
                        concat!(stringify!($double), "_together"),
                    ]),
                )*
                _ => None,
            }
        }

        /// Every symbol with its address.
        pub(crate) fn addresses() -> Vec<(&'static str, *const u8)> {
            let mut symbols = vec![
                $(
                    (stringify!($single), entry::$single as *const u8),
                    (stringify!($double), entry::$double as *const u8),
                    (concat!(stringify!($single), "_together"), together::$single as *const u8),
                    (concat!(stringify!($double), "_together"), together::$double as *const u8),
                )*
            ];
            symbols.extend(stand_ins());
            symbols
        }
    };
}

callouts! {
    Exp exp_f32 exp_f64 (a);
    Exp2 exp2_f32 exp2_f64 (a);
    Log log_f32 log_f64 (a);
    Log2 log2_f32 log2_f64 (a);
    Pow pow_f32 pow_f64 (a, b);
    Sin sin_f32 sin_f64 (a);
    Cos cos_f32 cos_f64 (a);
    Tan tan_f32 tan_f64 (a);
    Asin asin_f32 asin_f64 (a);
    Acos acos_f32 acos_f64 (a);
    Atan atan_f32 atan_f64 (a);
    Atan2 atan2_f32 atan2_f64 (a, b);
    Sinh sinh_f32 sinh_f64 (a);
    Cosh cosh_f32 cosh_f64 (a);
    Tanh tanh_f32 tanh_f64 (a);
    Erf erf_f32 erf_f64 (a);
}

macro_rules! rounding {
    ($($single:ident $double:ident $method:ident;)*) => {
        $(
            extern "C" fn $single(a: f32) -> f32 {
                a.$method()
            }
            extern "C" fn $double(a: f64) -> f64 {
                a.$method()
            }
        )*
    };
}

rounding! {
    floor_f32 floor_f64 floor;
    ceil_f32 ceil_f64 ceil;
    trunc_f32 trunc_f64 trunc;
    nearest_f32 nearest_f64 round_ties_even;
}

extern "C" fn fma_f32(a: f32, b: f32, c: f32) -> f32 {
    math::fma_f32(a, b, c)
}

extern "C" fn fma_f64(a: f64, b: f64, c: f64) -> f64 {
    math::fma_f64(a, b, c)
}

/// What Cranelift calls by these names where the machine has no instruction (SSE4.1, FMA).
fn stand_ins() -> [(&'static str, *const u8); 10] {
    [
        ("floorf", floor_f32 as *const u8),
        ("floor", floor_f64 as *const u8),
        ("ceilf", ceil_f32 as *const u8),
        ("ceil", ceil_f64 as *const u8),
        ("truncf", trunc_f32 as *const u8),
        ("trunc", trunc_f64 as *const u8),
        ("nearbyintf", nearest_f32 as *const u8),
        ("nearbyint", nearest_f64 as *const u8),
        ("fmaf", fma_f32 as *const u8),
        ("fma", fma_f64 as *const u8),
    ]
}
