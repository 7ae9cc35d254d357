//! Calls in expressions: casts, ops, atomics, functions with one result (rules 1, 5, 6, 12).

use std::rc::Rc;

use crossover_ir::{AtomicOp, Class, Op, Signature, Span};
use crossover_values::DType;
use ruff_python_ast as ast;
use ruff_text_size::Ranged;

use super::FnCx;
use super::names::describe;
use crate::builtins::{self, Builtin, TypeName};
use crate::literals;
use crate::program::Global;
use crate::typed::{Arg, Ex, ExKind, FuncId, LocalKind, Ty};

impl FnCx<'_, '_> {
    pub(super) fn call(&mut self, call: &ast::ExprCall) -> Ex {
        let span = self.span(call.range());
        let Some(name) = self.called_name(call) else {
            return Ex::poison(span);
        };
        if let Some(func) = self.called_function(name) {
            return self.call_in_expression(func, call, span);
        }
        match builtins::find(&name.id) {
            Some(builtin) => self.builtin(builtin, call, span),
            None => {
                self.unknown_function(name);
                call.arguments.args.iter().for_each(|arg| {
                    self.expr(arg);
                });
                Ex::poison(span)
            }
        }
    }

    /// The name that is called; reports if it is none.
    pub(super) fn called_name<'e>(&mut self, call: &'e ast::ExprCall) -> Option<&'e ast::ExprName> {
        self.only_positional(&call.arguments);
        match &*call.func {
            ast::Expr::Name(name) => Some(name),
            ast::Expr::Attribute(attribute) => {
                let method = attribute.attr.as_str();
                let span = self.span(attribute.range);
                let help = match builtins::find(method) {
                    Some(_) => format!("`{method}` is a builtin: write `{method}(…)`"),
                    None => "call builtins and functions of the file by their names".to_owned(),
                };
                self.error(5, span, format!("a call of `.{method}`"), help);
                None
            }
            other => {
                let span = self.span(other.range());
                self.error(
                    5,
                    span,
                    "a call of something without a name",
                    "call a function by its name",
                );
                None
            }
        }
    }

    /// The function that a name calls, unless a local name or a builtin is meant.
    pub(super) fn called_function(&self, name: &ast::ExprName) -> Option<FuncId> {
        match (self.find(&name.id), self.global(&name.id)) {
            (None, Some(Global::Func(func))) => Some(func),
            _ => None,
        }
    }

    fn unknown_function(&mut self, name: &ast::ExprName) {
        let span = self.span(name.range);
        if self.global(&name.id) == Some(Global::Missing) {
            return;
        }
        if self.find(&name.id).is_some() || self.global(&name.id).is_some() {
            let message = format!("`{}` is no function", name.id);
            self.error(5, span, message, "call a builtin or a function of the file");
            return;
        }
        let message = format!("there is no function `{}`", name.id);
        let help = builtins::instead(&name.id)
            .unwrap_or("docs/LANGUAGE.md lists the builtins; others are defined or imported");
        self.error(5, span, message, help);
    }

    fn builtin(&mut self, builtin: Builtin, call: &ast::ExprCall, span: Span) -> Ex {
        match builtin {
            Builtin::Type(name) => self.cast(name, call, span),
            Builtin::Same(op) => self.op_call(op, call, span),
            Builtin::Bitcast => self.bitcast(call, span),
            Builtin::Atomic(op) => {
                let ex = self.atomic(op, call, span);
                if op == AtomicOp::Store && !ex.is_poison() {
                    self.error(
                        12,
                        span,
                        "the value of `atomic_store`",
                        "it has none; write it as a statement",
                    );
                    return Ex::poison(span);
                }
                ex
            }
            Builtin::Range | Builtin::Prange => {
                self.error(
                    4,
                    span,
                    "a range outside a `for` statement",
                    "write `for i in range(n):`",
                );
                Ex::poison(span)
            }
            Builtin::Zeros | Builtin::Scratch => {
                let help =
                    "write it as the whole right side: `u = zeros(f64, n)`, `t = array(u32, 4)`";
                self.error(8, span, "a new array inside an expression", help);
                Ex::poison(span)
            }
            Builtin::Tuple => {
                self.error(5, span, "`tuple` as a function", "write the values with commas");
                Ex::poison(span)
            }
        }
    }

    /// Reports a wrong number of arguments.
    pub(super) fn count(&mut self, call: &ast::ExprCall, wanted: usize, span: Span) -> bool {
        let given = call.arguments.args.len();
        if given != wanted {
            let name = self.text(call.func.range()).to_owned();
            let message = format!("`{name}` takes {wanted} argument(s) and gets {given}");
            let help = match name.as_str() {
                "min" | "max" => "nest them: `min(a, min(b, c))`",
                _ => "give each argument by position",
            };
            self.error(5, span, message, help);
        }
        given == wanted
    }

    fn op_call(&mut self, op: Op, call: &ast::ExprCall, span: Span) -> Ex {
        let wanted = match op.info().signature {
            Signature::Unary(_) => 1,
            Signature::Ternary(_) => 3,
            Signature::Binary(_)
            | Signature::Shift
            | Signature::Compare(_)
            | Signature::Select
            | Signature::Cast(..)
            | Signature::Bitcast => 2,
        };
        let mut args: Vec<Ex> = call.arguments.args.iter().map(|arg| self.expr(arg)).collect();
        if !self.count(call, wanted, span) || args.iter().any(Ex::is_poison) {
            return Ex::poison(span);
        }
        // Twice, so that literals before the first typed operand meet it too.
        for _ in 0..2 {
            for i in 1..args.len() {
                let (left, right) = args.split_at_mut(i);
                if self.unify(&mut left[i - 1], &mut right[0], span) == Ty::Poison {
                    return Ex::poison(span);
                }
            }
        }
        let float = args.iter().any(|arg| arg.ty == Ty::Float);
        let ty = if float { Ty::Float } else { args[0].ty };
        self.same(op, args, ty, span)
    }

    /// `T(x)`.
    fn cast(&mut self, name: TypeName, call: &ast::ExprCall, span: Span) -> Ex {
        let dtype = self.ck.type_name(name);
        if !self.count(call, 1, span) {
            return Ex::poison(span);
        }
        let mut ex = self.expr(&call.arguments.args[0]);
        if matches!(dtype, DType::U8 | DType::Bool) {
            let help = match dtype {
                DType::U8 => "`u8` exists only as an array element; write `x & 255`",
                _ => "compare: `x != 0`",
            };
            self.error(1, span, format!("a cast to `{dtype}`"), help);
            return Ex::poison(span);
        }
        if let ExKind::Lit(lit) = &ex.kind {
            return match literals::cast(lit, dtype) {
                Ok(value) => Ex::constant(value, span),
                Err((message, help)) => {
                    self.error(2, span, message, help);
                    Ex::poison(span)
                }
            };
        }
        match ex.ty {
            Ty::Poison => Ex::poison(span),
            Ty::Known(from) => match cast_op(from, dtype) {
                Ok(None) => ex,
                Ok(Some(op)) => Ex::known(ExKind::Op { op, args: vec![ex] }, dtype, span),
                Err(help) => {
                    self.error(1, span, format!("a cast from `{from}` to `{dtype}`"), help);
                    Ex::poison(span)
                }
            },
            Ty::Int | Ty::Float => {
                self.resolve(&mut ex, dtype);
                ex
            }
        }
    }

    fn bitcast(&mut self, call: &ast::ExprCall, span: Span) -> Ex {
        if !self.count(call, 2, span) {
            return Ex::poison(span);
        }
        let dtype = self.type_argument(&call.arguments.args[0]);
        let ex = self.value(&call.arguments.args[1]);
        let (Some(dtype), Ty::Known(from)) = (dtype, ex.ty) else {
            return Ex::poison(span);
        };
        let scalar = |dtype| Class::Num.contains(dtype);
        if !scalar(dtype) || !scalar(from) || dtype.size() != from.size() {
            let message = format!("a bitcast from `{from}` to `{dtype}`");
            self.error(6, span, message, "both types must be numbers of the same width");
            return Ex::poison(span);
        }
        Ex::known(ExKind::Op { op: Op::Bitcast, args: vec![ex] }, dtype, span)
    }

    /// `atomic_…(a, i, …)`.
    pub(super) fn atomic(&mut self, op: AtomicOp, call: &ast::ExprCall, span: Span) -> Ex {
        let values = match op {
            AtomicOp::Load => 0,
            AtomicOp::CompareExchange => 2,
            AtomicOp::Add
            | AtomicOp::Min
            | AtomicOp::Max
            | AtomicOp::And
            | AtomicOp::Or
            | AtomicOp::Xor
            | AtomicOp::Exchange
            | AtomicOp::Store => 1,
        };
        let Some((first, rest)) = call.arguments.args.split_first() else {
            self.count(call, 2 + values, span);
            return Ex::poison(span);
        };
        let Some(array) = self.array_name(first) else {
            return Ex::poison(span);
        };
        let rank = self.rank(array);
        if !self.count(call, 1 + rank + values, span) {
            return Ex::poison(span);
        }
        let dtype = match self.locals[array].kind {
            LocalKind::Array { dtype: dtype @ (DType::U32 | DType::I32), .. } => dtype,
            kind => {
                let message = format!("an atomic on {}", describe(kind));
                self.error(12, span, message, "atomics are for arrays of `u32` and `i32`");
                return Ex::poison(span);
            }
        };
        if self.at_host_level() {
            let message = "an atomic outside every prange";
            self.error(12, span, message, "outside a prange a plain assignment does");
            return Ex::poison(span);
        }
        let (indices, args) = rest.split_at(rank);
        let indices: Vec<Ex> = indices.iter().map(|index| self.index(index)).collect();
        let mut typed = Vec::new();
        for arg in args {
            let ex = self.expr(arg);
            typed.push(self.expect(ex, dtype, "the array"));
        }
        if indices.iter().chain(&typed).any(Ex::is_poison) {
            return Ex::poison(span);
        }
        Ex::known(ExKind::Atomic { op, array, indices, args: typed }, dtype, span)
    }

    fn call_in_expression(&mut self, func: FuncId, call: &ast::ExprCall, span: Span) -> Ex {
        let args = self.arguments(func, call, span);
        let signature = Rc::clone(&self.ck.signatures[func]);
        let decl = &self.ck.program.funcs[func];
        let name = &decl.name;
        if decl.host {
            let message = format!("a call of the host function `{name}` inside an expression");
            let help = "at host level write the call as the whole right side: `x = f(…)`; \
                        in a prange call functions without prange and zeros";
            self.error(9, span, message, help);
            return Ex::poison(span);
        }
        match (signature.returns.as_slice(), args) {
            ([LocalKind::Scalar(dtype)], Some(args)) => {
                Ex::known(ExKind::Call { func, args }, *dtype, span)
            }
            ([_], _) => Ex::poison(span),
            (returns, _) => {
                let message =
                    format!("`{name}` has {} results and is used as one value", returns.len());
                self.error(5, span, message, "unpack its results at once: `a, b = f(…)`");
                Ex::poison(span)
            }
        }
    }

    /// Checks the arguments of a call of a function; `None` after an error.
    pub(super) fn arguments(
        &mut self,
        func: FuncId,
        call: &ast::ExprCall,
        span: Span,
    ) -> Option<Vec<Arg>> {
        let signature = Rc::clone(&self.ck.signatures[func]);
        let params = &signature.params;
        if !self.count(call, params.len(), span) {
            return None;
        }
        let mut args = Vec::new();
        let mut good = true;
        for ((name, kind, _), expr) in params.iter().zip(&call.arguments.args) {
            match self.argument(name, *kind, expr) {
                Some(arg) => args.push(arg),
                None => good = false,
            }
        }
        good.then_some(args)
    }

    fn argument(&mut self, name: &str, kind: LocalKind, expr: &ast::Expr) -> Option<Arg> {
        let span = self.span(expr.range());
        match kind {
            LocalKind::Scalar(dtype) => {
                let ex = self.expr(expr);
                let ex = self.expect(ex, dtype, format_args!("the parameter `{name}`"));
                (!ex.is_poison()).then_some(Arg::Scalar(ex))
            }
            LocalKind::Array { dtype, rank } => {
                let array = self.array_name(expr)?;
                let given = self.locals[array].kind;
                let same = match given {
                    LocalKind::Array { .. } => given == kind,
                    LocalKind::Scratch { dtype: element, .. } => element == dtype && rank == 1,
                    LocalKind::Scalar(_) | LocalKind::Poison => false,
                };
                if !same {
                    let message = format!(
                        "{} for the parameter `{name}`, which is {}",
                        describe(given),
                        describe(kind)
                    );
                    self.error(1, span, message, "give an array of that type");
                    return None;
                }
                Some(Arg::Array(array))
            }
            LocalKind::Scratch { .. } | LocalKind::Poison => {
                self.expr(expr);
                None
            }
        }
    }
}

/// The op of a cast; `None` for one to the same type.
fn cast_op(from: DType, to: DType) -> Result<Option<Op>, &'static str> {
    if from == to {
        return Ok(None);
    }
    match (Class::Bits.contains(from), to.is_float()) {
        (_, true) if from == DType::Bool => Err("cast to an integer first: `f64(i32(b))`"),
        (_, true) => Ok(Some(Op::CastNearest)),
        (true, false) => Ok(Some(Op::CastWrap)),
        (false, false) => Ok(Some(Op::CastTrap)),
    }
}
