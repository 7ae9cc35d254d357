//! Array elements: runs, gathers and scatters; scratch arrays; atomics; reductions.

use crossover_ir::lanes::{Access, Shape};
use crossover_ir::{ArrayId, Atomic, AtomicOp, ReduceId, ScratchId, ValueId};
use crossover_values::DType;

use super::value::is_wide;
use super::{Compiler, Place};
use crate::lanes::inst::{BlockInst, BlockOp, FIRST_IS_ROW, Row, SECOND_IS_ROW};
use crate::memory::Width;
use crate::opcode::{Inst, Opcode};
use crate::unit::Input;

/// Operations by element width: `words32 words64 bytes bools`.
const LOAD_RUN: [BlockOp; 4] =
    [BlockOp::LoadRun32, BlockOp::LoadRun64, BlockOp::LoadRunU8, BlockOp::LoadRunBool];
const STORE_RUN: [BlockOp; 4] =
    [BlockOp::StoreRun32, BlockOp::StoreRun64, BlockOp::StoreRunU8, BlockOp::StoreRunBool];
const GATHER: [BlockOp; 4] =
    [BlockOp::Gather32, BlockOp::Gather64, BlockOp::GatherU8, BlockOp::GatherBool];
const SCATTER: [BlockOp; 4] =
    [BlockOp::Scatter32, BlockOp::Scatter64, BlockOp::ScatterU8, BlockOp::ScatterBool];
const LOAD: [Opcode; 4] = [Opcode::Load32, Opcode::Load64, Opcode::LoadU8, Opcode::LoadBool];

fn width(dtype: DType) -> usize {
    match Width::of(dtype) {
        Width::Words32 => 0,
        Width::Words64 => 1,
        Width::Bytes => 2,
        Width::Bools => 3,
    }
}

