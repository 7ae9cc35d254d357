//! Counted loops inside of lane code, run in lanes in place.
//!
//! Iterations of a parallel loop are independent by the language. Those of a sequential one are if
//! nothing goes from one to the next: no variable is read before the iteration has set it, and of
//! every array that the loop writes, all accesses agree on an axis in one index that differs from
//! lane to lane. So lanes touch disjoint parts of it. It is enough that this holds inside of a
//! chunk, for chunks run in order, and so an index that is affine only as long as a guard holds
//! will do.
//!
//! Source: R. Allen and K. Kennedy, *Optimizing Compilers for Modern Architectures* (2001), the
//! strong test for one index in one variable (section 3.3), here for distance zero alone.

use std::collections::BTreeMap;

use super::analysis::{Subject, masked_form};
use super::private::reads_first;
use super::{LaneLoop, Refusal, Shape};
use crate::{ArrayId, Block, Code, InstKind, ReduceId, ReduceOp, ScratchId, Stmt, ValueId, VarId};

/// Steps of an index above this may come back to the same element modulo 2^32.
const MOST_STEP: u64 = 1 << 16;

/// Looks at a [`Stmt::For`] of lane code whose own body runs one iteration per lane. Code around it
/// stays scalar: what comes from there is uniform, scratch arrays included.
///
/// # Errors
/// Why it does not run in lanes.
pub fn analyse_loop(code: &Code, stmt: &Stmt) -> Result<LaneLoop, Refusal> {
    let Stmt::For { var, step, body, parallel, .. } = stmt else {
        unreachable!("only counted loops are asked for")
    };
    let reduces: &[ReduceId] = parallel.as_deref().unwrap_or(&[]);
    let inside = Inside::of(code, body);
    refuse(code, body, reduces)?;
    for (number, variable) in code.vars.iter().enumerate() {
        let id = VarId(number as u32);
        let carried = inside.read_outside[number] || reads_first(code, body, id);
        if inside.assigned[number] && carried {
            return Err(Refusal::Carried { name: variable.name.clone() });
        }
    }
    let mut touched = Touched::default();
    touched.block(code, body);
    let counts = |number: usize| inside.assigned[number] || inside.counts[number];
    let lanes = masked_form(Subject {
        code,
        body,
        index: *var,
        step: *step,
        set_before: (0..code.vars.len()).map(|number| !counts(number)).collect(),
        known: inside.evaluated.iter().map(|evaluated| !evaluated).collect(),
        shares_scratch: true,
        together: false,
        repeatable: touched.places.values().all(|place| !(place.read && place.written)),
    })?;
    if parallel.is_none() {
        let unchanged = Unchanged { code, inside: &inside, index: *var };
        let written = touched.places.values().filter(|place| place.written);
        if !written.into_iter().all(|place| place.is_apart(&lanes, &unchanged)) {
            return Err(Refusal::Dependent);
        }
    }
    if lanes.needs_undo { Err(Refusal::NotRepeatable) } else { Ok(lanes) }
}

/// What masked form of an inner loop does not have.
fn refuse(code: &Code, body: &Block, reduces: &[ReduceId]) -> Result<(), Refusal> {
    for id in reduces {
        let op = code.reduces[id.0 as usize].op;
        if matches!(op, ReduceOp::ArgMin | ReduceOp::ArgMax) {
            return Err(Refusal::ArgReduction);
        }
    }
    let mut found = Ok(());
    for stmt in body {
        stmt.walk(&mut |stmt| {
            let refusal = match stmt {
                Stmt::Eval(value) => {
                    let kind = &code.insts[value.0 as usize].kind;
                    matches!(kind, InstKind::Atomic(_)).then_some(Refusal::InnerAtomics)
                }
                Stmt::Reduce { reduce, .. } => {
                    (!reduces.contains(reduce)).then_some(Refusal::OuterReduction)
                }
                Stmt::For { parallel: Some(inner), .. } if !inner.is_empty() => {
                    Some(Refusal::InnerReduction)
                }
                Stmt::ScratchZero(_) => Some(Refusal::InnerScratch),
                Stmt::Return => Some(Refusal::Leaves),
                _ => None,
            };
            if let (Ok(()), Some(refusal)) = (&found, refusal) {
                found = Err(refusal);
            }
        });
    }
    if breaks(body) { Err(Refusal::Leaves) } else { found }
}

/// Whether a block breaks the loop around it.
fn breaks(block: &[Stmt]) -> bool {
    block.iter().any(|stmt| match stmt {
        Stmt::Break => true,
        Stmt::Loop { .. } | Stmt::For { .. } => false,
        other => other.blocks().into_iter().any(|block| breaks(block)),
    })
}

