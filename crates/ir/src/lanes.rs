//! Lanes: iterations of a parallel loop side by side, one per lane of a vector.
//!
//! [`analyse`] looks at the innermost axis of a region, [`analyse_loop`] at a counted loop inside of
//! lane code, and says of each value whether all lanes of
//! a chunk of consecutive iterations agree on it ([`Shape`]), which control flow lanes take
//! different ways through, and which assignments must keep what other lanes see. The result, a
//! [`LaneLoop`], is the region's code once more as *masked form* ([`LaneStmt`]); instructions stay
//! where they are, in [`crate::Code::insts`]. Every executor of lanes walks this one form.
//!
//! What an executor does with it, in short: uniform values are scalars, and uniform control stays
//! control; a block takes a mask of active lanes in and gives one out. A divergent `if` runs each
//! arm under its part of the mask and joins what comes out of the arms; a divergent loop goes on
//! until no lane is left; `break`, `continue` and `return` take lanes out of the mask, to come
//! back after the loop, at the loop's next turn, or never. What a lane outside the mask would trap
//! on is no trap.
//!
//! Some of it holds only for a while: [`Guard`]s say what was taken for granted (an index stays
//! inside, a wrapped neighbour does not wrap), and from an iteration on it can be computed how
//! many iterations they all hold for: a *span*. Outside of spans, and whenever an active lane
//! would trap, the iterations run in scalar form, which is the definition; a chunk must be given
//! up before it has changed anything that running it again would see ([`LaneLoop::repeatable`]).
//!
//! Sources: shapes and masks are those of Karrenberg and Hack, *Whole-function vectorization*
//! (CGO 2011), Coutinho, Sampaio, Pereira and Meira, *Divergence analysis and optimizations*
//! (PACT 2011), Moll and Hack, *Partial control-flow linearization* (PLDI 2018), and of ispc
//! (Pharr and Mark, InPar 2012).

mod analysis;
mod effects;
mod guard;
mod inner;
mod print;
mod private;
mod shape;
#[cfg(test)]
mod tests;

pub use analysis::{analyse, analyse_to_undo};
pub use inner::analyse_loop;
pub use print::print_lanes;

use crate::{ArrayId, ReduceId, ScratchId, Span, ValueId, VarId};

/// How a value differs between the lanes of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// The same in every active lane.
    Uniform,
    /// An integer: that of the first lane, and this much more per lane (modulo its type). The
    /// step is never 0.
    Affine(i64),
    /// Anything.
    Varying,
}

/// One loop in lanes.
#[derive(Clone, Debug, PartialEq)]
pub struct LaneLoop {
    /// The variable that counts: affine, its step that of the loop.
    pub index: VarId,
    /// Of every instruction of the code; those that are not evaluated in the loop are uniform.
    pub values: Vec<Shape>,
    /// Of every variable of the code, wherever it is read.
    pub vars: Vec<Shape>,
    /// The code of one iteration.
    pub body: LaneBlock,
    /// What was taken for granted, in the order of evaluation.
    pub guards: Vec<Guard>,
    /// Comparisons inside of loops that are uniform as long as the first and the last lane agree:
    /// an executor asks both, and gives a chunk up that they part. Thresholds that grow by a factor
    /// part few chunks.
    pub together: Vec<ValueId>,
    /// Values that the guards are made of, in the order of evaluation: all uniform or affine, and
    /// functions of the index and of what is set outside of the loop. They are all evaluated by
    /// direct statements of the body, and can be computed before anything else of the iteration.
    pub early: Vec<ValueId>,
    /// Whether a chunk that was given up anywhere can be run again in scalar form. If not, it can
    /// be as long as nothing of it was stored and no atomic was done.
    pub repeatable: bool,
    /// Whether a chunk that is not repeatable may have to be given up after it changed something:
    /// its executor must be able to take that back.
    pub needs_undo: bool,
    /// Whether scratch arrays are those of the code around the loop, one for all lanes: accesses
    /// mean what they mean of arrays. Otherwise each lane has its own.
    pub shares_scratch: bool,
}

