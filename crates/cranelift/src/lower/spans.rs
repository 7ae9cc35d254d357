//! Loops in two versions: iterations of a span run without tests and with plain addresses, the
//! others tested ([`crossover_ir::passes::spans`] says what a span is).
//!
//! ```text
//! before:    first, end of the span         (once per loop)
//! dispatch:  counter in the span?  no → one tested iteration → dispatch
//!            yes → iterations up to the span's end → dispatch
//! ```
//!
//! So the iterations run in order, each in one of the two versions, and an iteration that fails
//! is a tested one.

use std::collections::BTreeMap;
use std::rc::Rc;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{Block, InstBuilder, Value};
use cranelift_frontend::Variable;
use crossover_ir::passes::{Affine, Spans, Term, spans};
use crossover_ir::{ArrayId, Code, InstKind, ReduceId, ScratchId, Stmt, ValueId, VarId};
use crossover_values::DType;

use super::{Lower, clif_type};

/// Iterations of a span between two looks at the cancel flag.
const UNCANCELLED: i64 = 1 << 16;
/// Statements of a body per guard, at most: in longer ones tests do not show, but twice the code
/// does.
const WORTH: usize = 40;
/// A loop that only walks over scratch arrays shorter than this is over before its span is found.
const SHORT_SCRATCH: u32 = 32;
/// Constant trip counts below this are not worth a span.
const SHORT: i128 = 8;

/// The span whose iterations are being emitted.
#[derive(Clone)]
pub(super) struct Inside {
    pub(super) spans: Rc<Spans>,
    /// The loop's counter; its variable is this plus `lo`.
    counter: Value,
    /// How many iterations after the counter's this one is.
    offset: i64,
    lo: Option<Value>,
    /// 64-bit values of the guards' terms, from before the loop.
    terms: Rc<BTreeMap<Term, Value>>,
}

/// A loop with steps of one that counts in 64 bits.
#[derive(Clone, Copy)]
pub(super) struct Counted {
    /// Counts up to `stop`; below it at the start.
    pub(super) counter: Variable,
    pub(super) stop: Value,
    /// What the loop's variable is above the counter, if not zero.
    pub(super) lo: Option<Value>,
    /// Whether the loop may run so long that it has to look at the cancel flag.
    pub(super) cancellable: bool,
    /// Where it goes at the end.
    pub(super) exit: Block,
}

/// An index: `scale * counter + rest + constant` in 64 bits.
struct Position {
    scale: i64,
    rest: Option<Value>,
    constant: i64,
}

/// The spans of a loop, if they are worth a second version of its body.
pub(super) fn worthwhile(code: &Code, var: VarId, body: &crossover_ir::Block) -> Option<Spans> {
    let found = spans(code, var, body)?;
    let mut statements = 0;
    let mut count = |_: &Stmt| statements += 1;
    body.iter().for_each(|stmt| stmt.walk(&mut count));
    let scratch = |at: &(ScratchId, ValueId)| code.scratch[at.0.0 as usize].len < SHORT_SCRATCH;
    let short = found.inside.is_empty()
        && found.plain.is_empty()
        && !found.inside_scratch.is_empty()
        && found.inside_scratch.iter().all(scratch);
    (!short && statements <= WORTH * found.guards.len()).then_some(found)
}

impl Lower<'_, '_> {
    /// A loop over a counter, in two versions if that is worth it; `body` emits one iteration, and
    /// `sums` are as for [`Lower::in_spans`].
    pub(super) fn counted(
        &mut self,
        var: VarId,
        stmts: &crossover_ir::Block,
        counted: Counted,
        sums: (&[ReduceId], Option<Value>),
        body: &mut dyn FnMut(&mut Self),
    ) {
        if let Some(found) = worthwhile(self.code, var, stmts) {
            return self.in_spans(found, counted, sums, body);
        }
        let [strip, head, done] = std::array::from_fn(|_| self.builder.create_block());
        self.builder.ins().jump(strip, &[]);
        self.builder.switch_to_block(strip);
        let until = self.strip(counted, counted.stop);
        self.builder.ins().jump(head, &[]);
        self.builder.switch_to_block(head);
        body(self);
        let next = self.step(counted.counter);
        let more = self.builder.ins().icmp(IntCC::NotEqual, next, until);
        self.builder.ins().brif(more, head, &[], done, &[]);
        self.builder.seal_block(head);
        self.continue_in(done);
        if counted.cancellable {
            self.cancel_point();
            let more = self.builder.ins().icmp(IntCC::NotEqual, next, counted.stop);
            self.builder.ins().brif(more, strip, &[], counted.exit, &[]);
        } else {
            self.builder.ins().jump(counted.exit, &[]);
        }
        self.builder.seal_block(strip);
    }

