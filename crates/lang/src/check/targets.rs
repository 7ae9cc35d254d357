//! Assignments: what stands on the left, and which right sides are special (rules 3, 5, 8).

use std::rc::Rc;

use crossover_ir::Span;
use crossover_values::Scalar;
use ruff_python_ast as ast;
use ruff_text_size::Ranged;

use super::FnCx;
use super::names::describe;
use super::operators::table_op;
use crate::builtins::{self, Builtin};
use crate::typed::{CallTarget, Ex, ExKind, FuncId, LocalId, LocalKind, Place, StmKind, Ty};

/// Most elements of a scratch array.
const MOST_SCRATCH: i128 = 1_024;

impl FnCx<'_, '_> {
    /// `target = value`.
    pub(super) fn assign(&mut self, assign: &ast::StmtAssign) -> Option<StmKind> {
        let span = self.span(assign.range);
        let [target] = assign.targets.as_slice() else {
            self.error(
                4,
                span,
                "several targets of one assignment",
                "write one assignment per target",
            );
            return None;
        };
        let kind = self.assign_to(target, &assign.value, span);
        if kind.is_none() {
            self.poison_targets(target);
        }
        kind
    }

    /// After an error: new names of a failed assignment exist, so that their uses are not
    /// reported again.
    fn poison_targets(&mut self, target: &ast::Expr) {
        match target {
            ast::Expr::Name(name) => {
                let known = self.find(&name.id).is_some() || self.global(&name.id).is_some();
                if !known && builtins::find(&name.id).is_none() {
                    let span = self.span(name.range);
                    let local = self.new_local(&name.id, LocalKind::Poison, span);
                    self.flow.assign(local);
                }
            }
            ast::Expr::Tuple(tuple) => tuple.elts.iter().for_each(|part| self.poison_targets(part)),
            _ => {}
        }
    }

    /// `name: T = value`.
    pub(super) fn annotated(&mut self, assign: &ast::StmtAnnAssign) -> Option<StmKind> {
        let kind = self.declare(assign);
        if kind.is_none() {
            self.poison_targets(&assign.target);
        }
        kind
    }

    fn declare(&mut self, assign: &ast::StmtAnnAssign) -> Option<StmKind> {
        let span = self.span(assign.range);
        let kind = self.annotation(&assign.annotation);
        let (ast::Expr::Name(name), Some(value)) = (&*assign.target, &assign.value) else {
            self.error(4, span, "a declaration without a value", "write `name: T = value`");
            return None;
        };
        let LocalKind::Scalar(dtype) = kind? else {
            self.error(8, span, "an array type on an assignment", "leave the annotation out");
            return None;
        };
        let value = self.expr(value);
        let value = self.expect(value, dtype, format_args!("`{}`", name.id));
        let local = self.assigned_name(name, LocalKind::Scalar(dtype))?;
        self.flow.assign(local);
        Some(StmKind::Assign(vec![(Place::Local(local), value)]))
    }

    fn assign_to(&mut self, target: &ast::Expr, value: &ast::Expr, span: Span) -> Option<StmKind> {
        if let ast::Expr::Call(call) = value
            && let Some(name) = self.called_name(call)
        {
            match (self.called_function(name), builtins::find(&name.id)) {
                (Some(func), _) => return self.assign_call(target, func, call, span),
                (None, Some(Builtin::Zeros)) => return self.zeros(target, call, span),
                (None, Some(Builtin::Scratch)) => return self.scratch(target, call, span),
                _ => {}
            }
        }
        let targets: Vec<&ast::Expr> = match target {
            ast::Expr::Tuple(tuple) => tuple.elts.iter().collect(),
            ast::Expr::List(list) => list.elts.iter().collect(),
            single => vec![single],
        };
        let values: Vec<&ast::Expr> = match value {
            ast::Expr::Tuple(tuple) => tuple.elts.iter().collect(),
            single => vec![single],
        };
        if values.iter().any(|value| self.names_array(value)) {
            return self.bind(&targets, &values, span);
        }
        let values = match value {
            ast::Expr::Attribute(attribute) if attribute.attr.as_str() == "shape" => {
                self.shape(attribute)?
            }
            _ => values.into_iter().map(|value| self.expr(value)).collect(),
        };
        if targets.len() != values.len() {
            let message = format!("{} name(s) for {} value(s)", targets.len(), values.len());
            self.error(4, span, message, "give each value one name");
            return None;
        }
        let mut pairs = Vec::new();
        for (target, value) in targets.into_iter().zip(values) {
            pairs.extend(self.place(target, value));
        }
        for (place, _) in &pairs {
            if let Place::Local(local) = place {
                self.flow.assign(*local);
            }
        }
        Some(StmKind::Assign(pairs))
    }

    fn names_array(&self, value: &ast::Expr) -> bool {
        let ast::Expr::Name(name) = value else { return false };
        self.find(&name.id).is_some_and(|found| {
            matches!(
                self.locals[found.local].kind,
                LocalKind::Array { .. } | LocalKind::Scratch { .. }
            )
        })
    }

