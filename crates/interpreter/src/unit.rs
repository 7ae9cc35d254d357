//! A compiled region or serial section, and what a launch of it has to prepare.

use crossover_ir::{ArrayId, ReduceOp, Span, VarId};
use crossover_values::DType;

use crate::lir::Anchor;
use crate::memory::Slot;
use crate::opcode::Inst;

/// Compiled lane code.
#[derive(Clone, Debug)]
pub(crate) struct Unit {
    /// The instructions, ending in `end`.
    pub(crate) code: Vec<Inst>,
    /// For each instruction, what it evaluates.
    pub(crate) origins: Vec<Vec<Anchor>>,
    /// What instructions evaluate.
    pub(crate) anchors: Vec<AnchorInfo>,
    /// Registers to fill before a launch.
    pub(crate) inputs: Vec<(u16, Input)>,
    /// Array names that are touched.
    pub(crate) slots: Vec<Slot>,
    /// Host variables that the code assigns, with their registers.
    pub(crate) outputs: Vec<(u16, VarId)>,
    /// Float reductions in the language's order.
    pub(crate) folds: Vec<Fold>,
    /// Registers of the loop nest; empty for a serial section.
    pub(crate) axes: Vec<AxisRegs>,
    /// The loop header, or the first statement.
    pub(crate) span: Span,
}

/// What a register holds when a launch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Input {
    /// These bits.
    Const(u64),
    /// A host variable, if it was set.
    Host(VarId),
    /// An extent of an array.
    Extent(ArrayId, u32),
}

/// A float reduction: sixteen partials, folded after each block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fold {
    /// `Add`, `Min` or `Max`.
    pub(crate) op: ReduceOp,
    /// `f32` or `f64`.
    pub(crate) dtype: DType,
    /// The accumulator.
    pub(crate) target: VarId,
    /// First of the sixteen registers.
    pub(crate) partials: u16,
}

/// Registers of one axis. `bound` is the flattened index at which the current run of this axis
/// ends; `first` and `stride` (iterations of the region per step of this axis) are constants of a
/// launch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AxisRegs {
    /// The index variable.
    pub(crate) index: u16,
    /// Its type.
    pub(crate) dtype: DType,
    /// Where the current run ends.
    pub(crate) bound: u16,
    /// The first index.
    pub(crate) first: u16,
    /// Iterations of the region per step of this axis.
    pub(crate) stride: u16,
}

/// Something that instructions evaluate: a place in the source.
#[derive(Clone, Debug)]
pub(crate) struct AnchorInfo {
    /// The place.
    pub(crate) span: Span,
    /// What may go wrong there.
    pub(crate) trap: TrapSite,
}

/// What a trap at an instruction means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TrapSite {
    /// It cannot trap.
    Never,
    /// Division by zero; the dividend is operand `a` of this type.
    Division(DType),
    /// A cast out of range, of operand `a`.
    Cast {
        /// Type of the operand.
        from: DType,
        /// The target.
        to: DType,
    },
    /// An index (operands `a`, `b`) out of bounds.
    Index {
        /// The array.
        array: ArrayId,
        /// Types of the indices.
        dtypes: Vec<DType>,
    },
    /// An index (operand `a`) out of the bounds of a scratch array.
    Scratch {
        /// Its name.
        name: String,
        /// Type of the index.
        dtype: DType,
        /// Number of elements.
        len: u32,
    },
    /// The code's own trap.
    Explicit(u32),
}
