//! Statements, and branches under masks.

use cranelift_codegen::ir::types::I32;
use cranelift_codegen::ir::{Block, InstBuilder, Value};
use crossover_ir::lanes::{Access, Flow, LaneStmt, Shape};
use crossover_ir::{Inst, InstKind, ValueId, VarId};
use crossover_values::DType;

use super::mask::Mask;
use super::{Held, Lanes};

impl Lanes<'_, '_, '_> {
    /// Emits statements; whether lanes may be left at their end.
    pub(super) fn block(&mut self, block: &[LaneStmt]) -> bool {
        let known = self.lower.tested.len();
        let mut reached = true;
        for stmt in block {
            if !self.stmt(stmt) {
                reached = false;
                break;
            }
        }
        self.lower.tested.truncate(known);
        reached
    }

    fn stmt(&mut self, stmt: &LaneStmt) -> bool {
        match stmt {
            LaneStmt::Eval { value, access } => self.evaluate(*value, *access),
            LaneStmt::Set { var, value, blend } => self.set(*var, *value, *blend),
            LaneStmt::Store { array, indices, value, access, span } => {
                self.lower.at(*span);
                self.store(*array, indices, *value, *access);
            }
            LaneStmt::ScratchZero(scratch) => self.scratch_zero(*scratch),
            LaneStmt::ScratchStore { scratch, index, value, span, .. } => {
                self.lower.at(*span);
                if self.form.shares_scratch {
                    self.shared_store(*scratch, *index, *value);
                } else {
                    self.scratch_store(*scratch, *index, *value);
                }
            }
            LaneStmt::If { cond, then, otherwise, flow, span } => {
                self.lower.at(*span);
                return match flow {
                    Flow::Uniform => self.uniform_if(*cond, then, otherwise),
                    Flow::Divergent => {
                        let cond = self.vectors(*cond);
                        self.divergent_if(
                            &cond,
                            |it| it.block(then),
                            then,
                            |it| it.block(otherwise),
                            otherwise,
                        )
                    }
                };
            }
            LaneStmt::Switch { selector, cases, default, flow, span } => {
                self.lower.at(*span);
                return match flow {
                    Flow::Uniform => self.uniform_switch(*selector, cases, default),
                    Flow::Divergent => self.divergent_switch(*selector, cases, default),
                };
            }
            LaneStmt::Loop { .. } | LaneStmt::For { .. } => return self.any_loop(stmt),
            LaneStmt::Reduce { reduce, value, .. } => self.contribute(*reduce, *value),
            LaneStmt::Break => return self.leave_turn(true),
            LaneStmt::Continue => return self.leave_turn(false),
            LaneStmt::Return => return self.leave_iteration(),
            LaneStmt::Trap { cond, span, .. } => {
                self.lower.at(*span);
                self.trap(*cond);
            }
        }
        true
    }

    fn trap(&mut self, cond: ValueId) {
        let any = match self.shape(cond) {
            Shape::Uniform => self.first(cond),
            Shape::Affine(_) | Shape::Varying => {
                let cond = self.vectors(cond);
                let active = self.active(&cond);
                self.any(&active)
            }
        };
        self.bail_if(any);
    }

    fn evaluate(&mut self, value: ValueId, access: Access) {
        let inst: &Inst = &self.lower.code.insts[value.0 as usize];
        self.lower.at(inst.span);
        match &inst.kind {
            InstKind::Const(scalar) => {
                let scalar = self.lower.constant(*scalar);
                self.keep(value, Held::One(scalar));
            }
            InstKind::HostGet(var) => {
                let scalar = self.lower.host_get(*var);
                self.keep(value, Held::One(scalar));
            }
            InstKind::Extent { array, axis } => {
                let scalar = self.lower.extent(*array, *axis);
                self.keep(value, Held::One(scalar));
            }
            InstKind::Get(var) => {
                let held = self.get(*var);
                self.keep(value, held);
            }
            InstKind::Op { op, args } => self.op(value, *op, args, inst),
            InstKind::Load { array, indices } => {
                let held = self.load(*array, indices, access);
                self.keep(value, held);
            }
            InstKind::ScratchLoad { scratch, index } => {
                let held = if self.form.shares_scratch {
                    self.shared_load(*scratch, *index)
                } else {
                    Held::Many(self.scratch_load(*scratch, *index))
                };
                self.keep(value, held);
            }
            InstKind::Atomic(atomic) => self.atomic(value, atomic),
        }
    }

    fn get(&mut self, var: VarId) -> Held {
        match self.form.var_shape(var) {
            Shape::Uniform => {
                Held::One(self.lower.builder.use_var(self.lower.vars[var.0 as usize]))
            }
            Shape::Affine(step) => {
                let first = self.lower.builder.use_var(self.lower.vars[var.0 as usize]);
                Held::Steps(first, step)
            }
            Shape::Varying => {
                let variables = self.var_vectors(var);
                Held::Many(self.read(&variables))
            }
        }
    }

    fn set(&mut self, var: VarId, value: ValueId, blend: bool) {
        if self.form.var_shape(var) != Shape::Varying {
            let first = self.first(value);
            return self.lower.builder.def_var(self.lower.vars[var.0 as usize], first);
        }
        let mut parts = self.vectors(value);
        let variables = self.var_vectors(var);
        if blend && let Mask::Some(mask) = self.mask.clone() {
            let old = self.read(&variables);
            parts = if self.dtype(value) == DType::Bool {
                let new = self.both(&mask, &parts);
                let old = self.without(&old, &mask);
                self.either(&new, &old)
            } else {
                self.blend(&mask, &parts, &old)
            };
        }
        self.define(&variables, &parts);
    }

    /// Two-way control by a scalar.
    fn uniform_if(&mut self, cond: ValueId, then: &[LaneStmt], otherwise: &[LaneStmt]) -> bool {
        let taken = self.lower.builder.create_block();
        let not_taken = self.lower.builder.create_block();
        let after = self.lower.builder.create_block();
        self.lower.branch_on(cond, taken, not_taken);
        let join = (has_exit(then) || has_exit(otherwise)).then(|| self.mask_variables());
        let before = self.mask.clone();
        self.lower.continue_in(taken);
        let mut reached = self.arm_of_control(then, join.as_deref(), after);
        self.mask = before.clone();
        self.lower.continue_in(not_taken);
        reached |= self.arm_of_control(otherwise, join.as_deref(), after);
        self.join_control(reached, join, before, after)
    }

    /// An arm of a uniform branch. One that no lane leaves at its end goes on with an empty mask,
    /// if others of the chunk may still be alive.
    fn arm_of_control(
        &mut self,
        arm: &[LaneStmt],
        join: Option<&[cranelift_frontend::Variable]>,
        after: Block,
    ) -> bool {
        let reached = self.block(arm);
        if self.ended {
            // Control itself went elsewhere.
            self.ended = false;
            return false;
        }
        if let Some(join) = join {
            let mask = if reached { self.mask_vectors() } else { vec![self.zeros(); join.len()] };
            self.define(join, &mask);
        }
        self.lower.builder.ins().jump(after, &[]);
        true
    }

    fn join_control(
        &mut self,
        reached: bool,
        join: Option<Vec<cranelift_frontend::Variable>>,
        before: Mask,
        after: Block,
    ) -> bool {
        self.lower.continue_in(after);
        if !reached {
            self.lower.builder.ins().trap(super::super::control::unreachable_code());
            self.ended = true;
            return false;
        }
        self.mask = match join {
            Some(join) => {
                self.maybe_empty = true;
                Mask::Some(self.read(&join))
            }
            None => before,
        };
        true
    }

    fn uniform_switch(
        &mut self,
        selector: ValueId,
        cases: &[(i64, Vec<LaneStmt>)],
        default: &[LaneStmt],
    ) -> bool {
        let after = self.lower.builder.create_block();
        let fallback = self.lower.builder.create_block();
        let mut switch = cranelift_frontend::Switch::new();
        let blocks: Vec<Block> = cases.iter().map(|_| self.lower.builder.create_block()).collect();
        for ((case, _), block) in cases.iter().zip(&blocks) {
            switch.set_entry(u128::from(*case as u32), *block);
        }
        let selector = self.first(selector);
        switch.emit(&mut self.lower.builder, selector, fallback);
        let exits = has_exit(default) || cases.iter().any(|(_, case)| has_exit(case));
        let join = exits.then(|| self.mask_variables());
        let before = self.mask.clone();
        let mut reached = false;
        let arms = cases.iter().map(|(_, case)| case.as_slice()).chain([default]);
        for (arm, block) in arms.zip(blocks.into_iter().chain([fallback])) {
            self.mask = before.clone();
            self.lower.continue_in(block);
            reached |= self.arm_of_control(arm, join.as_deref(), after);
        }
        self.join_control(reached, join, before, after)
    }

    /// Each arm under its part of the mask.
    fn divergent_if(
        &mut self,
        cond: &[Value],
        then: impl FnOnce(&mut Self) -> bool,
        then_block: &[LaneStmt],
        otherwise: impl FnOnce(&mut Self) -> bool,
        otherwise_block: &[LaneStmt],
    ) -> bool {
        let before = self.mask.clone();
        let exits = has_exit(then_block) || has_exit(otherwise_block);
        let taken = self.active(cond);
        let not_taken = (exits || !otherwise_block.is_empty()).then(|| self.inactive(cond));
        let out = self.divergent_arm(taken, then, then_block);
        let Some(not_taken) = not_taken else {
            self.mask = before;
            return true;
        };
        let other = self.divergent_arm(not_taken, otherwise, otherwise_block);
        if !exits {
            self.mask = before;
            return true;
        }
        let joined = match (out, other) {
            (None, None) => return false,
            (Some(one), None) | (None, Some(one)) => one,
            (Some(a), Some(b)) => self.either(&a, &b),
        };
        self.mask = Mask::Some(joined);
        self.maybe_empty = true;
        true
    }

    /// An arm under a mask; gives the lanes that reach its end, `None` if none can.
    fn divergent_arm(
        &mut self,
        mask: Vec<Value>,
        emit: impl FnOnce(&mut Self) -> bool,
        block: &[LaneStmt],
    ) -> Option<Vec<Value>> {
        if block.is_empty() {
            return Some(mask);
        }
        self.depth += 1;
        let exits = has_exit(block);
        let flat = self.is_flat(block);
        let after = self.lower.builder.create_block();
        let out = exits.then(|| self.mask_variables());
        if !flat {
            if let Some(out) = &out {
                // Whoever skips the arm has no lane in it.
                self.define(out, &mask);
            }
            let inside = self.lower.builder.create_block();
            let any = self.any(&mask);
            self.lower.builder.ins().brif(any, inside, &[], after, &[]);
            self.lower.continue_in(inside);
        }
        self.mask = Mask::Some(mask.clone());
        let maybe_empty = std::mem::replace(&mut self.maybe_empty, flat);
        let reached = emit(self);
        self.maybe_empty = maybe_empty;
        self.depth -= 1;
        if let Some(out) = &out {
            let left = if reached { self.mask_vectors() } else { vec![self.zeros(); out.len()] };
            self.define(out, &left);
        }
        if self.ended {
            // Nothing goes on here; the block after the arm is reached by who skips it.
            self.ended = false;
        } else {
            self.lower.builder.ins().jump(after, &[]);
        }
        self.lower.continue_in(after);
        match out {
            None => Some(mask),
            Some(_) if !reached => None,
            Some(out) => Some(self.read(&out)),
        }
    }

    fn divergent_switch(
        &mut self,
        selector: ValueId,
        cases: &[(i64, Vec<LaneStmt>)],
        default: &[LaneStmt],
    ) -> bool {
        let Some(((literal, case), rest)) = cases.split_first() else {
            return self.block(default);
        };
        let parts = self.vectors(selector);
        let literal = self.lower.integer(I32, u64::from(*literal as u32));
        let literal = self.lower.builder.ins().splat(super::I32X4, literal);
        let equal: Vec<Value> = parts
            .into_iter()
            .map(|part| {
                let code = cranelift_codegen::ir::condcodes::IntCC::Equal;
                self.lower.builder.ins().icmp(code, part, literal)
            })
            .collect();
        let equal = self.as_mask(equal, 4);
        // What is left over is a block of its own: never empty, for its exits count.
        let others: Vec<LaneStmt> =
            rest.iter().flat_map(|(_, case)| case).chain(default).cloned().collect();
        self.divergent_if(
            &equal,
            |it| it.block(case),
            case,
            |it| it.divergent_switch(selector, rest, default),
            &others,
        )
    }

    /// Whether an arm is so small, and so harmless, that it is run without asking for lanes.
    fn is_flat(&self, block: &[LaneStmt]) -> bool {
        const SMALL: usize = 8;
        block.len() <= SMALL
            && block.iter().all(|stmt| match stmt {
                LaneStmt::Eval { value, .. } => match &self.lower.inst(*value).kind {
                    InstKind::Const(_) | InstKind::Get(_) | InstKind::HostGet(_) => true,
                    InstKind::Op { op, .. } => is_cheap(*op) && !op.info().traps,
                    _ => false,
                },
                LaneStmt::Set { .. }
                | LaneStmt::Break
                | LaneStmt::Continue
                | LaneStmt::Reduce { .. } => true,
                LaneStmt::Return => self.depth > 0,
                _ => false,
            })
    }
}

