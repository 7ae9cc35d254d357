//! Loops: of all lanes together, and until no lane is left.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, InstBuilder, Value};
use cranelift_frontend::Variable;
use crossover_ir::lanes::{Exits, Flow, LaneStmt, Shape};
use crossover_ir::{Op, ValueId, VarId};

use super::mask::Mask;
use super::{Around, Lanes};

/// Headers up to this many statements are emitted twice, as guard and as test at the bottom.
const SMALL_HEADER: usize = 32;

/// A counted loop.
#[derive(Clone, Copy)]
struct Counted<'s> {
    var: VarId,
    lo: ValueId,
    hi: ValueId,
    step: i64,
    body: &'s [LaneStmt],
    exits: Exits,
}

/// A loop with a condition.
#[derive(Clone, Copy)]
struct Repeated<'s> {
    header: &'s [LaneStmt],
    cond: Option<ValueId>,
    body: &'s [LaneStmt],
    continuing: &'s [LaneStmt],
    exits: Exits,
}

impl Lanes<'_, '_, '_> {
    pub(super) fn any_loop(&mut self, stmt: &LaneStmt) -> bool {
        let before = self.mask.clone();
        let maybe_empty = self.maybe_empty;
        // Without a lane uniform values mean nothing, and the loop might not end.
        let skipped = match &before {
            Mask::Some(mask) if maybe_empty => {
                let (inside, after) =
                    (self.lower.builder.create_block(), self.lower.builder.create_block());
                let any = self.any(mask);
                self.lower.builder.ins().brif(any, inside, &[], after, &[]);
                self.lower.continue_in(inside);
                Some(after)
            }
            _ => None,
        };
        self.maybe_empty = false;
        let exits = match stmt {
            LaneStmt::Loop { header, cond, body, continuing, flow, exits, span } => {
                self.lower.at(*span);
                let parts = Repeated { header, cond: *cond, body, continuing, exits: *exits };
                match flow {
                    Flow::Uniform => self.repeat_together(parts),
                    Flow::Divergent => self.repeat_apart(parts),
                }
                *exits
            }
            LaneStmt::For { var, lo, hi, step, body, flow, exits, span } => {
                self.lower.at(*span);
                let parts =
                    Counted { var: *var, lo: *lo, hi: *hi, step: *step, body, exits: *exits };
                let own = [lo, hi].iter().any(|bound| self.shape(**bound) != Shape::Uniform);
                match flow {
                    Flow::Uniform => self.count_together(parts),
                    Flow::Divergent if own => self.count_apart(parts),
                    Flow::Divergent => self.count_with_exits(parts),
                }
                *exits
            }
            _ => Exits::default(),
        };
        if let Some(after) = skipped {
            self.lower.builder.ins().jump(after, &[]);
            self.lower.continue_in(after);
        }
        self.mask = before;
        self.maybe_empty = maybe_empty;
        if exits.returns
            && let Some(returned) = self.returned.clone()
        {
            let gone = self.read(&returned);
            self.mask = Mask::Some(self.inactive(&gone));
            self.maybe_empty = true;
        }
        true
    }

    /// Lanes leave the turn of a loop: with all others, or out of the mask.
    pub(super) fn leave_turn(&mut self, breaks: bool) -> bool {
        let around = self.around.last().expect("the validator proves that a loop is around");
        let waiting = around.waiting.clone();
        let target = match (breaks, around.depth == self.depth) {
            (true, true) => around.exit,
            (false, true) if around.exit.is_some() => Some(around.next),
            _ => None,
        };
        if let Some(target) = target {
            self.lower.builder.ins().jump(target, &[]);
            self.ended = true;
        } else if !breaks && let Some(waiting) = waiting {
            let (mask, before) = (self.mask_vectors(), self.read(&waiting));
            let after = self.either(&before, &mask);
            self.define(&waiting, &after);
        }
        false
    }

    /// Lanes end their iteration.
    pub(super) fn leave_iteration(&mut self) -> bool {
        if self.depth == 0 {
            let done = self.done;
            self.lower.builder.ins().jump(done, &[]);
            self.ended = true;
        } else if let Some(returned) = self.returned.clone() {
            let (mask, before) = (self.mask_vectors(), self.read(&returned));
            let after = self.either(&before, &mask);
            self.define(&returned, &after);
        }
        false
    }

    /// Emits the body of a loop that all lanes leave together, and goes on at its next turn.
    fn body_together(&mut self, body: &[LaneStmt], exit: Block, next: Block) {
        let mask = self.mask.clone();
        let depth = self.depth;
        self.around.push(Around { exit: Some(exit), next, depth, waiting: None });
        self.block(body);
        if !std::mem::take(&mut self.ended) {
            self.lower.builder.ins().jump(next, &[]);
        }
        self.around.pop();
        self.lower.continue_in(next);
        // Who continued is back.
        self.mask = mask;
        self.maybe_empty = false;
    }

    fn repeat_together(&mut self, parts: Repeated<'_>) {
        let builder = &mut self.lower.builder;
        let (head, start) = (builder.create_block(), builder.create_block());
        let (next, exit) = (builder.create_block(), builder.create_block());
        builder.ins().jump(head, &[]);
        builder.switch_to_block(head);
        self.block(parts.header);
        match parts.cond {
            Some(cond) => self.lower.branch_on(cond, start, exit),
            None => {
                self.lower.builder.ins().jump(start, &[]);
            }
        }
        self.lower.continue_in(start);
        self.body_together(parts.body, exit, next);
        self.block(parts.continuing);
        self.lower.cancel_point();
        self.lower.builder.ins().jump(head, &[]);
        self.lower.builder.seal_block(head);
        self.lower.continue_in(exit);
    }

    /// Whether a counted loop with bounds for all has a first turn.
    fn enters(&mut self, parts: Counted<'_>) -> Value {
        let (lo, hi) = (self.first(parts.lo), self.first(parts.hi));
        let signed = self.dtype(parts.lo).is_signed_int();
        let code = match (parts.step > 0, signed) {
            (true, true) => IntCC::SignedLessThan,
            (true, false) => IntCC::UnsignedLessThan,
            (false, true) => IntCC::SignedGreaterThan,
            (false, false) => IntCC::UnsignedGreaterThan,
        };
        self.lower.builder.ins().icmp(code, lo, hi)
    }

    /// Moves the scalar counter on; whether there is another turn.
    fn next_count(&mut self, parts: Counted<'_>, left: Option<Variable>) -> Value {
        let variable = self.lower.vars[parts.var.0 as usize];
        let ty = super::super::clif_type(self.dtype(parts.lo));
        let hi = self.first(parts.hi);
        self.lower.next_count(variable, ty, hi, parts.step, left)
    }

    fn start_count(&mut self, parts: Counted<'_>) -> Option<Variable> {
        let (lo, hi) = (self.first(parts.lo), self.first(parts.hi));
        let variable = self.lower.vars[parts.var.0 as usize];
        self.lower.builder.def_var(variable, lo);
        (parts.step.unsigned_abs() != 1).then(|| self.lower.trips_after_first(lo, hi, parts.step))
    }

    /// A counter that varies in another loop of the same variable is read as vectors.
    fn show_counter(&mut self, var: VarId) {
        if self.form.var_shape(var) == Shape::Varying {
            let dtype = self.lower.code.vars[var.0 as usize].dtype;
            let scalar = self.lower.builder.use_var(self.lower.vars[var.0 as usize]);
            let parts = self.spread(dtype, scalar);
            let variables = self.var_vectors(var);
            self.define(&variables, &parts);
        }
    }

    fn count_together(&mut self, parts: Counted<'_>) {
        let builder = &mut self.lower.builder;
        let (start, next, exit) =
            (builder.create_block(), builder.create_block(), builder.create_block());
        let enters = self.enters(parts);
        let left = self.start_count(parts);
        self.lower.builder.ins().brif(enters, start, &[], exit, &[]);
        self.lower.builder.switch_to_block(start);
        self.show_counter(parts.var);
        self.body_together(parts.body, exit, next);
        if !self.lower.is_short(parts.lo, parts.hi) {
            self.lower.cancel_point();
        }
        let more = self.next_count(parts, left);
        self.lower.builder.ins().brif(more, start, &[], exit, &[]);
        self.lower.builder.seal_block(start);
        self.lower.continue_in(exit);
    }

    /// Emits the body of a loop that lanes leave one by one; gives the lanes of the next turn.
    fn body_apart(&mut self, body: &[LaneStmt], exits: Exits) -> Vec<Value> {
        let next = self.lower.builder.create_block();
        let waiting = (exits.continues || super::control::has_exit(body)).then(|| {
            let waiting = self.mask_variables();
            let zeros = vec![self.zeros(); waiting.len()];
            self.define(&waiting, &zeros);
            waiting
        });
        let mask = self.mask_vectors();
        self.depth += 1;
        let around = Around { exit: None, next, depth: self.depth, waiting: waiting.clone() };
        self.around.push(around);
        let reached = self.block(body);
        self.around.pop();
        self.depth -= 1;
        let Some(waiting) = waiting else {
            self.lower.builder.ins().jump(next, &[]);
            self.lower.continue_in(next);
            return mask;
        };
        if !std::mem::take(&mut self.ended) {
            if reached {
                let (left, before) = (self.mask_vectors(), self.read(&waiting));
                let live = self.either(&before, &left);
                self.define(&waiting, &live);
            }
            self.lower.builder.ins().jump(next, &[]);
        }
        self.lower.continue_in(next);
        self.read(&waiting)
    }

    /// The lanes that pass a loop's condition; leaves if there is none.
    fn header_apart(&mut self, parts: Repeated<'_>, live: &[Variable], start: Block, exit: Block) {
        self.depth += 1;
        self.block(parts.header);
        self.depth -= 1;
        let Some(cond) = parts.cond else {
            let mask = self.mask_vectors();
            let any = self.any(&mask);
            self.define(live, &mask);
            self.lower.builder.ins().brif(any, start, &[], exit, &[]);
            return;
        };
        let cond = self.vectors(cond);
        let passed = self.active(&cond);
        self.define(live, &passed);
        let any = self.any(&passed);
        self.lower.builder.ins().brif(any, start, &[], exit, &[]);
    }

    fn repeat_apart(&mut self, parts: Repeated<'_>) {
        let live = self.mask_variables();
        let (start, exit) = (self.lower.builder.create_block(), self.lower.builder.create_block());
        let twice = weight(parts.header).is_some_and(|weight| weight <= SMALL_HEADER);
        let mut again = start;
        if twice {
            self.header_apart(parts, &live, start, exit);
            self.lower.builder.switch_to_block(start);
        } else {
            let head = self.lower.builder.create_block();
            let mask = self.mask_vectors();
            self.define(&live, &mask);
            self.lower.builder.ins().jump(head, &[]);
            self.lower.builder.switch_to_block(head);
            self.mask = Mask::Some(self.read(&live));
            self.header_apart(parts, &live, start, exit);
            self.lower.continue_in(start);
            again = head;
        }
        self.mask = Mask::Some(self.read(&live));
        self.maybe_empty = false;
        let left = self.body_apart(parts.body, parts.exits);
        self.mask = Mask::Some(left.clone());
        self.depth += 1;
        self.maybe_empty = true;
        self.block(parts.continuing);
        self.depth -= 1;
        self.lower.cancel_point();
        if twice {
            self.mask = Mask::Some(left);
            self.header_apart(parts, &live, start, exit);
        } else {
            self.define(&live, &left);
            self.lower.builder.ins().jump(again, &[]);
        }
        self.lower.builder.seal_block(again);
        self.lower.continue_in(exit);
    }

    /// A counted loop with bounds for all, which lanes leave early.
    fn count_with_exits(&mut self, parts: Counted<'_>) {
        let live = self.mask_variables();
        let (start, exit) = (self.lower.builder.create_block(), self.lower.builder.create_block());
        let enters = self.enters(parts);
        let left = self.start_count(parts);
        let mask = self.mask_vectors();
        self.define(&live, &mask);
        self.lower.builder.ins().brif(enters, start, &[], exit, &[]);
        self.lower.builder.switch_to_block(start);
        self.mask = Mask::Some(self.read(&live));
        self.show_counter(parts.var);
        let lanes = self.body_apart(parts.body, parts.exits);
        self.define(&live, &lanes);
        self.lower.cancel_point();
        let more = self.next_count(parts, left);
        let any = self.any(&lanes);
        let both = self.lower.builder.ins().band(more, any);
        self.lower.builder.ins().brif(both, start, &[], exit, &[]);
        self.lower.builder.seal_block(start);
        self.lower.continue_in(exit);
    }

    /// A counted loop with bounds per lane, in steps of 1: a lane is in it while its counter is
    /// below its end, and so no counter of an active lane overflows.
    fn count_apart(&mut self, parts: Counted<'_>) {
        let dtype = self.dtype(parts.lo);
        let live = self.mask_variables();
        let together = self.form.var_shape(parts.var) != Shape::Varying;
        let counters = (!together).then(|| self.var_vectors(parts.var));
        let scalar = self.lower.vars[parts.var.0 as usize];
        let (start, exit) = (self.lower.builder.create_block(), self.lower.builder.create_block());
        match &counters {
            Some(counters) => {
                let lo = self.vectors(parts.lo);
                self.define(counters, &lo);
            }
            None => {
                let lo = self.first(parts.lo);
                self.lower.builder.def_var(scalar, lo);
            }
        }
        let hi = self.vectors(parts.hi);
        let mask = self.mask_vectors();
        self.below(dtype, parts.var, &counters, &hi, &mask, &live, start, exit);
        self.lower.builder.switch_to_block(start);
        self.mask = Mask::Some(self.read(&live));
        let lanes = self.body_apart(parts.body, parts.exits);
        self.lower.cancel_point();
        match &counters {
            Some(counters) => {
                let here = self.read(counters);
                let one = self.splat_constant(crossover_values::Scalar::from_bits(dtype, 1));
                let next: Vec<Value> = here
                    .into_iter()
                    .map(|part| self.lower.binary(Op::Add, dtype, part, one))
                    .collect();
                self.define(counters, &next);
            }
            None => {
                let here = self.lower.builder.use_var(scalar);
                let next = self.lower.builder.ins().iadd_imm_s(here, 1);
                self.lower.builder.def_var(scalar, next);
            }
        }
        self.below(dtype, parts.var, &counters, &hi, &lanes, &live, start, exit);
        self.lower.builder.seal_block(start);
        self.lower.continue_in(exit);
    }

    /// Goes to `start` with the lanes whose counter is below its end, or to `exit` without any.
    #[expect(clippy::too_many_arguments, reason = "both ends of one loop share them all")]
    fn below(
        &mut self,
        dtype: crossover_values::DType,
        var: VarId,
        counters: &Option<Vec<Variable>>,
        hi: &[Value],
        mask: &[Value],
        live: &[Variable],
        start: Block,
        exit: Block,
    ) {
        let here = match counters {
            Some(counters) => self.read(counters),
            None => {
                let scalar = self.lower.builder.use_var(self.lower.vars[var.0 as usize]);
                self.spread(dtype, scalar)
            }
        };
        let below: Vec<Value> = here
            .iter()
            .zip(hi)
            .map(|(here, hi)| self.lower.compare(Op::Lt, dtype, *here, *hi))
            .collect();
        let below = self.as_mask(below, dtype.size());
        let lanes = self.both(mask, &below);
        self.define(live, &lanes);
        let any = self.any(&lanes);
        self.lower.builder.ins().brif(any, start, &[], exit, &[]);
    }
}

/// Number of statements, or `None` if there is a loop among them.
fn weight(block: &[LaneStmt]) -> Option<usize> {
    let mut total = 0;
    for stmt in block {
        total += 1 + match stmt {
            LaneStmt::If { then, otherwise, .. } => weight(then)? + weight(otherwise)?,
            LaneStmt::Loop { .. } | LaneStmt::For { .. } | LaneStmt::Switch { .. } => return None,
            _ => 0,
        };
    }
    Some(total)
}
