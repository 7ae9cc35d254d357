//! Calls: the callee's body is written in place, and its `return`s become structure (rule 5).
//!
//! A `return` that ends the call's own block needs nothing. One in a branch moves what follows the
//! `if` into the other branch. Only a `return` inside a loop, or in a branch that may also go on,
//! needs a flag: it is set, the loop is left, and what follows runs if it is not set.

use std::collections::{BTreeMap, BTreeSet};

use crossover_ir::{ArrayId, Op, Returned, Span, ValueId};
use crossover_values::{DType, Scalar};

use super::facts::{falls, has_return};
use super::node::Node;
use super::{Binding, CallExit, Exit, Frame, LaneKind, Lowerer, MOST_DEPTH, Outcome};
use crate::typed::{Arg, Func, FuncId, LocalId, LocalKind, Ret, Stm, StmKind};

impl<'a> Lowerer<'a> {
    /// Inlines a call; gives its results.
    pub(super) fn call(&mut self, id: FuncId, args: &'a [Arg], span: Span) -> Vec<Outcome> {
        self.count(span);
        if self.frames.len() >= MOST_DEPTH / 2 {
            self.stop(span, format!("calls nest deeper than {}", MOST_DEPTH / 2));
        }
        if self.stopped {
            return Vec::new();
        }
        let func = &self.typed.funcs[id];
        self.check_aliases(id, args, span);
        let bindings = self.bind_arguments(id, args, span);
        let exit = CallExit {
            base: self.blocks.len(),
            at: self.blocks.last().map_or(0, Vec::len),
            direct: None,
            results: None,
            flag: None,
            loops: 0,
            guarded: 0,
        };
        let exit = Exit::Call(exit);
        self.frames.push(Frame { func, bindings, reductions: BTreeMap::new(), exit });
        let body: Vec<&Stm> = func.body.iter().collect();
        self.block(&body);
        self.finish_call(span)
    }

    /// One array for two parameters of which one is written: two names of it meet (rule 8).
    fn check_aliases(&mut self, id: FuncId, args: &'a [Arg], span: Span) {
        let func = &self.typed.funcs[id];
        let mut seen: BTreeMap<ArrayId, usize> = BTreeMap::new();
        for (position, arg) in args.iter().enumerate() {
            let Arg::Array(local) = arg else { continue };
            let Binding::Array(array) = self.array(*local) else { continue };
            let Some(first) = seen.insert(array, position) else { continue };
            let written = self.facts.written(&func.body);
            if written.contains(&first) || written.contains(&position) {
                let names = (&func.locals[first].name, &func.locals[position].name);
                let message = format!(
                    "aliased arrays: `{}` and `{}` are one array here, and it is written",
                    names.0, names.1
                );
                self.error(8, span, message, "pass two arrays, or write a helper that takes one");
            }
        }
    }

    fn bind_arguments(&mut self, id: FuncId, args: &'a [Arg], span: Span) -> Vec<Option<Binding>> {
        let func = &self.typed.funcs[id];
        let mut bindings = vec![None; func.locals.len()];
        for (position, arg) in args.iter().enumerate() {
            let info = &func.locals[position];
            let binding = match arg {
                Arg::Scalar(ex) => {
                    let value = self.host_value(ex);
                    if self.lane.is_some() && !info.assigned {
                        Binding::Value(value)
                    } else {
                        // Regions read host variables, not host values.
                        let var = self.made(&info.name, ex.dtype());
                        self.set(var, value);
                        var
                    }
                }
                Arg::Array(local) => {
                    let given = self.array(*local);
                    match (given, info.kind) {
                        (Binding::Array(source), LocalKind::Array { dtype, rank })
                            if info.assigned =>
                        {
                            let own = self.new_array(&info.name, dtype, rank);
                            self.push(Node::Bind { pairs: vec![(own, source)], span });
                            Binding::Array(own)
                        }
                        _ => given,
                    }
                }
            };
            bindings[position] = Some(binding);
        }
        bindings
    }

