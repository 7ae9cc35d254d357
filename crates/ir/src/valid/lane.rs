//! Lane code: regions and serial sections.

use crossover_values::DType;

use super::flow::{self, Bits, Flow, Scope};
use super::typing::{Typing, count, get};
use super::{Failure, Violation};
use crate::{
    Block, Code, InstKind, Kernel, ReduceId, ReduceScope, Region, Serial, Span, Stmt, ValueId,
    VarId,
};

mod control;
mod declare;

/// What lane code may do besides computing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Serial,
    Prefix,
    Body,
}

/// A construct that jumps may aim at.
struct Frame {
    kind: FrameKind,
    breaks: Flow,
    continues: Flow,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum FrameKind {
    /// Body of a loop.
    Body,
    /// Body of a parallel loop: `Continue` only.
    Parallel,
    /// Header or continuing part: no jump.
    Header,
}

pub(super) struct Lane<'k> {
    typing: Typing<'k>,
    code: &'k Code,
    place: Place,
    span: Span,
    scope: Scope,
    /// Bits: lane variables, then scratch arrays, then host variables.
    flow: Flow,
    returns: Flow,
    frames: Vec<Frame>,
    /// How many enclosing loops have the lane variable as theirs.
    counting: Vec<u32>,
    /// How many enclosing loops reduce into the lane variable.
    reducing: Vec<u32>,
    /// Host variables that cannot be assigned: of enclosing host loops.
    host_counting: &'k [u32],
    /// Whether the loop of a reduction encloses this point.
    open: Vec<bool>,
    /// Whether a loop has listed the reduction.
    listed: Vec<bool>,
    /// Lane variables that a prefix assigned.
    in_prefix: Vec<bool>,
}

/// Checks a region; `assigned` is what host level has assigned before it.
pub(super) fn region(
    kernel: &Kernel,
    region: &Region,
    assigned: &Flow,
    host_counting: &[u32],
) -> Result<(), Failure> {
    let mut lane = Lane::new(kernel, &region.code, assigned, host_counting, Place::Body);
    lane.span = region.span;
    lane.declarations().map_err(|violation| lane.fail(violation))?;
    lane.region_reduces().map_err(|violation| lane.fail(violation))?;
    lane.memory().map_err(|violation| lane.fail(violation))?;
    lane.axes(region)?;
    lane.place = Place::Body;
    lane.block(&region.code.body)?;
    lane.scope.finish().map_err(|violation| lane.fail(violation))
}

/// Checks a serial section and returns, per host variable, whether it is assigned after it.
pub(super) fn serial(
    kernel: &Kernel,
    serial: &Serial,
    assigned: &Flow,
    host_counting: &[u32],
) -> Result<Vec<bool>, Failure> {
    let mut lane = Lane::new(kernel, &serial.code, assigned, host_counting, Place::Serial);
    lane.span = serial.span;
    lane.declarations().map_err(|violation| lane.fail(violation))?;
    lane.no_region_features().map_err(|violation| lane.fail(violation))?;
    lane.block(&serial.code.body)?;
    lane.scope.finish().map_err(|violation| lane.fail(violation))?;
    let end = flow::meet(lane.flow.take(), lane.returns.take());
    let base = lane.host_bit(VarId(0));
    Ok((0..kernel.vars.len()).map(|var| flow::has(&end, base + var)).collect())
}

