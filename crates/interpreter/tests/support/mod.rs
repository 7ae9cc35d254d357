//! A small builder for IR by hand.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test file uses a part of it")]

use crossover_ir::*;
use crossover_values::{DType, ParamKind, Scalar};

/// Lane code under construction: a stack of blocks, of which the last one is open.
pub struct Lane {
    pub code: Code,
    blocks: Vec<Block>,
    span: u32,
}

impl Default for Lane {
    fn default() -> Lane {
        Lane { code: Code::default(), blocks: vec![Vec::new()], span: 0 }
    }
}

impl Lane {
    /// Spans that follow lie at this byte of the source.
    pub fn at(&mut self, byte: u32) {
        self.span = byte;
    }

    fn span(&self) -> Span {
        Span { file: 0, start: self.span, end: self.span + 1 }
    }

    pub fn var(&mut self, name: &str, dtype: DType) -> VarId {
        self.code.vars.push(Var { name: name.to_owned(), dtype });
        VarId(self.code.vars.len() as u32 - 1)
    }

    pub fn eval(&mut self, dtype: DType, kind: InstKind) -> ValueId {
        let span = self.span();
        self.code.insts.push(Inst { kind, dtype, span });
        let value = ValueId(self.code.insts.len() as u32 - 1);
        self.push(Stmt::Eval(value));
        value
    }

    pub fn push(&mut self, stmt: Stmt) {
        self.blocks.last_mut().expect("a block is open").push(stmt);
    }

    pub fn konst(&mut self, value: Scalar) -> ValueId {
        self.eval(value.dtype(), InstKind::Const(value))
    }

    pub fn get(&mut self, var: VarId) -> ValueId {
        let dtype = self.code.vars[var.0 as usize].dtype;
        self.eval(dtype, InstKind::Get(var))
    }

    pub fn host(&mut self, dtype: DType, var: u32) -> ValueId {
        self.eval(dtype, InstKind::HostGet(VarId(var)))
    }

    pub fn op(&mut self, op: Op, dtype: DType, args: &[ValueId]) -> ValueId {
        self.eval(dtype, InstKind::Op { op, args: args.to_vec() })
    }

    pub fn load(&mut self, dtype: DType, array: u32, indices: &[ValueId]) -> ValueId {
        self.eval(dtype, InstKind::Load { array: ArrayId(array), indices: indices.to_vec() })
    }

    pub fn store(&mut self, array: u32, indices: &[ValueId], value: ValueId) {
        let (array, span) = (ArrayId(array), self.span());
        self.push(Stmt::Store { array, indices: indices.to_vec(), value, span });
    }

    pub fn set(&mut self, var: VarId, value: ValueId) {
        self.push(Stmt::Set { var, value });
    }

    pub fn reduce(&mut self, reduce: u32, value: ValueId, payload: &[ValueId]) {
        let payload = payload.to_vec();
        self.push(Stmt::Reduce { reduce: ReduceId(reduce), value, payload });
    }

    /// Collects the statements that `body` makes.
    pub fn block(&mut self, body: impl FnOnce(&mut Lane)) -> Block {
        self.blocks.push(Vec::new());
        body(self);
        self.blocks.pop().expect("opened above")
    }

    pub fn if_else(
        &mut self,
        cond: ValueId,
        then: impl FnOnce(&mut Lane),
        otherwise: impl FnOnce(&mut Lane),
    ) {
        let span = self.span();
        let then = self.block(then);
        let otherwise = self.block(otherwise);
        self.push(Stmt::If { cond, then, otherwise, span });
    }

    /// `while cond: body`.
    pub fn while_loop(
        &mut self,
        cond: impl FnOnce(&mut Lane) -> ValueId,
        body: impl FnOnce(&mut Lane),
    ) {
        let span = self.span();
        let mut condition = None;
        let header = self.block(|lane| condition = Some(cond(lane)));
        let body = self.block(body);
        self.push(Stmt::Loop { header, cond: condition, body, continuing: Vec::new(), span });
    }

    /// `for var in range(lo, hi, step): body`.
    pub fn for_loop(
        &mut self,
        var: VarId,
        (lo, hi, step): (ValueId, ValueId, i64),
        body: impl FnOnce(&mut Lane),
    ) {
        let span = self.span();
        let body = self.block(body);
        self.push(Stmt::For { var, lo, hi, step, body, parallel: None, span });
    }

    /// Opens a block: statements go there until [`Lane::close`].
    pub fn open(&mut self) {
        self.blocks.push(Vec::new());
    }

    /// Closes the open block.
    pub fn close(&mut self) -> Block {
        self.blocks.pop().expect("a block is open")
    }

