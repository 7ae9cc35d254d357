//! How many loop back edges one invocation takes, where the code itself says it.
//!
//! Some adapters end all loops of an invocation after a fixed number of iterations, silently. A
//! kernel whose loops all have constant trip counts has a known need; for others the interpreter
//! counts.

use crossover_ir::{Block, Code, InstKind, Kernel, Stmt, Unit, ValueId, units};

/// The largest number of loop back edges of one region iteration or serial section, if every trip
/// count is constant.
pub(crate) fn constant_back_edges(kernel: &Kernel) -> Option<u64> {
    let mut most = 0;
    for unit in units(kernel) {
        let edges = match unit {
            Unit::Region(region) => {
                let prefixes = region.axes.iter().map(|axis| block(&region.code, &axis.prefix));
                sum(prefixes.chain([block(&region.code, &region.code.body)]))?
            }
            Unit::Serial(serial) => block(&serial.code, &serial.code.body)?,
        };
        most = most.max(edges);
    }
    Some(most)
}

fn sum(mut edges: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    edges.try_fold(0_u64, |sum, edges| Some(sum.saturating_add(edges?)))
}

fn block(code: &Code, statements: &Block) -> Option<u64> {
    sum(statements.iter().map(|statement| edges(code, statement)))
}

fn edges(code: &Code, statement: &Stmt) -> Option<u64> {
    match statement {
        Stmt::If { then, otherwise, .. } => Some(block(code, then)?.max(block(code, otherwise)?)),
        Stmt::Switch { cases, default, .. } => {
            let blocks = cases.iter().map(|(_, case)| case).chain([default]);
            blocks.map(|case| block(code, case)).try_fold(0, |most, edges| Some(edges?.max(most)))
        }
        Stmt::Loop { .. } => None,
        Stmt::For { lo, hi, step, body, .. } => {
            let trips = trips(constant(code, *lo)?, constant(code, *hi)?, i128::from(*step));
            Some(trips.saturating_mul(block(code, body)?.saturating_add(1)))
        }
        Stmt::Eval(_)
        | Stmt::Set { .. }
        | Stmt::HostSet { .. }
        | Stmt::Store { .. }
        | Stmt::ScratchZero(_)
        | Stmt::ScratchStore { .. }
        | Stmt::Reduce { .. }
        | Stmt::Break
        | Stmt::Continue
        | Stmt::Return
        | Stmt::Trap { .. } => Some(0),
    }
}

fn constant(code: &Code, value: ValueId) -> Option<i128> {
    match code.insts.get(value.0 as usize)?.kind {
        InstKind::Const(scalar) => scalar.as_integer(),
        InstKind::Get(_)
        | InstKind::HostGet(_)
        | InstKind::Extent { .. }
        | InstKind::Op { .. }
        | InstKind::Load { .. }
        | InstKind::ScratchLoad { .. }
        | InstKind::Atomic(_) => None,
    }
}

fn trips(lo: i128, hi: i128, step: i128) -> u64 {
    let distance = if step > 0 { hi - lo } else { lo - hi };
    let step = step.abs().max(1);
    u64::try_from(((distance + step - 1) / step).max(0)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trip_counts_are_exact() {
        assert_eq!(trips(0, 10, 1), 10);
        assert_eq!(trips(0, 10, 3), 4);
        assert_eq!(trips(10, 0, -3), 4);
        assert_eq!(trips(10, 0, 1), 0);
        assert_eq!(trips(i128::from(i64::MIN), i128::from(i64::MAX), 1), u64::MAX);
    }
}
