//! Expressions: names, literals, elements, conditions; what Python has and kernels do not.

use crossover_ir::Op;
use crossover_values::DType;
use ruff_python_ast as ast;
use ruff_text_size::{Ranged, TextRange};

use super::FnCx;
use crate::literals::{self, Lit};
use crate::typed::{Ex, ExKind, LocalId, LocalKind, Ty, article};

impl FnCx<'_, '_> {
    /// Checks an expression; literals may still be without a type.
    pub(super) fn expr(&mut self, expr: &ast::Expr) -> Ex {
        match expr {
            ast::Expr::Name(name) => self.read_name(name),
            ast::Expr::NumberLiteral(number) => self.number(number),
            ast::Expr::BooleanLiteral(literal) => {
                let value = crossover_values::Scalar::Bool(literal.value);
                Ex::constant(value, self.span(literal.range))
            }
            ast::Expr::BinOp(_) => self.operator_chain(expr),
            ast::Expr::UnaryOp(unary) => self.unary(unary),
            ast::Expr::BoolOp(logic) => self.logic(logic),
            ast::Expr::Compare(compare) => self.compare(compare),
            ast::Expr::If(conditional) => self.conditional(conditional),
            ast::Expr::Subscript(subscript) => self.subscript(subscript),
            ast::Expr::Call(call) => self.call(call),
            ast::Expr::Attribute(attribute) => self.attribute(attribute),
            _ => self.unsupported(expr),
        }
    }

    /// An expression whose literals have found their type.
    pub(super) fn value(&mut self, expr: &ast::Expr) -> Ex {
        let ex = self.expr(expr);
        self.default(ex)
    }

    fn number(&mut self, number: &ast::ExprNumberLiteral) -> Ex {
        let span = self.span(number.range);
        let (lit, ty) = match &number.value {
            ast::Number::Float(value) if value.is_finite() => (Ok(Lit::Float(*value)), Ty::Float),
            ast::Number::Float(_) => {
                (Err("a float literal out of the range of `f64`".to_owned()), Ty::Poison)
            }
            ast::Number::Complex { .. } => (Err("a complex number".to_owned()), Ty::Poison),
            ast::Number::Int(value) => match value.as_u64() {
                Some(value) => (Ok(Lit::Int(value.into())), Ty::Int),
                None => (literals::parse_int(self.text(number.range)), Ty::Int),
            },
        };
        match lit {
            Ok(lit) => Ex { kind: ExKind::Lit(lit), ty, span },
            Err(message) => {
                self.error(2, span, message, "the types are integers, `f32`, `f64` and `bool`");
                Ex::poison(span)
            }
        }
    }

    /// An expression that must be a `bool`.
    pub(super) fn condition(&mut self, expr: &ast::Expr) -> Ex {
        let ex = self.expr(expr);
        match ex.ty {
            Ty::Known(DType::Bool) | Ty::Poison => ex,
            ty => {
                let found = match ty {
                    Ty::Known(dtype) => article(dtype),
                    _ => "a number".to_owned(),
                };
                self.error(4, ex.span, format!("{found} as a condition"), "compare it: `x != 0`");
                Ex::poison(ex.span)
            }
        }
    }

    fn logic(&mut self, logic: &ast::ExprBoolOp) -> Ex {
        let span = self.span(logic.range);
        let terms: Vec<Ex> = logic.values.iter().map(|value| self.condition(value)).collect();
        if terms.iter().any(Ex::is_poison) {
            return Ex::poison(span);
        }
        let and = logic.op == ast::BoolOp::And;
        Ex::known(ExKind::Logic { and, terms }, DType::Bool, span)
    }

    fn conditional(&mut self, conditional: &ast::ExprIf) -> Ex {
        let span = self.span(conditional.range);
        let cond = self.condition(&conditional.test);
        let mut then = self.expr(&conditional.body);
        let mut otherwise = self.expr(&conditional.orelse);
        let ty = self.unify(&mut then, &mut otherwise, span);
        if ty == Ty::Poison || cond.is_poison() {
            return Ex::poison(span);
        }
        let [cond, then, otherwise] = [cond, then, otherwise].map(Box::new);
        Ex { kind: ExKind::If { cond, then, otherwise }, ty, span }
    }

