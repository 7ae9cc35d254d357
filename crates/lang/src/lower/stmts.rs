//! Statements to nodes.

use crossover_ir::{Span, ValueId};

use super::node::{ForNode, LoopNode, Node};
use super::{Binding, Exit, Lowerer, Outcome};
use crate::typed::{CallTarget, Ex, LocalId, Place, Stm, StmKind};

impl<'a> Lowerer<'a> {
    pub(super) fn statement(&mut self, stm: &'a Stm) {
        let span = stm.span;
        match &stm.kind {
            StmKind::Assign(pairs) => self.assign(pairs),
            StmKind::Update { array, indices, op, value, span } => {
                let dtype = self.element_type(*array);
                let indices = self.all(indices);
                let before = self.load(*array, indices.clone(), dtype, *span);
                let value = self.ex(value);
                let after = self.op(*op, vec![before, value], dtype, *span);
                self.store(*array, indices, after, *span);
            }
            StmKind::Call { func, args, results } => {
                let outcomes = self.call(*func, args, span);
                for (target, outcome) in results.iter().zip(outcomes) {
                    self.call_result(target, outcome, span);
                }
            }
            StmKind::Do(ex) => {
                self.ex(ex);
            }
            StmKind::If { cond, then, otherwise } => {
                let (then, otherwise): (Vec<&Stm>, Vec<&Stm>) =
                    (then.iter().collect(), otherwise.iter().collect());
                self.branch(cond, &then, &otherwise);
            }
            StmKind::While { cond, body } => self.while_loop(cond.as_ref(), body, span),
            StmKind::For { prange: Some(_), .. } if self.lane.is_none() => self.region(stm),
            StmKind::For { .. } => self.for_loop(stm),
            StmKind::Break => self.push(Node::Break),
            StmKind::Continue { ends_iteration } => {
                let region = *ends_iteration && self.pranges.last() == Some(&true);
                self.push(if region { Node::EndIteration } else { Node::Continue });
            }
            StmKind::Return(values) => self.leave(values, span),
            StmKind::Scratch(local) => {
                if let Binding::Scratch(scratch) = self.array(*local) {
                    self.push(Node::ScratchZero(scratch));
                }
            }
            StmKind::Zeros { local, extents } => self.zeros(*local, extents, span),
            StmKind::Bind(pairs) => self.bind(pairs, span),
            StmKind::Reduce { reduction, value, payload } => {
                let value = self.ex(value);
                let payload = self.all(payload);
                if let Some(reduce) = self.reduction(*reduction) {
                    self.push(Node::Reduce { reduce, value, payload });
                }
            }
        }
    }

    /// All values first, then the places in order.
    fn assign(&mut self, pairs: &'a [(Place, Ex)]) {
        let values: Vec<ValueId> = pairs.iter().map(|(_, value)| self.host_value(value)).collect();
        for ((place, _), value) in pairs.iter().zip(values) {
            self.set_place(place, value);
        }
    }

    fn set_place(&mut self, place: &'a Place, value: ValueId) {
        match place {
            Place::Local(local) => {
                let binding = self.scalar(*local);
                self.set(binding, value);
            }
            Place::Element { array, indices, span } => {
                let indices = self.all(indices);
                self.store(*array, indices, value, *span);
            }
        }
    }

    fn call_result(&mut self, target: &'a CallTarget, outcome: Outcome, span: Span) {
        match (target, outcome) {
            (CallTarget::Place(place @ Place::Local(_)), Outcome::Scalar(value)) => {
                self.set_place(place, value);
            }
            (CallTarget::Place(place), Outcome::Scalar(value)) => {
                if self.lane.is_some() {
                    self.set_place(place, value);
                    return;
                }
                // A host function's result that goes to an element: a serial section stores it.
                let made = self.host.insts.get(value.0 as usize);
                let dtype = made.map_or(crossover_values::DType::I32, |inst| inst.dtype);
                let var = self.made("result", dtype);
                self.set(var, value);
                self.open_lane(super::LaneKind::Serial, span);
                let value = self.get(var, span);
                self.set_place(place, value);
                self.close_serial();
            }
            (CallTarget::Array(local), Outcome::Array(source)) => {
                if let Binding::Array(target) = self.array(*local) {
                    self.push(Node::Bind { pairs: vec![(target, source)], span });
                }
            }
            (CallTarget::Array(_), Outcome::Scalar(_))
            | (CallTarget::Place(_), Outcome::Array(_)) => {}
        }
    }

