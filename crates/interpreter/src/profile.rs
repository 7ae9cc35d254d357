//! From counts of instructions to counts of lines and opcodes.

use std::collections::BTreeMap;

use crossover_ir::{Module, Span, UnitId};

use crate::program::{LineCount, Profile, Program};
use crate::unit::Unit;

/// Counts of one run, until they go into a [`Profile`].
pub(crate) struct Counts<'r> {
    lines: Lines,
    profile: &'r mut Profile,
    host: BTreeMap<Span, u64>,
    units: BTreeMap<usize, Vec<u64>>,
}

impl<'r> Counts<'r> {
    /// No counts yet.
    pub(crate) fn new(program: &Program, profile: &'r mut Profile) -> Counts<'r> {
        let lines = Lines::new(&program.module);
        Counts { lines, profile, host: BTreeMap::new(), units: BTreeMap::new() }
    }

    /// Counts a step of host level.
    pub(crate) fn host(&mut self, span: Span) {
        *self.host.entry(span).or_default() += 1;
    }

    /// Adds the counts of a launch.
    pub(crate) fn unit(&mut self, unit: UnitId, counts: &[u64]) {
        let sums = self.units.entry(unit.0).or_insert_with(|| vec![0; counts.len()]);
        sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }

    /// Adds all counts to the profile.
    pub(crate) fn finish(self, units: &[Unit]) {
        let mut evaluations: BTreeMap<(u32, u32), u64> = BTreeMap::new();
        let mut instructions: BTreeMap<(u32, u32), u64> = BTreeMap::new();
        let mut ran = |line: Option<(u32, u32)>, count: u64| {
            if let Some(line) = line {
                let most = evaluations.entry(line).or_default();
                *most = count.max(*most);
            }
        };
        for (span, count) in &self.host {
            ran(self.lines.of(*span), *count);
        }
        for (unit, counts) in &self.units {
            let unit = &units[*unit];
            let mut anchors: BTreeMap<u32, u64> = BTreeMap::new();
            for ((inst, origin), count) in unit.code.iter().zip(&unit.origins).zip(counts) {
                *self.profile.opcodes.entry(inst.op.info().name).or_default() += count;
                origin.iter().for_each(|anchor| *anchors.entry(*anchor).or_default() += count);
                let lines = origin
                    .iter()
                    .filter_map(|anchor| self.lines.of(unit.anchors[*anchor as usize].span));
                if let Some(line) = lines.min() {
                    *instructions.entry(line).or_default() += count;
                }
            }
            for (anchor, count) in anchors {
                ran(self.lines.of(unit.anchors[anchor as usize].span), count);
            }
        }
        self.profile.opcodes.retain(|_, count| *count > 0);
        for (line, count) in evaluations.into_iter().filter(|(_, count)| *count > 0) {
            let entry: &mut LineCount = self.profile.lines.entry(line).or_default();
            entry.evaluations += count;
            entry.instructions += instructions.get(&line).copied().unwrap_or(0);
        }
    }
}

/// Line starts of each source file.
pub(crate) struct Lines(Vec<Vec<u32>>);

impl Lines {
    /// Finds the lines of a module's sources.
    pub(crate) fn new(module: &Module) -> Lines {
        let starts = |text: &str| {
            let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            std::iter::once(0).chain(breaks.map(|(at, _)| at as u32 + 1)).collect()
        };
        Lines(module.sources.iter().map(|source| starts(&source.text)).collect())
    }

    /// File and line (from 1) of a span; `None` if it names no place.
    pub(crate) fn of(&self, span: Span) -> Option<(u32, u32)> {
        if span == Span::default() {
            return None;
        }
        let starts = self.0.get(span.file as usize)?;
        let line = starts.partition_point(|start| *start <= span.start);
        Some((span.file, line as u32))
    }
}
