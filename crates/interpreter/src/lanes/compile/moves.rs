//! What loops look at in their bodies: whether lanes may move, and whether some wait for a turn.

use crossover_ir::InstKind;
use crossover_ir::lanes::{Access, Flow, LaneBlock, LaneStmt};

use super::Compiler;

impl Compiler<'_> {
    /// Whether lanes may move while this code runs: what is bound to a lane's place, runs of
    /// neighbours and scratch arrays, is not in it.
    pub(super) fn moves(&self, block: &LaneBlock) -> bool {
        block.iter().all(|stmt| match stmt {
            LaneStmt::Eval { value, access } => match self.code.insts[value.0 as usize].kind {
                InstKind::Load { .. } => *access != Access::Contiguous,
                InstKind::ScratchLoad { .. } => false,
                _ => true,
            },
            LaneStmt::Store { access, .. } => *access != Access::Contiguous,
            LaneStmt::ScratchZero(_) | LaneStmt::ScratchStore { .. } => false,
            LaneStmt::If { then, otherwise, .. } => self.moves(then) && self.moves(otherwise),
            LaneStmt::Switch { cases, default, .. } => {
                cases.iter().all(|(_, case)| self.moves(case)) && self.moves(default)
            }
            LaneStmt::Loop { header, body, continuing, .. } => {
                [header, body, continuing].into_iter().all(|block| self.moves(block))
            }
            LaneStmt::For { body, .. } => self.moves(body),
            _ => true,
        })
    }
}

/// Makes stores of neighbours in divergent loops stores by lanes.
///
/// Few lanes take part in such a store, most often those that leave; and it would keep the others
/// from moving.
pub(super) fn unbind_stores(block: &mut LaneBlock, in_divergent_loop: bool) {
    for stmt in block {
        match stmt {
            LaneStmt::Store { access: access @ Access::Contiguous, .. } if in_divergent_loop => {
                *access = Access::Scattered;
            }
            LaneStmt::If { then, otherwise, .. } => {
                unbind_stores(then, in_divergent_loop);
                unbind_stores(otherwise, in_divergent_loop);
            }
            LaneStmt::Switch { cases, default, .. } => {
                cases.iter_mut().for_each(|(_, case)| unbind_stores(case, in_divergent_loop));
                unbind_stores(default, in_divergent_loop);
            }
            LaneStmt::Loop { header, body, continuing, flow, .. } => {
                let divergent = in_divergent_loop || *flow == Flow::Divergent;
                for block in [header, body, continuing] {
                    unbind_stores(block, divergent);
                }
            }
            LaneStmt::For { body, flow, .. } => {
                unbind_stores(body, in_divergent_loop || *flow == Flow::Divergent);
            }
            _ => {}
        }
    }
}

/// Whether a `continue` of the loop around is in the block.
pub(super) fn continues(block: &LaneBlock) -> bool {
    block.iter().any(|stmt| match stmt {
        LaneStmt::Continue => true,
        LaneStmt::If { then, otherwise, .. } => continues(then) || continues(otherwise),
        LaneStmt::Switch { cases, default, .. } => {
            cases.iter().any(|(_, case)| continues(case)) || continues(default)
        }
        _ => false,
    })
}
