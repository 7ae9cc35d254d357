//! Nodes of either level while they are built. Host level and lane code have the same control
//! statements, so one emitter writes both; at the end a list becomes what its level allows.

use crossover_ir::{
    ArrayId, Block, HostNode, ReduceId, Region, Returned, ScratchId, Serial, Span, Stmt, ValueId,
    VarId,
};

/// A host node or a lane statement. Most are evaluations, so what is large is boxed.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Eval(ValueId),
    Set {
        var: VarId,
        value: ValueId,
    },
    HostSet {
        var: VarId,
        value: ValueId,
    },
    Store {
        array: ArrayId,
        indices: Vec<ValueId>,
        value: ValueId,
        span: Span,
    },
    ScratchZero(ScratchId),
    ScratchStore {
        scratch: ScratchId,
        index: ValueId,
        value: ValueId,
        span: Span,
    },
    If(Box<IfNode>),
    Loop(Box<LoopNode>),
    For(Box<ForNode>),
    Reduce {
        reduce: ReduceId,
        value: ValueId,
        payload: Vec<ValueId>,
    },
    Break,
    Continue,
    /// Ends the iteration of a region, or a serial section.
    EndIteration,
    Region(Box<Region>),
    Serial(Box<Serial>),
    Bind {
        pairs: Vec<(ArrayId, ArrayId)>,
        span: Span,
    },
    Zeros {
        array: ArrayId,
        extents: Vec<ValueId>,
        span: Span,
    },
    Return {
        values: Vec<Returned>,
        span: Span,
    },
}

/// A two-way branch.
#[derive(Clone, Debug)]
pub(super) struct IfNode {
    pub(super) cond: ValueId,
    pub(super) then: Vec<Node>,
    pub(super) otherwise: Vec<Node>,
    pub(super) span: Span,
}

/// A loop with a condition.
#[derive(Clone, Debug)]
pub(super) struct LoopNode {
    pub(super) header: Vec<Node>,
    pub(super) cond: Option<ValueId>,
    pub(super) body: Vec<Node>,
    pub(super) span: Span,
}

/// A counted loop.
#[derive(Clone, Debug)]
pub(super) struct ForNode {
    pub(super) var: VarId,
    pub(super) lo: ValueId,
    pub(super) hi: ValueId,
    pub(super) step: i64,
    pub(super) body: Vec<Node>,
    pub(super) parallel: Option<Vec<ReduceId>>,
    pub(super) span: Span,
}

impl Node {
    /// A two-way branch.
    pub(super) fn branch(cond: ValueId, then: Vec<Node>, otherwise: Vec<Node>, span: Span) -> Node {
        Node::If(Box::new(IfNode { cond, then, otherwise, span }))
    }
}

/// A node stands at a level that does not have it: a defect of this crate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Misplaced;

/// The nodes as lane code.
pub(super) fn lane(nodes: Vec<Node>) -> Result<Block, Misplaced> {
    let mut block = Vec::with_capacity(nodes.len());
    for node in nodes {
        block.push(lane_statement(node)?);
    }
    Ok(block)
}

fn lane_statement(node: Node) -> Result<Stmt, Misplaced> {
    Ok(match node {
        Node::Eval(value) => Stmt::Eval(value),
        Node::Set { var, value } => Stmt::Set { var, value },
        Node::HostSet { var, value } => Stmt::HostSet { var, value },
        Node::Store { array, indices, value, span } => Stmt::Store { array, indices, value, span },
        Node::ScratchZero(scratch) => Stmt::ScratchZero(scratch),
        Node::ScratchStore { scratch, index, value, span } => {
            Stmt::ScratchStore { scratch, index, value, span }
        }
        Node::If(node) => {
            let IfNode { cond, then, otherwise, span } = *node;
            Stmt::If { cond, then: lane(then)?, otherwise: lane(otherwise)?, span }
        }
        Node::Loop(node) => {
            let LoopNode { header, cond, body, span } = *node;
            let (header, body) = (lane(header)?, lane(body)?);
            Stmt::Loop { header, cond, body, continuing: Vec::new(), span }
        }
        Node::For(node) => {
            let ForNode { var, lo, hi, step, body, parallel, span } = *node;
            Stmt::For { var, lo, hi, step, body: lane(body)?, parallel, span }
        }
        Node::Reduce { reduce, value, payload } => Stmt::Reduce { reduce, value, payload },
        Node::Break => Stmt::Break,
        Node::Continue => Stmt::Continue,
        Node::EndIteration => Stmt::Return,
        Node::Region(_)
        | Node::Serial(_)
        | Node::Bind { .. }
        | Node::Zeros { .. }
        | Node::Return { .. } => return Err(Misplaced),
    })
}

/// The nodes as host level.
pub(super) fn host(nodes: Vec<Node>) -> Result<Vec<HostNode>, Misplaced> {
    nodes.into_iter().map(host_node).collect()
}

fn host_node(node: Node) -> Result<HostNode, Misplaced> {
    Ok(match node {
        Node::Eval(value) => HostNode::Eval(value),
        Node::Set { var, value } => HostNode::Set { var, value },
        Node::If(node) => {
            let IfNode { cond, then, otherwise, span } = *node;
            HostNode::If { cond, then: host(then)?, otherwise: host(otherwise)?, span }
        }
        Node::Loop(node) => {
            let LoopNode { header, cond, body, span } = *node;
            HostNode::Loop { header: host(header)?, cond, body: host(body)?, span }
        }
        Node::For(node) => {
            let ForNode { var, lo, hi, step, body, parallel, span } = *node;
            if parallel.is_some() {
                return Err(Misplaced);
            }
            HostNode::For { var, lo, hi, step, body: host(body)?, span }
        }
        Node::Break => HostNode::Break,
        Node::Continue => HostNode::Continue,
        Node::Region(region) => HostNode::Region(*region),
        Node::Serial(serial) => HostNode::Serial(*serial),
        Node::Bind { pairs, span } => HostNode::Bind { pairs, span },
        Node::Zeros { array, extents, span } => HostNode::Zeros { array, extents, span },
        Node::Return { values, span } => HostNode::Return { values, span },
        Node::HostSet { .. }
        | Node::Store { .. }
        | Node::ScratchZero(_)
        | Node::ScratchStore { .. }
        | Node::Reduce { .. }
        | Node::EndIteration => return Err(Misplaced),
    })
}
