//! Atomics: instructions of their own where threads share the arrays, plain loads and stores where
//! none do. On one thread nothing happens between the load and the store, so both give the same
//! values, and a locked instruction costs about twenty cycles more than a plain one.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::I32;
use cranelift_codegen::ir::{AtomicRmwOp, InstBuilder, MemFlagsData, Value};
use crossover_ir::{Atomic, AtomicOp, Inst, Op};
use crossover_values::DType;

use super::Lower;

impl Lower<'_, '_> {
    pub(super) fn atomic(&mut self, atomic: &Atomic, inst: &Inst) -> Value {
        let (mut address, offset) = self.element(atomic.array, &atomic.indices, inst.span);
        if offset != 0 {
            address = self.builder.ins().iadd_imm_s(address, i64::from(offset));
        }
        let args: Vec<Value> = atomic.args.iter().map(|arg| self.value(*arg)).collect();
        let dtype = self.element_type(atomic.array);
        match (atomic.op, args.as_slice()) {
            (AtomicOp::Load, _) => self.atomic_load(address),
            (AtomicOp::Store, [value, ..]) => {
                let flags = MemFlagsData::trusted();
                if self.source.alone {
                    self.builder.ins().store(flags, *value, address, 0);
                } else {
                    self.builder.ins().atomic_store(flags, *value, address);
                }
                // The validator proves that nothing uses the value of a store.
                *value
            }
            (AtomicOp::CompareExchange, [expected, new, ..]) => {
                self.compare_exchange(address, *expected, *new)
            }
            (op, args) => {
                let value = *args.first().expect("the validator counts operands");
                self.read_modify_write(op, dtype, address, value)
            }
        }
    }

    pub(super) fn atomic_load(&mut self, address: Value) -> Value {
        let flags = MemFlagsData::trusted();
        if self.source.alone {
            return self.builder.ins().load(I32, flags, address, 0);
        }
        self.builder.ins().atomic_load(I32, flags, address)
    }

    fn compare_exchange(&mut self, address: Value, expected: Value, new: Value) -> Value {
        let flags = MemFlagsData::trusted();
        if !self.source.alone {
            return self.builder.ins().atomic_cas(flags, address, expected, new);
        }
        let old = self.builder.ins().load(I32, flags, address, 0);
        let same = self.builder.ins().icmp(IntCC::Equal, old, expected);
        let [exchange, after] = [0, 1].map(|_| self.builder.create_block());
        self.builder.ins().brif(same, exchange, &[], after, &[]);
        self.continue_in(exchange);
        self.builder.ins().store(flags, new, address, 0);
        self.builder.ins().jump(after, &[]);
        self.continue_in(after);
        old
    }

    /// What the element held before; the other atomics.
    pub(super) fn read_modify_write(
        &mut self,
        op: AtomicOp,
        dtype: DType,
        address: Value,
        value: Value,
    ) -> Value {
        let flags = MemFlagsData::trusted();
        if !self.source.alone {
            let op = rmw(op, dtype.is_signed_int());
            return self.builder.ins().atomic_rmw(I32, flags, op, address, value);
        }
        let old = self.builder.ins().load(I32, flags, address, 0);
        let new = match op {
            AtomicOp::Add => self.binary(Op::Add, dtype, old, value),
            AtomicOp::Min => self.binary(Op::Min, dtype, old, value),
            AtomicOp::Max => self.binary(Op::Max, dtype, old, value),
            AtomicOp::And => self.binary(Op::And, dtype, old, value),
            AtomicOp::Or => self.binary(Op::Or, dtype, old, value),
            AtomicOp::Xor => self.binary(Op::Xor, dtype, old, value),
            AtomicOp::Exchange => value,
            AtomicOp::CompareExchange | AtomicOp::Load | AtomicOp::Store => {
                unreachable!("{OTHERS}")
            }
        };
        self.builder.ins().store(flags, new, address, 0);
        old
    }
}

const OTHERS: &str = "they are lowered by themselves";

fn rmw(op: AtomicOp, signed: bool) -> AtomicRmwOp {
    match op {
        AtomicOp::Add => AtomicRmwOp::Add,
        AtomicOp::Min if signed => AtomicRmwOp::Smin,
        AtomicOp::Min => AtomicRmwOp::Umin,
        AtomicOp::Max if signed => AtomicRmwOp::Smax,
        AtomicOp::Max => AtomicRmwOp::Umax,
        AtomicOp::And => AtomicRmwOp::And,
        AtomicOp::Or => AtomicRmwOp::Or,
        AtomicOp::Xor => AtomicRmwOp::Xor,
        AtomicOp::Exchange => AtomicRmwOp::Xchg,
        AtomicOp::CompareExchange | AtomicOp::Load | AtomicOp::Store => unreachable!("{OTHERS}"),
    }
}
