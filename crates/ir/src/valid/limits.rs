//! How much and how deep: checked first, so that everything after may recurse.

use super::{MAX_DEPTH, MAX_SIZE, Violation};
use crate::{Block, HostNode, Kernel, Stmt, analysis::code_blocks};

/// Checks depth and size of a kernel.
pub(super) fn check(kernel: &Kernel) -> Result<(), Violation> {
    let mut size = Size { insts: kernel.insts.len(), statements: 0 };
    size.nodes(&kernel.host, 0)
}

struct Size {
    insts: usize,
    statements: usize,
}

impl Size {
    fn nodes(&mut self, nodes: &[HostNode], depth: usize) -> Result<(), Violation> {
        let statements = || nodes.iter().filter(|node| !matches!(node, HostNode::Eval(_)));
        self.level(statements().count(), depth)?;
        for node in statements() {
            let code = match node {
                HostNode::Region(region) => Some(&region.code),
                HostNode::Serial(serial) => Some(&serial.code),
                _ => None,
            };
            self.insts += code.map_or(0, |code| code.insts.len());
            for block in code_blocks(node) {
                self.block(block, depth + 1)?;
            }
            for block in node.blocks() {
                self.nodes(block, depth + 1)?;
            }
        }
        Ok(())
    }

    fn block(&mut self, block: &Block, depth: usize) -> Result<(), Violation> {
        let statements = || block.iter().filter(|stmt| !matches!(stmt, Stmt::Eval(_)));
        self.level(statements().count(), depth)?;
        for stmt in statements() {
            for inner in stmt.blocks() {
                self.block(inner, depth + 1)?;
            }
        }
        Ok(())
    }

    /// Evaluations are bounded by the instructions they name, each once; they are not counted.
    fn level(&mut self, statements: usize, depth: usize) -> Result<(), Violation> {
        self.statements += statements;
        if depth > MAX_DEPTH {
            return Err(Violation::TooDeep { limit: MAX_DEPTH });
        }
        if self.statements.max(self.insts) > MAX_SIZE {
            return Err(Violation::TooLarge { limit: MAX_SIZE });
        }
        Ok(())
    }
}
