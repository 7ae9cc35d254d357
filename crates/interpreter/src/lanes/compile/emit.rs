//! What code is made of: instructions, labels, registers, rows, and pieces of uniform code.

use super::{Compiler, Item, Label, RowInfo};
use crate::lanes::inst::{BlockInst, BlockOp, Row};
use crate::lanes::unit::Fill;
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

    /// Adds an instruction of uniform code.
    pub(super) fn uniform(&mut self, inst: Inst) {
        self.pending.push(inst);
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
