//! What code is made of: instructions, labels, registers, rows, and pieces of uniform code.

use super::{Compiler, Item, Label, RowInfo};
use crate::lanes::block::ALL;
use crate::lanes::inst::{BlockInst, BlockOp, Row};
use crate::lanes::unit::Fill;
use crate::memory::Slot;
use crate::opcode::{Inst, Opcode};
use crate::unit::Input;

impl Compiler<'_> {
    pub(super) fn register(&mut self) -> u16 {
        self.next_register += 1;
        // Checked at the end.
        (self.next_register - 1) as u16
    }

    pub(super) fn row(&mut self, wide: bool) -> Row {
        self.rows.push(RowInfo { wide, variable: false, filled: false });
        self.rows.len() as Row - 1
    }

    pub(super) fn variable_row(&mut self, wide: bool) -> Row {
        self.rows.push(RowInfo { wide, variable: true, filled: false });
        self.rows.len() as Row - 1
    }

    pub(super) fn label(&mut self) -> Label {
        self.labels += 1;
        self.labels - 1
    }

    pub(super) fn place(&mut self, label: Label) {
        self.flush();
        self.items.push(Item::Label(label));
    }

    pub(super) fn emit(&mut self, inst: BlockInst) {
        self.flush();
        self.items.push(Item::Inst(inst));
    }

    pub(super) fn jump(&mut self, to: Label) {
        self.emit(BlockInst::new(BlockOp::Jump, 0, &[]).to(to));
    }

    /// A jump back, where a run may be stopped.
    pub(super) fn back(&mut self, top: Label) {
        let always = u32::from(self.constant(1));
        self.emit(BlockInst::new(BlockOp::BrT, 0, &[always]).to(top));
    }

    pub(super) fn loop_start(&mut self) -> u32 {
        self.flush();
        self.loop_count += 1;
        self.inside += 1;
        self.items.push(Item::LoopStart(self.loop_count - 1));
        self.loop_count - 1
    }

    pub(super) fn loop_end(&mut self, number: u32) {
        self.flush();
        self.inside -= 1;
        self.items.push(Item::LoopEnd(number));
    }

    /// Adds an instruction of uniform code, whose result register is its own. What can be computed
    /// before the block is: once for all turns of a loop, and in one piece.
    pub(super) fn uniform(&mut self, inst: Inst) {
        if self.is_prologue || self.comes_early(&inst) {
            self.early.insert(inst.r);
            self.prologue.push(inst);
        } else {
            self.pending.push(inst);
        }
    }

    /// Adds an instruction of uniform code that changes a register.
    pub(super) fn uniform_change(&mut self, inst: Inst) {
        if self.is_prologue {
            self.prologue.push(inst);
        } else {
            self.pending.push(inst);
        }
    }

    fn comes_early(&self, inst: &Inst) -> bool {
        let info = inst.op.info();
        let known = [inst.a, inst.b, inst.c, inst.d, inst.e];
        if !info.reads.iter().all(|read| self.early.contains(&known[*read])) {
            return false;
        }
        // What may trap must be reached by all lanes, and what is loaded must not change.
        let direct = self.inside == 0 && !self.may_have_left && self.mask == ALL;
        let load =
            matches!(inst.op, Opcode::Load32 | Opcode::Load64 | Opcode::LoadU8 | Opcode::LoadBool);
        let changes = load && {
            let width = inst.op.width();
            let slot = |slot: &&Slot| (Some(slot.width), slot.index) == (width, inst.t);
            let slot = self.unit.slots.iter().find(slot);
            slot.is_none_or(|slot| self.changed.contains(&slot.array))
        };
        info.pure_value || direct && (inst.op == Opcode::Address || load && !changes)
    }

    /// Ends a piece of uniform code; its start.
    pub(super) fn piece(&mut self) -> u32 {
        let start = self.out.scalars.len() as u32;
        self.out.scalars.append(&mut self.pending);
        self.out.scalars.push(Inst { op: Opcode::End, r: 0, a: 0, b: 0, c: 0, d: 0, e: 0, t: 0 });
        start
    }

    pub(super) fn flush(&mut self) {
        if !self.pending.is_empty() {
            let start = self.piece();
            let inst = BlockInst::new(BlockOp::Scalar, 0, &[]).to(start);
            self.items.push(Item::Inst(inst));
        }
    }

    pub(super) fn input(&mut self, input: Input) -> u16 {
        if let Some(register) = self.inputs.get(&input) {
            return *register;
        }
        let register = self.register();
        self.inputs.insert(input, register);
        self.early.insert(register);
        register
    }

    pub(super) fn constant(&mut self, bits: u64) -> u16 {
        self.input(Input::Const(bits))
    }

    /// The row that a launch fills from a register.
    pub(super) fn filled(&mut self, register: u16, fill: Fill) -> Row {
        let same = |(_, from, how): &&(Row, u16, Fill)| (*from, *how) == (register, fill);
        if let Some((row, _, _)) = self.out.filled.iter().find(same) {
            return *row;
        }
        let row = self.row(fill == Fill::Wide);
        self.rows[row as usize].filled = true;
        self.out.filled.push((row, register, fill));
        row
    }
}