    /// Ends an inlined call: its results, where they are.
    fn finish_call(&mut self, span: Span) -> Vec<Outcome> {
        let Some(frame) = self.frames.pop() else { return Vec::new() };
        let Exit::Call(exit) = frame.exit else { return Vec::new() };
        if self.stopped {
            return Vec::new();
        }
        if let Some(flag) = exit.flag {
            self.initialise(frame.func, &frame.bindings, exit.at);
            let off = self.detached_constant(Scalar::Bool(false), span);
            self.insert(exit.base, exit.at, off, flag);
        }
        match (exit.direct, exit.results) {
            (Some(direct), _) => direct,
            (None, Some(results)) => {
                let mut outcomes = Vec::new();
                for (binding, kind) in results.into_iter().zip(&frame.func.returns) {
                    outcomes.push(match (binding, kind) {
                        (Binding::Array(array), _) => Outcome::Array(array),
                        (binding, LocalKind::Scalar(dtype)) => {
                            if exit.flag.is_some() {
                                let zero =
                                    self.detached_constant(Scalar::from_bits(*dtype, 0), span);
                                self.insert(exit.base, exit.at, zero, binding);
                            }
                            Outcome::Scalar(self.get(binding, span))
                        }
                        (binding, _) => Outcome::Scalar(self.get(binding, span)),
                    });
                }
                outcomes
            }
            (None, None) => Vec::new(),
        }
    }

    /// With a flag, structure no longer shows that names have values where they are read: they
    /// get one at the start of the call.
    fn initialise(&mut self, func: &Func, bindings: &[Option<Binding>], at: usize) {
        let base = self.blocks.len();
        let counting = loop_variables(func);
        for (id, (local, binding)) in func.locals.iter().zip(bindings).enumerate() {
            if id < func.params || counting.contains(&id) {
                continue;
            }
            match (local.kind, *binding) {
                (LocalKind::Scalar(dtype), Some(binding)) => {
                    let zero = self.detached_constant(Scalar::from_bits(dtype, 0), local.span);
                    self.insert(base, at, zero, binding);
                }
                (LocalKind::Scratch { .. }, Some(Binding::Scratch(scratch))) => {
                    if let Some(block) = self.blocks.get_mut(base - 1) {
                        block.insert(at, Node::ScratchZero(scratch));
                    }
                }
                _ => {}
            }
        }
    }

    fn detached_constant(&mut self, value: Scalar, span: Span) -> ValueId {
        self.detached(crossover_ir::InstKind::Const(value), value.dtype(), span)
    }

    /// Sets a variable to a detached value at a place of an open block.
    fn insert(&mut self, base: usize, at: usize, value: ValueId, binding: Binding) {
        let Some(set) = self.set_node(binding, value) else { return };
        if let Some(block) = self.blocks.get_mut(base - 1) {
            let at = at.min(block.len());
            block.splice(at..at, [Node::Eval(value), set]);
        }
    }

    /// `return` in the current frame.
    pub(super) fn leave(&mut self, values: &'a [Ret], span: Span) {
        match &self.frame().exit {
            Exit::Kernel => {
                let values = values.iter().map(|value| self.returned(value)).collect();
                self.push(Node::Return { values, span });
            }
            Exit::Serial(results) => {
                let results = results.clone();
                for (var, value) in results.into_iter().zip(values) {
                    if let Ret::Scalar(ex) = value {
                        let value = self.ex(ex);
                        self.set(Binding::Host(var), value);
                    }
                }
                self.push(Node::EndIteration);
            }
            Exit::Call(_) => self.leave_call(values, span),
        }
    }

    fn returned(&mut self, value: &'a Ret) -> Returned {
        match self.outcome(value) {
            Outcome::Scalar(value) => Returned::Scalar(value),
            Outcome::Array(array) => Returned::Array(array),
        }
    }

    fn outcome(&mut self, value: &'a Ret) -> Outcome {
        match value {
            Ret::Scalar(ex) => Outcome::Scalar(self.host_value(ex)),
            Ret::Array(local, span) => match self.array(*local) {
                Binding::Array(array) => Outcome::Array(array),
                _ => Outcome::Scalar(self.constant(Scalar::I32(0), *span)),
            },
        }
    }

    fn call_exit(&mut self) -> Option<&mut CallExit> {
        match &mut self.frame().exit {
            Exit::Call(exit) => Some(exit),
            Exit::Kernel | Exit::Serial(_) => None,
        }
    }

    fn leave_call(&mut self, values: &'a [Ret], span: Span) {
        let outcomes: Vec<Outcome> = values.iter().map(|value| self.outcome(value)).collect();
        let depth = self.blocks.len();
        let Some(exit) = self.call_exit() else { return };
        let (base, loops, guarded) = (exit.base, exit.loops, exit.guarded);
        if depth == base {
            exit.direct = Some(outcomes);
            return;
        }
        let results = self.result_bindings();
        for (binding, outcome) in results.into_iter().zip(outcomes) {
            match (binding, outcome) {
                (Binding::Array(target), Outcome::Array(source)) => {
                    self.push(Node::Bind { pairs: vec![(target, source)], span });
                }
                (binding, Outcome::Scalar(value)) => self.set(binding, value),
                (_, Outcome::Array(_)) => {}
            }
        }
        if loops > 0 || guarded > 0 {
            let flag = self.flag();
            let on = self.constant(Scalar::Bool(true), span);
            self.set(flag, on);
        }
        if loops > 0 {
            self.push(Node::Break);
        }
    }

