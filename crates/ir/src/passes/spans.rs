//! Spans: the iterations of a loop in which everything that is tested per iteration is known to
//! hold.
//!
//! An index `i + c` is in bounds, a neighbour `(i + 1) % n` wraps nothing, `min(i + 1, n - 1)`
//! clamps nothing: each of these holds for consecutive iterations, and which ones is a matter of
//! the loop's variable, of values that the loop does not change, and of extents. [`spans`] states
//! them as [`Affine`] forms that must not be negative. A backend intersects them once, before the
//! loop, and runs the iterations inside without tests and with plain addresses; all others, and
//! so every one that fails, go the tested way, one by one and in order.
//!
//! Sources: M. Griebl, P. Feautrier, C. Lengauer, "Index Set Splitting", Int. J. Parallel
//! Programming 28 (2000), for the split; R. Gupta, "Optimizing Array Bound Checks Using Flow
//! Analysis", ACM LOPLAS 2 (1993), for tests that move out of loops; T. Würthinger, C. Wimmer,
//! H. Mössenböck, "Array Bounds Check Elimination for the Java HotSpot Client Compiler", PPPJ
//! 2007, for a loop in two versions.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crossover_values::DType;

use crate::{ArrayId, Block, Code, Inst, InstKind, Op, ScratchId, Stmt, ValueId, VarId};

/// Terms of one form at most.
const MOST_TERMS: usize = 4;
/// Guards of one loop at most.
const MOST_GUARDS: usize = 40;
/// Factors and constants are below this: sums of [`MOST_TERMS`] products with 32-bit values stay
/// far inside 64 bits.
const MOST_FACTOR: i64 = 1 << 24;

/// A value that a loop does not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Term {
    /// A lane variable that the loop does not assign.
    Var(VarId),
    /// A host variable that the loop does not assign.
    Host(VarId),
    /// An extent.
    Extent(ArrayId, u32),
    /// A value from before the loop, or one that can be computed before it.
    Value(ValueId),
}

/// `scale * i + sum of factor * term + constant` for the loop's variable `i`, exact in 64 bits.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Affine {
    /// Factor of the loop's variable.
    pub scale: i64,
    /// Values that the loop does not change, ascending, with factors that are not zero.
    pub terms: Vec<(Term, i64)>,
    /// The rest.
    pub constant: i64,
}

/// What holds in the spans of one loop.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spans {
    /// Iterations in which none of these is negative form the span. They stand in the order in
    /// which they were found, which does not depend on how arrays and variables are numbered.
    pub guards: Vec<Affine>,
    /// Index values that are inside this axis of this array.
    pub inside: BTreeSet<(ArrayId, u32, ValueId)>,
    /// Index values that are inside this scratch array.
    pub inside_scratch: BTreeSet<(ScratchId, ValueId)>,
    /// Forms of 32-bit values. The value is the form modulo 2^32, and equal to it where it is
    /// known to be inside an axis.
    pub forms: BTreeMap<ValueId, Affine>,
    /// Remainders, minima and maxima that are their own form: nothing wraps or is clamped.
    pub plain: BTreeSet<ValueId>,
    /// Floor divisions and remainders of a number that is not negative by a positive constant.
    pub unsigned: BTreeSet<ValueId>,
    /// Values that the loop's body evaluates.
    pub inner: BTreeSet<ValueId>,
}

/// The spans of a loop over `var` with steps of one; `None` if there is nothing to test, if the
/// body has a loop in it, or if there are more guards than a loop is worth.
pub fn spans(code: &Code, var: VarId, body: &Block) -> Option<Spans> {
    let narrow = code.vars[var.0 as usize].dtype;
    if !is_narrow(narrow) || has_loop(body) {
        return None;
    }
    let mut finder = Finder {
        code,
        var,
        assigned: BTreeSet::new(),
        host_assigned: BTreeSet::new(),
        found: Spans::default(),
    };
    body.iter().for_each(|stmt| stmt.walk(&mut |stmt| finder.note(stmt)));
    finder.block(body, &mut BTreeMap::new());
    let mut found = finder.found;
    let holds = |it: &Affine| it.scale == 0 && it.terms.is_empty() && it.constant >= 0;
    found.guards.retain(|guard| !holds(guard));
    let worth = !found.guards.is_empty() && found.guards.len() <= MOST_GUARDS;
    worth.then_some(found)
}

