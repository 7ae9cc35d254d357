//! Rows of the frame for rows of the code: linear scan (Poletto and Sarkar 1999).
//!
//! The fewer rows, the more lanes fit the cache. A row lives from its first to its last
//! access; one that is used in a loop and comes from before it lives to the loop's end. Rows of
//! 32 and of 64 bits do not share a place, so that a place's width is known.

use std::collections::{BTreeMap, BTreeSet};

use crossover_ir::Code;
use crossover_values::DType;

use super::compile::{Item, Label, RowInfo};
use super::inst::{BlockInst, BlockOp, Row};
use super::unit::{Carried, LaneUnit, ScratchRows};

/// Lanes of a block, at least.
const LEAST: usize = 64;
/// The part of the nearest cache that rows may take, in bytes, and lanes of a block at most.
const NEAREST: (usize, usize) = (24 << 10, 512);
/// The same where lanes that are left of a loop move together: after a few turns they need little,
/// and of many lanes enough are left to fill a group. Of the primes among 512 numbers at 10^8, 28
/// go on to the end.
const MOVING: (usize, usize) = (128 << 10, 2048);

/// Positions of a loop: its first instruction, and the one after its last.
type Range = (usize, usize);

#[derive(Clone, Copy)]
struct Life {
    first: usize,
    last: usize,
}

/// Numbers rows, and writes the code with them and with positions for labels.
pub(super) fn allocate(items: &[Item], rows: &[RowInfo], code: &Code, out: &mut LaneUnit) {
    let line = Line::new(items);
    let lives = line.lives(rows.len());
    let mut numbers = Numbers::new();
    numbers.fixed(rows);
    numbers.scan(rows, &lives);
    out.loops = line.carried(rows, &lives, &numbers.of);
    for carried in &mut out.loops {
        carried.home = out.home_rows as Row;
        out.home_rows += carried.rows.len();
    }
    for filled in &mut out.filled {
        filled.0 = numbers.of[&filled.0];
    }
    out.code = line.insts.iter().map(|inst| line.renumbered(inst, &numbers.of)).collect();
    let bytes: usize = numbers.wide.iter().map(|wide| if *wide { 8 } else { 4 }).sum();
    let scratch_bytes: usize =
        code.scratch.iter().map(|scratch| scratch.len as usize * scratch.dtype.size().max(4)).sum();
    for scratch in &code.scratch {
        let wide = scratch.dtype.size() == 8;
        let first = numbers.wide.len() as Row;
        let low = if scratch.dtype == DType::U8 { 0xff } else { u32::MAX };
        out.scratch.push(ScratchRows { first, len: scratch.len, wide, low });
        numbers.wide.extend(std::iter::repeat_n(wide, scratch.len as usize));
    }
    out.rows = numbers.wide.len();
    out.wide = numbers.wide;
    let (cache, most) = if out.loops.is_empty() { NEAREST } else { MOVING };
    let fit = cache / (bytes + scratch_bytes).max(1);
    out.lanes = (1_usize << fit.max(1).ilog2()).clamp(LEAST, most);
}

/// The code as a line of instructions.
struct Line<'i> {
    insts: Vec<&'i BlockInst>,
    labels: BTreeMap<Label, usize>,
    loops: BTreeMap<u32, Range>,
}

