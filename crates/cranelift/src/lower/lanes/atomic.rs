//! Atomics: lane by lane, in the order of lanes.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::I32;
use cranelift_codegen::ir::{Block, InstBuilder, MemFlagsData, Value};
use crossover_ir::{Atomic, AtomicOp, ValueId};
use crossover_values::DType;

use super::mask::Mask;
use super::{Held, Lanes};

impl Lanes<'_, '_, '_> {
    /// All indices are tested before the first lane changes anything. Results are not used, but
    /// those of loads.
    pub(super) fn atomic(&mut self, value: ValueId, atomic: &Atomic) {
        let addresses = self.addresses(atomic.array, &atomic.indices);
        if atomic.op == AtomicOp::Load {
            let lanes: Vec<Value> =
                addresses.into_iter().map(|address| self.lower.atomic_load(address)).collect();
            let parts = self.together(self.dtype(value), &lanes);
            return self.keep(value, Held::Many(parts));
        }
        let dtype = self.lower.element_type(atomic.array);
        let operand = atomic.args[0];
        let held = self.held(operand);
        let bits = match self.mask.clone() {
            Mask::All => None,
            Mask::Some(mask) => Some(self.bits(&mask)),
        };
        for (lane, address) in addresses.into_iter().enumerate() {
            let scalar = self.lane_of(operand, &held, lane);
            let after = bits.map(|bits| {
                let bit = self.lower.builder.ins().band_imm_s(bits, 1_i64 << lane);
                let inside = self.lower.builder.create_block();
                let after = self.lower.builder.create_block();
                self.lower.builder.ins().brif(bit, inside, &[], after, &[]);
                self.lower.continue_in(inside);
                after
            });
            let changed = self.unless_done(atomic.op, dtype, address, scalar);
            self.lower.read_modify_write(atomic.op, dtype, address, scalar);
            if let Some(changed) = changed {
                self.lower.builder.ins().jump(changed, &[]);
                self.lower.continue_in(changed);
            }
            if let Some(after) = after {
                self.lower.builder.ins().jump(after, &[]);
                self.lower.continue_in(after);
            }
        }
        // Nothing uses the old value.
        let zero = self.lower.integer(I32, 0);
        let parts = self.spread(DType::I32, zero);
        self.keep(value, Held::Many(parts));
    }

    /// A minimum or maximum that is reached already changes nothing, and to see that takes a load
    /// in place of a loop around a compare-and-exchange, which one thread has no need of. Gives the
    /// block behind.
    fn unless_done(
        &mut self,
        op: AtomicOp,
        dtype: DType,
        address: Value,
        scalar: Value,
    ) -> Option<Block> {
        if self.lower.source.alone {
            return None;
        }
        let code = match (op, dtype.is_signed_int()) {
            (AtomicOp::Max, true) => IntCC::SignedLessThan,
            (AtomicOp::Max, false) => IntCC::UnsignedLessThan,
            (AtomicOp::Min, true) => IntCC::SignedGreaterThan,
            (AtomicOp::Min, false) => IntCC::UnsignedGreaterThan,
            _ => return None,
        };
        let flags = MemFlagsData::trusted();
        let now = self.lower.builder.ins().atomic_load(I32, flags, address);
        let changes = self.lower.builder.ins().icmp(code, now, scalar);
        let change = self.lower.builder.create_block();
        let after = self.lower.builder.create_block();
        self.lower.builder.ins().brif(changes, change, &[], after, &[]);
        self.lower.continue_in(change);
        Some(after)
    }
}