    fn subscript(&mut self, subscript: &ast::ExprSubscript) -> Ex {
        let span = self.span(subscript.range);
        if let ast::Expr::Attribute(attribute) = &*subscript.value
            && attribute.attr.as_str() == "shape"
        {
            return self.extent(attribute, &subscript.slice, span);
        }
        let Some((array, indices)) = self.element(subscript) else {
            return Ex::poison(span);
        };
        match self.element_type(array) {
            Some(dtype) => Ex::known(ExKind::Load { array, indices }, dtype.loaded(), span),
            None => Ex::poison(span),
        }
    }

    /// The element type of an array name.
    pub(super) fn element_type(&self, array: LocalId) -> Option<DType> {
        match self.locals[array].kind {
            LocalKind::Array { dtype, .. } | LocalKind::Scratch { dtype, .. } => Some(dtype),
            LocalKind::Scalar(_) | LocalKind::Poison => None,
        }
    }

    /// Number of axes of an array name.
    pub(super) fn rank(&self, array: LocalId) -> usize {
        match self.locals[array].kind {
            LocalKind::Array { rank, .. } => rank as usize,
            LocalKind::Scratch { .. } | LocalKind::Scalar(_) | LocalKind::Poison => 1,
        }
    }

    /// Array and indices of `a[i]` or `a[i, j]`; `None` after an error.
    pub(super) fn element(&mut self, subscript: &ast::ExprSubscript) -> Option<(LocalId, Vec<Ex>)> {
        let span = self.span(subscript.range);
        if let ast::Expr::Subscript(inner) = &*subscript.value
            && inner.value.is_name_expr()
        {
            self.error(1, span, "an element of a row", "write both indices at once: `a[i, j]`");
            return None;
        }
        let array = self.array_name(&subscript.value);
        let parts: &[ast::Expr] = match &*subscript.slice {
            ast::Expr::Tuple(tuple) => &tuple.elts,
            single => std::slice::from_ref(single),
        };
        let indices: Vec<Ex> = parts.iter().map(|part| self.index(part)).collect();
        let array = array?;
        let (rank, given) = (self.rank(array), indices.len());
        if rank != given {
            let name = self.locals[array].name.clone();
            let message =
                format!("`{name}` has {rank} {} and gets {given}", plural(rank, "axis", "axes"));
            let help = if rank == 1 {
                format!("write `{name}[i]`")
            } else {
                format!("write `{name}[i, j]`")
            };
            self.error(1, span, message, help);
            return None;
        }
        if indices.iter().any(Ex::is_poison) { None } else { Some((array, indices)) }
    }

    /// An index: of any integer type.
    pub(super) fn index(&mut self, expr: &ast::Expr) -> Ex {
        if let ast::Expr::Slice(slice) = expr {
            let span = self.span(slice.range);
            self.error(1, span, "a slice", "name one element, or write a loop over them");
            return Ex::poison(span);
        }
        let ex = self.value(expr);
        match ex.ty {
            Ty::Known(dtype) if !dtype.is_int() => {
                let message = format!("an index of type `{dtype}`");
                self.error(1, ex.span, message, "an index is an integer; cast it: `i32(…)`");
                Ex::poison(ex.span)
            }
            _ => ex,
        }
    }

    fn extent(
        &mut self,
        attribute: &ast::ExprAttribute,
        axis: &ast::Expr,
        span: crossover_ir::Span,
    ) -> Ex {
        let Some(array) = self.array_name(&attribute.value) else {
            return Ex::poison(span);
        };
        let rank = self.rank(array);
        let number = match axis {
            ast::Expr::NumberLiteral(number) => match &number.value {
                ast::Number::Int(value) => value
                    .as_u64()
                    .and_then(|axis| u32::try_from(axis).ok())
                    .filter(|axis| (*axis as usize) < rank),
                ast::Number::Float(_) | ast::Number::Complex { .. } => None,
            },
            _ => None,
        };
        match number {
            Some(axis) => self.extent_of(array, axis, span),
            None => {
                let last = rank - 1;
                let message = "an axis that is no literal or does not exist";
                self.error(1, span, message, format!("this array has the axes 0 to {last}"));
                Ex::poison(span)
            }
        }
    }

