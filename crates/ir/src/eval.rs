//! The executable meaning of every row of the op table.
//!
//! Slow and direct on purpose: the host-level interpreter runs it, constant folding may run it,
//! and every backend is tested against it.

use crossover_values::{DType, Scalar};

use crate::{Op, TrapKind, math};

/// Computes one op.
///
/// `dtype` is the type of the result (a cast needs it). NaN results carry no promised payload or
/// sign: outputs compare NaN equal to NaN.
///
/// # Errors
/// [`TrapKind::DivisionByZero`] and [`TrapKind::CastRange`] for the ops whose row says that they
/// trap.
///
/// # Panics
/// If number or types of `args` do not meet the op's [`crate::Signature`]; the validator proves
/// that they do.
pub fn eval(op: Op, dtype: DType, args: &[Scalar]) -> Result<Scalar, TrapKind> {
    match *args {
        [a] => unary(op, dtype, a),
        [a, b] => binary(op, a, b),
        [a, b, c] => Ok(ternary(op, a, b, c)),
        _ => mismatch(op, args),
    }
}

/// Ill-typed arguments: a caller skipped the validator.
fn mismatch(op: Op, args: &[Scalar]) -> ! {
    panic!("`{}` was evaluated on {args:?}, against its signature", op.info().name)
}

/// Maps one scalar of some types to another; other types are a mismatch.
macro_rules! map {
    ($op:expr, $a:expr, $($variant:ident)+, |$x:ident| $result:expr) => {
        match $a {
            $(Scalar::$variant($x) => Scalar::$variant($result),)+
            other => mismatch($op, &[other]),
        }
    };
}

/// Combines two scalars of one type of some.
macro_rules! zip {
    ($op:expr, $a:expr, $b:expr, $($variant:ident)+, |$x:ident, $y:ident| $result:expr) => {
        match ($a, $b) {
            $((Scalar::$variant($x), Scalar::$variant($y)) => Scalar::$variant($result),)+
            (a, b) => mismatch($op, &[a, b]),
        }
    };
}

/// As [`zip`], giving a `bool`.
macro_rules! compare {
    ($op:expr, $a:expr, $b:expr, $($variant:ident)+, |$x:ident, $y:ident| $result:expr) => {
        match ($a, $b) {
            $((Scalar::$variant($x), Scalar::$variant($y)) => Scalar::Bool($result),)+
            (a, b) => mismatch($op, &[a, b]),
        }
    };
}

/// As [`zip`] over all numbers, with one expression for integers and one for floats.
macro_rules! zip_num {
    ($op:expr, $a:expr, $b:expr, |$x:ident, $y:ident| $int:expr, $float:expr) => {
        match ($a, $b) {
            (Scalar::I32($x), Scalar::I32($y)) => Scalar::I32($int),
            (Scalar::U32($x), Scalar::U32($y)) => Scalar::U32($int),
            (Scalar::I64($x), Scalar::I64($y)) => Scalar::I64($int),
            (Scalar::U64($x), Scalar::U64($y)) => Scalar::U64($int),
            (Scalar::F32($x), Scalar::F32($y)) => Scalar::F32($float),
            (Scalar::F64($x), Scalar::F64($y)) => Scalar::F64($float),
            (a, b) => mismatch($op, &[a, b]),
        }
    };
}

/// A pinned math function of one argument.
fn libm1(op: Op, a: Scalar, single: fn(f32) -> f32, double: fn(f64) -> f64) -> Scalar {
    match a {
        Scalar::F32(x) => Scalar::F32(single(x)),
        Scalar::F64(x) => Scalar::F64(double(x)),
        other => mismatch(op, &[other]),
    }
}

/// A pinned math function of two arguments.
fn libm2(
    op: Op,
    a: Scalar,
    b: Scalar,
    single: fn(f32, f32) -> f32,
    double: fn(f64, f64) -> f64,
) -> Scalar {
    match (a, b) {
        (Scalar::F32(x), Scalar::F32(y)) => Scalar::F32(single(x, y)),
        (Scalar::F64(x), Scalar::F64(y)) => Scalar::F64(double(x, y)),
        (a, b) => mismatch(op, &[a, b]),
    }
}