    fn shape(&mut self, attribute: &ast::ExprAttribute) -> Option<Vec<Ex>> {
        let span = self.span(attribute.range);
        let array = self.array_name(&attribute.value)?;
        let axes = u32::try_from(self.rank(array)).unwrap_or(1);
        Some((0..axes).map(|axis| self.extent_of(array, axis, span)).collect())
    }

    /// One target with its value; a new name takes the value's type.
    fn place(&mut self, target: &ast::Expr, value: Ex) -> Option<(Place, Ex)> {
        match target {
            ast::Expr::Name(name) => {
                let before = self.find(&name.id).map(|found| self.locals[found.local].kind);
                let known =
                    before.or_else(|| self.kinds.get(name.id.as_str()).map(|(kind, _)| *kind));
                let value = match (known, value.ty) {
                    (Some(LocalKind::Scalar(dtype)), Ty::Int | Ty::Float) => {
                        self.expect(value, dtype, format_args!("`{}`", name.id))
                    }
                    _ => self.default(value),
                };
                let kind = match value.ty {
                    Ty::Known(dtype) => LocalKind::Scalar(dtype),
                    Ty::Int | Ty::Float | Ty::Poison => LocalKind::Poison,
                };
                let local = self.assigned_name(name, kind)?;
                // Marked at once, so that an error in the value does not cascade.
                self.flow.assign(local);
                Some((Place::Local(local), value))
            }
            ast::Expr::Subscript(subscript) => {
                let place_span = self.span(subscript.range);
                let (array, indices) = self.element(subscript)?;
                let element = self.element_type(array)?;
                let value = self.expect(value, element.loaded(), "the element");
                Some((Place::Element { array, indices, span: place_span }, value))
            }
            ast::Expr::Attribute(attribute) => {
                let place = self.span(attribute.range);
                self.error(
                    4,
                    place,
                    "an assignment to an attribute",
                    "assign to names and elements",
                );
                None
            }
            other => {
                let place = self.span(other.range());
                self.error(4, place, "a target of this form", "assign to names and elements");
                None
            }
        }
    }

    /// `u, v = v, u`: names are bound, no data moves.
    fn bind(
        &mut self,
        targets: &[&ast::Expr],
        values: &[&ast::Expr],
        span: Span,
    ) -> Option<StmKind> {
        if !self.at_host_level() {
            let help = "arrays are bound at host level, in a function with a prange or `zeros`, outside of it";
            self.error(8, span, "an array bound to a name in lane code", help);
            return None;
        }
        if targets.len() != values.len() || !values.iter().all(|value| self.names_array(value)) {
            self.error(
                8,
                span,
                "arrays and numbers in one assignment",
                "bind arrays in a statement of their own",
            );
            return None;
        }
        let sources: Vec<LocalId> =
            values.iter().filter_map(|value| self.array_name(value)).collect();
        let mut pairs = Vec::new();
        for (target, source) in targets.iter().zip(sources) {
            let ast::Expr::Name(name) = target else {
                let place = self.span(target.range());
                self.error(
                    8,
                    place,
                    "an array bound to something else than a name",
                    "bind arrays to names",
                );
                return None;
            };
            let local = self.assigned_name(name, self.locals[source].kind)?;
            if pairs.iter().any(|(before, _)| *before == local) {
                let place = self.span(name.range);
                self.error(
                    8,
                    place,
                    format!("`{}` is bound twice", name.id),
                    "name each target once",
                );
                return None;
            }
            pairs.push((local, source));
        }
        for (local, _) in &pairs {
            self.flow.assign(*local);
        }
        Some(StmKind::Bind(pairs))
    }

    /// `u = zeros(T, n)` or `zeros(T, n, m)`.
    fn zeros(&mut self, target: &ast::Expr, call: &ast::ExprCall, span: Span) -> Option<StmKind> {
        let args = &call.arguments.args;
        if !self.at_host_level() {
            self.error(
                8,
                span,
                "`zeros` inside a prange",
                "make the array before the loop, or a scratch array: `array(T, N)`",
            );
            return None;
        }
        if !(2..=3).contains(&args.len()) {
            self.error(
                8,
                span,
                "`zeros` with another number of extents",
                "write `zeros(T, n)` or `zeros(T, n, m)`",
            );
            return None;
        }
        let dtype = self.type_argument(&args[0]);
        let extents: Vec<Ex> = args[1..].iter().map(|extent| self.index(extent)).collect();
        let rank = if extents.len() == 1 { 1 } else { 2 };
        let kind = LocalKind::Array { dtype: dtype?, rank };
        let ast::Expr::Name(name) = target else {
            self.error(
                8,
                span,
                "an array bound to something else than a name",
                "write `u = zeros(T, n)`",
            );
            return None;
        };
        let local = self.assigned_name(name, kind)?;
        self.flow.assign(local);
        (!extents.iter().any(Ex::is_poison)).then_some(StmKind::Zeros { local, extents })
    }

