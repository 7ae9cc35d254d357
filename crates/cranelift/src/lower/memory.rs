//! Array elements: addresses, tests of indices, scratch arrays.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I32, I64, I64X2};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Type, Value};
use crossover_ir::{ArrayId, ScratchId, Span, ValueId};
use crossover_values::DType;

use super::{ArrayValues, Fact, Lower, clif_type};
use crate::Bounds;
use crate::layout;
use crate::site::SiteKind;

/// Words that are set to zero without a loop, and those of a turn of one.
const MOST_STRAIGHT: usize = 16;
const ZEROED: usize = 8;

impl Lower<'_, '_> {
    pub(super) fn extent(&mut self, array: ArrayId, axis: u32) -> Value {
        let extent = self.array(array).extents[axis as usize];
        self.builder.ins().ireduce(I32, extent)
    }

    pub(super) fn load(&mut self, array: ArrayId, indices: &[ValueId], span: Span) -> Value {
        let (address, offset) = self.element(array, indices, span);
        self.load_element(self.element_type(array), address, offset)
    }

    pub(super) fn store(
        &mut self,
        array: ArrayId,
        indices: &[ValueId],
        value: ValueId,
        span: Span,
    ) {
        let (address, offset) = self.element(array, indices, span);
        let value = self.value(value);
        self.store_element(self.element_type(array), value, address, offset);
    }

    pub(super) fn scratch_zero(&mut self, scratch: ScratchId) {
        let declared = &self.code.scratch[scratch.0 as usize];
        let words = (declared.len as usize * declared.dtype.size()).div_ceil(layout::WORD);
        let first = self.source.layout.scratch(scratch);
        self.zero_words(first, words);
    }

    /// Sets words of the lane table to zero, two at a time.
    pub(super) fn zero_words(&mut self, first: usize, words: usize) {
        let zeros = self.builder.func.dfg.constants.insert(vec![0; 2 * layout::WORD].into());
        let zeros = self.builder.ins().vconst(I64X2, zeros);
        let looped = if words > MOST_STRAIGHT { words / ZEROED * ZEROED } else { 0 };
        if looped > 0 {
            self.zero_in_turns(zeros, first, looped);
        }
        let (rest, end) = (first + looped, first + words);
        for word in (rest..end.saturating_sub(1)).step_by(2) {
            self.store_lane(zeros, word);
        }
        if words % 2 == 1 {
            let zero = self.integer(I64, 0);
            self.store_lane(zero, end - 1);
        }
    }

    /// Words whose number is a multiple of those of a turn.
    fn zero_in_turns(&mut self, zeros: Value, first: usize, words: usize) {
        let position = self.builder.declare_var(I64);
        let start = self.integer(I64, 0);
        self.builder.def_var(position, start);
        let head = self.builder.create_block();
        let exit = self.builder.create_block();
        self.builder.ins().jump(head, &[]);
        self.builder.switch_to_block(head);
        let here = self.builder.use_var(position);
        let address = self.builder.ins().iadd(self.lane, here);
        for word in (first..first + ZEROED).step_by(2) {
            let flags = MemFlagsData::trusted();
            self.builder.ins().store(flags, zeros, address, layout::offset(word));
        }
        let next = self.builder.ins().iadd_imm_s(here, (ZEROED * layout::WORD) as i64);
        self.builder.def_var(position, next);
        let end = self.integer(I64, (words * layout::WORD) as u64);
        let more = self.builder.ins().icmp(IntCC::NotEqual, next, end);
        self.builder.ins().brif(more, head, &[], exit, &[]);
        self.builder.seal_block(head);
        self.continue_in(exit);
    }

    pub(super) fn scratch_load(&mut self, scratch: ScratchId, index: ValueId, span: Span) -> Value {
        let (address, offset) = self.scratch_element(scratch, index, span);
        self.load_element(self.code.scratch[scratch.0 as usize].dtype, address, offset)
    }

    pub(super) fn scratch_store(
        &mut self,
        scratch: ScratchId,
        index: ValueId,
        value: ValueId,
        span: Span,
    ) {
        let (address, offset) = self.scratch_element(scratch, index, span);
        let value = self.value(value);
        self.store_element(self.code.scratch[scratch.0 as usize].dtype, value, address, offset);
    }

