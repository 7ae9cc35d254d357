//! Masked form to block code.
//!
//! The way of a value follows its shape: what is uniform or steps evenly lives in one register,
//! as the first lane's value, and is computed by plain bytecode; what varies lives in a row. A
//! value of the first kind that an operation on rows needs gets a row where it is defined, or
//! before the launch if the launch knows it.
//!
//! The mask of active lanes is a row that statements take and give; see [`crossover_ir::lanes`]
//! for the rules.

use std::collections::{BTreeMap, BTreeSet};

use crossover_ir::analysis::accesses;
use crossover_ir::lanes::{LaneLoop, Refusal, Shape, analyse_to_undo};
use crossover_ir::{ArrayId, Code, Kernel, Region, Stmt, ValueId, VarId};
use crossover_values::DType;

use super::allocate;
use super::inst::{BlockInst, BlockOp, Row};
use super::optimise::optimise;
use super::unit::{LaneUnit, ScalarReduce};
use crate::opcode::Inst;
use crate::unit::{Input, Unit};

mod access;
mod control;
mod emit;
mod guards;
mod join;
mod loops;
mod moves;
mod needs;
mod places;
mod value;

/// A place in block code.
pub(super) type Label = u32;

/// An entry of block code whose rows are not yet allocated.
#[derive(Clone, Copy, Debug)]
pub(super) enum Item {
    /// An instruction; the target of a branch is a label.
    Inst(BlockInst),
    /// A place.
    Label(Label),
    /// A loop begins or ends; its number.
    LoopStart(u32),
    /// The end of the loop.
    LoopEnd(u32),
    /// Nothing any more.
    Gone,
}

/// A row before allocation.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowInfo {
    /// It has 64 bits per lane.
    pub(super) wide: bool,
    /// It is set in several places.
    pub(super) variable: bool,
    /// It is filled before the launch.
    pub(super) filled: bool,
}

/// Why a region runs in scalar form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoLanes {
    /// The analysis refuses it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A float reduction gets more than one value per iteration.
    #[error("more than one contribution per iteration to a float reduction")]
    Contributions,
    /// Control flow between the axes.
    #[error("control flow between the loops of a nest")]
    Prefix,
    /// More registers or rows than there are.
    #[error("too many values for blocks")]
    TooLarge,
}

/// Where a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Register(u16),
    Row(Row),
}

pub(super) struct Compiler<'a> {
    kernel: &'a Kernel,
    code: &'a Code,
    lanes: &'a LaneLoop,
    unit: &'a Unit,
    out: LaneUnit,
    items: Vec<Item>,
    rows: Vec<RowInfo>,
    labels: Label,
    next_register: u32,
    inputs: BTreeMap<Input, u16>,
    values: Vec<Option<Place>>,
    vars: Vec<Option<Place>>,
    /// Rows of values that are in registers.
    spread: Vec<Option<Row>>,
    needs_row: Vec<bool>,
    /// Uniform code that is being collected.
    pending: Vec<Inst>,
    /// Uniform code that runs before the block.
    prologue: Vec<Inst>,
    /// It is being begun: all uniform code goes there.
    is_prologue: bool,
    /// Registers that have their only value before the block.
    early: BTreeSet<u16>,
    /// Arrays that the region changes.
    changed: BTreeSet<ArrayId>,
    /// How many branches and loops are around.
    inside: u32,
    /// Some lanes may have returned.
    may_have_left: bool,
    loops: Vec<control::Around>,
    loop_count: u32,
    /// How many divergent parts are around.
    divergence: u32,
    mask: Row,
    /// How many statements set each variable.
    sets: Vec<u32>,
    /// Variables that count loops.
    counters: BTreeSet<VarId>,
    end: Label,
}

/// Compiles a region, of which `unit` is the scalar code.
pub(crate) fn compile(kernel: &Kernel, region: &Region, unit: &Unit) -> Result<LaneUnit, NoLanes> {
    let mut lanes = analyse_to_undo(region)?;
    moves::unbind_stores(&mut lanes.body, false);
    needs::one_contribution(&lanes.body, &region.code)?;
    let mut compiler = Compiler::new(kernel, region, &lanes, unit);
    compiler.region(region)?;
    compiler.finish()
}

