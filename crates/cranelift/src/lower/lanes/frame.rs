//! The innermost axis: spans of chunks, and scalar iterations between them.
//!
//! ```text
//! outer:   how many iterations hold what was taken for granted?
//!            a chunk or more ─▶ vectors: chunk after chunk ─▶ what is left of the span ─▶ outer
//!            fewer ─▶ scalar: up to the end of the span, one at least ─▶ outer
//! a chunk that is given up: its iterations in scalar form ─▶ outer
//! ```
//!
//! What is left of a span is a chunk that ends with it, where iterations may run twice; otherwise
//! scalar code: a loop in the same function, or, for long bodies, a call of another function.

use std::collections::HashMap;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{Block, FuncRef, InstBuilder, Value};
use cranelift_frontend::Variable;
use crossover_ir::analysis::accesses;
use crossover_ir::lanes::LaneStmt;
use crossover_ir::{InstKind, Region, ValueId};

use super::mask::Mask;
use super::patience::Patience;
use super::{Lanes, Plan};
use crate::layout::PARTIALS;
use crate::lower::Lower;

/// Blocks and variables of the axis.
struct Frame {
    level: usize,
    position: Variable,
    stop: Value,
    /// Where the scalar iterations end.
    run_end: Variable,
    patience: Patience,
    outer: Block,
    scalar: Block,
    exit: Block,
}

/// Where a span begins.
struct Start {
    from: Value,
    flat: Option<Value>,
    /// Iterations since.
    since: Variable,
}

impl<'a> Lower<'a, '_> {
    /// Emits the innermost axis in lanes, from its position to `stop`; at least one iteration is
    /// left.
    pub(in crate::lower) fn lane_axis(
        &mut self,
        region: &Region,
        level: usize,
        stop: Value,
        plan: &'a Plan,
    ) {
        let mut lanes = Lanes::new(self, plan);
        lanes.axis(region, level, stop);
    }
}

impl<'l, 'a, 'b> Lanes<'l, 'a, 'b> {
    pub(super) fn new(lower: &'l mut Lower<'a, 'b>, plan: &'l Plan) -> Lanes<'l, 'a, 'b> {
        let bail = lower.builder.create_block();
        lower.builder.set_cold_block(bail);
        let done = lower.builder.create_block();
        let touched = accesses(lower.code);
        Lanes {
            plan,
            form: &plan.form,
            count: plan.count,
            held: vec![None; lower.code.insts.len()],
            vars: vec![None; lower.code.vars.len()],
            spanned: vec![None; lower.code.insts.len()],
            anchors: Vec::new(),
            written: &touched.writes | &touched.atomics,
            since: None,
            counter: None,
            mask: Mask::All,
            depth: 0,
            around: Vec::new(),
            returned: None,
            ended: false,
            maybe_empty: false,
            evaluated: ValueId(0),
            kept_aside: None,
            apart: HashMap::new(),
            rooms: Vec::new(),
            partials: Vec::new(),
            bail,
            done,
            lower,
        }
    }
}

