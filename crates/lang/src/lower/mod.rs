//! The lowering: typed form to IR, entry by entry, with every call inlined.
//!
//! One emitter writes both levels. While a lane is open ([`Lowerer::lane`]) nodes and
//! instructions go to its code, else to the kernel's host level; the two keep their own arenas.

mod build;
mod exprs;
mod facts;
mod host;
mod inline;
mod node;
mod region;
mod stmts;

use std::collections::{BTreeMap, BTreeSet};

use crossover_ir::{
    ArrayId, ArrayName, Inst, Kernel, KernelParam, Module, Reduce, ReduceId, Returned, Scratch,
    ScratchId, Span, ValueId, Var, VarId,
};
use crossover_values::ParamKind;

use crate::diagnostics::{Diagnostic, Diagnostics, Sink};
use crate::program::{Global, Program};
use crate::typed::{Func, FuncId, LocalId, LocalKind, ReductionId, Typed};

use facts::Facts;
use node::Node;

/// Deepest nesting of blocks and calls in the result; the validator allows 256.
const MOST_DEPTH: usize = 200;

/// Lowers the entries of a program that was checked.
///
/// # Errors
/// Unknown entries, and what only shows when calls are inlined: size, depth, atomics.
pub(crate) fn lower(
    program: &Program,
    typed: &Typed,
    entries: &[String],
) -> Result<Module, Diagnostics> {
    let mut sink = Sink::default();
    let entries = entry_functions(program, entries, &mut sink);
    let facts = Facts::of(typed, &program.callees_first);
    let mut kernels = Vec::new();
    for entry in entries {
        let mut lowerer = Lowerer::new(program, typed, &facts, &mut sink);
        kernels.extend(lowerer.entry(entry));
    }
    sink.finish(program)?;
    Ok(Module { sources: program.sources(), kernels })
}

/// The functions that become kernels.
fn entry_functions(program: &Program, entries: &[String], sink: &mut Sink) -> Vec<FuncId> {
    let globals = &program.files[0].globals;
    if entries.is_empty() {
        let called: BTreeSet<FuncId> =
            program.funcs.iter().flat_map(|decl| decl.calls.iter().copied()).collect();
        let all = program.funcs.iter().enumerate();
        let chosen = all.filter(|(id, decl)| {
            decl.file == 0 && !called.contains(id) && !decl.name.starts_with('_')
        });
        let chosen: Vec<FuncId> = chosen.map(|(id, _)| id).collect();
        if chosen.is_empty() {
            let message = "the file has no entry";
            let help = "define a function that no other one calls; names with `_` are private";
            sink.push(Diagnostic::new(5, Span::default(), message).help(help));
        }
        return chosen;
    }
    let mut chosen = Vec::new();
    for name in entries {
        match globals.get(name) {
            Some(Global::Func(id)) if !chosen.contains(id) => chosen.push(*id),
            Some(Global::Func(_)) => {}
            _ => {
                let message = format!("the file has no function `{name}` to enter");
                let help = "name a function of the file";
                sink.push(Diagnostic::new(5, Span::default(), message).help(help));
            }
        }
    }
    chosen
}

/// Variables and instructions of one arena.
#[derive(Default)]
struct Arena {
    vars: Vec<Var>,
    names: BTreeSet<String>,
    insts: Vec<Inst>,
}

/// What a lane is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LaneKind {
    Region,
    Serial,
}

/// Lane code that is being written.
struct Lane {
    kind: LaneKind,
    arena: Arena,
    scratch: Vec<Scratch>,
    reduces: Vec<Reduce>,
    /// Where each array is stored to, for the rule on atomics.
    stores: BTreeMap<ArrayId, Span>,
    span: Span,
}

/// What a local name of a function stands for where it is inlined.
#[derive(Clone, Copy, Debug)]
enum Binding {
    /// A host variable of the kernel.
    Host(VarId),
    /// A variable of the open lane.
    Lane(VarId),
    /// A parameter that the callee never assigns: the argument itself.
    Value(ValueId),
    /// An array name.
    Array(ArrayId),
    /// A scratch array of the open lane.
    Scratch(ScratchId),
}

/// A result of an inlined call.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    Scalar(ValueId),
    Array(ArrayId),
}

/// What `return` does in a frame.
enum Exit {
    /// Ends the kernel.
    Kernel,
    /// Ends the one serial section of a kernel without host level.
    Serial(Vec<VarId>),
    /// Leaves an inlined call.
    Call(CallExit),
}

/// The exit of an inlined call.
struct CallExit {
    /// Number of open blocks at the call; the call's own block is the last of them.
    base: usize,
    /// Position in that block at which the call begins.
    at: usize,
    /// Results, if the only `return` stands in the call's own block.
    direct: Option<Vec<Outcome>>,
    /// Variables or names that take the results, else.
    results: Option<Vec<Binding>>,
    /// Set when a `return` cannot be expressed by structure alone.
    flag: Option<Binding>,
    /// Loops of the callee around the current statement.
    loops: usize,
    /// Branches around it after which the flag is tested.
    guarded: usize,
}

/// A function that is being inlined, the entry included.
struct Frame<'a> {
    func: &'a Func,
    bindings: Vec<Option<Binding>>,
    reductions: BTreeMap<ReductionId, ReduceId>,
    exit: Exit,
}

struct Lowerer<'a> {
    program: &'a Program,
    typed: &'a Typed,
    facts: &'a Facts,
    sink: &'a mut Sink,
    host: Arena,
    arrays: Vec<ArrayName>,
    array_names: BTreeSet<String>,
    lane: Option<Lane>,
    /// Open blocks, innermost last.
    blocks: Vec<Vec<Node>>,
    frames: Vec<Frame<'a>>,
    /// For each prange around the current place, whether it is the region itself.
    pranges: Vec<bool>,
    size: usize,
    /// Set once a limit is passed: nothing more is written.
    stopped: bool,
}

