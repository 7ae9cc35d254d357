//! Regions: the loops over the axes, and reductions.
//!
//! The flattened index counts in register [`crate::vm::FLAT`]. A launch sets it, the index
//! variables and the bounds of the runs for the first iteration; from there the code steps.

use crossover_ir::ReduceId;

use super::*;
use crate::vm::FLAT;

/// As [`crate::unit::AxisRegs`], over virtual registers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoweredAxis {
    pub(crate) index: Reg,
    pub(crate) dtype: DType,
    pub(crate) bound: Reg,
    pub(crate) first: Reg,
    pub(crate) stride: Reg,
}

/// As [`crate::unit::Fold`], over virtual registers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoweredFold {
    pub(crate) reduce: ReduceId,
    pub(crate) op: ReduceOp,
    pub(crate) dtype: DType,
    pub(crate) target: VarId,
    pub(crate) partials: Reg,
}

impl Lowerer<'_> {
    pub(super) fn region(&mut self, region: &Region) {
        self.accumulators();
        for axis in &region.axes {
            let index = self.vars[axis.index.0 as usize];
            let dtype = self.code.vars[axis.index.0 as usize].dtype;
            let [bound, first, stride] = [self.register(), self.register(), self.register()];
            self.out.axes.push(LoweredAxis { index, dtype, bound, first, stride });
        }
        self.axis(region, 0);
        self.emit(Opcode::End, 0, &[], Vec::new());
    }

    /// Accumulators of reductions without an order are host variables in registers; the others
    /// have sixteen partials.
    fn accumulators(&mut self) {
        let code = self.code;
        for (number, reduce) in code.reduces.iter().enumerate() {
            if reduce.scope != ReduceScope::Region {
                continue;
            }
            if reduce.op.is_ordered(reduce.dtype) {
                let partials = self.block_of(16);
                let number = u32::try_from(number).expect("an arena has fewer than 2^32 entries");
                let (op, dtype, target) = (reduce.op, reduce.dtype, reduce.target);
                let reduce = ReduceId(number);
                self.out.folds.push(LoweredFold { reduce, op, dtype, target, partials });
                continue;
            }
            for var in std::iter::once(&reduce.target).chain(&reduce.payload) {
                let register = self.host_var(*var);
                self.out.outputs.push((register, *var));
            }
        }
    }

    /// The loop over one axis, with those inside.
    fn axis(&mut self, region: &Region, level: usize) {
        let Axis { index: _, lo: _, hi: _, step, prefix } = &region.axes[level];
        let regs = self.out.axes[level];
        let top = self.label();
        let mut repeated: Vec<&Block> =
            region.axes[level..].iter().map(|axis| &axis.prefix).collect();
        repeated.push(&region.code.body);
        self.changes_in(&repeated);
        self.place(top);
        let anchor = self.anchor(region.span, TrapSite::Never);
        self.block(prefix);
        let narrow = regs.dtype.size() == 4;
        let step = self.integer(regs.dtype, *step);
        if level + 1 == region.axes.len() {
            self.block(&region.code.body);
            self.place(self.end);
            if self.watched == Watched::Yes {
                self.emit(Opcode::IterationEnd, 0, &[], Vec::new());
            }
            let op = if narrow { Opcode::RegionNext32 } else { Opcode::RegionNext64 };
            let inst = Lir::branch(op, &[step, regs.bound], top, vec![anchor]);
            self.emit_to(Lir { r: regs.index, ..inst });
            return;
        }
        self.axis(region, level + 1);
        let done = self.label();
        let flat = Reg::from(FLAT);
        self.branch(Opcode::BrEq, &[flat, regs.bound], done, Vec::new());
        let op = if narrow { Opcode::Add32 } else { Opcode::Add64 };
        self.emit(op, regs.index, &[regs.index, step], vec![anchor]);
        let end = self.out.axes[0].bound;
        for inner in level + 1..region.axes.len() {
            let (outer, inner) = (self.out.axes[inner - 1], self.out.axes[inner]);
            self.emit(Opcode::Mov, inner.index, &[inner.first], Vec::new());
            let bound = self.register();
            self.emit(Opcode::Add64, bound, &[flat, outer.stride], Vec::new());
            self.emit(Opcode::MinU, inner.bound, &[bound, end], Vec::new());
        }
        self.jump(top);
        self.place(done);
    }

    /// A contribution to a reduction of the region.
    pub(super) fn reduce(&mut self, reduce: ReduceId, value: ValueId, payload: &[ValueId]) {
        let code = self.code;
        let entry = &code.reduces[reduce.0 as usize];
        let span = code.insts[value.0 as usize].span;
        let anchors = vec![self.anchor(span, TrapSite::Never)];
        let from = self.value(value);
        if let Some(fold) = self.out.folds.iter().find(|fold| fold.reduce == reduce).copied() {
            let op = ordered_op(entry.op, entry.dtype);
            self.emit_to(Lir { t: fold.partials, ..Lir::new(op, 0, &[from], anchors) });
            return;
        }
        let target = self.host_var(entry.target);
        if let Some(op) = direct_op(entry.op, entry.dtype) {
            self.emit(op, target, &[target, from], anchors);
            self.changes(target);
            return;
        }
        // The better one and its payload take over if the contribution is strictly better.
        let skip = self.label();
        let better = self.temporary();
        let lt = lt_op(entry.dtype);
        let operands = if entry.op == ReduceOp::ArgMin { [from, target] } else { [target, from] };
        self.emit(lt, better, &operands, anchors);
        self.branch(Opcode::BrF, &[better], skip, Vec::new());
        self.emit(Opcode::Mov, target, &[from], Vec::new());
        for (var, value) in entry.payload.iter().zip(payload) {
            let register = self.host_var(*var);
            self.emit(Opcode::Mov, register, &[self.value(*value)], Vec::new());
            self.changes(register);
        }
        self.changes(target);
        self.place(skip);
    }
}