impl Affine {
    /// A number.
    pub fn constant(constant: i64) -> Affine {
        Affine { constant, ..Affine::default() }
    }

    /// A value that the loop does not change.
    pub fn term(term: Term) -> Affine {
        Affine { terms: vec![(term, 1)], ..Affine::default() }
    }

    /// `self + factor * other`; `None` if it grows too large.
    pub fn plus(&self, other: &Affine, factor: i64) -> Option<Affine> {
        let mut terms: BTreeMap<Term, i64> = self.terms.iter().copied().collect();
        for (term, by) in &other.terms {
            *terms.entry(*term).or_default() += by.checked_mul(factor)?;
        }
        let sum = Affine {
            scale: self.scale + other.scale.checked_mul(factor)?,
            terms: terms.into_iter().filter(|(_, by)| *by != 0).collect(),
            constant: self.constant.checked_add(other.constant.checked_mul(factor)?)?,
        };
        sum.is_small().then_some(sum)
    }

    fn is_small(&self) -> bool {
        let factors = self.terms.iter().map(|(_, by)| *by).chain([self.scale]);
        let mut sizes = factors.map(i64::unsigned_abs);
        self.terms.len() <= MOST_TERMS
            && sizes.all(|size| size < MOST_FACTOR as u64)
            && self.constant.unsigned_abs() <= 1 << 40
    }

    /// Whether the loop does not change it.
    fn is_invariant(&self) -> bool {
        self.scale == 0
    }
}

impl fmt::Display for Affine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}i", self.scale)?;
        for (term, by) in &self.terms {
            match term {
                Term::Var(var) => write!(f, " {by:+}var{}", var.0)?,
                Term::Host(var) => write!(f, " {by:+}host{}", var.0)?,
                Term::Extent(array, axis) => write!(f, " {by:+}extent{}.{axis}", array.0)?,
                Term::Value(value) => write!(f, " {by:+}v{}", value.0)?,
            }
        }
        write!(f, " {:+} >= 0", self.constant)
    }
}

fn is_narrow(dtype: DType) -> bool {
    matches!(dtype, DType::I32 | DType::U32)
}

/// Least and largest value of a 32-bit type.
fn range(dtype: DType) -> (i64, i64) {
    match dtype {
        DType::I32 => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (0, i64::from(u32::MAX)),
    }
}

fn has_loop(body: &Block) -> bool {
    let mut found = false;
    let mut look = |stmt: &Stmt| found |= matches!(stmt, Stmt::Loop { .. } | Stmt::For { .. });
    body.iter().for_each(|stmt| stmt.walk(&mut look));
    found
}

/// What is known of the variables that the body assigns, at a place in it.
type Known = BTreeMap<VarId, Affine>;

struct Finder<'c> {
    code: &'c Code,
    /// The loop's variable.
    var: VarId,
    assigned: BTreeSet<VarId>,
    host_assigned: BTreeSet<VarId>,
    found: Spans,
}

