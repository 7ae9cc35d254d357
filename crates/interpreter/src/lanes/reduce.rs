//! Contributions of a block to the reductions of its region.

use crossover_ir::ReduceOp;
use crossover_ir::fold::PARTIALS;
use crossover_values::DType;

use super::block::{ALL, Block};
use super::frame::{GROUP, Lane};
use super::inst::BlockInst;
use crate::word::Word;

impl Block<'_, '_, '_> {
    /// One value per active lane into the sixteen partials, in the order of iterations.
    #[inline(always)]
    pub(super) fn reduce_fold(&mut self, inst: &BlockInst) {
        let fold = self.folds[inst.t as usize];
        let first = usize::from(fold.partials);
        match (fold.dtype, fold.op) {
            (DType::F32, ReduceOp::Add) => self.fold::<f32>(
                inst,
                first,
                #[inline(always)]
                |s, v| s + v,
            ),
            (DType::F32, ReduceOp::Min) => {
                self.fold::<f32>(
                    inst,
                    first,
                    #[inline(always)]
                    |s, v| if v < s { v } else { s },
                );
            }
            (DType::F32, _) => {
                self.fold::<f32>(
                    inst,
                    first,
                    #[inline(always)]
                    |s, v| if s < v { v } else { s },
                );
            }
            (_, ReduceOp::Add) => self.fold::<f64>(
                inst,
                first,
                #[inline(always)]
                |s, v| s + v,
            ),
            (_, ReduceOp::Min) => {
                self.fold::<f64>(
                    inst,
                    first,
                    #[inline(always)]
                    |s, v| if v < s { v } else { s },
                );
            }
            _ => self.fold::<f64>(
                inst,
                first,
                #[inline(always)]
                |s, v| if s < v { v } else { s },
            ),
        }
    }

    #[inline(always)]
    fn fold<T: Lane + Word>(
        &mut self,
        inst: &BlockInst,
        first: usize,
        combine: impl Fn(T, T) -> T,
    ) {
        let values = &self.frame.row::<T::Word>(inst.args[0])[..self.lanes];
        let mask = &self.frame.row::<u32>(inst.m)[..self.lanes];
        let partials = &mut self.accumulators[first..first + PARTIALS];
        let mut sums: [T; PARTIALS] = std::array::from_fn(|k| <T as Word>::get(partials[k]));
        let (whole, rest) = values.as_chunks::<PARTIALS>();
        let (masks, rest_mask) = mask.as_chunks::<PARTIALS>();
        // A block starts at a multiple of sixteen, or is shorter than that: see the driver.
        let shift = (self.flat % PARTIALS as u64) as usize;
        debug_assert!(shift == 0 || shift + self.lanes <= PARTIALS);
        if inst.m == ALL {
            for values in whole {
                for k in 0..PARTIALS {
                    sums[k] = combine(sums[k], <T as Lane>::get(values[k]));
                }
            }
        } else {
            for (values, mask) in whole.iter().zip(masks) {
                for k in 0..PARTIALS {
                    let combined = combine(sums[k], <T as Lane>::get(values[k]));
                    sums[k] = if mask[k] != 0 { combined } else { sums[k] };
                }
            }
        }
        for (k, (value, mask)) in rest.iter().zip(rest_mask).enumerate() {
            let sum = &mut sums[(shift + k) % PARTIALS];
            if *mask != 0 {
                *sum = combine(*sum, <T as Lane>::get(*value));
            }
        }
        partials.iter_mut().zip(sums).for_each(|(partial, sum)| *partial = Word::put(sum));
    }

    /// The active lanes' values and the accumulator, in any order.
    #[inline(always)]
    pub(super) fn reduce_scalar(&mut self, inst: &BlockInst) {
        let reduce = self.unit.reduces[inst.t as usize];
        let register = usize::from(self.outputs[reduce.output].0);
        let before = self.accumulators[register];
        let after = match reduce.dtype {
            DType::Bool => {
                let before = (before as u32).wrapping_neg();
                u64::from(self.bits32(inst, reduce.op, before) & 1)
            }
            DType::I32 => match reduce.op {
                ReduceOp::Min => self.all::<i32>(
                    inst,
                    before,
                    i32::MAX,
                    #[inline(always)]
                    |a, b| a.min(b),
                ),
                ReduceOp::Max => self.all::<i32>(
                    inst,
                    before,
                    i32::MIN,
                    #[inline(always)]
                    |a, b| a.max(b),
                ),
                op => u64::from(self.bits32(inst, op, before as u32)),
            },
            DType::U32 => match reduce.op {
                ReduceOp::Min => self.all::<u32>(
                    inst,
                    before,
                    u32::MAX,
                    #[inline(always)]
                    |a, b| a.min(b),
                ),
                ReduceOp::Max => self.all::<u32>(
                    inst,
                    before,
                    0,
                    #[inline(always)]
                    |a, b| a.max(b),
                ),
                op => u64::from(self.bits32(inst, op, before as u32)),
            },
            DType::I64 if reduce.op == ReduceOp::Min => self.all::<i64>(
                inst,
                before,
                i64::MAX,
                #[inline(always)]
                |a, b| a.min(b),
            ),
            DType::I64 if reduce.op == ReduceOp::Max => self.all::<i64>(
                inst,
                before,
                i64::MIN,
                #[inline(always)]
                |a, b| a.max(b),
            ),
            _ => self.bits64(inst, reduce.op, before),
        };
        self.accumulators[register] = after;
    }

    #[inline(always)]
    fn bits32(&self, inst: &BlockInst, op: ReduceOp, before: u32) -> u32 {
        let all = |identity, combine: fn(u32, u32) -> u32| {
            self.all::<u32>(inst, u64::from(before), identity, combine) as u32
        };
        match op {
            ReduceOp::Or => all(0, |a, b| a | b),
            ReduceOp::Xor => all(0, |a, b| a ^ b),
            ReduceOp::And => all(u32::MAX, |a, b| a & b),
            _ => self.all::<u32>(
                inst,
                u64::from(before),
                0,
                #[inline(always)]
                |a, b| a.wrapping_add(b),
            ) as u32,
        }
    }

    #[inline(always)]
    fn bits64(&self, inst: &BlockInst, op: ReduceOp, before: u64) -> u64 {
        let all = |identity, combine: fn(u64, u64) -> u64| {
            self.all::<u64>(inst, before, identity, combine)
        };
        match op {
            ReduceOp::Or => all(0, |a, b| a | b),
            ReduceOp::Xor => all(0, |a, b| a ^ b),
            ReduceOp::And => all(u64::MAX, |a, b| a & b),
            ReduceOp::Min => all(u64::MAX, u64::min),
            ReduceOp::Max => all(0, u64::max),
            _ => self.all::<u64>(
                inst,
                before,
                0,
                #[inline(always)]
                |a, b| a.wrapping_add(b),
            ),
        }
    }

    #[inline(always)]
    fn all<T: Lane + Word>(
        &self,
        inst: &BlockInst,
        before: u64,
        identity: T,
        combine: impl Fn(T, T) -> T,
    ) -> u64 {
        let count = self.groups * GROUP;
        let values = &self.frame.row::<T::Word>(inst.args[0])[..count];
        let mask = &self.frame.row::<u32>(inst.m)[..count];
        let folded = values.iter().zip(mask).fold(
            identity,
            #[inline(always)]
            |all, (value, mask)| {
                combine(all, if *mask != 0 { <T as Lane>::get(*value) } else { identity })
            },
        );
        Word::put(combine(<T as Word>::get(before), folded))
    }
}