fn unary(op: Op, dtype: DType, a: Scalar) -> Result<Scalar, TrapKind> {
    Ok(match op {
        Op::Neg => negate(op, a),
        Op::Abs => absolute(op, a),
        Op::Sqrt => map!(op, a, F32 F64, |x| x.sqrt()),
        Op::Floor => map!(op, a, F32 F64, |x| x.floor()),
        Op::Ceil => map!(op, a, F32 F64, |x| x.ceil()),
        Op::Trunc => map!(op, a, F32 F64, |x| x.trunc()),
        Op::Round => map!(op, a, F32 F64, |x| x.round_ties_even()),
        Op::Exp => libm1(op, a, math::exp_f32, math::exp_f64),
        Op::Exp2 => libm1(op, a, math::exp2_f32, math::exp2_f64),
        Op::Log => libm1(op, a, math::log_f32, math::log_f64),
        Op::Log2 => libm1(op, a, math::log2_f32, math::log2_f64),
        Op::Sin => libm1(op, a, math::sin_f32, math::sin_f64),
        Op::Cos => libm1(op, a, math::cos_f32, math::cos_f64),
        Op::Tan => libm1(op, a, math::tan_f32, math::tan_f64),
        Op::Asin => libm1(op, a, math::asin_f32, math::asin_f64),
        Op::Acos => libm1(op, a, math::acos_f32, math::acos_f64),
        Op::Atan => libm1(op, a, math::atan_f32, math::atan_f64),
        Op::Sinh => libm1(op, a, math::sinh_f32, math::sinh_f64),
        Op::Cosh => libm1(op, a, math::cosh_f32, math::cosh_f64),
        Op::Tanh => libm1(op, a, math::tanh_f32, math::tanh_f64),
        Op::Erf => libm1(op, a, math::erf_f32, math::erf_f64),
        Op::Not => map!(op, a, Bool I32 U32 I64 U64, |x| !x),
        Op::PopCount => count(op, a, u32::count_ones, u64::count_ones),
        Op::CountLeadingZeros => count(op, a, u32::leading_zeros, u64::leading_zeros),
        Op::CountTrailingZeros => count(op, a, u32::trailing_zeros, u64::trailing_zeros),
        Op::CastWrap => cast_wrap(op, dtype, a),
        Op::CastNearest => cast_nearest(op, dtype, a),
        Op::CastTrap => return cast_trap(op, dtype, a),
        Op::CastSat => cast_saturating(op, dtype, a),
        Op::Bitcast => Scalar::from_bits(dtype, a.to_bits()),
        Op::Add
        | Op::Sub
        | Op::Mul
        | Op::Div
        | Op::DivFloor
        | Op::RemFloor
        | Op::DivTrunc
        | Op::RemTrunc
        | Op::Min
        | Op::Max
        | Op::MulHigh
        | Op::Pow
        | Op::Atan2
        | Op::And
        | Op::Or
        | Op::Xor
        | Op::Shl
        | Op::Shr
        | Op::Eq
        | Op::Ne
        | Op::Lt
        | Op::Le
        | Op::Gt
        | Op::Ge
        | Op::Fma
        | Op::Select => mismatch(op, &[a]),
    })
}

