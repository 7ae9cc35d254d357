//! The op table on vectors.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::types::{I32, I64, I64X2};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, StackSlotData, StackSlotKind, Value};
use crossover_ir::lanes::{Guard, Shape};
use crossover_ir::{Inst, Op, ValueId};
use crossover_values::DType;

use super::{Held, Lanes};
use crate::callouts::TOGETHER;

impl Lanes<'_, '_, '_> {
    /// An op whose result is uniform or affine is one scalar op; the rest is done on vectors.
    pub(super) fn op(&mut self, value: ValueId, op: Op, args: &[ValueId], inst: &Inst) {
        if let Some(held) = self.guarded(value, op, args) {
            return self.keep(value, held);
        }
        self.evaluated = value;
        if self.form.together.contains(&value) {
            let truth = self.truth_together(value, op, args, inst);
            return self.keep(value, Held::One(truth));
        }
        match self.shape(value) {
            Shape::Uniform => {
                let scalar = self.lower.op(op, args, value, inst);
                self.keep(value, Held::One(scalar));
            }
            Shape::Affine(step) => {
                let scalar = self.lower.op(op, args, value, inst);
                self.keep(value, Held::Steps(scalar, step));
            }
            Shape::Varying => {
                let parts = self.vector_op(op, args, inst);
                self.keep(value, Held::Many(parts));
            }
        }
    }

    /// A value that a guard is about: what it is in this chunk follows from the span's first.
    fn guarded(&mut self, value: ValueId, op: Op, args: &[ValueId]) -> Option<Held> {
        let of_value = |guard: &&Guard| match guard {
            Guard::SamePeriod { value: v }
            | Guard::SameQuotient { value: v }
            | Guard::SameTruth { value: v }
            | Guard::Chosen { value: v, .. } => *v == value,
            Guard::NoWrap { .. } | Guard::Inside { .. } | Guard::InsideAll { .. } => false,
        };
        let guard = *self.form.guards.iter().find(of_value)?;
        let _ = (op, args);
        match guard {
            Guard::Chosen { chosen, .. } => Some(self.held(chosen)),
            _ => {
                let first = self.spanned[value.0 as usize].expect("guarded values are spanned");
                Some(match self.shape(value) {
                    Shape::Affine(step) => Held::Steps(self.moved(value, first, step), step),
                    Shape::Uniform | Shape::Varying => Held::One(first),
                })
            }
        }
    }

    /// A comparison of the first lane; the chunk is given up if the last one, or one between for
    /// which the affine operand wrapped, sees another.
    fn truth_together(&mut self, value: ValueId, op: Op, args: &[ValueId], inst: &Inst) -> Value {
        let from = self.dtype(args[0]);
        let first = self.lower.op(op, args, value, inst);
        let last_lane = self.count as usize - 1;
        let mut last = [first; 2];
        let mut wrapped = None;
        for (arg, last) in args.iter().zip(&mut last) {
            let held = self.held(*arg);
            *last = self.lane_of(*arg, &held, last_lane);
            if let Held::Steps(here, step) = held {
                let (low, high) = if step > 0 { (here, *last) } else { (*last, here) };
                wrapped = Some(self.lower.compare(Op::Gt, from, low, high));
            }
        }
        let last = self.lower.compare(op, from, last[0], last[1]);
        let mut apart = self.lower.builder.ins().bxor(first, last);
        if let Some(wrapped) = wrapped {
            apart = self.lower.builder.ins().bor(apart, wrapped);
        }
        self.bail_if(apart);
        first
    }

    /// What a value of the span's first lane is in the chunk's first lane.
    fn moved(&mut self, value: ValueId, first: Value, step: i64) -> Value {
        let mut since = self.since.expect("chunks run in spans");
        let ty = super::super::clif_type(self.dtype(value));
        if ty == I32 {
            since = self.lower.builder.ins().ireduce(I32, since);
        }
        let by = if step == 1 {
            since
        } else {
            let mask = if ty == I32 { u64::from(u32::MAX) } else { u64::MAX };
            let step = self.lower.integer(ty, step as u64 & mask);
            self.lower.builder.ins().imul(since, step)
        };
        self.lower.builder.ins().iadd(first, by)
    }

    fn vector_op(&mut self, op: Op, args: &[ValueId], inst: &Inst) -> Vec<Value> {
        let from = self.dtype(args[0]);
        match op {
            Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge => {
                self.vector_compare(op, from, args)
            }
            Op::CastWrap | Op::CastNearest | Op::CastTrap | Op::CastSat | Op::Bitcast => {
                self.vector_cast(op, args[0], inst)
            }
            Op::Select => self.vector_select(args),
            Op::Shl | Op::Shr => self.vector_shift(op, args, inst),
            Op::DivFloor | Op::RemFloor | Op::DivTrunc | Op::RemTrunc => {
                self.vector_divide(op, args, inst)
            }
            Op::MulHigh if from.size() == 4 => self.mul_high(from, args),
            Op::PopCount | Op::CountLeadingZeros | Op::CountTrailingZeros
                if from.size() == 4 && inst.dtype.size() == 4 =>
            {
                self.count_bits(op, args[0])
            }
            Op::MulHigh | Op::PopCount | Op::CountLeadingZeros | Op::CountTrailingZeros => {
                self.lane_by_lane(op, args, inst)
            }
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
            | Op::Erf => self.call_together(op, args, inst),
            _ => self.part_by_part(op, from, args),
        }
    }

    /// Ops that have a vector instruction of their own.
    fn part_by_part(&mut self, op: Op, dtype: DType, args: &[ValueId]) -> Vec<Value> {
        let operands: Vec<Vec<Value>> = args.iter().map(|arg| self.vectors(*arg)).collect();
        (0..operands[0].len())
            .map(|part| {
                let of = |operand: usize| operands[operand][part];
                match (op, operands.len()) {
                    (Op::Not, _) if dtype == DType::Bool => self.lower.builder.ins().bnot(of(0)),
                    (Op::Fma, _) => self.lower.builder.ins().fma(of(0), of(1), of(2)),
                    (Op::Min | Op::Max, _) => self.vector_min_max(op, dtype, of(0), of(1)),
                    (_, 1) => self.lower.unary(op, dtype, of(0)),
                    _ => self.lower.binary(op, dtype, of(0), of(1)),
                }
            })
            .collect()
    }

    /// `min(a, b)` is `b` if `b < a` else `a`.
    pub(super) fn vector_min_max(&mut self, op: Op, dtype: DType, a: Value, b: Value) -> Value {
        let (small, large) = if op == Op::Min { (b, a) } else { (a, b) };
        if dtype.is_float() {
            let ty = self.lane_type(dtype);
            let better = self.lower.builder.ins().fcmp(FloatCC::LessThan, small, large);
            let better = self.as_type(ty, better);
            return self.lower.builder.ins().bitselect(better, b, a);
        }
        if dtype.size() == 4 {
            return self.lower.binary(op, dtype, a, b);
        }
        let signed = dtype.is_signed_int();
        let code = if signed { IntCC::SignedLessThan } else { IntCC::UnsignedLessThan };
        let better = self.lower.builder.ins().icmp(code, small, large);
        self.lower.builder.ins().blendv(better, b, a)
    }

    fn vector_compare(&mut self, op: Op, dtype: DType, args: &[ValueId]) -> Vec<Value> {
        let (a, b) = (self.vectors(args[0]), self.vectors(args[1]));
        if dtype == DType::Bool {
            let differ: Vec<Value> =
                a.iter().zip(&b).map(|(a, b)| self.lower.builder.ins().bxor(*a, *b)).collect();
            return match op {
                Op::Ne => differ,
                _ => differ.iter().map(|it| self.lower.builder.ins().bnot(*it)).collect(),
            };
        }
        let parts = a.iter().zip(&b).map(|(a, b)| self.lower.compare(op, dtype, *a, *b)).collect();
        self.as_mask(parts, dtype.size())
    }

    fn vector_select(&mut self, args: &[ValueId]) -> Vec<Value> {
        let cond = self.vectors(args[0]);
        let (a, b) = (self.vectors(args[1]), self.vectors(args[2]));
        self.blend(&cond, &a, &b)
    }

    /// Shifts by one count for all lanes have an instruction; CLIF takes counts modulo the width.
    fn vector_shift(&mut self, op: Op, args: &[ValueId], inst: &Inst) -> Vec<Value> {
        if self.shape(args[1]) != Shape::Uniform {
            return self.lane_by_lane(op, args, inst);
        }
        let by = self.first(args[1]);
        let parts = self.vectors(args[0]);
        parts.into_iter().map(|part| self.lower.binary(op, inst.dtype, part, by)).collect()
    }

    /// Calls a function of [`TOGETHER`] numbers in memory. Lanes that wait are computed, too.
    fn call_together(&mut self, op: Op, args: &[ValueId], inst: &Inst) -> Vec<Value> {
        debug_assert_eq!(self.count as usize % TOGETHER, 0, "the plan sees to that");
        let operands: Vec<Vec<Value>> = args.iter().map(|arg| self.vectors(*arg)).collect();
        let ty = self.lane_type(inst.dtype);
        let at_once = TOGETHER / ty.lane_count() as usize;
        let function = (self.lower.callee)(self.lower.builder.func, op, inst.dtype, true);
        let places: Vec<Value> = (0..=operands.len()).map(|number| self.room(number)).collect();
        let flags = MemFlagsData::trusted();
        let mut results = Vec::with_capacity(operands[0].len());
        for from in (0..operands[0].len()).step_by(at_once) {
            for (place, operand) in places[1..].iter().zip(&operands) {
                for (at, part) in operand[from..from + at_once].iter().enumerate() {
                    self.lower.builder.ins().store(flags, *part, *place, 16 * at as i32);
                }
            }
            self.lower.builder.ins().call(function, &places);
            results.extend(
                (0..at_once)
                    .map(|at| self.lower.builder.ins().load(ty, flags, places[0], 16 * at as i32)),
            );
        }
        results
    }

    /// Address of room for an operand, from 1, or the result, 0.
    fn room(&mut self, number: usize) -> Value {
        while self.rooms.len() <= number {
            let bytes = (TOGETHER * size_of::<f64>()) as u32;
            let data = StackSlotData::new(StackSlotKind::ExplicitSlot, bytes, 4);
            self.rooms.push(self.lower.builder.func.create_sized_stack_slot(data));
        }
        self.lower.builder.ins().stack_addr(I64, self.rooms[number], 0)
    }

    /// Takes lanes apart, does the scalar op on each, and puts them together.
    pub(super) fn lane_by_lane(&mut self, op: Op, args: &[ValueId], inst: &Inst) -> Vec<Value> {
        let operands: Vec<Held> = args.iter().map(|arg| self.held(*arg)).collect();
        let mut lanes = Vec::with_capacity(self.count as usize);
        for lane in 0..self.count as usize {
            for (arg, held) in args.iter().zip(&operands) {
                let scalar = self.lane_of(*arg, held, lane);
                self.lower.values[arg.0 as usize] = Some(scalar);
            }
            lanes.push(self.lower.op(op, args, self.evaluated, inst));
        }
        for (arg, held) in args.iter().zip(operands) {
            self.keep(*arg, held);
        }
        self.together(inst.dtype, &lanes)
    }

    /// One lane of a value as scalar code has it.
    pub(super) fn lane_of(&mut self, value: ValueId, held: &Held, lane: usize) -> Value {
        let dtype = self.dtype(value);
        match held {
            Held::One(scalar) => *scalar,
            Held::Steps(scalar, step) => {
                let mut offset = step.wrapping_mul(lane as i64);
                if self.lower.builder.func.dfg.value_type(*scalar) == I32 {
                    offset = i64::from(offset as i32);
                }
                self.lower.builder.ins().iadd_imm_s(*scalar, offset)
            }
            Held::Many(parts) => self.extract(dtype, parts, lane),
        }
    }

    /// One lane of vectors; of a mask 0 or 1.
    pub(super) fn extract(&mut self, dtype: DType, parts: &[Value], lane: usize) -> Value {
        let lanes = self.lane_type(dtype).lane_count() as usize;
        let (part, within) = (parts[lane / lanes], (lane % lanes) as u8);
        if let Some(scalars) = self.apart.get(&part) {
            return scalars[within as usize];
        }
        let scalar = self.lower.builder.ins().extractlane(part, within);
        if dtype == DType::Bool {
            let narrow = self.lower.builder.ins().ireduce(cranelift_codegen::ir::types::I8, scalar);
            return self.lower.builder.ins().band_imm_s(narrow, 1);
        }
        scalar
    }

    /// Scalars of all lanes as vectors.
    pub(super) fn together(&mut self, dtype: DType, lanes: &[Value]) -> Vec<Value> {
        let ty = self.lane_type(dtype);
        let each = ty.lane_count() as usize;
        lanes
            .chunks(each)
            .map(|chunk| {
                let mut chunk: Vec<Value> = chunk.to_vec();
                if dtype == DType::Bool {
                    let wide = if ty == I64X2 { cranelift_codegen::ir::types::I64 } else { I32 };
                    chunk = chunk
                        .into_iter()
                        .map(|lane| {
                            let lane = self.lower.builder.ins().uextend(wide, lane);
                            self.lower.builder.ins().ineg(lane)
                        })
                        .collect();
                }
                let mut vector = self.lower.builder.ins().scalar_to_vector(ty, chunk[0]);
                for (lane, scalar) in chunk.iter().enumerate().skip(1) {
                    vector = self.lower.builder.ins().insertlane(vector, *scalar, lane as u8);
                }
                if dtype != DType::Bool {
                    self.apart.insert(vector, chunk);
                }
                vector
            })
            .collect()
    }
}
