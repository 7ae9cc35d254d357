//! One block on its way: the parts of the machine that its instructions work on, and the
//! operations that are more than a formula per lane.

use std::sync::atomic::Ordering;

use crossover_ir::VarId;

use super::frame::{Frame, GROUP, Lane, groups, groups_mut};
use super::inst::{BlockInst, Row};
use super::undo::Undo;
use super::unit::LaneUnit;
use crate::memory::{Memory, Registers};
use crate::probe::Probe;
use crate::unit::Fold;
use crate::vm::{Exit, PLAIN, Watch, execute};

/// The mask of the lanes that a block starts with.
pub(super) const ALL: Row = 0;
/// The number of each lane's iteration within the block.
pub(super) const LANE: Row = 1;

/// Why a block did not reach its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// A lane would trap: the iterations run in scalar form instead.
    Abandoned,
    /// The caller asked to stop.
    Cancelled,
}

/// Rows set aside while a loop runs with fewer lanes.
#[derive(Debug)]
pub(super) struct Saved {
    /// The loop.
    pub(super) number: u32,
    /// Groups before.
    pub(super) groups: usize,
    /// The place before of each lane that is left.
    pub(super) places: Vec<u32>,
}

/// A block on its way.
pub(super) struct Block<'b, 'm, 'w> {
    pub(super) unit: &'b LaneUnit,
    pub(super) frame: &'b mut Frame,
    /// Rows of loops that run with fewer lanes, as they were.
    pub(super) home: &'b mut Frame,
    /// Uniform values.
    pub(super) registers: &'b mut Registers,
    /// The scalar machine's registers: accumulators live there.
    pub(super) accumulators: &'b mut Registers,
    pub(super) memory: &'b mut Memory<'m>,
    pub(super) watch: &'b mut Watch<'w>,
    /// Groups of lanes that operations run over.
    pub(super) groups: usize,
    /// Iterations of the block.
    pub(super) lanes: usize,
    /// Flattened index of the first.
    pub(super) flat: u64,
    pub(super) saved: Vec<Saved>,
    /// What was changed, if it may have to be taken back.
    pub(super) log: &'b mut Vec<Undo>,
    /// The scalar unit's float reductions.
    pub(super) folds: &'b [Fold],
    /// The host variables that the scalar unit assigns, with their registers.
    pub(super) outputs: &'b [(u16, VarId)],
}

