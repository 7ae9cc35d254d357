//! Which block operation computes an op of the table on which type.

use crossover_ir::Op;
use crossover_values::DType;

use super::inst::BlockOp::{self, *};

/// How an op is computed on rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// By this operation, operands in order.
    Direct(BlockOp),
    /// By this one, its two operands swapped.
    Swapped(BlockOp),
    /// By this one's complement.
    Not(BlockOp),
    /// By nothing: the row already holds the result.
    Same,
}

/// Chooses an operation; `operand` is the type of the first operand (of the second for `select`).
/// `None` for the functions that are called lane by lane.
pub(super) fn choose(op: Op, operand: DType, result: DType) -> Option<Choice> {
    use Choice::{Direct, Not, Same, Swapped};
    let wide = operand.size() == 8;
    let bits = |narrow, wider| Direct(if wide { wider } else { narrow });
    // i32 u32 i64 u64 f32 f64
    let typed = |all: [BlockOp; 6]| all[place(operand)];
    let float = |narrow, wider| Direct(if operand == DType::F32 { narrow } else { wider });
    let is_float = operand.is_float();
    let is_bool = operand == DType::Bool;
    Some(match op {
        Op::Add => Direct(typed([Add32, Add32, Add64, Add64, AddF32, AddF64])),
        Op::Sub => Direct(typed([Sub32, Sub32, Sub64, Sub64, SubF32, SubF64])),
        Op::Mul => Direct(typed([Mul32, Mul32, Mul64, Mul64, MulF32, MulF64])),
        Op::Neg => Direct(typed([Neg32, Neg32, Neg64, Neg64, NegF32, NegF64])),
        Op::Min => Direct(typed([MinI32, MinU32, MinI64, MinU64, MinF32, MinF64])),
        Op::Max => Direct(typed([MaxI32, MaxU32, MaxI64, MaxU64, MaxF32, MaxF64])),
        Op::Abs if matches!(operand, DType::U32 | DType::U64) => Same,
        Op::Abs => Direct(typed([AbsI32, Copy32, AbsI64, Copy64, AbsF32, AbsF64])),
        Op::Div => float(DivF32, DivF64),
        Op::Fma => float(FmaF32, FmaF64),
        Op::Sqrt => float(SqrtF32, SqrtF64),
        Op::Floor => float(FloorF32, FloorF64),
        Op::Ceil => float(CeilF32, CeilF64),
        Op::Trunc => float(TruncF32, TruncF64),
        Op::Round => float(RoundF32, RoundF64),
        Op::DivFloor => {
            Direct(integer(operand, [DivFloorI32, DivFloorU32, DivFloorI64, DivFloorU64]))
        }
        Op::RemFloor => {
            Direct(integer(operand, [RemFloorI32, RemFloorU32, RemFloorI64, RemFloorU64]))
        }
        Op::DivTrunc => {
            Direct(integer(operand, [DivTruncI32, DivTruncU32, DivTruncI64, DivTruncU64]))
        }
        Op::RemTrunc => {
            Direct(integer(operand, [RemTruncI32, RemTruncU32, RemTruncI64, RemTruncU64]))
        }
        Op::MulHigh => Direct(integer(operand, [MulHighI32, MulHighU32, MulHighI64, MulHighU64])),
        Op::And => bits(And32, And64),
        Op::Or => bits(Or32, Or64),
        Op::Xor => bits(Xor32, Xor64),
        Op::Not => bits(Not32, Not64),
        Op::Shl => bits(Shl32, Shl64),
        Op::Shr => Direct(integer(operand, [ShrI32, ShrU32, ShrI64, ShrU64])),
        Op::PopCount => bits(PopCount32, PopCount64),
        Op::CountLeadingZeros => bits(Clz32, Clz64),
        Op::CountTrailingZeros => bits(Ctz32, Ctz64),
        Op::Eq if is_float => float(EqF32, EqF64),
        Op::Ne if is_float => float(NeF32, NeF64),
        Op::Eq if is_bool => Not(Xor32),
        Op::Ne if is_bool => Direct(Xor32),
        Op::Eq => bits(Eq32, Eq64),
        Op::Ne => bits(Ne32, Ne64),
        Op::Lt => Direct(typed([LtI32, LtU32, LtI64, LtU64, LtF32, LtF64])),
        Op::Le => Direct(typed([LeI32, LeU32, LeI64, LeU64, LeF32, LeF64])),
        Op::Gt => Swapped(typed([LtI32, LtU32, LtI64, LtU64, LtF32, LtF64])),
        Op::Ge => Swapped(typed([LeI32, LeU32, LeI64, LeU64, LeF32, LeF64])),
        Op::Select => bits(Select32, Select64),
        Op::Bitcast => Same,
        Op::CastWrap => wrap(operand, result),
        Op::CastNearest => nearest(operand, result),
        Op::CastSat => Direct(float_to_int(
            operand,
            result,
            [
                SatI32OfF32,
                SatU32OfF32,
                SatI64OfF32,
                SatU64OfF32,
                SatI32OfF64,
                SatU32OfF64,
                SatI64OfF64,
                SatU64OfF64,
            ],
        )),
        Op::CastTrap => Direct(float_to_int(
            operand,
            result,
            [I32OfF32, U32OfF32, I64OfF32, U64OfF32, I32OfF64, U32OfF64, I64OfF64, U64OfF64],
        )),
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
        | Op::Erf => return None,
    })
}

fn place(dtype: DType) -> usize {
    match dtype {
        DType::I32 | DType::Bool | DType::U8 => 0,
        DType::U32 => 1,
        DType::I64 => 2,
        DType::U64 => 3,
        DType::F32 => 4,
        DType::F64 => 5,
    }
}

fn integer(dtype: DType, all: [BlockOp; 4]) -> BlockOp {
    all[place(dtype).min(3)]
}

fn wrap(from: DType, to: DType) -> Choice {
    use Choice::{Direct, Same};
    match (from, to.size() == 8) {
        (DType::Bool, _) if to == DType::Bool => Same,
        (DType::Bool, false) => Direct(OneOfBool32),
        (DType::Bool, true) => Direct(OneOfBool64),
        (DType::I32, true) => Direct(I64OfI32),
        (DType::U32, true) => Direct(U64OfU32),
        (DType::I64 | DType::U64, false) => Direct(U32OfU64),
        _ => Same,
    }
}

fn nearest(from: DType, to: DType) -> Choice {
    use Choice::{Direct, Same};
    let single = to == DType::F32;
    let pick = |narrow, wide| Direct(if single { narrow } else { wide });
    match from {
        DType::I32 => pick(F32OfI32, F64OfI32),
        DType::U32 => pick(F32OfU32, F64OfU32),
        DType::I64 => pick(F32OfI64, F64OfI64),
        DType::U64 => pick(F32OfU64, F64OfU64),
        DType::F64 if single => Direct(F32OfF64),
        DType::F32 if !single => Direct(F64OfF32),
        _ => Same,
    }
}

fn float_to_int(from: DType, to: DType, all: [BlockOp; 8]) -> BlockOp {
    all[place(to).min(3) + if from == DType::F32 { 0 } else { 4 }]
}
