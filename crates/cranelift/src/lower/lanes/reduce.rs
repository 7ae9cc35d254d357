//! Reductions: one partial result per lane.

use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value};
use crossover_ir::{Op, Reduce, ReduceId, ReduceOp, ValueId};
use crossover_values::DType;

use super::Lanes;
use super::mask::Mask;
use crate::layout::{self, PARTIALS, Scheme};
use crate::lower::ReduceState;

impl Lanes<'_, '_, '_> {
    /// Partial results at the start of a span: nothing yet, or the block's sixteen.
    pub(super) fn start_partials(&mut self) {
        for index in 0..self.lower.code.reduces.len() {
            let reduce: &Reduce = &self.lower.code.reduces[index];
            let (word, scheme) = self.lower.source.layout.reduces[index];
            let parts = match scheme {
                Scheme::Blocks => self.load_partials(reduce.dtype, word),
                Scheme::Accumulate | Scheme::Best | Scheme::Inner => {
                    let start = self.lower.constant(reduce.op.identity(reduce.dtype));
                    self.spread(reduce.dtype, start)
                }
            };
            if self.partials.len() == index {
                let ty = self.lower.builder.func.dfg.value_type(parts[0]);
                let variables = parts.iter().map(|_| self.lower.builder.declare_var(ty)).collect();
                self.partials.push(variables);
            }
            let variables = self.partials[index].clone();
            self.define(&variables, &parts);
        }
    }

    /// They stand side by side in the lane table.
    fn load_partials(&mut self, dtype: DType, word: usize) -> Vec<Value> {
        let (flags, lane, ty) = (MemFlagsData::trusted(), self.lower.lane, self.lane_type(dtype));
        (0..PARTIALS * dtype.size() / 16)
            .map(|part| {
                let offset = layout::offset(word + 2 * part);
                self.lower.builder.ins().load(ty, flags, lane, offset)
            })
            .collect()
    }

    /// Hands partial results over to scalar code.
    pub(super) fn finish_partials(&mut self) {
        for index in 0..self.partials.len() {
            let reduce: &Reduce = &self.lower.code.reduces[index];
            let (word, _) = self.lower.source.layout.reduces[index];
            let variables = self.partials[index].clone();
            let parts = self.read(&variables);
            match self.lower.reduces[index].clone() {
                ReduceState::Partials => self.store_partials(word, &parts),
                ReduceState::Accumulator(variable) => {
                    let before = self.lower.builder.use_var(variable);
                    let value = self.fold_parts(reduce, parts, before);
                    self.lower.builder.def_var(variable, value);
                }
                ReduceState::Best { .. } | ReduceState::Inner { .. } => {
                    unreachable!("the analysis refuses these")
                }
            }
        }
    }

    /// All lanes of a reduction whose order does not show: vectors first, then lanes of the last.
    pub(super) fn fold_parts(
        &mut self,
        reduce: &Reduce,
        mut parts: Vec<Value>,
        before: Value,
    ) -> Value {
        while parts.len() > 1 {
            let high = parts.split_off(parts.len().div_ceil(2));
            for (low, high) in parts.iter_mut().zip(high) {
                *low = self.combine_vectors(reduce, *low, high);
            }
        }
        let lanes = self.lane_type(reduce.dtype).lane_count() as usize;
        (0..lanes).fold(before, |value, lane| {
            let own = self.extract(reduce.dtype, &parts, lane);
            self.lower.combine(reduce, value, own)
        })
    }

    fn store_partials(&mut self, word: usize, parts: &[Value]) {
        let (flags, lane) = (MemFlagsData::trusted(), self.lower.lane);
        for (part, value) in parts.iter().enumerate() {
            let offset = layout::offset(word + 2 * part);
            self.lower.builder.ins().store(flags, *value, lane, offset);
        }
    }

    /// The partial results as they are, to come back to.
    pub(super) fn save_partials(&mut self) -> Vec<Vec<Value>> {
        let all = self.partials.clone();
        all.iter().map(|variables| self.read(variables)).collect()
    }

    pub(super) fn restore_partials(&mut self, saved: &[Vec<Value>]) {
        let all = self.partials.clone();
        for (variables, parts) in all.iter().zip(saved) {
            self.define(variables, parts);
        }
    }

    /// Each active lane contributes; lane j of a block's chunk to partial j mod 16.
    pub(super) fn contribute(&mut self, id: ReduceId, value: ValueId) {
        let reduce: &Reduce = &self.lower.code.reduces[id.0 as usize];
        let variables = self.partials[id.0 as usize].clone();
        let parts = self.vectors(value);
        if reduce.dtype == DType::Bool {
            return self.contribute_masks(reduce.op, &variables, &parts);
        }
        for (group, parts) in parts.chunks(variables.len()).enumerate() {
            let before = self.read(&variables);
            let after: Vec<Value> = before
                .iter()
                .zip(parts)
                .map(|(before, own)| self.combine_vectors(reduce, *before, *own))
                .collect();
            let after = match self.mask.clone() {
                Mask::All => after,
                Mask::Some(mask) => {
                    let lanes = variables.len() * 16 / reduce.dtype.size();
                    let each = self.mask_type().lane_count() as usize;
                    let first = group * lanes / each;
                    let mask = mask[first..first + lanes / each].to_vec();
                    self.blend(&mask, &after, &before)
                }
            };
            self.define(&variables, &after);
        }
    }

    fn contribute_masks(
        &mut self,
        op: ReduceOp,
        variables: &[cranelift_frontend::Variable],
        parts: &[Value],
    ) {
        let before = self.read(variables);
        let after = match op {
            ReduceOp::And => {
                // Lanes that are not active contribute nothing: as if true.
                let inverted: Vec<Value> =
                    parts.iter().map(|part| self.lower.builder.ins().bnot(*part)).collect();
                let failed = self.active(&inverted);
                self.without(&before, &failed)
            }
            ReduceOp::Xor => {
                let own = self.active(parts);
                let pairs = before.iter().zip(&own);
                pairs.map(|(a, b)| self.lower.builder.ins().bxor(*a, *b)).collect()
            }
            _ => {
                let own = self.active(parts);
                self.either(&before, &own)
            }
        };
        self.define(variables, &after);
    }

    fn combine_vectors(&mut self, reduce: &Reduce, before: Value, own: Value) -> Value {
        match reduce.op {
            ReduceOp::Min => self.vector_min_max(Op::Min, reduce.dtype, before, own),
            ReduceOp::Max => self.vector_min_max(Op::Max, reduce.dtype, before, own),
            _ => self.lower.combine(reduce, before, own),
        }
    }
}
