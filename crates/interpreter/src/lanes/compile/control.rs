//! Statements and branches: the mask as a value.

use crossover_ir::ValueId;
use crossover_ir::lanes::{Flow, LaneBlock, LaneStmt};

use super::{Compiler, Label};
use crate::lanes::inst::{BlockInst, BlockOp, Row};
use crate::lanes::unit::Fill;
use crate::opcode::{Inst, Opcode};

/// Which lanes go on after a piece of code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// Those of this mask.
    Lanes(Row),
    /// None, but control comes by.
    None,
    /// None, and control does not come by.
    Gone,
}

/// A loop around what is compiled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around {
    /// Whether lanes leave it one by one.
    pub(super) divergent: bool,
    /// Whether a turn may end for some lanes only.
    pub(super) continues: bool,
    pub(super) exit: Label,
    pub(super) next: Label,
    /// Collects lanes that left the loop, where the mask after it is not the one before.
    pub(super) done: Option<Row>,
    /// Collects lanes that wait for the next turn.
    pub(super) waiting: Option<Row>,
}

impl<'a> Compiler<'a> {
    /// Statements under a mask.
    pub(super) fn block(&mut self, block: &'a LaneBlock, mask: Row) -> Left {
        self.mask = mask;
        let mut join: Option<(Row, Label)> = None;
        let mut left = Left::Lanes(mask);
        for (at, stmt) in block.iter().enumerate() {
            let before = self.mask;
            left = self.stmt(stmt);
            let Left::Lanes(now) = left else { break };
            self.mask = now;
            if now == before || at + 1 == block.len() {
                continue;
            }
            // Some lanes have left: maybe all.
            let (all, skip) = match join {
                Some(join) => join,
                None => (self.variable_row(false), self.label()),
            };
            join = Some((all, skip));
            self.emit(BlockInst::new(BlockOp::Copy32, all, &[now]));
            self.emit(BlockInst::new(BlockOp::JumpNone, 0, &[]).under(all).to(skip));
        }
        let Some((all, skip)) = join else { return left };
        match left {
            Left::Lanes(now) => self.emit(BlockInst::new(BlockOp::Copy32, all, &[now])),
            Left::None | Left::Gone => self.emit(BlockInst::new(BlockOp::Zero32, all, &[])),
        }
        self.place(skip);
        Left::Lanes(all)
    }

    fn stmt(&mut self, stmt: &'a LaneStmt) -> Left {
        let mask = self.mask;
        match stmt {
            LaneStmt::Eval { value, access } => self.eval(*value, *access),
            LaneStmt::Set { var, value, blend } => self.set(*var, *value, *blend),
            LaneStmt::Store { array, indices, value, access, .. } => {
                self.store(*array, indices, *value, *access);
            }
            LaneStmt::ScratchZero(scratch) => self.scratch_zero(*scratch),
            LaneStmt::ScratchStore { scratch, index, value, .. } => {
                self.scratch_store(*scratch, *index, *value);
            }
            LaneStmt::If { cond, then, otherwise, flow, .. } => {
                return match flow {
                    Flow::Uniform => self.uniform_if(*cond, then, otherwise),
                    Flow::Divergent => self.divergent_if(*cond, then, otherwise),
                };
            }
            LaneStmt::Switch { selector, cases, default, flow, .. } => {
                return match flow {
                    Flow::Uniform => self.uniform_switch(*selector, cases, default),
                    Flow::Divergent => self.divergent_switch(*selector, cases, default),
                };
            }
            LaneStmt::Loop { flow: Flow::Uniform, .. } => self.uniform_loop(stmt),
            LaneStmt::For { flow: Flow::Uniform, .. } => self.uniform_for(stmt),
            LaneStmt::Loop { .. } => return self.divergent_loop(stmt),
            LaneStmt::For { .. } => return self.divergent_for(stmt),
            LaneStmt::Reduce { reduce, value, .. } => self.reduce(*reduce, *value),
            LaneStmt::Break => return self.leave_loop(),
            LaneStmt::Continue => return self.leave_turn(),
            LaneStmt::Return => {
                self.may_have_left = true;
                if self.divergence > 0 {
                    return Left::None;
                }
                self.jump(self.end);
                return Left::Gone;
            }
            LaneStmt::Trap { cond, .. } => {
                let cond = self.value_row(*cond);
                self.emit(BlockInst::new(BlockOp::TrapIf, 0, &[cond]).under(mask));
            }
        }
        self.mask = mask;
        Left::Lanes(mask)
    }

