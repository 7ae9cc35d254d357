//! Linear code to bytecode: labels become positions, virtual registers become those of the frame.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crossover_ir::{Kernel, Span, Unit as IrUnit};

use crate::error::CompileError;
use crate::lir::{Item, Label, Lir, Reg};
use crate::lower::{self, Lowered, Watched};
use crate::memory::REGISTERS;
use crate::opcode::{Inst, Opcode, Target};
use crate::optimise::optimise;
use crate::unit::{AxisRegs, Fold, Unit};
use crate::vm::FLAT;

/// Compiles a region or serial section.
pub(crate) fn compile(
    kernel: &Kernel,
    unit: IrUnit<'_>,
    watched: Watched,
) -> Result<Unit, CompileError> {
    let (mut lowered, span) = match unit {
        IrUnit::Region(region) => (lower::region(kernel, region, watched), region.span),
        IrUnit::Serial(serial) => (lower::serial(kernel, serial, watched), serial.span),
    };
    optimise(&mut lowered);
    assemble(&lowered, span)
        .ok_or_else(|| CompileError::TooLarge { kernel: kernel.name.clone(), span })
}

/// `None` if registers or instructions do not fit their 16-bit numbers.
fn assemble(lowered: &Lowered, span: Span) -> Option<Unit> {
    let registers = number(lowered)?;
    let labels = positions(lowered)?;
    let slots_fit = lowered.slots.iter().all(|slot| slot.index < u16::MAX);
    if !slots_fit {
        return None;
    }
    let mut code = Vec::new();
    let mut origins = Vec::new();
    for item in &lowered.items {
        if let Item::Inst(inst) = item {
            code.push(encode(inst, &registers, &labels));
            let mut anchors = inst.anchors.clone();
            // The first one stays: it says where a trap is.
            let mut seen = BTreeSet::new();
            anchors.retain(|anchor| seen.insert(*anchor));
            origins.push(anchors);
        }
    }
    let of = |register: Reg| registers.get(&register).copied().unwrap_or(FLAT);
    let kept = |register: &Reg| registers.contains_key(register);
    Some(Unit {
        code,
        origins,
        anchors: lowered.anchors.clone(),
        inputs: lowered
            .inputs
            .iter()
            .filter(|(_, register)| kept(register))
            .map(|(input, register)| (of(*register), *input))
            .collect(),
        slots: lowered.slots.clone(),
        outputs: lowered.outputs.iter().map(|(register, var)| (of(*register), *var)).collect(),
        folds: lowered
            .folds
            .iter()
            .map(|fold| Fold {
                op: fold.op,
                dtype: fold.dtype,
                target: fold.target,
                partials: of(fold.partials),
            })
            .collect(),
        axes: lowered
            .axes
            .iter()
            .map(|axis| AxisRegs {
                index: of(axis.index),
                dtype: axis.dtype,
                bound: of(axis.bound),
                first: of(axis.first),
                stride: of(axis.stride),
            })
            .collect(),
        span,
    })
}

/// Numbers the registers that are used, densely; blocks stay together.
fn number(lowered: &Lowered) -> Option<BTreeMap<Reg, u16>> {
    let mut numbers = BTreeMap::from([(Reg::from(FLAT), FLAT)]);
    let mut next = 1_usize;
    let mut take = |register: Reg, numbers: &mut BTreeMap<Reg, u16>| {
        if let Entry::Vacant(entry) = numbers.entry(register) {
            entry.insert(u16::try_from(next).unwrap_or(u16::MAX));
            next += 1;
        }
    };
    for axis in &lowered.axes {
        for register in [axis.index, axis.bound, axis.first, axis.stride] {
            take(register, &mut numbers);
        }
    }
    for (register, _) in &lowered.outputs {
        take(*register, &mut numbers);
    }
    for item in &lowered.items {
        if let Item::Inst(inst) = item {
            inst.reads().chain(inst.writes()).for_each(|register| take(register, &mut numbers));
        }
    }
    for (first, len) in &lowered.blocks {
        (*first..first + len).for_each(|register| take(register, &mut numbers));
    }
    (next <= REGISTERS).then_some(numbers)
}

/// Positions of labels.
fn positions(lowered: &Lowered) -> Option<BTreeMap<Label, u16>> {
    let mut labels = BTreeMap::new();
    let mut position = 0_usize;
    for item in &lowered.items {
        match item {
            Item::Label(label) => {
                labels.insert(*label, u16::try_from(position).ok()?);
            }
            Item::Inst(_) => position += 1,
            Item::Copies(_) | Item::Gone => {}
        }
    }
    (position <= REGISTERS).then_some(labels)
}

fn encode(inst: &Lir, registers: &BTreeMap<Reg, u16>, labels: &BTreeMap<Label, u16>) -> Inst {
    let of = |register: Reg| registers.get(&register).copied().unwrap_or(FLAT);
    let info = inst.op.info();
    // The length of a block stands in `b` and is no register.
    let mut fields = [0_u16, inst.args[1] as u16, 0, 0, 0];
    for &field in info.reads {
        fields[field] = of(inst.args[field]);
    }
    let t = match info.target {
        Target::Unused => 0,
        Target::Branch => labels.get(&inst.t).copied().unwrap_or(0),
        Target::Array => inst.t as u16,
        Target::Block => of(inst.t),
    };
    let [a, b, c, d, e] = fields;
    let b = if info.target == Target::Block || info.reads.contains(&1) { b } else { 0 };
    let r = if inst.op == Opcode::Jump { 0 } else { of(inst.r) };
    Inst { op: inst.op, r, a, b, c, d, e, t }
}