impl Lanes<'_, '_, '_> {
    fn axis(&mut self, region: &Region, level: usize, stop: Value) {
        let patience = Patience::new(self.lower, 1);
        let builder = &mut self.lower.builder;
        let frame = Frame {
            level,
            position: self.lower.positions[level],
            stop,
            run_end: builder.declare_var(I64),
            patience,
            outer: builder.create_block(),
            scalar: builder.create_block(),
            exit: builder.create_block(),
        };
        self.lower.builder.def_var(frame.run_end, stop);
        self.lower.builder.ins().jump(frame.outer, &[]);
        self.lower.builder.switch_to_block(frame.outer);
        self.outer(region, &frame);
        self.scalar(region, &frame);
        self.lower.builder.seal_block(frame.outer);
        self.lower.continue_in(frame.exit);
    }

    /// Jumps to scalar iterations, `count` of them but not beyond the end.
    fn run_scalar(&mut self, frame: &Frame, count: Value) {
        let here = self.lower.builder.use_var(frame.position);
        let end = self.lower.builder.ins().iadd(here, count);
        let end = self.lower.builder.ins().umin(end, frame.stop);
        self.lower.builder.def_var(frame.run_end, end);
        self.lower.builder.ins().jump(frame.scalar, &[]);
    }

    fn outer(&mut self, region: &Region, frame: &Frame) {
        let here = self.lower.builder.use_var(frame.position);
        let room = self.lower.builder.ins().isub(frame.stop, here);
        if self.lower.source.layout.in_blocks() {
            self.align(frame);
        }
        let count = self.lower.integer(I64, u64::from(self.count));
        let prologue = self.lower.builder.create_block();
        let rest = self.lower.builder.create_block();
        let code = IntCC::UnsignedGreaterThanOrEqual;
        let enough = self.lower.builder.ins().icmp(code, room, count);
        self.lower.builder.ins().brif(enough, prologue, &[], rest, &[]);
        self.lower.continue_in(rest);
        self.run_scalar(frame, room);
        self.lower.continue_in(prologue);
        self.lower.set_index(&region.axes[frame.level], frame.level);
        let none = self.lower.builder.create_block();
        let span = self.span(room, none);
        let (vectors, short) =
            (self.lower.builder.create_block(), self.lower.builder.create_block());
        let fits = self.lower.builder.ins().icmp(code, span, count);
        self.lower.builder.ins().brif(fits, vectors, &[], short, &[]);
        self.lower.continue_in(none);
        let one = self.lower.integer(I64, 1);
        self.wait(frame, one);
        self.lower.continue_in(short);
        self.wait(frame, span);
        self.lower.continue_in(vectors);
        self.vectors_of_span(region, frame, here, span);
    }

    /// Float reductions: lane j of a chunk is partial j, so chunks start at multiples of sixteen.
    fn align(&mut self, frame: &Frame) {
        let flat = self.lower.flat.unwrap_or(frame.position);
        let flat = self.lower.builder.use_var(flat);
        let negated = self.lower.builder.ins().ineg(flat);
        let lead = self.lower.builder.ins().band_imm_s(negated, PARTIALS as i64 - 1);
        let unaligned = self.lower.builder.create_block();
        let aligned = self.lower.builder.create_block();
        self.lower.builder.ins().brif(lead, unaligned, &[], aligned, &[]);
        self.lower.continue_in(unaligned);
        self.run_scalar(frame, lead);
        self.lower.continue_in(aligned);
    }

    /// At least `count` scalar iterations, and the more the longer vectors could not go on.
    fn wait(&mut self, frame: &Frame, count: Value) {
        let count = frame.patience.run(self.lower, count);
        self.run_scalar(frame, count);
    }

    fn vectors_of_span(&mut self, region: &Region, frame: &Frame, from: Value, span: Value) {
        let count = u64::from(self.count);
        let last = self.lower.builder.ins().iadd_imm_s(span, -(count as i64));
        let start = Start {
            from,
            flat: self.lower.flat.map(|flat| self.lower.builder.use_var(flat)),
            since: self.lower.builder.declare_var(I64),
        };
        let zero = self.lower.integer(I64, 0);
        self.lower.builder.def_var(start.since, zero);
        self.start_partials();
        self.anchor();
        let head = self.lower.builder.create_block();
        let over = self.lower.builder.create_block();
        self.lower.builder.ins().jump(head, &[]);
        self.lower.builder.switch_to_block(head);
        let since = self.lower.builder.use_var(start.since);
        self.move_to(frame, &start, since);
        let saved = self.save_partials();
        self.since = Some(since);
        self.chunk(region, frame);
        let done = self.done;
        self.lower.continue_in(done);
        let next = self.lower.builder.ins().iadd_imm_s(since, count as i64);
        self.lower.builder.def_var(start.since, next);
        let code = IntCC::SignedLessThanOrEqual;
        let more = self.lower.builder.ins().icmp(code, next, last);
        self.lower.builder.ins().brif(more, head, &[], over, &[]);
        self.lower.continue_in(over);
        if self.may_overlap() {
            self.overlap(&start, [next, last, span], head);
        }
        self.lower.builder.seal_block(head);
        self.finish_partials();
        frame.patience.reset(self.lower, 1);
        let next = self.lower.builder.use_var(start.since);
        self.move_to(frame, &start, next);
        self.after_span(frame, span, next);
        self.abandon(frame, &saved);
    }

    /// Sets the position, that many iterations after the span's first.
    fn move_to(&mut self, frame: &Frame, start: &Start, since: Value) {
        let here = self.lower.builder.ins().iadd(start.from, since);
        self.lower.builder.def_var(frame.position, here);
        if let (Some(flat), Some(first)) = (self.lower.flat, start.flat) {
            let here = self.lower.builder.ins().iadd(first, since);
            self.lower.builder.def_var(flat, here);
        }
    }

    /// Whether some iterations may run in two chunks.
    fn may_overlap(&self) -> bool {
        let code = self.lower.code;
        let atomic = code.insts.iter().any(|inst| matches!(inst.kind, InstKind::Atomic(_)));
        self.form.repeatable && code.reduces.is_empty() && !atomic
    }

    /// What is left of a span, less than a chunk, is done by one that ends where the span does:
    /// some iterations twice, instead of many in scalar form.
    fn overlap(&mut self, start: &Start, [next, last, span]: [Value; 3], head: Block) {
        let (again, whole) = (self.lower.builder.create_block(), self.lower.builder.create_block());
        let ragged = self.lower.builder.ins().icmp(IntCC::SignedLessThan, next, span);
        self.lower.builder.ins().brif(ragged, again, &[], whole, &[]);
        self.lower.continue_in(again);
        self.lower.builder.def_var(start.since, last);
        self.lower.builder.ins().jump(head, &[]);
        self.lower.continue_in(whole);
    }

    /// What is left of the span; the iteration after it may begin another.
    fn after_span(&mut self, frame: &Frame, span: Value, next: Value) {
        let [more, rest] = [0, 1].map(|_| self.lower.builder.create_block());
        let here = self.lower.builder.use_var(frame.position);
        let over = self.lower.builder.ins().icmp(IntCC::Equal, here, frame.stop);
        self.lower.builder.ins().brif(over, frame.exit, &[], more, &[]);
        self.lower.continue_in(more);
        let left = self.lower.builder.ins().isub(span, next);
        self.lower.builder.ins().brif(left, rest, &[], frame.outer, &[]);
        self.lower.continue_in(rest);
        self.run_scalar(frame, left);
    }

    /// A chunk that is given up: its iterations in scalar form.
    fn abandon(&mut self, frame: &Frame, saved: &[Vec<Value>]) {
        let bail = self.bail;
        self.lower.continue_in(bail);
        self.restore_partials(saved);
        self.finish_partials();
        let whole = self.lower.integer(I64, u64::from(self.count));
        frame.patience.at_least(self.lower, whole);
        self.wait(frame, whole);
    }

    /// One chunk, from the index of its first lane to the block that ends it.
    fn chunk(&mut self, region: &Region, frame: &Frame) {
        self.lower.set_index(&region.axes[frame.level], frame.level);
        self.chunk_body();
    }

    /// A chunk whose first index is set.
    pub(super) fn chunk_body(&mut self) {
        let known = self.lower.tested.len();
        self.mask = Mask::All;
        self.returned = returns_apart(&self.form.body, false).then(|| {
            let variables = self.mask_variables();
            let zeros = vec![self.zeros(); variables.len()];
            self.define(&variables, &zeros);
            variables
        });
        self.lower.lanes_bail = Some(self.bail);
        let body: &[LaneStmt] = &self.form.body;
        self.block(body);
        self.lower.lanes_bail = None;
        if !std::mem::take(&mut self.ended) {
            let done = self.done;
            self.lower.builder.ins().jump(done, &[]);
        }
        self.lower.tested.truncate(known);
    }

    /// Scalar iterations from the position to where the run ends.
    fn scalar(&mut self, region: &Region, frame: &Frame) {
        let lower = &mut *self.lower;
        lower.continue_in(frame.scalar);
        let next = match lower.source.scalar {
            Some(function) => lower.call_scalar(function, frame),
            None => lower.scalar_loop(region, frame),
        };
        let more = lower.builder.ins().icmp(IntCC::NotEqual, next, frame.stop);
        lower.builder.ins().brif(more, frame.outer, &[], frame.exit, &[]);
    }
}

