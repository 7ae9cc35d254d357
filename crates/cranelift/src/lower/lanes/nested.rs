//! Counted loops inside of scalar code, run in lanes in place.
//!
//! ```text
//! outer:   fewer iterations than a chunk? ─▶ scalar: the rest
//!          how many iterations hold what was taken for granted?
//!            a chunk or more ─▶ vectors: chunk after chunk ─▶ scalar: up to the end of the span,
//!            fewer ───────────────────────────────────────▶         and one more ─▶ outer
//! ```
//!
//! Such a loop is entered often, and for few iterations. So nothing is computed before it is known
//! that there is a chunk, partial results of float sums stay in registers from the entry to the
//! fold, but for iterations that run in scalar form, and what lanes add up in any order is put
//! together vector by vector.
//!
//! The chunk of a small straight body is emitted in *pieces* of one vector each, one after the
//! other: each is complete before the next begins, so that few values are alive, and what is left
//! after the last chunk goes on in pieces. A piece that is given up is one that did not begin.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{Block as ClifBlock, InstBuilder, Value};
use cranelift_frontend::Variable;
use crossover_ir::{Block, Reduce, ReduceId, Stmt, ValueId, VarId};

use super::patience::Patience;
use super::{Held, Lanes, Plan};
use crate::layout::PARTIALS;
use crate::lower::sums::{unaligned, vectors};
use crate::lower::{LoopTargets, Lower};

/// Iterations between two looks at the cancel flag, about.
const UNCANCELLED: u64 = 1 << 16;

/// A loop over a 64-bit counter below `until`, in steps of one.
pub(in crate::lower) struct Inner<'s> {
    pub(in crate::lower) var: VarId,
    pub(in crate::lower) body: &'s Block,
    pub(in crate::lower) reduces: &'s [ReduceId],
    pub(in crate::lower) counter: Variable,
    /// Where the counter began: sixteen iterations from there on are the partial results.
    pub(in crate::lower) origin: Value,
    pub(in crate::lower) until: Value,
}

/// Blocks and variables of the loop.
struct Frame {
    /// Where the scalar iterations end.
    run_end: Variable,
    patience: Patience,
    outer: ClifBlock,
    scalar: ClifBlock,
    exit: ClifBlock,
}

/// Where a piece goes that is given up.
struct GivenUp {
    block: ClifBlock,
    /// The counter at its start.
    here: Value,
    /// The registers of its reductions, with what they were at its start.
    partials: Vec<Vec<Variable>>,
    saved: Vec<Vec<Value>>,
}

/// What tells one loop of a unit from another: the first value that its body evaluates.
pub(in crate::lower) fn key(body: &[Stmt]) -> Option<ValueId> {
    let mut first = None;
    for stmt in body {
        stmt.walk(&mut |stmt| {
            if let (None, Stmt::Eval(value)) = (first, stmt) {
                first = Some(*value);
            }
        });
    }
    first
}

impl<'a> Lower<'a, '_> {
    /// Emits a loop in lanes; there is an iteration left, and goes on where the counter is at its
    /// end.
    pub(in crate::lower) fn inner_lanes(&mut self, plan: &'a Plan, inner: &Inner<'_>) {
        let values = self.values.clone();
        let mut lanes = Lanes::new(self, plan);
        // What was evaluated before the loop is the same in all lanes.
        for (held, value) in lanes.held.iter_mut().zip(values) {
            *held = value.map(Held::One);
        }
        lanes.inner(inner);
    }

    fn inner_index(&mut self, inner: &Inner<'_>) {
        let here = self.builder.use_var(inner.counter);
        let index = self.builder.ins().ireduce(I32, here);
        self.builder.def_var(self.vars[inner.var.0 as usize], index);
    }

    /// Partial results of an ordered reduction, if they are in registers.
    pub(in crate::lower) fn in_registers(&self, id: ReduceId) -> Option<Vec<Variable>> {
        self.registers.iter().find(|(of, _)| *of == id).map(|(_, variables)| variables.clone())
    }
}

