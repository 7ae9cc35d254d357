//! Reductions: the only way in which a prange changes a scalar of the level around it (rule 10).

use std::collections::BTreeSet;

use crossover_ir::{Class, ReduceOp, Span};
use ruff_python_ast as ast;
use ruff_python_ast::comparable::ComparableExpr;

use super::FnCx;
use crate::builtins::{self, Builtin};
use crate::typed::{Ex, ExKind, LocalId, LocalKind, Reduction, ReductionId, StmKind, article};

const FORMS: &str = "a reduction is written `s += e`, `s |= e`, `s ^= e`, `s &= e`, `s = min(s, e)`, \
                     `s = max(s, e)`, or `if e > s: s = e` with strict `>` or `<`";

impl FnCx<'_, '_> {
    /// Finds the names of enclosing levels that the body of a prange assigns. They may not be read
    /// in it.
    pub(super) fn enter_reductions(&mut self, body: &[ast::Stmt]) -> Vec<LocalId> {
        let mut names = BTreeSet::new();
        assigned_names(body, &mut names);
        let mut registered = Vec::new();
        for name in names {
            let Some(found) = self.find(name) else { continue };
            let scalar = matches!(self.locals[found.local].kind, LocalKind::Scalar(_));
            let taken =
                self.loop_vars.contains(&found.local) || self.changing.contains_key(&found.local);
            if scalar && !taken {
                self.changing.insert(found.local, None);
                registered.push(found.local);
            }
        }
        registered
    }

    /// Ends the prange that registered these names; gives its reductions.
    pub(super) fn leave_reductions(
        &mut self,
        registered: Vec<LocalId>,
        span: Span,
    ) -> Vec<ReductionId> {
        let mut ids = BTreeSet::new();
        for local in registered {
            ids.extend(self.changing.remove(&local).flatten());
        }
        for id in &ids {
            let reduction = self.reductions[*id].clone();
            for local in std::iter::once(reduction.target).chain(reduction.payload) {
                // The value before the loop takes part.
                self.may_read(local, span);
                self.locals[local].assigned = true;
            }
        }
        ids.into_iter().collect()
    }

    /// `s op= e` on a name of an enclosing level.
    pub(super) fn reduce_augmented(
        &mut self,
        local: LocalId,
        assign: &ast::StmtAugAssign,
    ) -> Option<StmKind> {
        let span = self.span(assign.range);
        let op = match assign.op {
            ast::Operator::Add => ReduceOp::Add,
            ast::Operator::BitOr => ReduceOp::Or,
            ast::Operator::BitXor => ReduceOp::Xor,
            ast::Operator::BitAnd => ReduceOp::And,
            other => {
                let name = &self.locals[local].name;
                let message = format!("`{name} {}= …` in a prange", other.as_str());
                let help = if other == ast::Operator::Sub { "write `s += -e`" } else { FORMS };
                self.error(10, span, message, help);
                return None;
            }
        };
        let value = self.contribution(local, &assign.value);
        self.reduce(local, op, value, Vec::new(), span)
    }

    /// `s = min(s, e)` or `s = max(s, e)`; `None` if the target is no name of an enclosing level.
    pub(super) fn reduce_assigned(&mut self, assign: &ast::StmtAssign) -> Option<Option<StmKind>> {
        let [ast::Expr::Name(name)] = assign.targets.as_slice() else { return None };
        let local = self.changing_name(name)?;
        let span = self.span(assign.range);
        let Some((op, value)) = self.extremum(local, &assign.value) else {
            let message = format!(
                "`{}` belongs to the level around the prange and is changed in it",
                name.id
            );
            self.error(
                10,
                span,
                message,
                format!("{FORMS}; use a new name for a value of one iteration"),
            );
            return Some(None);
        };
        let value = self.contribution(local, value);
        Some(self.reduce(local, op, value, Vec::new(), span))
    }

