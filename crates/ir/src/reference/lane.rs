//! One iteration of lane code.

use crossover_values::Scalar;

use super::{Accumulator, Reference};
use crate::{
    ArrayId, Atomic, AtomicOp, AxisRange, Block, Code, HostState, InstKind, Op, Reduce, ReduceId,
    ReduceScope, ScratchId, Span, Stmt, Trap, TrapKind, ValueId, VarId, eval,
};

/// How a statement ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Next,
    Break,
    Continue,
    Return,
}

/// The state of one iteration, or of a serial section.
pub(super) struct Lane<'c> {
    code: &'c Code,
    device: &'c mut Reference,
    state: &'c mut HostState<usize>,
    iteration: Option<u64>,
    vars: Vec<Option<Scalar>>,
    values: Vec<Option<Scalar>>,
    scratch: Vec<Vec<Scalar>>,
    /// Running reductions; the region's own live longer than the lane.
    pub(super) reduces: Vec<Option<Accumulator>>,
}

/// Accumulators of a region's own reductions; `None` in the places of inner loops'.
pub(super) fn region_accumulators(
    code: &Code,
    host: &[Option<Scalar>],
) -> Vec<Option<Accumulator>> {
    let region = |reduce: &Reduce| {
        let value = |var: &VarId| host[var.0 as usize].expect("the validator proves it is set");
        match reduce.scope {
            ReduceScope::Region => {
                let payload = reduce.payload.iter().map(value).collect();
                Some(Accumulator::new(reduce.op, value(&reduce.target), payload))
            }
            ReduceScope::Loop => None,
        }
    };
    code.reduces.iter().map(region).collect()
}