    /// Where iterations without a look at the cancel flag end.
    fn strip(&mut self, counted: Counted, end: Value) -> Value {
        if !counted.cancellable {
            return end;
        }
        let here = self.builder.use_var(counted.counter);
        let far = self.builder.ins().iadd_imm_s(here, UNCANCELLED);
        self.builder.ins().smin(end, far)
    }

    /// Emits a loop in both versions; `body` emits one iteration, from the counter on. `sums` go
    /// sixteen iterations at a time; partial results count from their origin.
    pub(super) fn in_spans(
        &mut self,
        found: Spans,
        counted: Counted,
        (sums, origin): (&[ReduceId], Option<Value>),
        body: &mut dyn FnMut(&mut Self),
    ) {
        let Counted { counter, stop, lo, cancellable, exit } = counted;
        let found = Rc::new(found);
        let terms = Rc::new(self.terms(&found));
        let (first, end) = self.solve(&found, &terms, lo, stop);
        let [dispatch, entry, span, done, tested, again] =
            std::array::from_fn(|_| self.builder.create_block());
        self.builder.ins().jump(dispatch, &[]);

        self.builder.switch_to_block(dispatch);
        let here = self.builder.use_var(counter);
        let begun = self.builder.ins().icmp(IntCC::SignedGreaterThanOrEqual, here, first);
        let open = self.builder.ins().icmp(IntCC::SignedLessThan, here, end);
        let inside = self.builder.ins().band(begun, open);
        self.builder.ins().brif(inside, entry, &[], tested, &[]);

        self.continue_in(entry);
        let until = self.strip(counted, end);
        let mut inside = |lower: &mut Self, counter, offset| {
            let (spans, terms) = (Rc::clone(&found), Rc::clone(&terms));
            let state = Inside { spans, counter, offset, lo, terms };
            let outer = lower.inside.replace(state);
            body(lower);
            lower.inside = outer;
        };
        if sums.is_empty() {
            self.builder.ins().jump(span, &[]);
        } else {
            self.in_sixteens(sums, counter, origin, until, &mut inside);
            let here = self.builder.use_var(counter);
            let more = self.builder.ins().icmp(IntCC::NotEqual, here, until);
            self.builder.ins().brif(more, span, &[], done, &[]);
        }
        self.builder.switch_to_block(span);
        let here = self.builder.use_var(counter);
        inside(self, here, 0);
        let next = self.step(counter);
        let more = self.builder.ins().icmp(IntCC::NotEqual, next, until);
        self.builder.ins().brif(more, span, &[], done, &[]);
        self.builder.seal_block(span);
        self.continue_in(done);
        let next = self.builder.use_var(counter);
        let more = self.builder.ins().icmp(IntCC::NotEqual, next, stop);
        self.builder.ins().brif(more, again, &[], exit, &[]);

        self.continue_in(tested);
        let outer = self.inside.take();
        body(self);
        self.inside = outer;
        let next = self.step(counter);
        let more = self.builder.ins().icmp(IntCC::NotEqual, next, stop);
        self.builder.ins().brif(more, again, &[], exit, &[]);

        self.continue_in(again);
        if cancellable {
            self.cancel_point();
        }
        self.builder.ins().jump(dispatch, &[]);
        self.builder.seal_block(dispatch);
    }

    pub(super) fn step(&mut self, counter: Variable) -> Value {
        let here = self.builder.use_var(counter);
        let next = self.builder.ins().iadd_imm_s(here, 1);
        self.builder.def_var(counter, next);
        next
    }

    /// The values of all terms of the guards.
    fn terms(&mut self, found: &Spans) -> BTreeMap<Term, Value> {
        let mut terms = BTreeMap::new();
        for (term, _) in found.guards.iter().flat_map(|guard| &guard.terms) {
            if !terms.contains_key(term) {
                let value = self.term(found, *term);
                terms.insert(*term, value);
            }
        }
        terms
    }

    fn term(&mut self, found: &Spans, term: Term) -> Value {
        let (value, dtype) = match term {
            Term::Extent(array, axis) => return self.array(array).extents[axis as usize],
            Term::Var(var) => {
                let value = self.builder.use_var(self.vars[var.0 as usize]);
                (value, self.code.vars[var.0 as usize].dtype)
            }
            Term::Host(var) => (self.host_get(var), self.source.kernel.vars[var.0 as usize].dtype),
            Term::Value(value) => (self.unchanging(found, value), self.dtype(value)),
        };
        self.widened(value, dtype)
    }

