//! The analysis: shapes and flow by fixpoint, masked form as its last pass.
//!
//! One walk does both, so that what was decided and what is written cannot differ. It is repeated
//! until no shape and no flow changes; shapes only ever go up, so it ends.

use super::private::{Frame, Scope, is_private};
use super::{
    Access, Exits, Flow, Guard, LaneBlock, LaneLoop, LaneStmt, Refusal, Shape, effects, guard,
};
use crate::analysis::{OrderClass, accesses, order_class};
use crate::{
    ArrayId, Atomic, AtomicOp, Block, Code, InstKind, ReduceOp, ReduceScope, Region, Stmt, ValueId,
    VarId,
};

/// What is to run in lanes, and what is there before it.
pub(super) struct Subject<'c> {
    pub(super) code: &'c Code,
    /// The code of one iteration.
    pub(super) body: &'c Block,
    /// The variable that counts, and its step.
    pub(super) index: VarId,
    pub(super) step: i64,
    /// Variables with a value from before: the same in all iterations until one sets them.
    pub(super) set_before: Vec<bool>,
    /// Values from before.
    pub(super) known: Vec<bool>,
    /// Whether scratch arrays are those of the code around, one for all iterations.
    pub(super) shares_scratch: bool,
    /// Whether an iteration can be run again after it changed memory.
    pub(super) repeatable: bool,
    /// Whether lanes may decide comparisons together.
    pub(super) together: bool,
}

/// Looks at the innermost axis of a region.
///
/// # Errors
/// Why it does not run in lanes.
pub fn analyse(region: &Region) -> Result<LaneLoop, Refusal> {
    // What is taken for granted inside of loops may need undoing where nothing else does.
    for together in [true, false] {
        let lanes = run(region, together)?;
        if !lanes.needs_undo {
            return Ok(lanes);
        }
    }
    Err(Refusal::NotRepeatable)
}

/// As [`analyse`], for an executor that can take back what a chunk has changed
/// ([`LaneLoop::needs_undo`]).
///
/// # Errors
/// Why it does not run in lanes; never [`Refusal::NotRepeatable`].
pub fn analyse_to_undo(region: &Region) -> Result<LaneLoop, Refusal> {
    run(region, false)
}

/// The analysis; with comparisons that lanes decide together if asked for.
fn run(region: &Region, together: bool) -> Result<LaneLoop, Refusal> {
    refuse_order(region)?;
    let axis = region.axes.last().expect("the validator proves that there is an axis");
    let mut set_before = vec![false; region.code.vars.len()];
    for axis in &region.axes {
        set_before[axis.index.0 as usize] = true;
        for stmt in &axis.prefix {
            stmt.walk(&mut |stmt| {
                if let Stmt::Set { var, .. } = stmt {
                    set_before[var.0 as usize] = true;
                }
            });
        }
    }
    masked_form(Subject {
        code: &region.code,
        body: &region.code.body,
        index: axis.index,
        step: axis.step,
        set_before,
        known: vec![false; region.code.insts.len()],
        shares_scratch: false,
        repeatable: is_repeatable(region),
        together,
    })
}

/// The masked form of a body.
pub(super) fn masked_form(subject: Subject<'_>) -> Result<LaneLoop, Refusal> {
    let mut analysis = Analysis::new(&subject);
    if subject.together {
        analysis.growing = guard::growing(subject.code);
    }
    loop {
        analysis.start_pass();
        let body = analysis.block(subject.body, false);
        if analysis.changed {
            continue;
        }
        if let Some(step) = analysis.odd_step {
            return Err(Refusal::Steps { step });
        }
        return Ok(analysis.finish(body));
    }
}

fn refuse_order(region: &Region) -> Result<(), Refusal> {
    if order_class(region) == OrderClass::OrderDependent {
        return Err(Refusal::OrderDependent);
    }
    for reduce in &region.code.reduces {
        if matches!(reduce.op, ReduceOp::ArgMin | ReduceOp::ArgMax) {
            return Err(Refusal::ArgReduction);
        }
        if reduce.scope == ReduceScope::Loop {
            return Err(Refusal::InnerReduction);
        }
    }
    Ok(())
}

/// A loop around what is being walked.
struct Around {
    /// Number of scopes inside of it when its body begins.
    scopes: usize,
    number: usize,
    /// Divergent `continue`s of it so far.
    parted: usize,
}

