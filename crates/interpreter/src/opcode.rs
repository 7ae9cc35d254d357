//! The opcode table: one row per opcode, from which the enum, the operand roles, the
//! disassembler's names and the handlers of the dispatch loop derive.
//!
//! Operands of an instruction are the registers `a b c d e`; `r` takes the result; `t` is a branch
//! target, an array slot or a small number. The types in a row say how a register is read.
//!
//! Beside the plain ops there are *superinstructions*: what they save is less the dispatch than
//! the way through memory, since each result that stays in a machine register spares a
//! store-to-load round trip on the critical path.

use crate::memory::Width;

/// What field `t` of an instruction means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Nothing.
    Unused,
    /// The instruction to go on with.
    Branch,
    /// A slot of one of the memory tables.
    Array,
    /// First register of a block of registers; `b` is the block's length, not a register.
    Block,
}

/// What an instruction does to register `r`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResultRole {
    /// Nothing.
    None,
    /// Writes it.
    Write,
    /// Reads and writes it.
    Update,
}

/// The facts about an opcode that the optimiser and the disassembler need.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpcodeInfo {
    /// Its name in listings and profiles.
    pub(crate) name: &'static str,
    /// Which of the operands `a b c d e` (0 to 4) are registers it reads.
    pub(crate) reads: &'static [usize],
    /// What it does to `r`.
    pub(crate) result: ResultRole,
    /// What `t` means.
    pub(crate) target: Target,
    /// Whether it only computes `r`, without effect or trap, so that it may move or vanish.
    pub(crate) pure_value: bool,
}

/// Position of an operand field by its name in a row.
pub(crate) const fn field(name: &str) -> usize {
    (name.as_bytes()[0] - b'a') as usize
}