    pub(super) fn widened(&mut self, value: Value, dtype: DType) -> Value {
        if clif_type(dtype) == I64 {
            value
        } else if dtype.is_signed_int() {
            self.builder.ins().sextend(I64, value)
        } else {
            self.builder.ins().uextend(I64, value)
        }
    }

    /// A value that the loop does not change, before the loop.
    fn unchanging(&mut self, found: &Spans, value: ValueId) -> Value {
        if !found.inner.contains(&value) {
            return self.value(value);
        }
        let own = Affine::term(Term::Value(value));
        match found.forms.get(&value).filter(|form| **form != own) {
            Some(form) => {
                let mut sum = self.integer(I64, form.constant as u64);
                for (term, factor) in form.terms.clone() {
                    let term = self.term(found, term);
                    let part = self.times(term, factor);
                    sum = self.builder.ins().iadd(sum, part);
                }
                self.builder.ins().ireduce(I32, sum)
            }
            None => {
                let inst = self.inst(value).clone();
                let InstKind::Op { op, args } = &inst.kind else {
                    unreachable!("only ops of unchanging values are terms of their own")
                };
                for arg in args {
                    let before = self.unchanging(found, *arg);
                    self.values[arg.0 as usize] = Some(before);
                }
                self.op(*op, args, value, &inst)
            }
        }
    }

    fn times(&mut self, value: Value, factor: i64) -> Value {
        match factor {
            1 => value,
            -1 => self.builder.ins().ineg(value),
            _ => self.builder.ins().imul_imm_s(value, factor),
        }
    }

    /// The first counter of the span and its end, not above `stop`; first ≥ end if it is empty.
    fn solve(
        &mut self,
        found: &Spans,
        terms: &BTreeMap<Term, Value>,
        lo: Option<Value>,
        stop: Value,
    ) -> (Value, Value) {
        let mut first = self.builder.ins().iconst(I64, i64::MIN / 2);
        let mut end = match lo {
            Some(lo) => self.builder.ins().iadd(stop, lo),
            None => stop,
        };
        let mut holds = None;
        for guard in &found.guards {
            // The guard is `scale * i + rest >= 0`.
            let rest = self.sum(guard, terms);
            let size = guard.scale.unsigned_abs();
            let shift = i64::from(size.trailing_zeros());
            match guard.scale {
                0 => {
                    let true_here =
                        self.builder.ins().icmp_imm_s(IntCC::SignedGreaterThanOrEqual, rest, 0);
                    holds = Some(match holds {
                        None => true_here,
                        Some(holds) => self.builder.ins().band(holds, true_here),
                    });
                }
                1.. => {
                    // i >= -rest / scale, rounded up.
                    let least = self.builder.ins().ineg(rest);
                    let least = self.builder.ins().iadd_imm_s(least, size as i64 - 1);
                    let least = self.builder.ins().sshr_imm_s(least, shift);
                    first = self.builder.ins().smax(first, least);
                }
                _ => {
                    // i <= rest / |scale|, rounded down.
                    let most = self.builder.ins().sshr_imm_s(rest, shift);
                    let past = self.builder.ins().iadd_imm_s(most, 1);
                    end = self.builder.ins().smin(end, past);
                }
            }
        }
        if let Some(lo) = lo {
            first = self.builder.ins().isub(first, lo);
            end = self.builder.ins().isub(end, lo);
        }
        if let Some(holds) = holds {
            let none = self.builder.ins().iconst(I64, i64::MIN);
            end = self.builder.ins().select(holds, end, none);
        }
        (first, end)
    }

    /// All of a form but its part in the loop's variable.
    fn sum(&mut self, form: &Affine, terms: &BTreeMap<Term, Value>) -> Value {
        let mut sum = None;
        for (term, factor) in &form.terms {
            let part = self.times(terms[term], *factor);
            sum = Some(match sum {
                None => part,
                Some(sum) => self.builder.ins().iadd(sum, part),
            });
        }
        match sum {
            None => self.integer(I64, form.constant as u64),
            Some(sum) if form.constant != 0 => self.builder.ins().iadd_imm_s(sum, form.constant),
            Some(sum) => sum,
        }
    }

    /// Whether a value's form is the value.
    pub(super) fn is_plain(&self, value: ValueId) -> bool {
        self.inside.as_ref().is_some_and(|inside| inside.spans.plain.contains(&value))
    }

