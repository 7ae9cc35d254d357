//! Literals meet their partners (rule 2): unification, resolution, defaults.

use std::fmt::Display;

use crossover_ir::{Op, Signature, Span};
use crossover_values::DType;

use super::FnCx;
use crate::literals::{self, Lit};
use crate::typed::{Ex, ExKind, Ty};

impl FnCx<'_, '_> {
    /// Gives two operands one type: a literal takes the other's.
    pub(super) fn unify(&mut self, a: &mut Ex, b: &mut Ex, span: Span) -> Ty {
        match (a.ty, b.ty) {
            (Ty::Poison, _) | (_, Ty::Poison) => Ty::Poison,
            (Ty::Known(x), Ty::Known(y)) if x == y => Ty::Known(x),
            (Ty::Known(x), Ty::Known(y)) => {
                let message = format!("operands of the types `{x}` and `{y}`");
                let number = if x == DType::Bool { y } else { x };
                let help = match x == DType::Bool || y == DType::Bool {
                    true => format!("a `bool` is no number; cast it: `{number}(…)`, or compare"),
                    false => format!("nothing converts by itself; cast one: `{x}(…)` or `{y}(…)`"),
                };
                self.error(1, span, message, help);
                Ty::Poison
            }
            (Ty::Known(x), _) => {
                self.resolve(b, x);
                if b.is_poison() { Ty::Poison } else { Ty::Known(x) }
            }
            (_, Ty::Known(y)) => {
                self.resolve(a, y);
                if a.is_poison() { Ty::Poison } else { Ty::Known(y) }
            }
            (Ty::Int, Ty::Int) => Ty::Int,
            (Ty::Float | Ty::Int, Ty::Float | Ty::Int) => Ty::Float,
        }
    }

    /// Gives literals inside an expression a type.
    pub(super) fn resolve(&mut self, ex: &mut Ex, dtype: DType) {
        let mut failed = None;
        let mut open = vec![&mut *ex];
        while let Some(part) = open.pop() {
            if !matches!(part.ty, Ty::Int | Ty::Float) {
                continue;
            }
            part.ty = Ty::Known(dtype);
            if let ExKind::Lit(lit) = &part.kind {
                match literals::resolve(lit, dtype) {
                    Ok(value) => part.kind = ExKind::Const(value),
                    Err(error) => failed = failed.or(Some((part.span, error))),
                }
                continue;
            }
            match &mut part.kind {
                ExKind::Op { op, args } => {
                    if !result_class(*op).is_none_or(|class| class.contains(dtype)) {
                        let message =
                            format!("`{}` of literals where `{dtype}` is needed", op.info().name);
                        failed =
                            failed.or(Some((part.span, (message, "cast the operands".to_owned()))));
                    }
                    let shift = matches!(op, Op::Shl | Op::Shr);
                    open.extend(args.iter_mut().take(if shift { 1 } else { 3 }));
                }
                ExKind::If { then, otherwise, .. } => open.extend([&mut **then, &mut **otherwise]),
                _ => {}
            }
        }
        if let Some((span, (message, help))) = failed {
            self.error(2, span, message, help);
            *ex = Ex::poison(ex.span);
        }
    }

    /// Resolves literals without a partner: `i32`, or an error for floats.
    pub(super) fn default(&mut self, mut ex: Ex) -> Ex {
        match ex.ty {
            Ty::Known(_) | Ty::Poison => ex,
            Ty::Int => {
                self.resolve(&mut ex, DType::I32);
                ex
            }
            Ty::Float => {
                let text = match &ex.kind {
                    ExKind::Lit(Lit::Float(value)) => {
                        format!("`real({value:?})` or `f64({value:?})`")
                    }
                    _ => "`real(…)` around one of the literals".to_owned(),
                };
                self.error(
                    2,
                    ex.span,
                    "a float literal whose type nothing decides",
                    format!("write {text}"),
                );
                Ex::poison(ex.span)
            }
        }
    }

    /// Makes an expression one of a given type, for a typed target.
    pub(super) fn expect(&mut self, mut ex: Ex, dtype: DType, target: impl Display) -> Ex {
        match ex.ty {
            Ty::Poison => ex,
            Ty::Known(found) if found == dtype => ex,
            Ty::Known(found) => {
                let message = format!("a value of type `{found}` where {target} needs `{dtype}`");
                self.error(1, ex.span, message, format!("cast it: `{dtype}(…)`"));
                Ex::poison(ex.span)
            }
            Ty::Int | Ty::Float => {
                self.resolve(&mut ex, dtype);
                ex
            }
        }
    }
}

/// The class that an op's result belongs to, where its operands share it.
fn result_class(op: Op) -> Option<crossover_ir::Class> {
    match op.info().signature {
        Signature::Unary(class) | Signature::Binary(class) | Signature::Ternary(class) => {
            Some(class)
        }
        Signature::Shift => Some(crossover_ir::Class::Int),
        Signature::Compare(_) | Signature::Select | Signature::Cast(..) | Signature::Bitcast => {
            None
        }
    }
}