impl Compiler<'_> {
    fn element_type(&self, array: ArrayId) -> DType {
        self.kernel.arrays[array.0 as usize].dtype
    }

    pub(super) fn load(
        &mut self,
        value: ValueId,
        array: ArrayId,
        indices: &[ValueId],
        access: Access,
    ) {
        let element = self.element_type(array);
        let (ops, slot) = (width(element), self.slot(array));
        let place = match access {
            Access::Uniform => {
                let flat = self.flat(array, indices);
                let r = self.register();
                let inst =
                    Inst { op: LOAD[ops], r, a: flat, b: 0, c: 0, d: 0, e: 0, t: slot as u16 };
                self.uniform(inst);
                Place::Register(r)
            }
            Access::Contiguous => {
                let run = self.run(array, indices);
                let r = self.row(is_wide(element));
                self.emit(BlockInst::new(LOAD_RUN[ops], r, &run).to(slot));
                Place::Row(r)
            }
            Access::Scattered => {
                let (kind, mut address) = self.address(array, indices);
                address.push(0);
                let r = self.row(is_wide(element));
                let inst = BlockInst::new(GATHER[ops], r, &address).under(self.mask).to(slot);
                self.emit(BlockInst { kind, ..inst });
                Place::Row(r)
            }
        };
        self.values[value.0 as usize] = Some(place);
    }

    pub(super) fn store(
        &mut self,
        array: ArrayId,
        indices: &[ValueId],
        value: ValueId,
        access: Access,
    ) {
        let (ops, slot) = (width(self.element_type(array)), self.slot(array));
        let value = self.value_row(value);
        if access == Access::Contiguous {
            let [start, column, columns] = self.run(array, indices);
            let inst = BlockInst::new(STORE_RUN[ops], 0, &[start, column, columns, value]);
            self.emit(inst.under(self.mask).to(slot));
            return;
        }
        let (kind, mut address) = self.address(array, indices);
        address.push(value);
        let inst = BlockInst::new(SCATTER[ops], 0, &address).under(self.mask).to(slot);
        self.emit(BlockInst { kind, ..inst });
    }

    /// The flat index of the first lane's element; out of bounds abandons the block.
    fn flat(&mut self, array: ArrayId, indices: &[ValueId]) -> u16 {
        let first = self.value_register(indices[0]);
        let Some(second) = indices.get(1) else { return first };
        let b = self.value_register(*second);
        let c = self.input(Input::Extent(array, 0));
        let d = self.input(Input::Extent(array, 1));
        let r = self.register();
        self.uniform(Inst { op: Opcode::Address, r, a: first, b, c, d, e: 0, t: 0 });
        r
    }

    /// Operands of a run: its flat start, its column, the number of columns.
    fn run(&mut self, array: ArrayId, indices: &[ValueId]) -> [u32; 3] {
        let start = self.flat(array, indices);
        let last = indices.len() - 1;
        let column = self.value_register(indices[last]);
        let columns = self.input(Input::Extent(array, last as u32));
        [start, column, columns].map(u32::from)
    }

    /// Operands of an access by lanes: two indices, a scalar or a row each, and both extents.
    fn address(&mut self, array: ArrayId, indices: &[ValueId]) -> (u8, Vec<u32>) {
        let mut kind = 0;
        let mut operands = Vec::new();
        let mut extents = Vec::new();
        if indices.len() == 1 {
            operands.push(u32::from(self.constant(0)));
            extents.push(u32::from(self.constant(1)));
        }
        for (axis, index) in indices.iter().enumerate() {
            let is_row = if operands.is_empty() { FIRST_IS_ROW } else { SECOND_IS_ROW };
            if self.shape(*index) == Shape::Uniform {
                operands.push(u32::from(self.value_register(*index)));
            } else {
                operands.push(self.index_row(*index));
                kind |= is_row;
            }
            extents.push(u32::from(self.input(Input::Extent(array, axis as u32))));
        }
        operands.extend(extents);
        (kind, operands)
    }

    /// A row of 32-bit indices.
    fn index_row(&mut self, index: ValueId) -> Row {
        let row = self.value_row(index);
        if !is_wide(self.dtype(index)) {
            return row;
        }
        let narrow = self.row(false);
        self.emit(BlockInst::new(BlockOp::Index32, narrow, &[row]));
        narrow
    }

    pub(super) fn scratch_load(&mut self, value: ValueId, scratch: ScratchId, index: ValueId) {
        let wide = is_wide(self.code.scratch[scratch.0 as usize].dtype);
        let inst = if self.shape(index) == Shape::Uniform {
            let op = if wide { BlockOp::ScratchLoad64 } else { BlockOp::ScratchLoad32 };
            let index = u32::from(self.value_register(index));
            BlockInst::new(op, self.row(wide), &[index])
        } else {
            let op = if wide { BlockOp::ScratchGather64 } else { BlockOp::ScratchGather32 };
            let index = self.index_row(index);
            BlockInst::new(op, self.row(wide), &[index]).under(self.mask)
        };
        self.emit(inst.to(scratch.0));
        self.values[value.0 as usize] = Some(Place::Row(inst.r));
    }

    pub(super) fn scratch_store(&mut self, scratch: ScratchId, index: ValueId, value: ValueId) {
        let wide = is_wide(self.code.scratch[scratch.0 as usize].dtype);
        let value = self.value_row(value);
        let inst = if self.shape(index) == Shape::Uniform {
            let op = if wide { BlockOp::ScratchStore64 } else { BlockOp::ScratchStore32 };
            let index = u32::from(self.value_register(index));
            BlockInst::new(op, 0, &[index, 0, 0, 0, value])
        } else {
            let op = if wide { BlockOp::ScratchScatter64 } else { BlockOp::ScratchScatter32 };
            let index = self.index_row(index);
            BlockInst::new(op, 0, &[index, 0, 0, 0, value])
        };
        self.emit(inst.under(self.mask).to(scratch.0));
    }

    pub(super) fn scratch_zero(&mut self, scratch: ScratchId) {
        self.emit(BlockInst::new(BlockOp::ScratchZero, 0, &[]).under(self.mask).to(scratch.0));
    }

    /// A commutative operation without use of its result, or a load.
    pub(super) fn atomic(&mut self, value: ValueId, atomic: &Atomic) {
        if atomic.op == AtomicOp::Load {
            let access = if atomic.indices.iter().all(|index| self.shape(*index) == Shape::Uniform)
            {
                Access::Uniform
            } else {
                Access::Scattered
            };
            // What a load of this kind gives varies even if its element does not.
            self.load(value, atomic.array, &atomic.indices, access);
            return;
        }
        let signed = self.element_type(atomic.array) == DType::I32;
        let number = match atomic.op {
            AtomicOp::Min => 2 - u8::from(signed),
            AtomicOp::Max => 4 - u8::from(signed),
            AtomicOp::And => 5,
            AtomicOp::Or => 6,
            AtomicOp::Xor => 7,
            _ => 0,
        };
        let slot = self.slot(atomic.array);
        let (kind, mut address) = self.address(atomic.array, &atomic.indices);
        address.push(self.value_row(atomic.args[0]));
        let inst = BlockInst::new(BlockOp::Atomic, 0, &address).under(self.mask).to(slot);
        self.emit(BlockInst { kind: kind | (number << 2), ..inst });
    }

    pub(super) fn reduce(&mut self, reduce: ReduceId, value: ValueId) {
        let value = self.value_row(value);
        let entry = &self.code.reduces[reduce.0 as usize];
        let fold = self.unit.folds.iter().position(|fold| fold.target == entry.target);
        let inst = match fold {
            Some(number) => BlockInst::new(BlockOp::ReduceFold, 0, &[value]).to(number as u32),
            None => {
                let number = self.scalar_reduce(entry);
                BlockInst::new(BlockOp::ReduceScalar, 0, &[value]).to(number)
            }
        };
        self.emit(inst.under(self.mask));
    }
}
