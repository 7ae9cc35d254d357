//! Fewer passes over rows: copies that nobody needs, results that go where they belong at once,
//! and operations that take two or three others with them.
//!
//! All three look at one stretch of code without labels and branches at a time, where an
//! instruction may stand for another if nothing that it reads changes in between. Rounding is that
//! of the parts: no operation here is a fused multiply-add.

use std::collections::BTreeMap;

use super::compile::{Item, RowInfo};
use super::inst::BlockOp::{self, *};
use super::inst::{BlockInst, Role, Row};
use crate::optimise::rules::{Rule, joined};

/// Improves code in place.
pub(super) fn optimise(items: &mut Vec<Item>, rows: &[RowInfo]) {
    forward_copies(items, rows);
    fuse(items, rows);
    write_through(items, rows);
    items.retain(|item| !matches!(item, Item::Gone));
}

/// How often each row is read.
fn reads(items: &[Item]) -> BTreeMap<Row, u32> {
    let mut reads = BTreeMap::new();
    for item in items {
        if let Item::Inst(inst) = item {
            inst.reads().for_each(|row| *reads.entry(row).or_default() += 1);
        }
    }
    reads
}

fn inst(item: &Item) -> Option<&BlockInst> {
    match item {
        Item::Inst(inst) => Some(inst),
        _ => None,
    }
}

/// Whether control may come or go here.
fn is_border(item: &Item) -> bool {
    match item {
        Item::Inst(inst) => inst.branches() || matches!(inst.op, Compact | Restore | End),
        Item::Gone => false,
        Item::Label(_) | Item::LoopStart(_) | Item::LoopEnd(_) => true,
    }
}

/// A copy of a variable is needed only if the variable changes while the copy is in use.
fn forward_copies(items: &mut [Item], rows: &[RowInfo]) {
    let mut reads = reads(items);
    for at in 0..items.len() {
        let Some(copy) = inst(&items[at]).copied().filter(|inst| is_copy(inst.op)) else {
            continue;
        };
        let (to, from) = (copy.r, copy.args[0]);
        if rows[to as usize].variable {
            continue;
        }
        let mut users = Vec::new();
        let mut left = reads.get(&to).copied().unwrap_or(0);
        for (place, item) in items.iter().enumerate().skip(at + 1) {
            // Behind a border other code may run first.
            if left == 0 || is_border(item) {
                break;
            }
            let Some(user) = inst(item) else { continue };
            let here = user.reads().filter(|row| *row == to).count() as u32;
            // A mask or an updated row cannot be renamed here.
            let operands = user.operands().filter(|place| user.args[*place] == to).count() as u32;
            if here != operands || user.writes() == Some(from) {
                break;
            }
            if here > 0 {
                users.push(place);
                left -= here;
            }
        }
        if left > 0 {
            continue;
        }
        for user in users {
            if let Item::Inst(user) = &mut items[user] {
                let places: Vec<usize> =
                    user.operands().filter(|place| user.args[*place] == to).collect();
                places.into_iter().for_each(|place| user.args[place] = from);
            }
        }
        items[at] = Item::Gone;
        reads.remove(&to);
    }
}

fn is_copy(op: BlockOp) -> bool {
    matches!(op, Copy32 | Copy64)
}

/// Lets an operation compute an operand that it alone uses.
fn fuse(items: &mut [Item], rows: &[RowInfo]) {
    let reads = reads(items);
    for at in 0..items.len() {
        while let Some((inner_at, fused)) = fusion(items, rows, &reads, at) {
            items[inner_at] = Item::Gone;
            items[at] = Item::Inst(fused);
        }
    }
}

fn fusion(
    items: &[Item],
    rows: &[RowInfo],
    reads: &BTreeMap<Row, u32>,
    at: usize,
) -> Option<(usize, BlockInst)> {
    let outer = *inst(&items[at])?;
    outer.operands().find_map(|place| {
        let row = outer.args[place];
        if rows[row as usize].variable || reads.get(&row) != Some(&1) {
            return None;
        }
        let inner_at = definition(items, at, row)?;
        let inner = *inst(&items[inner_at])?;
        let op = joined(RULES, outer.op, place, inner.op)?;
        let operands: Vec<usize> = inner.operands().collect();
        let unchanged = items[inner_at + 1..at].iter().filter_map(inst).all(|between| {
            between.writes().is_none_or(|row| operands.iter().all(|of| inner.args[*of] != row))
        });
        if !unchanged {
            return None;
        }
        let mut args = Vec::new();
        for of in outer.operands() {
            if of == place {
                args.extend(operands.iter().map(|of| inner.args[*of]));
            } else {
                args.push(outer.args[of]);
            }
        }
        (!args.contains(&outer.r)).then(|| (inner_at, BlockInst::new(op, outer.r, &args)))
    })
}