/// Hands the table to a callback macro.
macro_rules! opcode_table {
    ($callback:ident) => {
        $callback! {
            pure {
                Mov "mov" (a: u64) -> u64 = a;
                Add32 "add.32" (a: u32, b: u32) -> u32 = a.wrapping_add(b);
                Add64 "add.64" (a: u64, b: u64) -> u64 = a.wrapping_add(b);
                Sub32 "sub.32" (a: u32, b: u32) -> u32 = a.wrapping_sub(b);
                Sub64 "sub.64" (a: u64, b: u64) -> u64 = a.wrapping_sub(b);
                Mul32 "mul.32" (a: u32, b: u32) -> u32 = a.wrapping_mul(b);
                Mul64 "mul.64" (a: u64, b: u64) -> u64 = a.wrapping_mul(b);
                AddMul32 "add_mul.32" (a: u32, b: u32, c: u32) -> u32 = a.wrapping_add(b.wrapping_mul(c));
                AddMul64 "add_mul.64" (a: u64, b: u64, c: u64) -> u64 = a.wrapping_add(b.wrapping_mul(c));
                MulAdd32 "mul_add.32" (a: u32, b: u32, c: u32) -> u32 = a.wrapping_mul(b).wrapping_add(c);
                MulAdd64 "mul_add.64" (a: u64, b: u64, c: u64) -> u64 = a.wrapping_mul(b).wrapping_add(c);
                MulMulAdd64 "mul_mul_add.64" (a: u64, b: u64, c: u64, d: u64) -> u64 = a.wrapping_mul(b).wrapping_add(c.wrapping_mul(d));
                Neg32 "neg.32" (a: u32) -> u32 = a.wrapping_neg();
                Neg64 "neg.64" (a: u64) -> u64 = a.wrapping_neg();
                DivTruncI32 "div_trunc.i32" (a: i32, b: i32) -> i32 = if b == 0 { a } else { a.wrapping_div(b) };
                DivTruncI64 "div_trunc.i64" (a: i64, b: i64) -> i64 = if b == 0 { a } else { a.wrapping_div(b) };
                DivTruncU "div_trunc.u" (a: u64, b: u64) -> u64 = if b == 0 { a } else { a / b };
                RemTruncI32 "rem_trunc.i32" (a: i32, b: i32) -> i32 = if b == 0 { 0 } else { a.wrapping_rem(b) };
                RemTruncI64 "rem_trunc.i64" (a: i64, b: i64) -> i64 = if b == 0 { 0 } else { a.wrapping_rem(b) };
                RemTruncU "rem_trunc.u" (a: u64, b: u64) -> u64 = if b == 0 { 0 } else { a % b };
                AbsI32 "abs.i32" (a: i32) -> i32 = a.wrapping_abs();
                AbsI64 "abs.i64" (a: i64) -> i64 = a.wrapping_abs();
                MinI32 "min.i32" (a: i32, b: i32) -> i32 = a.min(b);
                MinI64 "min.i64" (a: i64, b: i64) -> i64 = a.min(b);
                MinU "min.u" (a: u64, b: u64) -> u64 = a.min(b);
                MaxI32 "max.i32" (a: i32, b: i32) -> i32 = a.max(b);
                MaxI64 "max.i64" (a: i64, b: i64) -> i64 = a.max(b);
                MaxU "max.u" (a: u64, b: u64) -> u64 = a.max(b);
                MulHighI32 "mul_high.i32" (a: i32, b: i32) -> i32 = ((i64::from(a) * i64::from(b)) >> 32) as i32;
                MulHighU32 "mul_high.u32" (a: u64, b: u64) -> u64 = (a * b) >> 32;
                MulHighI64 "mul_high.i64" (a: i64, b: i64) -> i64 = ((i128::from(a) * i128::from(b)) >> 64) as i64;
                MulHighU64 "mul_high.u64" (a: u64, b: u64) -> u64 = ((u128::from(a) * u128::from(b)) >> 64) as u64;
                And "and" (a: u64, b: u64) -> u64 = a & b;
                Or "or" (a: u64, b: u64) -> u64 = a | b;
                Xor "xor" (a: u64, b: u64) -> u64 = a ^ b;
                Xor3 "xor3" (a: u64, b: u64, c: u64) -> u64 = a ^ b ^ c;
                Not32 "not.32" (a: u32) -> u32 = !a;
                Not64 "not.64" (a: u64) -> u64 = !a;
                NotBool "not.bool" (a: u64) -> u64 = a ^ 1;
                Shl32 "shl.32" (a: u32, b: u32) -> u32 = a.wrapping_shl(b);
                Shl64 "shl.64" (a: u64, b: u32) -> u64 = a.wrapping_shl(b);
                ShrI32 "shr.i32" (a: i32, b: u32) -> i32 = a.wrapping_shr(b);
                ShrU32 "shr.u32" (a: u32, b: u32) -> u32 = a.wrapping_shr(b);
                ShrI64 "shr.i64" (a: i64, b: u32) -> i64 = a.wrapping_shr(b);
                ShrU64 "shr.u64" (a: u64, b: u32) -> u64 = a.wrapping_shr(b);
                PopCount "popcount" (a: u64) -> u64 = u64::from(a.count_ones());
                Clz32 "clz.32" (a: u32) -> u32 = a.leading_zeros();
                Clz64 "clz.64" (a: u64) -> u64 = u64::from(a.leading_zeros());
                Ctz32 "ctz.32" (a: u32) -> u32 = a.trailing_zeros();
                Ctz64 "ctz.64" (a: u64) -> u64 = u64::from(a.trailing_zeros());
                Eq "eq" (a: u64, b: u64) -> bool = a == b;
                Ne "ne" (a: u64, b: u64) -> bool = a != b;
                LtI32 "lt.i32" (a: i32, b: i32) -> bool = a < b;
                LtI64 "lt.i64" (a: i64, b: i64) -> bool = a < b;
                LtU "lt.u" (a: u64, b: u64) -> bool = a < b;
                LeI32 "le.i32" (a: i32, b: i32) -> bool = a <= b;
                LeI64 "le.i64" (a: i64, b: i64) -> bool = a <= b;
                LeU "le.u" (a: u64, b: u64) -> bool = a <= b;
                Select "select" (a: bool, b: u64, c: u64) -> u64 = if a { b } else { c };
                Sext32 "sext.32" (a: i32) -> i64 = i64::from(a);
                Trunc32 "trunc.32" (a: u64) -> u32 = a as u32;
                TripCountI32 "trips.i32" (a: i32, b: i32, c: i64) -> u64 = word::trip_count(i128::from(a), i128::from(b), c);
                TripCountI64 "trips.i64" (a: i64, b: i64, c: i64) -> u64 = word::trip_count(i128::from(a), i128::from(b), c);
                TripCountU "trips.u" (a: u64, b: u64, c: i64) -> u64 = word::trip_count(i128::from(a), i128::from(b), c);
                F32OfI32 "f32.i32" (a: i32) -> f32 = a as f32;
                F32OfI64 "f32.i64" (a: i64) -> f32 = a as f32;
                F32OfU "f32.u" (a: u64) -> f32 = a as f32;
                F32OfF64 "f32.f64" (a: f64) -> f32 = a as f32;
                F64OfI32 "f64.i32" (a: i32) -> f64 = f64::from(a);
                F64OfI64 "f64.i64" (a: i64) -> f64 = a as f64;
                F64OfU32 "f64.u32" (a: u32) -> f64 = f64::from(a);
                F64OfU64 "f64.u64" (a: u64) -> f64 = a as f64;
                F64OfF32 "f64.f32" (a: f32) -> f64 = f64::from(a);
                SatI32OfF32 "i32.sat.f32" (a: f32) -> i32 = a as i32;
                SatU32OfF32 "u32.sat.f32" (a: f32) -> u32 = a as u32;
                SatI64OfF32 "i64.sat.f32" (a: f32) -> i64 = a as i64;
                SatU64OfF32 "u64.sat.f32" (a: f32) -> u64 = a as u64;
                SatI32OfF64 "i32.sat.f64" (a: f64) -> i32 = a as i32;
                SatU32OfF64 "u32.sat.f64" (a: f64) -> u32 = a as u32;
                SatI64OfF64 "i64.sat.f64" (a: f64) -> i64 = a as i64;
                SatU64OfF64 "u64.sat.f64" (a: f64) -> u64 = a as u64;
                AddF32 "add.f32" (a: f32, b: f32) -> f32 = a + b;
                AddF64 "add.f64" (a: f64, b: f64) -> f64 = a + b;
                SubF32 "sub.f32" (a: f32, b: f32) -> f32 = a - b;
                SubF64 "sub.f64" (a: f64, b: f64) -> f64 = a - b;
                MulF32 "mul.f32" (a: f32, b: f32) -> f32 = a * b;
                MulF64 "mul.f64" (a: f64, b: f64) -> f64 = a * b;
                DivF32 "div.f32" (a: f32, b: f32) -> f32 = a / b;
                DivF64 "div.f64" (a: f64, b: f64) -> f64 = a / b;
                MulAddF32 "mul_add.f32" (a: f32, b: f32, c: f32) -> f32 = a * b + c;
                MulAddF64 "mul_add.f64" (a: f64, b: f64, c: f64) -> f64 = a * b + c;
                AddMulF32 "add_mul.f32" (a: f32, b: f32, c: f32) -> f32 = a + b * c;
                AddMulF64 "add_mul.f64" (a: f64, b: f64, c: f64) -> f64 = a + b * c;
                MulSubF32 "mul_sub.f32" (a: f32, b: f32, c: f32) -> f32 = a * b - c;
                MulSubF64 "mul_sub.f64" (a: f64, b: f64, c: f64) -> f64 = a * b - c;
                SubMulF32 "sub_mul.f32" (a: f32, b: f32, c: f32) -> f32 = a - b * c;
                SubMulF64 "sub_mul.f64" (a: f64, b: f64, c: f64) -> f64 = a - b * c;
                MulMulAddF32 "mul_mul_add.f32" (a: f32, b: f32, c: f32, d: f32) -> f32 = a * b + c * d;
                MulMulAddF64 "mul_mul_add.f64" (a: f64, b: f64, c: f64, d: f64) -> f64 = a * b + c * d;
                MulMulSubF32 "mul_mul_sub.f32" (a: f32, b: f32, c: f32, d: f32) -> f32 = a * b - c * d;
                MulMulSubF64 "mul_mul_sub.f64" (a: f64, b: f64, c: f64, d: f64) -> f64 = a * b - c * d;
                MulMulAddAddF32 "mul_mul_add_add.f32" (a: f32, b: f32, c: f32, d: f32, e: f32) -> f32 = a * b + c * d + e;
                MulMulAddAddF64 "mul_mul_add_add.f64" (a: f64, b: f64, c: f64, d: f64, e: f64) -> f64 = a * b + c * d + e;
                MulMulAddSubF32 "mul_mul_add_sub.f32" (a: f32, b: f32, c: f32, d: f32, e: f32) -> f32 = a * b + c * d - e;
                MulMulAddSubF64 "mul_mul_add_sub.f64" (a: f64, b: f64, c: f64, d: f64, e: f64) -> f64 = a * b + c * d - e;
                MulMulSubAddF32 "mul_mul_sub_add.f32" (a: f32, b: f32, c: f32, d: f32, e: f32) -> f32 = a * b - c * d + e;
                MulMulSubAddF64 "mul_mul_sub_add.f64" (a: f64, b: f64, c: f64, d: f64, e: f64) -> f64 = a * b - c * d + e;
                MulMulSubSubF32 "mul_mul_sub_sub.f32" (a: f32, b: f32, c: f32, d: f32, e: f32) -> f32 = a * b - c * d - e;
                MulMulSubSubF64 "mul_mul_sub_sub.f64" (a: f64, b: f64, c: f64, d: f64, e: f64) -> f64 = a * b - c * d - e;
                AddAddF32 "add_add.f32" (a: f32, b: f32, c: f32) -> f32 = a + b + c;
                AddAddF64 "add_add.f64" (a: f64, b: f64, c: f64) -> f64 = a + b + c;
                AddAddAddF32 "add_add_add.f32" (a: f32, b: f32, c: f32, d: f32) -> f32 = a + b + c + d;
                AddAddAddF64 "add_add_add.f64" (a: f64, b: f64, c: f64, d: f64) -> f64 = a + b + c + d;
                AddSubF32 "add_sub.f32" (a: f32, b: f32, c: f32) -> f32 = a + b - c;
                AddSubF64 "add_sub.f64" (a: f64, b: f64, c: f64) -> f64 = a + b - c;
                SubAddF32 "sub_add.f32" (a: f32, b: f32, c: f32) -> f32 = a - b + c;
                SubAddF64 "sub_add.f64" (a: f64, b: f64, c: f64) -> f64 = a - b + c;
                NegF32 "neg.f32" (a: f32) -> f32 = -a;
                NegF64 "neg.f64" (a: f64) -> f64 = -a;
                AbsF32 "abs.f32" (a: f32) -> f32 = a.abs();
                AbsF64 "abs.f64" (a: f64) -> f64 = a.abs();
                MinF32 "min.f32" (a: f32, b: f32) -> f32 = if b < a { b } else { a };
                MinF64 "min.f64" (a: f64, b: f64) -> f64 = if b < a { b } else { a };
                MaxF32 "max.f32" (a: f32, b: f32) -> f32 = if a < b { b } else { a };
                MaxF64 "max.f64" (a: f64, b: f64) -> f64 = if a < b { b } else { a };
                EqF32 "eq.f32" (a: f32, b: f32) -> bool = a == b;
                EqF64 "eq.f64" (a: f64, b: f64) -> bool = a == b;
                NeF32 "ne.f32" (a: f32, b: f32) -> bool = a != b;
                NeF64 "ne.f64" (a: f64, b: f64) -> bool = a != b;
                LtF32 "lt.f32" (a: f32, b: f32) -> bool = a < b;
                LtF64 "lt.f64" (a: f64, b: f64) -> bool = a < b;
                LeF32 "le.f32" (a: f32, b: f32) -> bool = a <= b;
                LeF64 "le.f64" (a: f64, b: f64) -> bool = a <= b;
                SqrtF32 "sqrt.f32" (a: f32) -> f32 = a.sqrt();
                SqrtF64 "sqrt.f64" (a: f64) -> f64 = a.sqrt();
                FmaF32 "fma.f32" (a: f32, b: f32, c: f32) -> f32 = far::fma_f32(a, b, c);
                FmaF64 "fma.f64" (a: f64, b: f64, c: f64) -> f64 = far::fma_f64(a, b, c);
                FloorF32 "floor.f32" (a: f32) -> f32 = far::floor_f32(a);
                FloorF64 "floor.f64" (a: f64) -> f64 = far::floor_f64(a);
                CeilF32 "ceil.f32" (a: f32) -> f32 = far::ceil_f32(a);
                CeilF64 "ceil.f64" (a: f64) -> f64 = far::ceil_f64(a);
                TruncF32 "trunc.f32" (a: f32) -> f32 = far::trunc_f32(a);
                TruncF64 "trunc.f64" (a: f64) -> f64 = far::trunc_f64(a);
                RoundF32 "round.f32" (a: f32) -> f32 = far::round_f32(a);
                RoundF64 "round.f64" (a: f64) -> f64 = far::round_f64(a);
                ExpF32 "exp.f32" (a: f32) -> f32 = far::exp_f32(a);
                ExpF64 "exp.f64" (a: f64) -> f64 = far::exp_f64(a);
                Exp2F32 "exp2.f32" (a: f32) -> f32 = far::exp2_f32(a);
                Exp2F64 "exp2.f64" (a: f64) -> f64 = far::exp2_f64(a);
                LogF32 "log.f32" (a: f32) -> f32 = far::log_f32(a);
                LogF64 "log.f64" (a: f64) -> f64 = far::log_f64(a);
                Log2F32 "log2.f32" (a: f32) -> f32 = far::log2_f32(a);
                Log2F64 "log2.f64" (a: f64) -> f64 = far::log2_f64(a);
                PowF32 "pow.f32" (a: f32, b: f32) -> f32 = far::pow_f32(a, b);
                PowF64 "pow.f64" (a: f64, b: f64) -> f64 = far::pow_f64(a, b);
                SinF32 "sin.f32" (a: f32) -> f32 = far::sin_f32(a);
                SinF64 "sin.f64" (a: f64) -> f64 = far::sin_f64(a);
                CosF32 "cos.f32" (a: f32) -> f32 = far::cos_f32(a);
                CosF64 "cos.f64" (a: f64) -> f64 = far::cos_f64(a);
                TanF32 "tan.f32" (a: f32) -> f32 = far::tan_f32(a);
                TanF64 "tan.f64" (a: f64) -> f64 = far::tan_f64(a);
                AsinF32 "asin.f32" (a: f32) -> f32 = far::asin_f32(a);
                AsinF64 "asin.f64" (a: f64) -> f64 = far::asin_f64(a);
                AcosF32 "acos.f32" (a: f32) -> f32 = far::acos_f32(a);
                AcosF64 "acos.f64" (a: f64) -> f64 = far::acos_f64(a);
                AtanF32 "atan.f32" (a: f32) -> f32 = far::atan_f32(a);
                AtanF64 "atan.f64" (a: f64) -> f64 = far::atan_f64(a);
                Atan2F32 "atan2.f32" (a: f32, b: f32) -> f32 = far::atan2_f32(a, b);
                Atan2F64 "atan2.f64" (a: f64, b: f64) -> f64 = far::atan2_f64(a, b);
                SinhF32 "sinh.f32" (a: f32) -> f32 = far::sinh_f32(a);
                SinhF64 "sinh.f64" (a: f64) -> f64 = far::sinh_f64(a);
                CoshF32 "cosh.f32" (a: f32) -> f32 = far::cosh_f32(a);
                CoshF64 "cosh.f64" (a: f64) -> f64 = far::cosh_f64(a);
                TanhF32 "tanh.f32" (a: f32) -> f32 = far::tanh_f32(a);
                TanhF64 "tanh.f64" (a: f64) -> f64 = far::tanh_f64(a);
                ErfF32 "erf.f32" (a: f32) -> f32 = far::erf_f32(a);
                ErfF64 "erf.f64" (a: f64) -> f64 = far::erf_f64(a);
            }
            trapping {
                DivFloorI32 "div_floor.i32" (a: i32, b: i32) -> i32 = word::div_floor_i32(a, b);
                DivFloorI64 "div_floor.i64" (a: i64, b: i64) -> i64 = word::div_floor_i64(a, b);
                DivFloorU32 "div_floor.u32" (a: u32, b: u32) -> u32 = a.checked_div(b);
                DivFloorU64 "div_floor.u64" (a: u64, b: u64) -> u64 = a.checked_div(b);
                RemFloorI32 "rem_floor.i32" (a: i32, b: i32) -> i32 = word::rem_floor_i32(a, b);
                RemFloorI64 "rem_floor.i64" (a: i64, b: i64) -> i64 = word::rem_floor_i64(a, b);
                RemFloorU32 "rem_floor.u32" (a: u32, b: u32) -> u32 = a.checked_rem(b);
                RemFloorU64 "rem_floor.u64" (a: u64, b: u64) -> u64 = a.checked_rem(b);
                I32OfF32 "i32.f32" (a: f32) -> i32 = word::i32_of_f32(a);
                U32OfF32 "u32.f32" (a: f32) -> u32 = word::u32_of_f32(a);
                I64OfF32 "i64.f32" (a: f32) -> i64 = word::i64_of_f32(a);
                U64OfF32 "u64.f32" (a: f32) -> u64 = word::u64_of_f32(a);
                I32OfF64 "i32.f64" (a: f64) -> i32 = word::i32_of_f64(a);
                U32OfF64 "u32.f64" (a: f64) -> u32 = word::u32_of_f64(a);
                I64OfF64 "i64.f64" (a: f64) -> i64 = word::i64_of_f64(a);
                U64OfF64 "u64.f64" (a: f64) -> u64 = word::u64_of_f64(a);
                Address "address" (a: u64, b: u64, c: u64, d: u64) -> u64 = if a < c && b < d { Some(a * d + b) } else { None };
            }
            branch {
                BrT "br.true" (a: bool) = a;
                BrF "br.false" (a: bool) = !a;
                BrEq "br.eq" (a: u64, b: u64) = a == b;
                BrNe "br.ne" (a: u64, b: u64) = a != b;
                BrLtI32 "br.lt.i32" (a: i32, b: i32) = a < b;
                BrLtI64 "br.lt.i64" (a: i64, b: i64) = a < b;
                BrLtU "br.lt.u" (a: u64, b: u64) = a < b;
                BrLeI32 "br.le.i32" (a: i32, b: i32) = a <= b;
                BrLeI64 "br.le.i64" (a: i64, b: i64) = a <= b;
                BrLeU "br.le.u" (a: u64, b: u64) = a <= b;
                BrEqF32 "br.eq.f32" (a: f32, b: f32) = a == b;
                BrEqF64 "br.eq.f64" (a: f64, b: f64) = a == b;
                BrNeF32 "br.ne.f32" (a: f32, b: f32) = a != b;
                BrNeF64 "br.ne.f64" (a: f64, b: f64) = a != b;
                BrLtF32 "br.lt.f32" (a: f32, b: f32) = a < b;
                BrLtF64 "br.lt.f64" (a: f64, b: f64) = a < b;
                BrLeF32 "br.le.f32" (a: f32, b: f32) = a <= b;
                BrLeF64 "br.le.f64" (a: f64, b: f64) = a <= b;
                BrNltF32 "br.nlt.f32" (a: f32, b: f32) = !(a < b);
                BrNltF64 "br.nlt.f64" (a: f64, b: f64) = !(a < b);
                BrNleF32 "br.nle.f32" (a: f32, b: f32) = !(a <= b);
                BrNleF64 "br.nle.f64" (a: f64, b: f64) = !(a <= b);
                BrMulMulAddLtF32 "br.mul_mul_add.lt.f32" (a: f32, b: f32, c: f32, d: f32, e: f32) = a * b + c * d < e;
                BrMulMulAddLtF64 "br.mul_mul_add.lt.f64" (a: f64, b: f64, c: f64, d: f64, e: f64) = a * b + c * d < e;
                BrMulMulAddLeF32 "br.mul_mul_add.le.f32" (a: f32, b: f32, c: f32, d: f32, e: f32) = a * b + c * d <= e;
                BrMulMulAddLeF64 "br.mul_mul_add.le.f64" (a: f64, b: f64, c: f64, d: f64, e: f64) = a * b + c * d <= e;
                BrMulMulAddNltF32 "br.mul_mul_add.nlt.f32" (a: f32, b: f32, c: f32, d: f32, e: f32) = !(a * b + c * d < e);
                BrMulMulAddNltF64 "br.mul_mul_add.nlt.f64" (a: f64, b: f64, c: f64, d: f64, e: f64) = !(a * b + c * d < e);
                BrMulMulAddNleF32 "br.mul_mul_add.nle.f32" (a: f32, b: f32, c: f32, d: f32, e: f32) = !(a * b + c * d <= e);
                BrMulMulAddNleF64 "br.mul_mul_add.nle.f64" (a: f64, b: f64, c: f64, d: f64, e: f64) = !(a * b + c * d <= e);
                BrLtMulMulAddF32 "br.lt.mul_mul_add.f32" (a: f32, b: f32, c: f32, d: f32, e: f32) = a < b * c + d * e;
                BrLtMulMulAddF64 "br.lt.mul_mul_add.f64" (a: f64, b: f64, c: f64, d: f64, e: f64) = a < b * c + d * e;
                BrLeMulMulAddF32 "br.le.mul_mul_add.f32" (a: f32, b: f32, c: f32, d: f32, e: f32) = a <= b * c + d * e;
                BrLeMulMulAddF64 "br.le.mul_mul_add.f64" (a: f64, b: f64, c: f64, d: f64, e: f64) = a <= b * c + d * e;
                BrNltMulMulAddF32 "br.nlt.mul_mul_add.f32" (a: f32, b: f32, c: f32, d: f32, e: f32) = !(a < b * c + d * e);
                BrNltMulMulAddF64 "br.nlt.mul_mul_add.f64" (a: f64, b: f64, c: f64, d: f64, e: f64) = !(a < b * c + d * e);
                BrNleMulMulAddF32 "br.nle.mul_mul_add.f32" (a: f32, b: f32, c: f32, d: f32, e: f32) = !(a <= b * c + d * e);
                BrNleMulMulAddF64 "br.nle.mul_mul_add.f64" (a: f64, b: f64, c: f64, d: f64, e: f64) = !(a <= b * c + d * e);
            }
            count_branch {
                AddNe32 "add.br.ne.32" u32 (a: u32, b: u32) |sum| sum != b;
                AddNe64 "add.br.ne.64" u64 (a: u64, b: u64) |sum| sum != b;
                AddLtI32 "add.br.lt.i32" i32 (a: i32, b: i32) |sum| sum < b;
                AddLtI64 "add.br.lt.i64" i64 (a: i64, b: i64) |sum| sum < b;
                AddLeI32 "add.br.le.i32" i32 (a: i32, b: i32) |sum| sum <= b;
                AddLeI64 "add.br.le.i64" i64 (a: i64, b: i64) |sum| sum <= b;
                AddGtI32 "add.br.gt.i32" i32 (a: i32, b: i32) |sum| sum > b;
                AddGtI64 "add.br.gt.i64" i64 (a: i64, b: i64) |sum| sum > b;
                AddGeI32 "add.br.ge.i32" i32 (a: i32, b: i32) |sum| sum >= b;
                AddGeI64 "add.br.ge.i64" i64 (a: i64, b: i64) |sum| sum >= b;
            }
            reduce {
                ReduceAddF32 "reduce.add.f32" f32 |s, v| s + v;
                ReduceAddF64 "reduce.add.f64" f64 |s, v| s + v;
                ReduceMinF32 "reduce.min.f32" f32 |s, v| if v < s { v } else { s };
                ReduceMinF64 "reduce.min.f64" f64 |s, v| if v < s { v } else { s };
                ReduceMaxF32 "reduce.max.f32" f32 |s, v| if s < v { v } else { s };
                ReduceMaxF64 "reduce.max.f64" f64 |s, v| if s < v { v } else { s };
            }
            load {
                Load32 "load.32" words32;
                Load64 "load.64" words64;
                LoadU8 "load.u8" bytes;
                LoadBool "load.bool" bools;
            }
            load2 {
                Load32x2 "load2.32" words32;
                Load64x2 "load2.64" words64;
            }
            store {
                Store32 "store.32" words32 u32;
                Store64 "store.64" words64 u64;
                StoreU8 "store.u8" bytes u8;
                StoreBool "store.bool" bools bool;
            }
            store2 {
                Store32x2 "store2.32" words32 u32;
                Store64x2 "store2.64" words64 u64;
            }
            atomic {
                AtomicAdd "atomic.add" u32 |old, b| old.wrapping_add(b);
                AtomicMinI32 "atomic.min.i32" i32 |old, b| old.min(b);
                AtomicMinU32 "atomic.min.u32" u32 |old, b| old.min(b);
                AtomicMaxI32 "atomic.max.i32" i32 |old, b| old.max(b);
                AtomicMaxU32 "atomic.max.u32" u32 |old, b| old.max(b);
                AtomicAnd "atomic.and" u32 |old, b| old & b;
                AtomicOr "atomic.or" u32 |old, b| old | b;
                AtomicXor "atomic.xor" u32 |old, b| old ^ b;
                AtomicExchange "atomic.exchange" u32 |_old, b| b;
                AtomicLoad "atomic.load" u32 |old, _b| old;
            }
            special {
                AtomicCompareExchange "atomic.compare_exchange" [0, 1, 2] Write Array;
                ScratchLoad "scratch.load" [0] Write Block;
                ScratchStore "scratch.store" [0, 4] None Block;
                ScratchStoreU8 "scratch.store.u8" [0, 4] None Block;
                ScratchZero "scratch.zero" [] None Block;
                RegionNext32 "region.next.32" [0, 1] Update Branch;
                RegionNext64 "region.next.64" [0, 1] Update Branch;
                Jump "jump" [] None Branch;
                TrapIf "trap_if" [0] None Unused;
                Tick "tick" [] None Unused;
                IterationEnd "iteration.end" [] None Unused;
                End "end" [] None Unused;
            }
        }
    };
}
pub(crate) use opcode_table;