impl Lower<'_, '_> {
    /// A loop beside the chunks; gives the position after it.
    fn scalar_loop(&mut self, region: &Region, frame: &Frame) -> Value {
        let head = self.builder.create_block();
        self.builder.ins().jump(head, &[]);
        self.builder.switch_to_block(head);
        self.set_index(&region.axes[frame.level], frame.level);
        self.lane_body(region);
        let here = self.builder.use_var(frame.position);
        let next = self.builder.ins().iadd_imm_s(here, 1);
        self.builder.def_var(frame.position, next);
        let end = self.builder.use_var(frame.run_end);
        let more = self.builder.ins().icmp(IntCC::NotEqual, next, end);
        let run = self.builder.create_block();
        self.builder.ins().brif(more, head, &[], run, &[]);
        self.builder.seal_block(head);
        self.continue_in(run);
        next
    }

    /// A call of the unit's scalar function, which has a range of iterations like every call of a
    /// unit, and leaves what it adds up in the lane table; gives the position after it.
    fn call_scalar(&mut self, function: FuncRef, frame: &Frame) -> Value {
        let here = self.builder.use_var(frame.position);
        let end = self.builder.use_var(frame.run_end);
        let count = self.builder.ins().isub(end, here);
        let first = self.flattened();
        let last = self.builder.ins().iadd(first, count);
        let call = self.builder.ins().call(function, &[self.inputs, self.lane, first, last]);
        let status = self.builder.inst_results(call)[0];
        let [stopped, done] = [0, 1].map(|_| self.builder.create_block());
        self.builder.set_cold_block(stopped);
        self.builder.ins().brif(status, stopped, &[], done, &[]);
        self.continue_in(stopped);
        self.builder.ins().return_(&[status]);
        self.continue_in(done);
        self.absorb_accumulators();
        self.builder.def_var(frame.position, end);
        if let Some(flat) = self.flat {
            self.builder.def_var(flat, last);
        }
        end
    }
}

/// Whether lanes may end one by one.
fn returns_apart(block: &[LaneStmt], inside: bool) -> bool {
    use crossover_ir::lanes::Flow;
    block.iter().any(|stmt| match stmt {
        LaneStmt::Return => inside,
        LaneStmt::If { then, otherwise, flow, .. } => {
            let inside = inside || *flow == Flow::Divergent;
            returns_apart(then, inside) || returns_apart(otherwise, inside)
        }
        LaneStmt::Switch { cases, default, flow, .. } => {
            let inside = inside || *flow == Flow::Divergent;
            returns_apart(default, inside)
                || cases.iter().any(|(_, case)| returns_apart(case, inside))
        }
        LaneStmt::Loop { body, flow, .. } | LaneStmt::For { body, flow, .. } => {
            returns_apart(body, inside || *flow == Flow::Divergent)
        }
        _ => false,
    })
}