    /// `min(s, e)` or `max(s, e)`: which, and `e`.
    fn extremum<'e>(
        &self,
        local: LocalId,
        value: &'e ast::Expr,
    ) -> Option<(ReduceOp, &'e ast::Expr)> {
        let ast::Expr::Call(call) = value else { return None };
        let ast::Expr::Name(function) = &*call.func else { return None };
        let op = match builtins::find(&function.id)? {
            Builtin::Same(crossover_ir::Op::Min) => ReduceOp::Min,
            Builtin::Same(crossover_ir::Op::Max) => ReduceOp::Max,
            _ => return None,
        };
        match &*call.arguments.args {
            [ast::Expr::Name(first), e] if self.find(&first.id)?.local == local => Some((op, e)),
            _ => None,
        }
    }

    /// `if e > s: s = e; at = i`; `None` if the statement guards no name of an enclosing level.
    pub(super) fn reduce_guarded(&mut self, branch: &ast::StmtIf) -> Option<Option<StmKind>> {
        let ast::Expr::Compare(compare) = &*branch.test else { return None };
        let (left, [right]) = (&*compare.left, &*compare.comparators) else { return None };
        let named = |expr: &ast::Expr| match expr {
            ast::Expr::Name(name) => self.changing_name(name),
            _ => None,
        };
        let (local, e, mirrored) = match (named(left), named(right)) {
            (_, Some(local)) => (local, left, false),
            (Some(local), None) => (local, right, true),
            (None, None) => return None,
        };
        let span = self.span(branch.range);
        let op = match (compare.ops[0], mirrored) {
            (ast::CmpOp::Gt, false) | (ast::CmpOp::Lt, true) => ReduceOp::Max,
            (ast::CmpOp::Lt, false) | (ast::CmpOp::Gt, true) => ReduceOp::Min,
            _ => {
                let place = self.span(compare.range);
                self.error(10, place, "a reduction compared in another way than strictly", FORMS);
                return Some(None);
            }
        };
        let (Some(payload), true) =
            (self.guarded_body(local, op, e, &branch.body), branch.elif_else_clauses.is_empty())
        else {
            let help = "the guarded block is `s = e`, and payload of its own: `at = i`; no `else`";
            self.error(10, span, "the guard of a reduction with another body", help);
            return Some(None);
        };
        let value = self.contribution(local, e);
        if has_atomic(&value) {
            self.error(
                10,
                value.span,
                "an atomic in the guard of a reduction",
                "assign its result to a name first",
            );
            return Some(None);
        }
        Some(self.reduce(local, op, value, payload, span))
    }

    /// The payload assignments of a guarded block, if it has the right form.
    fn guarded_body<'e>(
        &self,
        local: LocalId,
        op: ReduceOp,
        e: &ast::Expr,
        body: &'e [ast::Stmt],
    ) -> Option<Vec<(LocalId, &'e ast::Expr)>> {
        let mut payload = Vec::new();
        let mut taken = 0;
        for stmt in body {
            let ast::Stmt::Assign(assign) = stmt else { return None };
            let [ast::Expr::Name(name)] = assign.targets.as_slice() else { return None };
            let target = self.changing_name(name)?;
            if target != local {
                payload.push((target, &*assign.value));
                continue;
            }
            taken += 1;
            let value = match self.extremum(local, &assign.value) {
                Some((same, value)) if same == op => value,
                _ => &*assign.value,
            };
            if ComparableExpr::from(value) != ComparableExpr::from(e) {
                return None;
            }
        }
        (taken == 1).then_some(payload)
    }

    fn changing_name(&self, name: &ast::ExprName) -> Option<LocalId> {
        let found = self.find(&name.id)?;
        self.changing.contains_key(&found.local).then_some(found.local)
    }

    /// A contributed value, of the accumulator's type.
    fn contribution(&mut self, local: LocalId, value: &ast::Expr) -> Ex {
        let ex = self.expr(value);
        let name = self.locals[local].name.clone();
        match self.locals[local].kind {
            LocalKind::Scalar(dtype) => {
                self.expect(ex, dtype, format_args!("the reduction `{name}`"))
            }
            LocalKind::Array { .. } | LocalKind::Scratch { .. } | LocalKind::Poison => {
                Ex::poison(ex.span)
            }
        }
    }

    fn reduce(
        &mut self,
        local: LocalId,
        op: ReduceOp,
        value: Ex,
        payload: Vec<(LocalId, &ast::Expr)>,
        span: Span,
    ) -> Option<StmKind> {
        let LocalKind::Scalar(dtype) = self.locals[local].kind else { return None };
        let class = match op {
            ReduceOp::Or | ReduceOp::Xor | ReduceOp::And => Class::Bits,
            ReduceOp::Add | ReduceOp::Min | ReduceOp::Max | ReduceOp::ArgMin | ReduceOp::ArgMax => {
                Class::Num
            }
        };
        if !class.contains(dtype) {
            let message = format!("this reduction of {}", article(dtype));
            let help = "`+=`, `min` and `max` are for numbers, `|=`, `^=` and `&=` for integers and `bool`";
            self.error(10, span, message, help);
            return None;
        }
        let op = match (op, payload.is_empty()) {
            (ReduceOp::Max, false) => ReduceOp::ArgMax,
            (ReduceOp::Min, false) => ReduceOp::ArgMin,
            (op, _) => op,
        };
        let targets: Vec<LocalId> = payload.iter().map(|(target, _)| *target).collect();
        let mut values = Vec::new();
        for (target, expr) in payload {
            let ex = self.contribution(target, expr);
            if !ex.is_harmless() {
                let help = "assign it to a name before the `if`";
                self.error(10, ex.span, "a payload that reads an array, calls or can fail", help);
            }
            values.push(ex);
        }
        let reduction = self.register(local, op, dtype, targets, span)?;
        let poisoned = value.is_poison() || values.iter().any(Ex::is_poison);
        (!poisoned).then_some(StmKind::Reduce { reduction, value, payload: values })
    }

    /// The reduction of a name; all its contributions must be alike.
    fn register(
        &mut self,
        target: LocalId,
        op: ReduceOp,
        dtype: crossover_values::DType,
        payload: Vec<LocalId>,
        span: Span,
    ) -> Option<ReductionId> {
        let known = self.changing.get(&target).copied().flatten();
        let id = known.unwrap_or(self.reductions.len());
        let free = |local: &LocalId| {
            let owner = self.changing.get(local).copied().flatten();
            self.changing.contains_key(local) && (owner.is_none() || owner == Some(id))
        };
        let distinct: BTreeSet<&LocalId> = payload.iter().collect();
        let alike = match known {
            Some(id) => {
                let before = &self.reductions[id];
                before.target == target && before.op == Some(op) && before.payload == payload
            }
            None => distinct.len() == payload.len() && payload.iter().all(free),
        };
        if !alike {
            let name = &self.locals[target].name;
            let message = format!("`{name}` is reduced in several ways");
            self.error(
                10,
                span,
                message,
                "one operation and one payload per reduction; use several names",
            );
            return None;
        }
        if known.is_none() {
            for local in std::iter::once(target).chain(payload.iter().copied()) {
                self.changing.insert(local, Some(id));
            }
            self.reductions.push(Reduction { op: Some(op), dtype, target, payload });
        }
        Some(id)
    }
}

