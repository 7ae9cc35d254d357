//! Float reductions of a loop inside a lane: blocks of 4,096 iterations, folded here.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{Block as ClifBlock, InstBuilder, MemFlagsData, Type, Value};
use cranelift_frontend::Variable;
use crossover_ir::{Block, Reduce, ReduceId, ReduceOp, ValueId, VarId};

use super::lanes::Inner;
use super::spans::Counted;
use super::sums::{unaligned, vectors};
use super::{LoopTargets, Lower, ReduceState, clif_type};
use crate::layout::{self, PARTIALS};
use crate::reduction::BLOCK;

/// A loop with reductions while it is emitted.
struct Blocks<'r> {
    reduces: &'r [ReduceId],
    /// Per reduction: what was folded last.
    carries: Vec<Variable>,
    counter: Variable,
    stop: Value,
    /// Blocks that are finished and folded into the stack.
    count: Variable,
    /// Begins a block.
    block: ClifBlock,
    /// Has all folded into the carries.
    finish: ClifBlock,
}

impl Lower<'_, '_> {
    /// Emits a loop with reductions. What has no order goes to its variable at once.
    pub(super) fn count_reduced(
        &mut self,
        reduces: &[ReduceId],
        var: VarId,
        bounds: [ValueId; 2],
        body: &Block,
    ) {
        let plan = self.inner_plan(body);
        let mut ordered = Vec::new();
        for id in reduces {
            let reduce: &Reduce = &self.code.reduces[id.0 as usize];
            if reduce.op.is_ordered(reduce.dtype) {
                ordered.push(*id);
            } else {
                let target = self.vars[reduce.target.0 as usize];
                self.reduces[id.0 as usize] = ReduceState::Accumulator(target);
            }
        }
        match plan {
            _ if !ordered.is_empty() => self.count_sums(&ordered, reduces, var, bounds, body),
            Some(plan) => self.count_in_lanes(plan, var, bounds, body, reduces),
            None => self.count(var, bounds[0], bounds[1], 1, body),
        }
    }

    /// Emits the loop, block by block.
    fn count_sums(
        &mut self,
        reduces: &[ReduceId],
        all: &[ReduceId],
        var: VarId,
        bounds: [ValueId; 2],
        body: &Block,
    ) {
        let dtype = self.dtype(bounds[0]);
        let [lo, stop] = bounds.map(|bound| {
            let bound = self.value(bound);
            self.widened(bound, dtype)
        });
        let [counter, count] = [0, 1].map(|_| self.builder.declare_var(I64));
        let none = self.integer(I64, 0);
        self.builder.def_var(counter, lo);
        self.builder.def_var(count, none);
        let carries = reduces.iter().map(|id| self.carry(*id)).collect();
        if self.inner_plan(body).is_some() {
            self.registers = reduces.iter().map(|id| (*id, self.registers_of(*id))).collect();
        }
        let [start, block, finish, exit] = std::array::from_fn(|_| self.builder.create_block());
        let blocks = Blocks { reduces, carries, counter, stop, count, block, finish };
        let any = self.builder.ins().icmp(IntCC::SignedLessThan, lo, stop);
        self.builder.ins().brif(any, start, &[], exit, &[]);
        self.continue_in(start);
        self.builder.ins().jump(block, &[]);
        self.builder.switch_to_block(block);
        self.one_block(&blocks, all, lo, var, body);
        self.close_block(&blocks);
        self.registers.clear();
        self.continue_in(finish);
        for (id, carry) in reduces.iter().zip(&blocks.carries) {
            let reduce: &Reduce = &self.code.reduces[id.0 as usize];
            let target = self.vars[reduce.target.0 as usize];
            let before = self.builder.use_var(target);
            let folded = self.builder.use_var(*carry);
            let after = self.combine(reduce, before, folded);
            self.builder.def_var(target, after);
        }
        self.builder.ins().jump(exit, &[]);
        self.continue_in(exit);
    }

    /// The iterations of a block; goes on where they are done.
    fn one_block(
        &mut self,
        blocks: &Blocks<'_>,
        all: &[ReduceId],
        lo: Value,
        var: VarId,
        body: &Block,
    ) {
        let (counter, variable) = (blocks.counter, self.vars[var.0 as usize]);
        for id in blocks.reduces {
            self.clear_partials(*id);
            self.reduces[id.0 as usize] = ReduceState::Inner { counter, origin: lo };
        }
        let here = self.builder.use_var(counter);
        let far = self.builder.ins().iadd_imm_s(here, BLOCK as i64);
        let until = self.builder.ins().smin(blocks.stop, far);
        if let Some(plan) = self.inner_plan(body) {
            let inner = Inner { var, body, reduces: all, counter, origin: lo, until };
            return self.inner_lanes(plan, &inner);
        }
        let exit = self.builder.create_block();
        let counted = Counted { counter, stop: until, lo: None, cancellable: false, exit };
        let packed = self.packable(body, blocks.reduces);
        self.counted(var, body, counted, (&packed, Some(lo)), &mut |lower| {
            let here = lower.builder.use_var(counter);
            let index = lower.builder.ins().ireduce(I32, here);
            lower.builder.def_var(variable, index);
            let next = lower.builder.create_block();
            lower.loop_body(body, LoopTargets { exit, next });
        });
        self.continue_in(exit);
    }

