//! Short loops unrolled, constants folded, branches on constants decided, small ones converted.
//!
//! A loop of ten rounds whose variables only change places becomes straight code in which nothing
//! moves; a divisor that is the same constant in every copy of a body becomes one, which divides
//! by multiplication. Nothing that can fail is folded away: a division by a constant zero stays.
//!
//! Sources: S. Muchnick, "Advanced Compiler Design and Implementation" (1997), sections 12.6
//! (conditional constants, here without a fixpoint: loops that stay forget what they assign) and
//! 17.4 (unrolling).

use std::collections::{BTreeMap, BTreeSet};

use crossover_values::{DType, Scalar};

use super::if_convert::{Names, converted, loaded};
use crate::{
    AxisRange, Block, Code, HostNode, Inst, InstKind, Module, Op, Stmt, Valid, ValueId, VarId, eval,
};

/// Iterations of a loop that is unrolled, at most.
const MOST_TRIPS: u64 = 16;
/// Statements that a loop becomes, at most.
const MOST_STATEMENTS: u64 = 640;

/// Rewrites all lane code of a module.
pub fn simplify(module: &Valid<Module>) -> Valid<Module> {
    let mut module = (**module).clone();
    for kernel in &mut module.kernels {
        kernel.host.iter_mut().for_each(|node| node.walk_mut(&mut unit));
    }
    // Copies of valid statements with operands renamed; the tests validate it again.
    Valid::trust(module)
}

/// A region or a serial section.
fn unit(node: &mut HostNode) {
    match node {
        HostNode::Region(region) => {
            let mut simplify = Simplify::new(&region.code);
            let mut blocks = region.axes.iter().map(|axis| &axis.prefix).collect::<Vec<_>>();
            blocks.push(&region.code.body);
            let mut blocks = simplify.blocks(&blocks);
            let insts = simplify.insts;
            region.code.insts = insts;
            region.code.body = blocks.pop().unwrap_or_default();
            for (axis, prefix) in region.axes.iter_mut().zip(blocks) {
                axis.prefix = prefix;
            }
        }
        HostNode::Serial(serial) => {
            let mut simplify = Simplify::new(&serial.code);
            let mut blocks = simplify.blocks(&[&serial.code.body]);
            let insts = simplify.insts;
            serial.code.insts = insts;
            serial.code.body = blocks.pop().unwrap_or_default();
        }
        _ => {}
    }
}

/// What is known of variables at a place.
#[derive(Clone, Default)]
struct Known {
    /// Those whose value is a constant.
    constants: BTreeMap<VarId, Scalar>,
    /// Those that have a value on every path.
    defined: BTreeSet<VarId>,
}

impl Known {
    /// Keeps what another path knows too.
    fn meet(&mut self, other: &Known) {
        self.constants.retain(|var, scalar| other.constants.get(var) == Some(scalar));
        self.defined.retain(|var| other.defined.contains(var));
    }
}

struct Simplify<'c> {
    old: &'c Code,
    insts: Vec<Inst>,
    /// What stands for an old value at this place.
    renamed: Vec<Option<ValueId>>,
    /// Truth values made of elements of arrays.
    loaded: BTreeSet<VarId>,
}

/// Statements, and whether control reaches their end.
struct Written {
    block: Block,
    reached: bool,
}

