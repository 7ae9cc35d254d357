//! Arms of branches, and which lanes go on behind them.

use crossover_ir::lanes::LaneBlock;

use super::control::Left;
use super::{Compiler, Item, Label};
use crate::lanes::inst::{BlockInst, BlockOp, Row};

/// An arm of a branch: the mask it began with, what it left, and where its code ends.
pub(super) struct Arm {
    mask: Row,
    /// Before the test that skips it.
    start: usize,
    left: Left,
    end: usize,
}

impl<'a> Compiler<'a> {
    pub(super) fn arm(&mut self, block: &'a LaneBlock, mask: Row, skip: Option<Label>) -> Arm {
        self.flush();
        let start = self.items.len();
        if let Some(skip) = skip {
            self.emit(BlockInst::new(BlockOp::JumpNone, 0, &[]).under(mask).to(skip));
        }
        self.inside += 1;
        let left = self.block(block, mask);
        self.inside -= 1;
        self.flush();
        let end = self.items.len();
        self.mask = mask;
        Arm { mask, start, left, end }
    }

    /// An arm for some of the lanes, skipped if there are none.
    pub(super) fn masked_arm(&mut self, block: &'a LaneBlock, mask: Row) -> Arm {
        if block.is_empty() {
            self.flush();
            let at = self.items.len();
            return Arm { mask, start: at, left: Left::Lanes(mask), end: at };
        }
        let skip = self.label();
        self.divergence += 1;
        let arm = self.arm(block, mask, Some(skip));
        self.divergence -= 1;
        self.place(skip);
        arm
    }

    /// The lanes after arms that were all run, each for its part of the lanes.
    pub(super) fn join_divergent(&mut self, mask: Row, arms: Vec<Arm>) -> Left {
        self.mask = mask;
        if arms.iter().all(|arm| arm.left == Left::Lanes(arm.mask)) {
            return Left::Lanes(mask);
        }
        let mut parts = Vec::new();
        // From the last to the first, so that places before stay where they are.
        for arm in arms.iter().rev() {
            match arm.left {
                Left::None | Left::Gone => {}
                Left::Lanes(row) if row == arm.mask => parts.push(row),
                Left::Lanes(row) => {
                    // The arm may be skipped, and then has left all of its lanes: none.
                    let part = self.variable_row(false);
                    let copy = |row| Item::Inst(BlockInst::new(BlockOp::Copy32, part, &[row]));
                    self.items.insert(arm.end, copy(row));
                    self.items.insert(arm.start, copy(arm.mask));
                    parts.push(part);
                }
            }
        }
        let Some(mut all) = parts.pop() else { return Left::None };
        for part in parts {
            let joined = self.row(false);
            self.emit(BlockInst::new(BlockOp::Or32, joined, &[all, part]));
            all = joined;
        }
        Left::Lanes(all)
    }

    /// The lanes after arms of which control took one.
    pub(super) fn join_uniform(&mut self, mask: Row, arms: Vec<Arm>) -> Left {
        let arms: Vec<Arm> = arms.into_iter().filter(|arm| arm.left != Left::Gone).collect();
        let Some(first) = arms.first() else { return Left::Gone };
        if arms.iter().all(|arm| arm.left == first.left)
            && (arms.len() == 1 || first.left == Left::Lanes(mask) || first.left == Left::None)
        {
            return first.left;
        }
        let joined = self.variable_row(false);
        for arm in arms.iter().rev() {
            let inst = match arm.left {
                Left::Lanes(row) => BlockInst::new(BlockOp::Copy32, joined, &[row]),
                Left::None | Left::Gone => BlockInst::new(BlockOp::Zero32, joined, &[]),
            };
            self.items.insert(arm.end, Item::Inst(inst));
        }
        Left::Lanes(joined)
    }
}
