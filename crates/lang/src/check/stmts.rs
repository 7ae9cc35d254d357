//! Statements and loops (rules 4, 5, 9, 13).

use crossover_ir::Span;
use crossover_values::DType;
use ruff_python_ast as ast;
use ruff_text_size::Ranged;

use super::flow::Flow;
use super::{FnCx, LoopFrame, Scope};
use crate::builtins::{self, Builtin};
use crate::typed::{Arg, Ex, ExKind, FuncId, LocalKind, Ret, Stm, StmKind, Ty};

/// Bounds and step of a loop.
struct Range {
    lo: Ex,
    hi: Ex,
    step: i64,
    dtype: Option<DType>,
}

impl FnCx<'_, '_> {
    /// The body of a function; reports a path that ends without its results.
    pub(super) fn function_body(&mut self, def: &ast::StmtFunctionDef) -> Vec<Stm> {
        let body = match def.body.split_first() {
            Some((ast::Stmt::Expr(first), rest)) if first.value.is_string_literal_expr() => rest,
            _ => &def.body,
        };
        let body = self.block(body);
        if self.flow.is_reachable() && !self.returns.is_empty() {
            let span = self.span(def.name.range);
            let message = format!("a path through `{}` ends without `return`", def.name.id);
            self.error(5, span, message, "return the results on every path");
        }
        body
    }

    pub(super) fn block(&mut self, body: &[ast::Stmt]) -> Vec<Stm> {
        body.iter().filter_map(|stmt| self.statement(stmt)).collect()
    }

    fn statement(&mut self, stmt: &ast::Stmt) -> Option<Stm> {
        let span = self.span(stmt.range());
        let kind = match stmt {
            ast::Stmt::Assign(assign) => match self.reduce_assigned(assign) {
                Some(reduced) => reduced,
                None => self.assign(assign),
            },
            ast::Stmt::AnnAssign(assign) => self.annotated(assign),
            ast::Stmt::AugAssign(assign) => self.augmented(assign),
            ast::Stmt::If(branch) => match self.reduce_guarded(branch) {
                Some(reduced) => reduced,
                None => self.branch(branch),
            },
            ast::Stmt::While(repeat) => self.while_loop(repeat),
            ast::Stmt::For(repeat) => self.for_loop(repeat),
            ast::Stmt::Break(_) => self.leave_loop(span),
            ast::Stmt::Continue(_) => self.next_iteration(span),
            ast::Stmt::Return(value) => self.return_values(value, span),
            ast::Stmt::Expr(expr) => self.effect(&expr.value, span),
            ast::Stmt::Pass(_) => None,
            other => {
                let (found, help) = describe_unsupported(other);
                self.error(4, span, found, help);
                None
            }
        };
        kind.map(|kind| Stm { kind, span })
    }

    fn branch(&mut self, branch: &ast::StmtIf) -> Option<StmKind> {
        let cond = self.condition(&branch.test);
        self.branches(cond, &branch.body, &branch.elif_else_clauses)
    }

    fn branches(
        &mut self,
        cond: Ex,
        body: &[ast::Stmt],
        clauses: &[ast::ElifElseClause],
    ) -> Option<StmKind> {
        let before = self.flow.clone();
        let then = self.block(body);
        let after_then = std::mem::replace(&mut self.flow, before);
        let otherwise = match clauses.split_first() {
            None => Vec::new(),
            Some((clause, rest)) => match &clause.test {
                None => self.block(&clause.body),
                Some(test) => {
                    let span = self.span(test.range());
                    let cond = self.condition(test);
                    let kind = self.branches(cond, &clause.body, rest);
                    kind.map(|kind| Stm { kind, span }).into_iter().collect()
                }
            },
        };
        let after_else = std::mem::replace(&mut self.flow, Flow::unreachable());
        self.flow = after_then.join(after_else);
        Some(StmKind::If { cond, then, otherwise })
    }