/// What belongs to the loop's body.
struct Inside {
    /// Values that it evaluates.
    evaluated: Vec<bool>,
    /// Variables that statements of it assign.
    assigned: Vec<bool>,
    /// Variables of counted loops in it.
    counts: Vec<bool>,
    /// Variables that are read elsewhere.
    read_outside: Vec<bool>,
}

impl Inside {
    fn of(code: &Code, body: &Block) -> Inside {
        let mut inside = Inside {
            evaluated: vec![false; code.insts.len()],
            assigned: vec![false; code.vars.len()],
            counts: vec![false; code.vars.len()],
            read_outside: vec![false; code.vars.len()],
        };
        for stmt in body {
            stmt.walk(&mut |stmt| match stmt {
                Stmt::Eval(value) => inside.evaluated[value.0 as usize] = true,
                Stmt::Set { var, .. } => inside.assigned[var.0 as usize] = true,
                Stmt::For { var, .. } => inside.counts[var.0 as usize] = true,
                _ => {}
            });
        }
        for (number, inst) in code.insts.iter().enumerate() {
            if let InstKind::Get(var) = inst.kind
                && !inside.evaluated[number]
            {
                inside.read_outside[var.0 as usize] = true;
            }
        }
        inside
    }
}

/// Array or scratch array.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Memory {
    Array(ArrayId),
    Scratch(ScratchId),
}

/// What a loop does with one array.
#[derive(Default)]
struct Place {
    read: bool,
    written: bool,
    /// Indices of each access.
    indices: Vec<Vec<ValueId>>,
}

impl Place {
    /// Whether different lanes touch different elements: an axis has the same index in all
    /// accesses, and one that differs from lane to lane.
    fn is_apart(&self, lanes: &LaneLoop, unchanged: &Unchanged<'_>) -> bool {
        let Some(first) = self.indices.first() else { return true };
        (0..first.len()).any(|axis| {
            let differs = match lanes.shape(first[axis]) {
                Shape::Affine(step) => step.unsigned_abs() <= MOST_STEP,
                Shape::Uniform | Shape::Varying => false,
            };
            // The first itself must be the same whenever the iteration comes to it.
            differs && self.indices.iter().all(|it| unchanged.same(first[axis], it[axis]))
        })
    }
}

#[derive(Default)]
struct Touched {
    places: BTreeMap<Memory, Place>,
}

impl Touched {
    fn add(&mut self, memory: Memory, indices: Vec<ValueId>, writes: bool) {
        let place = self.places.entry(memory).or_default();
        place.read |= !writes;
        place.written |= writes;
        place.indices.push(indices);
    }

    fn block(&mut self, code: &Code, body: &Block) {
        for stmt in body {
            stmt.walk(&mut |stmt| match stmt {
                Stmt::Eval(value) => match &code.insts[value.0 as usize].kind {
                    InstKind::Load { array, indices } => {
                        self.add(Memory::Array(*array), indices.clone(), false);
                    }
                    InstKind::ScratchLoad { scratch, index } => {
                        self.add(Memory::Scratch(*scratch), vec![*index], false);
                    }
                    _ => {}
                },
                Stmt::Store { array, indices, .. } => {
                    self.add(Memory::Array(*array), indices.clone(), true);
                }
                Stmt::ScratchStore { scratch, index, .. } => {
                    self.add(Memory::Scratch(*scratch), vec![*index], true);
                }
                _ => {}
            });
        }
    }
}

/// Compares values by how they are computed.
struct Unchanged<'c> {
    code: &'c Code,
    inside: &'c Inside,
    index: VarId,
}

impl Unchanged<'_> {
    /// Whether two values are the same, wherever an iteration computes them: pure functions of
    /// the index and of what the loop does not change.
    fn same(&self, a: ValueId, b: ValueId) -> bool {
        let insts = [a, b].map(|value| &self.code.insts[value.0 as usize]);
        let kinds = insts.map(|inst| &inst.kind);
        if insts[0].dtype != insts[1].dtype {
            return false;
        }
        if a == b && !self.inside.evaluated[a.0 as usize] {
            return true;
        }
        match kinds {
            [InstKind::Get(a), InstKind::Get(b)] => {
                let slot = a.0 as usize;
                let set = self.inside.assigned[slot] || self.inside.counts[slot];
                a == b && (*a == self.index || !set)
            }
            [InstKind::Const(a), InstKind::Const(b)] => a == b,
            [InstKind::HostGet(a), InstKind::HostGet(b)] => a == b,
            [InstKind::Extent { .. }, InstKind::Extent { .. }] => kinds[0] == kinds[1],
            [InstKind::Op { op: p, args: a }, InstKind::Op { op: q, args: b }] => {
                p == q && a.len() == b.len() && a.iter().zip(b).all(|(a, b)| self.same(*a, *b))
            }
            _ => false,
        }
    }
}
