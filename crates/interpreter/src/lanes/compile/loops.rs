//! Loops: uniform ones stay loops, divergent ones go on until no lane is left.

use crossover_ir::lanes::{Exits, LaneBlock, LaneStmt};
use crossover_ir::{ValueId, VarId};
use crossover_values::DType;

use super::control::{Around, Left};
use super::moves::continues;
use super::value::{copy, is_wide, mov};
use super::{Compiler, Label, Place};
use crate::lanes::inst::{BlockInst, BlockOp, Row};
use crate::opcode::{Inst, Opcode};

/// Rows and labels of a divergent loop.
struct Divergent {
    number: u32,
    /// The mask before the loop.
    before: Row,
    /// The lanes that are in it.
    live: Row,
    compacts: bool,
    top: Label,
    exit: Label,
}

impl<'a> Compiler<'a> {
    fn around(&mut self, divergent: bool, exits: Exits) -> Around {
        let (exit, next) = (self.label(), self.label());
        Around { divergent, continues: exits.continues, exit, next, done: None, waiting: None }
    }

    pub(super) fn uniform_loop(&mut self, stmt: &'a LaneStmt) {
        let LaneStmt::Loop { header, cond, body, continuing, exits, .. } = stmt else {
            unreachable!("only called on loops")
        };
        let (mask, top) = (self.mask, self.label());
        let around = self.around(false, *exits);
        let number = self.loop_start();
        self.place(top);
        self.block(header, mask);
        if let Some(cond) = cond {
            let cond = u32::from(self.value_register(*cond));
            self.emit(BlockInst::new(BlockOp::BrF, 0, &[cond]).to(around.exit));
        }
        self.loops.push(around);
        self.block(body, mask);
        self.loops.pop();
        self.place(around.next);
        self.block(continuing, mask);
        self.back(top);
        self.place(around.exit);
        self.loop_end(number);
    }

    /// The number of turns of a counted loop, in a register that counts down, and the counter.
    fn counter(&mut self, var: VarId, [lo, hi]: [ValueId; 2], step: i64) -> [u16; 2] {
        let dtype = self.code.vars[var.0 as usize].dtype;
        let op = match dtype {
            DType::I32 => Opcode::TripCountI32,
            DType::I64 => Opcode::TripCountI64,
            _ => Opcode::TripCountU,
        };
        let (a, b) = (self.value_register(lo), self.value_register(hi));
        let (r, c) = (self.register(), self.constant(step as u64));
        // Counted down, so computed anew each time.
        self.uniform_change(Inst { op, r, a, b, c, d: 0, e: 0, t: 0 });
        let Place::Register(counter) = self.variable(var) else {
            unreachable!("a counter with uniform bounds is uniform")
        };
        self.uniform_change(mov(counter, a));
        [r, counter]
    }

    /// Counts one turn.
    fn count(&mut self, var: VarId, [trips, counter]: [u16; 2], step: i64) {
        let wide = is_wide(self.code.vars[var.0 as usize].dtype);
        let bits = if wide { step as u64 } else { u64::from(step as u32) };
        let (step, less) = (self.constant(bits), self.constant(u64::MAX));
        let op = if wide { Opcode::Add64 } else { Opcode::Add32 };
        let add = |op, r, b| Inst { op, r, a: r, b, c: 0, d: 0, e: 0, t: 0 };
        self.uniform_change(add(op, counter, step));
        self.uniform_change(add(Opcode::Add64, trips, less));
    }

    pub(super) fn uniform_for(&mut self, stmt: &'a LaneStmt) {
        let LaneStmt::For { var, lo, hi, step, body, exits, .. } = stmt else {
            unreachable!("only called on counted loops")
        };
        let (mask, top) = (self.mask, self.label());
        let around = self.around(false, *exits);
        let counts = self.counter(*var, [*lo, *hi], *step);
        let trips = u32::from(counts[0]);
        self.emit(BlockInst::new(BlockOp::BrF, 0, &[trips]).to(around.exit));
        let number = self.loop_start();
        self.place(top);
        self.loops.push(around);
        self.block(body, mask);
        self.loops.pop();
        self.place(around.next);
        self.count(*var, counts, *step);
        self.emit(BlockInst::new(BlockOp::BrT, 0, &[trips]).to(top));
        self.place(around.exit);
        self.loop_end(number);
    }

