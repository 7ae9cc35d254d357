//! Facts about typed statements that the lowering decides by: who touches elements, who writes
//! them, where control leaves.

use std::collections::BTreeSet;

use crossover_ir::AtomicOp;

use crate::typed::{Arg, CallTarget, Ex, ExKind, FuncId, LocalId, Place, Stm, StmKind, Typed};

/// Facts per function.
pub(super) struct Facts {
    /// Reads or writes elements of arrays or scratch.
    touches: Vec<bool>,
    /// Writes elements, or uses atomics.
    writes: Vec<bool>,
}

impl Facts {
    /// Looks at every function once, after those that it calls.
    pub(super) fn of(typed: &Typed, callees_first: &[FuncId]) -> Facts {
        let none = vec![false; typed.funcs.len()];
        let mut facts = Facts { touches: none.clone(), writes: none };
        for id in callees_first {
            let body = &typed.funcs[*id].body;
            facts.touches[*id] = body.iter().any(|stm| facts.statement_touches(stm));
            facts.writes[*id] = body.iter().any(|stm| facts.statement_writes(stm));
        }
        facts
    }

    /// Whether computing the expression reads or writes elements.
    pub(super) fn touches(&self, ex: &Ex) -> bool {
        let mut found = false;
        ex.visit(&mut |part| {
            found |= match &part.kind {
                ExKind::Load { .. } | ExKind::Atomic { .. } => true,
                ExKind::Call { func, .. } => self.touches[*func],
                _ => false,
            }
        });
        found
    }

    /// Whether the statement, or one inside, reads or writes elements.
    pub(super) fn statement_touches(&self, stm: &Stm) -> bool {
        let mut found = false;
        stm.visit(&mut |stm| {
            found |= stm.expressions().into_iter().any(|ex| self.touches(ex));
            found |= match &stm.kind {
                StmKind::Update { .. } | StmKind::Scratch(_) => true,
                StmKind::Assign(pairs) => pairs.iter().any(|(place, _)| is_element(place)),
                StmKind::Call { func, results, .. } => {
                    self.touches[*func] || results.iter().any(stores)
                }
                _ => false,
            }
        });
        found
    }

    /// Whether computing the expression changes memory.
    pub(super) fn writes(&self, ex: &Ex) -> bool {
        let mut found = false;
        ex.visit(&mut |part| {
            found |= match &part.kind {
                ExKind::Atomic { op, .. } => *op != AtomicOp::Load,
                ExKind::Call { func, .. } => self.writes[*func],
                _ => false,
            }
        });
        found
    }

    fn statement_writes(&self, stm: &Stm) -> bool {
        let mut found = false;
        stm.visit(&mut |stm| {
            found |= stm.expressions().into_iter().any(|ex| self.writes(ex));
            found |= match &stm.kind {
                StmKind::Update { .. } => true,
                StmKind::Assign(pairs) => pairs.iter().any(|(place, _)| is_element(place)),
                StmKind::Call { func, results, .. } => {
                    self.writes[*func] || results.iter().any(stores)
                }
                _ => false,
            }
        });
        found
    }

    /// Whether a host-level statement can be part of a serial section, and has to be.
    pub(super) fn is_serial(&self, stm: &Stm, typed: &Typed) -> bool {
        let mut plain = true;
        stm.visit(&mut |stm| {
            plain &= match &stm.kind {
                StmKind::Return(_) | StmKind::Zeros { .. } | StmKind::Bind(_) => false,
                StmKind::For { prange, .. } => prange.is_none(),
                StmKind::Call { func, .. } => !typed.funcs[*func].host,
                _ => true,
            }
        });
        plain && !leaves(stm) && self.statement_touches(stm)
    }

    /// Arrays that statements may write, by the names of their function.
    pub(super) fn written(&self, body: &[Stm]) -> BTreeSet<LocalId> {
        let mut written = BTreeSet::new();
        for stm in body {
            stm.visit(&mut |stm| {
                for ex in stm.expressions() {
                    ex.visit(&mut |part| match &part.kind {
                        ExKind::Atomic { array, .. } => {
                            written.insert(*array);
                        }
                        ExKind::Call { func, args } => self.written_by(*func, args, &mut written),
                        _ => {}
                    });
                }
                match &stm.kind {
                    StmKind::Update { array, .. } => {
                        written.insert(*array);
                    }
                    StmKind::Assign(pairs) => {
                        written.extend(pairs.iter().filter_map(|(place, _)| element_array(place)));
                    }
                    StmKind::Call { func, args, results } => {
                        self.written_by(*func, args, &mut written);
                        written.extend(results.iter().filter_map(|target| match target {
                            CallTarget::Place(place) => element_array(place),
                            CallTarget::Array(_) => None,
                        }));
                    }
                    _ => {}
                }
            });
        }
        written
    }

    fn written_by(&self, func: FuncId, args: &[Arg], written: &mut BTreeSet<LocalId>) {
        if self.writes[func] {
            written.extend(args.iter().filter_map(|arg| match arg {
                Arg::Array(array) => Some(*array),
                Arg::Scalar(_) => None,
            }));
        }
    }
}

fn is_element(place: &Place) -> bool {
    element_array(place).is_some()
}

fn element_array(place: &Place) -> Option<LocalId> {
    match place {
        Place::Element { array, .. } => Some(*array),
        Place::Local(_) => None,
    }
}

fn stores(target: &CallTarget) -> bool {
    matches!(target, CallTarget::Place(place) if is_element(place))
}

/// Whether a statement has a `return` in it.
pub(super) fn has_return(stm: &Stm) -> bool {
    let mut found = false;
    stm.visit(&mut |stm| found |= matches!(stm.kind, StmKind::Return(_)));
    found
}

/// Whether control can reach the end of a block, as far as its form tells.
pub(super) fn falls(body: &[Stm]) -> bool {
    body.iter().all(|stm| match &stm.kind {
        StmKind::Return(_) | StmKind::Break | StmKind::Continue { .. } => false,
        StmKind::If { then, otherwise, .. } => falls(then) || falls(otherwise),
        StmKind::While { cond: None, body } => body.iter().any(|stm| jumps(stm, true, false)),
        _ => true,
    })
}

/// Whether a `break` or `continue` in the statement belongs to a loop around it.
fn leaves(stm: &Stm) -> bool {
    jumps(stm, true, true)
}

fn jumps(stm: &Stm, breaks: bool, continues: bool) -> bool {
    match &stm.kind {
        StmKind::Break => breaks,
        StmKind::Continue { .. } => continues,
        StmKind::If { then, otherwise, .. } => {
            then.iter().chain(otherwise).any(|stm| jumps(stm, breaks, continues))
        }
        _ => false,
    }
}