impl Finder<'_> {
    fn note(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Set { var, .. } => {
                self.assigned.insert(*var);
            }
            Stmt::HostSet { var, .. } => {
                self.host_assigned.insert(*var);
            }
            Stmt::Eval(value) => {
                self.found.inner.insert(*value);
            }
            _ => {}
        }
    }

    fn block(&mut self, block: &Block, known: &mut Known) {
        for stmt in block {
            self.stmt(stmt, known);
        }
    }

    fn stmt(&mut self, stmt: &Stmt, known: &mut Known) {
        match stmt {
            Stmt::Eval(value) => {
                if let Some(form) = self.evaluate(*value, known) {
                    self.found.forms.insert(*value, form);
                }
            }
            Stmt::Set { var, value } => {
                known.remove(var);
                if let Some(form) = self.form(*value) {
                    known.insert(*var, form);
                }
            }
            Stmt::Store { array, indices, .. } => self.access(*array, indices),
            Stmt::ScratchStore { scratch, index, .. } => self.scratch(*scratch, *index),
            Stmt::If { .. } | Stmt::Switch { .. } => {
                let mut ends = Vec::new();
                for block in stmt.blocks() {
                    let mut inside = known.clone();
                    self.block(block, &mut inside);
                    ends.push(inside);
                }
                // What all branches agree on; one that jumps away only makes it less.
                let first = ends.pop().unwrap_or_default();
                *known = first;
                known.retain(|var, form| ends.iter().all(|end| end.get(var) == Some(form)));
            }
            Stmt::HostSet { .. }
            | Stmt::ScratchZero(_)
            | Stmt::Loop { .. }
            | Stmt::For { .. }
            | Stmt::Reduce { .. }
            | Stmt::Break
            | Stmt::Continue
            | Stmt::Return
            | Stmt::Trap { .. } => {}
        }
    }

    /// The form of a value; values from before the loop are terms.
    fn form(&self, value: ValueId) -> Option<Affine> {
        if self.found.inner.contains(&value) {
            return self.found.forms.get(&value).cloned();
        }
        let inst = self.inst(value);
        match &inst.kind {
            _ if !is_narrow(inst.dtype) => None,
            InstKind::Const(scalar) => Some(Affine::constant(scalar.as_integer()? as i64)),
            InstKind::Extent { array, axis } => Some(Affine::term(Term::Extent(*array, *axis))),
            _ => Some(Affine::term(Term::Value(value))),
        }
    }

    fn inst(&self, value: ValueId) -> &Inst {
        &self.code.insts[value.0 as usize]
    }

    fn evaluate(&mut self, value: ValueId, known: &Known) -> Option<Affine> {
        let inst = self.code.insts[value.0 as usize].clone();
        match &inst.kind {
            InstKind::Load { array, indices } => self.access(*array, indices),
            InstKind::Atomic(atomic) => self.access(atomic.array, &atomic.indices),
            InstKind::ScratchLoad { scratch, index } => self.scratch(*scratch, *index),
            _ => {}
        }
        if !is_narrow(inst.dtype) {
            return None;
        }
        match &inst.kind {
            InstKind::Const(scalar) => Some(Affine::constant(scalar.as_integer()? as i64)),
            InstKind::Get(var) if *var == self.var => {
                Some(Affine { scale: 1, ..Affine::default() })
            }
            InstKind::Get(var) if self.assigned.contains(var) => known.get(var).cloned(),
            InstKind::Get(var) => Some(Affine::term(Term::Var(*var))),
            InstKind::HostGet(var) if self.host_assigned.contains(var) => None,
            InstKind::HostGet(var) => Some(Affine::term(Term::Host(*var))),
            InstKind::Extent { array, axis } => Some(Affine::term(Term::Extent(*array, *axis))),
            InstKind::Op { op, args } => self.op(value, *op, args, &inst),
            InstKind::Load { .. } | InstKind::ScratchLoad { .. } | InstKind::Atomic(_) => None,
        }
    }

    fn op(&mut self, value: ValueId, op: Op, args: &[ValueId], inst: &Inst) -> Option<Affine> {
        let narrow = args.iter().all(|arg| is_narrow(self.inst(*arg).dtype));
        let forms: Option<Vec<Affine>> =
            if narrow { args.iter().map(|arg| self.form(*arg)).collect() } else { None };
        let forms = forms?;
        if let Some(form) = linear(op, &forms) {
            return Some(form);
        }
        if forms.iter().all(Affine::is_invariant) {
            let total = !op.info().traps && !matches!(op, Op::DivTrunc | Op::RemTrunc);
            return total.then(|| Affine::term(Term::Value(value)));
        }
        let [x, by] = forms.as_slice() else { return None };
        match op {
            Op::RemFloor | Op::DivFloor if by.terms.is_empty() && by.is_invariant() => {
                self.by_constant(value, x, by.constant, inst.dtype);
                None
            }
            Op::RemFloor if by.is_invariant() => self.wrapped(value, x, by, inst.dtype),
            Op::Min | Op::Max => {
                let (moving, end) = if by.is_invariant() { (x, by) } else { (by, x) };
                if !end.is_invariant() {
                    return None;
                }
                self.clamped(value, op, moving, end, inst.dtype)
            }
            _ => None,
        }
    }

    /// `x % n` is `x` where `0 <= x < n`.
    fn wrapped(&mut self, value: ValueId, x: &Affine, n: &Affine, dtype: DType) -> Option<Affine> {
        let below = n.plus(x, -1)?.plus(&Affine::constant(1), -1)?;
        let fits = Affine::constant(range(dtype).1).plus(n, -1)?;
        self.plain(value, x, [x.clone(), below, fits])
    }

    /// `min(x, end)` is `x` where `0 <= x <= end`, `max(x, end)` where `end <= x`. Neither may
    /// leave the type: a form is a value modulo 2^32 only.
    fn clamped(
        &mut self,
        value: ValueId,
        op: Op,
        x: &Affine,
        end: &Affine,
        dtype: DType,
    ) -> Option<Affine> {
        let (least, most) = range(dtype);
        let apart = x.plus(end, -1)?;
        let guards = if op == Op::Min {
            let fits = Affine::constant(most).plus(end, -1)?;
            [x.clone(), Affine::default().plus(&apart, -1)?, fits]
        } else {
            let fits = Affine::constant(most).plus(x, -1)?;
            [apart, fits, end.plus(&Affine::constant(least), -1)?]
        };
        self.plain(value, x, guards)
    }

    /// Where the guards hold, the value is the form `x`.
    fn plain(&mut self, value: ValueId, x: &Affine, guards: [Affine; 3]) -> Option<Affine> {
        self.guard(guards).then(|| {
            self.found.plain.insert(value);
            x.clone()
        })
    }

    /// A number of the type that is not negative divides as an unsigned one.
    fn by_constant(&mut self, value: ValueId, x: &Affine, by: i64, dtype: DType) {
        let fits = Affine::constant(range(dtype).1).plus(x, -1);
        if let (true, DType::I32, Some(fits)) = (by > 0, dtype, fits)
            && self.guard([x.clone(), fits])
        {
            self.found.unsigned.insert(value);
        }
    }

    fn access(&mut self, array: ArrayId, indices: &[ValueId]) {
        for (axis, index) in indices.iter().enumerate() {
            let axis = axis as u32;
            let extent = Affine::term(Term::Extent(array, axis));
            if self.bounded(*index, &extent) {
                self.found.inside.insert((array, axis, *index));
            }
        }
    }

    fn scratch(&mut self, scratch: ScratchId, index: ValueId) {
        let len = Affine::constant(i64::from(self.code.scratch[scratch.0 as usize].len));
        if self.bounded(index, &len) {
            self.found.inside_scratch.insert((scratch, index));
        }
    }

    /// Guards `0 <= index < extent`, if the index has a form whose guards can be solved.
    fn bounded(&mut self, index: ValueId, extent: &Affine) -> bool {
        let Some(form) = self.form(index) else { return false };
        let below = extent.plus(&form, -1).and_then(|it| it.plus(&Affine::constant(1), -1));
        let Some(below) = below else { return false };
        self.found.forms.insert(index, form.clone());
        self.guard([form, below])
    }

    /// Demands that none is negative; refuses where the first and the last iteration of that
    /// would be a matter of a division. For each scale and terms the smallest constant is kept,
    /// which implies all others.
    fn guard<const N: usize>(&mut self, guards: [Affine; N]) -> bool {
        let solved = |it: &Affine| it.scale == 0 || it.scale.unsigned_abs().is_power_of_two();
        let all = guards.iter().all(solved);
        if all {
            for guard in guards {
                let alike = |it: &&mut Affine| it.scale == guard.scale && it.terms == guard.terms;
                match self.found.guards.iter_mut().find(alike) {
                    Some(known) => known.constant = known.constant.min(guard.constant),
                    None => self.found.guards.push(guard),
                }
            }
        }
        all
    }
}

/// Ops that keep a form a form.
fn linear(op: Op, forms: &[Affine]) -> Option<Affine> {
    match (op, forms) {
        (Op::Add, [a, b]) => a.plus(b, 1),
        (Op::Sub, [a, b]) => a.plus(b, -1),
        (Op::Neg, [a]) => Affine::default().plus(a, -1),
        (Op::CastWrap, [a]) => Some(a.clone()),
        (Op::Mul, [a, b]) => {
            let number = |form: &Affine| form.terms.is_empty() && form.scale == 0;
            if number(b) {
                Affine::default().plus(a, b.constant)
            } else if number(a) {
                Affine::default().plus(b, a.constant)
            } else {
                None
            }
        }
        _ => None,
    }
}