    /// Ends the code.
    pub fn finish(mut self) -> Code {
        self.code.body = self.blocks.pop().expect("one block is open");
        self.code
    }
}

/// A kernel under construction.
#[derive(Default)]
pub struct Host {
    pub params: Vec<KernelParam>,
    pub returns: Vec<ParamKind>,
    pub vars: Vec<Var>,
    pub arrays: Vec<ArrayName>,
    pub insts: Vec<Inst>,
    pub nodes: Vec<HostNode>,
}

impl Host {
    pub fn var(&mut self, name: &str, dtype: DType) -> VarId {
        self.vars.push(Var { name: name.to_owned(), dtype });
        VarId(self.vars.len() as u32 - 1)
    }

    pub fn scalar_param(&mut self, name: &str, dtype: DType) -> VarId {
        let var = self.var(name, dtype);
        self.params.push(KernelParam::Scalar(var));
        var
    }

    pub fn array_param(&mut self, name: &str, dtype: DType, rank: u32) -> ArrayId {
        self.arrays.push(ArrayName { name: name.to_owned(), dtype, rank });
        let array = ArrayId(self.arrays.len() as u32 - 1);
        self.params.push(KernelParam::Array(array));
        array
    }

    pub fn eval(&mut self, dtype: DType, kind: InstKind) -> ValueId {
        self.insts.push(Inst { kind, dtype, span: Span::default() });
        let value = ValueId(self.insts.len() as u32 - 1);
        self.nodes.push(HostNode::Eval(value));
        value
    }

    pub fn konst(&mut self, value: Scalar) -> ValueId {
        self.eval(value.dtype(), InstKind::Const(value))
    }

    pub fn get(&mut self, var: VarId) -> ValueId {
        let dtype = self.vars[var.0 as usize].dtype;
        self.eval(dtype, InstKind::Get(var))
    }

    pub fn set(&mut self, var: VarId, value: ValueId) {
        self.nodes.push(HostNode::Set { var, value });
    }

    pub fn extent(&mut self, array: ArrayId, axis: u32) -> ValueId {
        self.eval(DType::I32, InstKind::Extent { array, axis })
    }

    /// One axis over `range(lo, hi, step)`.
    pub fn axis(index: VarId, lo: ValueId, hi: ValueId, step: i64) -> Axis {
        Axis { index, lo, hi, step, prefix: Vec::new() }
    }

    pub fn region(&mut self, axes: Vec<Axis>, code: Code) {
        self.region_at(axes, code, Span::default());
    }

    pub fn region_at(&mut self, axes: Vec<Axis>, code: Code, span: Span) {
        self.nodes.push(HostNode::Region(Region { axes, code, span }));
    }

    pub fn serial(&mut self, code: Code) {
        self.nodes.push(HostNode::Serial(Serial { code, span: Span::default() }));
    }

    /// Returns host variables.
    pub fn returns(&mut self, vars: &[VarId]) {
        let values: Vec<Returned> =
            vars.iter().map(|var| Returned::Scalar(self.get(*var))).collect();
        self.returns =
            vars.iter().map(|var| ParamKind::Scalar(self.vars[var.0 as usize].dtype)).collect();
        self.nodes.push(HostNode::Return { values, span: Span::default() });
    }

    /// A module with this one kernel, validated.
    pub fn module(self, text: &str) -> Valid<Module> {
        let kernel = Kernel {
            name: "kernel".to_owned(),
            params: self.params,
            returns: self.returns,
            vars: self.vars,
            arrays: self.arrays,
            insts: self.insts,
            host: self.nodes,
        };
        let source = Source { path: "kernel.py".to_owned(), text: text.to_owned() };
        validate(Module { sources: vec![source], kernels: vec![kernel] }).expect("valid IR")
    }
}

