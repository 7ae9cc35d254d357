//! What a unit touches: arrays, extents, host scalars, and how often each value is used.

use std::collections::{BTreeMap, BTreeSet};

use crossover_ir::{
    ArrayId, AtomicOp, Block, Code, Inst, InstKind, Kernel, Source, Stmt, Unit, ValueId, VarId,
};
use crossover_values::DType;

use super::ops::has_f64;
use super::unroll::trips;
use super::{Features, Unsupported};

/// How a unit uses an array.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ArrayUse {
    /// Some element is written without atomics.
    pub stored: bool,
    /// Some element is accessed by an atomic.
    pub atomic: bool,
}

/// What a unit touches.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    /// Arrays whose elements are accessed.
    pub arrays: BTreeMap<ArrayId, ArrayUse>,
    /// Extents that indices or the code need.
    pub extents: BTreeSet<(ArrayId, u32)>,
    /// Host variables that the code reads.
    pub host_reads: BTreeSet<VarId>,
    /// Host variables that the code or its reductions write.
    pub host_writes: BTreeSet<VarId>,
    /// Arrays that need a strong compare-exchange.
    pub exchanges: BTreeSet<ArrayId>,
    /// Number of uses of each value.
    pub counts: Vec<u32>,
    /// Whether a loop remains whose length the text does not know.
    pub loops: bool,
}

/// The statement lists of a unit in the order in which they run: axis prefixes, then the body.
pub(crate) fn blocks<'k>(unit: &Unit<'k>) -> Vec<&'k Block> {
    match *unit {
        Unit::Region(region) => {
            region.axes.iter().map(|axis| &axis.prefix).chain([&region.code.body]).collect()
        }
        Unit::Serial(serial) => vec![&serial.code.body],
    }
}

/// Scans a unit.
///
/// # Errors
/// The first thing in it that WGSL or the adapter lacks.
pub(crate) fn scan(
    kernel: &Kernel,
    sources: &[Source],
    unit: &Unit<'_>,
    features: Features,
) -> Result<Uses, Unsupported> {
    let code = unit.code();
    let mut scan = Scan {
        kernel,
        sources,
        code,
        features,
        seen: vec![false; code.insts.len()],
        uses: Uses { counts: vec![0; code.insts.len()], ..Uses::default() },
    };
    for block in blocks(unit) {
        scan.block(block)?;
    }
    scan.declarations(unit)?;
    Ok(scan.uses)
}

struct Scan<'a> {
    kernel: &'a Kernel,
    sources: &'a [Source],
    code: &'a Code,
    features: Features,
    uses: Uses,
    seen: Vec<bool>,
}

