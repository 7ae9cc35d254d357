//! Block code as text.

use std::fmt::Write;

use super::inst::{BlockInst, Role};
use super::unit::LaneUnit;

impl LaneUnit {
    /// One line per instruction: rows are `w0, w1, …`, registers of uniform values `s0, s1, …`.
    pub(crate) fn listing(&self) -> String {
        let mut out = format!("  in lanes: {} rows, blocks of {}\n", self.rows, self.lanes);
        for test in &self.tests {
            let _ = writeln!(out, "    as long as {test:?}");
        }
        for (row, register, fill) in &self.filled {
            let _ = writeln!(out, "    w{row} = s{register} ({fill:?})");
        }
        for (position, inst) in self.code.iter().enumerate() {
            let _ = writeln!(out, "{position:6}  {}", line(inst));
        }
        out
    }
}

fn line(inst: &BlockInst) -> String {
    let info = inst.op.info();
    let rows: Vec<usize> = inst.operands().collect();
    let operand = |place: usize| match rows.contains(&place) {
        true => format!("w{}", inst.args[place]),
        false => format!("s{}", inst.args[place]),
    };
    let last =
        (0..inst.args.len()).rev().find(|place| inst.args[*place] != 0 || rows.contains(place));
    let mut parts: Vec<String> = (0..last.map_or(0, |last| last + 1)).map(operand).collect();
    if info.role != Role::None {
        parts.insert(0, format!("w{}", inst.r));
    }
    if info.masked {
        parts.push(format!("under w{}", inst.m));
    }
    if inst.t != 0 {
        parts.push(format!("-> {}", inst.t));
    }
    format!("{:20}{}", info.name, parts.join(", "))
}