    fn leave_loop(&mut self) -> Left {
        let around = *self.loops.last().expect("the validator proves that a loop is around");
        if !around.divergent {
            self.jump(around.exit);
            return Left::Gone;
        }
        if let Some(done) = around.done {
            self.emit(BlockInst::new(BlockOp::OrInto, done, &[self.mask]));
        }
        Left::None
    }

    fn leave_turn(&mut self) -> Left {
        let around = *self.loops.last().expect("the validator proves that a loop is around");
        if !around.divergent && !around.continues {
            self.jump(around.next);
            return Left::Gone;
        }
        if let Some(waiting) = around.waiting {
            self.emit(BlockInst::new(BlockOp::OrInto, waiting, &[self.mask]));
        }
        Left::None
    }

    fn uniform_if(&mut self, cond: ValueId, then: &'a LaneBlock, otherwise: &'a LaneBlock) -> Left {
        let (other, end) = (self.label(), self.label());
        let cond = u32::from(self.value_register(cond));
        self.emit(BlockInst::new(BlockOp::BrF, 0, &[cond]).to(other));
        let mask = self.mask;
        let first = self.arm(then, mask, None);
        self.jump(end);
        self.place(other);
        let second = self.arm(otherwise, mask, None);
        self.place(end);
        self.join_uniform(mask, vec![first, second])
    }

    fn uniform_switch(
        &mut self,
        selector: ValueId,
        cases: &'a [(i64, LaneBlock)],
        default: &'a LaneBlock,
    ) -> Left {
        let (mask, end) = (self.mask, self.label());
        let selector = self.value_register(selector);
        let mut arms = Vec::new();
        for (literal, case) in cases {
            let next = self.label();
            let (r, b) = (self.register(), self.constant(u64::from(*literal as u32)));
            let eq = Inst { op: Opcode::Eq, r, a: selector, b, c: 0, d: 0, e: 0, t: 0 };
            self.uniform(eq);
            self.emit(BlockInst::new(BlockOp::BrF, 0, &[u32::from(r)]).to(next));
            arms.push(self.arm(case, mask, None));
            self.jump(end);
            self.place(next);
        }
        arms.push(self.arm(default, mask, None));
        self.place(end);
        self.join_uniform(mask, arms)
    }

    fn divergent_if(
        &mut self,
        cond: ValueId,
        then: &'a LaneBlock,
        otherwise: &'a LaneBlock,
    ) -> Left {
        let mask = self.mask;
        let cond = self.value_row(cond);
        let (first, second) = (self.row(false), self.row(false));
        self.emit(BlockInst::new(BlockOp::And32, first, &[mask, cond]));
        self.emit(BlockInst::new(BlockOp::AndNot32, second, &[mask, cond]));
        let arms = vec![self.masked_arm(then, first), self.masked_arm(otherwise, second)];
        self.join_divergent(mask, arms)
    }

    fn divergent_switch(
        &mut self,
        selector: ValueId,
        cases: &'a [(i64, LaneBlock)],
        default: &'a LaneBlock,
    ) -> Left {
        let mask = self.mask;
        let selector = self.value_row(selector);
        let mut rest = mask;
        let mut arms = Vec::new();
        for (literal, case) in cases {
            let literal = self.constant_row(u64::from(*literal as u32), false);
            let equal = self.row(false);
            self.emit(BlockInst::new(BlockOp::Eq32, equal, &[selector, literal]));
            let (taken, other) = (self.row(false), self.row(false));
            self.emit(BlockInst::new(BlockOp::And32, taken, &[rest, equal]));
            self.emit(BlockInst::new(BlockOp::AndNot32, other, &[rest, equal]));
            arms.push(self.masked_arm(case, taken));
            rest = other;
        }
        arms.push(self.masked_arm(default, rest));
        self.join_divergent(mask, arms)
    }

    /// A row of a constant.
    pub(super) fn constant_row(&mut self, bits: u64, wide: bool) -> Row {
        let register = self.constant(bits);
        self.filled(register, if wide { Fill::Wide } else { Fill::Narrow })
    }
}