impl<'c> Simplify<'c> {
    fn new(old: &'c Code) -> Simplify<'c> {
        let renamed = vec![None; old.insts.len()];
        Simplify { old, insts: Vec::new(), renamed, loaded: loaded(old) }
    }

    /// Blocks that follow each other.
    fn blocks(&mut self, blocks: &[&Block]) -> Vec<Block> {
        let mut known = Known::default();
        blocks.iter().map(|block| self.block(block, &mut known).block).collect()
    }

    fn block(&mut self, block: &Block, known: &mut Known) -> Written {
        let mut written = Written { block: Block::new(), reached: true };
        for stmt in block {
            self.stmt(stmt, known, &mut written);
            if !written.reached {
                break;
            }
        }
        written
    }

    fn new_value(&self, value: ValueId) -> ValueId {
        self.renamed[value.0 as usize].expect("the validator proves that values are evaluated")
    }

    fn new_values(&self, values: &[ValueId]) -> Vec<ValueId> {
        values.iter().map(|value| self.new_value(*value)).collect()
    }

    fn constant(&self, new: ValueId) -> Option<Scalar> {
        match self.insts[new.0 as usize].kind {
            InstKind::Const(scalar) => Some(scalar),
            _ => None,
        }
    }

    fn stmt(&mut self, stmt: &Stmt, known: &mut Known, out: &mut Written) {
        let written = match stmt {
            Stmt::Eval(value) => return self.evaluate(*value, known, out),
            Stmt::If { cond, then, otherwise, span } => {
                let cond = self.new_value(*cond);
                if let Some(Scalar::Bool(decided)) = self.constant(cond) {
                    let mut taken = self.block(if decided { then } else { otherwise }, known);
                    out.block.append(&mut taken.block);
                    out.reached = taken.reached;
                    return;
                }
                let before = known.defined.clone();
                let mut blocks = self.branches(&[then, otherwise], known);
                let otherwise = blocks.pop().unwrap_or_default();
                let then = blocks.pop().unwrap_or_default();
                let names = Names { vars: &self.old.vars, defined: &before, loaded: &self.loaded };
                let at = (cond, *span);
                if let Some(mut block) = converted(&mut self.insts, names, at, &then, &otherwise) {
                    return out.block.append(&mut block);
                }
                Stmt::If { cond, then, otherwise, span: *span }
            }
            Stmt::Switch { selector, cases, default, span } => {
                let inner: Vec<&Block> = cases.iter().map(|(_, it)| it).chain([default]).collect();
                let mut blocks = self.branches(&inner, known);
                let default = blocks.pop().unwrap_or_default();
                let cases = cases.iter().map(|(case, _)| *case).zip(blocks).collect();
                Stmt::Switch { selector: self.new_value(*selector), cases, default, span: *span }
            }
            Stmt::Loop { header, cond, body, continuing, span } => {
                self.forget(stmt, known);
                let header = self.block(header, known).block;
                let cond = cond.map(|cond| self.new_value(cond));
                let body = self.block(body, &mut known.clone()).block;
                self.forget(stmt, known);
                let continuing = self.block(continuing, &mut known.clone()).block;
                Stmt::Loop { header, cond, body, continuing, span: *span }
            }
            Stmt::For { var, lo, hi, step, body, parallel, span } => {
                let (new_lo, new_hi) = (self.new_value(*lo), self.new_value(*hi));
                if let Some(indices) = self.unrolled(stmt, new_lo, new_hi) {
                    return self.unroll(*var, &indices, body, known, out);
                }
                self.forget(stmt, known);
                let body = self.block(body, &mut known.clone()).block;
                let (lo, hi, parallel) = (new_lo, new_hi, parallel.clone());
                Stmt::For { var: *var, lo, hi, step: *step, body, parallel, span: *span }
            }
            simple => {
                out.reached = !matches!(simple, Stmt::Break | Stmt::Continue | Stmt::Return);
                self.simple(simple, known)
            }
        };
        out.block.push(written);
    }

    /// Statements without blocks.
    fn simple(&self, stmt: &Stmt, known: &mut Known) -> Stmt {
        let mut stmt = stmt.clone();
        match &mut stmt {
            Stmt::Set { var, value } => {
                *value = self.new_value(*value);
                known.defined.insert(*var);
                known.constants.remove(var);
                if let Some(constant) = self.constant(*value) {
                    known.constants.insert(*var, constant);
                }
            }
            Stmt::HostSet { value, .. } => *value = self.new_value(*value),
            Stmt::Store { indices, value, .. } => {
                *indices = self.new_values(indices);
                *value = self.new_value(*value);
            }
            Stmt::ScratchStore { index, value, .. } => {
                *index = self.new_value(*index);
                *value = self.new_value(*value);
            }
            Stmt::Reduce { value, payload, .. } => {
                *value = self.new_value(*value);
                *payload = self.new_values(payload);
            }
            Stmt::Trap { cond, .. } => *cond = self.new_value(*cond),
            _ => {}
        }
        stmt
    }

    /// Branches that meet again: what all of them leave stays known.
    fn branches(&mut self, blocks: &[&Block], known: &mut Known) -> Vec<Block> {
        let mut ends: Vec<Known> = Vec::new();
        let mut written = Vec::new();
        for block in blocks {
            let mut inside = known.clone();
            let branch = self.block(block, &mut inside);
            if branch.reached {
                ends.push(inside);
            }
            written.push(branch.block);
        }
        if let Some(first) = ends.pop() {
            *known = first;
            ends.iter().for_each(|end| known.meet(end));
        }
        written
    }

    fn evaluate(&mut self, value: ValueId, known: &Known, out: &mut Written) {
        let mut inst = self.old.insts[value.0 as usize].clone();
        match &mut inst.kind {
            InstKind::Const(_) | InstKind::HostGet(_) | InstKind::Extent { .. } => {}
            InstKind::Get(var) => {
                if let Some(scalar) = known.constants.get(var) {
                    inst.kind = InstKind::Const(*scalar);
                }
            }
            InstKind::Op { op, args } => {
                *args = self.new_values(args);
                if let (Op::Select, [cond, a, b]) = (*op, args.as_slice())
                    && let Some(Scalar::Bool(choose)) = self.constant(*cond)
                {
                    self.renamed[value.0 as usize] = Some(if choose { *a } else { *b });
                    return;
                }
                if let Some(scalar) = self.folded(*op, args, inst.dtype) {
                    inst.kind = InstKind::Const(scalar);
                }
            }
            InstKind::Load { indices, .. } => *indices = self.new_values(indices),
            InstKind::ScratchLoad { index, .. } => *index = self.new_value(*index),
            InstKind::Atomic(atomic) => {
                atomic.indices = self.new_values(&atomic.indices);
                atomic.args = self.new_values(&atomic.args);
            }
        }
        let new = ValueId(self.insts.len() as u32);
        self.insts.push(inst);
        self.renamed[value.0 as usize] = Some(new);
        out.block.push(Stmt::Eval(new));
    }

    /// The constant that an op of constants gives. Floats are left alone: folding them would be
    /// exact, and no loop here is worth the question.
    fn folded(&self, op: Op, args: &[ValueId], dtype: DType) -> Option<Scalar> {
        let args: Option<Vec<Scalar>> = args.iter().map(|arg| self.constant(*arg)).collect();
        let args = args?;
        let exact = |dtype: DType| !dtype.is_float();
        if !exact(dtype) || !args.iter().all(|arg| exact(arg.dtype())) {
            return None;
        }
        eval(op, dtype, &args).ok()
    }

    /// The indices of a loop that is to be unrolled.
    fn unrolled(&self, stmt: &Stmt, lo: ValueId, hi: ValueId) -> Option<Vec<Scalar>> {
        let Stmt::For { step, body, parallel, .. } = stmt else { return None };
        let dtype = self.insts[lo.0 as usize].dtype;
        let exact = |bound| self.constant(bound).and_then(Scalar::as_integer);
        let range = AxisRange::new(exact(lo)?, exact(hi)?, *step);
        let plain = parallel.as_ref().is_none_or(Vec::is_empty) && !jumps(body);
        let fits = range.count <= MOST_TRIPS
            && range.count.saturating_mul(statements(body)) <= MOST_STATEMENTS;
        (plain && fits).then(|| {
            (0..range.count).map(|at| Scalar::from_bits(dtype, range.at(at) as u64)).collect()
        })
    }

    /// Forgets the variables that a loop assigns, by its reductions among others.
    fn forget(&self, stmt: &Stmt, known: &mut Known) {
        let mut assigned = BTreeSet::new();
        stmt.walk(&mut |stmt| match stmt {
            Stmt::Set { var, .. } => {
                assigned.insert(*var);
            }
            Stmt::For { var, parallel, .. } => {
                assigned.insert(*var);
                for reduce in parallel.iter().flatten() {
                    let reduce = &self.old.reduces[reduce.0 as usize];
                    assigned.insert(reduce.target);
                    assigned.extend(&reduce.payload);
                }
            }
            _ => {}
        });
        known.constants.retain(|var, _| !assigned.contains(var));
    }

    fn unroll(
        &mut self,
        var: VarId,
        indices: &[Scalar],
        body: &Block,
        known: &mut Known,
        out: &mut Written,
    ) {
        for index in indices {
            known.constants.insert(var, *index);
            let mut copy = self.block(body, known);
            out.block.append(&mut copy.block);
            out.reached = copy.reached;
            if !out.reached {
                break;
            }
        }
        known.constants.remove(&var);
    }
}

/// Whether a `break` or `continue` belongs to the loop whose body this is.
fn jumps(body: &Block) -> bool {
    body.iter().any(|stmt| match stmt {
        Stmt::Break | Stmt::Continue => true,
        Stmt::If { .. } | Stmt::Switch { .. } => stmt.blocks().into_iter().any(jumps),
        _ => false,
    })
}

fn statements(body: &Block) -> u64 {
    let mut count = 0;
    body.iter().for_each(|stmt| stmt.walk(&mut |_| count += 1));
    count
}