fn has_atomic(ex: &Ex) -> bool {
    let mut found = false;
    ex.visit(&mut |part| found |= matches!(part.kind, ExKind::Atomic { .. }));
    found
}

/// Names that statements assign, those of nested loops included, loop variables not.
fn assigned_names<'s>(body: &'s [ast::Stmt], names: &mut BTreeSet<&'s str>) {
    for stmt in body {
        match stmt {
            ast::Stmt::Assign(assign) => {
                assign.targets.iter().for_each(|target| target_names(target, names))
            }
            ast::Stmt::AugAssign(assign) => target_names(&assign.target, names),
            ast::Stmt::AnnAssign(assign) => target_names(&assign.target, names),
            ast::Stmt::If(branch) => {
                assigned_names(&branch.body, names);
                branch
                    .elif_else_clauses
                    .iter()
                    .for_each(|clause| assigned_names(&clause.body, names));
            }
            ast::Stmt::For(repeat) => assigned_names(&repeat.body, names),
            ast::Stmt::While(repeat) => assigned_names(&repeat.body, names),
            _ => {}
        }
    }
}

fn target_names<'s>(target: &'s ast::Expr, names: &mut BTreeSet<&'s str>) {
    match target {
        ast::Expr::Name(name) => {
            names.insert(name.id.as_str());
        }
        ast::Expr::Tuple(tuple) => tuple.elts.iter().for_each(|part| target_names(part, names)),
        _ => {}
    }
}