    /// The value of an op that is its own form in the span being emitted.
    pub(super) fn plain(&mut self, value: ValueId) -> Option<Value> {
        if !self.is_plain(value) {
            return None;
        }
        let position = self.position(value)?;
        let wide = self.whole(&position);
        Some(self.builder.ins().ireduce(I32, wide))
    }

    /// Whether both operands of a division are known not to be negative.
    pub(super) fn divides_unsigned(&self, value: ValueId) -> bool {
        self.inside.as_ref().is_some_and(|inside| inside.spans.unsigned.contains(&value))
    }

    /// Whether an index needs no test here.
    pub(super) fn is_inside(&self, array: ArrayId, axis: u32, index: ValueId) -> bool {
        let key = (array, axis, index);
        self.inside.as_ref().is_some_and(|inside| inside.spans.inside.contains(&key))
    }

    /// As [`Lower::is_inside`].
    pub(super) fn is_inside_scratch(
        &self,
        scratch: crossover_ir::ScratchId,
        index: ValueId,
    ) -> bool {
        let key = (scratch, index);
        self.inside.as_ref().is_some_and(|inside| inside.spans.inside_scratch.contains(&key))
    }

    /// Where an index that needs no test is, as 64 bits.
    pub(super) fn untested(&mut self, index: ValueId) -> Value {
        let position = self.position(index).expect("an index inside has a form");
        self.whole(&position)
    }

    /// Address and displacement of an element whose indices all need no test: what the loop does
    /// not change stands apart, so that it is computed before it.
    pub(super) fn plain_address(
        &mut self,
        base: Value,
        indices: &[ValueId],
        row: Value,
        dtype: DType,
    ) -> Option<(Value, i32)> {
        let size = dtype.size() as i64;
        let inner = self.position(*indices.last()?)?;
        let displacement = i32::try_from(inner.constant * size).ok()?;
        let mut fixed = base;
        if let Some(rest) = inner.rest {
            let bytes = self.times(rest, size);
            fixed = self.builder.ins().iadd(fixed, bytes);
        }
        let counter = self.inside.as_ref()?.counter;
        let mut moving = (inner.scale != 0).then(|| self.times(counter, inner.scale * size));
        if let [outer, _] = indices {
            let outer = self.position(*outer)?;
            let row = self.times(row, size);
            let offset = self.whole(&Position { scale: 0, ..outer });
            let offset = self.builder.ins().imul(offset, row);
            fixed = self.builder.ins().iadd(fixed, offset);
            if outer.scale != 0 {
                let stride = self.times(row, outer.scale);
                let bytes = self.builder.ins().imul(counter, stride);
                moving = Some(match moving {
                    None => bytes,
                    Some(moving) => self.builder.ins().iadd(moving, bytes),
                });
            }
        }
        let address = match moving {
            None => fixed,
            Some(moving) => self.builder.ins().iadd(fixed, moving),
        };
        Some((address, displacement))
    }

    fn position(&mut self, value: ValueId) -> Option<Position> {
        let Inside { spans, offset, lo, terms, .. } = self.inside.clone()?;
        let form = spans.forms.get(&value)?;
        let mut parts: Vec<Value> = Vec::new();
        for (term, factor) in &form.terms {
            parts.push(self.times(*terms.get(term)?, *factor));
        }
        if let (Some(lo), true) = (lo, form.scale != 0) {
            parts.push(self.times(lo, form.scale));
        }
        let rest = parts.into_iter().reduce(|a, b| self.builder.ins().iadd(a, b));
        let constant = form.constant + form.scale * offset;
        Some(Position { scale: form.scale, rest, constant })
    }

    fn whole(&mut self, position: &Position) -> Value {
        let counter = self.inside.as_ref().map(|inside| inside.counter);
        let mut parts: Vec<Value> = position.rest.into_iter().collect();
        if let (Some(counter), true) = (counter, position.scale != 0) {
            parts.push(self.times(counter, position.scale));
        }
        match parts.into_iter().reduce(|a, b| self.builder.ins().iadd(a, b)) {
            None => self.integer(I64, position.constant as u64),
            Some(sum) if position.constant != 0 => {
                self.builder.ins().iadd_imm_s(sum, position.constant)
            }
            Some(sum) => sum,
        }
    }
}

/// Whether constant bounds make a loop too short for two versions.
pub(super) fn is_short(lo: Option<i128>, hi: Option<i128>) -> bool {
    matches!((lo, hi), (Some(lo), Some(hi)) if hi - lo < SHORT)
}
