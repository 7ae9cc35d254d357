//! Builds kernels for the tests: one region or serial section over given parameters.
#![allow(clippy::unwrap_used, reason = "a test's own mistakes end the test")]

use crossover_cranelift::{
    Bounds, Compiled, Lanes, Options, Outcome, RunError, RunOptions, compile,
};
use crossover_ir::{
    ArrayId, ArrayName, Axis, Block, Code, HostNode, Inst, InstKind, Kernel, KernelParam, Module,
    Op, Reduce, Region, Returned, Source, Span, Stmt, Trap, Valid, ValueId, Var, VarId, parse,
    reference, validate,
};
use crossover_values::{Array, DType, ParamKind, Scalar, Value, compare::differences};

/// A kernel in the making: host level and the lane code of its only region.
#[derive(Default)]
pub(crate) struct Builder {
    pub(crate) params: Vec<KernelParam>,
    pub(crate) returns: Vec<ParamKind>,
    pub(crate) vars: Vec<Var>,
    pub(crate) arrays: Vec<ArrayName>,
    pub(crate) insts: Vec<Inst>,
    pub(crate) host: Vec<HostNode>,
    pub(crate) lane: Code,
    /// Blocks being filled, innermost last; the first is the body.
    open: Vec<Block>,
}

#[allow(dead_code, reason = "each test file uses its own part")]
impl Builder {
    pub(crate) fn new() -> Builder {
        Builder { open: vec![Vec::new()], ..Builder::default() }
    }

    pub(crate) fn array(&mut self, name: &str, dtype: DType, rank: u32) -> ArrayId {
        self.arrays.push(ArrayName { name: name.to_owned(), dtype, rank });
        let id = ArrayId(self.arrays.len() as u32 - 1);
        self.params.push(KernelParam::Array(id));
        id
    }

    pub(crate) fn host_var(&mut self, name: &str, dtype: DType) -> VarId {
        self.vars.push(Var { name: name.to_owned(), dtype });
        VarId(self.vars.len() as u32 - 1)
    }

    pub(crate) fn scalar(&mut self, name: &str, dtype: DType) -> VarId {
        let var = self.host_var(name, dtype);
        self.params.push(KernelParam::Scalar(var));
        var
    }

    /// A host-level instruction, evaluated at the end of what host level has so far.
    pub(crate) fn host_inst(&mut self, kind: InstKind, dtype: DType) -> ValueId {
        self.insts.push(Inst { kind, dtype, span: Span::default() });
        let id = ValueId(self.insts.len() as u32 - 1);
        self.host.push(HostNode::Eval(id));
        id
    }

    pub(crate) fn lane_var(&mut self, name: &str, dtype: DType) -> VarId {
        self.lane.vars.push(Var { name: name.to_owned(), dtype });
        VarId(self.lane.vars.len() as u32 - 1)
    }

    pub(crate) fn inst(&mut self, kind: InstKind, dtype: DType) -> ValueId {
        let place = self.lane.insts.len() as u32 + 1;
        let span = Span { file: 0, start: place, end: place };
        self.lane.insts.push(Inst { kind, dtype, span });
        let id = ValueId(place - 1);
        self.push(Stmt::Eval(id));
        id
    }

    pub(crate) fn constant(&mut self, scalar: Scalar) -> ValueId {
        self.inst(InstKind::Const(scalar), scalar.dtype())
    }

    pub(crate) fn get(&mut self, var: VarId) -> ValueId {
        let dtype = self.lane.vars[var.0 as usize].dtype;
        self.inst(InstKind::Get(var), dtype)
    }

    pub(crate) fn host_get(&mut self, var: VarId) -> ValueId {
        let dtype = self.vars[var.0 as usize].dtype;
        self.inst(InstKind::HostGet(var), dtype)
    }

    pub(crate) fn op(&mut self, op: Op, args: &[ValueId], dtype: DType) -> ValueId {
        self.inst(InstKind::Op { op, args: args.to_vec() }, dtype)
    }

    pub(crate) fn load(&mut self, array: ArrayId, indices: &[ValueId]) -> ValueId {
        let dtype = self.arrays[array.0 as usize].dtype.loaded();
        self.inst(InstKind::Load { array, indices: indices.to_vec() }, dtype)
    }

    pub(crate) fn store(&mut self, array: ArrayId, indices: &[ValueId], value: ValueId) {
        let span = Span { file: 0, start: 1, end: 2 };
        self.push(Stmt::Store { array, indices: indices.to_vec(), value, span });
    }

    pub(crate) fn set(&mut self, var: VarId, value: ValueId) {
        self.push(Stmt::Set { var, value });
    }

    pub(crate) fn push(&mut self, stmt: Stmt) {
        self.open.last_mut().unwrap().push(stmt);
    }

