//! Reductions of parallel loops inside lanes, as plain sequential code with the same bits.
//!
//! Integers, bools and arg-reductions become assignments in the order of the iterations. Float
//! sums, minima and maxima keep rule 11's order with two scratch arrays per reduction: the 16
//! partials of the running block, and a binary counter of block values. After `n` blocks, slot
//! `k` of the counter holds the fold of a whole group of `2^k` blocks iff bit `k` of `n` is set;
//! [`crate::fold::Pairwise`] argues why that is the pairwise fold with odd ones carried up.

use std::collections::BTreeMap;

use crossover_values::{DType, Scalar};

use super::build::Builder;
use crate::fold::{BLOCK, PARTIALS};
use crate::{
    Block, Code, HostNode, Module, Op, Reduce, ReduceId, ReduceOp, ReduceScope, ScratchId, Stmt,
    Valid, ValueId, VarId,
};

/// Rewrites every parallel loop inside lane code that has reductions. Afterwards no
/// `For { parallel: Some(reduces), .. }` lists one, and [`Stmt::Reduce`] has only the region's.
pub fn expand_inner_reductions(module: &Valid<Module>) -> Valid<Module> {
    expand_inner_reductions_but(module, |_, _| false)
}

/// As [`expand_inner_reductions`], but loops that `keep` says so of stay as they are, with their
/// reductions.
pub fn expand_inner_reductions_but(
    module: &Valid<Module>,
    keep: impl Fn(&Code, &Stmt) -> bool,
) -> Valid<Module> {
    let mut module = (**module).clone();
    for kernel in &mut module.kernels {
        let expand = &mut |node: &mut HostNode| match node {
            HostNode::Region(region) => expand_code(&mut region.code, &keep),
            HostNode::Serial(serial) => expand_code(&mut serial.code, &keep),
            _ => {}
        };
        kernel.host.iter_mut().for_each(|node| node.walk_mut(expand));
    }
    // Made from a valid module by the builder alone; the tests validate it again.
    Valid::trust(module)
}

type Keep<'k> = &'k dyn Fn(&Code, &Stmt) -> bool;

fn expand_code(code: &mut Code, keep: Keep<'_>) {
    let stays = staying(code, keep);
    if stays.iter().all(|stays| *stays) {
        return;
    }
    let mut taken = std::mem::take(code);
    let body = std::mem::take(&mut taken.body);
    let mut kept = 0;
    let renumbered = stays.iter().map(|stays| {
        let id = ReduceId(kept);
        kept += u32::from(*stays);
        stays.then_some(id)
    });
    let renumbered = renumbered.collect();
    let mut expand = Expand { builder: Builder::new(taken), renumbered, ordered: BTreeMap::new() };
    let body = expand.block(body);
    *code = expand.builder.code;
    let mut stays = stays.into_iter();
    code.reduces.retain(|_| stays.next().unwrap_or(true));
    code.body = body;
}

/// Per reduction: whether it stays one.
fn staying(code: &Code, keep: Keep<'_>) -> Vec<bool> {
    let region = |reduce: &Reduce| reduce.scope == ReduceScope::Region;
    let mut stays: Vec<bool> = code.reduces.iter().map(region).collect();
    let mut look = |stmt: &Stmt| {
        if let Stmt::For { parallel: Some(reduces), .. } = stmt
            && keep(code, stmt)
        {
            for reduce in reduces {
                stays[reduce.0 as usize] = true;
            }
        }
    };
    code.body.iter().for_each(|stmt| stmt.walk(&mut look));
    stays
}

/// The state of a float reduction while its loop runs.
#[derive(Clone, Copy)]
struct Ordered {
    reduce: ReduceId,
    partials: ScratchId,
    /// Which partial takes the present iteration.
    slot: VarId,
    stack: ScratchId,
    carry: VarId,
}

/// What the reductions of one loop share.
#[derive(Clone, Copy)]
struct Counters {
    /// Iterations of the running block so far.
    position: VarId,
    /// Whole blocks before it.
    blocks: VarId,
    level: VarId,
    have: VarId,
}

struct Expand {
    builder: Builder,
    /// New numbers of the reductions that stay.
    renumbered: Vec<Option<ReduceId>>,
    ordered: BTreeMap<ReduceId, Ordered>,
}

impl Expand {
    fn block(&mut self, block: Block) -> Block {
        self.builder.begin();
        block.into_iter().for_each(|stmt| self.stmt(stmt));
        self.builder.end()
    }