impl<'c> Lane<'c> {
    pub(super) fn new(
        code: &'c Code,
        device: &'c mut Reference,
        state: &'c mut HostState<usize>,
        iteration: Option<u64>,
    ) -> Lane<'c> {
        Lane {
            code,
            device,
            state,
            iteration,
            vars: vec![None; code.vars.len()],
            values: vec![None; code.insts.len()],
            scratch: vec![Vec::new(); code.scratch.len()],
            reduces: vec![None; code.reduces.len()],
        }
    }

    /// Sets a variable of an integer type to an exact value that it holds.
    pub(super) fn set_integer(&mut self, var: VarId, exact: i128) {
        let dtype = self.code.vars[var.0 as usize].dtype;
        self.vars[var.0 as usize] = Some(Scalar::from_bits(dtype, exact as u64));
    }

    pub(super) fn block(&mut self, block: &'c Block) -> Result<Flow, Trap> {
        for stmt in block {
            let flow = self.stmt(stmt)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn trap(&self, kind: TrapKind, span: Span) -> Trap {
        Trap { kind, span, iteration: self.iteration }
    }

    fn value(&self, value: ValueId) -> Scalar {
        self.values[value.0 as usize].expect("the validator proves that values are evaluated")
    }

    fn truth(&self, value: ValueId) -> bool {
        self.value(value) == Scalar::Bool(true)
    }

    fn exact(&self, value: ValueId) -> i128 {
        self.value(value).as_integer().expect("the validator proves that it is an integer")
    }

    fn stmt(&mut self, stmt: &'c Stmt) -> Result<Flow, Trap> {
        match stmt {
            Stmt::Eval(value) => self.evaluate(*value)?,
            Stmt::Set { var, value } => self.vars[var.0 as usize] = Some(self.value(*value)),
            Stmt::HostSet { var, value } => {
                self.state.vars[var.0 as usize] = Some(self.value(*value));
            }
            Stmt::Store { array, indices, value, span } => {
                let (buffer, flat) = self.element(*array, indices, *span)?;
                let value = self.value(*value);
                self.device.arrays[buffer].set(flat, value);
            }
            Stmt::ScratchZero(scratch) => {
                let info = &self.code.scratch[scratch.0 as usize];
                let zero = Scalar::from_bits(info.dtype.loaded(), 0);
                self.scratch[scratch.0 as usize] = vec![zero; info.len as usize];
            }
            Stmt::ScratchStore { scratch, index, value, span } => {
                let index = self.scratch_index(*scratch, *index, *span)?;
                let dtype = self.code.scratch[scratch.0 as usize].dtype;
                // A u8 keeps its low bits.
                let value = Scalar::from_bits(dtype, self.value(*value).to_bits());
                self.scratch[scratch.0 as usize][index] = value;
            }
            Stmt::If { cond, then, otherwise, .. } => {
                let side = if self.truth(*cond) { then } else { otherwise };
                return self.block(side);
            }
            Stmt::Switch { selector, cases, default, .. } => {
                let selector = self.exact(*selector);
                let taken = cases.iter().find(|(case, _)| i128::from(*case) == selector);
                return self.block(taken.map_or(default, |(_, block)| block));
            }
            Stmt::Loop { header, cond, body, continuing, .. } => {
                return self.repeat(header, *cond, body, continuing);
            }
            Stmt::For { .. } => return self.count(stmt),
            Stmt::Reduce { reduce, value, payload } => {
                let payload = payload.iter().map(|value| self.value(*value)).collect();
                let value = self.value(*value);
                if let Some(sum) = &mut self.reduces[reduce.0 as usize] {
                    sum.contribute(value, payload);
                }
            }
            Stmt::Break => return Ok(Flow::Break),
            Stmt::Continue => return Ok(Flow::Continue),
            Stmt::Return => return Ok(Flow::Return),
            Stmt::Trap { cond, code, span } => {
                if self.truth(*cond) {
                    return Err(self.trap(TrapKind::Explicit { code: *code }, *span));
                }
            }
        }
        Ok(Flow::Next)
    }

    fn repeat(
        &mut self,
        header: &'c Block,
        cond: Option<ValueId>,
        body: &'c Block,
        continuing: &'c Block,
    ) -> Result<Flow, Trap> {
        loop {
            self.block(header)?;
            if cond.is_some_and(|cond| !self.truth(cond)) {
                return Ok(Flow::Next);
            }
            match self.block(body)? {
                Flow::Next | Flow::Continue => {}
                Flow::Break => return Ok(Flow::Next),
                Flow::Return => return Ok(Flow::Return),
            }
            self.block(continuing)?;
        }
    }

    fn count(&mut self, stmt: &'c Stmt) -> Result<Flow, Trap> {
        let Stmt::For { var, lo, hi, step, body, parallel, .. } = stmt else {
            unreachable!("only called on counted loops")
        };
        let reduces = parallel.as_deref().unwrap_or(&[]);
        self.open(reduces);
        let range = AxisRange::new(self.exact(*lo), self.exact(*hi), *step);
        for position in 0..range.count {
            for id in reduces {
                if let Some(sum) = &mut self.reduces[id.0 as usize] {
                    sum.begin(position);
                }
            }
            self.set_integer(*var, range.at(position));
            match self.block(body)? {
                Flow::Next | Flow::Continue => {}
                Flow::Break => break,
                Flow::Return => return Ok(Flow::Return),
            }
        }
        self.close(reduces);
        Ok(Flow::Next)
    }

    fn open(&mut self, reduces: &[ReduceId]) {
        for id in reduces {
            let reduce = &self.code.reduces[id.0 as usize];
            let value = |var: VarId| self.vars[var.0 as usize].expect("the validator proves it");
            let payload = reduce.payload.iter().map(|var| value(*var)).collect();
            let sum = Accumulator::new(reduce.op, value(reduce.target), payload);
            self.reduces[id.0 as usize] = Some(sum);
        }
    }

    fn close(&mut self, reduces: &[ReduceId]) {
        for id in reduces {
            let reduce = &self.code.reduces[id.0 as usize];
            let Some(sum) = self.reduces[id.0 as usize].take() else { continue };
            let (value, payload) = sum.finish();
            self.vars[reduce.target.0 as usize] = Some(value);
            for (var, value) in reduce.payload.iter().zip(payload) {
                self.vars[var.0 as usize] = Some(value);
            }
        }
    }

    fn evaluate(&mut self, value: ValueId) -> Result<(), Trap> {
        let inst = &self.code.insts[value.0 as usize];
        let unset = "the validator proves that variables are set";
        let result = match &inst.kind {
            InstKind::Const(constant) => *constant,
            InstKind::Get(var) => self.vars[var.0 as usize].expect(unset),
            InstKind::HostGet(var) => self.state.vars[var.0 as usize].expect(unset),
            InstKind::Extent { array, axis } => {
                let bound = self.state.arrays[array.0 as usize].as_ref();
                let shape = &bound.expect("the validator proves that names are bound").shape;
                Scalar::I32(shape[*axis as usize] as i32)
            }
            InstKind::Op { op, args } => {
                let args: Vec<Scalar> = args.iter().map(|arg| self.value(*arg)).collect();
                eval(*op, inst.dtype, &args).map_err(|kind| self.trap(kind, inst.span))?
            }
            InstKind::Load { array, indices } => {
                let (buffer, flat) = self.element(*array, indices, inst.span)?;
                self.device.arrays[buffer].get(flat).expect("inside by its extents")
            }
            InstKind::ScratchLoad { scratch, index } => {
                let index = self.scratch_index(*scratch, *index, inst.span)?;
                self.scratch[scratch.0 as usize][index]
            }
            InstKind::Atomic(atomic) => self.atomic(atomic, inst.span)?,
        };
        self.values[value.0 as usize] = Some(result);
        Ok(())
    }

    /// Buffer and flat index of an element.
    fn element(
        &self,
        array: ArrayId,
        indices: &[ValueId],
        span: Span,
    ) -> Result<(usize, usize), Trap> {
        let bound = self.state.arrays[array.0 as usize].as_ref();
        let bound = bound.expect("the validator proves that names are bound");
        let mut flat = 0;
        for (axis, (index, extent)) in indices.iter().zip(&bound.shape).enumerate() {
            let exact = self.exact(*index);
            if !(0..i128::from(*extent)).contains(&exact) {
                let array = self.device.names[array.0 as usize].clone();
                let (axis, index, extent) = (axis as u32, self.value(*index), *extent);
                return Err(self.trap(TrapKind::OutOfBounds { array, axis, index, extent }, span));
            }
            flat = flat * *extent as usize + exact as usize;
        }
        Ok((bound.buffer, flat))
    }

    fn scratch_index(&self, scratch: ScratchId, index: ValueId, span: Span) -> Result<usize, Trap> {
        let info = &self.code.scratch[scratch.0 as usize];
        let exact = self.exact(index);
        if (0..i128::from(info.len)).contains(&exact) {
            return Ok(exact as usize);
        }
        let (array, index, extent) = (info.name.clone(), self.value(index), u64::from(info.len));
        Err(self.trap(TrapKind::OutOfBounds { array, axis: 0, index, extent }, span))
    }

    fn atomic(&mut self, atomic: &Atomic, span: Span) -> Result<Scalar, Trap> {
        let (buffer, flat) = self.element(atomic.array, &atomic.indices, span)?;
        let old = self.device.arrays[buffer].get(flat).expect("inside by its extents");
        let args: Vec<Scalar> = atomic.args.iter().map(|arg| self.value(*arg)).collect();
        let combined = |op: Op| eval(op, old.dtype(), &[old, args[0]]);
        let new = match atomic.op {
            AtomicOp::Add => combined(Op::Add),
            AtomicOp::Min => combined(Op::Min),
            AtomicOp::Max => combined(Op::Max),
            AtomicOp::And => combined(Op::And),
            AtomicOp::Or => combined(Op::Or),
            AtomicOp::Xor => combined(Op::Xor),
            AtomicOp::Exchange | AtomicOp::Store => Ok(args[0]),
            AtomicOp::CompareExchange => Ok(if old == args[0] { args[1] } else { old }),
            AtomicOp::Load => Ok(old),
        };
        let new = new.map_err(|kind| self.trap(kind, span))?;
        self.device.arrays[buffer].set(flat, new);
        Ok(old)
    }
}
