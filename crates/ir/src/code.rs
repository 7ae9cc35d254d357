//! Lane code: structured control over scalar values.

use crossover_values::{DType, Scalar};

use crate::{ArrayId, Op, Span};

/// Index of an instruction, and of the value it yields, in its arena ([`Code::insts`] or
/// [`crate::Kernel::insts`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(pub u32);

/// Index of a variable in [`Code::vars`] (lane) or [`crate::Kernel::vars`] (host); which one is
/// said where it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VarId(pub u32);

/// Index of a scratch array in [`Code::scratch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScratchId(pub u32);

/// Index of a reduction in [`Code::reduces`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReduceId(pub u32);

/// A mutable scalar variable: the only way a value crosses control flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Var {
    /// Name in the source, or a made one; unique in its arena.
    pub name: String,
    /// Its type; never `u8`.
    pub dtype: DType,
}

/// A scratch array of one iteration (`array(T, N)`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scratch {
    /// Name in the source; unique in its arena.
    pub name: String,
    /// Element type; `u8` loads as `u32`.
    pub dtype: DType,
    /// Number of elements, 1 to 1,024.
    pub len: u32,
}

/// The code of one iteration of a region, or of a serial section.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Code {
    /// Lane variables. Undefined until set; the validator proves that none is read before.
    pub vars: Vec<Var>,
    /// Scratch arrays.
    pub scratch: Vec<Scratch>,
    /// Reductions of the region itself and of parallel loops inside.
    pub reduces: Vec<Reduce>,
    /// Arena of instructions.
    pub insts: Vec<Inst>,
    /// The statements.
    pub body: Block,
}

/// Statements in order.
pub type Block = Vec<Stmt>;

/// An instruction: computes one value, at the [`Stmt::Eval`] that names it.
#[derive(Clone, Debug, PartialEq)]
pub struct Inst {
    /// What it does.
    pub kind: InstKind,
    /// Type of its value; never `u8`.
    pub dtype: DType,
    /// The expression in the source.
    pub span: Span,
}

/// What an instruction does.
#[derive(Clone, Debug, PartialEq)]
pub enum InstKind {
    /// A constant.
    Const(Scalar),
    /// Value of a variable of the same level at this point.
    Get(VarId),
    /// In lane code: value of a host variable. The same for all lanes of a region; in a serial
    /// section its current value.
    HostGet(VarId),
    /// Extent of an axis of an array, an `i32`.
    Extent {
        /// The array name.
        array: ArrayId,
        /// The axis.
        axis: u32,
    },
    /// An op of the table.
    Op {
        /// The op.
        op: Op,
        /// Its operands.
        args: Vec<ValueId>,
    },
    /// Element of an array; an index out of bounds (negative included) is a trap.
    Load {
        /// The array name.
        array: ArrayId,
        /// One index per axis, each of any integer type.
        indices: Vec<ValueId>,
    },
    /// Element of a scratch array; an index out of bounds is a trap.
    ScratchLoad {
        /// The scratch array.
        scratch: ScratchId,
        /// An integer.
        index: ValueId,
    },
    /// An atomic access to a `u32` or `i32` element, relaxed. Yields the old value (for
    /// [`AtomicOp::Store`] the value is unspecified and nothing may use it).
    Atomic(Atomic),
}

impl InstKind {
    /// The values it uses, in order.
    pub fn operands(&self) -> impl Iterator<Item = ValueId> {
        let (first, rest): (&[ValueId], &[ValueId]) = match self {
            InstKind::Const(_)
            | InstKind::Get(_)
            | InstKind::HostGet(_)
            | InstKind::Extent { .. } => (&[], &[]),
            InstKind::Op { args, .. } => (args, &[]),
            InstKind::Load { indices, .. } => (indices, &[]),
            InstKind::ScratchLoad { index, .. } => (std::slice::from_ref(index), &[]),
            InstKind::Atomic(atomic) => (&atomic.indices, &atomic.args),
        };
        first.iter().chain(rest).copied()
    }
}

/// An atomic access.
#[derive(Clone, Debug, PartialEq)]
pub struct Atomic {
    /// What is done.
    pub op: AtomicOp,
    /// The array name.
    pub array: ArrayId,
    /// One index per axis; out of bounds is a trap.
    pub indices: Vec<ValueId>,
    /// Operands: none for load, `expected, new` for compare-exchange, else one.
    pub args: Vec<ValueId>,
}