    /// Fills a block of its own.
    pub(crate) fn nested(&mut self, fill: impl FnOnce(&mut Builder)) -> Block {
        self.open.push(Vec::new());
        fill(self);
        self.open.pop().unwrap()
    }

    pub(crate) fn reduce(&mut self, reduce: Reduce) -> crossover_ir::ReduceId {
        self.lane.reduces.push(reduce);
        crossover_ir::ReduceId(self.lane.reduces.len() as u32 - 1)
    }

    /// An axis `0..extent of array` with a new index variable `i<n>`.
    pub(crate) fn axis(&mut self, array: ArrayId, axis: u32) -> Axis {
        let lo = self.host_inst(InstKind::Const(Scalar::I32(0)), DType::I32);
        let hi = self.host_inst(InstKind::Extent { array, axis }, DType::I32);
        let name = format!("i{}", self.lane.vars.len());
        let index = self.lane_var(&name, DType::I32);
        Axis { index, lo, hi, step: 1, prefix: Vec::new() }
    }

    /// Ends the region, and the kernel after it; returns the variables `returned`.
    pub(crate) fn region(mut self, axes: Vec<Axis>, returned: &[VarId]) -> Valid<Module> {
        let mut code = std::mem::take(&mut self.lane);
        code.body = self.open.pop().unwrap();
        self.host.push(HostNode::Region(Region { axes, code, span: Span::default() }));
        self.finish(returned)
    }

    /// Ends the serial section, and the kernel after it.
    pub(crate) fn serial(mut self, returned: &[VarId]) -> Valid<Module> {
        let mut code = std::mem::take(&mut self.lane);
        code.body = self.open.pop().unwrap();
        let serial = crossover_ir::Serial { code, span: Span::default() };
        self.host.push(HostNode::Serial(serial));
        self.finish(returned)
    }

    fn finish(mut self, returned: &[VarId]) -> Valid<Module> {
        let mut values = Vec::new();
        for var in returned {
            let dtype = self.vars[var.0 as usize].dtype;
            self.returns.push(ParamKind::Scalar(dtype));
            let value = self.host_inst(InstKind::Get(*var), dtype);
            values.push(Returned::Scalar(value));
        }
        self.host.push(HostNode::Return { values, span: Span::default() });
        let kernel = Kernel {
            name: "test".to_owned(),
            params: self.params,
            returns: self.returns,
            vars: self.vars,
            arrays: self.arrays,
            insts: self.insts,
            host: self.host,
        };
        let source = Source { path: "test.py".to_owned(), text: "x".repeat(4096) };
        validate(Module { sources: vec![source], kernels: vec![kernel] }).unwrap()
    }
}

/// A one-dimensional array of scalars of one type.
#[allow(dead_code, reason = "each test file uses its own part")]
pub(crate) fn array_of(dtype: DType, scalars: &[Scalar]) -> Array {
    let mut array = Array::zeros(dtype, &[scalars.len()]);
    for (index, scalar) in scalars.iter().enumerate() {
        set(&mut array, index, *scalar);
    }
    array
}

#[allow(dead_code, reason = "each test file uses its own part")]
pub(crate) fn set(array: &mut Array, index: usize, scalar: Scalar) {
    match (array, scalar) {
        (Array::Bool(a), Scalar::Bool(x)) => a[index] = x,
        (Array::U8(a), Scalar::U32(x)) => a[index] = x as u8,
        (Array::I32(a), Scalar::I32(x)) => a[index] = x,
        (Array::U32(a), Scalar::U32(x)) => a[index] = x,
        (Array::I64(a), Scalar::I64(x)) => a[index] = x,
        (Array::U64(a), Scalar::U64(x)) => a[index] = x,
        (Array::F32(a), Scalar::F32(x)) => a[index] = x,
        (Array::F64(a), Scalar::F64(x)) => a[index] = x,
        (array, scalar) => panic!("{scalar:?} in {:?}", array.dtype()),
    }
}

/// An element of a one-dimensional array.
#[allow(dead_code, reason = "each test file uses its own part")]
pub(crate) fn element(value: &Value, index: usize) -> Scalar {
    match value.as_array().unwrap() {
        Array::Bool(a) => Scalar::Bool(a[index]),
        Array::U8(a) => Scalar::U32(u32::from(a[index])),
        Array::I32(a) => Scalar::I32(a[index]),
        Array::U32(a) => Scalar::U32(a[index]),
        Array::I64(a) => Scalar::I64(a[index]),
        Array::U64(a) => Scalar::U64(a[index]),
        Array::F32(a) => Scalar::F32(a[index]),
        Array::F64(a) => Scalar::F64(a[index]),
    }
}