/// Statements in order.
pub type LaneBlock = Vec<LaneStmt>;

/// Something that holds for lanes of a chunk, or does not: it is computed for the first lane, and
/// for how many lanes it stays so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// `value` is `rem_floor(a, b)`, `a` affine and `b` uniform: `a` crosses no multiple of `b`, so
    /// that the value is affine with the step of `a`.
    SamePeriod {
        /// The remainder.
        value: ValueId,
    },
    /// `value` is `div_floor(a, b)`, `a` affine and `b` uniform: `a` crosses no multiple of `b`, so
    /// that the quotient is uniform.
    SameQuotient {
        /// The quotient.
        value: ValueId,
    },
    /// `value` compares an affine value with one that is uniform or affine: it is the same for all
    /// lanes as for the first.
    SameTruth {
        /// The comparison.
        value: ValueId,
    },
    /// `value` is `min`, `max` or `select` of two integers of different shapes: the operand
    /// `chosen` is the result.
    Chosen {
        /// The operation.
        value: ValueId,
        /// One of its operands.
        chosen: ValueId,
    },
    /// `value`, affine, does not leave its type: a wider type sees it affine, too.
    NoWrap {
        /// The narrow value.
        value: ValueId,
    },
    /// The affine index `value` is inside an axis.
    Inside {
        /// The index.
        value: ValueId,
        /// The array.
        array: ArrayId,
        /// The axis.
        axis: u32,
    },
    /// The uniform index `value` is inside an axis: the same for all lanes.
    InsideAll {
        /// The index.
        value: ValueId,
        /// The array.
        array: ArrayId,
        /// The axis.
        axis: u32,
    },
}

/// What of memory an access touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// One element.
    Uniform,
    /// Neighbours, the first lane's first: the last index is affine with step 1, others uniform.
    Contiguous,
    /// An element per lane.
    Scattered,
}

/// Which lanes go through a part of the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flow {
    /// All that come to it, or none.
    Uniform,
    /// Each has its own way.
    Divergent,
}

/// Ways in which lanes leave a loop, or a turn of it, alone: the loop goes on for others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exits {
    /// There is a `break` of this loop under a divergent branch.
    pub breaks: bool,
    /// There is a `continue` of this loop under a divergent branch.
    pub continues: bool,
    /// There is a `return` under a divergent branch.
    pub returns: bool,
}