/// Whether an op is an instruction or two on vectors.
fn is_cheap(op: crossover_ir::Op) -> bool {
    use crossover_ir::Op;
    matches!(
        op,
        Op::Add
            | Op::Sub
            | Op::Mul
            | Op::Neg
            | Op::Abs
            | Op::Min
            | Op::Max
            | Op::And
            | Op::Or
            | Op::Xor
            | Op::Not
            | Op::Eq
            | Op::Ne
            | Op::Lt
            | Op::Le
            | Op::Gt
            | Op::Ge
            | Op::Select
            | Op::CastWrap
            | Op::Bitcast
    )
}

/// Whether lanes may leave in a block, or in one inside of it.
pub(super) fn has_exit(block: &[LaneStmt]) -> bool {
    block.iter().any(|stmt| match stmt {
        LaneStmt::Break | LaneStmt::Continue | LaneStmt::Return => true,
        LaneStmt::If { then, otherwise, .. } => has_exit(then) || has_exit(otherwise),
        LaneStmt::Switch { cases, default, .. } => {
            has_exit(default) || cases.iter().any(|(_, case)| has_exit(case))
        }
        // Lanes are back after a loop, but for those that returned.
        LaneStmt::Loop { body, .. } | LaneStmt::For { body, .. } => has_return(body),
        _ => false,
    })
}

fn has_return(block: &[LaneStmt]) -> bool {
    block.iter().any(|stmt| match stmt {
        LaneStmt::Return => true,
        LaneStmt::If { then, otherwise, .. } => has_return(then) || has_return(otherwise),
        LaneStmt::Switch { cases, default, .. } => {
            has_return(default) || cases.iter().any(|(_, case)| has_return(case))
        }
        LaneStmt::Loop { body, .. } | LaneStmt::For { body, .. } => has_return(body),
        _ => false,
    })
}
