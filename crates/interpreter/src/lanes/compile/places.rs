//! Values that live in a register: what is known before a block, rows made of them, variables.

use crossover_ir::lanes::{LaneStmt, Shape};
use crossover_ir::{InstKind, ValueId, VarId};
use crossover_values::DType;

use super::{Compiler, Place};
use crate::lanes::block::LANE;
use crate::lanes::inst::{BlockInst, BlockOp};
use crate::lanes::unit::Fill;
use crate::opcode::{Inst, Opcode};

impl Compiler<'_> {
    /// Evaluates what tests need. A variable that the body sets, once and directly, is what it is
    /// set to.
    pub(super) fn evaluate_early(&mut self, value: ValueId) {
        if let InstKind::Get(var) = self.code.insts[value.0 as usize].kind
            && self.vars[var.0 as usize].is_none()
        {
            let set = self.lanes.body.iter().find_map(|stmt| match stmt {
                LaneStmt::Set { var: to, value, .. } if *to == var => Some(*value),
                _ => None,
            });
            let set = set.expect("early values are made of early ones");
            self.values[value.0 as usize] = self.values[set.0 as usize];
            return;
        }
        self.evaluate(value);
    }

    /// Gives a value that is in a register a row, if one is needed and not there yet.
    pub(super) fn spread(&mut self, value: ValueId) {
        let number = value.0 as usize;
        let Some(Place::Register(register)) = self.values[number] else { return };
        if !self.needs_row[number] || self.spread[number].is_some() {
            return;
        }
        let dtype = self.dtype(value);
        let wide = dtype.size() == 8;
        if self.inputs.values().any(|input| *input == register) {
            let fill = match dtype {
                DType::Bool => Fill::Mask,
                _ if wide => Fill::Wide,
                _ => Fill::Narrow,
            };
            self.spread[number] = Some(self.filled(register, fill));
            return;
        }
        let row = self.row(wide);
        self.spread[number] = Some(row);
        let inst = match self.shape(value) {
            Shape::Affine(step) => {
                self.out.steps.push(step);
                let op = if wide { BlockOp::Affine64 } else { BlockOp::Affine32 };
                let lane = LANE;
                BlockInst::new(op, row, &[u32::from(register), lane])
                    .to(self.out.steps.len() as u32 - 1)
            }
            Shape::Uniform | Shape::Varying => {
                let op = match dtype {
                    DType::Bool => BlockOp::SplatBool,
                    _ if wide => BlockOp::Splat64,
                    _ => BlockOp::Splat32,
                };
                BlockInst::new(op, row, &[u32::from(register)])
            }
        };
        self.emit(inst);
    }

    /// Whether a value is that of a counter of a loop, whose register changes at the end of a turn.
    pub(super) fn is_counter(&self, value: ValueId) -> bool {
        match self.code.insts[value.0 as usize].kind {
            InstKind::Get(var) => self.counters.contains(&var),
            _ => false,
        }
    }

    /// Assigns a variable that lives in a register.
    pub(super) fn set_uniform(&mut self, var: VarId, value: ValueId) {
        let from = self.value_register(value);
        if self.sets[var.0 as usize] == 1 && !self.is_counter(value) {
            self.vars[var.0 as usize] = Some(Place::Register(from));
            return;
        }
        let to = match self.vars[var.0 as usize] {
            Some(Place::Register(register)) => register,
            _ => {
                let register = self.register();
                self.vars[var.0 as usize] = Some(Place::Register(register));
                register
            }
        };
        self.uniform_change(Inst { op: Opcode::Mov, r: to, a: from, b: 0, c: 0, d: 0, e: 0, t: 0 });
    }
}
