//! Loops of lane code, tested at the bottom.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{Block as ClifBlock, InstBuilder, Type, Value};
use cranelift_frontend::Variable;
use crossover_ir::{Block, ReduceId, Stmt, ValueId, VarId};

use super::lanes::{Inner, Plan, key};
use super::spans::{self, Counted};
use super::{LoopTargets, Lower, clif_type};

/// Headers up to this many statements are emitted twice, as guard and as test at the bottom.
const SMALL_HEADER: usize = 48;
/// Counted loops with constant bounds up to this many iterations have no cancel point.
const SHORT_LOOP: i128 = 4096;

/// A counted loop in 64 bits.
struct Wide {
    counter: Variable,
    /// Where the counter begins and ends.
    origin: Value,
    stop: Value,
    exit: ClifBlock,
}

impl<'a> Lower<'a, '_> {
    /// A loop with a condition.
    pub(super) fn repeat(
        &mut self,
        header: &[Stmt],
        cond: Option<ValueId>,
        body: &[Stmt],
        continuing: &[Stmt],
    ) {
        let targets =
            LoopTargets { exit: self.builder.create_block(), next: self.builder.create_block() };
        let start = self.builder.create_block();
        let twice = weight(header).is_some_and(|weight| weight <= SMALL_HEADER);
        let again = if twice {
            self.header(header, cond, start, targets.exit);
            self.builder.switch_to_block(start);
            start
        } else {
            let head = self.builder.create_block();
            self.builder.ins().jump(head, &[]);
            self.builder.switch_to_block(head);
            self.header(header, cond, start, targets.exit);
            self.continue_in(start);
            head
        };
        self.loop_body(body, targets);
        if self.block(continuing) {
            self.cancel_point();
            if twice {
                self.header(header, cond, start, targets.exit);
            } else {
                self.builder.ins().jump(again, &[]);
            }
        }
        self.builder.seal_block(again);
        self.continue_in(targets.exit);
    }

    /// Evaluates a loop's condition and branches on it.
    fn header(&mut self, header: &[Stmt], cond: Option<ValueId>, body: ClifBlock, exit: ClifBlock) {
        let known = self.tested.len();
        match cond {
            Some(cond) => self.decide(header, (cond, 1), body, exit),
            None => {
                self.stmts(header);
                self.builder.ins().jump(body, &[]);
            }
        }
        self.tested.truncate(known);
    }

    /// Emits a body in the current block, and goes on where the next iteration is prepared.
    pub(super) fn loop_body(&mut self, body: &[Stmt], targets: LoopTargets) {
        self.loops.push(targets);
        if self.block(body) {
            self.builder.ins().jump(targets.next, &[]);
        }
        self.loops.pop();
        self.continue_in(targets.next);
    }

    /// A counted loop. The variable is compared with its end by equality (steps of one), or the
    /// iterations that are left are counted: neither can overflow.
    pub(super) fn count(&mut self, var: VarId, lo: ValueId, hi: ValueId, step: i64, body: &Block) {
        let [from, to] = [lo, hi].map(|it| self.constant_of(it).and_then(|it| it.as_integer()));
        let narrow = clif_type(self.dtype(lo)) == I32;
        if step == 1 && narrow && weight(body).is_some() && !spans::is_short(from, to) {
            return self.count_wide(var, lo, hi, body);
        }
        let short = self.is_short(lo, hi);
        let signed = self.dtype(lo).is_signed_int();
        let variable = self.vars[var.0 as usize];
        let ty = clif_type(self.dtype(lo));
        let (lo, hi) = (self.value(lo), self.value(hi));
        let targets =
            LoopTargets { exit: self.builder.create_block(), next: self.builder.create_block() };
        let start = self.builder.create_block();
        let code = match (step > 0, signed) {
            (true, true) => IntCC::SignedLessThan,
            (true, false) => IntCC::UnsignedLessThan,
            (false, true) => IntCC::SignedGreaterThan,
            (false, false) => IntCC::UnsignedGreaterThan,
        };
        let any = self.builder.ins().icmp(code, lo, hi);
        let left = (step.unsigned_abs() != 1).then(|| self.trips_after_first(lo, hi, step));
        self.builder.def_var(variable, lo);
        self.builder.ins().brif(any, start, &[], targets.exit, &[]);
        self.builder.switch_to_block(start);
        self.loop_body(body, targets);
        if !short {
            self.cancel_point();
        }
        let more = self.next_count(variable, ty, hi, step, left);
        self.builder.ins().brif(more, start, &[], targets.exit, &[]);
        self.builder.seal_block(start);
        self.continue_in(targets.exit);
    }

    /// Moves a counter on; whether there is another iteration.
    pub(super) fn next_count(
        &mut self,
        variable: Variable,
        ty: Type,
        hi: Value,
        step: i64,
        left: Option<Variable>,
    ) -> Value {
        let here = self.builder.use_var(variable);
        let mask = if ty == I64 { u64::MAX } else { u64::from(u32::MAX) };
        let step = self.integer(ty, step as u64 & mask);
        let next = self.builder.ins().iadd(here, step);
        self.builder.def_var(variable, next);
        match left {
            None => self.builder.ins().icmp(IntCC::NotEqual, next, hi),
            Some(left) => {
                let before = self.builder.use_var(left);
                let one = self.integer(I64, 1);
                let after = self.builder.ins().isub(before, one);
                self.builder.def_var(left, after);
                let zero = self.integer(I64, 0);
                self.builder.ins().icmp(IntCC::NotEqual, before, zero)
            }
        }
    }

    /// A counted loop without others inside, in 64 bits: in two versions, or at least with few
    /// looks at the cancel flag.
    fn count_wide(&mut self, var: VarId, lo: ValueId, hi: ValueId, body: &Block) {
        let cancellable = !self.is_short(lo, hi);
        let variable = self.vars[var.0 as usize];
        let Wide { counter, stop, exit, .. } = self.start_wide([lo, hi]);
        let counted = Counted { counter, stop, lo: None, cancellable, exit };
        self.counted(var, body, counted, (&[], None), &mut |lower| {
            let here = lower.builder.use_var(counter);
            let index = lower.builder.ins().ireduce(I32, here);
            lower.builder.def_var(variable, index);
            let next = lower.builder.create_block();
            lower.loop_body(body, LoopTargets { exit, next });
        });
        self.continue_in(exit);
    }

    /// Begins a loop of 64-bit numbers where its range is not empty; goes on in its first
    /// iteration.
    fn start_wide(&mut self, bounds: [ValueId; 2]) -> Wide {
        let dtype = self.dtype(bounds[0]);
        let [origin, stop] = bounds.map(|bound| {
            let bound = self.value(bound);
            self.widened(bound, dtype)
        });
        let counter = self.builder.declare_var(I64);
        self.builder.def_var(counter, origin);
        let [start, exit] = [0, 1].map(|_| self.builder.create_block());
        let any = self.builder.ins().icmp(IntCC::SignedLessThan, origin, stop);
        self.builder.ins().brif(any, start, &[], exit, &[]);
        self.continue_in(start);
        Wide { counter, origin, stop, exit }
    }

    /// How a counted loop runs in lanes, if it does.
    pub(super) fn inner_plan(&self, body: &[Stmt]) -> Option<&'a Plan> {
        let source = self.source;
        key(body).and_then(|key| source.inner.get(&key))
    }

    /// A counted loop in lanes, in steps of one; none of `reduces` has an order.
    pub(super) fn count_in_lanes(
        &mut self,
        plan: &'a Plan,
        var: VarId,
        bounds: [ValueId; 2],
        body: &Block,
        reduces: &[ReduceId],
    ) {
        let Wide { counter, origin, stop, exit } = self.start_wide(bounds);
        let inner = Inner { var, body, reduces, counter, origin, until: stop };
        self.inner_lanes(plan, &inner);
        self.builder.ins().jump(exit, &[]);
        self.continue_in(exit);
    }

    /// A variable with the number of iterations after the first, of a range that is not empty:
    /// the distance as an unsigned number is exact even where the difference wraps.
    pub(super) fn trips_after_first(
        &mut self,
        lo: cranelift_codegen::ir::Value,
        hi: cranelift_codegen::ir::Value,
        step: i64,
    ) -> cranelift_frontend::Variable {
        let (from, to) = if step > 0 { (lo, hi) } else { (hi, lo) };
        let mut distance = self.builder.ins().isub(to, from);
        if self.builder.func.dfg.value_type(distance) != I64 {
            distance = self.builder.ins().uextend(I64, distance);
        }
        let one = self.integer(I64, 1);
        let distance = self.builder.ins().isub(distance, one);
        let size = self.integer(I64, step.unsigned_abs());
        let left = self.builder.ins().udiv(distance, size);
        let variable = self.builder.declare_var(I64);
        self.builder.def_var(variable, left);
        variable
    }

    pub(super) fn is_short(&self, lo: ValueId, hi: ValueId) -> bool {
        let exact = |value| self.constant_of(value).and_then(|scalar| scalar.as_integer());
        match (exact(lo), exact(hi)) {
            (Some(lo), Some(hi)) => (hi - lo).abs() <= SHORT_LOOP,
            _ => false,
        }
    }
}

/// Number of statements, or `None` if there is a loop among them.
fn weight(block: &[Stmt]) -> Option<usize> {
    let mut total = 0;
    for stmt in block {
        total += 1 + match stmt {
            Stmt::If { then, otherwise, .. } => weight(then)? + weight(otherwise)?,
            Stmt::Switch { cases, default, .. } => {
                let mut sum = weight(default)?;
                for (_, case) in cases {
                    sum += weight(case)?;
                }
                sum
            }
            Stmt::Loop { .. } | Stmt::For { .. } => return None,
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
            | Stmt::Trap { .. } => 0,
        };
    }
    Some(total)
}
