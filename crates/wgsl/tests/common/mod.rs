//! A small builder of lane code, and the check that every generated text passes naga.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::BTreeSet;

use crossover_ir::{
    ArrayId, ArrayName, Atomic, AtomicOp, Axis, Block, Code, Inst, InstKind, Kernel, Op, Reduce,
    ReduceId, ReduceOp, ReduceScope, Region, Scratch, ScratchId, Serial, Span, Stmt, Unit, ValueId,
    Var, VarId,
};
use crossover_values::{DType, Scalar};
use crossover_wgsl::{Features, Limits, Request, UnitShader, Unsupported, generate, reflect};

/// Lane code under construction; statements go to the innermost open block.
#[derive(Default)]
pub(crate) struct Builder {
    pub(crate) code: Code,
    open: Vec<Block>,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Builder { code: Code::default(), open: vec![Vec::new()] }
    }

    pub(crate) fn var(&mut self, name: &str, dtype: DType) -> VarId {
        self.code.vars.push(Var { name: name.to_owned(), dtype });
        VarId(self.code.vars.len() as u32 - 1)
    }

    pub(crate) fn scratch(&mut self, name: &str, dtype: DType, len: u32) -> ScratchId {
        self.code.scratch.push(Scratch { name: name.to_owned(), dtype, len });
        ScratchId(self.code.scratch.len() as u32 - 1)
    }

    pub(crate) fn reduce(
        &mut self,
        op: ReduceOp,
        dtype: DType,
        target: u32,
        payload: &[u32],
    ) -> ReduceId {
        let payload = payload.iter().map(|&var| VarId(var)).collect();
        let scope = ReduceScope::Region;
        self.code.reduces.push(Reduce { op, dtype, scope, target: VarId(target), payload });
        ReduceId(self.code.reduces.len() as u32 - 1)
    }

    pub(crate) fn inst(&mut self, kind: InstKind, dtype: DType) -> ValueId {
        self.code.insts.push(Inst { kind, dtype, span: Span::default() });
        let value = ValueId(self.code.insts.len() as u32 - 1);
        self.push(Stmt::Eval(value));
        value
    }

    pub(crate) fn push(&mut self, stmt: Stmt) {
        self.open.last_mut().expect("a block is open").push(stmt);
    }

    pub(crate) fn block(&mut self, fill: impl FnOnce(&mut Self)) -> Block {
        self.open.push(Vec::new());
        fill(self);
        self.open.pop().expect("a block is open")
    }

    pub(crate) fn constant(&mut self, value: Scalar) -> ValueId {
        self.inst(InstKind::Const(value), value.dtype())
    }

    pub(crate) fn i32(&mut self, value: i32) -> ValueId {
        self.constant(Scalar::I32(value))
    }

    pub(crate) fn get(&mut self, var: VarId) -> ValueId {
        let dtype = self.code.vars[var.0 as usize].dtype;
        self.inst(InstKind::Get(var), dtype)
    }

    pub(crate) fn set(&mut self, var: VarId, value: ValueId) {
        self.push(Stmt::Set { var, value });
    }

    pub(crate) fn host(&mut self, var: u32, dtype: DType) -> ValueId {
        self.inst(InstKind::HostGet(VarId(var)), dtype)
    }

    pub(crate) fn op(&mut self, op: Op, dtype: DType, args: &[ValueId]) -> ValueId {
        self.inst(InstKind::Op { op, args: args.to_vec() }, dtype)
    }

    pub(crate) fn load(&mut self, array: u32, dtype: DType, indices: &[ValueId]) -> ValueId {
        self.inst(InstKind::Load { array: ArrayId(array), indices: indices.to_vec() }, dtype)
    }

    pub(crate) fn store(&mut self, array: u32, indices: &[ValueId], value: ValueId) {
        let (array, indices, span) = (ArrayId(array), indices.to_vec(), Span::default());
        self.push(Stmt::Store { array, indices, value, span });
    }

    pub(crate) fn atomic(
        &mut self,
        op: AtomicOp,
        array: u32,
        dtype: DType,
        index: ValueId,
        args: &[ValueId],
    ) -> ValueId {
        let (array, indices, args) = (ArrayId(array), vec![index], args.to_vec());
        self.inst(InstKind::Atomic(Atomic { op, array, indices, args }), dtype)
    }

    pub(crate) fn contribute(&mut self, reduce: ReduceId, value: ValueId, payload: &[ValueId]) {
        self.push(Stmt::Reduce { reduce, value, payload: payload.to_vec() });
    }

    pub(crate) fn counted(&mut self, var: VarId, lo: ValueId, hi: ValueId, step: i64, body: Block) {
        let span = Span::default();
        self.push(Stmt::For { var, lo, hi, step, body, parallel: None, span });
    }

    pub(crate) fn when(&mut self, cond: ValueId, then: Block, otherwise: Block) {
        self.push(Stmt::If { cond, then, otherwise, span: Span::default() });
    }

    /// The code as a region over these lane variables, each with its step.
    pub(crate) fn region(mut self, axes: &[(VarId, i64)]) -> Region {
        self.code.body = self.open.pop().expect("a block is open");
        let axis = |&(index, step): &(VarId, i64)| Axis {
            index,
            lo: ValueId(0),
            hi: ValueId(0),
            step,
            prefix: Vec::new(),
        };
        let axes = axes.iter().map(axis).collect();
        Region { axes, code: self.code, span: Span::default() }
    }

    pub(crate) fn serial(mut self) -> Serial {
        self.code.body = self.open.pop().expect("a block is open");
        Serial { code: self.code, span: Span::default() }
    }
}