    fn stmt(&mut self, stmt: Stmt) {
        let stmt = match stmt {
            Stmt::For { var, lo, hi, step, body, parallel: Some(reduces), span }
                if reduces.iter().any(|id| self.renumbered[id.0 as usize].is_none()) =>
            {
                self.builder.span = span;
                return self.parallel(&reduces, |expand, prologue| {
                    expand.builder.begin();
                    prologue(expand);
                    body.into_iter().for_each(|stmt| expand.stmt(stmt));
                    let body = expand.builder.end();
                    Stmt::For { var, lo, hi, step, body, parallel: None, span }
                });
            }
            Stmt::Reduce { reduce, value, payload } => {
                return self.contribution(reduce, value, payload);
            }
            Stmt::If { cond, then, otherwise, span } => {
                let (then, otherwise) = (self.block(then), self.block(otherwise));
                Stmt::If { cond, then, otherwise, span }
            }
            Stmt::Switch { selector, cases, default, span } => {
                let cases = cases.into_iter().map(|(case, block)| (case, self.block(block)));
                let cases = cases.collect();
                Stmt::Switch { selector, cases, default: self.block(default), span }
            }
            Stmt::Loop { header, cond, body, continuing, span } => {
                let (header, body) = (self.block(header), self.block(body));
                Stmt::Loop { header, cond, body, continuing: self.block(continuing), span }
            }
            Stmt::For { var, lo, hi, step, body, parallel, span } => {
                let new = |id: ReduceId| self.renumbered[id.0 as usize];
                let parallel = parallel.map(|all| all.into_iter().filter_map(new).collect());
                Stmt::For { var, lo, hi, step, body: self.block(body), parallel, span }
            }
            simple @ (Stmt::Eval(_)
            | Stmt::Set { .. }
            | Stmt::HostSet { .. }
            | Stmt::Store { .. }
            | Stmt::ScratchZero(_)
            | Stmt::ScratchStore { .. }
            | Stmt::Break
            | Stmt::Continue
            | Stmt::Return
            | Stmt::Trap { .. }) => simple,
        };
        self.builder.push(stmt);
    }

    /// A loop with reductions: `make` builds it, with the prologue that its body begins with.
    fn parallel(
        &mut self,
        reduces: &[ReduceId],
        make: impl FnOnce(&mut Expand, &mut dyn FnMut(&mut Expand)) -> Stmt,
    ) {
        let span = self.builder.span;
        let ordered: Vec<ReduceId> = reduces
            .iter()
            .copied()
            .filter(|id| {
                let reduce = &self.builder.code.reduces[id.0 as usize];
                reduce.op.is_ordered(reduce.dtype)
            })
            .collect();
        if ordered.is_empty() {
            let stmt = make(self, &mut |_| {});
            return self.builder.push(stmt);
        }
        let counters = self.counters();
        let slot = self.builder.var("reduce.slot", DType::U32);
        let states: Vec<Ordered> = ordered.iter().map(|id| self.ordered(*id, slot)).collect();
        let stmt = make(self, &mut |expand| expand.prologue(&states, counters, slot));
        self.builder.push(stmt);
        self.builder.span = span;
        self.epilogue(&states, counters);
    }

    /// Counters, set to zero.
    fn counters(&mut self) -> Counters {
        let [position, level] =
            ["reduce.position", "reduce.level"].map(|name| self.builder.var(name, DType::U32));
        // 2^32 blocks are 2^44 iterations: more than any lane runs, and 32 bits are what every
        // backend has.
        let blocks = self.builder.var("reduce.blocks", DType::U32);
        let have = self.builder.var("reduce.have", DType::Bool);
        self.builder.set_constant(position, Scalar::U32(0));
        self.builder.set_constant(blocks, Scalar::U32(0));
        Counters { position, blocks, level, have }
    }

    /// State of one reduction, with partials at the identity.
    fn ordered(&mut self, id: ReduceId, slot: VarId) -> Ordered {
        let reduce = &self.builder.code.reduces[id.0 as usize];
        let dtype = reduce.dtype;
        let partials = self.builder.scratch("reduce.partials", dtype, PARTIALS as u32);
        let stack = self.builder.scratch("reduce.stack", dtype, u32::BITS);
        let carry = self.builder.var("reduce.carry", dtype);
        let state = Ordered { reduce: id, partials, slot, stack, carry };
        self.builder.push(Stmt::ScratchZero(stack));
        self.reset(state);
        self.ordered.insert(id, state);
        state
    }

