//! The arrays of one launch, as typed slices that loads and stores reach by slot.
//!
//! Slots are per element width, so that one opcode serves `i32`, `u32` and `f32`, whose registers
//! look the same; `bool` has a table of its own because any byte is not a `bool`.

use crossover_ir::ArrayId;
use crossover_values::{Array, DType};

/// Number of registers of a frame.
pub(crate) const REGISTERS: usize = 1 << 16;

/// A frame: indexed by `u16`, it needs no bounds checks.
pub(crate) type Registers = [u64; REGISTERS];

/// A frame of zeros.
pub(crate) fn new_registers() -> Box<Registers> {
    vec![0; REGISTERS].into_boxed_slice().try_into().expect("the length is the array's")
}

/// Which table holds an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    /// `i64 u64 f64`.
    Words64,
    /// `i32 u32 f32`.
    Words32,
    /// `u8`.
    Bytes,
    /// `bool`.
    Bools,
}

impl Width {
    /// The table of this field of [`Memory`].
    pub(crate) const fn named(field: &str) -> Width {
        match field.as_bytes() {
            b"words64" => Width::Words64,
            b"words32" => Width::Words32,
            b"bytes" => Width::Bytes,
            _ => Width::Bools,
        }
    }

    /// The table for an element type.
    pub(crate) const fn of(dtype: DType) -> Width {
        match dtype {
            DType::Bool => Width::Bools,
            DType::U8 => Width::Bytes,
            DType::I32 | DType::U32 | DType::F32 => Width::Words32,
            DType::I64 | DType::U64 | DType::F64 => Width::Words64,
        }
    }
}

/// An array name that a unit uses, and its place in the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    /// The name.
    pub(crate) array: ArrayId,
    /// The table.
    pub(crate) width: Width,
    /// Position in it.
    pub(crate) index: u16,
}

/// The tables of a launch.
#[derive(Default)]
pub(crate) struct Memory<'a> {
    pub(crate) words64: Vec<&'a mut [u64]>,
    pub(crate) words32: Vec<&'a mut [u32]>,
    pub(crate) bytes: Vec<&'a mut [u8]>,
    pub(crate) bools: Vec<&'a mut [bool]>,
}

impl<'a> Memory<'a> {
    /// Appends an array to its table and returns its position there.
    pub(crate) fn push(&mut self, array: &'a mut Array) -> u16 {
        const LAYOUT: &str = "arrays are kept in standard layout";
        match array {
            Array::Bool(a) => push(&mut self.bools, a.as_slice_mut().expect(LAYOUT)),
            Array::U8(a) => push(&mut self.bytes, a.as_slice_mut().expect(LAYOUT)),
            Array::I32(a) => push(&mut self.words32, cast(a.as_slice_mut().expect(LAYOUT))),
            Array::U32(a) => push(&mut self.words32, a.as_slice_mut().expect(LAYOUT)),
            Array::F32(a) => push(&mut self.words32, cast(a.as_slice_mut().expect(LAYOUT))),
            Array::I64(a) => push(&mut self.words64, cast(a.as_slice_mut().expect(LAYOUT))),
            Array::U64(a) => push(&mut self.words64, a.as_slice_mut().expect(LAYOUT)),
            Array::F64(a) => push(&mut self.words64, cast(a.as_slice_mut().expect(LAYOUT))),
        }
    }
}

fn push<T>(table: &mut Vec<T>, entry: T) -> u16 {
    table.push(entry);
    u16::try_from(table.len() - 1).expect("compilation bounds the number of slots")
}

fn cast<A: bytemuck::Pod, B: bytemuck::Pod>(slice: &mut [A]) -> &mut [B] {
    bytemuck::cast_slice_mut(slice)
}
