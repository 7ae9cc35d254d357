//! What the validator may find.

use crossover_values::DType;

use crate::{Op, ReduceOp};

/// A rule of the IR that a module breaks. Names are those of the module; `index` is the raw
/// number of a handle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A handle points outside its arena.
    #[error("{what} {index} does not exist")]
    Handle {
        /// What the handle is of.
        what: &'static str,
        /// Its number.
        index: u32,
    },
    /// Two things of one arena have one name.
    #[error("two {what}s are named `{name}`")]
    DuplicateName {
        /// Of what.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// One variable or array is two parameters.
    #[error("`{name}` is two parameters")]
    DuplicateParam {
        /// The name.
        name: String,
    },
    /// `u8` as the type of a scalar.
    #[error("{what} has type u8, which exists only as an array element")]
    ByteScalar {
        /// What has it.
        what: String,
    },
    /// An array without one or two axes.
    #[error("array `{name}` has {rank} axes; one or two are possible")]
    Rank {
        /// The array.
        name: String,
        /// Its rank.
        rank: u32,
    },
    /// A scratch array of an impossible length.
    #[error("scratch array `{name}` has {len} elements; 1 to 1024 are possible")]
    ScratchLength {
        /// The scratch array.
        name: String,
        /// Its length.
        len: u32,
    },
    /// Operands or result of an op against its row of the table.
    #[error("`{}` does not take ({}) to {result}", op.info().name, list(args))]
    Signature {
        /// The op.
        op: Op,
        /// Types of the operands.
        args: Vec<DType>,
        /// Type of the result.
        result: DType,
    },
    /// A value of the wrong type.
    #[error("{what} must be {expected}, not {found}")]
    Type {
        /// What is typed.
        what: &'static str,
        /// The type it must have.
        expected: DType,
        /// The type it has.
        found: DType,
    },
    /// A value that must be an integer.
    #[error("{what} must be an integer, not {found}")]
    NotInteger {
        /// What is typed.
        what: &'static str,
        /// The type it has.
        found: DType,
    },
    /// A wrong number of operands.
    #[error("{expected} {what} expected, {found} given")]
    Count {
        /// Of what.
        what: &'static str,
        /// How many there must be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// An instruction that host level does not have.
    #[error("host level has only constants, variables, extents and table ops")]
    NotHostLevel,
    /// An instruction that two statements evaluate.
    #[error("value {index} is evaluated twice")]
    EvaluatedTwice {
        /// The value.
        index: u32,
    },
    /// An instruction that no statement evaluates.
    #[error("value {index} is never evaluated")]
    NeverEvaluated {
        /// The value.
        index: u32,
    },
    /// A value used where it may not have been evaluated.
    #[error("value {index} is not visible here: it is evaluated later or in another block")]
    NotVisible {
        /// The value.
        index: u32,
    },
    /// The unspecified value of an atomic store is used.
    #[error("value {index} is that of an atomic store, which has none")]
    Unspecified {
        /// The value.
        index: u32,
    },
    /// The condition of a loop is not evaluated in its header.
    #[error("the condition of a loop must be evaluated in its header")]
    ConditionOutsideHeader,
    /// A variable that may be unset where it is read.
    #[error("variable `{name}` may be read before it is assigned")]
    Unassigned {
        /// The variable.
        name: String,
    },
    /// An array name that may be unbound where it is used.
    #[error("array `{name}` may be used before it is bound")]
    Unbound {
        /// The array.
        name: String,
    },
    /// A scratch array that may not have been reached.
    #[error("scratch array `{name}` may be used before it is reached")]
    ScratchUnreached {
        /// The scratch array.
        name: String,
    },
    /// A loop variable, or index of an axis, is assigned.
    #[error("loop variable `{name}` is assigned in its loop")]
    LoopVariableAssigned {
        /// The variable.
        name: String,
    },
    /// `Break` without a loop.
    #[error("`break` outside a loop")]
    BreakOutsideLoop,
    /// `Continue` without a loop.
    #[error("`continue` outside a loop")]
    ContinueOutsideLoop,
    /// A jump out of a loop's header or continuing part.
    #[error("the header and the continuing part of a loop cannot be left by a jump")]
    JumpInHeader,
    /// `Break` or `Return` out of a parallel loop.
    #[error("no `break` or `return` leaves a parallel loop")]
    LeavesParallel,
    /// A counted loop or axis with step 0.
    #[error("the step is 0")]
    ZeroStep,
    /// A region without one to three axes.
    #[error("a region has one to three axes, not {found}")]
    AxisCount {
        /// How many there are.
        found: usize,
    },
    /// Statements between the last axis and the body.
    #[error("the prefix of the last axis must be empty")]
    LastPrefix,
    /// A memory effect, reduction or jump in a prefix.
    #[error("statements between two axes may only evaluate and assign lane variables")]
    PrefixEffect,
    /// A variable of a prefix is assigned again after it.
    #[error("variable `{name}` is assigned between two axes and again inside")]
    PrefixVariableAssigned {
        /// The variable.
        name: String,
    },
    /// A selector value that occurs twice.
    #[error("case {value} occurs twice")]
    DuplicateCase {
        /// The value.
        value: i64,
    },
    /// A selector value that the selector's type does not have.
    #[error("case {value} is outside {dtype}")]
    CaseRange {
        /// The value.
        value: i64,
        /// The selector's type.
        dtype: DType,
    },
    /// An atomic on another element type than u32 and i32.
    #[error("atomics need u32 or i32 elements; `{array}` has {dtype}")]
    AtomicType {
        /// The array.
        array: String,
        /// Its element type.
        dtype: DType,
    },
    /// An array of one region used both by atomics and otherwise.
    #[error("`{array}` is used by atomics in this region, and also otherwise")]
    MixedAtomics {
        /// The array.
        array: String,
    },
    /// An atomic in a serial section.
    #[error("atomics are possible only inside a region")]
    AtomicInSerial,
    /// A host variable assigned in a region.
    #[error("a region cannot assign host variables except by reductions")]
    HostSetInRegion,
    /// A reduction of the region in a serial section.
    #[error("a serial section has no region reductions")]
    RegionReduceInSerial,
    /// A contribution outside the loop that the reduction belongs to.
    #[error("reduction {index} is used outside its loop")]
    ReduceOutsideLoop {
        /// The reduction.
        index: u32,
    },
    /// A loop lists a reduction that is not its own.
    #[error("reduction {index} belongs to the region or to two loops")]
    ReduceOwner {
        /// The reduction.
        index: u32,
    },
    /// An operator that the accumulator's type does not have.
    #[error("reduction {op:?} is not defined for {dtype}")]
    ReduceType {
        /// The operator.
        op: ReduceOp,
        /// The accumulator's type.
        dtype: DType,
    },
    /// Payload on a reduction without index.
    #[error("reduction {op:?} has no payload")]
    Payload {
        /// The operator.
        op: ReduceOp,
    },
    /// A variable that is target or payload of two reductions.
    #[error("variable `{name}` belongs to two reductions")]
    SharedTarget {
        /// The variable.
        name: String,
    },
    /// A target or payload variable is read or assigned in its loop.
    #[error("variable `{name}` is the result of a reduction and cannot be used in its loop")]
    TargetUsed {
        /// The variable.
        name: String,
    },
    /// A name bound twice by one node.
    #[error("`{name}` is bound twice at once")]
    BoundTwice {
        /// The array name.
        name: String,
    },
    /// A name bound to an array of another type or rank.
    #[error("`{name}` and `{source_name}` differ in element type or number of axes")]
    BindType {
        /// The array name.
        name: String,
        /// What it is bound to.
        source_name: String,
    },
    /// A path through the kernel that does not return.
    #[error("a path through the kernel ends without `return`")]
    MissingReturn,
    /// A returned value of another kind than declared.
    #[error("returned value {position} is not of the declared kind")]
    ReturnKind {
        /// Which one, from 0.
        position: usize,
    },
    /// Statements nested too deeply.
    #[error("statements are nested deeper than {limit}")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// Too much code.
    #[error("more than {limit} instructions or statements")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
}

fn list(types: &[DType]) -> String {
    types.iter().map(|dtype| dtype.name()).collect::<Vec<_>>().join(", ")
}