impl Scan<'_> {
    fn declarations(&mut self, unit: &Unit<'_>) -> Result<(), Unsupported> {
        for scratch in &self.code.scratch {
            self.dtype(scratch.dtype, || scratch.name.clone())?;
        }
        if let Unit::Region(region) = unit {
            for axis in &region.axes {
                let var = &self.code.vars[axis.index.0 as usize];
                self.dtype(var.dtype, || var.name.clone())?;
            }
            for reduce in &self.code.reduces {
                if reduce.scope == crossover_ir::ReduceScope::Region {
                    self.uses.host_writes.insert(reduce.target);
                    self.uses.host_writes.extend(reduce.payload.iter().copied());
                }
            }
        }
        let host = self.uses.host_reads.union(&self.uses.host_writes);
        for var in host.map(|var| &self.kernel.vars[var.0 as usize]) {
            self.dtype(var.dtype, || var.name.clone())?;
        }
        for (&array, used) in &self.uses.arrays {
            let name = &self.kernel.arrays[array.0 as usize];
            self.dtype(name.dtype, || name.name.clone())?;
            let integer = matches!(name.dtype, DType::I32 | DType::U32);
            if used.atomic && !integer {
                let (name, dtype) = (name.name.clone(), name.dtype);
                return Err(Unsupported::AtomicElement { name, dtype });
            }
        }
        Ok(())
    }

    fn dtype(&self, dtype: DType, what: impl Fn() -> String) -> Result<(), Unsupported> {
        match dtype {
            DType::F64 if !self.features.f64 => Err(Unsupported::NeedsF64 { what: what() }),
            _ => Ok(()),
        }
    }

    fn block(&mut self, block: &[Stmt]) -> Result<(), Unsupported> {
        for stmt in block {
            for value in operands(stmt) {
                self.value(value)?;
            }
            self.statement(stmt)?;
            for inner in stmt.blocks() {
                self.block(inner)?;
            }
        }
        Ok(())
    }

    fn statement(&mut self, stmt: &Stmt) -> Result<(), Unsupported> {
        match stmt {
            Stmt::Eval(value) => {
                let inst = &self.code.insts[value.0 as usize];
                if matches!(inst.kind, InstKind::Atomic(_)) && !self.seen[value.0 as usize] {
                    self.value(*value)?;
                    self.uses.counts[value.0 as usize] -= 1;
                }
            }
            Stmt::Store { array, .. } => {
                self.uses.arrays.entry(*array).or_default().stored = true;
                self.strides(*array);
            }
            Stmt::HostSet { var, .. } => {
                self.uses.host_writes.insert(*var);
            }
            Stmt::Set { var, .. } => {
                let var = &self.code.vars[var.0 as usize];
                self.dtype(var.dtype, || var.name.clone())?;
            }
            Stmt::Loop { .. } => self.uses.loops = true,
            Stmt::For { .. } => {
                if trips(self.code, stmt).is_none() {
                    self.uses.loops = true;
                }
            }
            Stmt::ScratchZero(_)
            | Stmt::ScratchStore { .. }
            | Stmt::If { .. }
            | Stmt::Switch { .. }
            | Stmt::Reduce { .. }
            | Stmt::Break
            | Stmt::Continue
            | Stmt::Return
            | Stmt::Trap { .. } => {}
        }
        Ok(())
    }

    /// Counts a use of a value, and those in what it is computed from: code whose value nothing
    /// uses is not written, nor does it need anything.
    fn value(&mut self, value: ValueId) -> Result<(), Unsupported> {
        let mut stack = vec![value];
        while let Some(value) = stack.pop() {
            let at = value.0 as usize;
            self.uses.counts[at] += 1;
            if !std::mem::replace(&mut self.seen[at], true) {
                let inst = &self.code.insts[at];
                self.inst(inst)?;
                stack.extend(inst_operands(&inst.kind).into_iter().copied());
            }
        }
        Ok(())
    }

    fn inst(&mut self, inst: &Inst) -> Result<(), Unsupported> {
        self.dtype(inst.dtype, || excerpt(self.sources, inst))?;
        match &inst.kind {
            InstKind::HostGet(var) => {
                self.uses.host_reads.insert(*var);
            }
            InstKind::Extent { array, axis } => {
                self.uses.extents.insert((*array, *axis));
            }
            InstKind::Op { op, args } => {
                let double =
                    args.iter().any(|arg| self.code.insts[arg.0 as usize].dtype == DType::F64);
                if double && !has_f64(*op) {
                    return Err(Unsupported::F64Function(*op));
                }
            }
            InstKind::Load { array, .. } => {
                self.uses.arrays.entry(*array).or_default();
                self.strides(*array);
            }
            InstKind::Atomic(atomic) => {
                self.uses.arrays.entry(atomic.array).or_default().atomic = true;
                self.strides(atomic.array);
                if atomic.op == AtomicOp::CompareExchange {
                    self.uses.exchanges.insert(atomic.array);
                }
            }
            InstKind::Const(_) | InstKind::Get(_) | InstKind::ScratchLoad { .. } => {}
        }
        Ok(())
    }

    /// The extents that flatten an index: all but the first.
    fn strides(&mut self, array: ArrayId) {
        for axis in 1..self.kernel.arrays[array.0 as usize].rank {
            self.uses.extents.insert((array, axis));
        }
    }
}

/// The source of an expression, for messages.
fn excerpt(sources: &[Source], inst: &Inst) -> String {
    let span = inst.span;
    let text = sources
        .get(span.file as usize)
        .and_then(|source| source.text.get(span.start as usize..span.end as usize))
        .unwrap_or_default();
    let first: String = text.lines().next().unwrap_or_default().chars().take(40).collect();
    if first.is_empty() { format!("a value of type {}", inst.dtype) } else { first }
}

/// Values that a statement itself uses.
pub(crate) fn operands(stmt: &Stmt) -> Vec<ValueId> {
    match stmt {
        Stmt::Eval(_)
        | Stmt::ScratchZero(_)
        | Stmt::Break
        | Stmt::Continue
        | Stmt::Return
        // A trap is not detected on a GPU: its condition is not evaluated there.
        | Stmt::Trap { .. } => Vec::new(),
        Stmt::Set { value, .. } | Stmt::HostSet { value, .. } => vec![*value],
        Stmt::Store { indices, value, .. } => indices.iter().chain([value]).copied().collect(),
        Stmt::ScratchStore { index, value, .. } => vec![*index, *value],
        Stmt::If { cond, .. } => vec![*cond],
        Stmt::Switch { selector, .. } => vec![*selector],
        Stmt::Loop { cond, .. } => cond.iter().copied().collect(),
        Stmt::For { lo, hi, .. } => vec![*lo, *hi],
        Stmt::Reduce { value, payload, .. } => [value].into_iter().chain(payload).copied().collect(),
    }
}

fn inst_operands(kind: &InstKind) -> Vec<&ValueId> {
    match kind {
        InstKind::Const(_) | InstKind::Get(_) | InstKind::HostGet(_) | InstKind::Extent { .. } => {
            Vec::new()
        }
        InstKind::Op { args, .. } => args.iter().collect(),
        InstKind::Load { indices, .. } => indices.iter().collect(),
        InstKind::ScratchLoad { index, .. } => vec![index],
        InstKind::Atomic(atomic) => atomic.indices.iter().chain(&atomic.args).collect(),
    }
}