struct Analysis<'c> {
    subject: &'c Subject<'c>,
    code: &'c Code,
    index: VarId,
    values: Vec<Option<Shape>>,
    vars: Vec<Option<Shape>>,
    /// Flow and exits of control statements by number; they only ever go up.
    flows: Vec<(bool, Exits)>,
    /// Numbers of the statements that read each variable.
    gets: Vec<Vec<usize>>,
    /// The value of a variable that is assigned once, by a direct statement of the body.
    once: Vec<Option<ValueId>>,
    early: Vec<bool>,
    set_outside: Vec<bool>,
    changed: bool,
    odd_step: Option<i64>,
    next: usize,
    depth: usize,
    scopes: Vec<Scope<'c>>,
    frames: Vec<Frame<'c>>,
    loops: Vec<Around>,
    guards: Vec<Guard>,
    early_order: Vec<ValueId>,
    /// Variables that grow by a factor, and comparisons with them that lanes decide together.
    growing: Vec<VarId>,
    together: Vec<ValueId>,
}

impl<'c> Analysis<'c> {
    fn new(subject: &'c Subject<'c>) -> Analysis<'c> {
        let Subject { code, body, index, step, .. } = *subject;
        let mut vars = vec![None; code.vars.len()];
        let mut sets = vec![0_usize; code.vars.len()];
        let mut gets = vec![Vec::new(); code.vars.len()];
        let mut number = 0;
        for stmt in body {
            stmt.walk(&mut |stmt| {
                match stmt {
                    Stmt::Eval(value) => {
                        if let InstKind::Get(var) = code.insts[value.0 as usize].kind {
                            gets[var.0 as usize].push(number);
                        }
                    }
                    Stmt::Set { var, .. } | Stmt::For { var, .. } => sets[var.0 as usize] += 1,
                    _ => {}
                }
                number += 1;
            });
        }
        let mut once = vec![None; code.vars.len()];
        for stmt in body {
            if let Stmt::Set { var, value } = stmt
                && sets[var.0 as usize] == 1
            {
                once[var.0 as usize] = Some(*value);
            }
        }
        let mut set_outside = subject.set_before.clone();
        for (var, outside) in set_outside.iter_mut().enumerate() {
            if *outside {
                vars[var] = Some(Shape::Uniform);
            }
            // One that the body assigns, too, is not the same all over the body.
            *outside &= sets[var] == 0;
        }
        vars[index.0 as usize] = Some(Shape::Affine(step));
        let before = |known: &bool| known.then_some(Shape::Uniform);
        Analysis {
            subject,
            code,
            index,
            values: subject.known.iter().map(before).collect(),
            vars,
            flows: vec![(false, Exits::default()); number],
            gets,
            once,
            early: vec![false; code.insts.len()],
            set_outside,
            changed: false,
            odd_step: None,
            next: 0,
            depth: 0,
            scopes: Vec::new(),
            frames: Vec::new(),
            loops: Vec::new(),
            guards: Vec::new(),
            early_order: Vec::new(),
            growing: Vec::new(),
            together: Vec::new(),
        }
    }

    fn start_pass(&mut self) {
        self.changed = false;
        self.next = 0;
        self.guards.clear();
        self.early_order.clear();
        self.together.clear();
        self.early.clone_from(&self.subject.known);
    }

    /// Raises what is known of a slot.
    fn raise(slot: &mut Option<Shape>, shape: Shape, changed: &mut bool) {
        let raised = slot.map_or(shape, |old| old.join(shape));
        if *slot != Some(raised) {
            *slot = Some(raised);
            *changed = true;
        }
    }

    fn shape(&self, value: ValueId) -> Shape {
        self.values[value.0 as usize].unwrap_or(Shape::Uniform)
    }

    fn diverges(&mut self, number: usize, change: impl FnOnce(&mut (bool, Exits))) {
        let before = self.flows[number];
        change(&mut self.flows[number]);
        self.changed |= self.flows[number] != before;
    }

    fn flow(&self, number: usize) -> Flow {
        if self.flows[number].0 { Flow::Divergent } else { Flow::Uniform }
    }

    /// Walks a block; `repeats` if one lane may run it again and again.
    fn block(&mut self, block: &'c Block, repeats: bool) -> LaneBlock {
        let mut out = LaneBlock::new();
        let opened = self.scopes.len();
        self.depth += 1;
        for (at, stmt) in block.iter().enumerate() {
            let before = self.parted();
            self.frames.push(Frame { block, at, repeats });
            out.push(self.stmt(stmt));
            self.frames.pop();
            if self.parted() > before {
                let rest = &block[at + 1..];
                let numbers = self.next..self.next + count(rest);
                let frames = self.frames.len() + 1;
                self.scopes.push(Scope { numbers, parts: vec![rest], frames });
            }
        }
        self.scopes.truncate(opened);
        self.depth -= 1;
        out
    }

    /// How many divergent `continue`s of the innermost loop were seen.
    fn parted(&self) -> usize {
        self.loops.last().map_or(0, |it| it.parted)
    }

    /// Walks blocks as a scope of their own.
    fn scoped<T>(
        &mut self,
        parts: Vec<&'c [Stmt]>,
        divergent: bool,
        walk: impl FnOnce(&mut Self) -> T,
    ) -> T {
        if divergent {
            let total: usize = parts.iter().map(|part| count(part)).sum();
            let numbers = self.next..self.next + total;
            self.scopes.push(Scope { numbers, parts, frames: self.frames.len() });
        }
        let out = walk(self);
        if divergent {
            self.scopes.pop();
        }
        out
    }

    fn stmt(&mut self, stmt: &'c Stmt) -> LaneStmt {
        let number = self.next;
        self.next += 1;
        match stmt {
            Stmt::Eval(value) => self.eval(*value),
            Stmt::Set { var, value } => self.set(*var, *value),
            Stmt::HostSet { .. } => unreachable!("the validator allows it in serial sections only"),
            Stmt::Store { array, indices, value, span } => LaneStmt::Store {
                array: *array,
                indices: indices.clone(),
                value: *value,
                access: self.access(*array, indices),
                span: *span,
            },
            Stmt::ScratchZero(scratch) => LaneStmt::ScratchZero(*scratch),
            Stmt::ScratchStore { scratch, index, value, span } => LaneStmt::ScratchStore {
                scratch: *scratch,
                index: *index,
                value: *value,
                access: self.scratch_access(*index),
                span: *span,
            },
            Stmt::If { cond, then, otherwise, span } => {
                self.part(number, *cond);
                let divergent = self.flows[number].0;
                let then = self.scoped(vec![then], divergent, |it| it.block(then, false));
                let otherwise =
                    self.scoped(vec![otherwise], divergent, |it| it.block(otherwise, false));
                let flow = self.flow(number);
                LaneStmt::If { cond: *cond, then, otherwise, flow, span: *span }
            }
            Stmt::Switch { selector, cases, default, span } => {
                self.part(number, *selector);
                let divergent = self.flows[number].0;
                let walk_case = |it: &mut Self, case: &'c Block| {
                    it.scoped(vec![case], divergent, |it| it.block(case, false))
                };
                let mut walked = Vec::new();
                for (literal, case) in cases {
                    walked.push((*literal, walk_case(self, case)));
                }
                let default = walk_case(self, default);
                let flow = self.flow(number);
                LaneStmt::Switch { selector: *selector, cases: walked, default, flow, span: *span }
            }
            Stmt::Loop { header, cond, body, continuing, span } => {
                self.repeat(number, header, *cond, body, continuing, *span)
            }
            Stmt::For { .. } => self.counted(number, stmt),
            Stmt::Reduce { reduce, value, payload } => {
                LaneStmt::Reduce { reduce: *reduce, value: *value, payload: payload.clone() }
            }
            Stmt::Break => self.leave(LaneStmt::Break, |exits| &mut exits.breaks),
            Stmt::Continue => self.leave(LaneStmt::Continue, |exits| &mut exits.continues),
            Stmt::Return => {
                self.leave_all();
                LaneStmt::Return
            }
            Stmt::Trap { cond, code, span } => {
                LaneStmt::Trap { cond: *cond, code: *code, span: *span }
            }
        }
    }

    /// A branch parts lanes if its condition does.
    fn part(&mut self, number: usize, cond: ValueId) {
        if self.shape(cond) != Shape::Uniform {
            self.diverges(number, |flow| flow.0 = true);
        }
    }

    fn repeat(
        &mut self,
        number: usize,
        header: &'c Block,
        cond: Option<ValueId>,
        body: &'c Block,
        continuing: &'c Block,
        span: crate::Span,
    ) -> LaneStmt {
        let divergent = self.flows[number].0;
        let parts: Vec<&[Stmt]> = vec![header, body, continuing];
        let blocks = self.scoped(parts, divergent, |it| {
            it.loops.push(Around { scopes: it.scopes.len(), number, parted: 0 });
            let blocks = (it.block(header, true), it.block(body, true), it.block(continuing, true));
            it.loops.pop();
            blocks
        });
        if let Some(cond) = cond {
            self.part(number, cond);
        }
        let (flow, exits) = (self.flow(number), self.flows[number].1);
        let (header, body, continuing) = blocks;
        LaneStmt::Loop { header, cond, body, continuing, flow, exits, span }
    }

    fn counted(&mut self, number: usize, stmt: &'c Stmt) -> LaneStmt {
        let Stmt::For { var, lo, hi, step, body, parallel: _, span } = stmt else {
            unreachable!("only counted loops come here")
        };
        let from = self.values[lo.0 as usize];
        if let Some(from) = from {
            let shape = if from == Shape::Uniform { from } else { Shape::Varying };
            Self::raise(&mut self.vars[var.0 as usize], shape, &mut self.changed);
        }
        for bound in [lo, hi] {
            self.part(number, *bound);
        }
        if *step != 1 && [lo, hi].into_iter().any(|bound| self.shape(*bound) != Shape::Uniform) {
            self.odd_step = Some(*step);
        }
        let divergent = self.flows[number].0;
        let walked = self.scoped(vec![body], divergent, |it| {
            it.loops.push(Around { scopes: it.scopes.len(), number, parted: 0 });
            let walked = it.block(body, true);
            it.loops.pop();
            walked
        });
        let (flow, exits) = (self.flow(number), self.flows[number].1);
        LaneStmt::For {
            var: *var,
            lo: *lo,
            hi: *hi,
            step: *step,
            body: walked,
            flow,
            exits,
            span: *span,
        }
    }

    /// A `break` or `continue`: divergent if lanes parted inside the loop. Who continues the loop in
    /// lanes itself is done with the iteration.
    fn leave(&mut self, stmt: LaneStmt, exit: fn(&mut Exits) -> &mut bool) -> LaneStmt {
        let Some(around) = self.loops.last() else {
            self.leave_all();
            return LaneStmt::Return;
        };
        let (number, parted) = (around.number, self.scopes.len() > around.scopes);
        if parted {
            let continues = matches!(stmt, LaneStmt::Continue);
            self.diverges(number, |flow| {
                *exit(&mut flow.1) = true;
                // Who continues is back at the next turn.
                flow.0 |= !continues;
            });
            if continues && let Some(around) = self.loops.last_mut() {
                around.parted += 1;
            }
        }
        stmt
    }

    /// A `return`: lanes leave every loop around in which, or outside of which, they parted.
    fn leave_all(&mut self) {
        if self.scopes.is_empty() {
            return;
        }
        let numbers: Vec<usize> = self.loops.iter().map(|it| it.number).collect();
        for number in numbers {
            self.diverges(number, |flow| {
                flow.0 = true;
                flow.1.returns = true;
            });
        }
    }

    fn set(&mut self, var: VarId, value: ValueId) -> LaneStmt {
        let slot = var.0 as usize;
        let private = self
            .scopes
            .last()
            .is_none_or(|scope| is_private(self.code, scope, &self.frames, var, &self.gets[slot]));
        if !private {
            Self::raise(&mut self.vars[slot], Shape::Varying, &mut self.changed);
        } else if let Some(shape) = self.values[value.0 as usize] {
            Self::raise(&mut self.vars[slot], shape, &mut self.changed);
        }
        LaneStmt::Set { var, value, blend: !private }
    }

    fn eval(&mut self, value: ValueId) -> LaneStmt {
        let inst = &self.code.insts[value.0 as usize];
        let mut access = Access::Uniform;
        let early = self.depth == 1 && self.is_early(value);
        let (mut shape, mut guard) = (None, None);
        match &inst.kind {
            InstKind::Const(_) | InstKind::HostGet(_) | InstKind::Extent { .. } => {
                shape = Some(Shape::Uniform);
            }
            InstKind::Get(var) => shape = self.vars[var.0 as usize],
            InstKind::Op { args, .. } => {
                let found = guard::shape_of(self.code, inst, value, args, &self.values, early);
                if let Some(found) = found {
                    (shape, guard) = (Some(found.0), found.1);
                }
                if shape == Some(Shape::Varying)
                    && guard::together(self.code, inst, &self.values, &self.growing)
                {
                    shape = Some(Shape::Uniform);
                    self.together.push(value);
                }
            }
            InstKind::Load { array, indices } => {
                access = self.access(*array, indices);
                shape = Some(match access {
                    Access::Uniform => Shape::Uniform,
                    Access::Contiguous | Access::Scattered => Shape::Varying,
                });
            }
            InstKind::ScratchLoad { index, .. } => {
                access = self.scratch_access(*index);
                shape = Some(match access {
                    Access::Uniform => Shape::Uniform,
                    Access::Contiguous | Access::Scattered => Shape::Varying,
                });
            }
            InstKind::Atomic(Atomic { .. }) => {
                access = Access::Scattered;
                shape = Some(Shape::Varying);
            }
        }
        if let Some(shape) = shape {
            Self::raise(&mut self.values[value.0 as usize], shape, &mut self.changed);
        }
        if early && self.values[value.0 as usize].is_some_and(|it| it != Shape::Varying) {
            self.early[value.0 as usize] = true;
            self.early_order.push(value);
            self.guards.extend(guard);
        }
        LaneStmt::Eval { value, access }
    }

    /// Whether the value can be computed before anything else of the iteration.
    fn is_early(&self, value: ValueId) -> bool {
        match &self.code.insts[value.0 as usize].kind {
            InstKind::Const(_) | InstKind::HostGet(_) | InstKind::Extent { .. } => true,
            InstKind::Get(var) => {
                let slot = var.0 as usize;
                *var == self.index
                    || self.set_outside[slot]
                    || self.once[slot].is_some_and(|it| self.early[it.0 as usize])
            }
            InstKind::Op { op, args } => {
                guard::is_early_op(self.code, *op, args)
                    && args.iter().all(|arg| self.early[arg.0 as usize])
            }
            InstKind::Load { .. } | InstKind::ScratchLoad { .. } | InstKind::Atomic(_) => false,
        }
    }

    /// How an access meets memory. Indices that are known early are guarded.
    fn access(&mut self, array: ArrayId, indices: &[ValueId]) -> Access {
        let shapes: Vec<Shape> = indices.iter().map(|index| self.shape(*index)).collect();
        let (last, outer) = shapes.split_last().expect("the validator counts indices");
        let access = match (outer.iter().all(|it| *it == Shape::Uniform), last) {
            (true, Shape::Uniform) => Access::Uniform,
            (true, Shape::Affine(1)) => Access::Contiguous,
            _ => return Access::Scattered,
        };
        if indices.iter().all(|index| self.early[index.0 as usize]) && self.depth == 1 {
            for (axis, (value, shape)) in indices.iter().zip(shapes).enumerate() {
                let (value, axis) = (*value, axis as u32);
                let guard = match shape {
                    Shape::Uniform => Guard::InsideAll { value, array, axis },
                    Shape::Affine(_) | Shape::Varying => Guard::Inside { value, array, axis },
                };
                if !self.guards.contains(&guard) {
                    self.guards.push(guard);
                }
            }
        }
        access
    }

    fn scratch_access(&self, index: ValueId) -> Access {
        match (self.shape(index), self.subject.shares_scratch) {
            (Shape::Uniform, true) => Access::Uniform,
            (Shape::Affine(1), true) | (Shape::Uniform, false) => Access::Contiguous,
            (Shape::Affine(_) | Shape::Varying, _) => Access::Scattered,
        }
    }

    fn finish(self, body: LaneBlock) -> LaneLoop {
        let known = |shapes: Vec<Option<Shape>>| {
            shapes.into_iter().map(|it| it.unwrap_or(Shape::Uniform)).collect()
        };
        let Subject { shares_scratch, repeatable, .. } = *self.subject;
        let together = self.together;
        let mut lanes = LaneLoop {
            index: self.index,
            values: known(self.values),
            vars: known(self.vars),
            body,
            guards: self.guards,
            together,
            early: self.early_order,
            repeatable,
            needs_undo: false,
            shares_scratch,
        };
        lanes.needs_undo = !repeatable && effects::may_trap_after_effect(&lanes, self.code);
        lanes
    }
}

/// Whether running iterations twice does what running them once does: nothing that is stored is
/// loaded, and atomics do the same again.
fn is_repeatable(region: &Region) -> bool {
    let touched = accesses(&region.code);
    let atomics_repeat = region.code.insts.iter().all(|inst| match &inst.kind {
        InstKind::Atomic(atomic) => matches!(
            atomic.op,
            AtomicOp::Load | AtomicOp::And | AtomicOp::Or | AtomicOp::Min | AtomicOp::Max
        ),
        _ => true,
    });
    atomics_repeat && touched.writes.is_disjoint(&touched.reads)
}

fn count(block: &[Stmt]) -> usize {
    let mut number = 0;
    block.iter().for_each(|stmt| stmt.walk(&mut |_| number += 1));
    number
}
