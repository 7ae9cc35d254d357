//! Which arrays a piece of lane code touches, and how.

use std::collections::BTreeSet;

use crate::{ArrayId, Block, Code, HostNode, InstKind, Stmt};

/// Array names by the way lane code touches their elements. Extents are no access.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accesses {
    /// Names loaded from.
    pub reads: BTreeSet<ArrayId>,
    /// Names stored to.
    pub writes: BTreeSet<ArrayId>,
    /// Names used by atomics, [`crate::AtomicOp::Load`] among them.
    pub atomics: BTreeSet<ArrayId>,
}

impl Accesses {
    /// Every name touched.
    pub fn all(&self) -> BTreeSet<ArrayId> {
        self.reads.iter().chain(&self.writes).chain(&self.atomics).copied().collect()
    }

    /// Whether elements of the name may change.
    pub fn changes(&self, array: ArrayId) -> bool {
        self.writes.contains(&array) || self.atomics.contains(&array)
    }
}

/// The accesses of lane code; of a region, its axes' prefixes are included (their instructions
/// are in the same arena, and they store nothing).
pub fn accesses(code: &Code) -> Accesses {
    let mut found = Accesses::default();
    for inst in &code.insts {
        match &inst.kind {
            InstKind::Load { array, .. } => {
                found.reads.insert(*array);
            }
            InstKind::Atomic(atomic) => {
                found.atomics.insert(atomic.array);
            }
            InstKind::Const(_)
            | InstKind::Get(_)
            | InstKind::HostGet(_)
            | InstKind::Extent { .. }
            | InstKind::Op { .. }
            | InstKind::ScratchLoad { .. } => {}
        }
    }
    for stmt in &code.body {
        stmt.walk(&mut |stmt| {
            if let Stmt::Store { array, .. } = stmt {
                found.writes.insert(*array);
            }
        });
    }
    found
}

/// The blocks of lane code directly in a host node: prefixes and body of a region, the body of a
/// serial section.
pub fn code_blocks(node: &HostNode) -> Vec<&Block> {
    match node {
        HostNode::Region(region) => {
            region.axes.iter().map(|axis| &axis.prefix).chain([&region.code.body]).collect()
        }
        HostNode::Serial(serial) => vec![&serial.code.body],
        HostNode::Eval(_)
        | HostNode::Set { .. }
        | HostNode::If { .. }
        | HostNode::Loop { .. }
        | HostNode::For { .. }
        | HostNode::Break
        | HostNode::Continue
        | HostNode::Bind { .. }
        | HostNode::Zeros { .. }
        | HostNode::Return { .. } => Vec::new(),
    }
}
