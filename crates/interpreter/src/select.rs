//! Which opcode computes an op of the table on which type.

use crossover_ir::Op;
use crossover_values::DType;

use crate::opcode::Opcode;

/// How an op is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Selected {
    /// By this opcode, operands in order.
    Direct(Opcode),
    /// By this opcode, its two operands swapped.
    Swapped(Opcode),
    /// By nothing: the register already holds the result.
    Same,
}

use Selected::{Direct, Same, Swapped};

/// Chooses an opcode; `operand` is the type of the first operand (of the second for `select`),
/// `result` that of the result.
///
/// # Panics
/// If the types do not meet the op's signature; the validator proves that they do.
pub(crate) fn select(op: Op, operand: DType, result: DType) -> Selected {
    let found = match op {
        Op::Add | Op::Sub | Op::Mul | Op::Neg | Op::Abs | Op::Min | Op::Max => {
            arithmetic(op, operand)
        }
        Op::DivFloor | Op::RemFloor | Op::DivTrunc | Op::RemTrunc | Op::MulHigh => {
            integer(op, operand)
        }
        Op::And | Op::Or | Op::Xor | Op::Not | Op::Shl | Op::Shr => integer(op, operand),
        Op::PopCount | Op::CountLeadingZeros | Op::CountTrailingZeros => integer(op, operand),
        Op::Div | Op::Fma | Op::Sqrt | Op::Floor | Op::Ceil | Op::Trunc | Op::Round => {
            function(op, operand)
        }
        Op::Exp | Op::Exp2 | Op::Log | Op::Log2 | Op::Pow | Op::Erf => function(op, operand),
        Op::Sin | Op::Cos | Op::Tan | Op::Asin | Op::Acos | Op::Atan | Op::Atan2 => {
            function(op, operand)
        }
        Op::Sinh | Op::Cosh | Op::Tanh => function(op, operand),
        Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge => compare(op, operand),
        Op::Select => Some(Direct(Opcode::Select)),
        Op::CastWrap | Op::CastNearest | Op::CastTrap | Op::CastSat | Op::Bitcast => {
            cast(op, operand, result)
        }
    };
    found.unwrap_or_else(|| unreachable!("`{}` was validated", op.info().name))
}

/// The opcode for a type: `i32 u32 i64 u64 f32 f64`.
fn by_type(dtype: DType, opcodes: [Opcode; 6]) -> Option<Selected> {
    let place = match dtype {
        DType::I32 => 0,
        DType::U32 => 1,
        DType::I64 => 2,
        DType::U64 => 3,
        DType::F32 => 4,
        DType::F64 => 5,
        DType::Bool | DType::U8 => return None,
    };
    Some(Direct(opcodes[place]))
}

/// The opcode for an integer type: `i32 u32 i64 u64`.
fn by_int(dtype: DType, [i32, u32, i64, u64]: [Opcode; 4]) -> Option<Selected> {
    match dtype {
        DType::I32 => Some(Direct(i32)),
        DType::U32 => Some(Direct(u32)),
        DType::I64 => Some(Direct(i64)),
        DType::U64 => Some(Direct(u64)),
        DType::Bool | DType::U8 | DType::F32 | DType::F64 => None,
    }
}

/// The opcode for a float type: `f32 f64`.
fn by_float(dtype: DType, [f32, f64]: [Opcode; 2]) -> Option<Selected> {
    match dtype {
        DType::F32 => Some(Direct(f32)),
        DType::F64 => Some(Direct(f64)),
        DType::Bool | DType::U8 | DType::I32 | DType::U32 | DType::I64 | DType::U64 => None,
    }
}

fn arithmetic(op: Op, dtype: DType) -> Option<Selected> {
    use Opcode::*;
    match op {
        Op::Add => by_type(dtype, [Add32, Add32, Add64, Add64, AddF32, AddF64]),
        Op::Sub => by_type(dtype, [Sub32, Sub32, Sub64, Sub64, SubF32, SubF64]),
        Op::Mul => by_type(dtype, [Mul32, Mul32, Mul64, Mul64, MulF32, MulF64]),
        Op::Neg => by_type(dtype, [Neg32, Neg32, Neg64, Neg64, NegF32, NegF64]),
        Op::Min => by_type(dtype, [MinI32, MinU, MinI64, MinU, MinF32, MinF64]),
        Op::Max => by_type(dtype, [MaxI32, MaxU, MaxI64, MaxU, MaxF32, MaxF64]),
        Op::Abs => match dtype {
            DType::U32 | DType::U64 => Some(Same),
            _ => by_type(dtype, [AbsI32, Mov, AbsI64, Mov, AbsF32, AbsF64]),
        },
        _ => None,
    }
}