/// Bit equality, but all NaN are one.
#[allow(dead_code, reason = "each test file uses its own part")]
pub(crate) fn same(a: Scalar, b: Scalar) -> bool {
    let nan = |x: Scalar| matches!(x, Scalar::F32(_) | Scalar::F64(_)) && x.as_f64().is_nan();
    a == b || (a.dtype() == b.dtype() && nan(a) && nan(b))
}

/// A module in the text form.
#[allow(dead_code, reason = "each test file uses its own part")]
pub(crate) fn module_of(text: &str) -> Valid<Module> {
    let module = parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    validate(module).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The only kernel of a module in the text form.
#[allow(dead_code, reason = "each test file uses its own part")]
pub(crate) fn compiled_with(text: &str, options: &Options) -> Compiled {
    compile(&module_of(text), 0, options).unwrap()
}

/// The same with the options that nobody asks for.
#[allow(dead_code, reason = "each test file uses its own part")]
pub(crate) fn compiled(text: &str) -> Compiled {
    compiled_with(text, &Options::default())
}

/// Which loops run in lanes.
#[allow(dead_code, reason = "each test file uses its own part")]
pub(crate) fn in_lanes(lanes: Lanes) -> Options {
    Options { lanes, ..Options::default() }
}

#[allow(dead_code, reason = "each test file uses its own part")]
pub(crate) fn threads(threads: usize) -> RunOptions {
    RunOptions { threads, ..Default::default() }
}

/// The scalars that a run returns.
#[allow(dead_code, reason = "each test file uses its own part")]
pub(crate) fn returned(outcome: &Outcome) -> Vec<Scalar> {
    let scalar = |value: &Value| match value {
        Value::Scalar(scalar) => *scalar,
        Value::Array(_) => panic!("an array"),
    };
    outcome.returned.iter().map(scalar).collect()
}

/// What a run gives: outputs in the order of the signature, or the error.
pub(crate) type Ended = Result<Vec<Value>, Trap>;

/// Runs on copies of the arguments. Outputs are those of the kernel as it was written: a pass may
/// remove the last write of an array.
#[allow(dead_code, reason = "each test file uses its own part")]
pub(crate) fn outputs(
    written: &Kernel,
    kernel: &Compiled,
    arguments: &[Value],
    count: usize,
) -> Ended {
    let mut arguments = arguments.to_vec();
    let outcome = match kernel.run(&mut arguments, &threads(count)) {
        Ok(outcome) => outcome,
        Err(RunError::Trap(trap)) => return Err(trap),
        Err(error) => panic!("{error}"),
    };
    let signature = crossover_ir::signature(written);
    let written = arguments.into_iter().zip(&signature.params);
    let written = written.filter(|(_, param)| param.role.is_output()).map(|(value, _)| value);
    Ok(written.chain(outcome.returned).collect())
}

/// Whether two runs ended alike: with equal bits (all NaN are one), or with the same error.
#[allow(dead_code, reason = "each test file uses its own part")]
pub(crate) fn same_end(want: &Ended, got: &Ended) -> bool {
    match (want, got) {
        (Ok(want), Ok(got)) => {
            let equal =
                |(a, b): (&Value, &Value)| differences(a, b).is_ok_and(|found| found.is_empty());
            want.len() == got.len() && want.iter().zip(got).all(equal)
        }
        (want, got) => want.as_ref().err() == got.as_ref().err(),
    }
}

/// Runs a kernel on cases, compiled in several ways and each on a number of threads, and demands
/// the evaluator's outputs or its error; code without tests of bounds sees only what has none.
/// Returns how many cases had outputs, and how many errors.
#[allow(dead_code, reason = "each test file uses its own part")]
pub(crate) fn agree(
    text: &str,
    ways: &[(Options, usize)],
    cases: impl IntoIterator<Item = Vec<Value>>,
) -> (usize, usize) {
    let module = module_of(text);
    let ways: Vec<_> = ways
        .iter()
        .map(|(options, count)| (options, *count, compile(&module, 0, options).unwrap()))
        .collect();
    let (mut results, mut traps) = (0, 0);
    for (number, arguments) in cases.into_iter().enumerate() {
        let want = reference::run(&module, 0, &arguments);
        *if want.is_ok() { &mut results } else { &mut traps } += 1;
        for (options, count, kernel) in &ways {
            if want.is_err() && options.bounds == Bounds::Unchecked {
                continue;
            }
            let got = outputs(&module.kernels[0], kernel, &arguments, *count);
            assert!(
                same_end(&want, &got),
                "case {number}, {options:?}, {count} threads: {got:?}\nnot {want:?}\n{text}"
            );
        }
    }
    (results, traps)
}