/// Atomic operations (rule 12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AtomicOp {
    /// Wrapping addition.
    Add,
    /// Minimum.
    Min,
    /// Maximum.
    Max,
    /// Bitwise and.
    And,
    /// Bitwise or.
    Or,
    /// Bitwise exclusive or.
    Xor,
    /// Replace.
    Exchange,
    /// Strong compare-exchange; done iff the old value equals `expected`.
    CompareExchange,
    /// Read.
    Load,
    /// Write.
    Store,
}

/// A statement of lane code.
#[derive(Clone, Debug, PartialEq)]
pub enum Stmt {
    /// Evaluates an instruction here. Each instruction is evaluated by exactly one statement,
    /// and its value may be used later in the same block and in blocks nested in it after that.
    Eval(ValueId),
    /// Assigns a lane variable.
    Set {
        /// The variable.
        var: VarId,
        /// Its new value.
        value: ValueId,
    },
    /// In a serial section: assigns a host variable.
    HostSet {
        /// Variable of the kernel.
        var: VarId,
        /// Its new value.
        value: ValueId,
    },
    /// Writes an element; an index out of bounds is a trap. A `u8` element takes a `u32` and keeps
    /// its low 8 bits.
    Store {
        /// The array name.
        array: ArrayId,
        /// One index per axis.
        indices: Vec<ValueId>,
        /// The new element.
        value: ValueId,
        /// The target in the source.
        span: Span,
    },
    /// `array(T, N)` is reached: sets all elements to zero.
    ScratchZero(ScratchId),
    /// Writes an element of a scratch array; out of bounds is a trap.
    ScratchStore {
        /// The scratch array.
        scratch: ScratchId,
        /// An integer.
        index: ValueId,
        /// The new element.
        value: ValueId,
        /// The target in the source.
        span: Span,
    },
    /// Two-way branch.
    If {
        /// A `bool`.
        cond: ValueId,
        /// Taken when true.
        then: Block,
        /// Taken when false.
        otherwise: Block,
        /// The condition in the source.
        span: Span,
    },
    /// Branch on an integer; cases do not fall through.
    Switch {
        /// An `i32` or `u32`.
        selector: ValueId,
        /// Distinct values, each within the selector's type, with its block.
        cases: Vec<(i64, Block)>,
        /// Taken when no case matches.
        default: Block,
        /// The selector in the source.
        span: Span,
    },
    /// Runs `header`; leaves when `cond` is false; runs `body`, then `continuing`; starts again.
    /// `Continue` in `body` goes to `continuing`. `header` and `continuing` hold no `Break`,
    /// `Continue` or `Return` of this loop.
    Loop {
        /// Evaluates the condition.
        header: Block,
        /// A `bool` evaluated in `header`; `None` loops until `Break` or `Return`.
        cond: Option<ValueId>,
        /// The body.
        body: Block,
        /// Runs between iterations.
        continuing: Block,
        /// The condition in the source.
        span: Span,
    },
    /// Counted loop; the trip count is computed exactly, first, and the variable never overflows.
    For {
        /// Lane variable of the type of `lo` and `hi`; nothing in `body` assigns it; undefined
        /// after the loop.
        var: VarId,
        /// First value.
        lo: ValueId,
        /// End, exclusive.
        hi: ValueId,
        /// Not zero.
        step: i64,
        /// The body.
        body: Block,
        /// `Some` if the source says `prange`: iterations are independent, and these are the
        /// reductions of the loop ([`ReduceScope::Loop`]).
        parallel: Option<Vec<ReduceId>>,
        /// The loop header in the source.
        span: Span,
    },
    /// A contribution of this iteration to a reduction.
    Reduce {
        /// The reduction.
        reduce: ReduceId,
        /// The contributed value.
        value: ValueId,
        /// For `ArgMin` and `ArgMax`: values of the payload variables, in their order.
        payload: Vec<ValueId>,
    },
    /// Leaves the innermost loop of this code.
    Break,
    /// Next iteration of the innermost loop of this code.
    Continue,
    /// Ends the iteration of the region, or the serial section.
    Return,
    /// Raises a run-time error if the condition is true.
    Trap {
        /// A `bool`.
        cond: ValueId,
        /// A number the front end gives a meaning to.
        code: u32,
        /// The expression in the source.
        span: Span,
    },
}