    /// What a divergent loop begins with.
    fn divergent(&mut self, exits: Exits, blocks: &[&LaneBlock]) -> (Divergent, Around) {
        let before = self.mask;
        let mut around = self.around(true, exits);
        let live = self.variable_row(false);
        self.emit(BlockInst::new(BlockOp::Copy32, live, &[before]));
        if exits.returns {
            let done = self.variable_row(false);
            self.emit(BlockInst::new(BlockOp::Zero32, done, &[]));
            around.done = Some(done);
        }
        if blocks.iter().any(|block| continues(block)) {
            around.waiting = Some(self.variable_row(false));
        }
        let compacts = blocks.iter().all(|block| self.moves(block));
        let (top, exit) = (self.label(), around.exit);
        let number = self.loop_start();
        (Divergent { number, before, live, compacts, top, exit }, around)
    }

    fn turn(&mut self, it: &Divergent, around: &Around) {
        self.place(it.top);
        if it.compacts {
            self.emit(BlockInst::new(BlockOp::Compact, 0, &[]).under(it.live).to(it.number));
        }
        if let Some(waiting) = around.waiting {
            self.emit(BlockInst::new(BlockOp::Zero32, waiting, &[]));
        }
    }

    /// Lanes whose condition is false leave.
    fn test(&mut self, it: &Divergent, around: &Around, cond: Row) {
        if let Some(done) = around.done {
            let leaving = self.row(false);
            self.emit(BlockInst::new(BlockOp::AndNot32, leaving, &[it.live, cond]));
            self.emit(BlockInst::new(BlockOp::OrInto, done, &[leaving]));
        }
        self.emit(BlockInst::new(BlockOp::AndInto, it.live, &[cond]));
        self.emit(BlockInst::new(BlockOp::JumpNone, 0, &[]).under(it.live).to(it.exit));
    }

    /// The body; afterwards the lanes of the next turn are live. Whether some may have left.
    fn divergent_body(&mut self, it: &Divergent, around: Around, body: &'a LaneBlock) -> bool {
        self.loops.push(around);
        let left = self.block(body, it.live);
        self.loops.pop();
        self.place(around.next);
        match left {
            Left::Lanes(row) if row == it.live => {}
            Left::Lanes(row) => self.emit(BlockInst::new(BlockOp::Copy32, it.live, &[row])),
            Left::None | Left::Gone => self.emit(BlockInst::new(BlockOp::Zero32, it.live, &[])),
        }
        if let Some(waiting) = around.waiting {
            self.emit(BlockInst::new(BlockOp::OrInto, it.live, &[waiting]));
        }
        left != Left::Lanes(it.live)
    }

    fn divergent_end(&mut self, it: &Divergent, around: &Around) -> Left {
        self.place(it.exit);
        if it.compacts {
            self.emit(BlockInst::new(BlockOp::Restore, 0, &[]).to(it.number));
        }
        self.loop_end(it.number);
        self.divergence -= 1;
        let after = around.done.unwrap_or(it.before);
        self.mask = after;
        Left::Lanes(after)
    }

    pub(super) fn divergent_loop(&mut self, stmt: &'a LaneStmt) -> Left {
        let LaneStmt::Loop { header, cond, body, continuing, exits, .. } = stmt else {
            unreachable!("only called on loops")
        };
        self.divergence += 1;
        let (it, around) = self.divergent(*exits, &[header, body, continuing]);
        self.turn(&it, &around);
        self.block(header, it.live);
        if let Some(cond) = cond {
            let cond = self.value_row(*cond);
            self.test(&it, &around, cond);
        }
        let fewer = self.divergent_body(&it, around, body);
        if fewer {
            self.emit(BlockInst::new(BlockOp::JumpNone, 0, &[]).under(it.live).to(it.exit));
        }
        self.block(continuing, it.live);
        self.back(it.top);
        self.divergent_end(&it, &around)
    }

