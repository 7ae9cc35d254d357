//! What a block has changed, to be taken back if it is given up.
//!
//! Needed only where running the block's iterations again would see the changes: where they load
//! from an array that they store to, or do atomics that do not repeat.

use crate::memory::{Memory, Width};

/// An element before it was changed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Undo {
    /// The table.
    pub(super) width: Width,
    /// The array in it.
    pub(super) slot: u32,
    /// The element.
    pub(super) index: usize,
    /// Its bits.
    pub(super) bits: u64,
}

/// Takes changes back, the latest first.
pub(super) fn undo(log: &mut Vec<Undo>, memory: &mut Memory<'_>) {
    for Undo { width, slot, index, bits } in log.drain(..).rev() {
        let slot = slot as usize;
        match width {
            Width::Words64 => memory.words64[slot][index] = bits,
            Width::Words32 => memory.words32[slot][index] = bits as u32,
            Width::Bytes => memory.bytes[slot][index] = bits as u8,
            Width::Bools => memory.bools[slot][index] = bits != 0,
        }
    }
}
