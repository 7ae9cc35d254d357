//! Integer division and long products of vectors, which have no instruction.

use cranelift_codegen::ir::types::{I32, I32X4, I64};
use cranelift_codegen::ir::{InstBuilder, Value};
use crossover_ir::lanes::Shape;
use crossover_ir::{Inst, Op, ValueId};
use crossover_values::{DType, Scalar};

use super::mask::{HIGH_WORDS, Mask};
use super::{Held, Lanes};

/// What division by one divisor for all lanes multiplies and shifts by.
struct Reciprocal {
    factor: Value,
    divisor: Value,
    first: Value,
    rest: Value,
}

impl Lanes<'_, '_, '_> {
    /// High words of the products of 32-bit lanes: two multiplications of 64-bit ones.
    pub(super) fn mul_high(&mut self, dtype: DType, args: &[ValueId]) -> Vec<Value> {
        let (a, b) = (self.vectors(args[0]), self.vectors(args[1]));
        let signed = dtype.is_signed_int();
        let pairs = a.iter().zip(&b);
        pairs
            .map(|(a, b)| match signed {
                true => self.signed_mul_high_part(*a, *b),
                false => self.mul_high_part(*a, *b),
            })
            .collect()
    }

    fn signed_mul_high_part(&mut self, a: Value, b: Value) -> Value {
        let (low_a, low_b) =
            (self.lower.builder.ins().swiden_low(a), self.lower.builder.ins().swiden_low(b));
        let low = self.lower.builder.ins().imul(low_a, low_b);
        let (high_a, high_b) =
            (self.lower.builder.ins().swiden_high(a), self.lower.builder.ins().swiden_high(b));
        let high = self.lower.builder.ins().imul(high_a, high_b);
        self.shuffle(low, high, HIGH_WORDS, I32X4)
    }

    fn mul_high_part(&mut self, a: Value, b: Value) -> Value {
        let (low_a, low_b) =
            (self.lower.builder.ins().uwiden_low(a), self.lower.builder.ins().uwiden_low(b));
        let low = self.lower.builder.ins().imul(low_a, low_b);
        let (high_a, high_b) =
            (self.lower.builder.ins().uwiden_high(a), self.lower.builder.ins().uwiden_high(b));
        let high = self.lower.builder.ins().imul(high_a, high_b);
        self.shuffle(low, high, HIGH_WORDS, I32X4)
    }

    /// Division by a literal is a shift, a mask or a multiplication; other divisors go lane by
    /// lane, with 1 where no lane is active.
    pub(super) fn vector_divide(&mut self, op: Op, args: &[ValueId], inst: &Inst) -> Vec<Value> {
        let literal = self.constant_of(args[1]).and_then(|scalar| scalar.as_integer());
        let signed = inst.dtype.is_signed_int();
        let floor = matches!(op, Op::DivFloor | Op::RemFloor);
        let quotient = matches!(op, Op::DivFloor | Op::DivTrunc);
        if let Some(by) = literal.filter(|by| *by > 0)
            && (floor || !signed)
        {
            if (by as u128).is_power_of_two() {
                return self.divide_by_power(args[0], by as u64, quotient, inst);
            }
            if inst.dtype == DType::U32 {
                return self.divide_by_literal(args[0], by as u32, quotient);
            }
            if inst.dtype == DType::I32 {
                return self.floor_by_literal(args[0], by as u32, quotient);
            }
        }
        if literal.is_some_and(|by| by != 0) {
            return self.lane_by_lane(op, args, inst);
        }
        // The chunk is given up where the divisor is 0, which the analysis expects of floor
        // division alone: truncated division by 0 has a value.
        if floor && inst.dtype == DType::U32 && self.shape(args[1]) == Shape::Uniform {
            return self.divide_by_uniform(args, quotient);
        }
        self.safe_divisor(args[1]);
        let parts = self.lane_by_lane(op, args, inst);
        self.restore(args[1]);
        parts
    }

    fn divide_by_power(
        &mut self,
        a: ValueId,
        power: u64,
        quotient: bool,
        inst: &Inst,
    ) -> Vec<Value> {
        let parts = self.vectors(a);
        let dtype = inst.dtype;
        if quotient {
            let by = self.lower.integer(I32, u64::from(power.trailing_zeros()));
            let shift = |part| self.lower.binary(Op::Shr, dtype, part, by);
            return parts.into_iter().map(shift).collect();
        }
        let mask = self.splat_constant(Scalar::from_bits(dtype, power - 1));
        parts.into_iter().map(|part| self.lower.builder.ins().band(part, mask)).collect()
    }

    /// Unsigned division by multiplication with a reciprocal: Granlund and Montgomery, *Division
    /// by invariant integers using multiplication* (PLDI 1994), the form with a 33-bit reciprocal.
    fn divide_by_literal(&mut self, a: ValueId, by: u32, quotient: bool) -> Vec<Value> {
        let bits = 32 - (by - 1).leading_zeros();
        let reciprocal =
            ((1_u128 << 32) * ((1_u128 << bits) - u128::from(by)) / u128::from(by)) + 1;
        let reciprocal = Reciprocal {
            factor: self.splat_constant(Scalar::U32(reciprocal as u32)),
            divisor: self.splat_constant(Scalar::U32(by)),
            first: self.lower.integer(I32, 1),
            rest: self.lower.integer(I32, u64::from(bits - 1)),
        };
        self.multiply(a, &reciprocal, quotient)
    }

    /// The same by a divisor that is known when the code runs: one scalar division for all lanes.
    fn divide_by_uniform(&mut self, args: &[ValueId], quotient: bool) -> Vec<Value> {
        let by = self.first(args[1]);
        let zero = self.lower.equals(by, 0);
        self.bail_if(zero);
        let below = self.lower.builder.ins().iadd_imm_s(by, -1);
        let zeros = self.lower.builder.ins().clz(below);
        let width = self.lower.integer(I32, 32);
        let bits = self.lower.builder.ins().isub(width, zeros);
        let one = self.lower.integer(I32, 1);
        let first = self.lower.builder.ins().umin(bits, one);
        let rest = self.lower.builder.ins().isub(bits, first);
        let one = self.lower.integer(I64, 1);
        let power = self.lower.builder.ins().ishl(one, bits);
        let wide = self.lower.builder.ins().uextend(I64, by);
        let above = self.lower.builder.ins().isub(power, wide);
        let above = self.lower.builder.ins().ishl_imm_u(above, 32);
        let whole = self.lower.builder.ins().udiv(above, wide);
        let factor = self.lower.builder.ins().iadd(whole, one);
        let factor = self.lower.builder.ins().ireduce(I32, factor);
        let reciprocal = Reciprocal {
            factor: self.lower.builder.ins().splat(I32X4, factor),
            divisor: self.lower.builder.ins().splat(I32X4, by),
            first,
            rest,
        };
        self.multiply(args[0], &reciprocal, quotient)
    }

    fn multiply(&mut self, a: ValueId, by: &Reciprocal, quotient: bool) -> Vec<Value> {
        let parts = self.vectors(a);
        parts
            .into_iter()
            .map(|part| {
                let high = self.mul_high_part(part, by.factor);
                let left = self.lower.builder.ins().isub(part, high);
                let half = self.lower.builder.ins().ushr(left, by.first);
                let sum = self.lower.builder.ins().iadd(half, high);
                let whole = self.lower.builder.ins().ushr(sum, by.rest);
                if quotient {
                    return whole;
                }
                let product = self.lower.builder.ins().imul(whole, by.divisor);
                self.lower.builder.ins().isub(part, product)
            })
            .collect()
    }

    /// Floor division of signed lanes: of `-1 - a` where `a` is negative, turned back. What is
    /// divided has 31 bits, so that the reciprocal needs no 33rd.
    fn floor_by_literal(&mut self, a: ValueId, by: u32, quotient: bool) -> Vec<Value> {
        let bits = 32 - (by - 1).leading_zeros();
        let reciprocal = (1_u64 << (31 + bits)).div_ceil(u64::from(by));
        let factor = self.splat_constant(Scalar::U32(reciprocal as u32));
        let divisor = self.splat_constant(Scalar::U32(by));
        let [sign, rest] = [31, u64::from(bits - 1)].map(|shift| self.lower.integer(I32, shift));
        let parts = self.vectors(a);
        parts
            .into_iter()
            .map(|part| {
                let negative = self.lower.builder.ins().sshr(part, sign);
                let positive = self.lower.builder.ins().bxor(part, negative);
                let high = self.mul_high_part(positive, factor);
                let whole = self.lower.builder.ins().ushr(high, rest);
                let whole = self.lower.builder.ins().bxor(whole, negative);
                if quotient {
                    return whole;
                }
                let product = self.lower.builder.ins().imul(whole, divisor);
                self.lower.builder.ins().isub(part, product)
            })
            .collect()
    }

    /// Replaces a divisor by 1 where lanes are not active, so that they do not trap.
    fn safe_divisor(&mut self, by: ValueId) {
        let Mask::Some(mask) = self.mask.clone() else { return };
        if self.shape(by) == Shape::Uniform {
            return;
        }
        let dtype = self.dtype(by);
        let parts = self.vectors(by);
        let one = self.splat_constant(Scalar::from_bits(dtype, 1));
        let ones = vec![one; parts.len()];
        let safe = self.blend(&mask, &parts, &ones);
        self.kept_aside = Some(self.held(by));
        self.held[by.0 as usize] = Some(Held::Many(safe));
    }

    fn restore(&mut self, by: ValueId) {
        if let Some(held) = self.kept_aside.take() {
            self.held[by.0 as usize] = Some(held);
        }
    }
}