    /// The extent of an axis, an `i32`.
    pub(super) fn extent_of(&self, array: LocalId, axis: u32, span: crossover_ir::Span) -> Ex {
        if let LocalKind::Scratch { len, .. } = self.locals[array].kind {
            // At most 1,024.
            let value = crossover_values::Scalar::I32(len as i32);
            return Ex::constant(value, span);
        }
        Ex::known(ExKind::Extent { array, axis }, DType::I32, span)
    }

    fn attribute(&mut self, attribute: &ast::ExprAttribute) -> Ex {
        let span = self.span(attribute.range);
        match attribute.attr.as_str() {
            "shape" => self.error(
                1,
                span,
                "the whole shape as a number",
                "name an axis, `a.shape[0]`, or unpack: `h, w = a.shape`",
            ),
            other => {
                let message = format!("the attribute `.{other}`");
                let help = match crate::builtins::find(other) {
                    Some(_) => format!("`{other}` is a builtin: write `{other}(…)`"),
                    None => "arrays have `.shape` and nothing else".to_owned(),
                };
                self.error(1, span, message, help);
            }
        }
        Ex::poison(span)
    }

    fn compare(&mut self, compare: &ast::ExprCompare) -> Ex {
        let span = self.span(compare.range);
        let mut ops = Vec::new();
        for op in &compare.ops {
            match comparison(*op) {
                Some(op) => ops.push(op),
                None => {
                    let message = format!("the operator `{}`", op.as_str());
                    self.error(4, span, message, "write `==`, `!=` or a loop");
                }
            }
        }
        let all = std::iter::once(&*compare.left).chain(&compare.comparators);
        let mut terms: Vec<Ex> = all.map(|term| self.expr(term)).collect();
        if ops.len() != compare.ops.len() || terms.iter().any(Ex::is_poison) {
            return Ex::poison(span);
        }
        if let Some(known) = compare_literals(&ops, &terms) {
            return Ex::constant(crossover_values::Scalar::Bool(known), span);
        }
        if !self.unify_terms(&mut terms, span) {
            return Ex::poison(span);
        }
        let ordered = ops.iter().any(|op| !matches!(op, Op::Eq | Op::Ne));
        if ordered && terms[0].ty == Ty::Known(DType::Bool) {
            self.error(
                4,
                span,
                "an order of `bool` values",
                "write `==`, `!=`, `and`, `or`, `not`",
            );
            return Ex::poison(span);
        }
        match ops.as_slice() {
            [op] => Ex::known(ExKind::Op { op: *op, args: terms }, DType::Bool, span),
            _ => Ex::known(ExKind::Chain { ops, terms }, DType::Bool, span),
        }
    }

    /// Gives all terms of a comparison one type.
    fn unify_terms(&mut self, terms: &mut [Ex], span: crossover_ir::Span) -> bool {
        let typed = terms.iter().position(|term| matches!(term.ty, Ty::Known(_)));
        let mut anchor = match typed {
            Some(position) => terms[position].clone(),
            None => {
                // A float literal decides over integers, but nothing decides over it.
                let float = terms.iter().position(|term| term.ty == Ty::Float).unwrap_or(0);
                self.default(terms[float].clone())
            }
        };
        // Only the type of the anchor is used below.
        anchor.kind = ExKind::Poison;
        terms.iter_mut().all(|term| self.unify(&mut anchor, term, span) != Ty::Poison)
    }

