//! Statements and structured control.

use cranelift_codegen::ir::InstBuilder;
use cranelift_codegen::ir::{Block, Value};
use cranelift_frontend::Switch;
use crossover_ir::{self as ir, Inst, InstKind, Op, Stmt, ValueId};

use super::{Fact, Lower};
use crate::site::SiteKind;

impl Lower<'_, '_> {
    /// Emits statements; whether control reaches their end.
    pub(super) fn block(&mut self, block: &[Stmt]) -> bool {
        let known = self.tested.len();
        let reached = self.stmts(block);
        self.tested.truncate(known);
        reached
    }

    /// As [`Lower::block`], in the block around.
    pub(super) fn stmts(&mut self, stmts: &[Stmt]) -> bool {
        let mut at = 0;
        while at < stmts.len() {
            let rest = &stmts[at..];
            let lazy = self.asked_by_branch(rest).unwrap_or(0);
            let reached = match &rest[lazy] {
                Stmt::If { cond, then, otherwise, .. } if lazy > 0 => {
                    self.branch(&rest[..lazy], *cond, then, otherwise)
                }
                stmt => self.stmt(stmt),
            };
            if !reached {
                return false;
            }
            at += lazy + 1;
        }
        true
    }

    fn stmt(&mut self, stmt: &Stmt) -> bool {
        match stmt {
            Stmt::Eval(value) => self.evaluate(*value),
            Stmt::Set { var, value } => {
                let value = self.value(*value);
                self.builder.def_var(self.vars[var.0 as usize], value);
            }
            Stmt::HostSet { var, value } => {
                let value = self.value(*value);
                let variable = self.host[var.0 as usize].expect("assigned variables are declared");
                self.builder.def_var(variable, value);
            }
            Stmt::Store { array, indices, value, span } => {
                self.at(*span);
                self.store(*array, indices, *value, *span);
            }
            Stmt::ScratchZero(scratch) => self.scratch_zero(*scratch),
            Stmt::ScratchStore { scratch, index, value, span } => {
                self.at(*span);
                self.scratch_store(*scratch, *index, *value, *span);
            }
            Stmt::If { cond, then, otherwise, span } => {
                self.at(*span);
                return self.branch(&[], *cond, then, otherwise);
            }
            Stmt::Switch { selector, cases, default, span } => {
                self.at(*span);
                return self.switch(*selector, cases, default);
            }
            Stmt::Loop { header, cond, body, continuing, span } => {
                self.at(*span);
                self.repeat(header, *cond, body, continuing);
            }
            Stmt::For { var, lo, hi, body, parallel: Some(reduces), span, .. }
                if !reduces.is_empty() =>
            {
                self.at(*span);
                self.count_reduced(reduces, *var, [*lo, *hi], body);
            }
            Stmt::For { var, lo, hi, step, body, parallel: _, span } => {
                self.at(*span);
                match self.inner_plan(body) {
                    Some(plan) => self.count_in_lanes(plan, *var, [*lo, *hi], body, &[]),
                    None => self.count(*var, *lo, *hi, *step, body),
                }
            }
            Stmt::Reduce { reduce, value, payload } => self.contribute(*reduce, *value, payload),
            Stmt::Break => return self.go(|targets| targets.exit),
            Stmt::Continue => return self.go(|targets| targets.next),
            Stmt::Return => {
                let finish = self.finish;
                self.builder.ins().jump(finish, &[]);
                return false;
            }
            Stmt::Trap { cond, code, span } => {
                self.at(*span);
                let cond = self.value(*cond);
                self.trap_if(cond, SiteKind::Explicit(*code), *span, None);
            }
        }
        true
    }

    pub(super) fn evaluate(&mut self, id: ValueId) {
        let inst: &Inst = &self.code.insts[id.0 as usize];
        self.at(inst.span);
        let fact = self.fact(id);
        if let Some(known) = fact.and_then(|fact| self.tested.value(&fact)) {
            self.values[id.0 as usize] = Some(known);
            return;
        }
        let value = match &inst.kind {
            InstKind::Const(scalar) => self.constant(*scalar),
            InstKind::Get(var) => self.builder.use_var(self.vars[var.0 as usize]),
            InstKind::HostGet(var) => self.host_get(*var),
            InstKind::Extent { array, axis } => self.extent(*array, *axis),
            InstKind::Op { op, args } => self.op(*op, args, id, inst),
            InstKind::Load { array, indices } => self.load(*array, indices, inst.span),
            InstKind::ScratchLoad { scratch, index } => {
                self.scratch_load(*scratch, *index, inst.span)
            }
            InstKind::Atomic(atomic) => self.atomic(atomic, inst),
        };
        self.values[id.0 as usize] = Some(value);
        if let Some(fact) = fact {
            self.tested.note(fact, Some(value));
        }
    }