impl<'k> Lane<'k> {
    fn new(
        kernel: &'k Kernel,
        code: &'k Code,
        assigned: &Flow,
        host_counting: &'k [u32],
        place: Place,
    ) -> Lane<'k> {
        let typing =
            Typing { kernel, insts: &code.insts, vars: &code.vars, scratch: Some(&code.scratch) };
        let base = code.vars.len() + code.scratch.len();
        let mut bits = Bits::new(base + kernel.vars.len());
        for var in 0..kernel.vars.len() {
            if flow::has(assigned, var) {
                bits.set(base + var);
            }
        }
        Lane {
            typing,
            code,
            place,
            span: Span::default(),
            scope: Scope::new(code.insts.len()),
            flow: Some(bits),
            returns: None,
            frames: Vec::new(),
            counting: vec![0; code.vars.len()],
            reducing: vec![0; code.vars.len()],
            host_counting,
            open: vec![false; code.reduces.len()],
            listed: vec![false; code.reduces.len()],
            in_prefix: vec![false; code.vars.len()],
        }
    }

    fn fail(&self, violation: Violation) -> Failure {
        Failure { violation, span: self.span }
    }

    fn scratch_bit(&self, scratch: usize) -> usize {
        self.code.vars.len() + scratch
    }

    fn host_bit(&self, var: VarId) -> usize {
        self.code.vars.len() + self.code.scratch.len() + var.0 as usize
    }

    fn axes(&mut self, region: &Region) -> Result<(), Failure> {
        for (position, axis) in region.axes.iter().enumerate() {
            let var = self.typing.var(axis.index).map_err(|violation| self.fail(violation))?;
            if self.counting[axis.index.0 as usize] > 0 {
                let name = var.name.clone();
                return Err(self.fail(Violation::LoopVariableAssigned { name }));
            }
            self.counting[axis.index.0 as usize] += 1;
            flow::set(&mut self.flow, axis.index.0 as usize);
            if position + 1 == region.axes.len() && !axis.prefix.is_empty() {
                return Err(self.fail(Violation::LastPrefix));
            }
            self.place = Place::Prefix;
            axis.prefix.iter().try_for_each(|stmt| self.stmt(stmt))?;
            mark_assigned(&axis.prefix, &mut self.in_prefix);
        }
        Ok(())
    }

    fn block(&mut self, block: &Block) -> Result<(), Failure> {
        let mark = self.scope.enter();
        block.iter().try_for_each(|stmt| self.stmt(stmt))?;
        self.scope.leave(mark);
        Ok(())
    }

    fn stmt(&mut self, stmt: &Stmt) -> Result<(), Failure> {
        self.locate(stmt);
        match stmt {
            Stmt::If { cond, then, otherwise, .. } => {
                self.typed("a condition", *cond, DType::Bool)?;
                self.branches(&[then, otherwise])
            }
            Stmt::Switch { selector, cases, default, .. } => {
                self.cases(*selector, cases).map_err(|violation| self.fail(violation))?;
                let blocks: Vec<_> = cases.iter().map(|(_, block)| block).collect();
                self.branches(&[blocks, vec![default]].concat())
            }
            Stmt::Loop { header, cond, body, continuing, .. } => {
                self.repeat(stmt, header, *cond, body, continuing)
            }
            Stmt::For { body, parallel, .. } => self.count(stmt, body, parallel.as_deref()),
            Stmt::Eval(_)
            | Stmt::Set { .. }
            | Stmt::HostSet { .. }
            | Stmt::Store { .. }
            | Stmt::ScratchZero(_)
            | Stmt::ScratchStore { .. }
            | Stmt::Reduce { .. }
            | Stmt::Break
            | Stmt::Continue
            | Stmt::Return
            | Stmt::Trap { .. } => self.simple(stmt).map_err(|violation| self.fail(violation)),
        }
    }

    /// Statements without a block inside.
    fn simple(&mut self, stmt: &Stmt) -> Result<(), Violation> {
        match stmt {
            Stmt::Eval(value) => self.evaluate(*value),
            Stmt::Set { var, value } => self.assign(*var, *value),
            Stmt::HostSet { var, value } => self.assign_host(*var, *value),
            Stmt::Store { array, indices, value, .. } => {
                self.no_prefix()?;
                let array = self.typing.array(*array)?;
                self.typing.indices(array, indices)?;
                self.use_all(indices)?;
                self.value_of("the stored value", *value, array.dtype.loaded())
            }
            Stmt::ScratchZero(scratch) => {
                self.no_prefix()?;
                self.typing.scratch(*scratch)?;
                let bit = self.scratch_bit(scratch.0 as usize);
                flow::set(&mut self.flow, bit);
                Ok(())
            }
            Stmt::ScratchStore { scratch, index, value, .. } => {
                self.no_prefix()?;
                let dtype = self.typing.scratch(*scratch)?.dtype;
                self.reached(scratch.0 as usize)?;
                self.use_all(&[*index])?;
                self.typing.integer("an index", *index)?;
                self.value_of("the stored value", *value, dtype.loaded())
            }
            Stmt::Reduce { reduce, value, payload } => self.reduce(*reduce, *value, payload),
            Stmt::Break => self.jump(stmt),
            Stmt::Continue => self.jump(stmt),
            Stmt::Return => self.leave(),
            Stmt::Trap { cond, .. } => self.value_of("a condition", *cond, DType::Bool),
            Stmt::If { .. } | Stmt::Switch { .. } | Stmt::Loop { .. } | Stmt::For { .. } => {
                unreachable!("statements with blocks are checked by `stmt`")
            }
        }
    }

    /// Sets where a violation is reported: the statement's own place or its value's.
    fn locate(&mut self, stmt: &Stmt) {
        let span = match stmt {
            Stmt::Eval(value)
            | Stmt::Set { value, .. }
            | Stmt::HostSet { value, .. }
            | Stmt::Reduce { value, .. } => {
                self.code.insts.get(value.0 as usize).map(|inst| inst.span)
            }
            Stmt::Store { span, .. }
            | Stmt::ScratchStore { span, .. }
            | Stmt::If { span, .. }
            | Stmt::Switch { span, .. }
            | Stmt::Loop { span, .. }
            | Stmt::For { span, .. }
            | Stmt::Trap { span, .. } => Some(*span),
            Stmt::ScratchZero(_) | Stmt::Break | Stmt::Continue | Stmt::Return => None,
        };
        if let Some(span) = span {
            self.span = span;
        }
    }

    fn no_prefix(&self) -> Result<(), Violation> {
        if self.place == Place::Prefix { Err(Violation::PrefixEffect) } else { Ok(()) }
    }

    fn use_all(&self, values: &[ValueId]) -> Result<(), Violation> {
        values.iter().try_for_each(|value| self.scope.check_visible(*value))
    }

    /// A visible value of a type.
    fn value_of(
        &self,
        what: &'static str,
        value: ValueId,
        expected: DType,
    ) -> Result<(), Violation> {
        self.scope.check_visible(value)?;
        self.typing.typed(what, value, expected)
    }

    fn typed(&self, what: &'static str, value: ValueId, expected: DType) -> Result<(), Failure> {
        self.value_of(what, value, expected).map_err(|violation| self.fail(violation))
    }

    fn reached(&self, scratch: usize) -> Result<(), Violation> {
        if flow::has(&self.flow, self.scratch_bit(scratch)) {
            return Ok(());
        }
        Err(Violation::ScratchUnreached { name: self.code.scratch[scratch].name.clone() })
    }

    fn evaluate(&mut self, value: ValueId) -> Result<(), Violation> {
        let inst = self.typing.inst(value)?;
        self.typing.check(inst)?;
        inst.kind.operands().try_for_each(|value| self.scope.check_visible(value))?;
        match &inst.kind {
            InstKind::Get(var) => self.read(*var)?,
            InstKind::HostGet(var) => {
                if !flow::has(&self.flow, self.host_bit(*var)) {
                    let name = self.typing.host_var(*var)?.name.clone();
                    return Err(Violation::Unassigned { name });
                }
            }
            InstKind::ScratchLoad { scratch, .. } => {
                self.no_prefix()?;
                self.reached(scratch.0 as usize)?;
            }
            InstKind::Atomic(_) => self.no_prefix()?,
            InstKind::Const(_)
            | InstKind::Extent { .. }
            | InstKind::Op { .. }
            | InstKind::Load { .. } => {}
        }
        self.scope.evaluate(value)
    }

    fn read(&self, var: VarId) -> Result<(), Violation> {
        let name = || self.code.vars[var.0 as usize].name.clone();
        if self.reducing[var.0 as usize] > 0 {
            return Err(Violation::TargetUsed { name: name() });
        }
        if !flow::has(&self.flow, var.0 as usize) {
            return Err(Violation::Unassigned { name: name() });
        }
        Ok(())
    }

    fn assign(&mut self, var: VarId, value: ValueId) -> Result<(), Violation> {
        let info = self.typing.var(var)?;
        self.value_of("the assigned value", value, info.dtype)?;
        let index = var.0 as usize;
        let name = || info.name.clone();
        if self.counting[index] > 0 {
            return Err(Violation::LoopVariableAssigned { name: name() });
        }
        if self.reducing[index] > 0 {
            return Err(Violation::TargetUsed { name: name() });
        }
        if self.in_prefix[index] {
            return Err(Violation::PrefixVariableAssigned { name: name() });
        }
        flow::set(&mut self.flow, index);
        Ok(())
    }

    fn assign_host(&mut self, var: VarId, value: ValueId) -> Result<(), Violation> {
        if self.place != Place::Serial {
            return Err(Violation::HostSetInRegion);
        }
        let info = self.typing.host_var(var)?;
        self.value_of("the assigned value", value, info.dtype)?;
        if self.host_counting[var.0 as usize] > 0 {
            return Err(Violation::LoopVariableAssigned { name: info.name.clone() });
        }
        let bit = self.host_bit(var);
        flow::set(&mut self.flow, bit);
        Ok(())
    }

    fn reduce(
        &mut self,
        reduce: ReduceId,
        value: ValueId,
        payload: &[ValueId],
    ) -> Result<(), Violation> {
        self.no_prefix()?;
        let info = get(&self.code.reduces, reduce.0, "reduction")?;
        if info.scope == ReduceScope::Loop && !self.open[reduce.0 as usize] {
            return Err(Violation::ReduceOutsideLoop { index: reduce.0 });
        }
        self.value_of("the contributed value", value, info.dtype)?;
        count("payload values", info.payload.len(), payload.len())?;
        for (var, value) in info.payload.iter().zip(payload) {
            let var = match info.scope {
                ReduceScope::Region => self.typing.host_var(*var)?,
                ReduceScope::Loop => self.typing.var(*var)?,
            };
            self.value_of("the payload", *value, var.dtype)?;
        }
        Ok(())
    }
}

/// Marks the lane variables that a prefix leaves assigned; loop variables are undefined after
/// their loops, so that nothing can tell whether they ran again.
fn mark_assigned(prefix: &Block, assigned: &mut [bool]) {
    for stmt in prefix {
        stmt.walk(&mut |stmt| {
            if let Stmt::Set { var, .. } = stmt {
                assigned[var.0 as usize] = true;
            }
        });
    }
}
