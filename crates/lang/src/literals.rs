//! Literals: exact values until a partner gives them a type (rule 2).

use std::cmp::Ordering;

use crossover_ir::Op;
use crossover_values::{DType, Scalar};
use num_bigint::BigInt;
use num_traits::{FromPrimitive, Signed, ToPrimitive, Zero};

/// Longest integer that literal arithmetic may make, in bits.
const MOST_BITS: u64 = 4_096;

/// The value of an expression of literals.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Lit {
    /// An integer of any size.
    Int(BigInt),
    /// A float.
    Float(f64),
}

/// Reads an integer literal of the source: decimal, hexadecimal, octal or binary.
pub(crate) fn parse_int(text: &str) -> Result<Lit, String> {
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    if digits.len() > 1_300 {
        return Err("an integer literal of more than 1,300 digits".to_owned());
    }
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.get(..2) {
        Some("0x") => (16, &lower[2..]),
        Some("0o") => (8, &lower[2..]),
        Some("0b") => (2, &lower[2..]),
        _ => (10, lower.as_str()),
    };
    BigInt::parse_bytes(digits.as_bytes(), radix)
        .map(Lit::Int)
        .ok_or_else(|| format!("`{text}` is no integer"))
}

/// Smallest and largest value of an integer type.
pub(crate) fn int_range(dtype: DType) -> (i128, i128) {
    match dtype {
        DType::Bool => (0, 1),
        DType::U8 => (0, u8::MAX.into()),
        DType::I32 => (i32::MIN.into(), i32::MAX.into()),
        DType::U32 => (0, u32::MAX.into()),
        DType::I64 => (i64::MIN.into(), i64::MAX.into()),
        DType::U64 => (0, u64::MAX.into()),
        DType::F32 | DType::F64 => (i128::MIN, i128::MAX),
    }
}

/// The integer as a value of an integer type, if it fits.
fn int_scalar(value: &BigInt, dtype: DType) -> Option<Scalar> {
    let value = value.to_i128()?;
    let (lo, hi) = int_range(dtype);
    if !(lo..=hi).contains(&value) {
        return None;
    }
    // In range, so the low bits are the value.
    Some(Scalar::from_bits(dtype, value as u64))
}

/// The nearest float of a type; `None` if the value is finite but out of range.
fn float_scalar(value: f64, dtype: DType) -> Option<Scalar> {
    match dtype {
        DType::F32 => {
            let narrow = value as f32;
            (narrow.is_finite() || !value.is_finite()).then_some(Scalar::F32(narrow))
        }
        _ => Some(Scalar::F64(value)),
    }
}

/// Gives a literal the type of its partner.
///
/// # Errors
/// What is wrong, and the cure.
pub(crate) fn resolve(lit: &Lit, dtype: DType) -> Result<Scalar, (String, String)> {
    match (lit, dtype) {
        (_, DType::Bool) => Err((
            "a number where a `bool` is needed".to_owned(),
            "write `True` or `False`, or compare".to_owned(),
        )),
        (Lit::Int(value), DType::F32 | DType::F64) => exact_float(value, dtype).ok_or_else(|| {
            let help = format!("write it as a float if rounding is meant: `{dtype}({value})`");
            (format!("{} is not exactly representable in `{dtype}`", short(value)), help)
        }),
        (Lit::Float(value), DType::F32 | DType::F64) => {
            float_scalar(*value, dtype).ok_or_else(|| {
                (
                    format!("{value:?} is out of the range of `{dtype}`"),
                    "use a smaller value".to_owned(),
                )
            })
        }
        (Lit::Float(value), _) => {
            let help = format!("write an integer, or cast: `{dtype}({value:?})`");
            Err((format!("the float literal {value:?} where `{dtype}` is needed"), help))
        }
        (Lit::Int(value), _) => int_scalar(value, dtype).ok_or_else(|| out_of_range(value, dtype)),
    }
}

fn out_of_range(value: &BigInt, dtype: DType) -> (String, String) {
    let (lo, hi) = int_range(dtype);
    let help = format!("`{dtype}` holds {lo} to {hi}");
    (format!("{} does not fit `{dtype}`", short(value)), help)
}

/// An integer for a message.
fn short(value: &BigInt) -> String {
    let text = value.to_string();
    match text.get(..24) {
        Some(head) if text.len() > 40 => format!("{head}… ({} digits)", text.len()),
        _ => text,
    }
}

/// The integer as a float, if that is exact.
fn exact_float(value: &BigInt, dtype: DType) -> Option<Scalar> {
    let (scalar, back) = match dtype {
        DType::F32 => value.to_f32().map(|near| (Scalar::F32(near), f64::from(near)))?,
        _ => value.to_f64().map(|near| (Scalar::F64(near), near))?,
    };
    (BigInt::from_f64(back).as_ref() == Some(value)).then_some(scalar)
}

/// A cast of a literal: checked, not wrapped; floats truncate, integers round to a float.
///
/// # Errors
/// What is wrong, and the cure.
pub(crate) fn cast(lit: &Lit, dtype: DType) -> Result<Scalar, (String, String)> {
    match (lit, dtype) {
        (Lit::Int(value), DType::F32 | DType::F64) => {
            let near = match dtype {
                DType::F32 => value.to_f32().map(Scalar::F32),
                _ => value.to_f64().map(Scalar::F64),
            };
            near.filter(|near| near.as_f64().is_finite()).ok_or_else(|| {
                (
                    format!("{} is out of the range of `{dtype}`", short(value)),
                    "use a smaller value".to_owned(),
                )
            })
        }
        (Lit::Float(value), dtype) if dtype.is_int() => match BigInt::from_f64(value.trunc()) {
            Some(whole) => int_scalar(&whole, dtype).ok_or_else(|| out_of_range(&whole, dtype)),
            None => {
                Err((format!("{value:?} does not fit `{dtype}`"), "use a finite value".to_owned()))
            }
        },
        _ => resolve(lit, dtype),
    }
}