impl Block<'_, '_, '_> {
    /// A uniform value.
    #[inline(always)]
    pub(super) fn scalar(&self, register: u32) -> u64 {
        self.registers[register as usize & 0xffff]
    }

    /// Runs uniform code.
    #[inline(never)]
    pub(super) fn scalars(&mut self, start: u32) -> Result<(), Stop> {
        let code = &self.unit.scalars[start as usize..];
        let mut probe = Probe::new(0);
        match execute::<PLAIN>(code, self.registers, self.memory, self.watch, &mut probe) {
            Exit::Done => Ok(()),
            Exit::Trap(_) | Exit::Dependence(_) | Exit::Budget | Exit::Cancelled => {
                Err(Stop::Abandoned)
            }
        }
    }

    /// Looks whether to stop.
    #[inline(always)]
    pub(super) fn watch(&self) -> Result<(), Stop> {
        match self.watch.cancel {
            Some(cancel) if cancel.load(Ordering::Relaxed) => Err(Stop::Cancelled),
            _ => Ok(()),
        }
    }

    /// Whether a lane of a mask is set.
    #[inline(always)]
    pub(super) fn any(&self, mask: Row) -> bool {
        let lanes = groups::<u32>(self.frame.row(mask), self.groups).as_flattened();
        lanes.iter().fold(0, |any, lane| any | lane) != 0
    }

    /// Whether a lane of both masks is set.
    #[inline(always)]
    pub(super) fn any_of(&self, first: Row, second: Row) -> bool {
        let first = groups::<u32>(self.frame.row(first), self.groups).as_flattened();
        let second = groups::<u32>(self.frame.row(second), self.groups).as_flattened();
        first.iter().zip(second).fold(0, |any, (a, b)| any | (a & b)) != 0
    }

    #[inline(always)]
    pub(super) fn splat<W: bytemuck::Pod>(&mut self, inst: &BlockInst, value: W) {
        groups_mut(self.frame.row_mut::<W>(inst.r), self.groups).as_flattened_mut().fill(value);
    }

    #[inline(always)]
    pub(super) fn affine32(&mut self, inst: &BlockInst) {
        let (base, step) = (self.scalar(inst.args[0]) as u32, self.unit.steps[inst.t as usize]);
        let (others, result) = self.frame.split::<u32>(inst.r);
        let numbers = groups::<u32>(others.row(inst.args[1]), self.groups).as_flattened();
        let result = groups_mut(result, self.groups).as_flattened_mut();
        for (result, number) in result.iter_mut().zip(numbers) {
            *result = base.wrapping_add(number.wrapping_mul(step as u32));
        }
    }

    #[inline(always)]
    pub(super) fn affine64(&mut self, inst: &BlockInst) {
        let (base, step) = (self.scalar(inst.args[0]), self.unit.steps[inst.t as usize] as u64);
        let (others, result) = self.frame.split::<u64>(inst.r);
        let numbers = groups::<u32>(others.row(inst.args[1]), self.groups).as_flattened();
        let result = groups_mut(result, self.groups).as_flattened_mut();
        for (result, number) in result.iter_mut().zip(numbers) {
            *result = base.wrapping_add(u64::from(*number).wrapping_mul(step));
        }
    }

    #[inline(always)]
    pub(super) fn blend32(&mut self, inst: &BlockInst) {
        let (others, result) = self.frame.split::<u32>(inst.r);
        blend(
            groups_mut(result, self.groups),
            groups(others.row(inst.args[0]), self.groups),
            groups(others.row(inst.m), self.groups),
            #[inline(always)]
            |new, old, mask| (new & mask) | (old & !mask),
        );
    }

    #[inline(always)]
    pub(super) fn blend64(&mut self, inst: &BlockInst) {
        let (others, result) = self.frame.split::<u64>(inst.r);
        blend(
            groups_mut(result, self.groups),
            groups(others.row(inst.args[0]), self.groups),
            groups(others.row(inst.m), self.groups),
            #[inline(always)]
            |new, old, mask| (new & wide(mask)) | (old & !wide(mask)),
        );
    }

    #[inline(always)]
    pub(super) fn update_row(&mut self, inst: &BlockInst, combine: impl Fn(u32, u32) -> u32) {
        let (others, result) = self.frame.split::<u32>(inst.r);
        let more = groups::<u32>(others.row(inst.args[0]), self.groups).as_flattened();
        let result = groups_mut(result, self.groups).as_flattened_mut();
        result.iter_mut().zip(more).for_each(
            #[inline(always)]
            |(result, more)| *result = combine(*result, *more),
        );
    }

    /// A function of one operand, active lane by lane.
    #[inline(never)]
    pub(super) fn math1<T: Lane>(&mut self, inst: &BlockInst, functions: &[fn(T) -> T]) {
        let function = functions[inst.t as usize];
        let (others, result) = self.frame.split::<T::Word>(inst.r);
        let a = &others.row::<T::Word>(inst.args[0])[..self.groups * GROUP];
        let mask = others.row::<u32>(inst.m);
        for (lane, a) in a.iter().enumerate().filter(|(lane, _)| mask[*lane] != 0) {
            result[lane] = function(T::get(*a)).put();
        }
    }

    /// A function of two operands, active lane by lane; the block is given up where it has no
    /// value. So are divisions of 64 bits: there are no vectors of these, and a lane that waits
    /// would wait as long as one that divides.
    #[inline(always)]
    pub(super) fn pairs<T: Lane>(
        &mut self,
        inst: &BlockInst,
        function: impl Fn(T, T) -> Option<T>,
    ) -> Result<(), Stop> {
        let (others, result) = self.frame.split::<T::Word>(inst.r);
        let a = &others.row::<T::Word>(inst.args[0])[..self.groups * GROUP];
        let b = &others.row::<T::Word>(inst.args[1])[..self.groups * GROUP];
        let mask = others.row::<u32>(inst.m);
        let pairs = a.iter().zip(b).enumerate();
        for (lane, (a, b)) in pairs.filter(|(lane, _)| mask[*lane] != 0) {
            result[lane] = function(T::get(*a), T::get(*b)).ok_or(Stop::Abandoned)?.put();
        }
        Ok(())
    }

    /// A mathematical function of two operands.
    #[inline(never)]
    pub(super) fn math2<T: Lane>(
        &mut self,
        inst: &BlockInst,
        functions: &[fn(T, T) -> T],
    ) -> Result<(), Stop> {
        let function = functions[inst.t as usize];
        self.pairs(inst, |a, b| Some(function(a, b)))
    }
}

/// A mask over 64 bits.
#[inline(always)]
pub(super) fn wide(mask: u32) -> u64 {
    i64::from(mask as i32) as u64
}

#[inline(always)]
fn blend<W: Copy>(
    result: &mut [[W; GROUP]],
    new: &[[W; GROUP]],
    mask: &[[u32; GROUP]],
    choose: impl Fn(W, W, u32) -> W,
) {
    for (group, result) in result.iter_mut().enumerate() {
        let (new, mask) = (&new[group], &mask[group]);
        for (lane, result) in result.iter_mut().enumerate() {
            *result = choose(new[lane], *result, mask[lane]);
        }
    }
}
