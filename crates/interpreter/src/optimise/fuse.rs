//! Fusing, and copies into variables, in one pass over each stretch.

use std::collections::{BTreeMap, BTreeSet};

use super::{count_uses, rules, splice};
use crate::lir::{Copies, Item, Label, Lir, Reg};
use crate::lower::Lowered;
use crate::opcode::{Opcode, ResultRole};

/// Runs the pass.
pub(super) fn fuse(lowered: &mut Lowered) {
    let uses = count_uses(lowered);
    let items = std::mem::take(&mut lowered.items);
    let mut pass = Pass {
        uses,
        lowered,
        out: Vec::with_capacity(items.len()),
        block_start: 0,
        written: BTreeMap::new(),
        read: BTreeMap::new(),
        placed: BTreeSet::new(),
        copies: Copies::AtOnce,
        waiting: BTreeMap::new(),
        exits: BTreeMap::new(),
    };
    for item in items {
        match item {
            Item::Label(label) => pass.label(label),
            Item::Copies(copies) => pass.copies = copies,
            Item::Inst(inst) => pass.inst(inst),
            Item::Gone => {}
        }
    }
    pass.place_exits();
    let out = std::mem::take(&mut pass.out);
    lowered.items = out.into_iter().filter(|item| !matches!(item, Item::Gone)).collect();
}

struct Pass<'a> {
    lowered: &'a mut Lowered,
    uses: Vec<u32>,
    out: Vec<Item>,
    /// Where the current basic block starts in `out`.
    block_start: usize,
    /// Position of the last write of each register in this stretch.
    written: BTreeMap<Reg, usize>,
    /// Positions of the reads of each register in this stretch, in order.
    read: BTreeMap<Reg, Vec<usize>>,
    /// Labels that were reached: branches to them go back.
    placed: BTreeSet<Label>,
    copies: Copies,
    /// Copies that wait, by their variables: each variable's value is in the copy's operand.
    waiting: BTreeMap<Reg, Lir>,
    /// Code on the way out: makes waiting copies and goes on to a label.
    exits: BTreeMap<(Label, Vec<Reg>), (Label, Vec<Lir>)>,
}