    pub(super) fn divergent_for(&mut self, stmt: &'a LaneStmt) -> Left {
        let LaneStmt::For { var, lo, hi, step, body, exits, .. } = stmt else {
            unreachable!("only called on counted loops")
        };
        let uniform = self.lanes.is_uniform(*lo) && self.lanes.is_uniform(*hi);
        self.divergence += 1;
        if !uniform {
            return self.own_counters(*var, [*lo, *hi], *exits, body);
        }
        let counts = self.counter(*var, [*lo, *hi], *step);
        let trips = u32::from(counts[0]);
        let (it, around) = self.divergent(*exits, &[body]);
        let finish = self.label();
        self.emit(BlockInst::new(BlockOp::BrF, 0, &[trips]).to(finish));
        self.turn(&it, &around);
        self.divergent_body(&it, around, body);
        self.emit(BlockInst::new(BlockOp::JumpNone, 0, &[]).under(it.live).to(it.exit));
        self.count(*var, counts, *step);
        self.emit(BlockInst::new(BlockOp::BrT, 0, &[trips]).to(it.top));
        self.place(finish);
        if let Some(done) = around.done {
            self.emit(BlockInst::new(BlockOp::OrInto, done, &[it.live]));
        }
        self.divergent_end(&it, &around)
    }

    /// Each lane counts, in steps of one.
    fn own_counters(
        &mut self,
        var: VarId,
        [lo, hi]: [ValueId; 2],
        exits: Exits,
        body: &'a LaneBlock,
    ) -> Left {
        let dtype = self.code.vars[var.0 as usize].dtype;
        let wide = is_wide(dtype);
        let hi = self.value_row(hi);
        let counter = self.variable(var);
        match counter {
            Place::Register(counter) => {
                let lo = self.value_register(lo);
                self.uniform_change(mov(counter, lo));
            }
            Place::Row(counter) => {
                let lo = self.value_row(lo);
                self.emit(BlockInst::new(copy(wide), counter, &[lo]));
            }
        }
        let (it, around) = self.divergent(exits, &[body]);
        self.turn(&it, &around);
        let count = match counter {
            // All lanes that are left have the same count: they began alike.
            Place::Register(counter) => {
                let op = if wide { BlockOp::Splat64 } else { BlockOp::Splat32 };
                let row = self.row(wide);
                self.emit(BlockInst::new(op, row, &[u32::from(counter)]));
                row
            }
            Place::Row(counter) => counter,
        };
        let less = match dtype {
            DType::I32 => BlockOp::LtI32,
            DType::I64 => BlockOp::LtI64,
            DType::U64 => BlockOp::LtU64,
            _ => BlockOp::LtU32,
        };
        let cond = self.row(false);
        self.emit(BlockInst::new(less, cond, &[count, hi]));
        self.test(&it, &around, cond);
        let fewer = self.divergent_body(&it, around, body);
        match counter {
            Place::Register(counter) => {
                let (op, b) = (if wide { Opcode::Add64 } else { Opcode::Add32 }, self.constant(1));
                self.uniform_change(Inst { op, r: counter, a: counter, b, c: 0, d: 0, e: 0, t: 0 });
            }
            Place::Row(counter) => {
                let (next, one) = (self.row(wide), self.constant_row(1, wide));
                let add = if wide { BlockOp::Add64 } else { BlockOp::Add32 };
                self.emit(BlockInst::new(add, next, &[counter, one]));
                self.emit(BlockInst::new(copy(wide), counter, &[next]));
            }
        }
        if fewer {
            self.emit(BlockInst::new(BlockOp::JumpNone, 0, &[]).under(it.live).to(it.exit));
        }
        self.back(it.top);
        self.divergent_end(&it, &around)
    }
}