/// An integer literal as a float literal, if that is exact.
pub(crate) fn to_float(lit: &Lit) -> Option<f64> {
    match lit {
        Lit::Float(value) => Some(*value),
        Lit::Int(value) => exact_float(value, DType::F64).map(Scalar::as_f64),
    }
}

/// Operators of literal arithmetic that the op table does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LitOp {
    /// An op of the table.
    Table(Op),
    /// `a ** b`, for literals only.
    Power,
}

/// Computes `a op b` exactly: integers unbounded, floats in `f64`.
///
/// # Errors
/// What is wrong.
pub(crate) fn binary(op: LitOp, a: &Lit, b: &Lit) -> Result<Lit, String> {
    match (a, b) {
        (Lit::Int(x), Lit::Int(y)) => match op {
            LitOp::Table(Op::Div) => {
                let (x, y) = (to_float(a), to_float(b));
                let (x, y) = x.zip(y).ok_or("integers too large for `/`: write floats")?;
                divide(x, y)
            }
            _ => int_binary(op, x, y).map(Lit::Int),
        },
        _ => {
            let (x, y) = to_float(a).zip(to_float(b)).ok_or("an integer that no float equals")?;
            float_binary(op, x, y)
        }
    }
}

fn divide(x: f64, y: f64) -> Result<Lit, String> {
    if y == 0.0 {
        return Err("division of literals by zero".to_owned());
    }
    Ok(Lit::Float(x / y))
}

fn float_binary(op: LitOp, x: f64, y: f64) -> Result<Lit, String> {
    let value = match op {
        LitOp::Table(Op::Add) => x + y,
        LitOp::Table(Op::Sub) => x - y,
        LitOp::Table(Op::Mul) => x * y,
        LitOp::Table(Op::Div) => return divide(x, y),
        LitOp::Power => libm_pow(x, y),
        LitOp::Table(_) => return Err("this operator is for integers".to_owned()),
    };
    if value.is_finite() {
        Ok(Lit::Float(value))
    } else {
        Err("the literal is out of the range of `f64`".to_owned())
    }
}

/// Whole powers by multiplication, so that the result does not depend on the platform.
fn libm_pow(x: f64, y: f64) -> f64 {
    match y.to_i32() {
        Some(whole) if f64::from(whole) == y && whole.abs() <= 1_024 => {
            let product = (0..whole.abs()).fold(1.0, |product, _| product * x);
            if whole < 0 { 1.0 / product } else { product }
        }
        _ => f64::NAN,
    }
}

fn int_binary(op: LitOp, x: &BigInt, y: &BigInt) -> Result<BigInt, String> {
    let too_large = || "the integer grows over 4,096 bits".to_owned();
    let count = || y.to_u64().filter(|count| *count <= MOST_BITS).ok_or_else(too_large);
    let value = match op {
        LitOp::Table(Op::Add) => x + y,
        LitOp::Table(Op::Sub) => x - y,
        LitOp::Table(Op::Mul) => x * y,
        LitOp::Table(Op::DivFloor | Op::RemFloor) if y.is_zero() => {
            return Err("division of literals by zero".to_owned());
        }
        LitOp::Table(Op::DivFloor) => floor_div(x, y),
        LitOp::Table(Op::RemFloor) => x - floor_div(x, y) * y,
        LitOp::Table(Op::And) => x & y,
        LitOp::Table(Op::Or) => x | y,
        LitOp::Table(Op::Xor) => x ^ y,
        LitOp::Table(Op::Shl) => x << count()?,
        LitOp::Table(Op::Shr) => x >> count()?,
        LitOp::Power => {
            let exponent = y.to_u32().filter(|e| u64::from(*e) * x.bits() <= 2 * MOST_BITS);
            x.pow(exponent.ok_or("the exponent must be a small whole number")?)
        }
        LitOp::Table(_) => return Err("this operator is not for literals".to_owned()),
    };
    if value.bits() > MOST_BITS { Err(too_large()) } else { Ok(value) }
}

fn floor_div(x: &BigInt, y: &BigInt) -> BigInt {
    let quotient = x / y;
    let exact = &quotient * y == *x;
    if !exact && (x.is_negative() != y.is_negative()) { quotient - 1 } else { quotient }
}

/// Negation or complement of a literal.
pub(crate) fn unary(op: Op, a: &Lit) -> Result<Lit, String> {
    match (op, a) {
        (Op::Neg, Lit::Int(value)) => Ok(Lit::Int(-value)),
        (Op::Neg, Lit::Float(value)) => Ok(Lit::Float(-value)),
        (Op::Not, Lit::Int(value)) => Ok(Lit::Int(-value - 1)),
        _ => Err("`~` is for integers".to_owned()),
    }
}

/// Compares two literals exactly.
pub(crate) fn compare(op: Op, a: &Lit, b: &Lit) -> Option<bool> {
    let order = match (a, b) {
        (Lit::Int(x), Lit::Int(y)) => x.cmp(y),
        _ => to_float(a)?.partial_cmp(&to_float(b)?)?,
    };
    Some(match op {
        Op::Eq => order == Ordering::Equal,
        Op::Ne => order != Ordering::Equal,
        Op::Lt => order == Ordering::Less,
        Op::Le => order != Ordering::Greater,
        Op::Gt => order == Ordering::Greater,
        _ => order != Ordering::Less,
    })
}
