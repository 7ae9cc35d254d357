//! Control flow of lane code: jumps, branches, loops and the reductions of loops.

use crossover_values::DType;

use super::{Frame, FrameKind, Lane, Place};
use crate::valid::flow::{self, Mark};
use crate::valid::typing::get;
use crate::valid::{Failure, Violation};
use crate::{Block, ReduceId, ReduceScope, Stmt, ValueId, VarId};

impl Lane<'_> {
    pub(super) fn jump(&mut self, stmt: &Stmt) -> Result<(), Violation> {
        let breaks = matches!(stmt, Stmt::Break);
        let Some(frame) = self.frames.last_mut() else {
            let outside =
                if breaks { Violation::BreakOutsideLoop } else { Violation::ContinueOutsideLoop };
            return Err(outside);
        };
        match frame.kind {
            FrameKind::Header => return Err(Violation::JumpInHeader),
            FrameKind::Parallel if breaks => return Err(Violation::LeavesParallel),
            FrameKind::Parallel | FrameKind::Body => {}
        }
        let target = if breaks { &mut frame.breaks } else { &mut frame.continues };
        *target = flow::meet(target.take(), self.flow.take());
        Ok(())
    }

    /// `Return`.
    pub(super) fn leave(&mut self) -> Result<(), Violation> {
        self.no_prefix()?;
        if self.frames.iter().any(|frame| frame.kind == FrameKind::Header) {
            return Err(Violation::JumpInHeader);
        }
        if self.frames.iter().any(|frame| frame.kind == FrameKind::Parallel) {
            return Err(Violation::LeavesParallel);
        }
        self.returns = flow::meet(self.returns.take(), self.flow.take());
        Ok(())
    }

    pub(super) fn branches(&mut self, blocks: &[&Block]) -> Result<(), Failure> {
        let before = self.flow.clone();
        let mut after = None;
        for block in blocks {
            self.flow = before.clone();
            self.block(block)?;
            after = flow::meet(after, self.flow.take());
        }
        self.flow = after;
        Ok(())
    }

    pub(super) fn cases(&self, selector: ValueId, cases: &[(i64, Block)]) -> Result<(), Violation> {
        self.scope.check_visible(selector)?;
        let dtype = self.typing.value(selector)?;
        let range = match dtype {
            DType::U32 => 0..=i64::from(u32::MAX),
            DType::I32 => i64::from(i32::MIN)..=i64::from(i32::MAX),
            found => return Err(Violation::NotInteger { what: "a 32-bit selector", found }),
        };
        let mut seen = std::collections::HashSet::new();
        for (value, _) in cases {
            if !range.contains(value) {
                return Err(Violation::CaseRange { value: *value, dtype });
            }
            if !seen.insert(*value) {
                return Err(Violation::DuplicateCase { value: *value });
            }
        }
        Ok(())
    }

    /// Loop variables inside are undefined after their loops, so also when a loop around them
    /// comes round again: they are cleared before its first iteration.
    pub(super) fn forget_inner_loops(&mut self, stmt: &Stmt) {
        let flow = &mut self.flow;
        stmt.walk(&mut |inner| {
            if let Stmt::For { var, .. } = inner
                && (var.0 as usize) < self.code.vars.len()
            {
                flow::clear(flow, var.0 as usize);
            }
        });
    }

    pub(super) fn repeat(
        &mut self,
        stmt: &Stmt,
        header: &Block,
        cond: Option<ValueId>,
        body: &Block,
        continuing: &Block,
    ) -> Result<(), Failure> {
        self.forget_inner_loops(stmt);
        let mark = self.scope.enter();
        self.push(FrameKind::Header);
        header.iter().try_for_each(|stmt| self.stmt(stmt))?;
        self.frames.pop();
        self.locate(stmt);
        if let Some(cond) = cond {
            self.condition(mark, cond).map_err(|violation| self.fail(violation))?;
        }
        self.scope.leave(mark);
        let exit = if cond.is_some() { self.flow.clone() } else { None };
        self.push(FrameKind::Body);
        self.block(body)?;
        let frame = self.frames.pop().expect("pushed above");
        self.flow = flow::meet(self.flow.take(), frame.continues);
        self.push(FrameKind::Header);
        self.block(continuing)?;
        self.frames.pop();
        self.flow = flow::meet(exit, frame.breaks);
        Ok(())
    }

    pub(super) fn condition(&self, header: Mark, cond: ValueId) -> Result<(), Violation> {
        self.value_of("a condition", cond, DType::Bool)?;
        if self.scope.is_since(header, cond) {
            Ok(())
        } else {
            Err(Violation::ConditionOutsideHeader)
        }
    }

    pub(super) fn push(&mut self, kind: FrameKind) {
        self.frames.push(Frame { kind, breaks: None, continues: None });
    }

    pub(super) fn count(
        &mut self,
        stmt: &Stmt,
        body: &Block,
        parallel: Option<&[ReduceId]>,
    ) -> Result<(), Failure> {
        let var = self.bounds(stmt).map_err(|violation| self.fail(violation))?.0 as usize;
        let reduces = parallel.unwrap_or(&[]);
        if !reduces.is_empty() {
            self.no_prefix().map_err(|violation| self.fail(violation))?;
        }
        self.open_reduces(reduces).map_err(|violation| self.fail(violation))?;
        self.forget_inner_loops(stmt);
        let exit = self.flow.clone();
        self.counting[var] += 1;
        flow::set(&mut self.flow, var);
        self.push(if parallel.is_some() { FrameKind::Parallel } else { FrameKind::Body });
        self.block(body)?;
        let frame = self.frames.pop().expect("pushed above");
        self.counting[var] -= 1;
        self.close_reduces(reduces);
        self.flow = flow::meet(exit, frame.breaks);
        flow::clear(&mut self.flow, var);
        Ok(())
    }

    /// Checks a counted loop's variable, bounds and step.
    pub(super) fn bounds(&self, stmt: &Stmt) -> Result<VarId, Violation> {
        let Stmt::For { var, lo, hi, step, .. } = stmt else {
            unreachable!("only called on counted loops")
        };
        let info = self.typing.var(*var)?;
        self.use_all(&[*lo, *hi])?;
        self.typing.integer("a loop bound", *lo)?;
        self.typing.typed("a loop bound", *lo, info.dtype)?;
        self.typing.typed("a loop bound", *hi, info.dtype)?;
        if *step == 0 {
            return Err(Violation::ZeroStep);
        }
        if self.counting[var.0 as usize] > 0 {
            return Err(Violation::LoopVariableAssigned { name: info.name.clone() });
        }
        if self.reducing[var.0 as usize] > 0 {
            return Err(Violation::TargetUsed { name: info.name.clone() });
        }
        if self.in_prefix[var.0 as usize] && self.place != Place::Prefix {
            return Err(Violation::PrefixVariableAssigned { name: info.name.clone() });
        }
        Ok(*var)
    }

    pub(super) fn open_reduces(&mut self, reduces: &[ReduceId]) -> Result<(), Violation> {
        for id in reduces {
            let reduce = get(&self.code.reduces, id.0, "reduction")?;
            let index = id.0 as usize;
            let again = std::mem::replace(&mut self.listed[index], true);
            if again || reduce.scope == ReduceScope::Region {
                return Err(Violation::ReduceOwner { index: id.0 });
            }
            for var in [&reduce.target].into_iter().chain(&reduce.payload) {
                self.read(*var)?;
                self.assignable(*var)?;
            }
            for var in [&reduce.target].into_iter().chain(&reduce.payload) {
                let name = || self.code.vars[var.0 as usize].name.clone();
                if self.reducing[var.0 as usize] > 0 {
                    return Err(Violation::SharedTarget { name: name() });
                }
                self.reducing[var.0 as usize] += 1;
            }
            self.open[index] = true;
        }
        Ok(())
    }

    /// A variable that its loop's end assigns.
    pub(super) fn assignable(&self, var: VarId) -> Result<(), Violation> {
        let name = || self.code.vars[var.0 as usize].name.clone();
        if self.counting[var.0 as usize] > 0 {
            return Err(Violation::LoopVariableAssigned { name: name() });
        }
        if self.in_prefix[var.0 as usize] {
            return Err(Violation::PrefixVariableAssigned { name: name() });
        }
        Ok(())
    }

    pub(super) fn close_reduces(&mut self, reduces: &[ReduceId]) {
        for id in reduces {
            let reduce = &self.code.reduces[id.0 as usize];
            for var in [&reduce.target].into_iter().chain(&reduce.payload) {
                self.reducing[var.0 as usize] -= 1;
            }
            self.open[id.0 as usize] = false;
        }
    }
}
