//! Structured lane code to linear code.
//!
//! Values are assigned once and get a register each; a variable is a register of its own. Reading
//! a variable makes an *alias* that lasts until the variable may change; the copy that stands at
//! the read is removed later if nobody needed it. Loops test at the bottom: their header stands
//! before the loop and again at its end.

use std::collections::{BTreeMap, BTreeSet};

use crossover_ir::{
    ArrayId, Axis, Block, Code, InstKind, Kernel, ReduceOp, ReduceScope, Region, ScratchId, Serial,
    Span, Stmt, ValueId, VarId,
};
use crossover_values::DType;

use crate::lir::{Anchor, Copies, Item, Label, Lir, Reg};
use crate::memory::{Slot, Width};
use crate::opcode::Opcode;
use crate::unit::{AnchorInfo, Input, TrapSite};

mod control;
mod region;
mod single;
mod value;

pub(crate) use region::{LoweredAxis, LoweredFold};

/// Whether code reports loop back edges, for budgets, cancellation and loop counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watched {
    /// It does.
    Yes,
    /// It does not.
    No,
}

/// Linear code with what a launch must prepare.
#[derive(Debug, Default)]
pub(crate) struct Lowered {
    pub(crate) items: Vec<Item>,
    pub(crate) registers: Reg,
    pub(crate) labels: Label,
    /// Registers assigned once, by one instruction (or two, for a header that stands twice: those
    /// get fresh registers).
    pub(crate) temporaries: BTreeSet<Reg>,
    /// Blocks of consecutive registers.
    pub(crate) blocks: Vec<(Reg, u32)>,
    pub(crate) anchors: Vec<AnchorInfo>,
    pub(crate) inputs: BTreeMap<Input, Reg>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) outputs: Vec<(Reg, VarId)>,
    pub(crate) folds: Vec<LoweredFold>,
    pub(crate) axes: Vec<LoweredAxis>,
}

/// Lowers a region.
pub(crate) fn region(kernel: &Kernel, region: &Region, watched: Watched) -> Lowered {
    let mut lowerer = Lowerer::new(kernel, &region.code, watched);
    lowerer.region(region);
    lowerer.out
}

/// Lowers a serial section.
pub(crate) fn serial(kernel: &Kernel, serial: &Serial, watched: Watched) -> Lowered {
    let mut lowerer = Lowerer::new(kernel, &serial.code, watched);
    lowerer.serial(serial);
    lowerer.out
}

/// Where `Break` and `Continue` of the innermost loop go.
#[derive(Clone, Copy)]
struct LoopLabels {
    exit: Label,
    next: Label,
}

struct Lowerer<'a> {
    kernel: &'a Kernel,
    code: &'a Code,
    watched: Watched,
    out: Lowered,
    /// Register of each evaluated value.
    values: Vec<Option<Reg>>,
    /// A register that holds the same until its variable changes.
    aliases: Vec<Option<Reg>>,
    /// The values that alias a variable's register.
    aliased: BTreeMap<Reg, Vec<ValueId>>,
    vars: Vec<Reg>,
    /// Variables that are names of values: assigned at one place, read only where that assignment
    /// is in scope. They need no register.
    names: BTreeMap<VarId, Option<ValueId>>,
    host_vars: BTreeMap<VarId, Reg>,
    scratch: Vec<Reg>,
    value_anchors: Vec<Option<Anchor>>,
    /// By the statements' places in memory, which are theirs alone while code is borrowed.
    stmt_anchors: BTreeMap<usize, Anchor>,
    loops: Vec<LoopLabels>,
    /// Where `Return` goes.
    end: Label,
}

