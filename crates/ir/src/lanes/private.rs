//! Whether lanes outside the mask can see an assignment.
//!
//! Divergent control opens *scopes*: an arm of a divergent branch, a divergent loop, what follows
//! a divergent `continue` up to the end of the body. Lanes that are not in a scope are not seen
//! in it until it is entered anew. So a variable that is read in a scope only need not be kept for
//! others, and may be uniform where all that are inside set it alike; but if the scope can be
//! entered again, with lanes that missed an assignment, it must be set anew before it is read.

use crate::{Code, InstKind, Stmt, VarId};

/// A divergent part of the code.
pub(super) struct Scope<'c> {
    /// Numbers of its statements, in pre-order.
    pub(super) numbers: std::ops::Range<usize>,
    /// Its statements, in the order they run.
    pub(super) parts: Vec<&'c [Stmt]>,
    /// Frames around it.
    pub(super) frames: usize,
}

/// A place in a block that is being walked.
pub(super) struct Frame<'c> {
    pub(super) block: &'c [Stmt],
    pub(super) at: usize,
    /// The block is run again and again.
    pub(super) repeats: bool,
}

/// What a piece of code does with a variable first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    /// It may not touch it, or sets it on some paths.
    Neither,
    /// It sets it on all paths that reach its end, before any read.
    Sets,
    /// It may read it before it sets it.
    Reads,
}

/// Whether an assignment to `var` in the innermost scope is of no concern to lanes outside of the
/// mask. `gets` are the numbers of the statements that read it.
pub(super) fn is_private(
    code: &Code,
    scope: &Scope<'_>,
    frames: &[Frame<'_>],
    var: VarId,
    gets: &[usize],
) -> bool {
    if !gets.iter().all(|get| scope.numbers.contains(get)) {
        return false;
    }
    let around = &frames[..scope.frames];
    let Some(outermost) = around.iter().rposition(|frame| frame.repeats) else { return true };
    if first_of_parts(code, &scope.parts, var) != First::Reads {
        return true;
    }
    around[outermost..]
        .iter()
        .any(|frame| first(code, &frame.block[..frame.at], var) == First::Sets)
}

/// Whether a block may read a variable before it sets it.
pub(super) fn reads_first(code: &Code, block: &[Stmt], var: VarId) -> bool {
    first(code, block, var) == First::Reads
}

fn first_of_parts(code: &Code, parts: &[&[Stmt]], var: VarId) -> First {
    match parts {
        [header, body, continuing] => first_of_loop(code, header, body, continuing, var),
        [block] => first(code, block, var),
        _ => First::Reads,
    }
}

fn first_of_loop(
    code: &Code,
    header: &[Stmt],
    body: &[Stmt],
    continuing: &[Stmt],
    var: VarId,
) -> First {
    let header = first(code, header, var);
    if header != First::Neither {
        return header;
    }
    let mut continues = false;
    for stmt in body {
        stmt.walk(&mut |stmt| continues |= matches!(stmt, Stmt::Continue));
    }
    // A `continue` may come before the body's assignment.
    let after = first(code, continuing, var);
    if continues && after == First::Reads {
        return First::Reads;
    }
    let body = first(code, body, var);
    if body == First::Neither { after } else { body }
}

fn first(code: &Code, block: &[Stmt], var: VarId) -> First {
    let firsts = block.iter().map(|stmt| first_of(code, stmt, var));
    firsts.into_iter().find(|it| *it != First::Neither).unwrap_or(First::Neither)
}

fn first_of(code: &Code, stmt: &Stmt, var: VarId) -> First {
    match stmt {
        Stmt::Eval(value) => match code.insts[value.0 as usize].kind {
            InstKind::Get(read) if read == var => First::Reads,
            _ => First::Neither,
        },
        Stmt::Set { var: set, .. } if *set == var => First::Sets,
        // Nothing behind it is reached.
        Stmt::Break | Stmt::Continue | Stmt::Return => First::Sets,
        Stmt::If { then, otherwise, .. } => {
            branches(&[first(code, then, var), first(code, otherwise, var)])
        }
        Stmt::Switch { cases, default, .. } => {
            let mut firsts: Vec<First> =
                cases.iter().map(|(_, case)| first(code, case, var)).collect();
            firsts.push(first(code, default, var));
            branches(&firsts)
        }
        Stmt::Loop { header, body, continuing, .. } => match first(code, header, var) {
            First::Neither => read_or(first_of_loop(code, header, body, continuing, var)),
            decided => decided,
        },
        Stmt::For { var: counter, body, .. } => {
            if *counter == var {
                First::Neither
            } else {
                read_or(first(code, body, var))
            }
        }
        _ => First::Neither,
    }
}

/// A loop's body may not run at all, so that it never counts as setting.
fn read_or(first: First) -> First {
    if first == First::Reads { First::Reads } else { First::Neither }
}

fn branches(firsts: &[First]) -> First {
    if firsts.contains(&First::Reads) {
        First::Reads
    } else if firsts.iter().all(|it| *it == First::Sets) {
        First::Sets
    } else {
        First::Neither
    }
}
