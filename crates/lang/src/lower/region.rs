//! Regions: a prange at host level, with the pranges that nest flat in it as further axes
//! (rules 9 and 10).

use std::collections::BTreeSet;

use crossover_ir::{Axis, InstKind, Reduce, ReduceId, ReduceOp, ReduceScope, Region, VarId};

use super::build::index;
use super::node::{self, Node};
use super::stmts::header_span;
use super::{Binding, LaneKind, Lowerer, host};
use crate::diagnostics::Diagnostic;
use crate::typed::{Ex, ExKind, LocalId, Place, ReductionId, Stm, StmKind};

/// Most axes of a region.
const MOST_AXES: usize = 3;

/// One prange of a flat nest, and the statements between it and the next.
struct Level<'a> {
    stm: &'a Stm,
    prefix: &'a [Stm],
}

impl<'a> Lowerer<'a> {
    /// Writes a prange at host level.
    pub(super) fn region(&mut self, stm: &'a Stm) {
        let (levels, body) = self.flat_nest(stm);
        let mut bounds = Vec::new();
        for level in &levels {
            if let StmKind::For { lo, hi, step, .. } = &level.stm.kind {
                bounds.push((self.host_value(lo), self.host_value(hi), *step));
            }
        }
        let hi = match &stm.kind {
            StmKind::For { hi, .. } => hi.span,
            _ => stm.span,
        };
        let span = header_span(stm.span, hi);
        self.open_lane(LaneKind::Region, span);
        for level in &levels {
            if let StmKind::For { prange: Some(list), .. } = &level.stm.kind {
                self.region_reductions(list);
            }
        }
        let mut axes = Vec::new();
        for (level, (lo, hi, step)) in levels.iter().zip(bounds) {
            let StmKind::For { var, lo: first, .. } = &level.stm.kind else { continue };
            let index = self.loop_variable(*var, first.dtype());
            self.open(span);
            self.pranges.push(true);
            self.block(&level.prefix.iter().collect::<Vec<_>>());
            self.pranges.pop();
            let Ok(prefix) = node::lane(self.close()) else { return self.internal(span) };
            axes.push(Axis { index, lo, hi, step, prefix });
        }
        self.pranges.push(true);
        self.block(&body.iter().collect::<Vec<_>>());
        self.pranges.pop();
        let nodes = self.close();
        self.check_atomics();
        let Some(lane) = self.lane.take() else { return };
        match node::lane(nodes) {
            Ok(body) => {
                let code = host::finish(lane, body);
                self.push(Node::Region(Box::new(Region { axes, code, span })));
            }
            Err(node::Misplaced) => self.internal(span),
        }
    }

    /// The pranges of a nest that is flat, and the body of the innermost.
    fn flat_nest(&self, stm: &'a Stm) -> (Vec<Level<'a>>, &'a [Stm]) {
        let mut levels = Vec::new();
        let mut current = stm;
        loop {
            let StmKind::For { body, .. } = &current.kind else {
                return (levels, &[]);
            };
            match body.split_last() {
                Some((inner, prefix))
                    if levels.len() + 1 < MOST_AXES && self.is_flat(prefix, inner) =>
                {
                    levels.push(Level { stm: current, prefix });
                    current = inner;
                }
                _ => {
                    levels.push(Level { stm: current, prefix: &[] });
                    return (levels, body);
                }
            }
        }
    }

    /// Whether an inner prange and what stands before it make a flat nest with the outer one.
    fn is_flat(&self, prefix: &'a [Stm], inner: &'a Stm) -> bool {
        let StmKind::For { lo, hi, body, prange: Some(reductions), .. } = &inner.kind else {
            return false;
        };
        let independent = |ex: &Ex| {
            let mut outer_only = true;
            ex.visit(&mut |part| {
                if let ExKind::Local(local) = part.kind {
                    outer_only &= self
                        .frames
                        .last()
                        .is_some_and(|frame| frame.func.locals[local].prange_depth == 0);
                }
            });
            outer_only && ex.is_harmless()
        };
        // Reductions of the inner loop alone belong to a variable of one outer iteration.
        if !reductions.is_empty() || !independent(lo) || !independent(hi) {
            return false;
        }
        let written = self.facts.written(body);
        prefix.iter().all(|stm| self.is_plain(stm, &written))
    }