/// A kernel with these arrays and host variables, and no host code.
pub(crate) fn kernel(arrays: &[(&str, DType, u32)], vars: &[(&str, DType)]) -> Kernel {
    let array = |&(name, dtype, rank): &(&str, DType, u32)| ArrayName {
        name: name.to_owned(),
        dtype,
        rank,
    };
    let var = |&(name, dtype): &(&str, DType)| Var { name: name.to_owned(), dtype };
    Kernel {
        name: "test".to_owned(),
        params: Vec::new(),
        returns: Vec::new(),
        vars: vars.iter().map(var).collect(),
        arrays: arrays.iter().map(array).collect(),
        insts: Vec::new(),
        host: Vec::new(),
    }
}

/// Generates with `kept` device-kept variables and f64.
pub(crate) fn try_generate(
    kernel: &Kernel,
    kept: &[u32],
    unit: Unit<'_>,
) -> Result<UnitShader, Unsupported> {
    let device_kept: BTreeSet<VarId> = kept.iter().map(|&var| VarId(var)).collect();
    let request = Request {
        kernel,
        sources: &[],
        device_kept: &device_kept,
        features: Features { f64: true },
        limits: Limits::default(),
    };
    generate(&request, unit)
}

/// Generates, and checks the text with naga against what the shader says of itself.
pub(crate) fn checked(kernel: &Kernel, kept: &[u32], unit: Unit<'_>) -> UnitShader {
    let shader = try_generate(kernel, kept, unit).expect("the unit is supported");
    let reflection =
        reflect(&shader.source).unwrap_or_else(|error| panic!("{error}\n{}", shader.source));
    let names: Vec<_> = shader.entry_points.iter().map(|e| (&e.name, e.workgroup_size)).collect();
    let found: Vec<_> =
        reflection.entry_points.iter().map(|e| (&e.name, e.workgroup_size)).collect();
    assert_eq!(names, found);
    let bound: Vec<_> = shader.bindings.iter().map(|b| (b.group, b.index, &b.name)).collect();
    let found: Vec<_> = reflection.bindings.iter().map(|b| (b.group, b.index, &b.name)).collect();
    assert_eq!(bound, found);
    shader
}
