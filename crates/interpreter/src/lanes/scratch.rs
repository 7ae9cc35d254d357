//! Scratch arrays of blocks: a row per element, so that one index for all lanes is one row.

use super::block::{Block, Stop, wide};
use super::frame::GROUP;
use super::inst::BlockInst;

/// A word with all bits of a mask.
pub(super) trait Masked: bytemuck::Pod {
    /// `new` where the mask is set, else `old`.
    fn choose(new: Self, old: Self, mask: u32) -> Self;
    /// Only these bits of a narrow word.
    fn low(self, bits: u32) -> Self;
}

impl Masked for u32 {
    #[inline(always)]
    fn choose(new: u32, old: u32, mask: u32) -> u32 {
        (new & mask) | (old & !mask)
    }

    #[inline(always)]
    fn low(self, bits: u32) -> u32 {
        self & bits
    }
}

impl Masked for u64 {
    #[inline(always)]
    fn choose(new: u64, old: u64, mask: u32) -> u64 {
        (new & wide(mask)) | (old & !wide(mask))
    }

    #[inline(always)]
    fn low(self, _bits: u32) -> u64 {
        self
    }
}

impl Block<'_, '_, '_> {
    /// The row of an element, by one index for all lanes.
    #[inline(always)]
    fn element(&self, inst: &BlockInst) -> Result<u32, Stop> {
        let scratch = &self.unit.scratch[inst.t as usize];
        let index = self.scalar(inst.args[0]);
        if index < u64::from(scratch.len) {
            Ok(scratch.first + index as u32)
        } else {
            Err(Stop::Abandoned)
        }
    }

    /// Zeros, of active lanes.
    #[inline(never)]
    pub(super) fn scratch_zero(&mut self, inst: &BlockInst) {
        let scratch = self.unit.scratch[inst.t as usize];
        let count = self.groups * GROUP;
        for row in scratch.first..scratch.first + scratch.len {
            if scratch.wide {
                let (others, result) = self.frame.split::<u64>(row);
                let mask = others.row::<u32>(inst.m);
                let lanes = result[..count].iter_mut().zip(mask);
                lanes.for_each(|(lane, mask)| *lane = Masked::choose(0, *lane, *mask));
            } else {
                let (others, result) = self.frame.split::<u32>(row);
                let mask = others.row::<u32>(inst.m);
                let lanes = result[..count].iter_mut().zip(mask);
                lanes.for_each(|(lane, mask)| *lane = Masked::choose(0, *lane, *mask));
            }
        }
    }

    #[inline(always)]
    pub(super) fn scratch_load<W: Masked>(&mut self, inst: &BlockInst) -> Result<(), Stop> {
        let row = self.element(inst)?;
        let (others, result) = self.frame.split::<W>(inst.r);
        let count = self.groups * GROUP;
        result[..count].copy_from_slice(&others.row::<W>(row)[..count]);
        Ok(())
    }

    #[inline(always)]
    pub(super) fn scratch_store32(&mut self, inst: &BlockInst) -> Result<(), Stop> {
        let row = self.element(inst)?;
        let low = self.unit.scratch[inst.t as usize].low;
        let (others, result) = self.frame.split::<u32>(row);
        let count = self.groups * GROUP;
        let (new, mask) = (others.row::<u32>(inst.args[4]), others.row::<u32>(inst.m));
        for (lane, result) in result[..count].iter_mut().enumerate() {
            *result = Masked::choose(new[lane] & low, *result, mask[lane]);
        }
        Ok(())
    }

    #[inline(always)]
    pub(super) fn scratch_store64(&mut self, inst: &BlockInst) -> Result<(), Stop> {
        let row = self.element(inst)?;
        let (others, result) = self.frame.split::<u64>(row);
        let count = self.groups * GROUP;
        let (new, mask) = (others.row::<u64>(inst.args[4]), others.row::<u32>(inst.m));
        for (lane, result) in result[..count].iter_mut().enumerate() {
            *result = Masked::choose(new[lane], *result, mask[lane]);
        }
        Ok(())
    }

    /// Each lane by its own index.
    #[inline(never)]
    pub(super) fn scratch_gather<W: Masked>(&mut self, inst: &BlockInst) -> Result<(), Stop> {
        let scratch = self.unit.scratch[inst.t as usize];
        let (others, result) = self.frame.split::<W>(inst.r);
        let (index, mask) = (others.row::<u32>(inst.args[0]), others.row::<u32>(inst.m));
        for (lane, result) in result[..self.groups * GROUP].iter_mut().enumerate() {
            if index[lane] < scratch.len {
                *result = others.row::<W>(scratch.first + index[lane])[lane];
            } else if mask[lane] != 0 {
                return Err(Stop::Abandoned);
            }
        }
        Ok(())
    }

    /// Each lane by its own index.
    #[inline(never)]
    pub(super) fn scratch_scatter<W: Masked>(&mut self, inst: &BlockInst) -> Result<(), Stop> {
        let scratch = self.unit.scratch[inst.t as usize];
        for lane in 0..self.groups * GROUP {
            if self.frame.row::<u32>(inst.m)[lane] == 0 {
                continue;
            }
            let index = self.frame.row::<u32>(inst.args[0])[lane];
            if index >= scratch.len {
                return Err(Stop::Abandoned);
            }
            let value = self.frame.row::<W>(inst.args[4])[lane].low(scratch.low);
            self.frame.row_mut::<W>(scratch.first + index)[lane] = value;
        }
        Ok(())
    }
}
