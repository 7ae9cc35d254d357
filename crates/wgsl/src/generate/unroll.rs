//! Which counted loops the text writes out, so that they do not eat a driver's loop budget.

use crossover_ir::{Block, Code, InstKind, Stmt, ValueId};
use crossover_values::Scalar;

/// Most iterations that are written out.
const MAX_TRIPS: i128 = 16;
/// Most statements that writing out may make of one loop.
const MAX_STATEMENTS: usize = 512;

/// The values of the loop variable, if the loop is to be written out: constant bounds, at most
/// 16 iterations, and no `break` or `continue` of its own.
pub(crate) fn trips(code: &Code, stmt: &Stmt) -> Option<Vec<Scalar>> {
    let Stmt::For { lo, hi, step, body, .. } = stmt else { return None };
    let (first, dtype) = constant(code, *lo)?;
    let (end, _) = constant(code, *hi)?;
    let step = i128::from(*step);
    let distance = if step > 0 { end - first } else { first - end };
    let count = if distance <= 0 { 0 } else { (distance - 1) / step.abs() + 1 };
    let statements = usize::try_from(count).ok()?.checked_mul(size(code, body))?;
    if count > MAX_TRIPS || statements > MAX_STATEMENTS || jumps(body) {
        return None;
    }
    let value = |k: i128| Scalar::from_bits(dtype, (first + k * step) as u64);
    Some((0..count).map(value).collect())
}

/// Whether the generated text has no loop for this one: its iterations are written out.
pub fn written_out(code: &Code, stmt: &Stmt) -> bool {
    trips(code, stmt).is_some()
}

fn constant(code: &Code, value: ValueId) -> Option<(i128, crossover_values::DType)> {
    let inst = &code.insts[value.0 as usize];
    match inst.kind {
        InstKind::Const(scalar) => Some((scalar.as_integer()?, inst.dtype)),
        _ => None,
    }
}

/// Statements of a block as they will be written.
fn size(code: &Code, block: &Block) -> usize {
    block.iter().fold(0usize, |sum, stmt| {
        let times = trips(code, stmt).map_or(1, |values| values.len().max(1));
        let inner: usize = stmt.blocks().into_iter().map(|block| size(code, block)).sum();
        sum.saturating_add(1).saturating_add(inner.saturating_mul(times))
    })
}

/// Whether a block breaks or continues the loop around it.
pub(crate) fn jumps(block: &Block) -> bool {
    block.iter().any(|stmt| match stmt {
        Stmt::Break | Stmt::Continue => true,
        Stmt::Loop { .. } | Stmt::For { .. } => false,
        other => other.blocks().into_iter().any(jumps),
    })
}
