//! How many iterations everything holds for that was taken for granted.
//!
//! A prologue computes it in scalar code for the first lane, before the first chunk; inside of the
//! span nothing of it is tested again.

use std::collections::BTreeSet;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{Block, InstBuilder, Value};
use crossover_ir::lanes::{Guard, LaneStmt};
use crossover_ir::{InstKind, Op, ValueId};
use crossover_values::DType;

use super::Lanes;

/// As many iterations as no loop has.
const FOREVER: u64 = 1 << 62;

impl Lanes<'_, '_, '_> {
    /// The number of iterations from here on, up to `room`; to `none` where nothing can be said.
    pub(super) fn span(&mut self, room: Value, none: Block) -> Value {
        let known = self.lower.tested.len();
        self.lower.lanes_bail = Some(none);
        self.early_values();
        let mut span = room;
        let mut tested = BTreeSet::new();
        for index in 0..self.form.guards.len() {
            let guard = self.form.guards[index];
            // Indices that were written twice are tested once.
            if let Guard::Inside { value, array, axis } | Guard::InsideAll { value, array, axis } =
                guard
            {
                let place = (self.step(value), self.lower.value(value), array, axis);
                if !tested.insert(place) {
                    continue;
                }
            }
            let holds = self.holds_for(guard);
            span = self.lower.builder.ins().umin(span, holds);
        }
        self.lower.lanes_bail = None;
        self.lower.tested.truncate(known);
        span
    }

    fn early_values(&mut self) {
        for stmt in &self.form.body {
            match stmt {
                LaneStmt::Eval { value, .. } if self.form.early.contains(value) => {
                    self.early_value(*value);
                }
                LaneStmt::Set { var, value, .. } if self.form.early.contains(value) => {
                    let scalar = self.lower.value(*value);
                    self.lower.builder.def_var(self.lower.vars[var.0 as usize], scalar);
                }
                _ => {}
            }
        }
    }

    fn early_value(&mut self, value: ValueId) {
        let chosen = self.form.guards.iter().find_map(|guard| match guard {
            Guard::Chosen { value: v, chosen } if *v == value => Some(*chosen),
            _ => None,
        });
        match chosen {
            Some(chosen) => {
                self.lower.values[value.0 as usize] = self.lower.values[chosen.0 as usize];
            }
            None => self.lower.evaluate(value),
        }
        self.spanned[value.0 as usize] = self.lower.values[value.0 as usize];
    }

    /// A value as 64 bits, exact if its type is narrower.
    fn wide(&mut self, value: ValueId) -> Value {
        let scalar = self.lower.value(value);
        if self.lower.builder.func.dfg.value_type(scalar) == I64 {
            scalar
        } else if self.dtype(value).is_signed_int() {
            self.lower.builder.ins().sextend(I64, scalar)
        } else {
            self.lower.builder.ins().uextend(I64, scalar)
        }
    }

    fn step(&self, value: ValueId) -> i64 {
        self.shape(value).step().unwrap_or(0)
    }

    fn args(&self, value: ValueId) -> (Op, Vec<ValueId>) {
        match &self.lower.inst(value).kind {
            InstKind::Op { op, args } => (*op, args.clone()),
            other => unreachable!("guards are about ops, not {other:?}"),
        }
    }

    fn holds_for(&mut self, guard: Guard) -> Value {
        match guard {
            Guard::SamePeriod { value } | Guard::SameQuotient { value } => self.period(value),
            Guard::SameTruth { value } => {
                let (op, args) = self.args(value);
                self.same_truth(op, args[0], args[1])
            }
            Guard::Chosen { value, chosen } => self.chosen(value, chosen),
            Guard::NoWrap { value } => self.no_wrap(value),
            Guard::Inside { value, array, axis } => {
                let index = self.wide(value);
                let extent = self.lower.array(array).extents[axis as usize];
                let left = self.lower.builder.ins().isub(extent, index);
                self.if_below(index, extent, left)
            }
            Guard::InsideAll { value, array, axis } => {
                let index = self.wide(value);
                let extent = self.lower.array(array).extents[axis as usize];
                let forever = self.lower.integer(I64, FOREVER);
                self.if_below(index, extent, forever)
            }
        }
    }

    /// `count` if `index` is inside, else nothing.
    fn if_below(&mut self, index: Value, extent: Value, count: Value) -> Value {
        let inside = self.lower.builder.ins().icmp(IntCC::UnsignedLessThan, index, extent);
        let zero = self.lower.integer(I64, 0);
        self.lower.builder.ins().select(inside, count, zero)
    }

    /// Until an affine value would leave its type.
    fn no_wrap(&mut self, value: ValueId) -> Value {
        let dtype = self.dtype(value);
        let step = self.step(value);
        if step == 0 {
            return self.lower.integer(I64, FOREVER);
        }
        let here = self.wide(value);
        let (low, high) = match dtype {
            DType::I32 => (i64::from(i32::MIN), i64::from(i32::MAX)),
            DType::U32 => (0, i64::from(u32::MAX)),
            DType::U64 => (0, -1),
            _ => (i64::MIN, i64::MAX),
        };
        let end = self.lower.integer(I64, if step > 0 { high } else { low } as u64);
        let distance = if step > 0 {
            self.lower.builder.ins().isub(end, here)
        } else {
            self.lower.builder.ins().isub(here, end)
        };
        // The last lane may be at the end; short of it by one at most is lost.
        self.divided(distance, step)
    }

    /// An unsigned distance by the size of a step, rounded down.
    fn divided(&mut self, distance: Value, step: i64) -> Value {
        let size = step.unsigned_abs();
        if size == 1 {
            return distance;
        }
        let size = self.lower.integer(I64, size);
        self.lower.builder.ins().udiv(distance, size)
    }

    /// Until the dividend of a floor division passes the next multiple of the divisor.
    fn period(&mut self, value: ValueId) -> Value {
        let (op, args) = self.args(value);
        let step = self.step(args[0]);
        let by = self.wide(args[1]);
        let rest = if op == Op::RemFloor {
            self.wide(value)
        } else {
            let quotient = self.wide(value);
            let dividend = self.wide(args[0]);
            let product = self.lower.builder.ins().imul(quotient, by);
            self.lower.builder.ins().isub(dividend, product)
        };
        let left = self.lower.builder.ins().isub(by, rest);
        let rounded = self.lower.builder.ins().iadd_imm_s(left, step - 1);
        let count = self.divided(rounded, step);
        let zero = self.lower.integer(I64, 0);
        let positive = self.lower.builder.ins().icmp(IntCC::SignedGreaterThan, by, zero);
        let count = self.lower.builder.ins().select(positive, count, zero);
        let limit = self.no_wrap(args[0]);
        self.lower.builder.ins().umin(count, limit)
    }

    /// `a - b` for the first lane, with its step; exact, or the span ends at once.
    fn difference(&mut self, a: ValueId, b: ValueId) -> (Value, i64, Value) {
        let (wide_a, wide_b) = (self.wide(a), self.wide(b));
        let difference = self.lower.builder.ins().isub(wide_a, wide_b);
        let mut limit = self.no_wrap(a);
        let other = self.no_wrap(b);
        limit = self.lower.builder.ins().umin(limit, other);
        if self.dtype(a).size() == 8 {
            for side in [wide_a, wide_b] {
                // Far from both ends of the type, so that the difference fits.
                let shifted = self.lower.builder.ins().iadd_imm_s(side, 1 << 61);
                let far = self.lower.integer(I64, 1 << 62);
                let forever = self.lower.integer(I64, FOREVER);
                let ok = self.if_below(shifted, far, forever);
                limit = self.lower.builder.ins().umin(limit, ok);
            }
        }
        (difference, self.step(a).wrapping_sub(self.step(b)), limit)
    }

    fn same_truth(&mut self, op: Op, a: ValueId, b: ValueId) -> Value {
        let (mut difference, mut step, limit) = self.difference(a, b);
        if step == 0 {
            return limit;
        }
        let mut at_zero = matches!(op, Op::Le | Op::Gt);
        if step < 0 {
            difference = self.lower.builder.ins().ineg(difference);
            step = -step;
            at_zero = !at_zero;
        }
        let count = match op {
            Op::Eq | Op::Ne => {
                let count = self.until_above(difference, step, false);
                let one = self.lower.integer(I64, 1);
                let equal = self.lower.equals(difference, 0);
                self.lower.builder.ins().select(equal, one, count)
            }
            _ => self.until_above(difference, step, at_zero),
        };
        self.lower.builder.ins().umin(count, limit)
    }

    /// Lanes until a growing difference is at least 0, or above it if `at_zero` counts as before;
    /// for ever if it is so already.
    fn until_above(&mut self, difference: Value, step: i64, at_zero: bool) -> Value {
        let negated = self.lower.builder.ins().ineg(difference);
        let count = if at_zero {
            let whole = self.divided(negated, step);
            self.lower.builder.ins().iadd_imm_s(whole, 1)
        } else {
            let rounded = self.lower.builder.ins().iadd_imm_s(negated, step - 1);
            self.divided(rounded, step)
        };
        let zero = self.lower.integer(I64, 0);
        let code = if at_zero { IntCC::SignedLessThanOrEqual } else { IntCC::SignedLessThan };
        let before = self.lower.builder.ins().icmp(code, difference, zero);
        let forever = self.lower.integer(I64, FOREVER);
        self.lower.builder.ins().select(before, count, forever)
    }

    /// As long as `min`, `max` or `select` gives its affine operand.
    fn chosen(&mut self, value: ValueId, chosen: ValueId) -> Value {
        let (op, args) = self.args(value);
        let zero = self.lower.integer(I64, 0);
        let forever = self.lower.integer(I64, FOREVER);
        if op == Op::Select {
            let cond = self.lower.value(args[0]);
            let (yes, no) = if args[1] == chosen { (forever, zero) } else { (zero, forever) };
            return self.lower.builder.ins().select(cond, yes, no);
        }
        let other = if args[0] == chosen { args[1] } else { args[0] };
        let (mut difference, mut step, limit) = self.difference(chosen, other);
        // `min` gives what is not above, `max` what is not below.
        if op == Op::Max {
            difference = self.lower.builder.ins().ineg(difference);
            step = -step;
        }
        let holds = self.lower.builder.ins().icmp(IntCC::SignedLessThanOrEqual, difference, zero);
        let count = if step > 0 { self.until_above(difference, step, true) } else { forever };
        let count = self.lower.builder.ins().umin(count, limit);
        self.lower.builder.ins().select(holds, count, zero)
    }
}
