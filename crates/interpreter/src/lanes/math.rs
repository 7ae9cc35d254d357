//! The pinned functions of the op table, by number: they are called lane by lane.

use crossover_ir::{Op, math};
use crossover_values::DType;

use super::inst::BlockOp;

macro_rules! functions {
    (one { $($op:ident $single:ident $double:ident),* } two { $($op2:ident $single2:ident $double2:ident),* }) => {
        /// Functions of one `f32`.
        pub(super) const ONE_F32: &[fn(f32) -> f32] = &[$(math::$single),*];
        /// Functions of one `f64`.
        pub(super) const ONE_F64: &[fn(f64) -> f64] = &[$(math::$double),*];
        /// Functions of two `f32`.
        pub(super) const TWO_F32: &[fn(f32, f32) -> f32] = &[$(math::$single2),*];
        /// Functions of two `f64`.
        pub(super) const TWO_F64: &[fn(f64, f64) -> f64] = &[$(math::$double2),*];
        const ONE: &[Op] = &[$(Op::$op),*];
        const TWO: &[Op] = &[$(Op::$op2),*];
    };
}

functions! {
    one {
        Exp exp_f32 exp_f64, Exp2 exp2_f32 exp2_f64, Log log_f32 log_f64, Log2 log2_f32 log2_f64,
        Sin sin_f32 sin_f64, Cos cos_f32 cos_f64, Tan tan_f32 tan_f64, Asin asin_f32 asin_f64,
        Acos acos_f32 acos_f64, Atan atan_f32 atan_f64, Sinh sinh_f32 sinh_f64,
        Cosh cosh_f32 cosh_f64, Tanh tanh_f32 tanh_f64, Erf erf_f32 erf_f64
    }
    two { Pow pow_f32 pow_f64, Atan2 atan2_f32 atan2_f64 }
}

/// The operation and the number of an op's function; `None` if the op is none of them.
pub(super) fn function(op: Op, dtype: DType) -> Option<(BlockOp, u32)> {
    let number = |ops: &[Op]| ops.iter().position(|other| *other == op).map(|at| at as u32);
    let narrow = dtype == DType::F32;
    if let Some(number) = number(ONE) {
        return Some((if narrow { BlockOp::Math1F32 } else { BlockOp::Math1F64 }, number));
    }
    let number = number(TWO)?;
    Some((if narrow { BlockOp::Math2F32 } else { BlockOp::Math2F64 }, number))
}