impl<'i> Line<'i> {
    fn new(items: &'i [Item]) -> Line<'i> {
        let mut line = Line { insts: Vec::new(), labels: BTreeMap::new(), loops: BTreeMap::new() };
        for item in items {
            let at = line.insts.len();
            match item {
                Item::Inst(inst) => line.insts.push(inst),
                Item::Gone => {}
                Item::Label(label) => {
                    line.labels.insert(*label, at);
                }
                Item::LoopStart(number) => {
                    line.loops.insert(*number, (at, at));
                }
                Item::LoopEnd(number) => {
                    if let Some(range) = line.loops.get_mut(number) {
                        range.1 = at;
                    }
                }
            }
        }
        line
    }

    fn lives(&self, rows: usize) -> Vec<Option<Life>> {
        let mut lives: Vec<Option<Life>> = vec![None; rows];
        for (at, inst) in self.insts.iter().enumerate() {
            for row in inst.reads().chain(inst.writes()) {
                let life = lives[row as usize].get_or_insert(Life { first: at, last: at });
                life.last = at;
            }
        }
        let used: Vec<(Range, BTreeSet<Row>)> =
            self.loops.values().map(|range| (*range, self.used(*range))).collect();
        let mut changed = true;
        while changed {
            changed = false;
            for ((start, end), used) in &used {
                for row in used {
                    let Some(life) = &mut lives[*row as usize] else { continue };
                    let before = (life.first, life.last);
                    if life.first < *start || life.last >= *end {
                        life.first = life.first.min(*start);
                        life.last = life.last.max(*end);
                    }
                    changed |= before != (life.first, life.last);
                }
            }
        }
        lives
    }

    /// Rows that a stretch touches.
    fn used(&self, (start, end): Range) -> BTreeSet<Row> {
        self.insts[start..end].iter().flat_map(|inst| inst.reads().chain(inst.writes())).collect()
    }

    /// What crosses the turns of each loop that may go on with fewer lanes.
    fn carried(
        &self,
        rows: &[RowInfo],
        lives: &[Option<Life>],
        numbers: &BTreeMap<Row, Row>,
    ) -> Vec<Carried> {
        let compacts: BTreeSet<u32> = self
            .insts
            .iter()
            .filter(|inst| inst.op == BlockOp::Compact)
            .map(|inst| inst.t)
            .collect();
        let count = self.loops.keys().max().map_or(0, |last| last + 1);
        let carried = |number| {
            let Some(range) = self.loops.get(&number).filter(|_| compacts.contains(&number)) else {
                return Carried::default();
            };
            let written: BTreeSet<Row> =
                self.insts[range.0..range.1].iter().filter_map(|inst| inst.writes()).collect();
            let crosses = |row: &Row| {
                let life = lives[*row as usize];
                let outside = life.is_some_and(|life| life.first < range.0 || life.last >= range.1);
                // The block has set these, wherever they are read first.
                *row <= super::block::LANE || (outside && !rows[*row as usize].filled)
            };
            let crossing = self.used(*range).into_iter().filter(crosses);
            let rows = crossing.map(|row| (numbers[&row], written.contains(&row))).collect();
            Carried { rows, home: 0 }
        };
        (0..count).map(carried).collect()
    }

    fn renumbered(&self, inst: &BlockInst, numbers: &BTreeMap<Row, Row>) -> BlockInst {
        let of = |row: Row| numbers.get(&row).copied().unwrap_or(row);
        let mut new = *inst;
        for place in inst.operands() {
            new.args[place] = of(inst.args[place]);
        }
        new.r = of(inst.r);
        new.m = of(inst.m);
        if inst.branches() {
            new.t = self.labels[&inst.t] as u32;
        }
        new
    }
}

/// Places given so far.
struct Numbers {
    of: BTreeMap<Row, Row>,
    wide: Vec<bool>,
}

impl Numbers {
    fn new() -> Numbers {
        Numbers { of: BTreeMap::new(), wide: Vec::new() }
    }

    /// The rows that each block finds filled keep a place of their own.
    fn fixed(&mut self, rows: &[RowInfo]) {
        for (row, info) in (0..).zip(rows) {
            if row <= super::block::LANE || info.filled {
                self.give(row, info.wide);
            }
        }
    }

    fn give(&mut self, row: Row, wide: bool) {
        self.of.insert(row, self.wide.len() as Row);
        self.wide.push(wide);
    }

    fn scan(&mut self, rows: &[RowInfo], lives: &[Option<Life>]) {
        let mut order: Vec<(usize, usize, Row)> = Vec::new();
        for (row, life) in (0..).zip(lives) {
            if let (Some(life), false) = (life, self.of.contains_key(&row)) {
                order.push((life.first, life.last, row));
            }
        }
        order.sort_unstable();
        let mut active: BTreeSet<(usize, Row)> = BTreeSet::new();
        let mut free: [Vec<Row>; 2] = [Vec::new(), Vec::new()];
        for (first, last, row) in order {
            // A result never takes the place of an operand of the same instruction.
            while let Some((end, place)) = active.first().copied().filter(|(end, _)| *end < first) {
                active.remove(&(end, place));
                free[usize::from(self.wide[place as usize])].push(place);
            }
            let wide = rows[row as usize].wide;
            match free[usize::from(wide)].pop() {
                Some(place) => {
                    self.of.insert(row, place);
                }
                None => self.give(row, wide),
            }
            active.insert((last, self.of[&row]));
        }
    }
}
