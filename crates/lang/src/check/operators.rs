//! Arithmetic operators: their types, and exact arithmetic of literals (rules 2, 6 and 7).

use crossover_ir::{Class, Op, Signature, Span};
use crossover_values::DType;
use ruff_python_ast as ast;
use ruff_text_size::Ranged;

use super::FnCx;
use crate::literals::{self, LitOp};
use crate::typed::{Ex, ExKind, Ty};

impl FnCx<'_, '_> {
    /// A chain of binary operators; the left spine may be a thousand deep, so it is walked.
    pub(super) fn operator_chain(&mut self, expr: &ast::Expr) -> Ex {
        let mut spine = Vec::new();
        let mut left = expr;
        while let ast::Expr::BinOp(binary) = left {
            spine.push(binary);
            left = &binary.left;
        }
        let mut value = self.expr(left);
        for binary in spine.into_iter().rev() {
            let right = self.expr(&binary.right);
            value = self.binary(binary.op, value, right, self.span(binary.range));
        }
        value
    }

    /// `a op b`.
    pub(super) fn binary(&mut self, operator: ast::Operator, a: Ex, b: Ex, span: Span) -> Ex {
        let Some(op) = table_op(operator) else {
            return self.no_such_operator(operator, a, b, span);
        };
        if let (ExKind::Lit(x), ExKind::Lit(y)) = (&a.kind, &b.kind) {
            let result = literals::binary(LitOp::Table(op), x, y);
            return self.literal(result, span);
        }
        if matches!(op, Op::Shl | Op::Shr) {
            return self.shift(op, a, b, span);
        }
        let (mut a, mut b) = (a, b);
        let ty = self.unify(&mut a, &mut b, span);
        self.same(op, vec![a, b], ty, span)
    }

    /// An op whose operands and result are of one type, which is `ty`.
    pub(super) fn same(&mut self, op: Op, args: Vec<Ex>, ty: Ty, span: Span) -> Ex {
        let (Signature::Unary(class) | Signature::Binary(class) | Signature::Ternary(class)) =
            op.info().signature
        else {
            return Ex::poison(span);
        };
        let fits = match ty {
            Ty::Poison => return Ex::poison(span),
            Ty::Known(dtype) => class.contains(dtype),
            Ty::Int => true,
            Ty::Float => matches!(class, Class::Float | Class::Num | Class::Any),
        };
        if !fits {
            let (rule, help) = wrong_class(op, class, ty);
            let found = match ty {
                Ty::Known(dtype) => format!("`{dtype}`"),
                Ty::Int | Ty::Float | Ty::Poison => "float literals".to_owned(),
            };
            self.error(rule, span, format!("{} on {found}", in_words(op)), help);
            return Ex::poison(span);
        }
        // A float function of integer literals is a float.
        let ty = if ty == Ty::Int && class == Class::Float { Ty::Float } else { ty };
        Ex { kind: ExKind::Op { op, args }, ty, span }
    }

    fn shift(&mut self, op: Op, a: Ex, b: Ex, span: Span) -> Ex {
        let b = self.default(b);
        let class = |ex: &Ex| match ex.ty {
            Ty::Known(dtype) => Class::Int.contains(dtype),
            Ty::Int | Ty::Poison => true,
            Ty::Float => false,
        };
        if a.is_poison() || b.is_poison() {
            return Ex::poison(span);
        }
        if !class(&a) || !class(&b) {
            self.error(
                6,
                span,
                "a shift of or by something else than an integer",
                "cast to an integer first",
            );
            return Ex::poison(span);
        }
        let ty = a.ty;
        Ex { kind: ExKind::Op { op, args: vec![a, b] }, ty, span }
    }

    fn no_such_operator(&mut self, operator: ast::Operator, a: Ex, b: Ex, span: Span) -> Ex {
        if let (ast::Operator::Pow, ExKind::Lit(x), ExKind::Lit(y)) = (operator, &a.kind, &b.kind) {
            let result = literals::binary(LitOp::Power, x, y);
            return self.literal(result, span);
        }
        if operator == ast::Operator::Pow {
            let help = "multiply, or write `pow(a, b)` for floats; `**` is for literals";
            self.error(7, span, "the operator `**`", help);
        } else {
            self.error(4, span, format!("the operator `{}`", operator.as_str()), "write a loop");
        }
        Ex::poison(span)
    }