macro_rules! define_opcodes {
    (
        pure { $($p:ident $pn:literal ($($pa:ident: $pt:ty),*) -> $pr:ty = $pe:expr;)* }
        trapping { $($q:ident $qn:literal ($($qa:ident: $qt:ty),*) -> $qr:ty = $qe:expr;)* }
        branch { $($b:ident $bn:literal ($($ba:ident: $bt:ty),*) = $be:expr;)* }
        count_branch { $($k:ident $kn:literal $kt:ident ($($ka:ident: $kat:ty),*) |$ks:ident| $ke:expr;)* }
        reduce { $($d:ident $dn:literal $dt:ty |$ds:ident, $dv:ident| $de:expr;)* }
        load { $($l:ident $ln:literal $lm:ident;)* }
        load2 { $($m:ident $mn:literal $mm:ident;)* }
        store { $($s:ident $sn:literal $sm:ident $st:ty;)* }
        store2 { $($u:ident $un:literal $um:ident $ut:ty;)* }
        atomic { $($a:ident $an:literal $at:ty |$ao:ident, $ab:ident| $ae:expr;)* }
        special { $($x:ident $xn:literal [$($xr:literal),*] $xw:ident $xt:ident;)* }
    ) => {
        /// What an instruction does; the table of this file says it row by row.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        pub(crate) enum Opcode {
            $($p,)* $($q,)* $($b,)* $($k,)* $($d,)* $($l,)* $($m,)* $($s,)* $($u,)* $($a,)* $($x,)*
        }

        impl Opcode {
            /// The facts of the opcode's row.
            pub(crate) const fn info(self) -> OpcodeInfo {
                use ResultRole::{None, Update, Write};
                use Target::{Array, Block, Branch, Unused};
                let (name, reads, result, target, pure_value): (_, &'static [usize], _, _, _) = match self {
                    $(Opcode::$p => ($pn, const { &[$(field(stringify!($pa))),*] }, Write, Unused, true),)*
                    $(Opcode::$q => ($qn, const { &[$(field(stringify!($qa))),*] }, Write, Unused, false),)*
                    $(Opcode::$b => ($bn, const { &[$(field(stringify!($ba))),*] }, None, Branch, false),)*
                    $(Opcode::$k => ($kn, &[0, 1], Update, Branch, false),)*
                    $(Opcode::$d => ($dn, &[0], None, Block, false),)*
                    $(Opcode::$l => ($ln, &[0], Write, Array, false),)*
                    $(Opcode::$m => ($mn, &[0, 1, 2, 3], Write, Array, false),)*
                    $(Opcode::$s => ($sn, &[0, 4], None, Array, false),)*
                    $(Opcode::$u => ($un, &[0, 1, 2, 3, 4], None, Array, false),)*
                    $(Opcode::$a => ($an, &[0, 1], Write, Array, false),)*
                    $(Opcode::$x => ($xn, &[$($xr),*], $xw, $xt, false),)*
                };
                OpcodeInfo { name, reads, result, target, pure_value }
            }

            /// The memory table that the opcode accesses, if any.
            pub(crate) const fn width(self) -> Option<Width> {
                match self {
                    $(Opcode::$l => Some(Width::named(stringify!($lm))),)*
                    $(Opcode::$m => Some(Width::named(stringify!($mm))),)*
                    $(Opcode::$s => Some(Width::named(stringify!($sm))),)*
                    $(Opcode::$u => Some(Width::named(stringify!($um))),)*
                    $(Opcode::$a => Some(Width::Words32),)*
                    Opcode::AtomicCompareExchange => Some(Width::Words32),
                    _ => None,
                }
            }
        }
    };
}
opcode_table!(define_opcodes);

/// One instruction: sixteen bytes, so that five operands fit; each is fetched by one load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Inst {
    /// What it does.
    pub(crate) op: Opcode,
    /// Result register.
    pub(crate) r: u16,
    /// First operand.
    pub(crate) a: u16,
    /// Second operand.
    pub(crate) b: u16,
    /// Third operand.
    pub(crate) c: u16,
    /// Fourth operand.
    pub(crate) d: u16,
    /// Fifth operand; the stored value of a store.
    pub(crate) e: u16,
    /// Branch target, array slot or first register of a block.
    pub(crate) t: u16,
}
