//! A launch in lanes: how its iterations become blocks.
//!
//! A block lies in one run of the innermost axis. Its length is what is left of the run, at most
//! the lanes of the frame, and at most the lanes that the tests of the unit allow; blocks of a
//! region with float reductions begin at multiples of sixteen, as the order of rule 11 wants it.

use crossover_ir::AxisRange;
use crossover_ir::fold::PARTIALS;
use crossover_values::Scalar;
use fearless_simd::Level;

use super::block::{ALL, Block, LANE, Stop};
use super::exec;
use super::frame::{Frame, GROUP};
use super::undo::{Undo, undo};
use super::unit::{Fill, LaneUnit};
use crate::memory::{Memory, Registers, new_registers};
use crate::probe::Probe;
use crate::unit::Unit;
use crate::vm::{Exit, PLAIN, Watch, execute};

/// Fewer iterations than this are not worth a block.
const SHORTEST: u64 = 8;

/// Blocks that may be shorter than that, or given up, per launch: where more are, all that is left
/// of the launch runs in scalar form.
const PATIENCE: u64 = 64;

/// What a launch in lanes needs beside the scalar machine's: made once per run.
pub(crate) struct Machine {
    level: Level,
    registers: Box<Registers>,
    frames: Vec<Option<Frames>>,
}

/// The rows of a unit.
struct Frames {
    frame: Frame,
    home: Frame,
}

/// Why a piece of a launch did not run in lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// These iterations are for the scalar machine.
    Scalar,
    /// The caller asked to stop.
    Cancelled,
}

/// Iterations of a region, by flattened index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Iterations {
    /// The first.
    pub(crate) start: u64,
    /// One past the last.
    pub(crate) end: u64,
}

impl Machine {
    /// A machine for this many units.
    pub(crate) fn new(units: usize) -> Machine {
        let frames = (0..units).map(|_| None).collect();
        Machine { level: Level::new(), registers: new_registers(), frames }
    }

    /// Prepares a launch.
    pub(crate) fn launch<'l>(
        &'l mut self,
        number: usize,
        lanes: &'l LaneUnit,
        axes: &'l [AxisRange],
        input: impl Fn(crate::unit::Input) -> u64,
    ) -> LaneLaunch<'l> {
        let frames = self.frames[number].get_or_insert_with(|| Frames {
            frame: Frame::new(lanes.rows, lanes.lanes),
            home: Frame::new(lanes.home_rows, lanes.lanes),
        });
        for (register, what) in &lanes.inputs {
            self.registers[usize::from(*register)] = input(*what);
        }
        for (row, register, fill) in &lanes.filled {
            let bits = self.registers[usize::from(*register)];
            match fill {
                Fill::Narrow => frames.frame.row_mut::<u32>(*row).fill(bits as u32),
                Fill::Wide => frames.frame.row_mut::<u64>(*row).fill(bits),
                Fill::Mask => frames.frame.row_mut::<u32>(*row).fill((bits as u32).wrapping_neg()),
            }
        }
        LaneLaunch {
            level: self.level,
            unit: lanes,
            axes,
            registers: &mut self.registers,
            frames,
            masked: 0,
            misses: 0,
            log: Vec::new(),
        }
    }
}

/// One launch in lanes.
pub(crate) struct LaneLaunch<'l> {
    level: Level,
    unit: &'l LaneUnit,
    axes: &'l [AxisRange],
    registers: &'l mut Registers,
    frames: &'l mut Frames,
    /// Lanes for which the rows `ALL` and `LANE` are set; 0 if they are not.
    masked: usize,
    misses: u64,
    log: Vec<Undo>,
}

/// The parts of the scalar machine that blocks touch.
pub(crate) struct Scalars<'s, 'm, 'w> {
    pub(crate) unit: &'s Unit,
    pub(crate) registers: &'s mut Registers,
    pub(crate) memory: &'s mut Memory<'m>,
    pub(crate) watch: &'s mut Watch<'w>,
}