/// A statement of masked form; see the [`crate::Stmt`] of the same name for what it does.
#[derive(Clone, Debug, PartialEq)]
pub enum LaneStmt {
    /// Evaluates an instruction.
    Eval {
        /// The instruction.
        value: ValueId,
        /// Of loads, scratch loads (where each lane has its own array, `Contiguous` means that all
        /// lanes use one index) and atomics; `Uniform` of all others.
        access: Access,
    },
    /// Assigns a variable.
    Set {
        /// The variable.
        var: VarId,
        /// Its new value.
        value: ValueId,
        /// Whether lanes outside the mask may read the old value again: it must be kept for them.
        /// Otherwise they may see anything. A uniform variable never blends.
        blend: bool,
    },
    /// Writes elements.
    Store {
        /// The array.
        array: ArrayId,
        /// One index per axis.
        indices: Vec<ValueId>,
        /// The new element.
        value: ValueId,
        /// Which elements.
        access: Access,
        /// The target in the source.
        span: Span,
    },
    /// Sets each lane's scratch array to zero.
    ScratchZero(ScratchId),
    /// Writes an element of each lane's scratch array.
    ScratchStore {
        /// The scratch array.
        scratch: ScratchId,
        /// An integer.
        index: ValueId,
        /// The new element.
        value: ValueId,
        /// `Contiguous` if the index is uniform, else `Scattered`; where lanes share the array, as
        /// of arrays.
        access: Access,
        /// The target in the source.
        span: Span,
    },
    /// Two-way branch.
    If {
        /// A `bool`; of divergent flow, one per lane.
        cond: ValueId,
        /// Taken when true.
        then: LaneBlock,
        /// Taken when false.
        otherwise: LaneBlock,
        /// Whether lanes part.
        flow: Flow,
        /// The condition in the source.
        span: Span,
    },
    /// Branch on an integer.
    Switch {
        /// An `i32` or `u32`.
        selector: ValueId,
        /// Distinct values with their blocks.
        cases: Vec<(i64, LaneBlock)>,
        /// Taken when no case matches.
        default: LaneBlock,
        /// Whether lanes part.
        flow: Flow,
        /// The selector in the source.
        span: Span,
    },
    /// A loop with a condition.
    Loop {
        /// Evaluates the condition.
        header: LaneBlock,
        /// A `bool` evaluated in `header`.
        cond: Option<ValueId>,
        /// The body.
        body: LaneBlock,
        /// Runs between turns.
        continuing: LaneBlock,
        /// Divergent if lanes leave at different turns, by the condition or by exits.
        flow: Flow,
        /// Exits of single lanes.
        exits: Exits,
        /// The condition in the source.
        span: Span,
    },
    /// A counted loop. If both bounds are uniform all lanes that are still in it share one
    /// counter, whatever the flow.
    For {
        /// The counter.
        var: VarId,
        /// First value.
        lo: ValueId,
        /// End, exclusive.
        hi: ValueId,
        /// Not zero.
        step: i64,
        /// The body.
        body: LaneBlock,
        /// Divergent if lanes leave at different turns.
        flow: Flow,
        /// Exits of single lanes.
        exits: Exits,
        /// The loop header in the source.
        span: Span,
    },
    /// A contribution of each active lane to a reduction of the region.
    Reduce {
        /// The reduction.
        reduce: ReduceId,
        /// The contributed value.
        value: ValueId,
        /// Values of the payload variables.
        payload: Vec<ValueId>,
    },
    /// Lanes leave the innermost loop.
    Break,
    /// Lanes go on with the next turn of the innermost loop.
    Continue,
    /// Lanes end.
    Return,
    /// A run-time error in any active lane whose condition is true.
    Trap {
        /// A `bool`.
        cond: ValueId,
        /// The front end's number.
        code: u32,
        /// The expression in the source.
        span: Span,
    },
}

/// Why a loop does not run in lanes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Atomics whose order shows.
    #[error("the order of atomics shows")]
    OrderDependent,
    /// A minimum or maximum with index.
    #[error("a minimum or maximum with its index")]
    ArgReduction,
    /// A counted loop with bounds of its own per lane and a step that is not 1.
    #[error("a counted loop with bounds per lane and steps of {step}")]
    Steps {
        /// The step.
        step: i64,
    },
    /// A chunk may have to be given up after it changed what running it again sees.
    #[error("a run-time error may follow a change of memory that the loop reads")]
    NotRepeatable,
    /// An inner reduction that was not expanded.
    #[error("a reduction of an inner loop")]
    InnerReduction,
    /// An inner loop with atomics.
    #[error("atomics in an inner loop")]
    InnerAtomics,
    /// An inner loop that contributes to a reduction around it.
    #[error("a contribution to a reduction of a loop around")]
    OuterReduction,
    /// An inner loop that may end before its last iteration.
    #[error("a `break` or `return` leaves the loop")]
    Leaves,
    /// An inner loop whose iterations have a scratch array of their own.
    #[error("a scratch array of an inner iteration")]
    InnerScratch,
    /// An inner loop that assigns a variable which a later iteration, or the code after it, reads.
    #[error("`{name}` goes from one iteration to the next, or out of the loop")]
    Carried {
        /// The variable.
        name: String,
    },
    /// Iterations of a sequential loop may touch the same element.
    #[error("iterations in order, which may touch the same element")]
    Dependent,
}

impl LaneLoop {
    /// The shape of a value.
    pub fn shape(&self, value: ValueId) -> Shape {
        self.values[value.0 as usize]
    }

    /// The shape of a variable.
    pub fn var_shape(&self, var: VarId) -> Shape {
        self.vars[var.0 as usize]
    }

    /// Whether all lanes have the same value.
    pub fn is_uniform(&self, value: ValueId) -> bool {
        self.shape(value) == Shape::Uniform
    }
}
