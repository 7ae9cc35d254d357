//! Which host-level scalars stay on a device (rule 9).

use std::collections::BTreeSet;

use crate::{HostNode, InstKind, Kernel, ReduceScope, Returned, Stmt, ValueId, VarId, units};

/// The device-kept variables of a kernel: those that a reduction, a serial section or another
/// device-kept scalar writes, directly or by deciding whether they are written, in control flow
/// without units. All others are host-known.
pub fn device_kept(kernel: &Kernel) -> BTreeSet<VarId> {
    Kept::of(kernel).vars
}

/// What stays on the device, with the values that depend on it.
pub(super) struct Kept {
    pub(super) vars: BTreeSet<VarId>,
    /// Per host value: whether it depends on a device-kept variable.
    pub(super) values: Vec<bool>,
    /// Those of them that a device computes: the ones that something on the device uses, or
    /// nothing at all. The others serve only places where the host waits anyway.
    pub(super) on_device: Vec<bool>,
}

impl Kept {
    /// The least set closed under the rules.
    pub(super) fn of(kernel: &Kernel) -> Kept {
        let vars = written_by_units(kernel);
        let none = vec![false; kernel.insts.len()];
        let mut kept = Kept { vars, values: none.clone(), on_device: none };
        loop {
            let before = kept.vars.len();
            kept.mark_values(kernel);
            for node in &kernel.host {
                kept.mark_vars(node);
            }
            if kept.vars.len() == before {
                kept.mark_on_device(kernel);
                return kept;
            }
        }
    }

    fn mark_on_device(&mut self, kernel: &Kernel) {
        let mut roots = Roots { device: Vec::new(), host: Vec::new() };
        kernel.host.iter().for_each(|node| self.find_roots(node, &mut roots));
        let device = operands_of(kernel, roots.device);
        let host = operands_of(kernel, roots.host);
        for index in 0..self.values.len() {
            self.on_device[index] = self.values[index] && (device[index] || !host[index]);
        }
    }

    fn find_roots(&self, node: &HostNode, roots: &mut Roots) {
        if matches!(node, HostNode::Eval(_)) {
            return;
        }
        if self.runs_on_device(node) {
            node.walk(&mut |inner| {
                roots.device.extend(uses(inner));
                if let HostNode::Eval(value) = inner {
                    roots.device.push(*value);
                }
            });
            return;
        }
        roots.host.extend(uses(node));
        for block in node.blocks() {
            block.iter().for_each(|inner| self.find_roots(inner, roots));
        }
    }

    /// Arenas hold operands before their users as a rule, not by law: repeat until nothing moves.
    fn mark_values(&mut self, kernel: &Kernel) {
        loop {
            let mut moved = false;
            for (index, inst) in kernel.insts.iter().enumerate() {
                let depends = match &inst.kind {
                    InstKind::Get(var) => self.vars.contains(var),
                    other => other.operands().any(|it| self.values[it.0 as usize]),
                };
                moved |= depends && !std::mem::replace(&mut self.values[index], true);
            }
            if !moved {
                return;
            }
        }
    }

    fn mark_vars(&mut self, node: &HostNode) {
        if self.runs_on_device(node) {
            node.walk(&mut |inner| {
                if let HostNode::Set { var, .. } = inner {
                    self.vars.insert(*var);
                }
            });
        }
        for block in node.blocks() {
            block.iter().for_each(|inner| self.mark_vars(inner));
        }
    }

    /// Whether a node becomes part of a serial section as a whole: an assignment to a kept
    /// variable or from a kept value, or control flow without units in which a kept value
    /// decides something.
    pub(super) fn runs_on_device(&self, node: &HostNode) -> bool {
        match node {
            HostNode::Set { var, value } => {
                self.vars.contains(var) || self.values[value.0 as usize]
            }
            HostNode::Eval(value) => self.on_device[value.0 as usize],
            HostNode::If { .. } | HostNode::Loop { .. } | HostNode::For { .. } => {
                is_scalar(node, false) && self.decides(node)
            }
            HostNode::Break
            | HostNode::Continue
            | HostNode::Region(_)
            | HostNode::Serial(_)
            | HostNode::Bind { .. }
            | HostNode::Zeros { .. }
            | HostNode::Return { .. } => false,
        }
    }