    fn result_bindings(&mut self) -> Vec<Binding> {
        if let Some(results) = self.call_exit().and_then(|exit| exit.results.clone()) {
            return results;
        }
        let kinds = self.frame().func.returns.clone();
        let made = kinds
            .into_iter()
            .map(|kind| match kind {
                LocalKind::Array { dtype, rank } => {
                    Binding::Array(self.new_array("result", dtype, rank))
                }
                LocalKind::Scalar(dtype) => self.made("result", dtype),
                LocalKind::Scratch { .. } | LocalKind::Poison => self.made("result", DType::I32),
            })
            .collect::<Vec<_>>();
        if let Some(exit) = self.call_exit() {
            exit.results = Some(made.clone());
        }
        made
    }

    fn flag(&mut self) -> Binding {
        if let Some(flag) = self.call_exit().and_then(|exit| exit.flag) {
            return flag;
        }
        let made = self.made("returned", DType::Bool);
        if let Some(exit) = self.call_exit() {
            exit.flag = Some(made);
        }
        made
    }

    /// Statements one after the other; whether control reaches their end.
    pub(super) fn block(&mut self, stms: &[&'a Stm]) -> bool {
        let host_level = self.lane.is_none();
        let mut goes_on = true;
        for (position, stm) in stms.iter().enumerate() {
            if self.stopped {
                break;
            }
            if host_level {
                self.prepare_host(stm);
            }
            let rest = &stms[position + 1..];
            if matches!(self.frame().exit, Exit::Call(_)) && has_return(stm) && !is_return(stm) {
                if self.returning(stm, rest) {
                    continue;
                }
                return self.close_run(host_level, false);
            }
            self.statement(stm);
            if !falls(std::slice::from_ref(*stm)) {
                goes_on = false;
                break;
            }
        }
        self.close_run(host_level, goes_on)
    }

    fn close_run(&mut self, host_level: bool, goes_on: bool) -> bool {
        if host_level && self.lane.as_ref().is_some_and(|lane| lane.kind == LaneKind::Serial) {
            self.close_serial();
        }
        goes_on
    }

    /// A branch or loop that holds a `return` of an inlined call. Whether the statements after it
    /// are still to be written.
    fn returning(&mut self, stm: &'a Stm, rest: &[&'a Stm]) -> bool {
        let loops = self.call_exit().map_or(0, |exit| exit.loops);
        if let StmKind::If { cond, then, otherwise } = &stm.kind {
            let (then_falls, else_falls) = (falls(then), falls(otherwise));
            let (then, otherwise): (Vec<&Stm>, Vec<&Stm>) =
                (then.iter().collect(), otherwise.iter().collect());
            if loops > 0 || rest.is_empty() || (!then_falls && !else_falls) {
                self.branch(cond, &then, &otherwise);
                return (then_falls || else_falls) && !rest.is_empty();
            }
            if !then_falls {
                self.branch(cond, &then, &[&otherwise, rest].concat());
                return false;
            }
            if !else_falls {
                self.branch(cond, &[&then, rest].concat(), &otherwise);
                return false;
            }
            self.guarded(1);
            self.branch(cond, &then, &otherwise);
            self.guarded(-1);
        } else {
            self.statement(stm);
        }
        if loops > 0 {
            let flag = self.flag();
            let cond = self.get(flag, stm.span);
            self.push(Node::branch(cond, vec![Node::Break], Vec::new(), stm.span));
            return true;
        }
        if !rest.is_empty() && falls(std::slice::from_ref(stm)) {
            let flag = self.flag();
            let set = self.get(flag, stm.span);
            let cond = self.op(Op::Not, vec![set], DType::Bool, stm.span);
            self.open(stm.span);
            self.block(rest);
            let then = self.close();
            self.push(Node::branch(cond, then, Vec::new(), stm.span));
        }
        false
    }

    fn guarded(&mut self, change: isize) {
        if let Some(exit) = self.call_exit() {
            exit.guarded = exit.guarded.saturating_add_signed(change);
        }
    }
}

/// Names that loops of the function set by themselves.
fn loop_variables(func: &Func) -> BTreeSet<LocalId> {
    let mut found = BTreeSet::new();
    for stm in &func.body {
        stm.visit(&mut |stm| {
            if let StmKind::For { var, .. } = stm.kind {
                found.insert(var);
            }
        });
    }
    found
}

fn is_return(stm: &Stm) -> bool {
    matches!(stm.kind, StmKind::Return(_))
}