    fn while_loop(&mut self, repeat: &ast::StmtWhile) -> Option<StmKind> {
        self.no_else(&repeat.orelse);
        let endless = matches!(&*repeat.test, ast::Expr::BooleanLiteral(literal) if literal.value);
        let cond = if endless { None } else { Some(self.condition(&repeat.test)) };
        let exit = if endless { Flow::unreachable() } else { self.flow.clone() };
        self.loops.push(LoopFrame { prange: false, breaks: Flow::unreachable() });
        let body = self.block(&repeat.body);
        let breaks = self.loops.pop().map_or(Flow::unreachable(), |frame| frame.breaks);
        self.flow = exit.join(breaks);
        Some(StmKind::While { cond, body })
    }

    fn no_else(&mut self, orelse: &[ast::Stmt]) {
        if let Some(first) = orelse.first() {
            let span = self.span(first.range());
            self.error(
                4,
                span,
                "the `else` of a loop",
                "set a `bool` in the loop and test it after",
            );
        }
    }

    fn for_loop(&mut self, repeat: &ast::StmtFor) -> Option<StmKind> {
        self.no_else(&repeat.orelse);
        let span = self.span(repeat.range);
        if repeat.is_async {
            self.error(4, span, "an `async` loop", "write `for`");
        }
        let (prange, call) = self.loop_kind(&repeat.iter)?;
        let range = self.range(call);
        if prange { self.prange_body(repeat, range) } else { self.range_body(repeat, range) }
    }

