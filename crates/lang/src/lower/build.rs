//! The smallest steps of the emitter: blocks, instructions, variables, names.

use crossover_ir::{
    ArrayId, ArrayName, Inst, InstKind, Op, Scratch, ScratchId, Span, ValueId, Var, VarId,
};
use crossover_values::{DType, Scalar};

use super::node::Node;
use super::{Arena, Binding, Lane, LaneKind, Lowerer, MOST_DEPTH};
use crate::typed::{LocalId, LocalKind};

impl Arena {
    /// A new variable, with a name of its own.
    pub(super) fn var(&mut self, name: &str, dtype: DType) -> VarId {
        let id = VarId(index(self.vars.len()));
        let name = unique(name, &mut self.names);
        self.vars.push(Var { name, dtype });
        id
    }
}

/// Indices of arenas are bounded by the limit on instructions.
pub(super) fn index(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// The name, or the name with the first free number.
fn unique(name: &str, names: &mut std::collections::BTreeSet<String>) -> String {
    let mut candidate = name.to_owned();
    let mut number = names.len();
    while names.contains(&candidate) {
        candidate = format!("{name}_{number}");
        number += 1;
    }
    names.insert(candidate.clone());
    candidate
}

impl<'a> Lowerer<'a> {
    pub(super) fn push(&mut self, node: Node) {
        if self.stopped {
            return;
        }
        if let Some(block) = self.blocks.last_mut() {
            block.push(node);
        }
    }

    pub(super) fn pop_last(&mut self) {
        if let Some(block) = self.blocks.last_mut() {
            block.pop();
        }
    }

    /// Opens a block inside the current one.
    pub(super) fn open(&mut self, span: Span) {
        if self.blocks.len() >= MOST_DEPTH {
            self.stop(span, format!("blocks and calls nest deeper than {MOST_DEPTH}"));
        }
        self.blocks.push(Vec::new());
    }

    /// Closes the innermost block.
    pub(super) fn close(&mut self) -> Vec<Node> {
        self.blocks.pop().unwrap_or_default()
    }

    fn arena(&mut self) -> &mut Arena {
        match &mut self.lane {
            Some(lane) => &mut lane.arena,
            None => &mut self.host,
        }
    }

    /// Makes an instruction without evaluating it anywhere.
    pub(super) fn detached(&mut self, kind: InstKind, dtype: DType, span: Span) -> ValueId {
        self.count(span);
        if self.stopped {
            return ValueId(0);
        }
        let arena = self.arena();
        let id = ValueId(index(arena.insts.len()));
        arena.insts.push(Inst { kind, dtype, span });
        id
    }

    /// Makes an instruction and evaluates it here.
    pub(super) fn inst(&mut self, kind: InstKind, dtype: DType, span: Span) -> ValueId {
        let id = self.detached(kind, dtype, span);
        self.push(Node::Eval(id));
        id
    }

    /// Counts one step towards the limit on inlined code.
    pub(super) fn count(&mut self, span: Span) {
        self.size += 1;
        let limit = self.program.instructions;
        if self.size > limit {
            self.stop(
                span,
                format!("the kernel has more than {limit} instructions once its calls are inlined"),
            );
        }
    }

    pub(super) fn constant(&mut self, value: Scalar, span: Span) -> ValueId {
        self.inst(InstKind::Const(value), value.dtype(), span)
    }

    pub(super) fn op(&mut self, op: Op, args: Vec<ValueId>, dtype: DType, span: Span) -> ValueId {
        self.inst(InstKind::Op { op, args }, dtype, span)
    }

    pub(super) fn lane_var(&mut self, name: &str, dtype: DType) -> VarId {
        self.arena().var(name, dtype)
    }

    /// A made variable of the level that is being written.
    pub(super) fn made(&mut self, name: &str, dtype: DType) -> Binding {
        match &mut self.lane {
            Some(lane) => Binding::Lane(lane.arena.var(name, dtype)),
            None => Binding::Host(self.host.var(name, dtype)),
        }
    }

    pub(super) fn new_array(&mut self, name: &str, dtype: DType, rank: u32) -> ArrayId {
        let id = ArrayId(index(self.arrays.len()));
        let name = unique(name, &mut self.array_names);
        self.arrays.push(ArrayName { name, dtype, rank });
        id
    }

    /// Type of a variable.
    fn var_dtype(&self, binding: Binding) -> DType {
        let vars = match (binding, &self.lane) {
            (Binding::Lane(_), Some(lane)) => &lane.arena.vars,
            _ => &self.host.vars,
        };
        match binding {
            Binding::Host(var) | Binding::Lane(var) => {
                vars.get(var.0 as usize).map_or(DType::I32, |var| var.dtype)
            }
            Binding::Value(_) | Binding::Array(_) | Binding::Scratch(_) => DType::I32,
        }
    }

    /// The current value of a scalar binding.
    pub(super) fn get(&mut self, binding: Binding, span: Span) -> ValueId {
        let dtype = self.var_dtype(binding);
        match binding {
            Binding::Value(value) => value,
            Binding::Host(var) if self.lane.is_some() => {
                self.inst(InstKind::HostGet(var), dtype, span)
            }
            Binding::Host(var) | Binding::Lane(var) => self.inst(InstKind::Get(var), dtype, span),
            // The checker lets no array be read as a scalar.
            Binding::Array(_) | Binding::Scratch(_) => self.constant(Scalar::I32(0), span),
        }
    }

    /// Assigns a variable.
    pub(super) fn set(&mut self, binding: Binding, value: ValueId) {
        let node = self.set_node(binding, value);
        node.into_iter().for_each(|node| self.push(node));
    }

    pub(super) fn set_node(&self, binding: Binding, value: ValueId) -> Option<Node> {
        match binding {
            Binding::Host(var) if self.lane.is_some() => Some(Node::HostSet { var, value }),
            Binding::Host(var) | Binding::Lane(var) => Some(Node::Set { var, value }),
            Binding::Value(_) | Binding::Array(_) | Binding::Scratch(_) => None,
        }
    }

    /// What a scalar name stands for; a variable is made at its first use.
    pub(super) fn scalar(&mut self, local: LocalId) -> Binding {
        if let Some(binding) = self.frame().bindings[local] {
            return binding;
        }
        let info = &self.frame().func.locals[local];
        let (name, kind) = (info.name.clone(), info.kind);
        let dtype = match kind {
            LocalKind::Scalar(dtype) => dtype,
            LocalKind::Array { .. } | LocalKind::Scratch { .. } | LocalKind::Poison => DType::I32,
        };
        // In a serial section the names of the host function stay host variables.
        let host_frame = self.frame().func.host;
        let serial = self.lane.as_ref().is_some_and(|lane| lane.kind == LaneKind::Serial);
        let binding = match host_frame && serial {
            true => Binding::Host(self.host.var(&name, dtype)),
            false => self.made(&name, dtype),
        };
        self.frame().bindings[local] = Some(binding);
        binding
    }

    /// A loop variable: always of the level that runs the loop.
    pub(super) fn loop_variable(&mut self, local: LocalId, dtype: DType) -> VarId {
        let name = self.frame().func.locals[local].name.clone();
        let binding = self.made(&name, dtype);
        self.frame().bindings[local] = Some(binding);
        match binding {
            Binding::Host(var) | Binding::Lane(var) => var,
            Binding::Value(_) | Binding::Array(_) | Binding::Scratch(_) => VarId(0),
        }
    }

    /// The array or scratch that a name stands for.
    pub(super) fn array(&mut self, local: LocalId) -> Binding {
        if let Some(binding) = self.frame().bindings[local] {
            return binding;
        }
        let info = &self.frame().func.locals[local];
        let (name, kind) = (info.name.clone(), info.kind);
        let binding = match kind {
            LocalKind::Scratch { dtype, len } => {
                Binding::Scratch(self.new_scratch(&name, dtype, len))
            }
            LocalKind::Array { dtype, rank } => Binding::Array(self.new_array(&name, dtype, rank)),
            LocalKind::Scalar(_) | LocalKind::Poison => Binding::Array(ArrayId(0)),
        };
        self.frame().bindings[local] = Some(binding);
        binding
    }

    fn new_scratch(&mut self, name: &str, dtype: DType, len: u32) -> ScratchId {
        let Some(Lane { scratch, arena, .. }) = &mut self.lane else {
            return ScratchId(0);
        };
        let id = ScratchId(index(scratch.len()));
        let name = unique(name, &mut arena.names);
        scratch.push(Scratch { name, dtype, len });
        id
    }
}
