//! `a and b`, `a or b` with a right side that may not always be evaluated, where a branch asks.
//!
//! The front end computes these into a variable: `t = a; if a: t = b`, then reads it. Where the
//! only reader is a branch, each part branches by itself and no truth value is made, as it is for
//! the ops `and` and `or` in [`Lower::branch_on`].

use cranelift_codegen::ir::Block as ClifBlock;
use crossover_ir::{Code, InstKind, Stmt, Unit, ValueId, VarId};

use super::Lower;

/// How often values are used and variables read.
pub(super) struct Readers {
    values: Vec<u32>,
    vars: Vec<u32>,
}

/// `t = left; if left: … t = right`, or `if not left`.
struct Lazy<'s> {
    and: bool,
    left: ValueId,
    /// The statements that compute the right side.
    more: &'s [Stmt],
    right: ValueId,
}

impl Readers {
    pub(super) fn of(unit: Unit<'_>, code: &Code) -> Readers {
        let mut readers =
            Readers { values: vec![0; code.insts.len()], vars: vec![0; code.vars.len()] };
        for inst in &code.insts {
            if let InstKind::Get(var) = inst.kind {
                readers.vars[var.0 as usize] += 1;
            }
            inst.kind.operands().for_each(|value| readers.read(value));
        }
        let prefixes: Vec<&Stmt> = match unit {
            Unit::Region(region) => region.axes.iter().flat_map(|axis| &axis.prefix).collect(),
            Unit::Serial(_) => Vec::new(),
        };
        code.body.iter().chain(prefixes).for_each(|stmt| {
            stmt.walk(&mut |stmt| {
                stmt.operands().into_iter().for_each(|value| readers.read(value));
            })
        });
        readers
    }

    fn read(&mut self, value: ValueId) {
        self.values[value.0 as usize] += 1;
    }
}

impl Lower<'_, '_> {
    /// The branch that asks for what the statements from here on compute, if that is lazy and
    /// nothing else asks: the number of statements before it.
    pub(super) fn asked_by_branch(&self, stmts: &[Stmt]) -> Option<usize> {
        let mut end = 0;
        loop {
            let (value, _) = self.lazy(stmts.get(end..end + 3)?)?;
            end += 3;
            match stmts.get(end)? {
                Stmt::If { cond, .. } if *cond == value => {
                    return (self.readers_of(value) == 1).then_some(end);
                }
                // A link of a chain: the next variable is set to it, and the next branch asks it.
                Stmt::Set { value: next, .. } if *next == value && self.readers_of(value) == 2 => {}
                _ => return None,
            }
        }
    }

    /// Emits statements and branches on a condition that they compute; `uses` of it are the
    /// caller's, and need no value.
    pub(super) fn decide(
        &mut self,
        stmts: &[Stmt],
        (cond, uses): (ValueId, u32),
        yes: ClifBlock,
        no: ClifBlock,
    ) {
        if let Some(before) = stmts.len().checked_sub(3)
            && let Some((value, lazy)) = self.lazy(&stmts[before..])
            && value == cond
            && self.readers_of(value) == uses
        {
            let middle = self.builder.create_block();
            let (first_yes, first_no) = if lazy.and { (middle, no) } else { (yes, middle) };
            self.decide(&stmts[..before], (lazy.left, 2), first_yes, first_no);
            self.continue_in(middle);
            let known = self.tested.len();
            self.decide(lazy.more, (lazy.right, 1), yes, no);
            self.tested.truncate(known);
            return;
        }
        if self.stmts(stmts) {
            self.branch_on(cond, yes, no);
        }
    }

    fn readers_of(&self, value: ValueId) -> u32 {
        self.readers.values[value.0 as usize]
    }

    /// `t = left; if left: … t = right; value = t`, with one reader of `t`.
    fn lazy<'s>(&self, stmts: &'s [Stmt]) -> Option<(ValueId, Lazy<'s>)> {
        let [
            Stmt::Set { var, value: left },
            Stmt::If { cond, then, otherwise, .. },
            Stmt::Eval(value),
        ] = stmts
        else {
            return None;
        };
        let reads = matches!(self.inst(*value).kind, InstKind::Get(read) if read == *var);
        if cond != left || !reads || self.readers.vars[var.0 as usize] != 1 {
            return None;
        }
        let (and, side) = match (then.as_slice(), otherwise.as_slice()) {
            (side, []) => (true, side),
            ([], side) => (false, side),
            _ => return None,
        };
        let (last, more) = side.split_last()?;
        let right = ends_in(last, *var)?;
        Some((*value, Lazy { and, left: *left, more, right }))
    }
}

fn ends_in(stmt: &Stmt, var: VarId) -> Option<ValueId> {
    match stmt {
        Stmt::Set { var: set, value } if *set == var => Some(*value),
        _ => None,
    }
}