fn integer(op: Op, dtype: DType) -> Option<Selected> {
    use Opcode::*;
    match op {
        Op::DivFloor => by_int(dtype, [DivFloorI32, DivFloorU32, DivFloorI64, DivFloorU64]),
        Op::RemFloor => by_int(dtype, [RemFloorI32, RemFloorU32, RemFloorI64, RemFloorU64]),
        Op::DivTrunc => by_int(dtype, [DivTruncI32, DivTruncU, DivTruncI64, DivTruncU]),
        Op::RemTrunc => by_int(dtype, [RemTruncI32, RemTruncU, RemTruncI64, RemTruncU]),
        Op::MulHigh => by_int(dtype, [MulHighI32, MulHighU32, MulHighI64, MulHighU64]),
        Op::And => Some(Direct(And)),
        Op::Or => Some(Direct(Or)),
        Op::Xor => Some(Direct(Xor)),
        Op::Not if dtype == DType::Bool => Some(Direct(NotBool)),
        Op::Not => by_int(dtype, [Not32, Not32, Not64, Not64]),
        Op::Shl => by_int(dtype, [Shl32, Shl32, Shl64, Shl64]),
        Op::Shr => by_int(dtype, [ShrI32, ShrU32, ShrI64, ShrU64]),
        Op::PopCount => Some(Direct(PopCount)),
        Op::CountLeadingZeros => by_int(dtype, [Clz32, Clz32, Clz64, Clz64]),
        Op::CountTrailingZeros => by_int(dtype, [Ctz32, Ctz32, Ctz64, Ctz64]),
        _ => None,
    }
}

fn function(op: Op, dtype: DType) -> Option<Selected> {
    use Opcode::*;
    let opcodes = match op {
        Op::Div => [DivF32, DivF64],
        Op::Fma => [FmaF32, FmaF64],
        Op::Sqrt => [SqrtF32, SqrtF64],
        Op::Floor => [FloorF32, FloorF64],
        Op::Ceil => [CeilF32, CeilF64],
        Op::Trunc => [TruncF32, TruncF64],
        Op::Round => [RoundF32, RoundF64],
        Op::Exp => [ExpF32, ExpF64],
        Op::Exp2 => [Exp2F32, Exp2F64],
        Op::Log => [LogF32, LogF64],
        Op::Log2 => [Log2F32, Log2F64],
        Op::Pow => [PowF32, PowF64],
        Op::Sin => [SinF32, SinF64],
        Op::Cos => [CosF32, CosF64],
        Op::Tan => [TanF32, TanF64],
        Op::Asin => [AsinF32, AsinF64],
        Op::Acos => [AcosF32, AcosF64],
        Op::Atan => [AtanF32, AtanF64],
        Op::Atan2 => [Atan2F32, Atan2F64],
        Op::Sinh => [SinhF32, SinhF64],
        Op::Cosh => [CoshF32, CoshF64],
        Op::Tanh => [TanhF32, TanhF64],
        Op::Erf => [ErfF32, ErfF64],
        _ => return None,
    };
    by_float(dtype, opcodes)
}

/// Comparisons; `a > b` is `b < a` for every type, NaN included.
fn compare(op: Op, dtype: DType) -> Option<Selected> {
    use Opcode::*;
    let float = dtype.is_float();
    match op {
        Op::Eq if float => by_float(dtype, [EqF32, EqF64]),
        Op::Ne if float => by_float(dtype, [NeF32, NeF64]),
        Op::Eq => Some(Direct(Eq)),
        Op::Ne => Some(Direct(Ne)),
        Op::Lt => by_type(dtype, [LtI32, LtU, LtI64, LtU, LtF32, LtF64]),
        Op::Le => by_type(dtype, [LeI32, LeU, LeI64, LeU, LeF32, LeF64]),
        Op::Gt => compare(Op::Lt, dtype).map(swap),
        Op::Ge => compare(Op::Le, dtype).map(swap),
        _ => None,
    }
}

fn swap(selected: Selected) -> Selected {
    match selected {
        Direct(opcode) => Swapped(opcode),
        Swapped(opcode) => Direct(opcode),
        Same => Same,
    }
}

fn cast(op: Op, from: DType, to: DType) -> Option<Selected> {
    match op {
        Op::CastWrap => Some(wrap(from, to)),
        Op::CastNearest => nearest(from, to),
        Op::CastTrap => float_to_int(from, to, true),
        Op::CastSat => float_to_int(from, to, false),
        Op::Bitcast => Some(Same),
        _ => None,
    }
}

/// Only signed widening and narrowing change the register.
fn wrap(from: DType, to: DType) -> Selected {
    match (from, to.size()) {
        (DType::I32, 8) => Direct(Opcode::Sext32),
        (DType::I64 | DType::U64, 4) => Direct(Opcode::Trunc32),
        _ => Same,
    }
}

fn nearest(from: DType, to: DType) -> Option<Selected> {
    use Opcode::*;
    if from == to {
        return Some(Same);
    }
    if to == DType::F32 {
        by_type(from, [F32OfI32, F32OfU, F32OfI64, F32OfU, Mov, F32OfF64])
    } else {
        by_type(from, [F64OfI32, F64OfU32, F64OfI64, F64OfU64, F64OfF32, Mov])
    }
}

fn float_to_int(from: DType, to: DType, traps: bool) -> Option<Selected> {
    use Opcode::*;
    let opcodes = match (from, traps) {
        (DType::F32, true) => [I32OfF32, U32OfF32, I64OfF32, U64OfF32],
        (DType::F64, true) => [I32OfF64, U32OfF64, I64OfF64, U64OfF64],
        (DType::F32, false) => [SatI32OfF32, SatU32OfF32, SatI64OfF32, SatU64OfF32],
        (DType::F64, false) => [SatI32OfF64, SatU32OfF64, SatI64OfF64, SatU64OfF64],
        _ => return None,
    };
    by_int(to, opcodes)
}
