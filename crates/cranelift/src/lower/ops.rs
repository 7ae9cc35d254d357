//! The op table, all rows but divisions and casts.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::types::{I8, I32};
use cranelift_codegen::ir::{InstBuilder, Value};
use crossover_ir::{Inst, Op, ValueId};
use crossover_values::DType;

use super::product::Half;
use super::{Lower, clif_type};

impl Lower<'_, '_> {
    pub(super) fn op(&mut self, op: Op, args: &[ValueId], id: ValueId, inst: &Inst) -> Value {
        if let Some(plain) = self.plain(id) {
            return plain;
        }
        let from = self.dtype(args[0]);
        let mut operands: Vec<Value> = args.iter().map(|arg| self.value(*arg)).collect();
        if from.is_float() && matches!(op, Op::Add | Op::Mul) && self.constant_of(args[0]).is_some()
        {
            // On the right a constant is an operand in memory; on the left it would be brought
            // into a register each time.
            operands.swap(0, 1);
        }
        match op {
            Op::DivFloor | Op::RemFloor | Op::DivTrunc | Op::RemTrunc => {
                let unsigned = self.divides_unsigned(id);
                self.divide(op, args[0], args[1], inst, unsigned)
            }
            Op::CastWrap | Op::CastNearest | Op::CastTrap | Op::CastSat | Op::Bitcast => {
                self.cast(op, from, inst, operands[0])
            }
            Op::Mul if from == DType::U32 && self.is_halved(args) => {
                self.product(operands[0], operands[1], Half::Low)
            }
            Op::Add
            | Op::Sub
            | Op::Mul
            | Op::Div
            | Op::Min
            | Op::Max
            | Op::MulHigh
            | Op::And
            | Op::Or
            | Op::Xor
            | Op::Shl
            | Op::Shr => self.binary(op, from, operands[0], operands[1]),
            Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge => {
                self.compare(op, from, operands[0], operands[1])
            }
            Op::Neg
            | Op::Abs
            | Op::Sqrt
            | Op::Floor
            | Op::Ceil
            | Op::Trunc
            | Op::Round
            | Op::Not
            | Op::PopCount
            | Op::CountLeadingZeros
            | Op::CountTrailingZeros => self.unary(op, from, operands[0]),
            Op::Select => self.builder.ins().select(operands[0], operands[1], operands[2]),
            Op::Fma => self.builder.ins().fma(operands[0], operands[1], operands[2]),
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
            | Op::Erf => self.call(op, from, &operands),
        }
    }

    fn call(&mut self, op: Op, dtype: DType, operands: &[Value]) -> Value {
        let function = (self.callee)(self.builder.func, op, dtype, false);
        let call = self.builder.ins().call(function, operands);
        self.builder.inst_results(call)[0]
    }

    pub(super) fn unary(&mut self, op: Op, dtype: DType, a: Value) -> Value {
        let float = dtype.is_float();
        let build = self.builder.ins();
        match op {
            Op::Neg if float => build.fneg(a),
            Op::Neg => build.ineg(a),
            Op::Abs if float => build.fabs(a),
            Op::Abs if dtype.is_signed_int() => build.iabs(a),
            Op::Abs => a,
            Op::Sqrt => build.sqrt(a),
            Op::Floor => build.floor(a),
            Op::Ceil => build.ceil(a),
            Op::Trunc => build.trunc(a),
            Op::Round => build.nearest(a),
            Op::Not if dtype == DType::Bool => {
                let one = self.integer(I8, 1);
                self.builder.ins().bxor(a, one)
            }
            Op::Not => build.bnot(a),
            Op::PopCount => build.popcnt(a),
            Op::CountLeadingZeros => build.clz(a),
            Op::CountTrailingZeros => build.ctz(a),
            other => unreachable!("`{}` is no unary op of this group", other.info().name),
        }
    }

    /// `dtype` is the type of `a`.
    pub(super) fn binary(&mut self, op: Op, dtype: DType, a: Value, b: Value) -> Value {
        let float = dtype.is_float();
        let signed = dtype.is_signed_int();
        let build = self.builder.ins();
        match op {
            Op::Add if float => build.fadd(a, b),
            Op::Add => build.iadd(a, b),
            Op::Sub if float => build.fsub(a, b),
            Op::Sub => build.isub(a, b),
            Op::Mul if float => build.fmul(a, b),
            Op::Mul => build.imul(a, b),
            Op::Div => build.fdiv(a, b),
            Op::Min | Op::Max if float => {
                // Not `fmin`, which treats NaN and signed zeros in a way of its own.
                let (small, large) = if op == Op::Min { (b, a) } else { (a, b) };
                let better = build.fcmp(FloatCC::LessThan, small, large);
                self.builder.ins().select(better, b, a)
            }
            Op::Min if signed => build.smin(a, b),
            Op::Min => build.umin(a, b),
            Op::Max if signed => build.smax(a, b),
            Op::Max => build.umax(a, b),
            Op::MulHigh if dtype == DType::U32 => self.product(a, b, Half::High),
            Op::MulHigh if clif_type(dtype) == I32 => self.multiply_high(a, b),
            Op::MulHigh if signed => build.smulhi(a, b),
            Op::MulHigh => build.umulhi(a, b),
            Op::And => build.band(a, b),
            Op::Or => build.bor(a, b),
            Op::Xor => build.bxor(a, b),
            // CLIF takes shift counts of any integer type modulo the width, as the table does.
            Op::Shl => build.ishl(a, b),
            Op::Shr if signed => build.sshr(a, b),
            Op::Shr => build.ushr(a, b),
            other => unreachable!("`{}` is no binary op of this group", other.info().name),
        }
    }

    /// `dtype` is the type of the operands.
    pub(super) fn compare(&mut self, op: Op, dtype: DType, a: Value, b: Value) -> Value {
        let build = self.builder.ins();
        if dtype.is_float() {
            let code = match op {
                Op::Eq => FloatCC::Equal,
                Op::Ne => FloatCC::NotEqual,
                Op::Lt => FloatCC::LessThan,
                Op::Le => FloatCC::LessThanOrEqual,
                Op::Gt => FloatCC::GreaterThan,
                Op::Ge => FloatCC::GreaterThanOrEqual,
                other => unreachable!("`{}` is no comparison", other.info().name),
            };
            return build.fcmp(code, a, b);
        }
        let code = match op {
            Op::Eq => IntCC::Equal,
            Op::Ne => IntCC::NotEqual,
            Op::Lt => IntCC::SignedLessThan,
            Op::Le => IntCC::SignedLessThanOrEqual,
            Op::Gt => IntCC::SignedGreaterThan,
            Op::Ge => IntCC::SignedGreaterThanOrEqual,
            other => unreachable!("`{}` is no comparison", other.info().name),
        };
        build.icmp(if dtype.is_signed_int() { code } else { code.unsigned() }, a, b)
    }
}
