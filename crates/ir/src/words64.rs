//! 64-bit integers on pairs of 32-bit words, for devices that have no others (rule 15).
//!
//! The routines are a module of the IR itself, one kernel each, over `u32` words with the low one
//! first: written in the kernel language (`words64/words64.py`), kept as text
//! (`words64/words64.ir`), proved on the interpreter against [`crate::eval`]. A backend translates
//! the lane code of a routine into a function, as it translates any lane code. No routine loops.
//!
//! What needs no carry between the words (`and`, equality, a narrowing cast, …) has no routine.

use std::sync::LazyLock;

use crossover_values::DType;

use crate::{Kernel, Module, Op, Valid, parse, validate};

static LIBRARY: LazyLock<Valid<Module>> = LazyLock::new(|| {
    let module = parse(include_str!("words64/words64.ir")).expect("a test compares the text");
    validate(module).expect("the text was printed from a valid module")
});

/// The routines: kernels whose parameters are arrays, the operands and, last, the result. An
/// operand or result of 64 bits is an array of rows of two words, any other an array of elements;
/// the only region computes one value per iteration.
pub fn library() -> &'static Valid<Module> {
    &LIBRARY
}

/// Whether a type is an integer of two words.
pub fn is_wide(dtype: DType) -> bool {
    matches!(dtype, DType::I64 | DType::U64)
}

/// A routine by its name.
pub fn routine(name: &str) -> Option<&'static Kernel> {
    LIBRARY.kernels.iter().find(|kernel| kernel.name == name)
}

/// Name of the routine that computes `op` on operands of type `from` with a result of type `to`,
/// where one of the two is wide and the words cannot be computed apart. A count of a shift is
/// passed as one word, from which the routine takes what it needs.
pub fn routine_name(op: Op, from: DType, to: DType) -> Option<&'static str> {
    let signed = from == DType::I64;
    let by_sign = |of_signed, of_unsigned| Some(if signed { of_signed } else { of_unsigned });
    if !is_wide(from) {
        return if is_wide(to) { into_wide(op, from, to) } else { None };
    }
    match op {
        Op::Add => Some("add_u64"),
        Op::Sub => Some("sub_u64"),
        Op::Mul => Some("mul_u64"),
        Op::Neg => Some("neg_u64"),
        Op::Abs if signed => Some("abs_i64"),
        Op::MulHigh => by_sign("mul_high_i64", "mul_high_u64"),
        Op::DivFloor => by_sign("div_floor_i64", "div_u64"),
        Op::RemFloor => by_sign("rem_floor_i64", "rem_u64"),
        Op::DivTrunc => by_sign("div_trunc_i64", "div_u64"),
        Op::RemTrunc => by_sign("rem_trunc_i64", "rem_u64"),
        Op::Shl => Some("shl_u64"),
        Op::Shr => by_sign("shr_i64", "shr_u64"),
        Op::Lt => by_sign("lt_i64", "lt_u64"),
        Op::Le => by_sign("le_i64", "le_u64"),
        Op::Gt => by_sign("gt_i64", "gt_u64"),
        Op::Ge => by_sign("ge_i64", "ge_u64"),
        Op::Min => by_sign("min_i64", "min_u64"),
        Op::Max => by_sign("max_i64", "max_u64"),
        Op::PopCount => Some("popcount_u64"),
        Op::CountLeadingZeros => Some("clz_u64"),
        Op::CountTrailingZeros => Some("ctz_u64"),
        Op::CastNearest if to == DType::F32 => by_sign("f32_from_i64", "f32_from_u64"),
        Op::CastNearest => by_sign("f64_from_i64", "f64_from_u64"),
        Op::Bitcast if to == DType::F64 => Some("f64_of_bits_u64"),
        _ => None,
    }
}

/// Casts to a wide type from another.
fn into_wide(op: Op, from: DType, to: DType) -> Option<&'static str> {
    match (op, from, to) {
        (Op::CastWrap, DType::I32, _) => Some("i64_from_i32"),
        (Op::CastTrap | Op::CastSat, DType::F32, DType::I64) => Some("i64_from_f32"),
        (Op::CastTrap | Op::CastSat, DType::F32, _) => Some("u64_from_f32"),
        (Op::CastTrap | Op::CastSat, DType::F64, DType::I64) => Some("i64_from_f64"),
        (Op::CastTrap | Op::CastSat, DType::F64, _) => Some("u64_from_f64"),
        (Op::Bitcast, DType::F64, _) => Some("bits_of_f64"),
        _ => None,
    }
}