    /// What an instruction finds out, if it is the same each time.
    fn fact(&self, id: ValueId) -> Option<Fact> {
        let inst = self.inst(id);
        match &inst.kind {
            InstKind::Const(scalar) => Some(Fact::Constant(inst.dtype, scalar.to_bits())),
            InstKind::Extent { array, axis } => Some(Fact::Extent(*array, *axis)),
            // In a span its value is not that of the op.
            InstKind::Op { .. } if self.is_plain(id) => None,
            InstKind::Op { op, args } => {
                let mut operands = [None; 3];
                for (operand, arg) in operands.iter_mut().zip(args) {
                    *operand = Some(self.value(*arg));
                }
                Some(Fact::Computed(*op, [inst.dtype, self.dtype(args[0])], operands))
            }
            _ => None,
        }
    }

    pub(super) fn host_get(&mut self, var: ir::VarId) -> Value {
        match self.host[var.0 as usize] {
            Some(variable) => self.builder.use_var(variable),
            None => self.host_values[var.0 as usize].expect("host variables read are loaded"),
        }
    }

    fn go(&mut self, target: impl Fn(super::LoopTargets) -> Block) -> bool {
        let targets = *self.loops.last().expect("the validator proves that a loop is around");
        self.builder.ins().jump(target(targets), &[]);
        false
    }

    /// `before` computes the condition, if it is lazy.
    fn branch(
        &mut self,
        before: &[Stmt],
        cond: ValueId,
        then: &[Stmt],
        otherwise: &[Stmt],
    ) -> bool {
        let taken = self.builder.create_block();
        let after = self.builder.create_block();
        let not_taken = if otherwise.is_empty() { after } else { self.builder.create_block() };
        let known = self.tested.len();
        self.decide(before, (cond, 1), taken, not_taken);
        self.tested.truncate(known);
        let mut reached = self.side(taken, then, after);
        if otherwise.is_empty() {
            reached = true;
        } else {
            reached |= self.side(not_taken, otherwise, after);
        }
        self.continue_in(after);
        if !reached {
            // Nothing comes here; the block needs an end all the same.
            self.builder.ins().trap(unreachable_code());
        }
        reached
    }

    fn side(&mut self, block: Block, body: &[Stmt], after: Block) -> bool {
        self.continue_in(block);
        let reached = self.block(body);
        if reached {
            self.builder.ins().jump(after, &[]);
        }
        reached
    }

    fn switch(&mut self, selector: ValueId, cases: &[(i64, ir::Block)], default: &[Stmt]) -> bool {
        let after = self.builder.create_block();
        let fallback = self.builder.create_block();
        let mut switch = Switch::new();
        let blocks: Vec<Block> = cases.iter().map(|_| self.builder.create_block()).collect();
        for ((case, _), block) in cases.iter().zip(&blocks) {
            switch.set_entry(u128::from(*case as u32), *block);
        }
        let selector = self.value(selector);
        switch.emit(&mut self.builder, selector, fallback);
        let mut reached = false;
        for ((_, body), block) in cases.iter().zip(blocks) {
            reached |= self.side(block, body, after);
        }
        reached |= self.side(fallback, default, after);
        self.continue_in(after);
        if !reached {
            self.builder.ins().trap(unreachable_code());
        }
        reached
    }

    /// Branches on a condition. `and`, `or` and `not` become control flow: each part is a
    /// compare-and-branch then, without materialised truth values.
    pub(super) fn branch_on(&mut self, cond: ValueId, yes: Block, no: Block) {
        if let InstKind::Op { op, args } = &self.code.insts[cond.0 as usize].kind {
            match (op, args.as_slice()) {
                (Op::And, [a, b]) => {
                    let middle = self.builder.create_block();
                    self.branch_on(*a, middle, no);
                    self.continue_in(middle);
                    return self.branch_on(*b, yes, no);
                }
                (Op::Or, [a, b]) => {
                    let middle = self.builder.create_block();
                    self.branch_on(*a, yes, middle);
                    self.continue_in(middle);
                    return self.branch_on(*b, yes, no);
                }
                (Op::Not, [a]) => return self.branch_on(*a, no, yes),
                _ => {}
            }
        }
        let cond = self.value(cond);
        self.builder.ins().brif(cond, yes, &[], no, &[]);
    }
}

/// Code of traps in blocks that nothing reaches.
pub(super) fn unreachable_code() -> cranelift_codegen::ir::TrapCode {
    cranelift_codegen::ir::TrapCode::unwrap_user(1)
}
