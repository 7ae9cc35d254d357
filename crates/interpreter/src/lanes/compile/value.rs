//! Evaluations: into a register by bytecode, or into a row by block operations.

use crossover_ir::lanes::{Access, Shape};
use crossover_ir::{InstKind, Op, ValueId, VarId};
use crossover_values::DType;

use super::{Compiler, Place};
use crate::lanes::choose::{Choice, choose};
use crate::lanes::inst::{BlockInst, BlockOp, Row};
use crate::lanes::math::function;
use crate::opcode::{Inst, Opcode};
use crate::select::{Selected, select};
use crate::unit::Input;

impl Compiler<'_> {
    /// Evaluates an instruction here, unless that was done before the block.
    pub(super) fn eval(&mut self, value: ValueId, access: Access) {
        if self.values[value.0 as usize].is_some() && self.is_early(value) {
            return;
        }
        match &self.code.insts[value.0 as usize].kind {
            InstKind::Load { array, indices } => self.load(value, *array, indices, access),
            InstKind::ScratchLoad { scratch, index } => self.scratch_load(value, *scratch, *index),
            InstKind::Atomic(atomic) => self.atomic(value, atomic),
            _ => self.evaluate(value),
        }
        self.spread(value);
    }

    fn is_early(&self, value: ValueId) -> bool {
        self.lanes.early.contains(&value)
    }

    /// Evaluates an instruction that touches no array element, or a uniform one.
    pub(super) fn evaluate(&mut self, value: ValueId) {
        let code = self.code;
        let place = match &code.insts[value.0 as usize].kind {
            InstKind::Const(scalar) => Place::Register(self.constant(scalar.to_bits())),
            InstKind::HostGet(var) => Place::Register(self.input(Input::Host(*var))),
            InstKind::Extent { array, axis } => {
                Place::Register(self.input(Input::Extent(*array, *axis)))
            }
            InstKind::Get(var) => self.get(*var),
            InstKind::Op { op, args } if self.shape(value) == Shape::Varying => {
                Place::Row(self.row_op(value, *op, args))
            }
            InstKind::Op { op, args } => Place::Register(self.uniform_op(value, *op, args)),
            InstKind::Load { array, indices } => {
                self.load(value, *array, indices, Access::Uniform);
                return;
            }
            InstKind::ScratchLoad { .. } | InstKind::Atomic(_) => {
                unreachable!("prefixes and early values touch no scratch array and no atomic")
            }
        };
        self.values[value.0 as usize] = Some(place);
    }

    /// Where a variable lives; its first use decides by its shape.
    pub(super) fn variable(&mut self, var: VarId) -> Place {
        if let Some(place) = self.vars[var.0 as usize] {
            return place;
        }
        let place = match self.lanes.var_shape(var) {
            Shape::Varying => {
                let wide = self.code.vars[var.0 as usize].dtype.size() == 8;
                Place::Row(self.variable_row(wide))
            }
            Shape::Uniform | Shape::Affine(_) => Place::Register(self.register()),
        };
        self.vars[var.0 as usize] = Some(place);
        place
    }

    fn get(&mut self, var: VarId) -> Place {
        let place = self.variable(var);
        if self.sets[var.0 as usize] <= 1 {
            // Nothing changes it while the value is in use.
            return place;
        }
        match place {
            Place::Register(from) => {
                let register = self.register();
                self.uniform(mov(register, from));
                Place::Register(register)
            }
            Place::Row(from) => {
                let wide = self.rows[from as usize].wide;
                let row = self.row(wide);
                self.emit(BlockInst::new(copy(wide), row, &[from]));
                Place::Row(row)
            }
        }
    }

    fn uniform_op(&mut self, value: ValueId, op: Op, args: &[ValueId]) -> u16 {
        let result = self.dtype(value);
        let operand = self.dtype(if op == Op::Select { args[1] } else { args[0] });
        let mut registers = [0; 3];
        for (register, arg) in registers.iter_mut().zip(args) {
            *register = self.value_register(*arg);
        }
        let opcode = match select(op, operand, result) {
            Selected::Direct(opcode) => opcode,
            Selected::Swapped(opcode) => {
                registers.swap(0, 1);
                opcode
            }
            Selected::Same => return registers[0],
        };
        let r = self.register();
        let [a, b, c] = registers;
        self.uniform(Inst { op: opcode, r, a, b, c, d: 0, e: 0, t: 0 });
        r
    }

    fn row_op(&mut self, value: ValueId, op: Op, args: &[ValueId]) -> Row {
        let result = self.dtype(value);
        let operand = self.dtype(if op == Op::Select { args[1] } else { args[0] });
        let mut rows: Vec<Row> = args.iter().map(|arg| self.value_row(*arg)).collect();
        if matches!(op, Op::Shl | Op::Shr) && self.dtype(args[1]).size() == 8 {
            let narrow = self.row(false);
            self.emit(BlockInst::new(BlockOp::U32OfU64, narrow, &[rows[1]]));
            rows[1] = narrow;
        }
        let wide = result.size() == 8;
        let mask = self.mask;
        let Some(choice) = choose(op, operand, result) else {
            let (op, number) = function(op, result).expect("the other ops are pinned functions");
            let r = self.row(wide);
            self.emit(BlockInst::new(op, r, &rows).under(mask).to(number));
            return r;
        };
        let (op, complement) = match choice {
            Choice::Direct(op) => (op, false),
            Choice::Swapped(op) => {
                rows.swap(0, 1);
                (op, false)
            }
            Choice::Not(op) => (op, true),
            Choice::Same => return rows[0],
        };
        let r = self.row(wide);
        self.emit(BlockInst::new(op, r, &rows).under(mask));
        if !complement {
            return r;
        }
        let not = self.row(wide);
        self.emit(BlockInst::new(BlockOp::Not32, not, &[r]));
        not
    }

    /// Whether the variable is but a name of the value: then it needs no row of its own.
    fn names(&mut self, var: VarId, value: ValueId, blend: bool) -> bool {
        let varies = self.lanes.var_shape(var) == Shape::Varying;
        if !varies || blend || self.sets[var.0 as usize] != 1 || self.vars[var.0 as usize].is_some()
        {
            return false;
        }
        let row = self.value_row(value);
        if self.rows[row as usize].variable {
            return false;
        }
        self.vars[var.0 as usize] = Some(Place::Row(row));
        true
    }

    /// Assigns a variable.
    pub(super) fn set(&mut self, var: VarId, value: ValueId, blend: bool) {
        if self.names(var, value, blend) {
            return;
        }
        match self.variable(var) {
            Place::Register(_) => self.set_uniform(var, value),
            Place::Row(to) => {
                let from = self.value_row(value);
                let wide = self.rows[to as usize].wide;
                if blend && self.mask != crate::lanes::block::ALL {
                    let op = if wide { BlockOp::Blend64 } else { BlockOp::Blend32 };
                    self.emit(BlockInst::new(op, to, &[from]).under(self.mask));
                } else {
                    self.emit(BlockInst::new(copy(wide), to, &[from]));
                }
            }
        }
    }
}

/// Copies a register.
pub(super) fn mov(r: u16, a: u16) -> Inst {
    Inst { op: Opcode::Mov, r, a, b: 0, c: 0, d: 0, e: 0, t: 0 }
}

/// Copies a row.
pub(super) fn copy(wide: bool) -> BlockOp {
    if wide { BlockOp::Copy64 } else { BlockOp::Copy32 }
}

/// Whether a type takes 64 bits of a lane.
pub(super) fn is_wide(dtype: DType) -> bool {
    dtype.size() == 8
}
