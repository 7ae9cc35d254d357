//! Small branches as selections.
//!
//! `if low: count += 1` costs a cycle as a selection, and a dozen when a branch was guessed
//! wrong; what both sides compute must be cheap, must not be able to fail and must not touch
//! memory. Floats keep their branches: a selection of floats is a branch on most machines. So do
//! contributions to reductions: with a branch that is guessed right they cost nothing where they
//! are not made, and a selection made the one kernel that was tried slower.
//!
//! A condition on an element that was loaded stays a branch: the processor guesses it and goes on,
//! while a selection waits for the load, and in a search the next load for the selection (LLVM's pass
//! X86CmovConversion undoes such selections; bisect took 1.6 times as long with one). So does one on
//! a truth value that branches made of elements, as comparing texts word by word does.
//!
//! Source: J. Allen, K. Kennedy, C. Porterfield, J. Warren, "Conversion of Control Dependence to
//! Data Dependence", POPL 1983; here for single branches only.

use std::collections::{BTreeMap, BTreeSet};

use crossover_values::DType;

use crate::{Block, Code, Inst, InstKind, Op, Span, Stmt, ValueId, Var, VarId};

/// Ops on both sides together, at most.
const MOST_OPS: usize = 4;
/// Variables changed, at most.
const MOST_CHANGES: usize = 3;

/// The declarations that a branch refers to.
#[derive(Clone, Copy)]
pub(super) struct Names<'c> {
    pub(super) vars: &'c [Var],
    /// Variables that have a value before the branch.
    pub(super) defined: &'c BTreeSet<VarId>,
    /// Truth values made of elements of arrays.
    pub(super) loaded: &'c BTreeSet<VarId>,
}

/// The variables of truth values that some statement makes of an element of an array.
pub(super) fn loaded(code: &Code) -> BTreeSet<VarId> {
    let mut found = BTreeSet::new();
    let mut look = |stmt: &Stmt| {
        if let Stmt::Set { var, value } = stmt
            && code.vars[var.0 as usize].dtype == DType::Bool
            && is_loaded(&code.insts, &BTreeSet::new(), *value)
        {
            found.insert(*var);
        }
    };
    code.body.iter().for_each(|stmt| stmt.walk(&mut look));
    found
}

/// What one side of a branch does.
#[derive(Default)]
struct Side {
    evals: Vec<ValueId>,
    ops: usize,
    set: BTreeMap<VarId, ValueId>,
}

/// The statements that stand for a branch, or `None` if it is to stay one.
pub(super) fn converted(
    insts: &mut Vec<Inst>,
    names: Names<'_>,
    (cond, span): (ValueId, Span),
    then: &Block,
    otherwise: &Block,
) -> Option<Block> {
    if is_loaded(insts, names.loaded, cond) {
        return None;
    }
    let sides = [side(insts, names, then)?, side(insts, names, otherwise)?];
    let changed: BTreeSet<VarId> = sides.iter().flat_map(|side| side.set.keys().copied()).collect();
    let ops = sides.iter().map(|side| side.ops).sum::<usize>();
    if ops > MOST_OPS || changed.is_empty() || changed.len() > MOST_CHANGES {
        return None;
    }
    // A variable that one side leaves alone must have a value before.
    let has_value = |var: &VarId| {
        names.defined.contains(var) || sides.iter().all(|side| side.set.contains_key(var))
    };
    if !changed.iter().all(has_value) {
        return None;
    }
    let mut write = Write { insts, block: Block::new(), span };
    for side in &sides {
        write.block.extend(side.evals.iter().map(|value| Stmt::Eval(*value)));
    }
    let mut sets = Vec::new();
    for var in changed {
        let dtype = names.vars[var.0 as usize].dtype;
        let [a, b] = [0, 1].map(|index: usize| {
            let new = sides[index].set.get(&var).copied();
            new.unwrap_or_else(|| write.eval(InstKind::Get(var), dtype))
        });
        sets.push((var, write.select(cond, a, b, dtype)));
    }
    write.block.extend(sets.into_iter().map(|(var, value)| Stmt::Set { var, value }));
    Some(write.block)
}

/// Whether a value is made of an element of an array.
fn is_loaded(insts: &[Inst], loaded: &BTreeSet<VarId>, value: ValueId) -> bool {
    match &insts[value.0 as usize].kind {
        InstKind::Load { .. } | InstKind::ScratchLoad { .. } | InstKind::Atomic(_) => true,
        InstKind::Op { args, .. } => args.iter().any(|arg| is_loaded(insts, loaded, *arg)),
        InstKind::Get(var) => loaded.contains(var),
        InstKind::Const(_) | InstKind::HostGet(_) | InstKind::Extent { .. } => false,
    }
}

struct Write<'i> {
    insts: &'i mut Vec<Inst>,
    block: Block,
    span: Span,
}

impl Write<'_> {
    fn eval(&mut self, kind: InstKind, dtype: DType) -> ValueId {
        let value = ValueId(self.insts.len() as u32);
        self.insts.push(Inst { kind, dtype, span: self.span });
        self.block.push(Stmt::Eval(value));
        value
    }

    fn select(&mut self, cond: ValueId, a: ValueId, b: ValueId, dtype: DType) -> ValueId {
        self.eval(InstKind::Op { op: Op::Select, args: vec![cond, a, b] }, dtype)
    }
}

fn side(insts: &[Inst], names: Names<'_>, block: &Block) -> Option<Side> {
    let mut side = Side::default();
    for stmt in block {
        match stmt {
            Stmt::Eval(value) => {
                match &insts[value.0 as usize].kind {
                    InstKind::Const(_) | InstKind::HostGet(_) | InstKind::Extent { .. } => {}
                    InstKind::Get(var) if !side.set.contains_key(var) => {}
                    InstKind::Op { op, .. } if is_cheap(*op) => side.ops += 1,
                    _ => return None,
                }
                side.evals.push(*value);
            }
            Stmt::Set { var, value } if !names.vars[var.0 as usize].dtype.is_float() => {
                side.set.insert(*var, *value);
            }
            _ => return None,
        }
    }
    Some(side)
}

/// Ops of one or two machine instructions that cannot fail.
fn is_cheap(op: Op) -> bool {
    matches!(
        op,
        Op::Add
            | Op::Sub
            | Op::Mul
            | Op::Neg
            | Op::And
            | Op::Or
            | Op::Xor
            | Op::Not
            | Op::Shl
            | Op::Shr
            | Op::Eq
            | Op::Ne
            | Op::Lt
            | Op::Le
            | Op::Gt
            | Op::Ge
            | Op::Select
            | Op::CastWrap
            | Op::CastNearest
    )
}