    fn reduce_op(&self, state: Ordered) -> (ReduceOp, DType) {
        let reduce = &self.builder.code.reduces[state.reduce.0 as usize];
        (reduce.op, reduce.dtype)
    }

    /// Sets all partials to the identity.
    fn reset(&mut self, state: Ordered) {
        let (op, dtype) = self.reduce_op(state);
        self.builder.push(Stmt::ScratchZero(state.partials));
        let identity = op.identity(dtype);
        if identity.to_bits() == 0 {
            return;
        }
        let identity = self.builder.constant(identity);
        for slot in 0..PARTIALS as u32 {
            let slot = self.builder.constant(Scalar::U32(slot));
            self.builder.scratch_store(state.partials, slot, identity);
        }
    }

    /// First in the body: closes a full block, and says which partial the iteration has. It
    /// stands first because a `continue` of the body would skip what stood last.
    fn prologue(&mut self, states: &[Ordered], counters: Counters, slot: VarId) {
        let position = self.builder.get(counters.position);
        let full = self.builder.constant(Scalar::U32(BLOCK as u32));
        self.when(Op::Eq, position, full, |expand| {
            expand.close_block(states, counters);
            expand.builder.set_constant(counters.position, Scalar::U32(0));
        });
        let position = self.builder.get(counters.position);
        let mask = self.builder.constant(Scalar::U32(PARTIALS as u32 - 1));
        let masked = self.builder.op(Op::And, DType::U32, &[position, mask]);
        self.builder.set(slot, masked);
        self.builder.update(counters.position, Op::Add, Scalar::U32(1));
    }

    /// After the loop: closes the last block, folds the counter, and adds the value before. A
    /// loop without iterations leaves its targets alone.
    fn epilogue(&mut self, states: &[Ordered], counters: Counters) {
        let position = self.builder.get(counters.position);
        let none = self.builder.constant(Scalar::U32(0));
        self.when(Op::Ne, position, none, |expand| {
            expand.close_block(states, counters);
            for state in states {
                expand.fold_stack(*state, counters);
                let (op, dtype) = expand.reduce_op(*state);
                let target = expand.builder.code.reduces[state.reduce.0 as usize].target;
                let before = expand.builder.get(target);
                let folded = expand.builder.get(state.carry);
                let after = expand.builder.op(op.op(), dtype, &[before, folded]);
                expand.builder.set(target, after);
            }
        });
    }

    /// `if a OP b { … }`.
    fn when(&mut self, op: Op, a: ValueId, b: ValueId, then: impl FnOnce(&mut Expand)) {
        let cond = self.builder.op(op, DType::Bool, &[a, b]);
        self.when_true(cond, then);
    }

    fn when_true(&mut self, cond: ValueId, then: impl FnOnce(&mut Expand)) {
        let span = self.builder.span;
        self.builder.begin();
        then(self);
        let then = self.builder.end();
        self.builder.push(Stmt::If { cond, then, otherwise: Block::new(), span });
    }

    /// Folds each reduction's partials and pushes the block's value onto its counter.
    fn close_block(&mut self, states: &[Ordered], counters: Counters) {
        for state in states {
            self.fold_partials(*state);
            self.push_block(*state, counters);
            self.reset(*state);
        }
        self.builder.update(counters.blocks, Op::Add, Scalar::U32(1));
    }

    /// `carry` = the fold by halves of [`crate::fold::fold_partials`].
    fn fold_partials(&mut self, state: Ordered) {
        let (op, dtype) = self.reduce_op(state);
        let mut folded: Vec<ValueId> = (0..PARTIALS as u32)
            .map(|slot| {
                let slot = self.builder.constant(Scalar::U32(slot));
                self.builder.scratch_load(state.partials, slot)
            })
            .collect();
        while folded.len() > 1 {
            let (low, high) = folded.split_at(folded.len() / 2);
            let pairs: Vec<_> = low.iter().copied().zip(high.iter().copied()).collect();
            folded =
                pairs.into_iter().map(|(a, b)| self.builder.op(op.op(), dtype, &[a, b])).collect();
        }
        self.builder.set(state.carry, folded[0]);
    }

