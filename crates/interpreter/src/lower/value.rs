//! Instructions: one value each.

use crossover_ir::{Atomic, AtomicOp, Op};

use super::*;
use crate::select::{Selected, select};

impl Lowerer<'_> {
    /// Evaluates an instruction here.
    pub(super) fn eval(&mut self, value: ValueId) {
        let code = self.code;
        let inst = &code.insts[value.0 as usize];
        match &inst.kind {
            InstKind::Const(scalar) => {
                let register = self.constant(scalar.to_bits());
                self.values[value.0 as usize] = Some(register);
                self.aliases[value.0 as usize] = None;
            }
            InstKind::Get(var) => match self.names.get(var) {
                Some(named) => {
                    let named = named.expect("the validator proves that variables are set first");
                    self.same(value, named);
                }
                None => self.get(value, self.vars[var.0 as usize]),
            },
            InstKind::HostGet(var) => {
                let register = self.host_var(*var);
                self.get(value, register);
            }
            InstKind::Extent { array, axis } => {
                let register = self.input(Input::Extent(*array, *axis));
                self.values[value.0 as usize] = Some(register);
                self.aliases[value.0 as usize] = None;
            }
            InstKind::Op { op, args } => self.op(value, *op, args),
            InstKind::Load { array, indices } => self.load(value, *array, indices),
            InstKind::ScratchLoad { scratch, index } => {
                let site = self.scratch_site(*scratch, *index);
                let inst = self.scratch_access(Opcode::ScratchLoad, *scratch, *index);
                let r = self.define(value);
                let anchors = vec![self.value_anchor(value, site)];
                self.emit_to(Lir { r, anchors, ..inst });
            }
            InstKind::Atomic(atomic) => self.atomic(value, atomic),
        }
    }

    /// A fresh register for a value.
    fn define(&mut self, value: ValueId) -> Reg {
        let register = self.temporary();
        self.values[value.0 as usize] = Some(register);
        self.aliases[value.0 as usize] = None;
        register
    }

    /// Reads a variable's register: a copy, and an alias until the variable changes.
    fn get(&mut self, value: ValueId, from: Reg) {
        let anchor = self.value_anchor(value, TrapSite::Never);
        let r = self.define(value);
        self.emit(Opcode::Mov, r, &[from], vec![anchor]);
        self.alias(value, from);
    }

    /// The anchor of a value; a header that stands twice has one per value.
    fn value_anchor(&mut self, value: ValueId, trap: TrapSite) -> Anchor {
        if let Some(anchor) = self.value_anchors[value.0 as usize] {
            return anchor;
        }
        let anchor = self.anchor(self.code.insts[value.0 as usize].span, trap);
        self.value_anchors[value.0 as usize] = Some(anchor);
        anchor
    }

    fn op(&mut self, value: ValueId, op: Op, args: &[ValueId]) {
        let result = self.dtype(value);
        let operand = self.dtype(if op == Op::Select { args[1] } else { args[0] });
        let mut operands: Vec<Reg> = args.iter().map(|arg| self.value(*arg)).collect();
        let site = match op {
            Op::DivFloor | Op::RemFloor => TrapSite::Division(operand),
            Op::CastTrap => TrapSite::Cast { from: operand, to: result },
            _ => TrapSite::Never,
        };
        let opcode = match select(op, operand, result) {
            Selected::Direct(opcode) => opcode,
            Selected::Swapped(opcode) => {
                operands.swap(0, 1);
                opcode
            }
            Selected::Same => return self.same(value, args[0]),
        };
        let anchor = self.value_anchor(value, site);
        let r = self.define(value);
        self.emit(opcode, r, &operands, vec![anchor]);
    }

    /// A value whose register equals that of another.
    fn same(&mut self, value: ValueId, of: ValueId) {
        match self.aliases[of.0 as usize] {
            Some(var) => self.get(value, var),
            None => {
                self.values[value.0 as usize] = self.values[of.0 as usize];
                self.aliases[value.0 as usize] = None;
            }
        }
    }

    pub(super) fn index_site(&self, array: ArrayId, indices: &[ValueId]) -> TrapSite {
        TrapSite::Index { array, dtypes: indices.iter().map(|index| self.dtype(*index)).collect() }
    }

    fn load(&mut self, value: ValueId, array: ArrayId, indices: &[ValueId]) {
        let site = self.index_site(array, indices);
        let anchor = self.value_anchor(value, site);
        let width = Width::of(self.kernel.arrays[array.0 as usize].dtype);
        let (op1, op2) = match width {
            Width::Words64 => (Opcode::Load64, Some(Opcode::Load64x2)),
            Width::Words32 => (Opcode::Load32, Some(Opcode::Load32x2)),
            Width::Bytes => (Opcode::LoadU8, None),
            Width::Bools => (Opcode::LoadBool, None),
        };
        let (op, operands) = self.element(array, indices, (op1, op2), anchor);
        let r = self.define(value);
        let t = self.slot(array);
        self.emit_to(Lir { t, ..Lir::new(op, r, &operands, vec![anchor]) });
    }

    /// Operands that address an element: the index, or both indices with both extents; where no
    /// opcode takes two indices, the flat index is computed first.
    pub(super) fn element(
        &mut self,
        array: ArrayId,
        indices: &[ValueId],
        (op1, op2): (Opcode, Option<Opcode>),
        anchor: Anchor,
    ) -> (Opcode, Vec<Reg>) {
        let mut operands: Vec<Reg> = indices.iter().map(|index| self.value(*index)).collect();
        if operands.len() == 1 {
            return (op1, operands);
        }
        operands.push(self.input(Input::Extent(array, 0)));
        operands.push(self.input(Input::Extent(array, 1)));
        match op2 {
            Some(op2) => (op2, operands),
            None => {
                let flat = self.temporary();
                let AnchorInfo { span, trap } = self.out.anchors[anchor as usize].clone();
                let anchor = self.anchor(span, trap);
                self.emit(Opcode::Address, flat, &operands, vec![anchor]);
                (op1, vec![flat])
            }
        }
    }

    fn atomic(&mut self, value: ValueId, atomic: &Atomic) {
        let site = self.index_site(atomic.array, &atomic.indices);
        let anchor = self.value_anchor(value, site);
        let signed = self.dtype(value) == DType::I32;
        let op = match atomic.op {
            AtomicOp::Add => Opcode::AtomicAdd,
            AtomicOp::Min if signed => Opcode::AtomicMinI32,
            AtomicOp::Min => Opcode::AtomicMinU32,
            AtomicOp::Max if signed => Opcode::AtomicMaxI32,
            AtomicOp::Max => Opcode::AtomicMaxU32,
            AtomicOp::And => Opcode::AtomicAnd,
            AtomicOp::Or => Opcode::AtomicOr,
            AtomicOp::Xor => Opcode::AtomicXor,
            AtomicOp::Exchange | AtomicOp::Store => Opcode::AtomicExchange,
            AtomicOp::CompareExchange => Opcode::AtomicCompareExchange,
            AtomicOp::Load => Opcode::AtomicLoad,
        };
        let args: Vec<Reg> = atomic.args.iter().map(|arg| self.value(*arg)).collect();
        let (op, mut element) = self.element(atomic.array, &atomic.indices, (op, None), anchor);
        // The row of an atomic reads `b` whatever the op; a load ignores it.
        element.extend(if args.is_empty() { vec![element[0]] } else { args });
        let r = self.define(value);
        let t = self.slot(atomic.array);
        self.emit_to(Lir { t, ..Lir::new(op, r, &element, vec![anchor]) });
    }

    pub(super) fn scratch_site(&self, scratch: ScratchId, index: ValueId) -> TrapSite {
        let array = &self.code.scratch[scratch.0 as usize];
        let name = array.name.clone();
        TrapSite::Scratch { name, dtype: self.dtype(index), len: array.len }
    }

    /// An access to a scratch array: its block of registers, and its length in `b`.
    pub(super) fn scratch_access(&self, op: Opcode, scratch: ScratchId, index: ValueId) -> Lir {
        let len = self.code.scratch[scratch.0 as usize].len;
        let operands = [self.value(index), len];
        let t = self.scratch[scratch.0 as usize];
        Lir { t, ..Lir::new(op, 0, &operands, Vec::new()) }
    }
}
