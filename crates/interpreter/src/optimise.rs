//! Passes over linear code: unused values go, single uses fuse into superinstructions, and copies
//! into variables become writes of the variable itself.
//!
//! All of it works on *stretches*, the code between two labels. A branch out of a stretch ends a
//! basic block but not the stretch: a pure value may move down across it, because the only user of
//! the value comes after.

use std::collections::BTreeSet;

use crate::lir::{Item, Label, Lir, Reg};
use crate::lower::Lowered;
use crate::opcode::Opcode;

mod fuse;
pub(crate) mod rules;

/// Runs all passes.
pub(crate) fn optimise(lowered: &mut Lowered) {
    remove_unused(lowered);
    remove_labels(&mut lowered.items);
    fuse::fuse(lowered);
    remove_unreachable(&mut lowered.items);
    remove_labels(&mut lowered.items);
}

/// How often each register is read.
fn count_uses(lowered: &Lowered) -> Vec<u32> {
    let mut uses = vec![0; lowered.registers as usize];
    for item in &lowered.items {
        if let Item::Inst(inst) = item {
            inst.reads().for_each(|register| uses[register as usize] += 1);
        }
    }
    uses
}

/// Removes pure instructions whose result nobody reads, last ones first, so that whole chains go.
fn remove_unused(lowered: &mut Lowered) {
    let mut uses = count_uses(lowered);
    for item in lowered.items.iter_mut().rev() {
        let Item::Inst(inst) = item else { continue };
        let unused = lowered.temporaries.contains(&inst.r) && uses[inst.r as usize] == 0;
        if unused && inst.op.info().pure_value {
            inst.reads().for_each(|register| uses[register as usize] -= 1);
            *item = Item::Gone;
        }
    }
    lowered.items.retain(|item| !matches!(item, Item::Gone));
}

/// Removes labels that no instruction names: they would only end stretches.
fn remove_labels(items: &mut Vec<Item>) {
    let named: BTreeSet<Label> = items.iter().filter_map(branch_label).collect();
    items.retain(|item| match item {
        Item::Label(label) => named.contains(label),
        Item::Inst(_) | Item::Copies(_) => true,
        Item::Gone => false,
    });
}

/// Removes what follows a jump up to the next label, and jumps to the next instruction.
fn remove_unreachable(items: &mut Vec<Item>) {
    let mut reachable = true;
    let mut kept: Vec<Item> = Vec::with_capacity(items.len());
    for item in items.drain(..) {
        match &item {
            Item::Label(label) => {
                drop_jump_to(&mut kept, *label);
                reachable = true;
                kept.push(item);
            }
            Item::Inst(inst) if reachable => {
                reachable = !matches!(inst.op, Opcode::Jump | Opcode::End);
                kept.push(item);
            }
            Item::Inst(_) | Item::Copies(_) | Item::Gone => {}
        }
    }
    *items = kept;
}

/// Drops a jump to `label` that stands right before it, other labels aside.
fn drop_jump_to(items: &mut Vec<Item>, label: Label) {
    let last = items.iter().rposition(|item| matches!(item, Item::Inst(_)));
    let Some(last) = last else { return };
    if matches!(&items[last], Item::Inst(inst) if inst.op == Opcode::Jump && inst.t == label) {
        items.remove(last);
    }
}

fn branch_label(item: &Item) -> Option<Label> {
    match item {
        Item::Inst(inst) => inst.label(),
        Item::Label(_) | Item::Copies(_) | Item::Gone => None,
    }
}

/// Replaces operand `place` of `outer` by the operands of `inner`.
fn splice(outer: &Lir, place: usize, inner: &Lir, op: Opcode) -> Lir {
    let outer_args: Vec<Reg> = operands(outer);
    let mut args = outer_args[..place].to_vec();
    args.extend(operands(inner));
    args.extend(&outer_args[place + 1..]);
    let mut anchors = outer.anchors.clone();
    anchors.extend(&inner.anchors);
    Lir { t: outer.t, ..Lir::new(op, outer.r, &args, anchors) }
}

fn operands(inst: &Lir) -> Vec<Reg> {
    inst.op.info().reads.iter().map(|&field| inst.args[field]).collect()
}
