//! Types as they are written: parameters, returns, annotations (rules 1 and 5).

use std::collections::BTreeSet;
use std::rc::Rc;

use crossover_values::DType;
use ruff_python_ast as ast;
use ruff_text_size::Ranged;

use super::{Checker, FnCx, FuncSignature};
use crate::builtins::{self, Builtin, TypeName};
use crate::program::bad_name;
use crate::typed::LocalKind;

impl Checker<'_> {
    /// Reads the signature of every function.
    pub(super) fn signatures(&mut self) {
        let program = self.program;
        for (id, decl) in program.funcs.iter().enumerate() {
            let signature = match program.def(id) {
                Some(def) => self.constant_context(decl.file).signature(def, decl.host),
                None => FuncSignature::default(),
            };
            self.signatures.push(Rc::new(signature));
        }
    }

    /// The type that a name stands for in this instance.
    pub(super) fn type_name(&self, name: TypeName) -> DType {
        match name {
            TypeName::Fixed(dtype) => dtype,
            TypeName::Real => self.real,
        }
    }
}

impl FnCx<'_, '_> {
    fn signature(&mut self, def: &ast::StmtFunctionDef, host: bool) -> FuncSignature {
        self.plain_definition(def);
        let mut names = BTreeSet::new();
        let mut params = Vec::new();
        let all = def.parameters.posonlyargs.iter().chain(&def.parameters.args);
        for parameter in all {
            let name = parameter.parameter.name.id.as_str();
            let span = self.span(parameter.parameter.name.range);
            if let Some(default) = &parameter.default {
                let place = self.span(default.range());
                self.error(5, place, "a default value", "give every argument in the call");
            }
            let taken = self.global(name).map(|_| format!("`{name}` is also a name of the file"));
            if let Some(message) = bad_name(name).or(taken) {
                self.error(3, span, message, "choose another name");
            } else if !names.insert(name) {
                self.error(
                    3,
                    span,
                    format!("two parameters are called `{name}`"),
                    "choose another name",
                );
            }
            let kind = match &parameter.parameter.annotation {
                Some(annotation) => self.annotation(annotation),
                None => {
                    let help = format!("write `{name}: i32`, `{name}: real[:]`, …");
                    self.error(1, span, format!("the parameter `{name}` has no type"), help);
                    None
                }
            };
            params.push((name.to_owned(), kind.unwrap_or(LocalKind::Poison), span));
        }
        let returns = match &def.returns {
            Some(returns) => self.return_types(returns, host),
            None => Vec::new(),
        };
        FuncSignature { params, returns }
    }

    /// Reports what a definition may not have.
    fn plain_definition(&mut self, def: &ast::StmtFunctionDef) {
        if let Some(decorator) = def.decorator_list.first() {
            let span = self.span(decorator.range);
            self.error(
                5,
                span,
                "a decorator",
                "leave it out; entries are named where the file is used",
            );
        }
        let span = self.span(def.name.range);
        if def.is_async {
            self.error(5, span, "an `async` function", "write `def`");
        }
        if def.type_params.is_some() {
            self.error(5, span, "type parameters", "the one generic type is `real`");
        }
        let parameters = &def.parameters;
        let variadic = parameters.vararg.iter().chain(&parameters.kwarg);
        let odd = variadic.map(|parameter| parameter.range);
        let named = parameters.kwonlyargs.iter().map(|parameter| parameter.parameter.range);
        let places: Vec<_> = odd.chain(named).collect();
        for range in places {
            let span = self.span(range);
            self.error(
                5,
                span,
                "a starred or named-only parameter",
                "list the parameters one by one",
            );
        }
    }

    fn return_types(&mut self, returns: &ast::Expr, host: bool) -> Vec<LocalKind> {
        match returns {
            ast::Expr::NoneLiteral(_) => Vec::new(),
            ast::Expr::Subscript(subscript) if is_tuple(&subscript.value) => {
                let parts: &[ast::Expr] = match &*subscript.slice {
                    ast::Expr::Tuple(tuple) => &tuple.elts,
                    single => std::slice::from_ref(single),
                };
                parts.iter().map(|part| self.return_type(part, host)).collect()
            }
            single => vec![self.return_type(single, host)],
        }
    }

    fn return_type(&mut self, expr: &ast::Expr, host: bool) -> LocalKind {
        let kind = self.annotation(expr).unwrap_or(LocalKind::Poison);
        if matches!(kind, LocalKind::Array { .. }) && !host {
            let span = self.span(expr.range());
            self.error(
                5,
                span,
                "an array as the result of a lane function",
                "take the array as a parameter and write to it",
            );
            return LocalKind::Poison;
        }
        kind
    }

    /// The kind that a type annotation names; `None` after an error.
    pub(super) fn annotation(&mut self, expr: &ast::Expr) -> Option<LocalKind> {
        let span = self.span(expr.range());
        match expr {
            ast::Expr::Name(_) => {
                let dtype = self.type_argument(expr)?;
                if dtype == DType::U8 {
                    self.error(
                        1,
                        span,
                        "`u8` outside an array",
                        "`u8` exists only as an array element; write `u32`",
                    );
                    return None;
                }
                Some(LocalKind::Scalar(dtype))
            }
            ast::Expr::Subscript(subscript) if !is_tuple(&subscript.value) => {
                let dtype = self.type_argument(&subscript.value)?;
                match axes(&subscript.slice) {
                    Some(rank) => Some(LocalKind::Array { dtype, rank }),
                    None => {
                        let help = format!("write `{dtype}[:]` or `{dtype}[:, :]`");
                        self.error(1, span, "an array type of another form", help);
                        None
                    }
                }
            }
            _ => {
                let help =
                    "types are `bool i32 u32 i64 u64 f32 f64 real`, and arrays `T[:]`, `T[:, :]`";
                self.error(1, span, "no type of the language", help);
                None
            }
        }
    }

    /// The element type that an expression names.
    pub(super) fn type_argument(&mut self, expr: &ast::Expr) -> Option<DType> {
        let span = self.span(expr.range());
        if let ast::Expr::Name(name) = expr
            && let Some(Builtin::Type(name)) = builtins::find(&name.id)
        {
            return Some(self.ck.type_name(name));
        }
        let help = match expr {
            ast::Expr::Name(name) => builtins::instead(&name.id),
            _ => None,
        };
        let help =
            help.unwrap_or("types are `bool i32 u32 i64 u64 f32 f64 real`, and `u8` in arrays");
        self.error(1, span, "no type of the language", help);
        None
    }
}

fn is_tuple(expr: &ast::Expr) -> bool {
    matches!(expr, ast::Expr::Name(name) if name.id.as_str() == "tuple")
}

/// Number of axes of `[:]` or `[:, :]`.
fn axes(slice: &ast::Expr) -> Option<u32> {
    let whole = |expr: &ast::Expr| match expr {
        ast::Expr::Slice(slice) => {
            slice.lower.is_none() && slice.upper.is_none() && slice.step.is_none()
        }
        _ => false,
    };
    match slice {
        ast::Expr::Tuple(tuple) if tuple.elts.len() == 2 && tuple.elts.iter().all(whole) => Some(2),
        single if whole(single) => Some(1),
        _ => None,
    }
}
