//! One expression per op of the table.

use std::collections::BTreeSet;

use crossover_ir::Op;
use crossover_values::{DType, Scalar};

use super::helper::Helper;
use super::literal::type_name;
use super::words;

/// An operand as the op sees it.
#[derive(Clone, Debug)]
pub(crate) struct Arg {
    /// Its text; an atom or parenthesised.
    pub text: String,
    /// Its type.
    pub dtype: DType,
    /// Its value, if it is a constant.
    pub constant: Option<Scalar>,
}

/// The expression `op(args)` of type `result`, parenthesised. Not all operands may be literals.
pub(crate) fn expression(
    op: Op,
    result: DType,
    args: &[Arg],
    helpers: &mut BTreeSet<Helper>,
) -> String {
    if let Some(text) = words::expression(op, result, args, helpers) {
        return text;
    }
    let text: Vec<&str> = args.iter().map(|arg| arg.text.as_str()).collect();
    let dtype = args.first().map_or(result, |arg| arg.dtype);
    match (op, text.as_slice()) {
        (Op::DivFloor | Op::RemFloor, [_, _]) => floor_division(op, dtype, args, helpers),
        (Op::Shl | Op::Shr, [a, _]) => shift(op, a, &args[1]),
        (_, [a]) => unary(op, result, dtype, a, helpers),
        (_, [a, b]) => binary(op, dtype, a, b, helpers),
        (Op::Select, [c, a, b]) => format!("select({b}, {a}, {c})"),
        (_, [a, b, c]) => format!("fma({a}, {b}, {c})"),
        // The validator counts operands.
        (_, _) => String::new(),
    }
}

fn shift(op: Op, a: &str, by: &Arg) -> String {
    let sign = if matches!(op, Op::Shl) { "<<" } else { ">>" };
    let count = match by.constant.and_then(Scalar::as_integer) {
        Some(count) => format!("{}u", count.rem_euclid(32)),
        None => format!("({} & 31u)", words::low_word(by)),
    };
    format!("({a} {sign} {count})")
}

/// Floor division by a power of two is a shift, and its remainder a mask, for signed types too.
fn floor_division(op: Op, dtype: DType, args: &[Arg], helpers: &mut BTreeSet<Helper>) -> String {
    let (a, b) = (&args[0].text, &args[1].text);
    let divisor = args[1].constant.and_then(Scalar::as_integer).unwrap_or(0);
    let power = (divisor > 0 && divisor & (divisor - 1) == 0).then(|| divisor.trailing_zeros());
    let suffix = if dtype == DType::I32 { "i" } else { "u" };
    match (op, power) {
        (Op::DivFloor, Some(power)) => format!("({a} >> {power}u)"),
        (_, Some(_)) => format!("({a} & {}{suffix})", divisor - 1),
        (Op::DivFloor, None) if dtype == DType::I32 => {
            helpers.insert(Helper::DivFloor);
            format!("div_floor_i32({a}, {b})")
        }
        (_, None) if dtype == DType::I32 => {
            helpers.insert(Helper::RemFloor);
            format!("rem_floor_i32({a}, {b})")
        }
        (Op::DivFloor, None) => format!("({a} / {b})"),
        (_, None) => format!("({a} % {b})"),
    }
}

fn binary(op: Op, dtype: DType, a: &str, b: &str, helpers: &mut BTreeSet<Helper>) -> String {
    let infix = |sign: &str| format!("({a} {sign} {b})");
    match op {
        Op::Add => infix("+"),
        Op::Sub => infix("-"),
        Op::Mul => infix("*"),
        Op::Div | Op::DivTrunc => infix("/"),
        Op::RemTrunc => infix("%"),
        Op::And => infix("&"),
        Op::Or => infix("|"),
        Op::Xor if dtype == DType::Bool => infix("!="),
        Op::Xor => infix("^"),
        Op::Eq => infix("=="),
        Op::Ne => infix("!="),
        Op::Lt => infix("<"),
        Op::Le => infix("<="),
        Op::Gt => infix(">"),
        Op::Ge => infix(">="),
        Op::Min | Op::Max => extreme(op, dtype, a, b, helpers),
        Op::MulHigh if dtype == DType::I32 => {
            helpers.insert(Helper::MulHighI32);
            format!("mul_high_i32({a}, {b})")
        }
        Op::MulHigh => {
            helpers.insert(Helper::MulHighU32);
            format!("mul_high_u32({a}, {b})")
        }
        Op::Pow => {
            helpers.insert(Helper::Pow);
            format!("pow_f32({a}, {b})")
        }
        Op::Atan2 => {
            helpers.insert(Helper::Atan2);
            format!("atan2_f32({a}, {b})")
        }
        other => format!("{}({a}, {b})", other.info().name),
    }
}

/// `min` or `max` with the language's rule for NaN and signed zero.
pub(crate) fn extreme(
    op: Op,
    dtype: DType,
    a: &str,
    b: &str,
    helpers: &mut BTreeSet<Helper>,
) -> String {
    let least = matches!(op, Op::Min);
    let name = if least { "min" } else { "max" };
    if let Some(wide) = words::extreme(op, dtype, a, b, helpers) {
        return wide;
    }
    if dtype.is_float() {
        helpers.insert(if least { Helper::Min(dtype) } else { Helper::Max(dtype) });
        format!("{name}_{}({a}, {b})", type_name(dtype))
    } else {
        format!("{name}({a}, {b})")
    }
}

fn unary(op: Op, result: DType, from: DType, a: &str, helpers: &mut BTreeSet<Helper>) -> String {
    let to = type_name(result);
    match op {
        Op::Neg if from == DType::U32 => format!("(0u - {a})"),
        Op::Neg => format!("(-{a})"),
        Op::Abs if from == DType::U32 => a.to_owned(),
        Op::Not if from == DType::Bool => format!("(!{a})"),
        Op::Not => format!("(~{a})"),
        Op::PopCount => format!("countOneBits({a})"),
        Op::CountLeadingZeros => format!("countLeadingZeros({a})"),
        Op::CountTrailingZeros => format!("countTrailingZeros({a})"),
        Op::CastWrap | Op::CastNearest | Op::CastTrap => format!("{to}({a})"),
        Op::CastSat => {
            helpers.insert(Helper::CastSat(from, result));
            format!("cast_sat_{}_{to}({a})", type_name(from))
        }
        Op::Bitcast => format!("bitcast<{to}>({a})"),
        Op::Tanh => {
            helpers.insert(Helper::Tanh);
            format!("tanh_f32({a})")
        }
        Op::Erf => {
            helpers.insert(Helper::Erf);
            format!("erf_f32({a})")
        }
        // abs sqrt floor ceil trunc round exp exp2 log log2 sin cos tan asin acos atan sinh
        // cosh: WGSL's names are the table's.
        other => format!("{}({a})", other.info().name),
    }
}

/// Whether WGSL computes the op on `f64`.
pub(crate) fn has_f64(op: Op) -> bool {
    !matches!(
        op,
        Op::Exp
            | Op::Exp2
            | Op::Log
            | Op::Log2
            | Op::Pow
            | Op::Sin
            | Op::Cos
            | Op::Tan
            | Op::Asin
            | Op::Acos
            | Op::Atan
            | Op::Atan2
            | Op::Sinh
            | Op::Cosh
            | Op::Tanh
            | Op::Erf
    )
}