impl Pass<'_> {
    fn label(&mut self, label: Label) {
        self.make_copies();
        self.placed.insert(label);
        self.out.push(Item::Label(label));
        self.block_start = self.out.len();
        self.written.clear();
        self.read.clear();
    }

    fn inst(&mut self, mut inst: Lir) {
        self.read_sources(&mut inst);
        match inst.op {
            Opcode::BrT | Opcode::BrF => self.condition(inst),
            Opcode::Mov if self.coalesce(&inst) => {
                self.waiting.remove(&inst.r);
            }
            Opcode::Mov if self.may_wait(&inst) => {
                self.waiting.insert(inst.r, inst);
            }
            _ => {
                let inst = self.absorb(inst);
                self.push(inst);
            }
        }
    }

    /// Makes an instruction read waiting copies' operands instead of their variables.
    fn read_sources(&mut self, inst: &mut Lir) {
        if self.waiting.is_empty() {
            return;
        }
        let info = inst.op.info();
        if info.result == ResultRole::Update && self.waiting.contains_key(&inst.r) {
            self.make_copies();
        }
        for &field in info.reads {
            if let Some(copy) = self.waiting.get(&inst.args[field]) {
                inst.args[field] = copy.args[0];
                self.uses[copy.args[0] as usize] += 1;
            }
        }
    }

    /// Whether a copy may wait: its operand never changes again.
    fn may_wait(&self, copy: &Lir) -> bool {
        self.copies == Copies::Late && self.lowered.temporaries.contains(&copy.args[0])
    }

    /// Makes the waiting copies here.
    fn make_copies(&mut self) {
        for (_, copy) in std::mem::take(&mut self.waiting) {
            self.append(copy);
        }
    }

    /// Appends an instruction. Where it leaves, waiting copies are made on the way out; where it
    /// goes back, before it.
    fn push(&mut self, mut inst: Lir) {
        if let Some(label) = inst.label().filter(|_| !self.waiting.is_empty()) {
            if self.placed.contains(&label) || inst.op == Opcode::Jump {
                self.make_copies();
            } else {
                inst.t = self.exit(label);
            }
        }
        if let Some(register) = inst.writes() {
            self.waiting.remove(&register);
        }
        self.append(inst);
    }

    /// The label of code that makes the waiting copies and goes on to `label`.
    fn exit(&mut self, label: Label) -> Label {
        let made: Vec<Reg> = self.waiting.iter().flat_map(|(r, copy)| [*r, copy.args[0]]).collect();
        if let Some((exit, _)) = self.exits.get(&(label, made.clone())) {
            return *exit;
        }
        let exit = self.lowered.labels;
        self.lowered.labels += 1;
        self.exits.insert((label, made), (exit, self.waiting.values().cloned().collect()));
        exit
    }

    /// The code on the ways out stands after everything else.
    fn place_exits(&mut self) {
        for ((label, _), (exit, copies)) in std::mem::take(&mut self.exits) {
            self.out.push(Item::Label(exit));
            self.out.extend(copies.into_iter().map(Item::Inst));
            self.out.push(Item::Inst(Lir::branch(Opcode::Jump, &[], label, Vec::new())));
        }
    }

    fn append(&mut self, inst: Lir) {
        let position = self.out.len();
        inst.reads().for_each(|register| {
            self.read.entry(register).or_default().push(position);
        });
        if let Some(register) = inst.writes() {
            self.written.insert(register, position);
        }
        let branches = inst.label().is_some();
        self.out.push(Item::Inst(inst));
        if branches {
            self.block_start = self.out.len();
        }
    }

    /// Where the only use of a temporary finds its definition, if it may move down to here.
    fn movable(&self, register: Reg) -> Option<usize> {
        if self.uses[register as usize] != 1 || !self.lowered.temporaries.contains(&register) {
            return None;
        }
        let position = *self.written.get(&register)?;
        let inst = self.at(position)?;
        let unchanged = |operand: Reg| self.written.get(&operand).is_none_or(|at| *at < position);
        (inst.op.info().pure_value && inst.reads().all(unchanged)).then_some(position)
    }

    fn at(&self, position: usize) -> Option<&Lir> {
        match &self.out[position] {
            Item::Inst(inst) => Some(inst),
            Item::Label(_) | Item::Copies(_) | Item::Gone => None,
        }
    }

    /// Takes an instruction out, because another one does its work.
    fn remove(&mut self, position: usize) {
        if let Item::Inst(inst) = std::mem::replace(&mut self.out[position], Item::Gone) {
            for register in inst.reads() {
                if let Some(reads) = self.read.get_mut(&register) {
                    let first = reads.partition_point(|read| *read < position);
                    let end = reads.partition_point(|read| *read <= position);
                    reads.drain(first..end);
                }
            }
        }
    }

    /// Whether nothing after `position` reads a register.
    fn unread_after(&self, register: Reg, position: usize) -> bool {
        self.read.get(&register).and_then(|reads| reads.last()).is_none_or(|read| *read <= position)
    }

    /// Fuses definitions into an instruction as long as a rule applies.
    fn absorb(&mut self, mut inst: Lir) -> Lir {
        'again: loop {
            for (place, &operand) in inst.op.info().reads.iter().enumerate() {
                let Some(position) = self.movable(inst.args[operand]) else { continue };
                let Some(inner) = self.at(position) else { continue };
                if let Some(op) = rules::fused(inst.op, place, inner.op) {
                    inst = splice(&inst, place, inner, op);
                    self.remove(position);
                    continue 'again;
                }
            }
            return inst;
        }
    }

    /// A branch on a `bool`: lazily by parts where it is an `and` or `or`, else fused with its
    /// comparison.
    fn condition(&mut self, branch: Lir) {
        let definition =
            self.movable(branch.args[0]).and_then(|at| Some((at, self.at(at)?.clone())));
        let Some((position, inner)) = definition else { return self.push(branch) };
        match (branch.op, inner.op) {
            (Opcode::BrF, Opcode::And) | (Opcode::BrT, Opcode::Or) => {
                self.remove(position);
                let mut first = branch.clone();
                first.anchors.extend(&inner.anchors);
                first.args[0] = inner.args[0];
                self.condition(first);
                let second = Lir::branch(branch.op, &inner.args[1..2], branch.t, Vec::new());
                self.condition(second);
            }
            (Opcode::BrT, Opcode::And) | (Opcode::BrF, Opcode::Or) => {
                self.remove(position);
                let skip = self.lowered.labels;
                self.lowered.labels += 1;
                let opposite = if branch.op == Opcode::BrT { Opcode::BrF } else { Opcode::BrT };
                let mut anchors = branch.anchors;
                anchors.extend(&inner.anchors);
                self.condition(Lir::branch(opposite, &inner.args[..1], skip, anchors));
                let second = Lir::branch(branch.op, &inner.args[1..2], branch.t, Vec::new());
                self.condition(second);
                self.label(skip);
            }
            (op, compare) => {
                let inverse = if op == Opcode::BrF { rules::negated(compare) } else { None };
                let fused = match inverse {
                    Some(op) => {
                        let mut fused = splice(&branch, 0, &inner, op);
                        fused.args.swap(0, 1);
                        Some(fused)
                    }
                    None => rules::fused(op, 0, compare).map(|op| splice(&branch, 0, &inner, op)),
                };
                let Some(fused) = fused else { return self.push(branch) };
                self.remove(position);
                if matches!(fused.op, Opcode::BrT | Opcode::BrF) {
                    return self.condition(fused);
                }
                let fused = self.absorb(fused);
                let counting = self.counting(fused);
                self.push(counting);
            }
        }
    }

    /// Fuses `n = n + step` with a branch that compares `n`, if nothing between needs `n`.
    fn counting(&mut self, branch: Lir) -> Lir {
        for place in 0..2 {
            let Some((add, counting)) = rules::counting(branch.op, place) else { continue };
            let register = branch.args[place];
            let Some(&position) = self.written.get(&register) else { continue };
            let Some(inst) = self.at(position) else { continue };
            let step = if inst.args[0] == register { inst.args[1] } else { inst.args[0] };
            let counts = inst.op == add && inst.args[..2].contains(&register) && step != register;
            let limit = branch.args[1 - place];
            let unread = self.unread_after(register, position);
            let unchanged = self.written.get(&step).is_none_or(|at| *at < position);
            if counts && position >= self.block_start && unread && unchanged && limit != register {
                let mut anchors = branch.anchors;
                anchors.extend(&inst.anchors);
                let fused = Lir::branch(counting, &[step, limit], branch.t, anchors);
                self.remove(position);
                return Lir { r: register, ..fused };
            }
        }
        branch
    }

    /// `variable = value`: lets the definition of the value write the variable, if it is in this
    /// basic block and nothing after it touches the variable.
    fn coalesce(&mut self, copy: &Lir) -> bool {
        let (variable, value) = (copy.r, copy.args[0]);
        if self.uses[value as usize] != 1 || !self.lowered.temporaries.contains(&value) {
            return false;
        }
        let Some(&position) = self.written.get(&value) else { return false };
        let free = self.unread_after(variable, position)
            && self.written.get(&variable).is_none_or(|written| *written < position);
        if position < self.block_start || !free {
            return false;
        }
        let Item::Inst(inst) = &mut self.out[position] else { return false };
        if inst.op.info().result != ResultRole::Write {
            return false;
        }
        inst.r = variable;
        inst.anchors.extend(&copy.anchors);
        self.written.remove(&value);
        self.written.insert(variable, position);
        true
    }
}
