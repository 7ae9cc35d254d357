//! Host level: what a kernel does outside every parallel loop (rule 9 of the language).

use crate::{ArrayId, Block, Code, Span, ValueId, VarId};

/// One host-level node. Values ([`ValueId`]) are those of [`crate::Kernel::insts`], variables
/// those of [`crate::Kernel::vars`].
///
/// Host-level instructions are limited to constants, reads of host variables, array extents and
/// table ops; elements of arrays are touched only in [`Region`] and [`Serial`].
#[derive(Clone, Debug, PartialEq)]
pub enum HostNode {
    /// Evaluates an instruction here.
    Eval(ValueId),
    /// Assigns a host variable.
    Set {
        /// Variable of the kernel.
        var: VarId,
        /// New value.
        value: ValueId,
    },
    /// Two-way branch.
    If {
        /// A `bool`.
        cond: ValueId,
        /// Taken when true.
        then: Vec<HostNode>,
        /// Taken when false.
        otherwise: Vec<HostNode>,
        /// The condition in the source.
        span: Span,
    },
    /// `while`: runs `header`, leaves when `cond` is false, else runs `body` and starts again.
    Loop {
        /// Evaluates the condition.
        header: Vec<HostNode>,
        /// A `bool` evaluated in `header`; `None` loops until a `Break` or `Return`.
        cond: Option<ValueId>,
        /// The body. `Continue` goes to `header`.
        body: Vec<HostNode>,
        /// The condition in the source.
        span: Span,
    },
    /// `for var in range(lo, hi, step)`; the trip count is computed exactly, first.
    For {
        /// Host variable of the type of `lo` and `hi`; nothing in `body` assigns it.
        var: VarId,
        /// First value.
        lo: ValueId,
        /// End, exclusive.
        hi: ValueId,
        /// Not zero.
        step: i64,
        /// The body.
        body: Vec<HostNode>,
        /// The loop header in the source.
        span: Span,
    },
    /// Leaves the innermost host loop.
    Break,
    /// Next iteration of the innermost host loop.
    Continue,
    /// One parallel loop: a parallel-for on a CPU, one dispatch on a GPU.
    Region(Region),
    /// Host-level statements that touch array elements: one invocation on a GPU.
    Serial(Serial),
    /// Binds names to other arrays, all at once: each `(name, source)` makes `name` mean what
    /// `source` meant before the node. No data moves.
    Bind {
        /// Targets and sources; targets are distinct.
        pairs: Vec<(ArrayId, ArrayId)>,
        /// The assignment in the source.
        span: Span,
    },
    /// Binds a name to a new array of zeros.
    Zeros {
        /// The name.
        array: ArrayId,
        /// One integer per axis; negative or above 2^31-1 is a run-time error.
        extents: Vec<ValueId>,
        /// The call in the source.
        span: Span,
    },
    /// Ends the kernel. Every path of a kernel ends in one.
    Return {
        /// One per entry of [`crate::Kernel::returns`].
        values: Vec<Returned>,
        /// The statement in the source.
        span: Span,
    },
}

impl HostNode {
    /// The node lists directly inside, in source order.
    pub fn blocks(&self) -> Vec<&Vec<HostNode>> {
        match self {
            HostNode::If { then, otherwise, .. } => vec![then, otherwise],
            HostNode::Loop { header, body, .. } => vec![header, body],
            HostNode::For { body, .. } => vec![body],
            HostNode::Eval(_)
            | HostNode::Set { .. }
            | HostNode::Break
            | HostNode::Continue
            | HostNode::Region(_)
            | HostNode::Serial(_)
            | HostNode::Bind { .. }
            | HostNode::Zeros { .. }
            | HostNode::Return { .. } => Vec::new(),
        }
    }

    /// The node lists directly inside, in source order.
    pub fn blocks_mut(&mut self) -> Vec<&mut Vec<HostNode>> {
        match self {
            HostNode::If { then, otherwise, .. } => vec![then, otherwise],
            HostNode::Loop { header, body, .. } => vec![header, body],
            HostNode::For { body, .. } => vec![body],
            HostNode::Eval(_)
            | HostNode::Set { .. }
            | HostNode::Break
            | HostNode::Continue
            | HostNode::Region(_)
            | HostNode::Serial(_)
            | HostNode::Bind { .. }
            | HostNode::Zeros { .. }
            | HostNode::Return { .. } => Vec::new(),
        }
    }

    /// Calls `visit` on this node and on every one inside, in pre-order.
    pub fn walk<'k>(&'k self, visit: &mut impl FnMut(&'k HostNode)) {
        visit(self);
        for block in self.blocks() {
            block.iter().for_each(|inner| inner.walk(visit));
        }
    }

    /// As [`HostNode::walk`], for what changes regions and serial sections in place.
    pub fn walk_mut(&mut self, visit: &mut impl FnMut(&mut HostNode)) {
        visit(self);
        for block in self.blocks_mut() {
            block.iter_mut().for_each(|inner| inner.walk_mut(visit));
        }
    }
}

/// A returned value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returned {
    /// A scalar.
    Scalar(ValueId),
    /// What the name is bound to at the return.
    Array(ArrayId),
}

/// A parallel loop at host level, a flat nest of up to three axes, with everything inside.
///
/// The *flattened index* of an iteration counts row-major, the last axis fastest. It orders
/// errors (the lowest failing iteration is reported) and float reductions (rule 11).
#[derive(Clone, Debug, PartialEq)]
pub struct Region {
    /// One to three axes, outermost first.
    pub axes: Vec<Axis>,
    /// Lane code of one iteration; its `body` runs innermost, after the last axis is set.
    pub code: Code,
    /// The loop header in the source.
    pub span: Span,
}

/// One axis of a region: `for index in prange(lo, hi, step)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Lane variable (of [`Region::code`]) that holds the index; nothing assigns it.
    pub index: VarId,
    /// First value: a host-level value evaluated before the region.
    pub lo: ValueId,
    /// End, exclusive: likewise.
    pub hi: ValueId,
    /// Not zero.
    pub step: i64,
    /// Lane statements between this axis and the next: evaluations and assignments to lane
    /// variables without effect on memory. They may run once per iteration of this axis or once
    /// per lane. Empty on the last axis.
    pub prefix: Block,
}

/// A serial section: one invocation of lane code that may also assign host variables
/// ([`crate::Stmt::HostSet`]); [`crate::InstKind::HostGet`] reads their current value.
#[derive(Clone, Debug, PartialEq)]
pub struct Serial {
    /// The statements.
    pub code: Code,
    /// The first statement in the source.
    pub span: Span,
}
