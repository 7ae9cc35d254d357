//! Array elements: one for all lanes, neighbours, or one per lane.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I8X16, I16X8, I32, I32X4, I64};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value};
use crossover_ir::lanes::{Access, Shape};
use crossover_ir::{ArrayId, ScratchId, ValueId};
use crossover_values::{DType, Scalar};

use super::mask::Mask;
use super::{Held, Lanes};
use crate::layout;

/// Bytes of a vector.
const VECTOR: usize = 16;

impl Lanes<'_, '_, '_> {
    pub(super) fn load(&mut self, array: ArrayId, indices: &[ValueId], access: Access) -> Held {
        let dtype = self.lower.element_type(array);
        match access {
            Access::Uniform => {
                let (address, offset) = self.first_address(array, indices, access);
                Held::One(self.lower.load_element(dtype, address, offset))
            }
            Access::Contiguous => {
                let flags = self.load_flags(array, indices);
                let (address, offset) = self.first_address(array, indices, access);
                Held::Many(self.load_neighbours(dtype, address, offset, flags))
            }
            Access::Scattered => {
                let addresses = self.addresses(array, indices);
                let lanes: Vec<Value> = addresses
                    .into_iter()
                    .map(|address| self.lower.load_element(dtype, address, 0))
                    .collect();
                Held::Many(self.together(dtype.loaded(), &lanes))
            }
        }
    }

    /// Neighbours at an address, the first lane's first.
    pub(super) fn load_neighbours(
        &mut self,
        dtype: DType,
        address: Value,
        offset: i32,
        flags: MemFlagsData,
    ) -> Vec<Value> {
        if dtype.size() == 1 {
            return self.load_bytes(dtype, address, offset);
        }
        let ty = self.lane_type(dtype);
        (0..self.parts(dtype))
            .map(|part| {
                let offset = offset + part as i32 * 16;
                self.lower.builder.ins().load(ty, flags, address, offset)
            })
            .collect()
    }

    /// Bytes become 32-bit lanes; those of a `bool` a mask.
    fn load_bytes(&mut self, dtype: DType, address: Value, offset: i32) -> Vec<Value> {
        let flags = MemFlagsData::trusted();
        if !self.count.is_multiple_of(4) {
            let lanes: Vec<Value> = (0..self.count as i32)
                .map(|lane| self.lower.load_element(dtype, address, offset + lane))
                .collect();
            return self.together(dtype.loaded(), &lanes);
        }
        let words: Vec<Value> = (0..self.count as i32 / 4)
            .map(|word| {
                let four = self.lower.builder.ins().load(I32, flags, address, offset + word * 4);
                let vector = self.lower.builder.ins().scalar_to_vector(I32X4, four);
                let bytes = self.as_type(I8X16, vector);
                let shorts = self.lower.builder.ins().uwiden_low(bytes);
                debug_assert_eq!(self.lower.builder.func.dfg.value_type(shorts), I16X8);
                self.lower.builder.ins().uwiden_low(shorts)
            })
            .collect();
        self.narrow(dtype, words)
    }

    /// What words hold of narrow elements: those of a `bool` become a mask.
    fn narrow(&mut self, dtype: DType, words: Vec<Value>) -> Vec<Value> {
        if dtype != DType::Bool {
            return words;
        }
        let negated: Vec<Value> =
            words.into_iter().map(|word| self.lower.builder.ins().ineg(word)).collect();
        self.as_mask(negated, 4)
    }

    pub(super) fn store(
        &mut self,
        array: ArrayId,
        indices: &[ValueId],
        value: ValueId,
        access: Access,
    ) {
        let dtype = self.lower.element_type(array);
        match access {
            Access::Contiguous => {
                let (address, offset) = self.first_address(array, indices, access);
                self.store_neighbours(dtype, value, address, offset);
            }
            Access::Uniform | Access::Scattered => {
                let addresses = self.addresses(array, indices);
                let held = self.held(value);
                let lanes: Vec<Value> =
                    (0..self.count as usize).map(|lane| self.lane_of(value, &held, lane)).collect();
                self.store_lanes(dtype, &lanes, addresses);
            }
        }
    }

    /// Stores a scalar per lane; what is not active goes to a word that nothing reads.
    pub(super) fn store_lanes(&mut self, dtype: DType, lanes: &[Value], addresses: Vec<Value>) {
        let addresses = self.or_nowhere(addresses);
        for (value, address) in lanes.iter().zip(addresses) {
            self.lower.store_element(dtype, *value, address, 0);
        }
    }

    fn or_nowhere(&mut self, addresses: Vec<Value>) -> Vec<Value> {
        let Mask::Some(mask) = self.mask.clone() else { return addresses };
        let bits = self.bits(&mask);
        let nowhere = self.nowhere();
        let pick = |(lane, address): (usize, Value)| {
            let bit = self.lower.builder.ins().band_imm_s(bits, 1_i64 << lane);
            self.lower.builder.ins().select(bit, address, nowhere)
        };
        addresses.into_iter().enumerate().map(pick).collect()
    }

    /// The address of a word that only a failure writes for good.
    fn nowhere(&mut self) -> Value {
        let offset = i64::from(layout::offset(layout::FAILED_PAYLOAD));
        let lane = self.lower.lane;
        self.lower.builder.ins().iadd_imm_s(lane, offset)
    }

    pub(super) fn store_neighbours(
        &mut self,
        dtype: DType,
        value: ValueId,
        address: Value,
        offset: i32,
    ) {
        let whole = self.mask == Mask::All && dtype.size() > 1;
        if whole {
            let flags = MemFlagsData::trusted();
            for (part, vector) in self.vectors(value).into_iter().enumerate() {
                let offset = offset + part as i32 * 16;
                self.lower.builder.ins().store(flags, vector, address, offset);
            }
            return;
        }
        let held = self.held(value);
        let size = dtype.size() as i64;
        let lanes: Vec<Value> =
            (0..self.count as usize).map(|lane| self.lane_of(value, &held, lane)).collect();
        let addresses = (0..i64::from(self.count))
            .map(|lane| {
                self.lower.builder.ins().iadd_imm_s(address, i64::from(offset) + lane * size)
            })
            .collect();
        self.store_lanes(dtype, &lanes, addresses);
    }

    /// Tests the indices of an access to one element or to neighbours; those that the span
    /// answers for are not tested again.
    fn test_firsts(&mut self, array: ArrayId, indices: &[ValueId]) {
        for (axis, index) in indices.iter().enumerate() {
            let (value, axis) = (*index, axis as u32);
            if self.is_guarded(array, axis, value) {
                continue;
            }
            let width = match self.shape(value) {
                Shape::Uniform => 0,
                Shape::Affine(_) | Shape::Varying => i64::from(self.count) - 1,
            };
            let first = self.wide_first(value);
            let tested = super::super::Fact::Axis(array, axis, first);
            if self.lower.tested.contains(&tested) {
                continue;
            }
            let extent = self.lower.array(array).extents[axis as usize];
            let mut room = extent;
            if width > 0 {
                room = self.lower.builder.ins().iadd_imm_s(extent, -width);
                let zero = self.lower.integer(I64, 0);
                room = self.lower.builder.ins().smax(room, zero);
            }
            let code = IntCC::UnsignedGreaterThanOrEqual;
            let outside = self.lower.builder.ins().icmp(code, first, room);
            self.bail_if(outside);
            if width == 0 {
                self.lower.tested.push(tested);
            }
        }
    }

    /// The first lane's index as 64 bits, with its sign.
    pub(super) fn wide_first(&mut self, value: ValueId) -> Value {
        let first = self.first(value);
        self.widened(value, first)
    }

    pub(super) fn widened(&mut self, value: ValueId, scalar: Value) -> Value {
        if self.lower.builder.func.dfg.value_type(scalar) == I64 {
            return scalar;
        }
        if self.dtype(value).is_signed_int() {
            self.lower.builder.ins().sextend(I64, scalar)
        } else {
            self.lower.builder.ins().uextend(I64, scalar)
        }
    }

    /// Address and displacement of the first lane's element, its indices tested.
    fn first_address(
        &mut self,
        array: ArrayId,
        indices: &[ValueId],
        access: Access,
    ) -> (Value, i32) {
        if let Some(address) = self.anchored(array, indices, access) {
            return (address, 0);
        }
        self.test_firsts(array, indices);
        let last = indices.len() - 1;
        let (mut firsts, mut ahead) = (Vec::new(), 0);
        for (axis, index) in indices.iter().enumerate() {
            let (wide, more) =
                if axis == last { self.counted(*index) } else { (self.wide_first(*index), 0) };
            firsts.push(wide);
            ahead = more;
        }
        let displacement = ahead * self.lower.element_type(array).size() as i32;
        (self.address_of(array, &firsts), displacement)
    }

    /// Addresses of the elements of all lanes. Active lanes' indices are tested; others give
    /// some address that may be loaded from.
    pub(super) fn addresses(&mut self, array: ArrayId, indices: &[ValueId]) -> Vec<Value> {
        let registers = self.lower.array(array);
        let mut lanes: Vec<Option<Value>> = vec![None; self.count as usize];
        for (axis, index) in indices.iter().enumerate() {
            let extent = registers.extents[axis];
            let held = self.tested_index(*index, extent);
            for (lane, flat) in lanes.iter_mut().enumerate() {
                let scalar = self.lane_of(*index, &held, lane);
                let wide = self.zero_extended(scalar);
                *flat = Some(match *flat {
                    None => wide,
                    Some(outer) => {
                        let row = self.lower.builder.ins().imul(outer, extent);
                        self.lower.builder.ins().iadd(row, wide)
                    }
                });
            }
        }
        let base = self.safe_base(array, indices.len());
        let dtype = self.lower.element_type(array);
        lanes
            .into_iter()
            .map(|flat| {
                let flat = flat.expect("the validator proves that there is an index per axis");
                self.lower.scaled(base, flat, dtype)
            })
            .collect()
    }

    pub(super) fn zero_extended(&mut self, scalar: Value) -> Value {
        if self.lower.builder.func.dfg.value_type(scalar) == I64 {
            scalar
        } else {
            self.lower.builder.ins().uextend(I64, scalar)
        }
    }

    /// The base of an array; of one without elements, which only lanes that are not active can
    /// address, some memory that can be read.
    fn safe_base(&mut self, array: ArrayId, axes: usize) -> Value {
        let registers = self.lower.array(array);
        if self.mask == Mask::All {
            return registers.base;
        }
        let mut total = registers.extents[0];
        for axis in 1..axes {
            total = self.lower.builder.ins().imul(total, registers.extents[axis]);
        }
        let lane = self.lower.lane;
        self.lower.builder.ins().select(total, registers.base, lane)
    }

    /// Gives the chunk up if an active lane's index is outside; 0 where no lane is active.
    pub(super) fn tested_index(&mut self, index: ValueId, extent: Value) -> Held {
        if self.shape(index) == Shape::Uniform {
            let first = self.wide_first(index);
            let code = IntCC::UnsignedGreaterThanOrEqual;
            let outside = self.lower.builder.ins().icmp(code, first, extent);
            self.bail_if(outside);
            return self.held(index);
        }
        let dtype = self.dtype(index);
        let ty = self.lane_type(dtype);
        let narrow = dtype.size() == 4;
        let limit = if narrow { self.lower.builder.ins().ireduce(I32, extent) } else { extent };
        let limit = self.lower.builder.ins().splat(ty, limit);
        let parts = self.vectors(index);
        let code = IntCC::UnsignedGreaterThanOrEqual;
        let outside: Vec<Value> =
            parts.iter().map(|part| self.lower.builder.ins().icmp(code, *part, limit)).collect();
        let outside = self.as_mask(outside, dtype.size());
        let outside = self.active(&outside);
        let any = self.any(&outside);
        self.bail_if(any);
        let Mask::Some(mask) = self.mask.clone() else { return self.held(index) };
        let mask = self.mask_for(&mask, dtype.size());
        let safe = parts.iter().zip(mask);
        Held::Many(safe.map(|(part, mask)| self.lower.builder.ins().band(*part, mask)).collect())
    }

    /// All lanes' arrays: they lie interleaved, an element's lanes side by side.
    pub(super) fn scratch_zero(&mut self, scratch: ScratchId) {
        let declared = &self.lower.code.scratch[scratch.0 as usize];
        let bytes = declared.len as usize * layout::lane_bytes(declared.dtype);
        let bytes = bytes * self.count as usize;
        let first = self.lower.source.layout.lane_scratch(scratch);
        self.lower.zero_words(first, bytes.div_ceil(layout::WORD));
    }

    pub(super) fn scratch_load(&mut self, scratch: ScratchId, index: ValueId) -> Vec<Value> {
        let dtype = self.lower.code.scratch[scratch.0 as usize].dtype;
        let (address, offset) = match self.shape(index) {
            Shape::Uniform => self.scratch_row(scratch, index),
            Shape::Affine(_) | Shape::Varying => {
                let (addresses, offset) = self.scratch_addresses(scratch, index);
                let lanes: Vec<Value> = addresses
                    .into_iter()
                    .map(|address| self.lower.load_element(dtype, address, offset))
                    .collect();
                return self.together(dtype.loaded(), &lanes);
            }
        };
        if dtype.size() == 1 && self.in_words() {
            return self.load_words(dtype, address, offset);
        }
        if dtype.size() == 1 {
            let lanes: Vec<Value> = (0..self.count as i32)
                .map(|lane| self.lower.load_element(dtype, address, offset + lane * 4))
                .collect();
            return self.together(dtype.loaded(), &lanes);
        }
        self.load_neighbours(dtype, address, offset, MemFlagsData::trusted())
    }

    /// Whether vectors of 32-bit lanes make up a chunk.
    fn in_words(&self) -> bool {
        self.count.is_multiple_of(4)
    }

    /// Narrow elements, each in a word.
    fn load_words(&mut self, dtype: DType, address: Value, offset: i32) -> Vec<Value> {
        let flags = MemFlagsData::trusted();
        let words: Vec<Value> = (0..self.count as i32 / 4)
            .map(|part| {
                self.lower.builder.ins().load(I32X4, flags, address, offset + part * VECTOR as i32)
            })
            .collect();
        self.narrow(dtype, words)
    }

    /// Stores all lanes' elements at one index. Lanes that are not active get back what they had:
    /// the memory is the chunk's own. What a word has above a narrow element is zero.
    fn store_row(&mut self, dtype: DType, value: ValueId, address: Value, offset: i32) {
        let flags = MemFlagsData::trusted();
        let mut parts = self.vectors(value);
        if dtype.size() == 1 {
            if dtype == DType::Bool {
                parts = self.mask_for(&parts, 4);
            }
            let element =
                self.splat_constant(Scalar::U32(if dtype == DType::Bool { 1 } else { 0xff }));
            let narrow = |part: Value| self.lower.builder.ins().band(part, element);
            parts = parts.into_iter().map(narrow).collect();
        }
        let offsets: Vec<i32> =
            (0..parts.len()).map(|part| offset + (part * VECTOR) as i32).collect();
        if let Mask::Some(mask) = self.mask.clone() {
            let ty = self.lower.builder.func.dfg.value_type(parts[0]);
            let load = |offset: &i32| self.lower.builder.ins().load(ty, flags, address, *offset);
            let old: Vec<Value> = offsets.iter().map(load).collect();
            parts = self.blend(&mask, &parts, &old);
        }
        for (vector, offset) in parts.into_iter().zip(offsets) {
            self.lower.builder.ins().store(flags, vector, address, offset);
        }
    }

    pub(super) fn scratch_store(&mut self, scratch: ScratchId, index: ValueId, value: ValueId) {
        let dtype = self.lower.code.scratch[scratch.0 as usize].dtype;
        if self.shape(index) == Shape::Uniform && (dtype.size() > 1 || self.in_words()) {
            let (address, offset) = self.scratch_row(scratch, index);
            return self.store_row(dtype, value, address, offset);
        }
        let (addresses, offset) = self.scratch_addresses(scratch, index);
        let held = self.held(value);
        let lanes: Vec<Value> =
            (0..self.count as usize).map(|lane| self.lane_of(value, &held, lane)).collect();
        let addresses = addresses
            .into_iter()
            .map(|address| self.lower.builder.ins().iadd_imm_s(address, i64::from(offset)))
            .collect();
        self.store_lanes(dtype, &lanes, addresses);
    }

    /// Where the elements of all lanes at one index begin.
    fn scratch_row(&mut self, scratch: ScratchId, index: ValueId) -> (Value, i32) {
        let declared = &self.lower.code.scratch[scratch.0 as usize];
        let (len, size) = (declared.len, layout::lane_bytes(declared.dtype));
        let first = self.wide_first(index);
        let len = self.lower.integer(I64, u64::from(len));
        let code = IntCC::UnsignedGreaterThanOrEqual;
        let outside = self.lower.builder.ins().icmp(code, first, len);
        self.bail_if(outside);
        let row = self.lower.builder.ins().imul_imm_s(first, (size * self.count as usize) as i64);
        let lane = self.lower.lane;
        let address = self.lower.builder.ins().iadd(lane, row);
        (address, layout::offset(self.lower.source.layout.lane_scratch(scratch)))
    }

    fn scratch_addresses(&mut self, scratch: ScratchId, index: ValueId) -> (Vec<Value>, i32) {
        let declared = &self.lower.code.scratch[scratch.0 as usize];
        let (len, size) = (declared.len, layout::lane_bytes(declared.dtype) as i64);
        let len = self.lower.integer(I64, u64::from(len));
        let held = self.tested_index(index, len);
        let row = size * i64::from(self.count);
        let lane_table = self.lower.lane;
        let addresses = (0..self.count as usize)
            .map(|lane| {
                let scalar = self.lane_of(index, &held, lane);
                let wide = self.zero_extended(scalar);
                let bytes = self.lower.builder.ins().imul_imm_s(wide, row);
                let own = self.lower.builder.ins().iadd_imm_s(bytes, lane as i64 * size);
                self.lower.builder.ins().iadd(lane_table, own)
            })
            .collect();
        (addresses, layout::offset(self.lower.source.layout.lane_scratch(scratch)))
    }
}