impl Lanes<'_, '_, '_> {
    fn inner(&mut self, inner: &Inner<'_>) {
        self.declare_partials(inner);
        self.count = self.plan.piece;
        let patience = Patience::new(self.lower, u64::from(self.plan.count));
        let builder = &mut self.lower.builder;
        let frame = Frame {
            run_end: builder.declare_var(I64),
            patience,
            outer: builder.create_block(),
            scalar: builder.create_block(),
            exit: builder.create_block(),
        };
        self.lower.builder.def_var(frame.run_end, inner.until);
        self.lower.builder.ins().jump(frame.outer, &[]);
        self.lower.builder.switch_to_block(frame.outer);
        self.outer_of(inner, &frame);
        self.scalar_of(inner, &frame);
        self.lower.builder.seal_block(frame.outer);
        self.lower.continue_in(frame.exit);
    }

    /// Ordered reductions share the registers of the loop, others have their own.
    fn declare_partials(&mut self, inner: &Inner<'_>) {
        for index in 0..self.lower.code.reduces.len() {
            let id = ReduceId(index as u32);
            let variables = match self.lower.in_registers(id) {
                Some(variables) => variables,
                None if inner.reduces.contains(&id) => {
                    let dtype = self.lower.code.reduces[index].dtype;
                    let ty = self.lane_type(dtype);
                    let parts = 0..self.parts(dtype);
                    parts.map(|_| self.lower.builder.declare_var(ty)).collect()
                }
                None => Vec::new(),
            };
            self.partials.push(variables);
        }
    }

    /// The loop's reductions whose order does not show.
    fn unordered(&self, inner: &Inner<'_>) -> Vec<ReduceId> {
        let all = inner.reduces.iter().copied();
        all.filter(|id| self.lower.in_registers(*id).is_none()).collect()
    }

    fn outer_of(&mut self, inner: &Inner<'_>, frame: &Frame) {
        let here = self.lower.builder.use_var(inner.counter);
        let mut room = self.lower.builder.ins().isub(inner.until, here);
        if !self.lower.registers.is_empty() {
            self.align_inner(inner, frame, here);
        }
        let count = self.lower.integer(I64, u64::from(self.plan.count));
        let [prologue, rest, none, vectors, short] =
            std::array::from_fn(|_| self.lower.builder.create_block());
        let code = IntCC::UnsignedGreaterThanOrEqual;
        let enough = self.lower.builder.ins().icmp(code, room, count);
        self.lower.builder.ins().brif(enough, prologue, &[], rest, &[]);
        self.lower.continue_in(rest);
        self.run_rest(inner, frame, room);
        self.lower.continue_in(prologue);
        self.lower.inner_index(inner);
        let most = self.lower.integer(I64, UNCANCELLED);
        room = self.lower.builder.ins().umin(room, most);
        let span = self.span(room, none);
        let fits = self.lower.builder.ins().icmp(code, span, count);
        self.lower.builder.ins().brif(fits, vectors, &[], short, &[]);
        // No guard is a test of its own but the division by zero of an early value.
        self.lower.continue_in(none);
        let zero = self.lower.integer(I64, 0);
        self.wait_inner(inner, frame, zero);
        self.lower.continue_in(short);
        self.wait_inner(inner, frame, span);
        self.lower.continue_in(vectors);
        self.chunks_of(inner, frame, here, span);
    }

    /// Chunks of float sums start at multiples of sixteen from the origin.
    fn align_inner(&mut self, inner: &Inner<'_>, frame: &Frame, here: Value) {
        let ahead = self.lower.builder.ins().isub(inner.origin, here);
        let lead = self.lower.builder.ins().band_imm_s(ahead, PARTIALS as i64 - 1);
        let [unaligned, aligned] = [0, 1].map(|_| self.lower.builder.create_block());
        self.lower.builder.ins().brif(lead, unaligned, &[], aligned, &[]);
        self.lower.continue_in(unaligned);
        self.run_rest(inner, frame, lead);
        self.lower.continue_in(aligned);
    }

    /// Jumps to scalar iterations, `count` of them but not beyond the end.
    fn run_rest(&mut self, inner: &Inner<'_>, frame: &Frame, count: Value) {
        let here = self.lower.builder.use_var(inner.counter);
        let end = self.lower.builder.ins().iadd(here, count);
        let end = self.lower.builder.ins().umin(end, inner.until);
        self.lower.builder.def_var(frame.run_end, end);
        self.lower.builder.ins().jump(frame.scalar, &[]);
    }

    /// Scalar iterations after a span that was too short, or a chunk that was given up.
    fn wait_inner(&mut self, inner: &Inner<'_>, frame: &Frame, span: Value) {
        let beyond = self.lower.builder.ins().iadd_imm_s(span, 1);
        let count = frame.patience.run(self.lower, beyond);
        self.run_rest(inner, frame, count);
    }

    fn chunks_of(&mut self, inner: &Inner<'_>, frame: &Frame, from: Value, span: Value) {
        let count = i64::from(self.plan.count);
        let end = self.lower.builder.ins().iadd(from, span);
        let last = self.lower.builder.ins().iadd_imm_s(end, -count);
        let unordered = self.unordered(inner);
        for id in &unordered {
            let reduce: &Reduce = &self.lower.code.reduces[id.0 as usize];
            let start = self.lower.constant(reduce.op.identity(reduce.dtype));
            let start = self.spread(reduce.dtype, start)[0];
            let variables = self.partials[id.0 as usize].clone();
            variables.into_iter().for_each(|it| self.lower.builder.def_var(it, start));
        }
        let [head, over] = [0, 1].map(|_| self.lower.builder.create_block());
        self.lower.builder.ins().jump(head, &[]);
        self.lower.builder.switch_to_block(head);
        let pieces = self.plan.count / self.plan.piece;
        let start = self.lower.builder.use_var(inner.counter);
        let mut given_up: Vec<GivenUp> =
            (0..pieces).map(|which| self.piece(inner, from, start, which)).collect();
        let next = self.lower.builder.use_var(inner.counter);
        let code = IntCC::SignedLessThanOrEqual;
        let more = self.lower.builder.ins().icmp(code, next, last);
        self.lower.builder.ins().brif(more, head, &[], over, &[]);
        self.lower.builder.seal_block(head);
        self.lower.continue_in(over);
        if pieces > 1 {
            self.rest_in_pieces(inner, from, end, &mut given_up);
        }
        self.combine_lanes(&unordered);
        frame.patience.reset(self.lower, u64::from(self.plan.count));
        let left = self.lower.builder.create_block();
        let next = self.lower.builder.use_var(inner.counter);
        let more = self.lower.builder.ins().icmp(IntCC::NotEqual, next, inner.until);
        self.lower.builder.ins().brif(more, left, &[], frame.exit, &[]);
        // What is left of the span, and the iteration that ended it.
        self.lower.continue_in(left);
        let rest = self.lower.builder.ins().isub(end, next);
        let beyond = self.lower.builder.ins().iadd_imm_s(rest, 1);
        self.run_rest(inner, frame, beyond);
        self.give_up(inner, frame, given_up, &unordered);
    }

    /// Emits the iterations of a piece, and moves the counter on, which is at piece `which` of those
    /// that began at `start`.
    fn piece(&mut self, inner: &Inner<'_>, from: Value, start: Value, which: u32) -> GivenUp {
        self.counter = Some((start, (which * self.plan.piece) as i32));
        self.bail = self.lower.builder.create_block();
        self.lower.builder.set_cold_block(self.bail);
        self.done = self.lower.builder.create_block();
        let whole = self.partials.clone();
        let pieces = (self.plan.count / self.plan.piece) as usize;
        for variables in &mut self.partials {
            let each = variables.len() / pieces;
            *variables = variables[which as usize * each..][..each].to_vec();
        }
        let here = self.lower.builder.use_var(inner.counter);
        let saved = self.save_partials();
        self.since = Some(self.lower.builder.ins().isub(here, from));
        self.lower.inner_index(inner);
        self.chunk_body();
        let done = self.done;
        self.lower.continue_in(done);
        let next = self.lower.builder.ins().iadd_imm_s(here, i64::from(self.count));
        self.lower.builder.def_var(inner.counter, next);
        let partials = std::mem::replace(&mut self.partials, whole);
        GivenUp { block: self.bail, here, partials, saved }
    }

    /// What is less than a chunk, piece by piece; those of float sums have their own registers.
    fn rest_in_pieces(
        &mut self,
        inner: &Inner<'_>,
        from: Value,
        end: Value,
        given_up: &mut Vec<GivenUp>,
    ) {
        let size = i64::from(self.plan.piece);
        let last = self.lower.builder.ins().iadd_imm_s(end, -size);
        let code = IntCC::SignedLessThanOrEqual;
        let over = self.lower.builder.create_block();
        let ordered = !self.lower.registers.is_empty();
        let copies = if ordered { self.plan.count / self.plan.piece - 1 } else { 1 };
        let here = self.lower.builder.use_var(inner.counter);
        let start = here;
        let mut more = self.lower.builder.ins().icmp(code, here, last);
        for which in 0..copies {
            let block = self.lower.builder.create_block();
            self.lower.builder.ins().brif(more, block, &[], over, &[]);
            self.lower.builder.switch_to_block(block);
            if ordered {
                self.lower.builder.seal_block(block);
            }
            let start = if ordered { start } else { self.lower.builder.use_var(inner.counter) };
            given_up.push(self.piece(inner, from, start, which));
            let next = self.lower.builder.use_var(inner.counter);
            more = self.lower.builder.ins().icmp(code, next, last);
            if !ordered {
                self.lower.builder.ins().brif(more, block, &[], over, &[]);
                self.lower.builder.seal_block(block);
            }
        }
        if ordered {
            self.lower.builder.ins().jump(over, &[]);
        }
        self.lower.continue_in(over);
    }

    /// Pieces that were given up: scalar code goes on where they began.
    fn give_up(
        &mut self,
        inner: &Inner<'_>,
        frame: &Frame,
        given_up: Vec<GivenUp>,
        unordered: &[ReduceId],
    ) {
        let all = self.lower.builder.create_block();
        self.lower.builder.set_cold_block(all);
        for one in given_up {
            self.lower.continue_in(one.block);
            self.lower.builder.def_var(inner.counter, one.here);
            for (variables, saved) in one.partials.iter().zip(&one.saved) {
                self.define(variables, saved);
            }
            self.lower.builder.ins().jump(all, &[]);
        }
        self.lower.continue_in(all);
        self.combine_lanes(unordered);
        let whole = self.lower.integer(I64, u64::from(self.plan.count) - 1);
        self.wait_inner(inner, frame, whole);
    }

    /// What the lanes have goes to the variables of the reductions.
    fn combine_lanes(&mut self, unordered: &[ReduceId]) {
        for id in unordered {
            let reduce: &Reduce = &self.lower.code.reduces[id.0 as usize];
            let variables = self.partials[id.0 as usize].clone();
            let parts = self.read(&variables);
            let target = self.lower.vars[reduce.target.0 as usize];
            let before = self.lower.builder.use_var(target);
            let value = self.fold_parts(reduce, parts, before);
            self.lower.builder.def_var(target, value);
        }
    }

    /// The scalar loop beside: from the counter to where the run ends. Partial results are in
    /// memory meanwhile.
    fn scalar_of(&mut self, inner: &Inner<'_>, frame: &Frame) {
        let lower = &mut *self.lower;
        lower.continue_in(frame.scalar);
        lower.spill_partials();
        let [head, next, run, again] = std::array::from_fn(|_| lower.builder.create_block());
        lower.builder.ins().jump(head, &[]);
        lower.builder.switch_to_block(head);
        lower.inner_index(inner);
        // No statement leaves such a loop early.
        lower.loop_body(inner.body, LoopTargets { exit: run, next });
        let here = lower.builder.use_var(inner.counter);
        let next = lower.builder.ins().iadd_imm_s(here, 1);
        lower.builder.def_var(inner.counter, next);
        let end = lower.builder.use_var(frame.run_end);
        let more = lower.builder.ins().icmp(IntCC::NotEqual, next, end);
        lower.builder.ins().brif(more, head, &[], run, &[]);
        lower.builder.seal_block(head);
        lower.continue_in(run);
        lower.reload_partials();
        let more = lower.builder.ins().icmp(IntCC::NotEqual, next, inner.until);
        lower.builder.ins().brif(more, again, &[], frame.exit, &[]);
        lower.continue_in(again);
        lower.cancel_point();
        lower.builder.ins().jump(frame.outer, &[]);
    }
}

impl Lower<'_, '_> {
    fn spill_partials(&mut self) {
        let flags = unaligned();
        for (id, variables) in self.registers.clone() {
            let first = self.partials(id);
            for (part, variable) in variables.into_iter().enumerate() {
                let value = self.builder.use_var(variable);
                self.builder.ins().store(flags, value, self.lane, first + 16 * part as i32);
            }
        }
    }

    fn reload_partials(&mut self) {
        let flags = unaligned();
        for (id, variables) in self.registers.clone() {
            let first = self.partials(id);
            let (ty, _) = vectors(self.code.reduces[id.0 as usize].dtype);
            for (part, variable) in variables.into_iter().enumerate() {
                let at = first + 16 * part as i32;
                let value = self.builder.ins().load(ty, flags, self.lane, at);
                self.builder.def_var(variable, value);
            }
        }
    }
}
