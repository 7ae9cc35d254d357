//! Which values statements use.

use std::collections::BTreeSet;

use crate::{Block, Region, Stmt, ValueId};

/// The values that a region's instructions and statements use, prefixes included.
pub fn code_uses(region: &Region) -> BTreeSet<ValueId> {
    let mut used = BTreeSet::new();
    for inst in &region.code.insts {
        used.extend(inst.kind.operands());
    }
    let blocks = region.axes.iter().map(|axis| &axis.prefix).chain([&region.code.body]);
    for block in blocks {
        block_uses(block, &mut used);
    }
    used
}

fn block_uses(block: &Block, used: &mut BTreeSet<ValueId>) {
    for stmt in block {
        stmt.walk(&mut |stmt| used.extend(stmt.operands()));
    }
}

impl Stmt {
    /// The values that the statement itself uses, in order; not what it evaluates, and not what
    /// blocks inside use.
    pub fn operands(&self) -> Vec<ValueId> {
        match self {
            Stmt::Set { value, .. } | Stmt::HostSet { value, .. } => vec![*value],
            Stmt::Store { indices, value, .. } => indices.iter().chain([value]).copied().collect(),
            Stmt::ScratchStore { index, value, .. } => vec![*index, *value],
            Stmt::If { cond, .. } | Stmt::Trap { cond, .. } => vec![*cond],
            Stmt::Switch { selector, .. } => vec![*selector],
            Stmt::Loop { cond, .. } => cond.iter().copied().collect(),
            Stmt::For { lo, hi, .. } => vec![*lo, *hi],
            Stmt::Reduce { value, payload, .. } => {
                [value].into_iter().chain(payload).copied().collect()
            }
            Stmt::Eval(_) | Stmt::ScratchZero(_) | Stmt::Break | Stmt::Continue | Stmt::Return => {
                Vec::new()
            }
        }
    }
}