impl LaneLaunch<'_> {
    /// Runs iterations in blocks; `Ok` if all of them ran. Else `piece.start` is where the scalar
    /// machine goes on, and what it is to run is given back.
    pub(crate) fn run(
        &mut self,
        piece: &mut Iterations,
        scalars: &mut Scalars<'_, '_, '_>,
    ) -> Result<(), (Stopped, Iterations)> {
        let inner = self.axes.last().map_or(1, |axis| axis.count);
        while piece.start < piece.end {
            let start = piece.start;
            let run_end = piece.end.min((start / inner + 1) * inner);
            let mut lanes = (run_end - start).min(self.unit.lanes as u64);
            if !scalars.unit.folds.is_empty() {
                lanes = aligned(start, lanes);
            }
            let scalar = |start, lanes: u64, why| {
                Err((why, Iterations { start, end: start + lanes.max(1) }))
            };
            if inner < SHORTEST || self.misses > PATIENCE {
                return scalar(start, piece.end - start, Stopped::Scalar);
            }
            if lanes < SHORTEST {
                return scalar(start, lanes, Stopped::Scalar);
            }
            self.set_axes(start);
            let span = self.span(scalars).min(lanes);
            if span < SHORTEST {
                self.misses += 2;
                return scalar(start, span, Stopped::Scalar);
            }
            match self.block(start, span as usize, scalars) {
                Ok(()) => {}
                Err(Stop::Abandoned) => {
                    self.misses += 8;
                    return scalar(start, span, Stopped::Scalar);
                }
                Err(Stop::Cancelled) => return scalar(start, span, Stopped::Cancelled),
            }
            // A long block pays for the ends of its run that scalar code takes.
            self.misses = self.misses.saturating_sub(1 + span / 16);
            piece.start = start + span;
        }
        Ok(())
    }

    /// Index variables of the first lane.
    fn set_axes(&mut self, start: u64) {
        let mut rest = start;
        for (axis, (register, dtype)) in self.axes.iter().zip(&self.unit.axes).rev() {
            let index = axis.at(rest % axis.count);
            rest /= axis.count;
            let bits = Scalar::from_bits(*dtype, index as u64).to_bits();
            self.registers[usize::from(*register)] = bits;
        }
    }

    /// Computes what the first lane has, and for how many lanes what is taken for granted holds;
    /// none if the first lane would trap.
    fn span(&mut self, scalars: &mut Scalars<'_, '_, '_>) -> u64 {
        let code = &self.unit.scalars[self.unit.prologue as usize..];
        let mut probe = Probe::new(0);
        let exit =
            execute::<PLAIN>(code, self.registers, scalars.memory, scalars.watch, &mut probe);
        if exit != Exit::Done {
            return 0;
        }
        let tests = self.unit.tests.iter().map(|test| test.lanes(self.registers));
        tests.min().unwrap_or(u64::MAX)
    }

    fn block(
        &mut self,
        start: u64,
        lanes: usize,
        scalars: &mut Scalars<'_, '_, '_>,
    ) -> Result<(), Stop> {
        if self.masked != lanes {
            let all = self.frames.frame.row_mut::<u32>(ALL);
            all[..lanes].fill(u32::MAX);
            all[lanes..].fill(0);
            let numbers = self.frames.frame.row_mut::<u32>(LANE);
            numbers.iter_mut().zip(0..).for_each(|(lane, number)| *lane = number);
            self.masked = lanes;
        }
        let unit = scalars.unit;
        let before = accumulators(unit, scalars.registers);
        self.log.clear();
        let mut block = Block {
            unit: self.unit,
            frame: &mut self.frames.frame,
            home: &mut self.frames.home,
            registers: self.registers,
            accumulators: scalars.registers,
            memory: scalars.memory,
            watch: scalars.watch,
            groups: lanes.div_ceil(GROUP),
            lanes,
            flat: start,
            saved: Vec::new(),
            log: &mut self.log,
            folds: &unit.folds,
            outputs: &unit.outputs,
        };
        let result = exec::run(self.level, &mut block, &self.unit.code);
        if result.is_err() {
            // Lanes may have been moved, and contributions made.
            self.masked = 0;
            put_back(unit, scalars.registers, &before);
            undo(&mut self.log, scalars.memory);
        }
        result
    }
}

/// The most iterations from `start` on that a block may take: whole sixteens if it starts at one,
/// else up to the next.
fn aligned(start: u64, lanes: u64) -> u64 {
    let partials = PARTIALS as u64;
    match start % partials {
        0 => lanes,
        rest => lanes.min(partials - rest),
    }
}

/// Accumulators before a block, in case it is given up.
fn accumulators(unit: &Unit, registers: &Registers) -> Vec<u64> {
    accumulator_registers(unit).map(|register| registers[register]).collect()
}

fn put_back(unit: &Unit, registers: &mut Registers, before: &[u64]) {
    for (register, bits) in accumulator_registers(unit).zip(before) {
        registers[register] = *bits;
    }
}

fn accumulator_registers(unit: &Unit) -> impl Iterator<Item = usize> + '_ {
    let partials = unit.folds.iter().flat_map(|fold| {
        let first = usize::from(fold.partials);
        first..first + PARTIALS
    });
    unit.outputs.iter().map(|(register, _)| usize::from(*register)).chain(partials)
}