    fn literal(&mut self, result: Result<literals::Lit, String>, span: Span) -> Ex {
        match result {
            Ok(lit) => {
                let ty = match &lit {
                    literals::Lit::Int(_) => Ty::Int,
                    literals::Lit::Float(_) => Ty::Float,
                };
                Ex { kind: ExKind::Lit(lit), ty, span }
            }
            Err(message) => {
                self.error(
                    2,
                    span,
                    message,
                    "literals are computed exactly; give one of them a type by a cast",
                );
                Ex::poison(span)
            }
        }
    }

    pub(super) fn unary(&mut self, unary: &ast::ExprUnaryOp) -> Ex {
        let span = self.span(unary.range);
        let op = match unary.op {
            ast::UnaryOp::Not => {
                let operand = self.condition(&unary.operand);
                if operand.is_poison() {
                    return Ex::poison(span);
                }
                return Ex::known(
                    ExKind::Op { op: Op::Not, args: vec![operand] },
                    DType::Bool,
                    span,
                );
            }
            ast::UnaryOp::UAdd => {
                self.error(4, span, "a plus sign in front of a value", "leave it out");
                self.expr(&unary.operand);
                return Ex::poison(span);
            }
            ast::UnaryOp::USub => Op::Neg,
            ast::UnaryOp::Invert => Op::Not,
        };
        let operand = self.expr(&unary.operand);
        if let ExKind::Lit(lit) = &operand.kind {
            let result = literals::unary(op, lit);
            return self.literal(result, span);
        }
        if op == Op::Not && operand.ty == Ty::Known(DType::Bool) {
            let place = self.span(unary.operand.range());
            self.error(6, place, "`~` on a `bool`", "write `not`");
            return Ex::poison(span);
        }
        let ty = operand.ty;
        self.same(op, vec![operand], ty, span)
    }
}

/// The op of an operator; `None` for those that the language has not.
pub(super) fn table_op(operator: ast::Operator) -> Option<Op> {
    Some(match operator {
        ast::Operator::Add => Op::Add,
        ast::Operator::Sub => Op::Sub,
        ast::Operator::Mult => Op::Mul,
        ast::Operator::Div => Op::Div,
        ast::Operator::Mod => Op::RemFloor,
        ast::Operator::LShift => Op::Shl,
        ast::Operator::RShift => Op::Shr,
        ast::Operator::BitOr => Op::Or,
        ast::Operator::BitXor => Op::Xor,
        ast::Operator::BitAnd => Op::And,
        ast::Operator::FloorDiv => Op::DivFloor,
        ast::Operator::MatMult | ast::Operator::Pow => return None,
    })
}

/// An operator as the source writes it.
fn in_words(op: Op) -> String {
    let sign = match op {
        Op::Add => "+",
        Op::Sub | Op::Neg => "-",
        Op::Mul => "*",
        Op::Div => "/",
        Op::DivFloor => "//",
        Op::RemFloor => "%",
        Op::And => "&",
        Op::Or => "|",
        Op::Xor => "^",
        Op::Not => "~",
        other => other.info().name,
    };
    format!("`{sign}`")
}

/// Rule and cure where an op does not take a type.
fn wrong_class(op: Op, class: Class, ty: Ty) -> (u8, String) {
    if ty == Ty::Known(DType::Bool) {
        return (1, "a `bool` is no number; cast it: `i32(…)`".to_owned());
    }
    match (op, class) {
        (Op::Div, _) => {
            (6, "write `//` for integers, or cast both sides: `f64(a) / f64(b)`".to_owned())
        }
        (Op::DivFloor, _) => (6, "write `floor(a / b)` for floats".to_owned()),
        (Op::RemFloor, _) => (6, "write `a - floor(a / b) * b` for floats".to_owned()),
        (_, Class::Int | Class::Bits) => (6, "this is for integers; cast first".to_owned()),
        (Op::Pow, _) => (7, "`pow` is for floats; multiply integers".to_owned()),
        (_, _) => (7, "this is for floats; cast first: `f64(…)`".to_owned()),
    }
}