/// The opcode that adds to the partials of a float reduction.
fn ordered_op(op: ReduceOp, dtype: DType) -> Opcode {
    let double = dtype == DType::F64;
    match op {
        ReduceOp::Min if double => Opcode::ReduceMinF64,
        ReduceOp::Min => Opcode::ReduceMinF32,
        ReduceOp::Max if double => Opcode::ReduceMaxF64,
        ReduceOp::Max => Opcode::ReduceMaxF32,
        _ if double => Opcode::ReduceAddF64,
        _ => Opcode::ReduceAddF32,
    }
}

/// The opcode that combines in any order; `None` for those with payload.
fn direct_op(op: ReduceOp, dtype: DType) -> Option<Opcode> {
    let narrow = dtype.size() == 4;
    Some(match (op, dtype) {
        (ReduceOp::Add, _) if narrow => Opcode::Add32,
        (ReduceOp::Add, _) => Opcode::Add64,
        (ReduceOp::Or, _) => Opcode::Or,
        (ReduceOp::Xor, _) => Opcode::Xor,
        (ReduceOp::And, _) => Opcode::And,
        (ReduceOp::Min, DType::I32) => Opcode::MinI32,
        (ReduceOp::Min, DType::I64) => Opcode::MinI64,
        (ReduceOp::Min, _) => Opcode::MinU,
        (ReduceOp::Max, DType::I32) => Opcode::MaxI32,
        (ReduceOp::Max, DType::I64) => Opcode::MaxI64,
        (ReduceOp::Max, _) => Opcode::MaxU,
        (ReduceOp::ArgMin | ReduceOp::ArgMax, _) => return None,
    })
}

fn lt_op(dtype: DType) -> Opcode {
    match dtype {
        DType::I32 => Opcode::LtI32,
        DType::I64 => Opcode::LtI64,
        DType::F32 => Opcode::LtF32,
        DType::F64 => Opcode::LtF64,
        DType::Bool | DType::U8 | DType::U32 | DType::U64 => Opcode::LtU,
    }
}