    /// Anything that Python has and the language has not.
    fn unsupported(&mut self, expr: &ast::Expr) -> Ex {
        let (found, help) = describe_unsupported(expr);
        let span = self.span(expr.range());
        self.error(4, span, format!("{found} in an expression"), help);
        Ex::poison(span)
    }

    /// Reports named arguments; whether there were none.
    pub(super) fn only_positional(&mut self, arguments: &ast::Arguments) -> bool {
        for keyword in &arguments.keywords {
            let range: TextRange = keyword.range();
            let span = self.span(range);
            self.error(5, span, "a named argument", "give arguments by position");
        }
        arguments.keywords.is_empty()
    }
}

fn plural(count: usize, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

fn comparison(op: ast::CmpOp) -> Option<Op> {
    Some(match op {
        ast::CmpOp::Eq => Op::Eq,
        ast::CmpOp::NotEq => Op::Ne,
        ast::CmpOp::Lt => Op::Lt,
        ast::CmpOp::LtE => Op::Le,
        ast::CmpOp::Gt => Op::Gt,
        ast::CmpOp::GtE => Op::Ge,
        ast::CmpOp::Is | ast::CmpOp::IsNot | ast::CmpOp::In | ast::CmpOp::NotIn => return None,
    })
}

/// The result of a comparison of nothing but literals.
fn compare_literals(ops: &[Op], terms: &[Ex]) -> Option<bool> {
    let lits: Option<Vec<&Lit>> = terms
        .iter()
        .map(|term| match &term.kind {
            ExKind::Lit(lit) => Some(lit),
            _ => None,
        })
        .collect();
    let lits = lits?;
    let pairs = ops.iter().zip(lits.windows(2));
    pairs
        .map(|(op, pair)| literals::compare(*op, pair[0], pair[1]))
        .try_fold(true, |all, one| Some(all && one?))
}

fn describe_unsupported(expr: &ast::Expr) -> (&'static str, &'static str) {
    match expr {
        ast::Expr::StringLiteral(_) | ast::Expr::BytesLiteral(_) => {
            ("text", "kernels know numbers only; a docstring stands first in its function")
        }
        ast::Expr::FString(_) | ast::Expr::TString(_) => {
            ("a formatted string", "kernels know numbers only")
        }
        ast::Expr::Lambda(_) => ("a lambda", "define a function with `def`"),
        ast::Expr::Named(_) => ("`:=`", "write the assignment as a statement of its own"),
        ast::Expr::List(_) | ast::Expr::Set(_) | ast::Expr::Dict(_) => {
            ("a list, set or dict", "use an array: `array(T, N)` or `zeros(T, n)`")
        }
        ast::Expr::ListComp(_)
        | ast::Expr::SetComp(_)
        | ast::Expr::DictComp(_)
        | ast::Expr::Generator(_) => ("a comprehension", "write a loop"),
        ast::Expr::Tuple(_) => {
            ("a tuple", "tuples are only unpacked, returned, or used as an index")
        }
        ast::Expr::Starred(_) => ("a starred expression", "write the values one by one"),
        ast::Expr::Await(_) | ast::Expr::Yield(_) | ast::Expr::YieldFrom(_) => {
            ("`await` or `yield`", "functions return their values with `return`")
        }
        ast::Expr::NoneLiteral(_) => ("`None`", "use a number or a `bool`"),
        ast::Expr::EllipsisLiteral(_) => ("`...`", "name each index"),
        ast::Expr::Slice(_) => ("a slice", "name one element, or write a loop over them"),
        ast::Expr::IpyEscapeCommand(_) => ("a notebook command", "remove it"),
        ast::Expr::BoolOp(_)
        | ast::Expr::BinOp(_)
        | ast::Expr::UnaryOp(_)
        | ast::Expr::If(_)
        | ast::Expr::Compare(_)
        | ast::Expr::Call(_)
        | ast::Expr::NumberLiteral(_)
        | ast::Expr::BooleanLiteral(_)
        | ast::Expr::Attribute(_)
        | ast::Expr::Subscript(_)
        | ast::Expr::Name(_) => ("this form", "write it with simpler statements"),
    }
}
