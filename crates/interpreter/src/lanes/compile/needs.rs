//! Which values operations on rows need, and what blocks cannot keep in order.

use std::collections::BTreeSet;

use crossover_ir::lanes::{Access, Flow, LaneBlock, LaneLoop, LaneStmt, Shape};
use crossover_ir::{Code, InstKind, ReduceId, Region, Stmt, ValueId, VarId};

use super::NoLanes;

/// For each value whether it is needed as a row.
pub(super) fn rows(lanes: &LaneLoop, code: &Code) -> Vec<bool> {
    let mut needs = Needs { lanes, code, needed: vec![false; code.insts.len()] };
    needs.block(&lanes.body);
    needs.needed
}

struct Needs<'l> {
    lanes: &'l LaneLoop,
    code: &'l Code,
    needed: Vec<bool>,
}

impl Needs<'_> {
    fn block(&mut self, block: &LaneBlock) {
        block.iter().for_each(|stmt| self.stmt(stmt));
    }

    fn need(&mut self, value: ValueId) {
        self.needed[value.0 as usize] = true;
    }

    /// Indices of an access by lanes: those that are not uniform.
    fn indices(&mut self, access: Access, indices: &[ValueId]) {
        if access == Access::Scattered {
            let varying = indices.iter().filter(|index| !self.lanes.is_uniform(**index));
            let varying: Vec<ValueId> = varying.copied().collect();
            varying.into_iter().for_each(|index| self.need(index));
        }
    }

    fn stmt(&mut self, stmt: &LaneStmt) {
        match stmt {
            LaneStmt::Eval { value, access } => self.eval(*value, *access),
            LaneStmt::Set { var, value, .. } => {
                if self.lanes.var_shape(*var) == Shape::Varying {
                    self.need(*value);
                }
            }
            LaneStmt::Store { indices, value, access, .. } => {
                self.need(*value);
                self.indices(*access, indices);
            }
            LaneStmt::ScratchZero(_) => {}
            LaneStmt::ScratchStore { index, value, access, .. } => {
                self.need(*value);
                self.indices(*access, &[*index]);
            }
            LaneStmt::If { cond, then, otherwise, flow, .. } => {
                if *flow == Flow::Divergent {
                    self.need(*cond);
                }
                self.block(then);
                self.block(otherwise);
            }
            LaneStmt::Switch { selector, cases, default, flow, .. } => {
                if *flow == Flow::Divergent {
                    self.need(*selector);
                }
                cases.iter().for_each(|(_, case)| self.block(case));
                self.block(default);
            }
            LaneStmt::Loop { header, cond, body, continuing, flow, .. } => {
                if let (Flow::Divergent, Some(cond)) = (flow, cond) {
                    self.need(*cond);
                }
                [header, body, continuing].into_iter().for_each(|block| self.block(block));
            }
            LaneStmt::For { lo, hi, body, .. } => {
                if !self.lanes.is_uniform(*lo) || !self.lanes.is_uniform(*hi) {
                    self.need(*lo);
                    self.need(*hi);
                }
                self.block(body);
            }
            LaneStmt::Reduce { value, .. } => self.need(*value),
            LaneStmt::Trap { cond, .. } => self.need(*cond),
            LaneStmt::Break | LaneStmt::Continue | LaneStmt::Return => {}
        }
    }

    fn eval(&mut self, value: ValueId, access: Access) {
        match &self.code.insts[value.0 as usize].kind {
            InstKind::Op { args, .. } if self.lanes.shape(value) == Shape::Varying => {
                args.iter().for_each(|arg| self.need(*arg));
            }
            InstKind::Load { indices, .. } => self.indices(access, indices),
            InstKind::ScratchLoad { index, .. } => self.indices(access, &[*index]),
            InstKind::Atomic(atomic) => {
                atomic.args.iter().for_each(|arg| self.need(*arg));
                self.indices(Access::Scattered, &atomic.indices);
            }
            _ => {}
        }
    }
}

/// Refuses what a block would do in another order: its lanes contribute side by side, so a float
/// reduction with an order may get one value per iteration, from one statement outside of loops.
pub(super) fn one_contribution(block: &LaneBlock, code: &Code) -> Result<(), NoLanes> {
    let mut seen = Vec::new();
    contributions(block, code, false, &mut seen)
}

fn contributions(
    block: &LaneBlock,
    code: &Code,
    repeats: bool,
    seen: &mut Vec<ReduceId>,
) -> Result<(), NoLanes> {
    for stmt in block {
        match stmt {
            LaneStmt::Reduce { reduce, .. } => {
                let entry = &code.reduces[reduce.0 as usize];
                if !entry.op.is_ordered(entry.dtype) {
                    continue;
                }
                if repeats || seen.contains(reduce) {
                    return Err(NoLanes::Contributions);
                }
                seen.push(*reduce);
            }
            LaneStmt::If { then, otherwise, .. } => {
                contributions(then, code, repeats, seen)?;
                contributions(otherwise, code, repeats, seen)?;
            }
            LaneStmt::Switch { cases, default, .. } => {
                for (_, case) in cases {
                    contributions(case, code, repeats, seen)?;
                }
                contributions(default, code, repeats, seen)?;
            }
            LaneStmt::Loop { header, body, continuing, .. } => {
                for block in [header, body, continuing] {
                    contributions(block, code, true, seen)?;
                }
            }
            LaneStmt::For { body, .. } => contributions(body, code, true, seen)?,
            _ => {}
        }
    }
    Ok(())
}

/// How many statements set each variable.
pub(super) fn sets(region: &Region) -> Vec<u32> {
    let mut sets = vec![0; region.code.vars.len()];
    let prefixes = region.axes.iter().flat_map(|axis| &axis.prefix);
    for stmt in prefixes.chain(&region.code.body) {
        stmt.walk(&mut |stmt| {
            if let Stmt::Set { var, .. } | Stmt::For { var, .. } = stmt {
                sets[var.0 as usize] += 1;
            }
        });
    }
    sets
}

/// Variables that count loops.
pub(super) fn counters(region: &Region) -> BTreeSet<VarId> {
    let mut counters = BTreeSet::new();
    for stmt in &region.code.body {
        stmt.walk(&mut |stmt| {
            if let Stmt::For { var, .. } = stmt {
                counters.insert(*var);
            }
        });
    }
    counters
}
