//! Whether a chunk may have to be given up after it has changed memory.

use super::{Guard, LaneLoop, LaneStmt};
use crate::{ArrayId, Code, InstKind, Op, ValueId};

/// Whether a run-time error, or an index that only the chunk itself tests, may come after a store
/// or an atomic of the same chunk.
pub(super) fn may_trap_after_effect(lanes: &LaneLoop, code: &Code) -> bool {
    let mut search = Search { lanes, code, changed: false, found: false };
    search.block(&lanes.body);
    search.found
}

struct Search<'l> {
    lanes: &'l LaneLoop,
    code: &'l Code,
    /// Something may have been changed.
    changed: bool,
    found: bool,
}

impl Search<'_> {
    fn block(&mut self, block: &[LaneStmt]) {
        block.iter().for_each(|stmt| self.stmt(stmt));
    }

    fn stmt(&mut self, stmt: &LaneStmt) {
        match stmt {
            LaneStmt::Eval { value, .. } => self.eval(*value),
            LaneStmt::Store { array, indices, .. } => {
                self.test(*array, indices);
                self.changed = true;
            }
            LaneStmt::ScratchStore { .. } => {
                self.found |= self.changed;
                // An iteration's own array is made anew when it runs again.
                self.changed |= self.lanes.shares_scratch;
            }
            LaneStmt::Trap { .. } => self.found |= self.changed,
            LaneStmt::If { then, otherwise, .. } => {
                // Lanes of one arm come before those of the other.
                self.block(then);
                self.block(otherwise);
            }
            LaneStmt::Switch { cases, default, .. } => {
                cases.iter().for_each(|(_, case)| self.block(case));
                self.block(default);
            }
            LaneStmt::Loop { header, body, continuing, .. } => {
                // Twice: what the first turn changes comes before the tests of the second.
                for _ in 0..2 {
                    self.block(header);
                    self.block(body);
                    self.block(continuing);
                }
            }
            LaneStmt::For { body, .. } => {
                for _ in 0..2 {
                    self.block(body);
                }
            }
            LaneStmt::Set { .. }
            | LaneStmt::ScratchZero(_)
            | LaneStmt::Reduce { .. }
            | LaneStmt::Break
            | LaneStmt::Continue
            | LaneStmt::Return => {}
        }
    }

    fn eval(&mut self, value: ValueId) {
        match &self.code.insts[value.0 as usize].kind {
            InstKind::Load { array, indices } => self.test(*array, indices),
            InstKind::ScratchLoad { .. } => self.found |= self.changed,
            InstKind::Atomic(atomic) => {
                self.test(atomic.array, &atomic.indices);
                self.changed = true;
            }
            InstKind::Op { op, args } => {
                let constant = args.get(1).is_some_and(|by| {
                    matches!(self.code.insts[by.0 as usize].kind,
                        InstKind::Const(by) if by.to_bits() != 0)
                });
                let divides = matches!(op, Op::DivFloor | Op::RemFloor) && !constant;
                let asked = self.lanes.together.contains(&value);
                self.found |= self.changed && (divides || asked || *op == Op::CastTrap);
            }
            InstKind::Const(_)
            | InstKind::Get(_)
            | InstKind::HostGet(_)
            | InstKind::Extent { .. } => {}
        }
    }

    fn test(&mut self, array: ArrayId, indices: &[ValueId]) {
        let guarded = indices.iter().enumerate().all(|(axis, index)| {
            let (value, axis) = (*index, axis as u32);
            let guards = &self.lanes.guards;
            guards.contains(&Guard::Inside { value, array, axis })
                || guards.contains(&Guard::InsideAll { value, array, axis })
        });
        self.found |= self.changed && !guarded;
    }
}
