//! Host level for a device that keeps scalars: what depends on them becomes serial sections.
//!
//! Evaluations and assignments that depend on device-kept variables, and control flow without
//! units that they decide, gather into [`Serial`] sections; consecutive ones into one. Host-known
//! code stays host code and runs ahead of the section that it stood beside, which is safe because
//! a section reads no host-known variable directly: every host value that it uses is passed in a
//! variable of its own, set once where the value is evaluated. Control flow as a whole inside a
//! section may read host-known variables; an assignment to one of those ends the section first.
//!
//! Values that serve host code alone (the condition of control flow with units, an extent, a
//! bound, a returned scalar) are computed by the host from device-kept variables, which it reads
//! there: a device waits at those reads, and only there. A value that a section needs as well goes
//! through a device-kept variable of its own.

use std::collections::{BTreeMap, BTreeSet};

use super::build::{Builder, unique};
use super::kept::{Kept, uses};
use crate::{
    Block, Code, HostNode, Inst, InstKind, Kernel, Returned, Serial, Span, Stmt, ValueId, Var,
    VarId,
};

/// Rewrites a kernel of a valid module so that every node either is host code on host-known
/// scalars or runs on the device. The result is valid and gives the same outputs.
pub fn for_gpu(kernel: &Kernel) -> Kernel {
    let mut rewrite = Rewrite {
        kernel,
        kept: Kept::of(kernel),
        vars: kernel.vars.clone(),
        insts: kernel.insts.clone(),
        passed: BTreeMap::new(),
    };
    rewrite.find_passed(&kernel.host);
    let host = rewrite.block(&kernel.host);
    let (vars, insts) = (rewrite.vars, rewrite.insts);
    let mut result = Kernel { vars, insts, host, ..kernel.clone() };
    drop_unevaluated(&mut result);
    result
}

/// Nodes of one block in their new order.
enum Group<'k> {
    Host(&'k HostNode),
    /// Become one serial section.
    Section(Vec<&'k HostNode>),
}

struct Rewrite<'k> {
    kernel: &'k Kernel,
    kept: Kept,
    vars: Vec<Var>,
    insts: Vec<Inst>,
    /// Variables that carry values into sections and out of them.
    passed: BTreeMap<ValueId, VarId>,
}