    /// Folds a block's partial results. The only block of a loop is the loop's value; others go
    /// onto the stack.
    fn close_block(&mut self, blocks: &Blocks<'_>) {
        for (id, carry) in blocks.reduces.iter().zip(&blocks.carries) {
            let folded = self.fold_partials(*id);
            self.builder.def_var(*carry, folded);
        }
        let [push, fold] = [0, 1].map(|_| self.builder.create_block());
        self.builder.set_cold_block(push);
        self.builder.set_cold_block(fold);
        let here = self.builder.use_var(blocks.counter);
        let last = self.builder.ins().icmp(IntCC::Equal, here, blocks.stop);
        let before = self.builder.use_var(blocks.count);
        let first = self.builder.ins().icmp_imm_s(IntCC::Equal, before, 0);
        let only = self.builder.ins().band(last, first);
        self.builder.ins().brif(only, blocks.finish, &[], push, &[]);

        self.continue_in(push);
        for (id, carry) in blocks.reduces.iter().zip(&blocks.carries) {
            self.push_block(*id, *carry, blocks.count);
        }
        let before = self.builder.use_var(blocks.count);
        let count = self.builder.ins().iadd_imm_s(before, 1);
        self.builder.def_var(blocks.count, count);
        self.cancel_point();
        let here = self.builder.use_var(blocks.counter);
        let last = self.builder.ins().icmp(IntCC::Equal, here, blocks.stop);
        self.builder.ins().brif(last, fold, &[], blocks.block, &[]);
        self.builder.seal_block(blocks.block);

        self.continue_in(fold);
        for (id, carry) in blocks.reduces.iter().zip(&blocks.carries) {
            self.fold_stack(*id, *carry, blocks.count);
        }
        self.builder.ins().jump(blocks.finish, &[]);
    }

    /// Displacement of the folded blocks of a loop inside a lane.
    fn stack(&self, id: ReduceId) -> i32 {
        let dtype = self.code.reduces[id.0 as usize].dtype;
        self.partials(id) + (PARTIALS * dtype.size()) as i32
    }

    fn carry(&mut self, id: ReduceId) -> Variable {
        let dtype = self.code.reduces[id.0 as usize].dtype;
        let variable = self.builder.declare_var(clif_type(dtype));
        let zero = self.constant(crossover_values::Scalar::from_bits(dtype, 0));
        self.builder.def_var(variable, zero);
        variable
    }

    /// Variables for the partial results of a loop in lanes.
    fn registers_of(&mut self, id: ReduceId) -> Vec<Variable> {
        let (ty, lanes) = vectors(self.code.reduces[id.0 as usize].dtype);
        (0..PARTIALS / lanes).map(|_| self.builder.declare_var(ty)).collect()
    }

    /// Sets the partial results to the identity.
    fn clear_partials(&mut self, id: ReduceId) {
        let reduce: &Reduce = &self.code.reduces[id.0 as usize];
        let identity = self.constant(reduce.op.identity(reduce.dtype));
        let (ty, lanes) = vectors(reduce.dtype);
        let vector = self.builder.ins().splat(ty, identity);
        if let Some(variables) = self.in_registers(id) {
            return variables.into_iter().for_each(|it| self.builder.def_var(it, vector));
        }
        let first = self.partials(id);
        for at in 0..PARTIALS / lanes {
            self.builder.ins().store(unaligned(), vector, self.lane, first + 16 * at as i32);
        }
    }

    /// The fold by halves of [`crossover_ir::fold::fold_partials`].
    fn fold_partials(&mut self, id: ReduceId) -> Value {
        let reduce: &Reduce = &self.code.reduces[id.0 as usize];
        let (ty, lanes) = vectors(reduce.dtype);
        let adds = reduce.op == ReduceOp::Add;
        if let Some(variables) = self.in_registers(id) {
            let parts = variables.into_iter().map(|it| self.builder.use_var(it)).collect();
            return self.fold_vectors(reduce, parts);
        }
        let first = self.partials(id);
        // Whole vectors are halves as long as there are two of them.
        let (ty, step) = if adds { (ty, lanes) } else { (clif_type(reduce.dtype), 1) };
        let size = reduce.dtype.size();
        let mut folded: Vec<Value> = (0..PARTIALS / step)
            .map(|at| {
                let offset = first + (at * step * size) as i32;
                self.builder.ins().load(ty, unaligned(), self.lane, offset)
            })
            .collect();
        if adds {
            return self.fold_vectors(reduce, folded);
        }
        folded = self.halves(reduce, folded, adds);
        folded[0]
    }

