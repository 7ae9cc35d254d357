//! Variables that only name a value.
//!
//! A variable with one assignment, read only in the assignment's block and in blocks inside,
//! holds the value that the assignment last saw wherever it is read: each path to a read passes
//! the assignment, and passes it again before the value is evaluated anew.

use std::collections::{BTreeMap, BTreeSet};

use crossover_ir::{Block, Code, InstKind, Stmt, ValueId, VarId};

/// The variables that are names; none names a value yet.
pub(super) fn names(code: &Code) -> BTreeMap<VarId, Option<ValueId>> {
    let mut scan = Scan::new(code);
    scan.block(&code.body);
    let names = scan.assigned.iter().filter(|(var, _)| !scan.refused.contains(var));
    names.map(|(var, _)| (*var, None)).collect()
}

struct Scan<'a> {
    code: &'a Code,
    /// Numbers of the open blocks, outermost first.
    open: Vec<u32>,
    blocks: u32,
    /// The block of a variable's assignment.
    assigned: BTreeMap<VarId, u32>,
    refused: BTreeSet<VarId>,
}

impl<'a> Scan<'a> {
    fn new(code: &'a Code) -> Scan<'a> {
        let (assigned, refused) = (BTreeMap::new(), BTreeSet::new());
        Scan { code, open: Vec::new(), blocks: 0, assigned, refused }
    }

    fn block(&mut self, block: &Block) {
        self.open.push(self.blocks);
        self.blocks += 1;
        for stmt in block {
            self.stmt(stmt);
            stmt.blocks().into_iter().for_each(|inner| self.block(inner));
        }
        self.open.pop();
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Set { var, .. } => {
                let here = self.open.last().copied().unwrap_or(0);
                if self.assigned.insert(*var, here).is_some() {
                    self.refused.insert(*var);
                }
            }
            Stmt::For { var, .. } => {
                self.refused.insert(*var);
            }
            Stmt::Eval(value) => {
                if let InstKind::Get(var) = &self.code.insts[value.0 as usize].kind {
                    let visible = self.assigned.get(var).is_some_and(|at| self.open.contains(at));
                    if !visible {
                        self.refused.insert(*var);
                    }
                }
            }
            Stmt::HostSet { .. }
            | Stmt::Store { .. }
            | Stmt::ScratchZero(_)
            | Stmt::ScratchStore { .. }
            | Stmt::If { .. }
            | Stmt::Switch { .. }
            | Stmt::Loop { .. }
            | Stmt::Reduce { .. }
            | Stmt::Break
            | Stmt::Continue
            | Stmt::Return
            | Stmt::Trap { .. } => {}
        }
    }
}