impl<'k> Rewrite<'k> {
    /// Gathers what runs on the device. Host evaluations may go ahead of a pending section; a
    /// host assignment may if no control flow inside could read the variable.
    fn groups(&self, nodes: &'k [HostNode]) -> Vec<Group<'k>> {
        let mut groups = Vec::new();
        let mut pending: Vec<&HostNode> = Vec::new();
        for node in nodes {
            if self.kept.runs_on_device(node) {
                pending.push(node);
                continue;
            }
            let ahead = match node {
                // One that depends on kept variables reads them here, after the section.
                HostNode::Eval(value) => !self.kept.values[value.0 as usize],
                HostNode::Set { .. } => pending.iter().all(|it| it.blocks().is_empty()),
                _ => false,
            };
            if !ahead && !pending.is_empty() {
                groups.push(Group::Section(std::mem::take(&mut pending)));
            }
            groups.push(Group::Host(node));
        }
        if !pending.is_empty() {
            groups.push(Group::Section(pending));
        }
        groups
    }

    /// Gives a variable to every value that a section needs from outside (constants are made
    /// again), and to every value of a section that host code needs.
    fn find_passed(&mut self, nodes: &'k [HostNode]) {
        for group in self.groups(nodes) {
            match group {
                Group::Host(node) => {
                    let device = |value: &ValueId| self.kept.on_device[value.0 as usize];
                    let mut needed = uses(node);
                    if let HostNode::Eval(value) = node {
                        needed.extend(self.kernel.insts[value.0 as usize].kind.operands());
                    }
                    needed.retain(device);
                    needed.into_iter().for_each(|value| self.pass(value));
                    node.blocks().into_iter().for_each(|block| self.find_passed(block));
                }
                Group::Section(nodes) => self.find_passed_in(&nodes),
            }
        }
    }

    fn find_passed_in(&mut self, section: &[&'k HostNode]) {
        let (mut local, mut used) = (BTreeSet::new(), BTreeSet::new());
        for node in section {
            node.walk(&mut |inner| {
                used.extend(uses(inner));
                if let HostNode::Eval(value) = inner {
                    local.insert(*value);
                    used.extend(self.kernel.insts[value.0 as usize].kind.operands());
                }
            });
        }
        for value in used.difference(&local) {
            if !matches!(self.insts[value.0 as usize].kind, InstKind::Const(_)) {
                self.pass(*value);
            }
        }
    }

    fn pass(&mut self, value: ValueId) {
        if !self.passed.contains_key(&value) {
            let var = self.new_var("passed", self.insts[value.0 as usize].dtype);
            self.passed.insert(value, var);
        }
    }

    fn new_var(&mut self, name: &str, dtype: crossover_values::DType) -> VarId {
        let name = unique(name, |name| self.vars.iter().any(|var| var.name == name));
        self.vars.push(Var { name, dtype });
        VarId(self.vars.len() as u32 - 1)
    }

    fn block(&mut self, nodes: &'k [HostNode]) -> Vec<HostNode> {
        let mut out = Vec::new();
        for group in self.groups(nodes) {
            match group {
                Group::Host(node) => self.host(node, &mut out),
                Group::Section(nodes) => out.push(self.section(&nodes)),
            }
        }
        out
    }

    /// A node that stays: the values of sections that it uses are read back before it.
    fn host(&mut self, node: &'k HostNode, out: &mut Vec<HostNode>) {
        let mut new = match node {
            HostNode::If { cond, then, otherwise, span } => {
                let (then, otherwise) = (self.block(then), self.block(otherwise));
                HostNode::If { cond: *cond, then, otherwise, span: *span }
            }
            HostNode::Loop { header, cond, body, span } => {
                let mut header = self.block(header);
                // The condition is evaluated in the header, so it is read back there.
                let cond = cond.map(|cond| self.read_back(cond, &mut header));
                let body = self.block(body);
                return out.push(HostNode::Loop { header, cond, body, span: *span });
            }
            HostNode::For { var, lo, hi, step, body, span } => {
                let body = self.block(body);
                let (var, body) = self.loop_variable(*var, body, *span);
                HostNode::For { var, lo: *lo, hi: *hi, step: *step, body, span: *span }
            }
            other => other.clone(),
        };
        for value in uses_mut(&mut new) {
            *value = self.read_back(*value, out);
        }
        if let HostNode::Eval(value) = &new {
            self.read_back_operands(*value, out);
        }
        let evaluated = match &new {
            HostNode::Eval(value) => Some(*value),
            _ => None,
        };
        out.push(new);
        if let Some(value) = evaluated
            && let Some(var) = self.passed.get(&value)
        {
            out.push(HostNode::Set { var: *var, value });
        }
    }

    /// A value for host code: that of a section is read from its variable.
    fn read_back(&mut self, value: ValueId, out: &mut Vec<HostNode>) -> ValueId {
        if !self.kept.on_device.get(value.0 as usize).is_some_and(|device| *device) {
            return value;
        }
        let Inst { dtype, span, .. } = self.insts[value.0 as usize];
        self.insts.push(Inst { kind: InstKind::Get(self.passed[&value]), dtype, span });
        let read = ValueId(self.insts.len() as u32 - 1);
        out.push(HostNode::Eval(read));
        read
    }

    /// The same for the operands of a host instruction.
    fn read_back_operands(&mut self, value: ValueId, out: &mut Vec<HostNode>) {
        let InstKind::Op { op, args } = self.insts[value.0 as usize].kind.clone() else { return };
        let args = args.into_iter().map(|arg| self.read_back(arg, out)).collect();
        self.insts[value.0 as usize].kind = InstKind::Op { op, args };
    }

    /// A host loop counts with a host-known variable: if its own is kept for other reasons, the
    /// body begins by telling the device.
    fn loop_variable(
        &mut self,
        var: VarId,
        body: Vec<HostNode>,
        span: Span,
    ) -> (VarId, Vec<HostNode>) {
        if !self.kept.vars.contains(&var) {
            return (var, body);
        }
        let Var { name, dtype } = self.vars[var.0 as usize].clone();
        let counter = self.new_var(&name, dtype);
        let mut builder = Builder::new(Code::default());
        let stmts = builder.block(|builder| {
            let value = builder.eval(InstKind::HostGet(counter), dtype);
            builder.push(Stmt::HostSet { var, value });
        });
        let tell = HostNode::Serial(Serial { code: Code { body: stmts, ..builder.code }, span });
        (counter, std::iter::once(tell).chain(body).collect())
    }

    fn section(&self, nodes: &[&'k HostNode]) -> HostNode {
        let mut section = Section {
            rewrite: self,
            builder: Builder::new(Code::default()),
            values: BTreeMap::new(),
            counters: Vec::new(),
        };
        let body = section.block(nodes.iter().copied());
        let span = nodes.iter().map(|node| self.span(node)).find(|span| *span != Span::default());
        let code = Code { body, ..section.builder.code };
        HostNode::Serial(Serial { code, span: span.unwrap_or_default() })
    }

    fn span(&self, node: &HostNode) -> Span {
        match node {
            HostNode::Eval(value) | HostNode::Set { value, .. } => {
                self.kernel.insts[value.0 as usize].span
            }
            HostNode::If { span, .. }
            | HostNode::Loop { span, .. }
            | HostNode::For { span, .. }
            | HostNode::Bind { span, .. }
            | HostNode::Zeros { span, .. }
            | HostNode::Return { span, .. } => *span,
            HostNode::Region(region) => region.span,
            HostNode::Serial(serial) => serial.span,
            HostNode::Break | HostNode::Continue => Span::default(),
        }
    }
}

/// A serial section being written.
struct Section<'r, 'k> {
    rewrite: &'r Rewrite<'k>,
    builder: Builder,
    /// Its own values by those of the host.
    values: BTreeMap<ValueId, ValueId>,
    /// Lane variables of counted loops that enclose this point, by their host variable.
    counters: Vec<(VarId, VarId)>,
}

impl<'k> Section<'_, 'k> {
    fn block(&mut self, nodes: impl Iterator<Item = &'k HostNode>) -> Block {
        self.builder.begin();
        nodes.for_each(|node| self.node(node));
        self.builder.end()
    }

    fn node(&mut self, node: &'k HostNode) {
        match node {
            HostNode::Eval(value) => self.evaluate(*value),
            HostNode::Set { var, value } => {
                let value = self.operand(*value);
                self.builder.push(Stmt::HostSet { var: *var, value });
            }
            HostNode::If { cond, then, otherwise, span } => {
                let cond = self.operand(*cond);
                let (then, otherwise) = (self.block(then.iter()), self.block(otherwise.iter()));
                self.builder.push(Stmt::If { cond, then, otherwise, span: *span });
            }
            HostNode::Loop { header, cond, body, span } => {
                let header = self.block(header.iter());
                let cond = cond.map(|cond| self.values[&cond]);
                let (body, continuing) = (self.block(body.iter()), Block::new());
                self.builder.push(Stmt::Loop { header, cond, body, continuing, span: *span });
            }
            HostNode::For { var, lo, hi, step, body, span } => {
                let (lo, hi) = (self.operand(*lo), self.operand(*hi));
                let Var { name, dtype } = self.rewrite.kernel.vars[var.0 as usize].clone();
                let counter = self.builder.var(&name, dtype);
                self.counters.push((*var, counter));
                let (body, parallel) = (self.block(body.iter()), None);
                self.counters.pop();
                let (step, span) = (*step, *span);
                self.builder.push(Stmt::For { var: counter, lo, hi, step, body, parallel, span });
            }
            HostNode::Break => self.builder.push(Stmt::Break),
            HostNode::Continue => self.builder.push(Stmt::Continue),
            HostNode::Region(_)
            | HostNode::Serial(_)
            | HostNode::Bind { .. }
            | HostNode::Zeros { .. }
            | HostNode::Return { .. } => unreachable!("`Kept::runs_on_device` refuses these"),
        }
    }

    fn evaluate(&mut self, value: ValueId) {
        let inst = &self.rewrite.kernel.insts[value.0 as usize];
        let kind = match &inst.kind {
            InstKind::Get(var) => {
                let counter = self.counters.iter().find(|(host, _)| host == var);
                counter.map_or(InstKind::HostGet(*var), |(_, lane)| InstKind::Get(*lane))
            }
            InstKind::Op { op, args } => {
                let args = args.iter().map(|arg| self.operand(*arg)).collect();
                InstKind::Op { op: *op, args }
            }
            other => other.clone(),
        };
        self.builder.span = inst.span;
        let mine = self.builder.eval(kind, inst.dtype);
        self.values.insert(value, mine);
        if let Some(var) = self.rewrite.passed.get(&value) {
            self.builder.push(Stmt::HostSet { var: *var, value: mine });
        }
    }

    /// A host value inside the section: its own, a constant made again, or one passed in.
    fn operand(&mut self, value: ValueId) -> ValueId {
        if let Some(mine) = self.values.get(&value) {
            return *mine;
        }
        let inst = &self.rewrite.insts[value.0 as usize];
        self.builder.span = inst.span;
        match inst.kind {
            InstKind::Const(scalar) => self.builder.constant(scalar),
            _ => {
                let var = self.rewrite.passed[&value];
                self.builder.eval(InstKind::HostGet(var), inst.dtype)
            }
        }
    }
}

/// As [`uses`], to change them.
fn uses_mut(node: &mut HostNode) -> Vec<&mut ValueId> {
    match node {
        HostNode::Set { value, .. } => vec![value],
        HostNode::If { cond, .. } => vec![cond],
        HostNode::Loop { cond, .. } => cond.iter_mut().collect(),
        HostNode::For { lo, hi, .. } => vec![lo, hi],
        HostNode::Region(region) => {
            region.axes.iter_mut().flat_map(|axis| [&mut axis.lo, &mut axis.hi]).collect()
        }
        HostNode::Zeros { extents, .. } => extents.iter_mut().collect(),
        HostNode::Return { values, .. } => {
            let scalars = values.iter_mut().filter_map(|value| match value {
                Returned::Scalar(value) => Some(value),
                Returned::Array(_) => None,
            });
            scalars.collect()
        }
        HostNode::Eval(_)
        | HostNode::Break
        | HostNode::Continue
        | HostNode::Serial(_)
        | HostNode::Bind { .. } => Vec::new(),
    }
}

/// Removes the instructions that sections have taken over, and numbers the rest anew.
fn drop_unevaluated(kernel: &mut Kernel) {
    let mut evaluated = BTreeSet::new();
    for node in &kernel.host {
        node.walk(&mut |inner| {
            if let HostNode::Eval(value) = inner {
                evaluated.insert(*value);
            }
        });
    }
    let numbers: BTreeMap<ValueId, ValueId> =
        evaluated.iter().zip(0..).map(|(old, new)| (*old, ValueId(new))).collect();
    let mut insts = Vec::with_capacity(numbers.len());
    for old in numbers.keys() {
        let mut inst = kernel.insts[old.0 as usize].clone();
        if let InstKind::Op { args, .. } = &mut inst.kind {
            args.iter_mut().for_each(|arg| *arg = numbers[arg]);
        }
        insts.push(inst);
    }
    kernel.insts = insts;
    kernel.host.iter_mut().for_each(|node| renumber(node, &numbers));
}

fn renumber(node: &mut HostNode, numbers: &BTreeMap<ValueId, ValueId>) {
    uses_mut(node).into_iter().for_each(|value| *value = numbers[value]);
    match node {
        HostNode::Eval(value) => *value = numbers[value],
        HostNode::If { then, otherwise, .. } => {
            then.iter_mut().chain(otherwise).for_each(|inner| renumber(inner, numbers));
        }
        HostNode::Loop { header, body, .. } => {
            header.iter_mut().chain(body).for_each(|inner| renumber(inner, numbers));
        }
        HostNode::For { body, .. } => {
            body.iter_mut().for_each(|inner| renumber(inner, numbers));
        }
        HostNode::Set { .. }
        | HostNode::Break
        | HostNode::Continue
        | HostNode::Region(_)
        | HostNode::Serial(_)
        | HostNode::Bind { .. }
        | HostNode::Zeros { .. }
        | HostNode::Return { .. } => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::device_kept;
    use super::*;
    use crate::{Module, parse, print, validate};

    /// A norm, used in ways that stay on the device and in ways that make the host wait.
    const KERNEL: &str = "kernel k {
      array @x: f32[:]
      var %n: i32
      var %s: f32
      var %scale: f32
      var %t: f32
      var %rounds: i32
      var %k: i32
      params (@x, %n)
      returns (f32, i32)
      host {
        v0: f32 = const 0.0
        v1: i32 = const 0
        v2: i32 = get %n
        v3: f32 = cast_nearest v2
        set %rounds = v1
        loop {
        } while true {
          set %s = v0
          region {
            var %i: i32
            reduce r0 = add f32 region %s
            axis %i = v1 to v2 step 1
            body {
              v0: i32 = get %i
              v1: f32 = load @x [v0]
              reduce r0 v1
            }
          }
          v4: f32 = get %s
          v5: f32 = mul v4 v3
          set %scale = v5
          v6: i32 = get %rounds
          v7: i32 = const 1
          v8: i32 = add v6 v7
          v9: f32 = const 100.0
          v10: bool = gt v5 v9
          if v10 {
            for %k = v1 to v2 step 1 {
              v11: i32 = get %k
              v12: f32 = cast_nearest v11
              v13: i32 = get %rounds
              v14: f32 = cast_nearest v13
              v15: f32 = get %scale
              v16: f32 = sub v15 v12
              v17: f32 = sub v16 v14
              set %scale = v17
            }
          }
          set %rounds = v8
          v18: f32 = get %scale
          v19: bool = gt v18 v9
          v20: i32 = const 3
          v21: bool = ge v8 v20
          v22: bool = or v19 v21
          if v22 {
            break
          }
          region {
            var %i: i32
            axis %i = v1 to v2 step 1
            body {
              v0: i32 = get %i
              v1: f32 = load @x [v0]
              v2: f32 = host %scale
              v3: f32 = add v1 v2
              store @x [v0] = v3
            }
          }
        }
        v23: f32 = get %scale
        v24: i32 = get %rounds
        return (v23, v24)
      }
    }";

    fn module() -> Module {
        let module = parse(KERNEL).unwrap_or_else(|error| panic!("{error}"));
        validate(module).unwrap_or_else(|error| panic!("{error}")).into_inner()
    }

    #[test]
    fn kept_variables() {
        let module = module();
        let kernel = &module.kernels[0];
        let kept = device_kept(kernel);
        let names: Vec<&str> =
            kept.iter().map(|var| kernel.vars[var.0 as usize].name.as_str()).collect();
        assert_eq!(names, ["s", "scale"]);
    }

    #[test]
    fn sections() {
        let mut module = module();
        let kernel = for_gpu(&module.kernels[0]);
        module.kernels[0] = kernel;
        insta::assert_snapshot!(print(&module));
        validate(module).unwrap_or_else(|error| panic!("{error}"));
    }
}