    /// `t = array(T, N)`.
    fn scratch(&mut self, target: &ast::Expr, call: &ast::ExprCall, span: Span) -> Option<StmKind> {
        if self.at_host_level() {
            self.error(
                8,
                span,
                "a scratch array at host level",
                "write `zeros(T, n)`; scratch belongs to one iteration",
            );
            return None;
        }
        if !self.count(call, 2, span) {
            return None;
        }
        let dtype = self.type_argument(&call.arguments.args[0]);
        let size = self.index(&call.arguments.args[1]);
        let len = self.constant_value(&size).and_then(Scalar::as_integer)?;
        if !(1..=MOST_SCRATCH).contains(&len) {
            let message = format!("a scratch array of {len} elements");
            self.error(
                8,
                size.span,
                message,
                "it has 1 to 1,024; larger arrays are made by `zeros`",
            );
            return None;
        }
        let ast::Expr::Name(name) = target else {
            self.error(
                8,
                span,
                "a scratch array bound to something else than a name",
                "write `t = array(T, N)`",
            );
            return None;
        };
        // In 1..=1024.
        let kind = LocalKind::Scratch { dtype: dtype?, len: len as u32 };
        let local = self.assigned_name(name, kind)?;
        self.flow.assign(local);
        Some(StmKind::Scratch(local))
    }

    fn assign_call(
        &mut self,
        target: &ast::Expr,
        func: FuncId,
        call: &ast::ExprCall,
        span: Span,
    ) -> Option<StmKind> {
        let place = self.span(call.range());
        let args = self.call_statement(func, call, place);
        let signature = Rc::clone(&self.ck.signatures[func]);
        let returns = &signature.returns;
        let targets: Vec<&ast::Expr> = match target {
            ast::Expr::Tuple(tuple) => tuple.elts.iter().collect(),
            single => vec![single],
        };
        if targets.len() != returns.len() {
            let name = &self.ck.program.funcs[func].name;
            let message = format!(
                "`{name}` has {} result(s), unpacked to {} name(s)",
                returns.len(),
                targets.len()
            );
            self.error(5, span, message, "unpack all results at once: `a, b = f(…)`");
            return None;
        }
        let mut results = Vec::new();
        for (target, kind) in targets.into_iter().zip(returns) {
            results.extend(self.call_target(target, *kind, place));
        }
        Some(StmKind::Call { func, args: args?, results })
    }

    fn call_target(
        &mut self,
        target: &ast::Expr,
        kind: LocalKind,
        span: Span,
    ) -> Option<CallTarget> {
        match kind {
            LocalKind::Scalar(dtype) => {
                let value = Ex::known(ExKind::Poison, dtype, span);
                self.place(target, value).map(|(place, _)| CallTarget::Place(place))
            }
            LocalKind::Array { .. } => {
                let ast::Expr::Name(name) = target else {
                    let place = self.span(target.range());
                    self.error(
                        8,
                        place,
                        "an array bound to something else than a name",
                        "bind arrays to names",
                    );
                    return None;
                };
                let local = self.assigned_name(name, kind)?;
                self.flow.assign(local);
                Some(CallTarget::Array(local))
            }
            LocalKind::Scratch { .. } | LocalKind::Poison => {
                self.place(target, Ex::poison(span));
                None
            }
        }
    }

    /// `target op= value`.
    pub(super) fn augmented(&mut self, assign: &ast::StmtAugAssign) -> Option<StmKind> {
        let span = self.span(assign.range);
        if let ast::Expr::Name(name) = &*assign.target
            && let Some(found) = self.find(&name.id)
            && self.changing.contains_key(&found.local)
        {
            return self.reduce_augmented(found.local, assign);
        }
        match &*assign.target {
            ast::Expr::Name(name) => {
                let before = self.read_name(name);
                let value = self.expr(&assign.value);
                let kind = LocalKind::Scalar(before.dtype());
                if before.is_poison() {
                    return None;
                }
                let result = self.binary(assign.op, before, value, span);
                let local = self.assigned_name(name, kind)?;
                (!result.is_poison()).then(|| StmKind::Assign(vec![(Place::Local(local), result)]))
            }
            ast::Expr::Subscript(subscript) => {
                let place = self.span(subscript.range);
                let element = self.element(subscript);
                let value = self.expr(&assign.value);
                let (array, indices) = element?;
                let dtype = self.element_type(array)?.loaded();
                let before = Ex::known(ExKind::Poison, dtype, place);
                let result = self.binary(assign.op, before, value, span);
                match result.kind {
                    ExKind::Op { op, mut args } if result.ty != Ty::Poison => {
                        let value = args.pop()?;
                        Some(StmKind::Update { array, indices, op, value, span: place })
                    }
                    _ => None,
                }
            }
            other => {
                let place = self.span(other.range());
                let help = match table_op(assign.op) {
                    Some(_) => "assign to a name or an element",
                    None => "write the operation out",
                };
                self.error(4, place, "a target of this form", help);
                None
            }
        }
    }

    /// What an array name is, in words.
    pub(super) fn describe_local(&self, local: LocalId) -> String {
        describe(self.locals[local].kind)
    }
}