    pub(super) fn branch(&mut self, cond: &'a Ex, then: &[&'a Stm], otherwise: &[&'a Stm]) {
        let value = self.host_value(cond);
        self.open(cond.span);
        self.block(then);
        let then = self.close();
        self.open(cond.span);
        self.block(otherwise);
        let otherwise = self.close();
        self.push(Node::branch(value, then, otherwise, cond.span));
    }

    fn loops(&mut self, change: isize) {
        if let Exit::Call(exit) = &mut self.frame().exit {
            exit.loops = exit.loops.saturating_add_signed(change);
        }
    }

    fn while_loop(&mut self, cond: Option<&'a Ex>, body: &'a [Stm], span: Span) {
        self.open(span);
        let value = cond.map(|cond| self.host_value(cond));
        let header = self.close();
        self.open(span);
        self.loops(1);
        self.block(&body.iter().collect::<Vec<_>>());
        self.loops(-1);
        let body = self.close();
        let span = cond.map_or(span, |cond| cond.span);
        self.push(Node::Loop(Box::new(LoopNode { header, cond: value, body, span })));
    }

    /// A counted loop; a prange here runs inside a lane.
    fn for_loop(&mut self, stm: &'a Stm) {
        let StmKind::For { var, lo, hi, step, body, prange } = &stm.kind else { return };
        let (lo_value, hi_value) = (self.host_value(lo), self.host_value(hi));
        let parallel = prange.as_ref().map(|list| self.loop_reductions(list));
        let index = self.loop_variable(*var, lo.dtype());
        self.open(stm.span);
        if prange.is_some() {
            self.pranges.push(false);
        } else {
            self.loops(1);
        }
        self.block(&body.iter().collect::<Vec<_>>());
        if prange.is_some() {
            self.pranges.pop();
        } else {
            self.loops(-1);
        }
        let body = self.close();
        let span = header_span(stm.span, hi.span);
        let node =
            ForNode { var: index, lo: lo_value, hi: hi_value, step: *step, body, parallel, span };
        self.push(Node::For(Box::new(node)));
    }

    fn zeros(&mut self, local: LocalId, extents: &'a [Ex], span: Span) {
        let extents: Vec<ValueId> = extents.iter().map(|extent| self.host_value(extent)).collect();
        if let Binding::Array(array) = self.array(local) {
            self.push(Node::Zeros { array, extents, span });
        }
    }

    fn bind(&mut self, pairs: &'a [(LocalId, LocalId)], span: Span) {
        let mut bound = Vec::new();
        for (target, source) in pairs {
            if let (Binding::Array(source), Binding::Array(target)) =
                (self.array(*source), self.array(*target))
            {
                bound.push((target, source));
            }
        }
        self.push(Node::Bind { pairs: bound, span });
    }

    /// Element type of an array name, as a load gives it.
    fn element_type(&mut self, array: LocalId) -> crossover_values::DType {
        match self.local_kind(array) {
            crate::typed::LocalKind::Array { dtype, .. }
            | crate::typed::LocalKind::Scratch { dtype, .. }
            | crate::typed::LocalKind::Scalar(dtype) => dtype.loaded(),
            crate::typed::LocalKind::Poison => crossover_values::DType::I32,
        }
    }

    /// A host-level value; if computing it touches elements, a serial section does.
    pub(super) fn host_value(&mut self, ex: &'a Ex) -> ValueId {
        if self.lane.is_some() || !self.facts.touches(ex) {
            return self.ex(ex);
        }
        let var = Binding::Host(self.host.var("read", ex.dtype()));
        self.open_lane(super::LaneKind::Serial, ex.span);
        let value = self.ex(ex);
        self.set(var, value);
        self.close_serial();
        self.get(var, ex.span)
    }
}

/// From the start of a loop to the end of its range.
pub(super) fn header_span(whole: Span, hi: Span) -> Span {
    if hi.file == whole.file && hi.end > whole.start && hi.end <= whole.end {
        Span { end: hi.end, ..whole }
    } else {
        whole
    }
}