impl<'a> Lowerer<'a> {
    fn new(program: &'a Program, typed: &'a Typed, facts: &'a Facts, sink: &'a mut Sink) -> Self {
        Lowerer {
            program,
            typed,
            facts,
            sink,
            host: Arena::default(),
            arrays: Vec::new(),
            array_names: BTreeSet::new(),
            lane: None,
            blocks: Vec::new(),
            frames: Vec::new(),
            pranges: Vec::new(),
            size: 0,
            stopped: false,
        }
    }

    fn entry(&mut self, id: FuncId) -> Option<Kernel> {
        let func = &self.typed.funcs[id];
        let (params, bindings) = self.parameters(func);
        self.blocks.push(Vec::new());
        let body: Vec<_> = func.body.iter().collect();
        if func.host {
            self.frames.push(Frame {
                func,
                bindings,
                reductions: BTreeMap::new(),
                exit: Exit::Kernel,
            });
            if self.block(&body) {
                self.push(Node::Return { values: Vec::new(), span: func.span });
            }
        } else {
            self.serial_entry(func, bindings, &body);
        }
        self.frames.pop();
        let nodes = self.blocks.pop()?;
        let host = match node::host(nodes) {
            Ok(host) => host,
            Err(node::Misplaced) => {
                self.internal(func.span);
                return None;
            }
        };
        Some(Kernel {
            name: func.name.clone(),
            params,
            returns: func.returns.iter().map(|kind| param_kind(*kind)).collect(),
            vars: std::mem::take(&mut self.host.vars),
            arrays: std::mem::take(&mut self.arrays),
            insts: std::mem::take(&mut self.host.insts),
            host,
        })
    }

    fn parameters(&mut self, func: &Func) -> (Vec<KernelParam>, Vec<Option<Binding>>) {
        let mut params = Vec::new();
        let mut bindings = vec![None; func.locals.len()];
        for (position, local) in func.locals.iter().take(func.params).enumerate() {
            let binding = match local.kind {
                LocalKind::Array { dtype, rank } => {
                    let array = self.new_array(&local.name, dtype, rank);
                    params.push(KernelParam::Array(array));
                    Binding::Array(array)
                }
                LocalKind::Scalar(dtype) => {
                    let var = self.host.var(&local.name, dtype);
                    params.push(KernelParam::Scalar(var));
                    Binding::Host(var)
                }
                LocalKind::Scratch { .. } | LocalKind::Poison => continue,
            };
            bindings[position] = Some(binding);
        }
        (params, bindings)
    }

    /// A kernel without a prange: its whole body is one serial section.
    fn serial_entry(
        &mut self,
        func: &'a Func,
        mut bindings: Vec<Option<Binding>>,
        body: &[&'a crate::typed::Stm],
    ) {
        let mut results = Vec::new();
        for kind in &func.returns {
            if let LocalKind::Scalar(dtype) = kind {
                results.push(self.host.var("result", *dtype));
            }
        }
        self.open_lane(LaneKind::Serial, func.span);
        for (local, binding) in func.locals.iter().zip(&mut bindings).take(func.params) {
            if let (true, Some(Binding::Host(var)), LocalKind::Scalar(dtype)) =
                (local.assigned, *binding, local.kind)
            {
                let value = self.inst(crossover_ir::InstKind::HostGet(var), dtype, local.span);
                let copy = self.lane_var(&local.name, dtype);
                self.push(Node::Set { var: copy, value });
                *binding = Some(Binding::Lane(copy));
            }
        }
        let exit = Exit::Serial(results.clone());
        self.frames.push(Frame { func, bindings, reductions: BTreeMap::new(), exit });
        self.block(body);
        if let Some(Node::EndIteration) = self.blocks.last().and_then(|block| block.last()) {
            self.pop_last();
        }
        self.close_serial();
        let values = results
            .into_iter()
            .map(|var| Returned::Scalar(self.get(Binding::Host(var), func.span)))
            .collect();
        self.push(Node::Return { values, span: func.span });
    }

    fn frame(&mut self) -> &mut Frame<'a> {
        self.frames.last_mut().expect("a function is being lowered")
    }

    fn local_kind(&mut self, local: LocalId) -> LocalKind {
        self.frame().func.locals[local].kind
    }

    fn internal(&mut self, span: Span) {
        let message = "internal error: a statement at the wrong level";
        let help = "this is a defect of the compiler, not of the kernel";
        self.sink.push(Diagnostic::new(0, span, message).help(help));
    }

    fn error(&mut self, rule: u8, span: Span, message: impl Into<String>, help: &str) {
        self.sink.push(Diagnostic::new(rule, span, message).help(help));
    }

    /// Reports a limit once and writes nothing more.
    fn stop(&mut self, span: Span, message: String) {
        if !self.stopped {
            self.error(0, span, message, "split the kernel, or write a loop instead of many calls");
        }
        self.stopped = true;
    }
}

fn param_kind(kind: LocalKind) -> ParamKind {
    match kind {
        LocalKind::Scalar(dtype) => ParamKind::Scalar(dtype),
        LocalKind::Array { dtype, rank } => ParamKind::Array { dtype, rank: rank as usize },
        // The checker gives functions no such results.
        LocalKind::Scratch { dtype, .. } => ParamKind::Array { dtype, rank: 1 },
        LocalKind::Poison => ParamKind::Scalar(crossover_values::DType::I32),
    }
}