    /// Whether the loop is a prange, and its range; `None` after an error.
    fn loop_kind<'e>(&mut self, iter: &'e ast::Expr) -> Option<(bool, &'e ast::ExprCall)> {
        let span = self.span(iter.range());
        if let ast::Expr::Call(call) = iter
            && let ast::Expr::Name(name) = &*call.func
        {
            match builtins::find(&name.id) {
                Some(Builtin::Range) => return Some((false, call)),
                Some(Builtin::Prange) => return Some((true, call)),
                _ => {}
            }
        }
        self.error(
            4,
            span,
            "a loop over something else than a range",
            "write `for i in range(n):` and name elements `a[i]`",
        );
        None
    }

    fn range(&mut self, call: &ast::ExprCall) -> Range {
        let span = self.span(call.range());
        self.only_positional(&call.arguments);
        let args = &call.arguments.args;
        let zero = |span: Span| Ex {
            kind: ExKind::Lit(crate::literals::Lit::Int(0.into())),
            ty: Ty::Int,
            span,
        };
        let (mut lo, mut hi) = match &**args {
            [hi] => (zero(span), self.expr(hi)),
            [lo, hi] | [lo, hi, _] => (self.expr(lo), self.expr(hi)),
            _ => {
                self.error(
                    4,
                    span,
                    "a range without bounds or with too many",
                    "write `range(n)`, `range(a, b)` or `range(a, b, step)`",
                );
                (Ex::poison(span), Ex::poison(span))
            }
        };
        let step = args.get(2).map_or(Some(1), |step| self.step(step));
        self.unify(&mut lo, &mut hi, span);
        let (lo, hi) = (self.default(lo), self.default(hi));
        let dtype = match (lo.ty, hi.ty) {
            (Ty::Known(lo), Ty::Known(hi)) if lo == hi && lo.is_int() => Some(lo),
            (Ty::Known(dtype), Ty::Known(_)) => {
                if !dtype.is_int() {
                    self.error(
                        4,
                        span,
                        format!("a range of `{dtype}`"),
                        "the bounds of a range are integers",
                    );
                }
                None
            }
            _ => None,
        };
        Range { lo, hi, step: step.unwrap_or(1), dtype }
    }

    /// The step: a constant that is not zero.
    fn step(&mut self, expr: &ast::Expr) -> Option<i64> {
        let ex = self.value(expr);
        let value = self.constant_value(&ex)?.as_integer();
        match value.and_then(|value| i64::try_from(value).ok()) {
            Some(0) | None => {
                self.error(
                    4,
                    ex.span,
                    "a step that is zero or no integer",
                    "the step is an integer constant other than 0",
                );
                None
            }
            step => step,
        }
    }

    fn range_body(&mut self, repeat: &ast::StmtFor, range: Range) -> Option<StmKind> {
        let kind = range.dtype.map_or(LocalKind::Poison, LocalKind::Scalar);
        let shadowed = self.shadowed(&repeat.target);
        let before = self.flow.clone();
        let (var, _) = self.loop_variable(&repeat.target, kind);
        self.loops.push(LoopFrame { prange: false, breaks: Flow::unreachable() });
        let body = self.block(&repeat.body);
        self.loops.pop();
        self.end_loop_variable(var, shadowed);
        // The loop may run zero times, and a break can only have assigned more.
        self.flow = before;
        let Range { lo, hi, step, .. } = range;
        Some(StmKind::For { var, lo, hi, step, body, prange: None })
    }

    fn shadowed(&self, target: &ast::Expr) -> Option<usize> {
        let ast::Expr::Name(name) = target else { return None };
        self.scopes.last()?.names.get(name.id.as_str()).copied()
    }

    fn prange_body(&mut self, repeat: &ast::StmtFor, range: Range) -> Option<StmKind> {
        let kind = range.dtype.map_or(LocalKind::Poison, LocalKind::Scalar);
        let before = self.flow.clone();
        let registered = self.enter_reductions(&repeat.body);
        self.scopes.push(Scope::default());
        let (var, _) = self.loop_variable(&repeat.target, kind);
        self.loops.push(LoopFrame { prange: true, breaks: Flow::unreachable() });
        let body = self.block(&repeat.body);
        self.loops.pop();
        self.scopes.pop();
        self.flow = before;
        let place = self.span(repeat.iter.range());
        let reductions = self.leave_reductions(registered, place);
        let Range { lo, hi, step, .. } = range;
        Some(StmKind::For { var, lo, hi, step, body, prange: Some(reductions) })
    }

    fn leave_loop(&mut self, span: Span) -> Option<StmKind> {
        match self.loops.last_mut() {
            None => self.error(4, span, "`break` outside a loop", "remove it"),
            Some(frame) if frame.prange => {
                self.error(
                    13,
                    span,
                    "`break` out of a prange",
                    "iterations are independent; `continue` ends one",
                );
            }
            Some(frame) => {
                let flow = std::mem::replace(&mut self.flow, Flow::unreachable());
                let breaks = std::mem::replace(&mut frame.breaks, Flow::unreachable());
                frame.breaks = breaks.join(flow);
            }
        }
        self.flow = Flow::unreachable();
        Some(StmKind::Break)
    }

    fn next_iteration(&mut self, span: Span) -> Option<StmKind> {
        let innermost = self.loops.last().map(|frame| frame.prange);
        if innermost.is_none() {
            self.error(4, span, "`continue` outside a loop", "remove it");
        }
        self.flow = Flow::unreachable();
        Some(StmKind::Continue { ends_iteration: innermost.unwrap_or(false) })
    }

    fn return_values(&mut self, stmt: &ast::StmtReturn, span: Span) -> Option<StmKind> {
        if self.in_prange() {
            self.error(
                13,
                span,
                "`return` inside a prange",
                "`continue` ends an iteration; return after the loop",
            );
        }
        let parts: Vec<&ast::Expr> = match stmt.value.as_deref() {
            None | Some(ast::Expr::NoneLiteral(_)) => Vec::new(),
            Some(ast::Expr::Tuple(tuple)) => tuple.elts.iter().collect(),
            Some(single) => vec![single],
        };
        let returns = self.returns.clone();
        let mut values = Vec::new();
        if parts.len() != returns.len() {
            let message =
                format!("{} value(s) returned where {} are declared", parts.len(), returns.len());
            let help = match parts[..] {
                [ast::Expr::Call(_)] if returns.len() > 1 => {
                    "name what the call returns, `a, b = f(…)`, and return the names"
                }
                _ => "declare them: `-> T`, `-> tuple[T, …]`, or nothing",
            };
            self.error(5, span, message, help);
        } else {
            for (part, kind) in parts.iter().zip(returns) {
                values.extend(self.return_value(part, kind));
            }
        }
        self.flow = Flow::unreachable();
        Some(StmKind::Return(values))
    }

    fn return_value(&mut self, part: &ast::Expr, kind: LocalKind) -> Option<Ret> {
        match kind {
            LocalKind::Scalar(dtype) => {
                let ex = self.expr(part);
                Some(Ret::Scalar(self.expect(ex, dtype, "the result")))
            }
            LocalKind::Array { .. } => {
                let span = self.span(part.range());
                let array = self.array_name(part)?;
                if self.locals[array].kind != kind {
                    let message = format!("{} is returned", self.describe_local(array));
                    self.error(1, span, message, "return an array of the declared type");
                    return None;
                }
                Some(Ret::Array(array, span))
            }
            LocalKind::Scratch { .. } | LocalKind::Poison => {
                self.expr(part);
                None
            }
        }
    }

    /// An expression as a statement: a call for its effect.
    fn effect(&mut self, expr: &ast::Expr, span: Span) -> Option<StmKind> {
        let ast::Expr::Call(call) = expr else {
            let help =
                "a statement assigns, calls, loops, branches or returns; a docstring stands first";
            self.error(4, span, "a value that nothing uses", help);
            return None;
        };
        let name = self.called_name(call)?;
        if let Some(func) = self.called_function(name) {
            let args = self.call_statement(func, call, span);
            return Some(StmKind::Call { func, args: args?, results: Vec::new() });
        }
        if let Some(Builtin::Atomic(op)) = builtins::find(&name.id) {
            let ex = self.atomic(op, call, span);
            return (!ex.is_poison()).then_some(StmKind::Do(ex));
        }
        if builtins::find(&name.id).is_some() {
            self.error(4, span, "a value that nothing uses", "assign it to a name");
            return None;
        }
        self.call(call);
        None
    }

    /// The arguments of a call that stands alone, of a function of either level.
    pub(super) fn call_statement(
        &mut self,
        func: FuncId,
        call: &ast::ExprCall,
        span: Span,
    ) -> Option<Vec<Arg>> {
        let args = self.arguments(func, call, span);
        if self.ck.program.funcs[func].host && !self.at_host_level() {
            let name = &self.ck.program.funcs[func].name;
            let message = format!("a call of the host function `{name}` inside a prange");
            self.error(
                9,
                span,
                message,
                "functions with a prange or `zeros` are called outside every prange",
            );
            return None;
        }
        args
    }
}