impl<'a> Lowerer<'a> {
    fn new(kernel: &'a Kernel, code: &'a Code, watched: Watched) -> Lowerer<'a> {
        let mut lowerer = Lowerer {
            kernel,
            code,
            watched,
            out: Lowered::default(),
            values: vec![None; code.insts.len()],
            aliases: vec![None; code.insts.len()],
            aliased: BTreeMap::new(),
            vars: Vec::new(),
            names: single::names(code),
            host_vars: BTreeMap::new(),
            scratch: Vec::new(),
            value_anchors: vec![None; code.insts.len()],
            stmt_anchors: BTreeMap::new(),
            loops: Vec::new(),
            end: 0,
        };
        let flat = lowerer.register();
        debug_assert_eq!(flat, Reg::from(crate::vm::FLAT));
        lowerer.end = lowerer.label();
        lowerer.vars = code.vars.iter().map(|_| lowerer.register()).collect();
        lowerer.scratch =
            code.scratch.iter().map(|scratch| lowerer.block_of(scratch.len)).collect();
        lowerer
    }

    fn serial(&mut self, serial: &Serial) {
        let mut assigned = BTreeSet::new();
        for stmt in &serial.code.body {
            stmt.walk(&mut |stmt| {
                if let Stmt::HostSet { var, .. } = stmt {
                    assigned.insert(*var);
                }
            });
        }
        for var in assigned {
            let register = self.host_var(var);
            self.out.outputs.push((register, var));
        }
        self.block(&serial.code.body);
        self.place(self.end);
        self.emit(Opcode::End, 0, &[], Vec::new());
    }

    fn register(&mut self) -> Reg {
        self.out.registers += 1;
        self.out.registers - 1
    }

    fn temporary(&mut self) -> Reg {
        let register = self.register();
        self.out.temporaries.insert(register);
        register
    }

    fn block_of(&mut self, len: u32) -> Reg {
        let first = self.out.registers;
        self.out.registers += len;
        self.out.blocks.push((first, len));
        first
    }

    fn label(&mut self) -> Label {
        self.out.labels += 1;
        self.out.labels - 1
    }

    fn place(&mut self, label: Label) {
        self.out.items.push(Item::Label(label));
    }

    fn emit(&mut self, op: Opcode, r: Reg, operands: &[Reg], anchors: Vec<Anchor>) {
        self.out.items.push(Item::Inst(Lir::new(op, r, operands, anchors)));
    }

    fn emit_to(&mut self, inst: Lir) {
        self.out.items.push(Item::Inst(inst));
    }

    fn branch(&mut self, op: Opcode, operands: &[Reg], to: Label, anchors: Vec<Anchor>) {
        self.out.items.push(Item::Inst(Lir::branch(op, operands, to, anchors)));
    }

    fn jump(&mut self, to: Label) {
        self.branch(Opcode::Jump, &[], to, Vec::new());
    }

    fn input(&mut self, input: Input) -> Reg {
        if let Some(register) = self.out.inputs.get(&input) {
            return *register;
        }
        let register = self.register();
        self.out.inputs.insert(input, register);
        register
    }

    fn constant(&mut self, bits: u64) -> Reg {
        self.input(Input::Const(bits))
    }

    /// An integer as a register's content for its type.
    fn integer(&mut self, dtype: DType, value: i64) -> Reg {
        self.constant(if dtype.size() == 4 { u64::from(value as u32) } else { value as u64 })
    }

    fn host_var(&mut self, var: VarId) -> Reg {
        if let Some(register) = self.host_vars.get(&var) {
            return *register;
        }
        let register = self.input(Input::Host(var));
        self.host_vars.insert(var, register);
        register
    }

    fn slot(&mut self, array: ArrayId) -> u32 {
        if let Some(slot) = self.out.slots.iter().find(|slot| slot.array == array) {
            return u32::from(slot.index);
        }
        let width = Width::of(self.kernel.arrays[array.0 as usize].dtype);
        let index = self.out.slots.iter().filter(|slot| slot.width == width).count();
        // More than 65,535 names do not fit the limits on source text.
        let index = u16::try_from(index).unwrap_or(u16::MAX);
        self.out.slots.push(Slot { array, width, index });
        u32::from(index)
    }

    fn anchor(&mut self, span: Span, trap: TrapSite) -> Anchor {
        self.out.anchors.push(AnchorInfo { span, trap });
        Anchor::try_from(self.out.anchors.len() - 1).expect("code has fewer than 2^32 places")
    }

    /// The anchor of a statement, the same for each copy of its code.
    fn stmt_anchor(&mut self, stmt: &Stmt, span: Span, trap: TrapSite) -> Anchor {
        let identity = std::ptr::from_ref(stmt) as usize;
        if let Some(anchor) = self.stmt_anchors.get(&identity) {
            return *anchor;
        }
        let anchor = self.anchor(span, trap);
        self.stmt_anchors.insert(identity, anchor);
        anchor
    }

    /// The register to read a value from, here.
    fn value(&self, value: ValueId) -> Reg {
        let value = value.0 as usize;
        self.aliases[value]
            .or(self.values[value])
            .expect("the validator proves that values are evaluated before use")
    }

    fn dtype(&self, value: ValueId) -> DType {
        self.code.insts[value.0 as usize].dtype
    }

    /// Lets a value stand for a register.
    fn alias(&mut self, value: ValueId, register: Reg) {
        self.aliases[value.0 as usize] = Some(register);
        self.aliased.entry(register).or_default().push(value);
    }

    /// A variable's register changes: whoever stood for it must have its own copy.
    fn changes(&mut self, register: Reg) {
        for value in self.aliased.remove(&register).unwrap_or_default() {
            if self.aliases[value.0 as usize] == Some(register) {
                self.aliases[value.0 as usize] = None;
            }
        }
    }

    /// Every variable that the blocks assign may have changed.
    fn changes_in(&mut self, blocks: &[&Block]) {
        let mut changed = BTreeSet::new();
        for stmt in blocks.iter().copied().flatten() {
            stmt.walk(&mut |stmt| match stmt {
                Stmt::Set { var, .. } | Stmt::For { var, .. } => {
                    changed.insert(self.vars[var.0 as usize]);
                }
                Stmt::HostSet { var, .. } => changed.extend(self.host_vars.get(var)),
                _ => {}
            });
        }
        for register in changed {
            self.changes(register);
        }
    }
}