fn binary(op: Op, a: Scalar, b: Scalar) -> Result<Scalar, TrapKind> {
    Ok(match op {
        Op::Add => zip_num!(op, a, b, |x, y| x.wrapping_add(y), x + y),
        Op::Sub => zip_num!(op, a, b, |x, y| x.wrapping_sub(y), x - y),
        Op::Mul => zip_num!(op, a, b, |x, y| x.wrapping_mul(y), x * y),
        Op::Div => zip!(op, a, b, F32 F64, |x, y| x / y),
        Op::DivFloor | Op::RemFloor => {
            if b.to_bits() == 0 {
                return Err(TrapKind::DivisionByZero { dividend: a });
            }
            let pick = |quotient, remainder| if op == Op::DivFloor { quotient } else { remainder };
            divide_floor(op, a, b, pick)
        }
        Op::DivTrunc => {
            zip!(op, a, b, I32 U32 I64 U64, |x, y| if y == 0 { x } else { x.wrapping_div(y) })
        }
        Op::RemTrunc => {
            zip!(op, a, b, I32 U32 I64 U64, |x, y| if y == 0 { 0 } else { x.wrapping_rem(y) })
        }
        Op::Min => zip!(op, a, b, I32 U32 I64 U64 F32 F64, |x, y| if y < x { y } else { x }),
        Op::Max => zip!(op, a, b, I32 U32 I64 U64 F32 F64, |x, y| if x < y { y } else { x }),
        Op::MulHigh => multiply_high(op, a, b),
        Op::Pow => libm2(op, a, b, math::pow_f32, math::pow_f64),
        Op::Atan2 => libm2(op, a, b, math::atan2_f32, math::atan2_f64),
        Op::And => zip!(op, a, b, Bool I32 U32 I64 U64, |x, y| x & y),
        Op::Or => zip!(op, a, b, Bool I32 U32 I64 U64, |x, y| x | y),
        Op::Xor => zip!(op, a, b, Bool I32 U32 I64 U64, |x, y| x ^ y),
        // The low 32 bits of a count of any integer type decide: widths divide 2^32.
        Op::Shl => map!(op, a, I32 U32 I64 U64, |x| x.wrapping_shl(b.to_bits() as u32)),
        Op::Shr => map!(op, a, I32 U32 I64 U64, |x| x.wrapping_shr(b.to_bits() as u32)),
        Op::Eq => compare!(op, a, b, Bool I32 U32 I64 U64 F32 F64, |x, y| x == y),
        Op::Ne => compare!(op, a, b, Bool I32 U32 I64 U64 F32 F64, |x, y| x != y),
        Op::Lt => compare!(op, a, b, I32 U32 I64 U64 F32 F64, |x, y| x < y),
        Op::Le => compare!(op, a, b, I32 U32 I64 U64 F32 F64, |x, y| x <= y),
        Op::Gt => compare!(op, a, b, I32 U32 I64 U64 F32 F64, |x, y| x > y),
        Op::Ge => compare!(op, a, b, I32 U32 I64 U64 F32 F64, |x, y| x >= y),
        Op::Neg
        | Op::Abs
        | Op::Sqrt
        | Op::Floor
        | Op::Ceil
        | Op::Trunc
        | Op::Round
        | Op::Exp
        | Op::Exp2
        | Op::Log
        | Op::Log2
        | Op::Sin
        | Op::Cos
        | Op::Tan
        | Op::Asin
        | Op::Acos
        | Op::Atan
        | Op::Sinh
        | Op::Cosh
        | Op::Tanh
        | Op::Erf
        | Op::Not
        | Op::PopCount
        | Op::CountLeadingZeros
        | Op::CountTrailingZeros
        | Op::CastWrap
        | Op::CastNearest
        | Op::CastTrap
        | Op::CastSat
        | Op::Bitcast
        | Op::Fma
        | Op::Select => mismatch(op, &[a, b]),
    })
}

fn ternary(op: Op, a: Scalar, b: Scalar, c: Scalar) -> Scalar {
    match (op, a, b, c) {
        (Op::Fma, Scalar::F32(x), Scalar::F32(y), Scalar::F32(z)) => {
            Scalar::F32(math::fma_f32(x, y, z))
        }
        (Op::Fma, Scalar::F64(x), Scalar::F64(y), Scalar::F64(z)) => {
            Scalar::F64(math::fma_f64(x, y, z))
        }
        (Op::Select, Scalar::Bool(choose), x, y) => {
            if choose {
                x
            } else {
                y
            }
        }
        _ => mismatch(op, &[a, b, c]),
    }
}

fn negate(op: Op, a: Scalar) -> Scalar {
    match a {
        Scalar::F32(x) => Scalar::F32(-x),
        Scalar::F64(x) => Scalar::F64(-x),
        other => map!(op, other, I32 U32 I64 U64, |x| x.wrapping_neg()),
    }
}

fn absolute(op: Op, a: Scalar) -> Scalar {
    match a {
        Scalar::U32(_) | Scalar::U64(_) => a,
        Scalar::F32(x) => Scalar::F32(x.abs()),
        Scalar::F64(x) => Scalar::F64(x.abs()),
        other => map!(op, other, I32 I64, |x| x.wrapping_abs()),
    }
}

/// Bit counts have the operand's type.
fn count(op: Op, a: Scalar, narrow: fn(u32) -> u32, wide: fn(u64) -> u32) -> Scalar {
    match a {
        Scalar::I32(x) => Scalar::I32(narrow(x as u32) as i32),
        Scalar::U32(x) => Scalar::U32(narrow(x)),
        Scalar::I64(x) => Scalar::I64(i64::from(wide(x as u64))),
        Scalar::U64(x) => Scalar::U64(u64::from(wide(x))),
        other => mismatch(op, &[other]),
    }
}