    /// Whether a statement only assigns scalars, without reading what the nest writes.
    fn is_plain(&self, stm: &'a Stm, written: &BTreeSet<LocalId>) -> bool {
        let StmKind::Assign(pairs) = &stm.kind else { return false };
        pairs.iter().all(|(place, value)| {
            let mut plain = matches!(place, Place::Local(_));
            value.visit(&mut |part| match &part.kind {
                ExKind::Load { array, .. } => {
                    plain &= !written.contains(array)
                        && self.frames.last().is_some_and(|frame| {
                            matches!(
                                frame.func.locals[*array].kind,
                                crate::typed::LocalKind::Array { .. }
                            )
                        });
                }
                ExKind::Atomic { .. } => plain = false,
                ExKind::Call { .. } => plain &= !self.facts.touches(part),
                _ => {}
            });
            plain
        })
    }

    /// Declares reductions of the region: their targets are host variables.
    fn region_reductions(&mut self, list: &[ReductionId]) {
        for id in list {
            self.declare(*id, ReduceScope::Region);
        }
    }

    /// Declares reductions of a prange inside a lane.
    pub(super) fn loop_reductions(&mut self, list: &[ReductionId]) -> Vec<ReduceId> {
        list.iter().map(|id| self.declare(*id, ReduceScope::Loop)).collect()
    }

    fn declare(&mut self, id: ReductionId, scope: ReduceScope) -> ReduceId {
        let info = self.frame().func.reductions[id].clone();
        let target = self.reduction_variable(info.target);
        let payload = info.payload.iter().map(|local| self.reduction_variable(*local)).collect();
        // The checker keeps only reductions with a contribution, and so an operation.
        let op = info.op.unwrap_or(ReduceOp::Add);
        let reduce = Reduce { op, dtype: info.dtype, scope, target, payload };
        let Some(lane) = &mut self.lane else { return ReduceId(0) };
        let declared = ReduceId(index(lane.reduces.len()));
        lane.reduces.push(reduce);
        self.frame().reductions.insert(id, declared);
        declared
    }

    fn reduction_variable(&mut self, local: LocalId) -> VarId {
        match self.scalar(local) {
            Binding::Host(var) | Binding::Lane(var) => var,
            Binding::Value(_) | Binding::Array(_) | Binding::Scratch(_) => VarId(0),
        }
    }

    pub(super) fn reduction(&mut self, id: ReductionId) -> Option<ReduceId> {
        self.frame().reductions.get(&id).copied()
    }

    /// An array used by an atomic in a region is used there only by atomics (rule 12).
    fn check_atomics(&mut self) {
        let Some(lane) = &self.lane else { return };
        let mut mixed = Vec::new();
        for inst in &lane.arena.insts {
            let InstKind::Atomic(atomic) = &inst.kind else { continue };
            let load = lane.arena.insts.iter().find(|other| {
                matches!(&other.kind, InstKind::Load { array, .. } if *array == atomic.array)
            });
            let plain = load.map(|load| load.span).or(lane.stores.get(&atomic.array).copied());
            let name = self.arrays[atomic.array.0 as usize].name.clone();
            mixed.extend(plain.map(|plain| (inst.span, plain, name)));
        }
        for (atomic, plain, name) in mixed {
            let message = format!("`{name}` is used by an atomic and plainly in one region");
            let diagnostic = Diagnostic::new(12, plain, message)
                .label(atomic, "the atomic")
                .help("use `atomic_load` and `atomic_store`, or another loop");
            self.sink.push(diagnostic);
        }
    }
}
