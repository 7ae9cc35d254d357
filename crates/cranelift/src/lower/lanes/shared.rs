//! Memory of a loop in lanes whose code around is scalar: scratch arrays that all lanes share, and
//! addresses that all pieces of a chunk share.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value};
use crossover_ir::lanes::Shape;
use crossover_ir::{InstKind, ScratchId, ValueId};

use super::{Held, Lanes};
use crate::layout;
use crate::lower::Fact;

impl Lanes<'_, '_, '_> {
    /// Elements of a scratch array that all lanes share.
    pub(super) fn shared_load(&mut self, scratch: ScratchId, index: ValueId) -> Held {
        let dtype = self.lower.code.scratch[scratch.0 as usize].dtype;
        match self.shape(index) {
            Shape::Uniform => {
                let (address, offset) = self.shared_element(scratch, index);
                Held::One(self.lower.load_element(dtype, address, offset))
            }
            Shape::Affine(1) => {
                let (address, offset) = self.shared_element(scratch, index);
                Held::Many(self.load_neighbours(dtype, address, offset, MemFlagsData::trusted()))
            }
            Shape::Affine(_) | Shape::Varying => {
                let addresses = self.shared_elements(scratch, index);
                let load = |address: Value| self.lower.load_element(dtype, address, 0);
                let lanes: Vec<Value> = addresses.into_iter().map(load).collect();
                Held::Many(self.together(dtype.loaded(), &lanes))
            }
        }
    }

    /// As [`Lanes::shared_load`]; the index is not uniform, for iterations are independent.
    pub(super) fn shared_store(&mut self, scratch: ScratchId, index: ValueId, value: ValueId) {
        let dtype = self.lower.code.scratch[scratch.0 as usize].dtype;
        if self.shape(index) == Shape::Affine(1) {
            let (address, offset) = self.shared_element(scratch, index);
            return self.store_neighbours(dtype, value, address, offset);
        }
        let addresses = self.shared_elements(scratch, index);
        let held = self.held(value);
        let lanes: Vec<Value> =
            (0..self.count as usize).map(|lane| self.lane_of(value, &held, lane)).collect();
        self.store_lanes(dtype, &lanes, addresses);
    }

    /// The first lane's element; the others are its neighbours, or it.
    fn shared_element(&mut self, scratch: ScratchId, index: ValueId) -> (Value, i32) {
        let declared = &self.lower.code.scratch[scratch.0 as usize];
        let (len, size) = (i64::from(declared.len), declared.dtype.size() as i64);
        let neighbours = self.shape(index) != Shape::Uniform;
        let width = if neighbours { i64::from(self.count) - 1 } else { 0 };
        let first = self.wide_first(index);
        let tested = Fact::Scratch(scratch, first);
        if !self.lower.tested.contains(&tested) || !neighbours {
            let room = self.lower.integer(I64, (len - width).max(0) as u64);
            let code = IntCC::UnsignedGreaterThanOrEqual;
            let outside = self.lower.builder.ins().icmp(code, first, room);
            self.bail_if(outside);
            if neighbours {
                self.lower.tested.push(tested);
            }
        }
        let (start, ahead) = self.counted(index);
        let bytes = self.lower.builder.ins().imul_imm_s(start, size);
        let address = self.lower.builder.ins().iadd(self.lower.lane, bytes);
        let offset = layout::offset(self.lower.source.layout.scratch(scratch));
        (address, offset + ahead * size as i32)
    }

    /// The first lane's index in 64 bits, and what is to be added to it: the loop's own index is
    /// that of the chunk, so that all pieces share addresses.
    pub(super) fn counted(&mut self, index: ValueId) -> (Value, i32) {
        match (&self.lower.inst(index).kind, self.counter) {
            (InstKind::Get(var), Some(counter)) if *var == self.form.index => counter,
            _ => (self.wide_first(index), 0),
        }
    }

    fn shared_elements(&mut self, scratch: ScratchId, index: ValueId) -> Vec<Value> {
        let declared = &self.lower.code.scratch[scratch.0 as usize];
        let (len, size) = (u64::from(declared.len), declared.dtype.size() as i64);
        let len = self.lower.integer(I64, len);
        let held = self.tested_index(index, len);
        let offset = i64::from(layout::offset(self.lower.source.layout.scratch(scratch)));
        let base = self.lower.builder.ins().iadd_imm_s(self.lower.lane, offset);
        (0..self.count as usize)
            .map(|lane| {
                let scalar = self.lane_of(index, &held, lane);
                let wide = self.zero_extended(scalar);
                let bytes = self.lower.builder.ins().imul_imm_s(wide, size);
                self.lower.builder.ins().iadd(base, bytes)
            })
            .collect()
    }
}