/// Floor quotient and remainder, computed exactly; `pick` takes one. The quotient `-MIN` of
/// `MIN // -1` wraps to `MIN`.
fn divide_floor(op: Op, a: Scalar, b: Scalar, pick: impl Fn(i128, i128) -> i128) -> Scalar {
    let (Some(x), Some(y)) = (a.as_integer(), b.as_integer()) else { mismatch(op, &[a, b]) };
    let remainder = ((x % y) + y) % y;
    let result = pick((x - remainder) / y, remainder);
    Scalar::from_bits(a.dtype(), result as u64)
}

fn multiply_high(op: Op, a: Scalar, b: Scalar) -> Scalar {
    match (a, b) {
        (Scalar::I32(x), Scalar::I32(y)) => {
            Scalar::I32(((i64::from(x) * i64::from(y)) >> 32) as i32)
        }
        (Scalar::U32(x), Scalar::U32(y)) => {
            Scalar::U32(((u64::from(x) * u64::from(y)) >> 32) as u32)
        }
        (Scalar::I64(x), Scalar::I64(y)) => {
            Scalar::I64(((i128::from(x) * i128::from(y)) >> 64) as i64)
        }
        (Scalar::U64(x), Scalar::U64(y)) => {
            Scalar::U64(((u128::from(x) * u128::from(y)) >> 64) as u64)
        }
        (a, b) => mismatch(op, &[a, b]),
    }
}

fn cast_wrap(op: Op, dtype: DType, a: Scalar) -> Scalar {
    let exact = match a {
        Scalar::Bool(x) => i128::from(x),
        other => other.as_integer().unwrap_or_else(|| mismatch(op, &[other])),
    };
    Scalar::from_bits(dtype, exact as u64)
}

fn cast_nearest(op: Op, dtype: DType, a: Scalar) -> Scalar {
    // From the integer directly: a detour of 64-bit integers over f64 would round twice.
    match (dtype, a) {
        (DType::F32, Scalar::I32(x)) => Scalar::F32(x as f32),
        (DType::F32, Scalar::U32(x)) => Scalar::F32(x as f32),
        (DType::F32, Scalar::I64(x)) => Scalar::F32(x as f32),
        (DType::F32, Scalar::U64(x)) => Scalar::F32(x as f32),
        (DType::F32, Scalar::F32(_)) => a,
        (DType::F32, Scalar::F64(x)) => Scalar::F32(x as f32),
        (DType::F64, Scalar::Bool(_)) => mismatch(op, &[a]),
        (DType::F64, other) => Scalar::F64(other.as_f64()),
        _ => mismatch(op, &[a]),
    }
}

fn cast_trap(op: Op, dtype: DType, a: Scalar) -> Result<Scalar, TrapKind> {
    let whole = a.as_f64().trunc();
    let (low, end) = match dtype {
        DType::I32 => (-2_147_483_648.0, 2_147_483_648.0),
        DType::U32 => (0.0, 4_294_967_296.0),
        DType::I64 => (-9_223_372_036_854_775_808.0, 9_223_372_036_854_775_808.0),
        DType::U64 => (0.0, 18_446_744_073_709_551_616.0),
        DType::Bool | DType::U8 | DType::F32 | DType::F64 => mismatch(op, &[a]),
    };
    // NaN fails both comparisons; -0.5 truncates to -0.0, which is 0 for every type.
    if whole >= low && whole < end {
        Ok(cast_saturating(op, dtype, a))
    } else {
        Err(TrapKind::cast_range(a, dtype))
    }
}

fn cast_saturating(op: Op, dtype: DType, a: Scalar) -> Scalar {
    let (Scalar::F32(_) | Scalar::F64(_)) = a else { mismatch(op, &[a]) };
    let exact = a.as_f64();
    match dtype {
        DType::I32 => Scalar::I32(exact as i32),
        DType::U32 => Scalar::U32(exact as u32),
        DType::I64 => Scalar::I64(exact as i64),
        DType::U64 => Scalar::U64(exact as u64),
        DType::Bool | DType::U8 | DType::F32 | DType::F64 => mismatch(op, &[a]),
    }
}

#[cfg(test)]
mod tests;
