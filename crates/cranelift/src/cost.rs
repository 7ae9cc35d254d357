//! What an iteration is worth, roughly: decides whether a region is shared among threads.

use crossover_ir::{Code, Inst, InstKind, Op, Stmt, ValueId};

/// Iterations that a loop without constant bounds is taken to have.
const UNKNOWN_TRIPS: u64 = 64;
/// Instructions that a call of a transcendental function is worth.
const CALL: u64 = 30;
/// Instructions that an integer division by a variable, or an atomic access, is worth.
const SLOW: u64 = 20;

/// Estimated machine instructions of one iteration of lane code.
pub(crate) fn iteration(code: &Code) -> u64 {
    block(code, &code.body)
}

fn block(code: &Code, stmts: &[Stmt]) -> u64 {
    stmts.iter().map(|it| stmt(code, it)).fold(0, u64::saturating_add)
}

fn stmt(code: &Code, stmt: &Stmt) -> u64 {
    match stmt {
        Stmt::Eval(value) => instruction(code, *value),
        Stmt::Loop { header, body, continuing, .. } => {
            let once = block(code, header) + block(code, body) + block(code, continuing);
            once.saturating_mul(UNKNOWN_TRIPS)
        }
        Stmt::For { lo, hi, step, body, .. } => {
            let trips = trips(code, *lo, *hi, *step).unwrap_or(UNKNOWN_TRIPS);
            block(code, body).saturating_add(2).saturating_mul(trips)
        }
        Stmt::If { .. } | Stmt::Switch { .. } => {
            1 + stmt.blocks().into_iter().map(|it| block(code, it)).max().unwrap_or(0)
        }
        Stmt::ScratchZero(scratch) => u64::from(code.scratch[scratch.0 as usize].len / 2),
        Stmt::Set { .. }
        | Stmt::HostSet { .. }
        | Stmt::Store { .. }
        | Stmt::ScratchStore { .. }
        | Stmt::Reduce { .. }
        | Stmt::Break
        | Stmt::Continue
        | Stmt::Return
        | Stmt::Trap { .. } => 1,
    }
}

fn instruction(code: &Code, value: ValueId) -> u64 {
    let inst: &Inst = &code.insts[value.0 as usize];
    match &inst.kind {
        InstKind::Const(_) | InstKind::Get(_) | InstKind::HostGet(_) | InstKind::Extent { .. } => 0,
        InstKind::Atomic(_) => SLOW,
        InstKind::Op { op, .. } => match op {
            Op::DivFloor | Op::RemFloor | Op::DivTrunc | Op::RemTrunc => SLOW / 4,
            Op::Div | Op::Sqrt => SLOW / 4,
            op if crate::callouts::symbols(*op, inst.dtype).is_some() => CALL,
            _ => 1,
        },
        InstKind::Load { .. } | InstKind::ScratchLoad { .. } => 2,
    }
}

/// Iterations of a loop whose bounds are constants.
fn trips(code: &Code, lo: ValueId, hi: ValueId, step: i64) -> Option<u64> {
    let exact = |value: ValueId| match code.insts[value.0 as usize].kind {
        InstKind::Const(scalar) => scalar.as_integer(),
        _ => None,
    };
    Some(crossover_ir::AxisRange::new(exact(lo)?, exact(hi)?, step).count)
}