    /// Whether a kept value decides control flow at a node or inside.
    fn decides(&self, node: &HostNode) -> bool {
        let here = match node {
            HostNode::If { cond, .. } => self.values[cond.0 as usize],
            HostNode::Loop { cond, .. } => cond.is_some_and(|cond| self.values[cond.0 as usize]),
            HostNode::For { lo, hi, .. } => {
                self.values[lo.0 as usize] || self.values[hi.0 as usize]
            }
            _ => false,
        };
        here || node.blocks().iter().any(|block| block.iter().any(|inner| self.decides(inner)))
    }
}

/// Values that nodes use, by where the nodes run.
struct Roots {
    device: Vec<ValueId>,
    host: Vec<ValueId>,
}

/// Per value: whether it is one of `roots` or an operand of one, at any remove.
fn operands_of(kernel: &Kernel, roots: Vec<ValueId>) -> Vec<bool> {
    let mut found = vec![false; kernel.insts.len()];
    let mut open = roots;
    while let Some(value) = open.pop() {
        if !std::mem::replace(&mut found[value.0 as usize], true) {
            open.extend(kernel.insts[value.0 as usize].kind.operands());
        }
    }
    found
}

/// The values that a node itself uses: not what it evaluates, nor what nodes inside use.
pub(super) fn uses(node: &HostNode) -> Vec<ValueId> {
    match node {
        HostNode::Set { value, .. } => vec![*value],
        HostNode::If { cond, .. } => vec![*cond],
        HostNode::Loop { cond, .. } => cond.iter().copied().collect(),
        HostNode::For { lo, hi, .. } => vec![*lo, *hi],
        HostNode::Region(region) => {
            region.axes.iter().flat_map(|axis| [axis.lo, axis.hi]).collect()
        }
        HostNode::Zeros { extents, .. } => extents.clone(),
        HostNode::Return { values, .. } => {
            let scalars = values.iter().filter_map(|value| match value {
                Returned::Scalar(value) => Some(*value),
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

/// Targets and payloads of region reductions, and what serial sections assign.
fn written_by_units(kernel: &Kernel) -> BTreeSet<VarId> {
    let mut vars = BTreeSet::new();
    for unit in units(kernel) {
        let code = unit.code();
        for reduce in code.reduces.iter().filter(|it| it.scope == ReduceScope::Region) {
            vars.insert(reduce.target);
            vars.extend(&reduce.payload);
        }
        for stmt in &code.body {
            stmt.walk(&mut |stmt| {
                if let Stmt::HostSet { var, .. } = stmt {
                    vars.insert(*var);
                }
            });
        }
    }
    vars
}

/// Whether a node is scalars and control flow alone, and no jump inside leaves it.
fn is_scalar(node: &HostNode, in_loop: bool) -> bool {
    match node {
        HostNode::Eval(_) | HostNode::Set { .. } => true,
        HostNode::Break | HostNode::Continue => in_loop,
        HostNode::If { then, otherwise, .. } => {
            then.iter().chain(otherwise).all(|inner| is_scalar(inner, in_loop))
        }
        HostNode::Loop { header, body, .. } => {
            header.iter().chain(body).all(|inner| is_scalar(inner, true))
        }
        HostNode::For { body, .. } => body.iter().all(|inner| is_scalar(inner, true)),
        HostNode::Region(_)
        | HostNode::Serial(_)
        | HostNode::Bind { .. }
        | HostNode::Zeros { .. }
        | HostNode::Return { .. } => false,
    }
}