impl<'a> Compiler<'a> {
    fn new(
        kernel: &'a Kernel,
        region: &'a Region,
        lanes: &'a LaneLoop,
        unit: &'a Unit,
    ) -> Compiler<'a> {
        let code = &region.code;
        let reserved = RowInfo { wide: false, variable: true, filled: false };
        Compiler {
            kernel,
            code,
            lanes,
            unit,
            out: LaneUnit::default(),
            items: Vec::new(),
            // The rows ALL and LANE.
            rows: vec![reserved; 2],
            labels: 1,
            next_register: 1,
            inputs: BTreeMap::new(),
            values: vec![None; code.insts.len()],
            vars: vec![None; code.vars.len()],
            spread: vec![None; code.insts.len()],
            needs_row: needs::rows(lanes, code),
            pending: Vec::new(),
            prologue: Vec::new(),
            is_prologue: true,
            early: BTreeSet::new(),
            changed: {
                let touched = accesses(code);
                &touched.writes | &touched.atomics
            },
            inside: 0,
            may_have_left: false,
            loops: Vec::new(),
            loop_count: 0,
            divergence: 0,
            mask: super::block::ALL,
            sets: needs::sets(region),
            counters: needs::counters(region),
            end: 0,
        }
    }

    fn region(&mut self, region: &'a Region) -> Result<(), NoLanes> {
        for axis in &region.axes {
            let register = self.register();
            self.vars[axis.index.0 as usize] = Some(Place::Register(register));
            let dtype = self.code.vars[axis.index.0 as usize].dtype;
            self.out.axes.push((register, dtype));
            self.early.insert(register);
        }
        for axis in &region.axes {
            for stmt in &axis.prefix {
                match stmt {
                    Stmt::Eval(value) => self.evaluate(*value),
                    Stmt::Set { var, value } => self.set_uniform(*var, *value),
                    _ => return Err(NoLanes::Prefix),
                }
            }
        }
        for value in &self.lanes.early {
            self.evaluate_early(*value);
        }
        self.guards();
        self.is_prologue = false;
        for number in 0..self.values.len() {
            self.spread(ValueId(number as u32));
        }
        self.block(&self.lanes.body, super::block::ALL);
        self.place(self.end);
        self.emit(BlockInst::new(BlockOp::End, 0, &[]));
        self.pending = std::mem::take(&mut self.prologue);
        self.out.prologue = self.piece();
        Ok(())
    }

    fn finish(mut self) -> Result<LaneUnit, NoLanes> {
        if self.next_register >= 1 << 16 {
            return Err(NoLanes::TooLarge);
        }
        self.out.inputs = self.inputs.iter().map(|(input, register)| (*register, *input)).collect();
        self.out.slots = self.unit.slots.clone();
        self.out.undo = self.lanes.needs_undo;
        optimise(&mut self.items, &self.rows);
        allocate::allocate(&self.items, &self.rows, self.code, &mut self.out);
        Ok(self.out)
    }

    fn dtype(&self, value: ValueId) -> DType {
        self.code.insts[value.0 as usize].dtype
    }

    fn shape(&self, value: ValueId) -> Shape {
        self.lanes.shape(value)
    }

    /// The register of a value that is uniform or steps evenly.
    fn value_register(&self, value: ValueId) -> u16 {
        match self.values[value.0 as usize] {
            Some(Place::Register(register)) => register,
            place => unreachable!("a value in one register was expected, not {place:?}"),
        }
    }

    /// The row of a value.
    fn value_row(&self, value: ValueId) -> Row {
        match self.values[value.0 as usize] {
            Some(Place::Row(row)) => row,
            _ => self.spread[value.0 as usize].expect("rows that are needed are made"),
        }
    }

    /// Number of an array's slot in its table.
    fn slot(&self, array: ArrayId) -> u32 {
        let slot = self.unit.slots.iter().find(|slot| slot.array == array);
        u32::from(slot.expect("the scalar code touches the same arrays").index)
    }

    /// A reduction whose order does not show; its number.
    fn scalar_reduce(&mut self, reduce: &crossover_ir::Reduce) -> u32 {
        let output = self.unit.outputs.iter().position(|(_, var)| *var == reduce.target);
        let output = output.expect("the scalar code keeps accumulators among its outputs");
        let (op, dtype) = (reduce.op, reduce.dtype);
        self.out.reduces.push(ScalarReduce { op, dtype, output });
        self.out.reduces.len() as u32 - 1
    }
}
