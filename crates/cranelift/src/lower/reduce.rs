//! Contributions to reductions.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::types::I8;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value};
use crossover_ir::{Op, Reduce, ReduceId, ReduceOp, ValueId};

use super::{Lower, ReduceState, clif_type};
use crate::layout::Scheme;

impl Lower<'_, '_> {
    /// Sets accumulators up at the entry. Partial results of blocks are set by the host.
    pub(super) fn start_reduces(&mut self) {
        for index in 0..self.code.reduces.len() {
            let reduce: &Reduce = &self.code.reduces[index];
            let ty = clif_type(reduce.dtype);
            let state = match self.source.layout.reduces[index].1 {
                // A loop inside the lane says where its own are when it begins.
                Scheme::Blocks | Scheme::Inner => ReduceState::Partials,
                Scheme::Accumulate => {
                    let variable = self.builder.declare_var(ty);
                    let start = self.constant(reduce.op.identity(reduce.dtype));
                    self.builder.def_var(variable, start);
                    ReduceState::Accumulator(variable)
                }
                Scheme::Best => self.start_best(reduce),
            };
            self.reduces.push(state);
        }
    }

    /// Every call starts from the value before the loop: only what beats it counts.
    fn start_best(&mut self, reduce: &Reduce) -> ReduceState {
        let found = self.builder.declare_var(I8);
        let none = self.integer(I8, 0);
        self.builder.def_var(found, none);
        let before = self.host_get(reduce.target);
        let best = self.builder.declare_var(clif_type(reduce.dtype));
        self.builder.def_var(best, before);
        let payload = reduce.payload.iter().map(|var| {
            let dtype = self.source.kernel.vars[var.0 as usize].dtype;
            let variable = self.builder.declare_var(clif_type(dtype));
            let before = self.host_get(*var);
            self.builder.def_var(variable, before);
            variable
        });
        let payload = payload.collect();
        ReduceState::Best { found, best, payload }
    }

    /// Writes accumulators to the lane table at the end of the range.
    pub(super) fn finish_reduces(&mut self) {
        for index in 0..self.reduces.len() {
            let word = self.source.layout.reduces[index].0;
            match self.reduces[index].clone() {
                ReduceState::Partials | ReduceState::Inner { .. } => {}
                ReduceState::Accumulator(variable) => {
                    let value = self.builder.use_var(variable);
                    self.store_lane(value, word);
                }
                ReduceState::Best { found, best, payload } => {
                    let variables = [found, best].into_iter().chain(payload);
                    for (position, variable) in variables.enumerate() {
                        let value = self.builder.use_var(variable);
                        self.store_lane(value, word + position);
                    }
                }
            }
        }
    }

    /// Adds what another function of the unit has left in the lane table.
    pub(super) fn absorb_accumulators(&mut self) {
        for index in 0..self.reduces.len() {
            let ReduceState::Accumulator(variable) = self.reduces[index] else { continue };
            let reduce: &Reduce = &self.code.reduces[index];
            let word = self.source.layout.reduces[index].0;
            let flags = MemFlagsData::trusted();
            let own = self.load_word(reduce.dtype, flags, self.lane, word);
            let before = self.builder.use_var(variable);
            let after = self.combine(reduce, before, own);
            self.builder.def_var(variable, after);
        }
    }

    pub(super) fn contribute(&mut self, id: ReduceId, value: ValueId, payload: &[ValueId]) {
        let reduce: &Reduce = &self.code.reduces[id.0 as usize];
        let contribution = self.value(value);
        let packed = self.packed.iter_mut().flat_map(|packed| &mut packed.sums);
        if let Some((_, values)) = packed.into_iter().find(|(sum, _)| *sum == id) {
            return values.push(contribution);
        }
        match self.reduces[id.0 as usize].clone() {
            ReduceState::Accumulator(variable) => {
                let before = self.builder.use_var(variable);
                let after = self.combine(reduce, before, contribution);
                self.builder.def_var(variable, after);
            }
            ReduceState::Partials => {
                // On a single axis the position is the flattened iteration.
                let flat = self.flat.unwrap_or(self.positions[0]);
                let iteration = self.builder.use_var(flat);
                self.contribute_partial(id, reduce, contribution, iteration);
            }
            ReduceState::Inner { counter, origin } => {
                let here = self.builder.use_var(counter);
                let iteration = self.builder.ins().isub(here, origin);
                self.contribute_partial(id, reduce, contribution, iteration);
            }
            ReduceState::Best { found, best, payload: variables } => {
                let before = self.builder.use_var(best);
                let wins = self.beats(reduce, contribution, before);
                let yes = self.integer(I8, 1);
                let mut changes = vec![(found, yes), (best, contribution)];
                for (variable, value) in variables.into_iter().zip(payload) {
                    changes.push((variable, self.value(*value)));
                }
                self.assign_if(wins, &changes);
            }
        }
    }

    pub(super) fn combine(&mut self, reduce: &Reduce, before: Value, contribution: Value) -> Value {
        let op = match reduce.op {
            ReduceOp::Add => Op::Add,
            ReduceOp::Or => Op::Or,
            ReduceOp::Xor => Op::Xor,
            ReduceOp::And => Op::And,
            ReduceOp::Min | ReduceOp::ArgMin => Op::Min,
            ReduceOp::Max | ReduceOp::ArgMax => Op::Max,
        };
        self.binary(op, reduce.dtype, before, contribution)
    }

    /// Whether a contribution is strictly better than the best so far.
    fn beats(&mut self, reduce: &Reduce, contribution: Value, best: Value) -> Value {
        let (small, large) = match reduce.op {
            ReduceOp::ArgMax => (best, contribution),
            _ => (contribution, best),
        };
        if reduce.dtype.is_float() {
            self.builder.ins().fcmp(FloatCC::LessThan, small, large)
        } else {
            let signed = reduce.dtype.is_signed_int();
            let code = if signed { IntCC::SignedLessThan } else { IntCC::UnsignedLessThan };
            self.builder.ins().icmp(code, small, large)
        }
    }

    fn assign_if(&mut self, cond: Value, changes: &[(cranelift_frontend::Variable, Value)]) {
        let taken = self.builder.create_block();
        let after = self.builder.create_block();
        self.builder.ins().brif(cond, taken, &[], after, &[]);
        self.continue_in(taken);
        for (variable, value) in changes {
            self.builder.def_var(*variable, *value);
        }
        self.builder.ins().jump(after, &[]);
        self.continue_in(after);
    }
}
