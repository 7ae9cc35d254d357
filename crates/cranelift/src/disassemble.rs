//! Machine code as text.

use std::fmt::Write as _;

use crossover_ir::{Module, Span};
use iced_x86::{Decoder, DecoderOptions, Formatter, Instruction, IntelFormatter};

use crate::compile::{CompiledUnit, MachineCode, UnitFunction};

/// Whether machine code of this machine can be disassembled; elsewhere Cranelift's text is shown.
pub(crate) const HAS_DISASSEMBLER: bool = cfg!(target_arch = "x86_64");

/// Every unit: offsets from the function's start, instructions in Intel syntax, and the source line
/// before the first instruction that comes from another one than the last.
pub(crate) fn disassemble(module: &Module, units: &[CompiledUnit]) -> String {
    let mut text = String::new();
    for (index, unit) in units.iter().enumerate() {
        let line = line(module, unit.span).map_or(0, |(number, _)| number);
        for (which, function) in unit.functions.iter().enumerate() {
            let name = if which == 0 { "" } else { ", its scalar code" };
            let function = match function {
                UnitFunction::Own(function) => function,
                UnitFunction::Of(earlier) => {
                    let _ = writeln!(text, "unit{index}{name}: line {line}, that of unit{earlier}");
                    continue;
                }
            };
            let bytes = function.machine.len();
            let _ = writeln!(text, "unit{index}{name}: line {line}, {bytes} bytes");
            if which == 0 {
                text.push_str(&unit.note());
            }
            match &function.vcode {
                Some(vcode) => text.push_str(vcode),
                None if HAS_DISASSEMBLER => write_function(module, function, &mut text),
                None => text.push_str("no disassembly on this machine\n"),
            }
        }
    }
    text
}

fn write_function(module: &Module, function: &MachineCode, text: &mut String) {
    let mut decoder = Decoder::with_ip(64, &function.machine, 0, DecoderOptions::NONE);
    let mut formatter = IntelFormatter::new();
    formatter.options_mut().set_space_after_operand_separator(true);
    formatter.options_mut().set_branch_leading_zeros(false);
    let mut places = function.places.iter().peekable();
    let mut shown = None;
    let mut instruction = Instruction::default();
    let mut formatted = String::new();
    while decoder.can_decode() {
        decoder.decode_out(&mut instruction);
        while let Some((_, span)) =
            places.next_if(|(start, _)| u64::from(*start) <= instruction.ip())
        {
            let place = line(module, *span);
            if place.is_some() && place != shown {
                shown = place;
                if let Some((number, source)) = place {
                    let _ = writeln!(text, "; {number}: {}", source.trim());
                }
            }
        }
        formatted.clear();
        formatter.format(&instruction, &mut formatted);
        let _ = writeln!(text, "{:6x}  {formatted}", instruction.ip());
    }
}

/// Number (from 1) and text of the line that a span begins on.
fn line(module: &Module, span: Span) -> Option<(usize, &str)> {
    if span == Span::default() {
        return None;
    }
    let text = &module.sources.get(span.file as usize)?.text;
    let before = text.get(..span.start as usize)?;
    let number = before.matches('\n').count();
    text.lines().nth(number).map(|line| (number + 1, line))
}