/// julia (KERNELS.md 1): parameters counts, x, y, c_re, c_im, max_iterations.
pub fn julia(real: DType) -> Valid<Module> {
    const TEXT: &str = "for row in prange(height):\n  for column in prange(width):\n    a = x[column]; b = y[row]; n = 0\n    while n < max and a * a + b * b < 4.0:\n      a, b = a * a - b * b + c_re, a * b + b * a + c_im\n      n += 1\n    counts[row, column] = n\n";
    let line = |number: usize| {
        TEXT.lines().take(number - 1).map(|line| line.len() as u32 + 1).sum::<u32>() + 1
    };
    let real_of = |value: f64| match real {
        DType::F32 => Scalar::F32(value as f32),
        _ => Scalar::F64(value),
    };
    let mut host = Host::default();
    host.array_param("counts", DType::I32, 2);
    host.array_param("x", real, 1);
    host.array_param("y", real, 1);
    for (name, dtype) in [("c_re", real), ("c_im", real), ("max_iterations", DType::I32)] {
        host.scalar_param(name, dtype);
    }
    let zero = host.konst(Scalar::I32(0));
    let height = host.extent(ArrayId(0), 0);
    let width = host.extent(ArrayId(0), 1);
    let mut lane = Lane::default();
    let [row, column, n] = ["row", "column", "n"].map(|name| lane.var(name, DType::I32));
    let [a, b] = ["a", "b"].map(|name| lane.var(name, real));
    lane.at(line(3));
    let index = lane.get(column);
    let x = lane.load(real, 1, &[index]);
    lane.set(a, x);
    let index = lane.get(row);
    let y = lane.load(real, 2, &[index]);
    lane.set(b, y);
    let start = lane.konst(Scalar::I32(0));
    lane.set(n, start);
    lane.at(line(4));
    lane.while_loop(
        |lane| {
            let [va, vb] = [lane.get(a), lane.get(b)];
            let vn = lane.get(n);
            let max = lane.host(DType::I32, 2);
            let more = lane.op(Op::Lt, DType::Bool, &[vn, max]);
            let aa = lane.op(Op::Mul, real, &[va, va]);
            let bb = lane.op(Op::Mul, real, &[vb, vb]);
            let norm = lane.op(Op::Add, real, &[aa, bb]);
            let four = lane.konst(real_of(4.0));
            let inside = lane.op(Op::Lt, DType::Bool, &[norm, four]);
            lane.op(Op::And, DType::Bool, &[more, inside])
        },
        |lane| {
            lane.at(line(5));
            let [va, vb] = [lane.get(a), lane.get(b)];
            let [c_re, c_im] = [lane.host(real, 0), lane.host(real, 1)];
            let aa = lane.op(Op::Mul, real, &[va, va]);
            let bb = lane.op(Op::Mul, real, &[vb, vb]);
            let re = lane.op(Op::Sub, real, &[aa, bb]);
            let re = lane.op(Op::Add, real, &[re, c_re]);
            let ab = lane.op(Op::Mul, real, &[va, vb]);
            let ba = lane.op(Op::Mul, real, &[vb, va]);
            let im = lane.op(Op::Add, real, &[ab, ba]);
            let im = lane.op(Op::Add, real, &[im, c_im]);
            lane.set(a, re);
            lane.set(b, im);
            lane.at(line(6));
            let vn = lane.get(n);
            let one = lane.konst(Scalar::I32(1));
            let next = lane.op(Op::Add, DType::I32, &[vn, one]);
            lane.set(n, next);
        },
    );
    lane.at(line(7));
    let [i, j, count] = [row, column, n].map(|var| lane.get(var));
    lane.store(0, &[i, j], count);
    let axes = vec![Host::axis(row, zero, height, 1), Host::axis(column, zero, width, 1)];
    host.region_at(axes, lane.finish(), Span { file: 0, start: 0, end: 1 });
    host.returns(&[]);
    host.module(TEXT)
}

/// Arguments of [`julia`] for a picture of `w` by `w`.
pub fn julia_arguments(real: DType, w: usize) -> Vec<crossover_values::Value> {
    use crossover_values::{Array, Value};
    let axis = |from: f64, step: f64| {
        let points = (0..w).map(|i| from + i as f64 * step / w as f64);
        match real {
            DType::F32 => {
                let points: Vec<f32> = points.map(|point| point as f32).collect();
                let mut array = Array::zeros(DType::F32, &[w]);
                if let Array::F32(a) = &mut array {
                    a.as_slice_mut().expect("contiguous").copy_from_slice(&points);
                }
                Value::Array(array)
            }
            _ => {
                let points: Vec<f64> = points.collect();
                let mut array = Array::zeros(DType::F64, &[w]);
                if let Array::F64(a) = &mut array {
                    a.as_slice_mut().expect("contiguous").copy_from_slice(&points);
                }
                Value::Array(array)
            }
        }
    };
    let real_of = |value: f64| match real {
        DType::F32 => Value::Scalar(Scalar::F32(value as f32)),
        _ => Value::Scalar(Scalar::F64(value)),
    };
    vec![
        Value::Array(Array::zeros(DType::I32, &[w, w])),
        axis(-1.8, 3.6),
        axis(1.8, -3.6),
        real_of(-0.62772),
        real_of(-0.42193),
        Value::Scalar(Scalar::I32(300)),
    ]
}

/// The sum of an `i32` array.
pub fn sum_i32(value: &crossover_values::Value) -> i64 {
    match value {
        crossover_values::Value::Array(crossover_values::Array::I32(a)) => {
            a.iter().map(|count| i64::from(*count)).sum()
        }
        other => panic!("{other:?} is no i32 array"),
    }
}
