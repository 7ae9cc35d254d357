//! Integer division. A machine's divide instruction raises a signal for a zero divisor and for
//! `MIN / -1`, so neither ever reaches it.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{InstBuilder, Value};
use crossover_ir::{Inst, Op, ValueId};

use super::{Fact, Lower, clif_type};
use crate::site::SiteKind;

impl Lower<'_, '_> {
    /// With `unsigned` neither operand is negative.
    pub(super) fn divide(
        &mut self,
        op: Op,
        a: ValueId,
        b: ValueId,
        inst: &Inst,
        unsigned: bool,
    ) -> Value {
        let floor = matches!(op, Op::DivFloor | Op::RemFloor);
        let quotient = matches!(op, Op::DivFloor | Op::DivTrunc);
        let signed = inst.dtype.is_signed_int() && !unsigned;
        let divisor = self.constant_of(b).and_then(|scalar| scalar.as_integer());
        let (dividend, by) = (self.value(a), self.value(b));
        if floor && divisor.is_none_or(|divisor| divisor == 0) {
            self.trap_if_zero(dividend, by, inst);
        }
        match divisor {
            Some(power) if power > 0 && (power as u128).is_power_of_two() && (floor || !signed) => {
                self.divide_by_power(quotient, power as u64, signed, dividend, inst)
            }
            Some(divisor) if divisor != 0 && divisor != -1 => {
                self.divide_safely(floor, quotient, signed, dividend, by)
            }
            None if op == Op::RemFloor && clif_type(inst.dtype) == I32 => {
                self.wrap_around(signed, dividend, by)
            }
            _ => self.divide_guarded(floor, quotient, signed, dividend, by),
        }
    }

    /// A floor remainder by a divisor that only the run knows. Most of these wrap an index
    /// around, and most indices are inside already: `0 <= a < b` gives `a` without a division,
    /// which costs ten times the two tests. Numbers of 64 bits are no indices but what a kernel is about,
    /// and have a test of their own ([`Self::divide_unsigned`]).
    fn wrap_around(&mut self, signed: bool, dividend: Value, by: Value) -> Value {
        let divide = self.builder.create_block();
        self.builder.set_cold_block(divide);
        let after = self.builder.create_block();
        let ty = self.builder.func.dfg.value_type(by);
        let result = self.builder.append_block_param(after, ty);
        let below = if signed {
            let zero = self.integer(ty, 0);
            let positive = self.builder.ins().icmp(IntCC::SignedGreaterThanOrEqual, dividend, zero);
            let next = self.builder.create_block();
            self.builder.ins().brif(positive, next, &[], divide, &[]);
            self.continue_in(next);
            IntCC::SignedLessThan
        } else {
            IntCC::UnsignedLessThan
        };
        let inside = self.builder.ins().icmp(below, dividend, by);
        self.builder.ins().brif(inside, after, &[dividend.into()], divide, &[]);
        self.continue_in(divide);
        let remainder = self.divide_guarded(true, false, signed, dividend, by);
        self.builder.ins().jump(after, &[remainder.into()]);
        self.continue_in(after);
        result
    }

    fn trap_if_zero(&mut self, dividend: Value, by: Value, inst: &Inst) {
        if self.tested.contains(&Fact::NotZero(by)) {
            return;
        }
        let zero = self.equals(by, 0);
        self.trap_if(zero, SiteKind::Division(inst.dtype), inst.span, Some(dividend));
        self.tested.push(Fact::NotZero(by));
    }

    /// Floor division by a power of two is a shift, and its remainder a mask, on either sign.
    fn divide_by_power(
        &mut self,
        quotient: bool,
        power: u64,
        signed: bool,
        dividend: Value,
        inst: &Inst,
    ) -> Value {
        let ty = clif_type(inst.dtype);
        if !quotient {
            let mask = self.integer(ty, power - 1);
            return self.builder.ins().band(dividend, mask);
        }
        let shift = self.integer(ty, u64::from(power.trailing_zeros()));
        if signed {
            self.builder.ins().sshr(dividend, shift)
        } else {
            self.builder.ins().ushr(dividend, shift)
        }
    }