    /// While the counter's bit at `level` is set: `carry = stack[level] OP carry`, next level.
    fn push_block(&mut self, state: Ordered, counters: Counters) {
        let (op, dtype) = self.reduce_op(state);
        let span = self.builder.span;
        self.builder.set_constant(counters.level, Scalar::U32(0));
        self.builder.begin();
        let cond = self.level_bit(counters);
        let header = self.builder.end();
        self.builder.begin();
        let level = self.builder.get(counters.level);
        let left = self.builder.scratch_load(state.stack, level);
        let carry = self.builder.get(state.carry);
        let carry = self.builder.op(op.op(), dtype, &[left, carry]);
        self.builder.set(state.carry, carry);
        self.builder.update(counters.level, Op::Add, Scalar::U32(1));
        let body = self.builder.end();
        let continuing = Block::new();
        self.builder.push(Stmt::Loop { header, cond: Some(cond), body, continuing, span });
        let level = self.builder.get(counters.level);
        let carry = self.builder.get(state.carry);
        self.builder.scratch_store(state.stack, level, carry);
    }

    /// Whether the slot at `level` is occupied.
    fn level_bit(&mut self, counters: Counters) -> ValueId {
        let shifted = self.levels_left(counters);
        let one = self.builder.constant(Scalar::U32(1));
        let bit = self.builder.op(Op::And, DType::U32, &[shifted, one]);
        self.builder.op(Op::Eq, DType::Bool, &[bit, one])
    }

    /// `blocks >> level`.
    fn levels_left(&mut self, counters: Counters) -> ValueId {
        let (blocks, level) = (self.builder.get(counters.blocks), self.builder.get(counters.level));
        self.builder.op(Op::Shr, DType::U32, &[blocks, level])
    }

    /// `carry` = the occupied slots folded from the lowest up, the higher one on the left.
    fn fold_stack(&mut self, state: Ordered, counters: Counters) {
        let span = self.builder.span;
        self.builder.set_constant(counters.have, Scalar::Bool(false));
        self.builder.set_constant(counters.level, Scalar::U32(0));
        self.builder.begin();
        let rest = self.levels_left(counters);
        let none = self.builder.constant(Scalar::U32(0));
        let cond = self.builder.op(Op::Ne, DType::Bool, &[rest, none]);
        let header = self.builder.end();
        self.builder.begin();
        let occupied = self.level_bit(counters);
        self.when_true(occupied, |expand| expand.fold_slot(state, counters));
        self.builder.update(counters.level, Op::Add, Scalar::U32(1));
        let body = self.builder.end();
        let continuing = Block::new();
        self.builder.push(Stmt::Loop { header, cond: Some(cond), body, continuing, span });
    }

    fn fold_slot(&mut self, state: Ordered, counters: Counters) {
        let (op, dtype) = self.reduce_op(state);
        let span = self.builder.span;
        let level = self.builder.get(counters.level);
        let left = self.builder.scratch_load(state.stack, level);
        let cond = self.builder.get(counters.have);
        let then = self.builder.block(|builder| {
            let right = builder.get(state.carry);
            let folded = builder.op(op.op(), dtype, &[left, right]);
            builder.set(state.carry, folded);
        });
        let otherwise = self.builder.block(|builder| builder.set(state.carry, left));
        self.builder.push(Stmt::If { cond, then, otherwise, span });
        self.builder.set_constant(counters.have, Scalar::Bool(true));
    }

    fn contribution(&mut self, id: ReduceId, value: ValueId, payload: Vec<ValueId>) {
        let reduce = self.builder.code.reduces[id.0 as usize].clone();
        self.builder.span = self.builder.code.insts[value.0 as usize].span;
        if let Some(reduce) = self.renumbered[id.0 as usize] {
            return self.builder.push(Stmt::Reduce { reduce, value, payload });
        }
        if let Some(state) = self.ordered.get(&id).copied() {
            let slot = self.builder.get(state.slot);
            let old = self.builder.scratch_load(state.partials, slot);
            let new = self.builder.op(reduce.op.op(), reduce.dtype, &[old, value]);
            return self.builder.scratch_store(state.partials, slot, new);
        }
        let old = self.builder.get(reduce.target);
        if !matches!(reduce.op, ReduceOp::ArgMin | ReduceOp::ArgMax) {
            let new = self.builder.op(reduce.op.op(), reduce.dtype, &[old, value]);
            return self.builder.set(reduce.target, new);
        }
        let wins = self.builder.op(reduce.op.op(), DType::Bool, &[value, old]);
        self.when_true(wins, |expand| {
            expand.builder.set(reduce.target, value);
            for (var, value) in reduce.payload.iter().zip(payload) {
                expand.builder.set(*var, value);
            }
        });
    }
}