/// Where a row is written, in the same stretch.
fn definition(items: &[Item], at: usize, row: Row) -> Option<usize> {
    let stretch = items[..at].iter().enumerate().rev().take_while(|(_, item)| !is_border(item));
    stretch
        .filter(|(_, item)| inst(item).is_some_and(|inst| inst.writes() == Some(row)))
        .map(|(at, _)| at)
        .next()
}

/// Lets an operation write a variable whose copy would be all that its result is for.
fn write_through(items: &mut [Item], rows: &[RowInfo]) {
    let reads = reads(items);
    for at in 0..items.len() {
        let Some(copy) = inst(&items[at]).copied().filter(|inst| is_copy(inst.op)) else {
            continue;
        };
        let (to, from) = (copy.r, copy.args[0]);
        if rows[from as usize].variable
            || rows[from as usize].filled
            || reads.get(&from) != Some(&1)
        {
            continue;
        }
        let Some(made) = definition(items, at, from) else { continue };
        let Some(inst_made) = inst(&items[made]).copied() else { continue };
        let own = inst_made.op.info().role == Role::Write;
        let into = accumulates(&inst_made, to);
        let apart = inst_made.reads().all(|row| row != to);
        let unseen = items[made + 1..at]
            .iter()
            .filter_map(inst)
            .all(|between| between.writes() != Some(to) && between.reads().all(|row| row != to));
        let instead = match into {
            Some(into) => into,
            // What may give the block up leaves no trace either way.
            None if own && apart => BlockInst { r: to, ..inst_made },
            None => continue,
        };
        if unseen {
            items[made] = Item::Inst(instead);
            items[at] = Item::Gone;
        }
    }
}

/// A sum of which `to` is one part, as an operation that adds to that row. Sums commute, with the
/// same bits (NaN apart, of which none are promised).
fn accumulates(sum: &BlockInst, to: Row) -> Option<BlockInst> {
    let [a, b, c, ..] = sum.args;
    let plain = match sum.op {
        Add32 => Some(AddInto32),
        Add64 => Some(AddInto64),
        AddF32 => Some(AddIntoF32),
        AddF64 => Some(AddIntoF64),
        _ => None,
    };
    let (op, operands) = match (plain, sum.op) {
        (Some(op), _) if a == to => (op, vec![b]),
        (Some(op), _) if b == to => (op, vec![a]),
        (None, AddMulF32) if a == to => (AddMulIntoF32, vec![b, c]),
        (None, AddMulF64) if a == to => (AddMulIntoF64, vec![b, c]),
        (None, MulAddF32) if c == to => (AddMulIntoF32, vec![a, b]),
        (None, MulAddF64) if c == to => (AddMulIntoF64, vec![a, b]),
        _ => return None,
    };
    (!operands.contains(&to)).then(|| BlockInst::new(op, to, &operands))
}

const RULES: &[Rule<BlockOp>] = &[
    (Add32, 0, Mul32, MulAdd32),
    (AddF32, 0, MulF32, MulAddF32),
    (AddF64, 0, MulF64, MulAddF64),
    (AddF32, 1, MulF32, AddMulF32),
    (AddF64, 1, MulF64, AddMulF64),
    (SubF32, 0, MulF32, MulSubF32),
    (SubF64, 0, MulF64, MulSubF64),
    (SubF32, 1, MulF32, SubMulF32),
    (SubF64, 1, MulF64, SubMulF64),
    (MulAddF32, 2, MulF32, MulMulAddF32),
    (MulAddF64, 2, MulF64, MulMulAddF64),
    (MulSubF32, 2, MulF32, MulMulSubF32),
    (MulSubF64, 2, MulF64, MulMulSubF64),
    (AddF32, 0, MulMulAddF32, MulMulAddAddF32),
    (AddF64, 0, MulMulAddF64, MulMulAddAddF64),
    (AddF32, 0, MulMulSubF32, MulMulSubAddF32),
    (AddF64, 0, MulMulSubF64, MulMulSubAddF64),
    (LtF32, 0, MulMulAddF32, MulMulAddLtF32),
    (LtF64, 0, MulMulAddF64, MulMulAddLtF64),
    (LeF32, 0, MulMulAddF32, MulMulAddLeF32),
    (LeF64, 0, MulMulAddF64, MulMulAddLeF64),
    (AddF32, 0, AddF32, AddAddF32),
    (AddF64, 0, AddF64, AddAddF64),
    (AddF32, 0, AddAddF32, AddAddAddF32),
    (AddF64, 0, AddAddF64, AddAddAddF64),
];