    /// The divisor may be anything; a zero of floor division was caught before. The instruction
    /// sees 1 in place of a divisor it cannot take, and the result is put right: `a / 1 = a` and
    /// `a % 1 = 0` are what truncating division by zero gives, and only `a / -1` differs.
    fn divide_guarded(
        &mut self,
        floor: bool,
        quotient: bool,
        signed: bool,
        dividend: Value,
        by: Value,
    ) -> Value {
        let ty = self.builder.func.dfg.value_type(by);
        let one = self.integer(ty, 1);
        let zero = self.integer(ty, 0);
        let mut safe = by;
        if !floor {
            let is_zero = self.builder.ins().icmp(IntCC::Equal, by, zero);
            safe = self.builder.ins().select(is_zero, one, safe);
        }
        // CLIF defines `a % -1` as 0, but `MIN / -1` as a trap.
        if !signed || !quotient {
            return self.divide_safely(floor, quotient, signed, dividend, safe);
        }
        let minus_one = self.builder.ins().bnot(zero);
        let is_minus_one = self.builder.ins().icmp(IntCC::Equal, by, minus_one);
        safe = self.builder.ins().select(is_minus_one, one, safe);
        let result = self.divide_safely(floor, quotient, signed, dividend, safe);
        let negated = self.builder.ins().ineg(dividend);
        self.builder.ins().select(is_minus_one, negated, result)
    }

    /// The divisor is not 0, and that of a signed quotient not -1.
    fn divide_safely(
        &mut self,
        floor: bool,
        quotient: bool,
        signed: bool,
        dividend: Value,
        by: Value,
    ) -> Value {
        if !signed {
            return self.divide_unsigned(quotient, dividend, by);
        }
        if !floor && quotient {
            return self.builder.ins().sdiv(dividend, by);
        }
        if !quotient {
            let remainder = self.builder.ins().srem(dividend, by);
            if !floor {
                return remainder;
            }
            let below = self.rounds_up(remainder, by);
            let moved = self.builder.ins().iadd(remainder, by);
            return self.builder.ins().select(below, moved, remainder);
        }
        let truncated = self.builder.ins().sdiv(dividend, by);
        let product = self.builder.ins().imul(truncated, by);
        let remainder = self.builder.ins().isub(dividend, product);
        let below = self.rounds_up(remainder, by);
        let ty = self.builder.func.dfg.value_type(by);
        let one = self.integer(ty, 1);
        let lower = self.builder.ins().isub(truncated, one);
        self.builder.ins().select(below, lower, truncated)
    }

    /// Numbers of 64 bits that fit in 32 divide as such: on many machines that is two to four
    /// times as fast, and the test costs a cycle (as LLVM's pass BypassSlowDivision does).
    fn divide_unsigned(&mut self, quotient: bool, dividend: Value, by: Value) -> Value {
        let divide = |lower: &mut Self, a, b| {
            let build = lower.builder.ins();
            if quotient { build.udiv(a, b) } else { build.urem(a, b) }
        };
        let wide = self.builder.func.dfg.value_type(by) == I64;
        if !wide || self.literal(by).is_some() {
            return divide(self, dividend, by);
        }
        let [narrow, full, after] = std::array::from_fn(|_| self.builder.create_block());
        // Out of the way: what divides as 64 bits hardly notices a jump.
        self.builder.set_cold_block(full);
        let result = self.builder.append_block_param(after, I64);
        let both = self.builder.ins().bor(dividend, by);
        let upper = self.builder.ins().ushr_imm_u(both, 32);
        self.builder.ins().brif(upper, full, &[], narrow, &[]);
        self.continue_in(narrow);
        let [a, b] = [dividend, by].map(|it| self.builder.ins().ireduce(I32, it));
        let short = divide(self, a, b);
        let short = self.builder.ins().uextend(I64, short);
        self.builder.ins().jump(after, &[short.into()]);
        self.continue_in(full);
        let long = divide(self, dividend, by);
        self.builder.ins().jump(after, &[long.into()]);
        self.continue_in(after);
        result
    }

    /// Whether truncation went above the floor: a remainder that is not zero and whose sign is
    /// not the divisor's.
    fn rounds_up(&mut self, remainder: Value, by: Value) -> Value {
        let ty = self.builder.func.dfg.value_type(by);
        let zero = self.integer(ty, 0);
        let signs = self.builder.ins().bxor(remainder, by);
        let differ = self.builder.ins().icmp(IntCC::SignedLessThan, signs, zero);
        let inexact = self.builder.ins().icmp(IntCC::NotEqual, remainder, zero);
        self.builder.ins().band(differ, inexact)
    }
}
