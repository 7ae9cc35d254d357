//! What is taken for granted, and by whom it can be tested early.
//!
//! Only values that can be computed before anything else of the iteration take part: direct
//! statements of the body, made of the index and of what is set outside of the loop. So an
//! executor knows for how many iterations all of it holds before it starts with the first.

use crossover_values::DType;

use super::shape::{Operand, plain};
use super::{Guard, Shape};
use crate::{Code, Inst, InstKind, Op, Stmt, ValueId, VarId};

/// Literal periods below this would end a span after a few chunks.
const SHORTEST_PERIOD: i64 = 64;
/// Lanes this far apart are not around the whole type in a chunk, so that its last lane shows
/// whether one wrapped.
const FARTHEST_STEP: u64 = 1 << 16;

/// The shape of an op, and what it takes for granted if its result can be computed early.
pub(super) fn shape_of(
    code: &Code,
    inst: &Inst,
    value: ValueId,
    args: &[ValueId],
    shapes: &[Option<Shape>],
    early: bool,
) -> Option<(Shape, Option<Guard>)> {
    let InstKind::Op { op, .. } = inst.kind else { return None };
    let operands: Option<Vec<Operand>> = args
        .iter()
        .map(|arg| {
            let inst = &code.insts[arg.0 as usize];
            let constant = match inst.kind {
                InstKind::Const(scalar) => Some(scalar),
                _ => None,
            };
            let shape = shapes[arg.0 as usize]?;
            Some(Operand { shape, dtype: inst.dtype, constant })
        })
        .collect();
    let operands = operands?;
    let shape = plain(op, inst.dtype, &operands);
    if shape != Shape::Varying || !early {
        return Some((shape, None));
    }
    Some(match granted(op, value, args, &operands) {
        Some((shape, guard)) => (shape, Some(guard)),
        None => (shape, None),
    })
}

/// The better shape that an op has as long as a guard holds.
fn granted(
    op: Op,
    value: ValueId,
    args: &[ValueId],
    operands: &[Operand],
) -> Option<(Shape, Guard)> {
    match (op, operands) {
        (Op::RemFloor | Op::DivFloor, [a, b]) => {
            let Shape::Affine(step) = a.shape else { return None };
            let literal = b.constant.and_then(|scalar| scalar.as_integer());
            let long = literal.is_none_or(|by| by >= i128::from(SHORTEST_PERIOD));
            if b.shape != Shape::Uniform || step < 0 || !long {
                return None;
            }
            Some(match op {
                Op::RemFloor => (a.shape, Guard::SamePeriod { value }),
                _ => (Shape::Uniform, Guard::SameQuotient { value }),
            })
        }
        (Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge, [a, b]) => {
            let known = a.dtype.is_int() && a.shape.step().is_some() && b.shape.step().is_some();
            known.then_some((Shape::Uniform, Guard::SameTruth { value }))
        }
        (Op::Min | Op::Max, [a, b]) => chosen(value, args, [*a, *b]),
        (Op::Select, [cond, a, b]) if cond.shape == Shape::Uniform => {
            chosen(value, &args[1..], [*a, *b])
        }
        (Op::CastWrap, [a]) if a.dtype.is_int() => match a.shape {
            Shape::Affine(step) => Some((Shape::Affine(step), Guard::NoWrap { value: args[0] })),
            Shape::Uniform | Shape::Varying => None,
        },
        _ => None,
    }
}

/// Of a uniform and an affine integer the affine one.
fn chosen(value: ValueId, args: &[ValueId], operands: [Operand; 2]) -> Option<(Shape, Guard)> {
    let is_int = operands[0].dtype.is_int() && operands[0].dtype != DType::Bool;
    let which = match (operands[0].shape, operands[1].shape) {
        (Shape::Affine(_), Shape::Uniform) => 0,
        (Shape::Uniform, Shape::Affine(_)) => 1,
        _ => return None,
    };
    is_int.then_some((operands[which].shape, Guard::Chosen { value, chosen: args[which] }))
}

/// Variables that a loop multiplies by a constant.
pub(super) fn growing(code: &Code) -> Vec<VarId> {
    let mut found = Vec::new();
    for stmt in &code.body {
        stmt.walk(&mut |stmt| {
            if let Stmt::Set { var, value } = stmt
                && let InstKind::Op { op: Op::Mul, args } = &code.insts[value.0 as usize].kind
            {
                let kinds = args.iter().map(|arg| code.insts[arg.0 as usize].kind.clone());
                let own = kinds.clone().any(|kind| kind == InstKind::Get(*var));
                let factor = kinds.clone().any(|kind| match kind {
                    InstKind::Const(scalar) => scalar.as_integer().is_some_and(|by| by >= 2),
                    _ => false,
                });
                if own && factor {
                    found.push(*var);
                }
            }
        });
    }
    found
}

/// Whether lanes decide a comparison together: of an affine integer with a uniform one that grows.
pub(super) fn together(
    code: &Code,
    inst: &Inst,
    shapes: &[Option<Shape>],
    growing: &[VarId],
) -> bool {
    let InstKind::Op { op: Op::Lt | Op::Le | Op::Gt | Op::Ge, args } = &inst.kind else {
        return false;
    };
    let [a, b] = args.as_slice() else { return false };
    let shape = |value: &ValueId| shapes[value.0 as usize];
    let grows = |value: &ValueId| match code.insts[value.0 as usize].kind {
        InstKind::Get(var) => shape(value) == Some(Shape::Uniform) && growing.contains(&var),
        _ => false,
    };
    let near = |value: &ValueId| {
        let is_int = code.insts[value.0 as usize].dtype.is_int();
        let step = shape(value).and_then(Shape::step);
        is_int && step.is_some_and(|step| step != 0 && step.unsigned_abs() <= FARTHEST_STEP)
    };
    near(a) && grows(b) || grows(a) && near(b)
}

/// Whether an executor may compute the op early: cheap, and on integers.
pub(super) fn is_early_op(code: &Code, op: Op, args: &[ValueId]) -> bool {
    let traps = matches!(op, Op::CastTrap);
    let of_ints = |value: &ValueId| {
        let dtype = code.insts[value.0 as usize].dtype;
        dtype.is_int() || dtype == DType::Bool
    };
    !traps && args.iter().all(of_ints)
}
