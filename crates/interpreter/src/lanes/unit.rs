//! A region compiled to block code, and what a launch of it has to prepare.

use crossover_ir::ReduceOp;
use crossover_values::DType;

use super::inst::{BlockInst, Row};
use super::span::Test;
use crate::memory::Slot;
use crate::opcode::Inst;
use crate::unit::{Input, Unit};

/// A region in lanes.
#[derive(Clone, Debug, Default)]
pub(crate) struct LaneUnit {
    /// The instructions of a block.
    pub(super) code: Vec<BlockInst>,
    /// Pieces of uniform code, each ending in `end`.
    pub(super) scalars: Vec<Inst>,
    /// The piece that computes, for the first lane, what tests and everything else need.
    pub(super) prologue: u32,
    /// Registers to fill before a launch.
    pub(super) inputs: Vec<(u16, Input)>,
    /// Rows that are the same for all lanes of a launch, each from a register.
    pub(super) filled: Vec<(Row, u16, Fill)>,
    /// What blocks take for granted.
    pub(super) tests: Vec<Test>,
    /// Steps of affine values.
    pub(super) steps: Vec<i64>,
    /// Number of rows.
    pub(super) rows: usize,
    /// Scratch arrays.
    pub(super) scratch: Vec<ScratchRows>,
    /// Loops that may go on with fewer lanes.
    pub(super) loops: Vec<Carried>,
    /// Rows set aside by them.
    pub(super) home_rows: usize,
    /// Reductions whose order does not show.
    pub(super) reduces: Vec<ScalarReduce>,
    /// Registers of the index variables.
    pub(super) axes: Vec<(u16, DType)>,
    /// Lanes of a block.
    pub(super) lanes: usize,
    /// Whether a block that is given up must take back what it changed.
    pub(super) undo: bool,
    /// Which rows have 64 bits per lane.
    pub(super) wide: Vec<bool>,
    /// Array slots, which must be the scalar unit's.
    pub(super) slots: Vec<Slot>,
}

impl LaneUnit {
    /// Whether the scalar code keeps arrays where these blocks look for them.
    pub(crate) fn fits(&self, unit: &Unit) -> bool {
        self.slots == unit.slots
    }

    /// Whether a row has 64 bits per lane.
    pub(super) fn is_wide(&self, row: Row) -> bool {
        self.wide[row as usize]
    }
}

/// How a row is filled from a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fill {
    /// The low 32 bits.
    Narrow,
    /// All 64 bits.
    Wide,
    /// A mask.
    Mask,
}

/// A scratch array: a row per element.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScratchRows {
    /// Row of the first element.
    pub(super) first: Row,
    /// Number of elements.
    pub(super) len: u32,
    /// Whether elements have 64 bits.
    pub(super) wide: bool,
    /// The bits of a narrow element that are kept.
    pub(super) low: u32,
}

/// The rows that cross the turns of a loop.
#[derive(Clone, Debug, Default)]
pub(super) struct Carried {
    /// Each with whether the loop changes it.
    pub(super) rows: Vec<(Row, bool)>,
    /// The first of as many rows to set them aside.
    pub(super) home: Row,
}

/// A reduction whose order does not show: a host variable that the scalar unit gives out.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScalarReduce {
    /// How values combine.
    pub(super) op: ReduceOp,
    /// Their type.
    pub(super) dtype: DType,
    /// Its place among the scalar unit's outputs.
    pub(super) output: usize,
}