    /// Address and displacement of an element, its indices tested axis by axis.
    pub(super) fn element(
        &mut self,
        array: ArrayId,
        indices: &[ValueId],
        span: Span,
    ) -> (Value, i32) {
        let registers = self.array(array);
        let mut axes = indices.iter().enumerate();
        if axes.all(|(axis, index)| self.is_inside(array, axis as u32, *index)) {
            let dtype = self.element_type(array);
            let row = registers.extents[1];
            if let Some(found) = self.plain_address(registers.base, indices, row, dtype) {
                return found;
            }
        }
        let mut flat = None;
        for (axis, index) in indices.iter().enumerate() {
            let extent = registers.extents[axis];
            let wide = if self.is_inside(array, axis as u32, *index) {
                self.untested(*index)
            } else {
                self.check_axis(array, axis as u32, *index, extent, span);
                self.wide(*index)
            };
            flat = Some(match flat {
                None => wide,
                Some(outer) => {
                    let row = self.builder.ins().imul(outer, extent);
                    self.builder.ins().iadd(row, wide)
                }
            });
        }
        let flat = flat.expect("the validator proves that there is an index per axis");
        (self.scaled(registers.base, flat, self.element_type(array)), 0)
    }

    fn check_axis(&mut self, array: ArrayId, axis: u32, index: ValueId, extent: Value, span: Span) {
        let value = self.value(index);
        let tested = Fact::Axis(array, axis, value);
        if self.source.bounds == Bounds::Unchecked || self.tested.contains(&tested) {
            return;
        }
        let kind = SiteKind::Bounds { array, axis, index: self.dtype(index) };
        let outside = self.outside(value, extent);
        self.trap_if(outside, kind, span, Some(value));
        self.tested.push(tested);
    }

    /// Whether an index is not below an extent as unsigned numbers: a negative index is a large
    /// one then, because extents are below 2^31.
    fn outside(&mut self, index: Value, extent: Value) -> Value {
        let narrow = self.builder.func.dfg.value_type(index) == I32;
        let extent = if narrow { self.builder.ins().ireduce(I32, extent) } else { extent };
        self.builder.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, index, extent)
    }

    fn scratch_element(&mut self, scratch: ScratchId, index: ValueId, span: Span) -> (Value, i32) {
        let declared = &self.code.scratch[scratch.0 as usize];
        let first = layout::offset(self.source.layout.scratch(scratch));
        if self.is_inside_scratch(scratch, index) {
            let (lane, dtype) = (self.lane, declared.dtype);
            if let Some((address, offset)) = self.plain_address(lane, &[index], lane, dtype)
                && let Some(offset) = offset.checked_add(first)
            {
                return (address, offset);
            }
        }
        let value = self.value(index);
        let tested = Fact::Scratch(scratch, value);
        if self.source.bounds == Bounds::Checked && !self.tested.contains(&tested) {
            let ty: Type = self.builder.func.dfg.value_type(value);
            let len = self.integer(ty, u64::from(declared.len));
            let code = IntCC::UnsignedGreaterThanOrEqual;
            let outside = self.builder.ins().icmp(code, value, len);
            let kind = SiteKind::ScratchBounds { scratch, index: self.dtype(index) };
            self.trap_if(outside, kind, span, Some(value));
            self.tested.push(tested);
        }
        let wide = self.wide(index);
        let address = self.scaled(self.lane, wide, declared.dtype);
        (address, first)
    }

    /// A tested index as 64 bits.
    fn wide(&mut self, index: ValueId) -> Value {
        let value = self.value(index);
        if self.builder.func.dfg.value_type(value) == I64 {
            value
        } else {
            self.builder.ins().uextend(I64, value)
        }
    }

    pub(super) fn scaled(&mut self, base: Value, flat: Value, dtype: DType) -> Value {
        let shift = dtype.size().trailing_zeros();
        let mut bytes = flat;
        if shift > 0 {
            let shift = self.integer(I64, u64::from(shift));
            bytes = self.builder.ins().ishl(flat, shift);
        }
        self.builder.ins().iadd(base, bytes)
    }

    /// A `u8` element loads as `u32`.
    pub(super) fn load_element(&mut self, dtype: DType, address: Value, offset: i32) -> Value {
        let flags = MemFlagsData::trusted();
        if dtype == DType::U8 {
            self.builder.ins().uload8(I32, flags, address, offset)
        } else {
            self.builder.ins().load(clif_type(dtype), flags, address, offset)
        }
    }

    pub(super) fn store_element(
        &mut self,
        dtype: DType,
        value: Value,
        address: Value,
        offset: i32,
    ) {
        let flags = MemFlagsData::trusted();
        if dtype == DType::U8 {
            self.builder.ins().istore8(flags, value, address, offset);
        } else {
            self.builder.ins().store(flags, value, address, offset);
        }
    }

    pub(super) fn array(&self, array: ArrayId) -> ArrayValues {
        self.arrays[array.0 as usize].expect("arrays used by the code are loaded at the entry")
    }

    pub(super) fn element_type(&self, array: ArrayId) -> DType {
        self.source.kernel.arrays[array.0 as usize].dtype
    }
}
