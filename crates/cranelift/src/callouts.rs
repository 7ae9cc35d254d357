//! Functions that generated code calls: the pinned transcendental functions, and stand-ins for
//! instructions that a machine may lack.

use crossover_ir::{Op, math};
use crossover_values::DType;

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

        /// Symbol of the function that an op calls on a type, if it is one that calls.
        pub(crate) fn symbol(op: Op, dtype: DType) -> Option<&'static str> {
            match (op, dtype) {
                $(
                    (Op::$op, DType::F32) => Some(stringify!($single)),
                    (Op::$op, DType::F64) => Some(stringify!($double)),
                )*
                _ => None,
            }
        }

        /// Every symbol with its address.
        pub(crate) fn symbols() -> Vec<(&'static str, *const u8)> {
            let mut symbols = vec![
                $(
                    (stringify!($single), entry::$single as *const u8),
                    (stringify!($double), entry::$double as *const u8),
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
    Fma fma_f32 fma_f64 (a, b, c);
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
        ("fmaf", entry::fma_f32 as *const u8),
        ("fma", entry::fma_f64 as *const u8),
    ]
}