    /// The fold of sixteen partial results that are vectors.
    fn fold_vectors(&mut self, reduce: &Reduce, mut parts: Vec<Value>) -> Value {
        let (_, lanes) = vectors(reduce.dtype);
        let adds = reduce.op == ReduceOp::Add;
        if adds {
            parts = self.halves(reduce, parts, adds);
        }
        let mut single = Vec::with_capacity(parts.len() * lanes);
        for vector in parts {
            for lane in 0..lanes {
                single.push(self.builder.ins().extractlane(vector, lane as u8));
            }
        }
        self.halves(reduce, single, adds)[0]
    }

    fn halves(&mut self, reduce: &Reduce, mut values: Vec<Value>, adds: bool) -> Vec<Value> {
        while values.len() > 1 {
            let high = values.split_off(values.len() / 2);
            for (low, high) in values.iter_mut().zip(high) {
                *low = if adds {
                    self.builder.ins().fadd(*low, high)
                } else {
                    self.combine(reduce, *low, high)
                };
            }
        }
        values
    }

    /// While the counter's bit at a level is set: `carry = stack[level] OP carry`, next level.
    /// [`crossover_ir::fold::Pairwise`] argues why that is the pairwise fold.
    fn push_block(&mut self, id: ReduceId, carry: Variable, blocks: Variable) {
        let reduce: &Reduce = &self.code.reduces[id.0 as usize];
        let [rest, address] = [0, 1].map(|_| self.builder.declare_var(I64));
        let count = self.builder.use_var(blocks);
        self.builder.def_var(rest, count);
        self.builder.def_var(address, self.lane);
        let [head, merge, done] = std::array::from_fn(|_| self.builder.create_block());
        self.builder.ins().jump(head, &[]);
        self.builder.switch_to_block(head);
        let bits = self.builder.use_var(rest);
        let odd = self.builder.ins().band_imm_s(bits, 1);
        self.builder.ins().brif(odd, merge, &[], done, &[]);
        self.continue_in(merge);
        let (at, ty) = (self.builder.use_var(address), clif_type(reduce.dtype));
        let left = self.stacked(id, ty, at);
        let right = self.builder.use_var(carry);
        let merged = self.combine(reduce, left, right);
        self.builder.def_var(carry, merged);
        self.next_level(rest, address);
        self.builder.ins().jump(head, &[]);
        self.builder.seal_block(head);
        self.continue_in(done);
        let (at, value) = (self.builder.use_var(address), self.builder.use_var(carry));
        let offset = self.stack(id);
        self.builder.ins().store(MemFlagsData::trusted(), value, at, offset);
    }

    fn stacked(&mut self, id: ReduceId, ty: Type, at: Value) -> Value {
        let offset = self.stack(id);
        self.builder.ins().load(ty, MemFlagsData::trusted(), at, offset)
    }

    fn next_level(&mut self, rest: Variable, address: Variable) {
        let bits = self.builder.use_var(rest);
        let bits = self.builder.ins().ushr_imm_u(bits, 1);
        self.builder.def_var(rest, bits);
        let at = self.builder.use_var(address);
        let at = self.builder.ins().iadd_imm_s(at, layout::WORD as i64);
        self.builder.def_var(address, at);
    }

    /// `carry` = the occupied slots folded from the lowest up, the higher one on the left.
    fn fold_stack(&mut self, id: ReduceId, carry: Variable, blocks: Variable) {
        let reduce: &Reduce = &self.code.reduces[id.0 as usize];
        let ty = clif_type(reduce.dtype);
        let [rest, address] = [0, 1].map(|_| self.builder.declare_var(I64));
        // The lowest occupied slot begins; there is one, because a block was pushed.
        let count = self.builder.use_var(blocks);
        let lowest = self.builder.ins().ctz(count);
        let bytes = self.builder.ins().ishl_imm_u(lowest, 3);
        let at = self.builder.ins().iadd(self.lane, bytes);
        let first = self.stacked(id, ty, at);
        self.builder.def_var(carry, first);
        let bits = self.builder.ins().ushr(count, lowest);
        self.builder.def_var(rest, bits);
        self.builder.def_var(address, at);
        self.next_level(rest, address);
        let [head, look, merge, skip, done] = std::array::from_fn(|_| self.builder.create_block());
        self.builder.ins().jump(head, &[]);
        self.builder.switch_to_block(head);
        let bits = self.builder.use_var(rest);
        self.builder.ins().brif(bits, look, &[], done, &[]);
        self.continue_in(look);
        let odd = self.builder.ins().band_imm_s(bits, 1);
        self.builder.ins().brif(odd, merge, &[], skip, &[]);
        self.continue_in(merge);
        let at = self.builder.use_var(address);
        let left = self.stacked(id, ty, at);
        let right = self.builder.use_var(carry);
        let merged = self.combine(reduce, left, right);
        self.builder.def_var(carry, merged);
        self.builder.ins().jump(skip, &[]);
        self.continue_in(skip);
        self.next_level(rest, address);
        self.builder.ins().jump(head, &[]);
        self.builder.seal_block(head);
        self.continue_in(done);
    }
}