impl AtomicOp {
    /// Number of operands beside the index.
    pub const fn arity(self) -> usize {
        match self {
            AtomicOp::Load => 0,
            AtomicOp::CompareExchange => 2,
            AtomicOp::Add
            | AtomicOp::Min
            | AtomicOp::Max
            | AtomicOp::And
            | AtomicOp::Or
            | AtomicOp::Xor
            | AtomicOp::Exchange
            | AtomicOp::Store => 1,
        }
    }
}

impl Stmt {
    /// The blocks directly inside, in source order.
    pub fn blocks(&self) -> Vec<&Block> {
        match self {
            Stmt::If { then, otherwise, .. } => vec![then, otherwise],
            Stmt::Switch { cases, default, .. } => {
                cases.iter().map(|(_, block)| block).chain([default]).collect()
            }
            Stmt::Loop { header, body, continuing, .. } => vec![header, body, continuing],
            Stmt::For { body, .. } => vec![body],
            Stmt::Eval(_)
            | Stmt::Set { .. }
            | Stmt::HostSet { .. }
            | Stmt::Store { .. }
            | Stmt::ScratchZero(_)
            | Stmt::ScratchStore { .. }
            | Stmt::Reduce { .. }
            | Stmt::Break
            | Stmt::Continue
            | Stmt::Return
            | Stmt::Trap { .. } => Vec::new(),
        }
    }

    /// The blocks directly inside, in source order.
    pub fn blocks_mut(&mut self) -> Vec<&mut Block> {
        match self {
            Stmt::If { then, otherwise, .. } => vec![then, otherwise],
            Stmt::Switch { cases, default, .. } => {
                cases.iter_mut().map(|(_, block)| block).chain([default]).collect()
            }
            Stmt::Loop { header, body, continuing, .. } => vec![header, body, continuing],
            Stmt::For { body, .. } => vec![body],
            Stmt::Eval(_)
            | Stmt::Set { .. }
            | Stmt::HostSet { .. }
            | Stmt::Store { .. }
            | Stmt::ScratchZero(_)
            | Stmt::ScratchStore { .. }
            | Stmt::Reduce { .. }
            | Stmt::Break
            | Stmt::Continue
            | Stmt::Return
            | Stmt::Trap { .. } => Vec::new(),
        }
    }

    /// Calls `visit` on this statement and on every one inside, in pre-order.
    pub fn walk<'s>(&'s self, visit: &mut impl FnMut(&'s Stmt)) {
        visit(self);
        for block in self.blocks() {
            block.iter().for_each(|inner| inner.walk(visit));
        }
    }
}

/// A reduction over a parallel loop (rules 10 and 11).
#[derive(Clone, Debug, PartialEq)]
pub struct Reduce {
    /// How contributions combine.
    pub op: ReduceOp,
    /// Type of the accumulator.
    pub dtype: DType,
    /// Which loop it belongs to, and so whose variable `target` and `payload` are.
    pub scope: ReduceScope,
    /// The accumulator: its value before the loop takes part, its value after is the result.
    pub target: VarId,
    /// For `ArgMin` and `ArgMax`: variables that take the payload of the winning contribution;
    /// they keep their values if nothing beats the accumulator's initial value.
    pub payload: Vec<VarId>,
}

/// Which loop a reduction belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReduceScope {
    /// The region: variables are host variables of the kernel.
    Region,
    /// A `For { parallel: Some(..) }` inside the code: variables are lane variables.
    Loop,
}

/// How contributions combine. Float `Add`, `Min` and `Max` follow rule 11's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReduceOp {
    /// Sum (integers wrap).
    Add,
    /// Bitwise or logical or.
    Or,
    /// Bitwise or logical exclusive or.
    Xor,
    /// Bitwise or logical and.
    And,
    /// `min(s, e)` = `e if e < s else s`.
    Min,
    /// `max(s, e)` = `e if s < e else s`.
    Max,
    /// Strict minimum with payload; the first iteration wins ties.
    ArgMin,
    /// Strict maximum with payload; the first iteration wins ties.
    ArgMax,
}
