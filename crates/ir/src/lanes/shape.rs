//! What an op makes of the shapes of its operands.

use crossover_values::{DType, Scalar};

use super::Shape;
use crate::Op;

impl Shape {
    /// The difference from lane to lane, if it is the same everywhere.
    pub fn step(self) -> Option<i64> {
        match self {
            Shape::Uniform => Some(0),
            Shape::Affine(step) => Some(step),
            Shape::Varying => None,
        }
    }

    /// The shape of a step.
    fn of_step(step: i64) -> Shape {
        if step == 0 { Shape::Uniform } else { Shape::Affine(step) }
    }

    /// What covers both.
    pub(super) fn join(self, other: Shape) -> Shape {
        if self == other { self } else { Shape::Varying }
    }
}

/// An operand as the table sees it.
#[derive(Clone, Copy)]
pub(super) struct Operand {
    pub(super) shape: Shape,
    pub(super) dtype: DType,
    pub(super) constant: Option<Scalar>,
}

impl Operand {
    fn constant(self) -> Option<i64> {
        self.constant.and_then(|scalar| scalar.as_integer()).and_then(|value| value.try_into().ok())
    }
}

/// The shape of a pure op without anything taken for granted. Steps are modulo the type, as
/// integers are.
pub(super) fn plain(op: Op, dtype: DType, args: &[Operand]) -> Shape {
    if args.iter().all(|arg| arg.shape == Shape::Uniform) {
        return Shape::Uniform;
    }
    let varying = Shape::Varying;
    if !dtype.is_int() {
        // The same step means the same difference: equal or not in all lanes alike.
        return match (op, args) {
            (Op::Eq | Op::Ne, [a, b]) if a.dtype.is_int() && a.shape.step().is_some() => {
                if a.shape == b.shape { Shape::Uniform } else { varying }
            }
            _ => varying,
        };
    }
    let stepped = |step: Option<i64>| step.map_or(varying, Shape::of_step);
    match (op, args) {
        (Op::Add, [a, b]) => stepped(both(a, b, i64::checked_add)),
        (Op::Sub, [a, b]) => stepped(both(a, b, i64::checked_sub)),
        (Op::Mul, [a, b]) => {
            let by = |shape: Shape, factor: Option<i64>| {
                shape.step().zip(factor).and_then(|(step, factor)| step.checked_mul(factor))
            };
            stepped(by(a.shape, b.constant()).or_else(|| by(b.shape, a.constant())))
        }
        (Op::Neg, [a]) => stepped(a.shape.step().and_then(i64::checked_neg)),
        (Op::Shl, [a, by]) => stepped(a.shape.step().zip(by.constant()).and_then(|(step, by)| {
            (0..16).contains(&by).then(|| step.checked_mul(1 << by)).flatten()
        })),
        (Op::CastWrap | Op::Bitcast, [a]) if a.dtype.is_int() && dtype.size() <= a.dtype.size() => {
            a.shape
        }
        (Op::Select, [cond, a, b]) if cond.shape == Shape::Uniform => a.shape.join(b.shape),
        _ => varying,
    }
}

fn both(a: &Operand, b: &Operand, combine: fn(i64, i64) -> Option<i64>) -> Option<i64> {
    combine(a.shape.step()?, b.shape.step()?)
}