fn describe_unsupported(stmt: &ast::Stmt) -> (&'static str, &'static str) {
    match stmt {
        ast::Stmt::FunctionDef(_) => ("a function inside a function", "define it at module level"),
        ast::Stmt::ClassDef(_) => ("a class", "use arrays and functions"),
        ast::Stmt::Delete(_) => ("`del`", "leave it out; arrays live as long as they are named"),
        ast::Stmt::TypeAlias(_) => ("a type alias", "write the type"),
        ast::Stmt::With(_) => ("`with`", "leave it out"),
        ast::Stmt::Match(_) => ("`match`", "write `if`, `elif` and `else`"),
        ast::Stmt::Raise(_) | ast::Stmt::Try(_) => {
            ("an exception", "return a status; run-time errors end the kernel")
        }
        ast::Stmt::Assert(_) => ("`assert`", "write an `if` and return a status"),
        ast::Stmt::Import(_) | ast::Stmt::ImportFrom(_) => {
            ("an import inside a function", "import at the top of the file")
        }
        ast::Stmt::Global(_) | ast::Stmt::Nonlocal(_) => {
            ("`global` or `nonlocal`", "pass values as parameters and results")
        }
        ast::Stmt::IpyEscapeCommand(_) => ("a notebook command", "remove it"),
        ast::Stmt::Return(_)
        | ast::Stmt::Assign(_)
        | ast::Stmt::AugAssign(_)
        | ast::Stmt::AnnAssign(_)
        | ast::Stmt::For(_)
        | ast::Stmt::While(_)
        | ast::Stmt::If(_)
        | ast::Stmt::Expr(_)
        | ast::Stmt::Pass(_)
        | ast::Stmt::Break(_)
        | ast::Stmt::Continue(_) => {
            ("a statement of this form", "write it with simpler statements")
        }
    }
}
