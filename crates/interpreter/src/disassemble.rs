//! The listing of a program, with the source lines between the instructions that evaluate them.

use std::fmt::Write as _;

use crossover_ir::{Unit as IrUnit, units};

use crate::opcode::{Inst, ResultRole, Target};
use crate::profile::Lines;
use crate::program::Program;
use crate::unit::{Input, Unit};

impl Program {
    /// The bytecode as text: for each region and serial section what its registers hold at the
    /// start, then its instructions. Registers are `r0`, `r1`, …; `r0` is the flattened index.
    pub fn disassemble(&self) -> String {
        let mut text = String::new();
        let lines = Lines::new(&self.module);
        let _ = writeln!(text, "kernel {}", self.kernel().name);
        for (number, (unit, ir)) in self.units.iter().zip(units(self.kernel())).enumerate() {
            let kind = match ir {
                IrUnit::Region(_) => "region",
                IrUnit::Serial(_) => "serial",
            };
            let _ = writeln!(text, "\n{kind} {number}");
            self.inputs(&mut text, unit);
            self.instructions(&mut text, unit, &lines);
            match self.lanes.get(number) {
                Some(Some(Ok(lanes))) => text += &lanes.listing(),
                Some(Some(Err(why))) => {
                    let _ = writeln!(text, "  not in lanes: {why}");
                }
                Some(None) | None => {}
            }
        }
        text
    }

    fn inputs(&self, text: &mut String, unit: &Unit) {
        for (register, input) in &unit.inputs {
            let what = match input {
                Input::Const(bits) => constant(*bits),
                Input::Host(var) => self.kernel().vars[var.0 as usize].name.clone(),
                Input::Extent(array, axis) => {
                    format!("{}.shape[{axis}]", self.kernel().arrays[array.0 as usize].name)
                }
            };
            let _ = writeln!(text, "        r{register} = {what}");
        }
        for fold in &unit.folds {
            let first = fold.partials;
            let name = &self.kernel().vars[fold.target.0 as usize].name;
            let _ = writeln!(text, "        r{first}..r{} = partials of {name}", first + 15);
        }
    }

    fn instructions(&self, text: &mut String, unit: &Unit, lines: &Lines) {
        let mut shown = None;
        for (position, (inst, origin)) in unit.code.iter().zip(&unit.origins).enumerate() {
            let line = origin
                .iter()
                .filter_map(|anchor| lines.of(unit.anchors[*anchor as usize].span))
                .min();
            if line.is_some() && line != shown {
                shown = line;
                self.source_line(text, line);
            }
            let _ = writeln!(text, "{position:6}  {}", self.instruction(unit, inst));
        }
    }

    fn source_line(&self, text: &mut String, line: Option<(u32, u32)>) {
        let Some((file, line)) = line else { return };
        let source = &self.module.sources[file as usize];
        let content = source.text.lines().nth(line as usize - 1).unwrap_or("").trim_end();
        let _ = writeln!(text, "{}:{line}: {content}", source.path);
    }

    fn instruction(&self, unit: &Unit, inst: &Inst) -> String {
        let info = inst.op.info();
        let mut text = format!("{:<24}", info.name);
        let mut parts: Vec<String> = Vec::new();
        if info.result != ResultRole::None {
            parts.push(format!("r{}", inst.r));
        }
        if let (Target::Array, Some(width)) = (info.target, inst.op.width()) {
            let slot = unit.slots.iter().find(|slot| (slot.width, slot.index) == (width, inst.t));
            parts.extend(slot.map(|slot| self.kernel().arrays[slot.array.0 as usize].name.clone()));
        }
        if info.target == Target::Block {
            parts.push(format!("r{}..", inst.t));
        }
        let fields = [inst.a, inst.b, inst.c, inst.d, inst.e];
        parts.extend(info.reads.iter().map(|&field| format!("r{}", fields[field])));
        if info.target == Target::Branch {
            parts.push(format!("-> {}", inst.t));
        }
        text.push_str(&parts.join(", "));
        text.trim_end().to_owned()
    }
}

/// A constant's bits, as the small integer or as the float that they most likely are.
fn constant(bits: u64) -> String {
    let float = f64::from_bits(bits);
    let single = f32::from_bits(bits as u32);
    if bits < 1 << 20 || bits == u64::MAX {
        format!("{}", bits as i64)
    } else if bits >> 32 == 0 {
        format!("{bits:#010x} ({} or {single:?})", bits as u32 as i32)
    } else {
        format!("{bits:#018x} ({float:?})")
    }
}
