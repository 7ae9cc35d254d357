//! Programs from a tape of choices: one region over typed variables, input arrays that are only
//! read, outputs written at the iteration's own index, scratch arrays, all control, reductions.

use crossover_ir::{
    InstKind, Module, Op, Reduce, ReduceId, ReduceOp, ReduceScope, Scratch, ScratchId, Signature,
    Span, Stmt, Valid, ValueId, VarId,
};
use crossover_values::{Array, DType, Scalar, Value};

use crate::common::{Builder, array_of};

const SCALARS: [DType; 7] =
    [DType::Bool, DType::I32, DType::U32, DType::I64, DType::U64, DType::F32, DType::F64];
/// Elements of each input array: few, so that an index is often out of bounds, but not too often.
const INPUTS: usize = 64;

struct Generator {
    b: Builder,
    tape: Vec<u8>,
    at: usize,
    /// Mutable variables, two per type in the order of [`SCALARS`].
    vars: Vec<VarId>,
    /// Variables of counted loops around the present place.
    counting: Vec<VarId>,
    inputs: Vec<crossover_ir::ArrayId>,
    params: Vec<VarId>,
    outputs: Vec<crossover_ir::ArrayId>,
    index: VarId,
    loops: usize,
    fresh: usize,
    /// The last reduction is a maximum with its index.
    indexed: bool,
}

/// A program and its arguments.
pub(crate) fn program(tape: Vec<u8>) -> (Valid<Module>, Vec<Value>) {
    let mut b = Builder::new();
    let outputs = SCALARS.map(|t| b.array(&format!("out_{t}"), t, 1));
    let inputs = SCALARS.map(|t| b.array(&format!("in_{t}"), t, 1));
    let params = SCALARS.map(|t| b.scalar(&format!("p_{t}"), t));
    // A maximum with its index keeps a region out of lanes.
    let indexed = tape.first().is_some_and(|choice| choice % 4 == 0);
    let targets = [
        ("sum", DType::F64, ReduceOp::Add),
        ("low", DType::F32, ReduceOp::Min),
        ("bits", DType::U32, ReduceOp::Xor),
        ("best", DType::I64, if indexed { ReduceOp::ArgMax } else { ReduceOp::Max }),
    ];
    let mut returned: Vec<VarId> = targets.iter().map(|(name, t, _)| b.scalar(name, *t)).collect();
    let at = b.scalar("at", DType::I32);
    for ((_, dtype, op), target) in targets.into_iter().zip(&returned) {
        let payload = if op == ReduceOp::ArgMax { vec![at] } else { Vec::new() };
        let scope = ReduceScope::Region;
        b.reduce(Reduce { op, dtype, scope, target: *target, payload });
    }
    returned.push(at);
    let axis = b.axis(outputs[0], 0);
    for (index, dtype) in [DType::I32, DType::F64, DType::U8].into_iter().enumerate() {
        b.lane.scratch.push(Scratch { name: format!("s{index}"), dtype, len: 20 });
    }
    let vars = SCALARS
        .iter()
        .flat_map(|t| [(t, 0), (t, 1)])
        .map(|(t, n)| b.lane_var(&format!("v{n}_{t}"), *t))
        .collect();
    let mut generator = Generator {
        b,
        tape,
        at: 0,
        vars,
        counting: Vec::new(),
        inputs: inputs.to_vec(),
        params: params.to_vec(),
        outputs: outputs.to_vec(),
        index: axis.index,
        loops: 0,
        fresh: 0,
        indexed,
    };
    let n = [40, 17, 1, 300][generator.pick(4)];
    generator.body();
    let arguments = generator.arguments(n);
    (generator.b.region(vec![axis], &returned), arguments)
}

impl Generator {
    fn next(&mut self) -> usize {
        self.at += 1;
        self.tape.get(self.at - 1).map_or(0, |choice| usize::from(*choice))
    }

    fn pick(&mut self, of: usize) -> usize {
        self.next() % of
    }

    fn arguments(&mut self, n: usize) -> Vec<Value> {
        let mut all: Vec<Value> =
            SCALARS.iter().map(|t| Value::Array(Array::zeros(*t, &[n]))).collect();
        for dtype in SCALARS {
            let column: Vec<Scalar> = (0..INPUTS).map(|_| self.scalar(dtype)).collect();
            all.push(Value::Array(array_of(dtype, &column)));
        }
        all.extend(SCALARS.map(|dtype| Value::Scalar(self.scalar(dtype))));
        let (f64s, f32s) = (Scalar::F64(0.5), Scalar::F32(1e3));
        all.extend(
            [f64s, f32s, Scalar::U32(9), Scalar::I64(-3), Scalar::I32(-1)].map(Value::Scalar),
        );
        all
    }

    fn scalar(&mut self, dtype: DType) -> Scalar {
        let small = self.next() as i64;
        let edge = [i64::MIN, i64::MAX, -1, 0, 1 << 31, -(1 << 31), 0xffff_ffff, 1 << 32];
        let floats = [0.0, -0.0, 1.5, f64::NAN, f64::INFINITY, -1e10, 3e9, 1e-40, -0.5, 1e300];
        let exact = if small < 200 { small - 20 } else { edge[small as usize % edge.len()] };
        let float =
            if small < 180 { small as f64 / 4.0 - 9.0 } else { floats[small as usize % 10] };
        match dtype {
            DType::F32 => Scalar::F32(float as f32),
            DType::F64 => Scalar::F64(float),
            other => Scalar::from_bits(other, exact as u64),
        }
    }

    /// Sets every variable, then some statements, then every output.
    fn body(&mut self) {
        for scratch in 0..3 {
            self.b.push(Stmt::ScratchZero(ScratchId(scratch)));
        }
        for (position, dtype) in SCALARS.into_iter().enumerate() {
            for n in 0..2 {
                let value = self.expression(dtype, 0);
                self.b.set(self.vars[2 * position + n], value);
            }
        }
        self.statements(3);
        for (position, output) in self.outputs.clone().into_iter().enumerate() {
            let index = self.b.get(self.index);
            let value = self.b.get(self.vars[2 * position]);
            self.b.store(output, &[index], value);
        }
    }

    fn statements(&mut self, depth: usize) {
        for _ in 0..1 + self.pick(4) {
            if self.at < self.tape.len() {
                self.statement(depth);
            }
        }
    }

    fn nested(&mut self, depth: usize) -> crossover_ir::Block {
        self.block(|generator| generator.statements(depth))
    }

    fn block(&mut self, fill: impl FnOnce(&mut Generator)) -> crossover_ir::Block {
        let mut builder = std::mem::take(&mut self.b);
        let mut outer = None;
        let block = builder.nested(|b| {
            self.b = std::mem::take(b);
            fill(self);
            *b = std::mem::take(&mut self.b);
            outer = Some(());
        });
        self.b = builder;
        block
    }

    fn statement(&mut self, depth: usize) {
        match self.pick(if depth == 0 { 8 } else { 15 }) {
            0..=2 => {
                let position = self.pick(SCALARS.len());
                let value = self.expression(SCALARS[position], 3);
                let which = self.pick(2);
                self.b.set(self.vars[2 * position + which], value);
            }
            3 => self.contribute(),
            4 => self.store(),
            5 => self.scratch_store(),
            6 => self.jump(),
            7 => {
                let cond = self.rarely();
                let code = self.pick(9) as u32;
                self.b.push(Stmt::Trap { cond, code, span: Span::default() });
            }
            8 | 9 => {
                let cond = self.expression(DType::Bool, 3);
                let then = self.nested(depth - 1);
                let otherwise = if self.pick(2) == 0 { Vec::new() } else { self.nested(depth - 1) };
                self.b.push(Stmt::If { cond, then, otherwise, span: Span::default() });
            }
            10 => self.count(depth),
            11 => self.repeat(depth),
            12 => self.parallel(),
            13 => self.row(),
            _ => self.switch(depth),
        }
    }

    /// A condition that holds for few iterations.
    fn rarely(&mut self) -> ValueId {
        let a = self.expression(DType::U32, 2);
        let b = self.b.constant(Scalar::U32(97));
        let rest = self.b.op(Op::RemFloor, &[a, b], DType::U32);
        let c = self.b.constant(Scalar::U32(96));
        self.b.op(Op::Eq, &[rest, c], DType::Bool)
    }

    fn contribute(&mut self) {
        let id = self.pick(4);
        let dtype = [DType::F64, DType::F32, DType::U32, DType::I64][id];
        let value = self.expression(dtype, 2);
        let payload =
            if id == 3 && self.indexed { vec![self.b.get(self.index)] } else { Vec::new() };
        self.b.push(Stmt::Reduce { reduce: ReduceId(id as u32), value, payload });
    }

    fn store(&mut self) {
        let position = self.pick(SCALARS.len());
        let value = self.expression(SCALARS[position], 2);
        let index = self.b.get(self.index);
        self.b.store(self.outputs[position], &[index], value);
    }

    fn scratch_store(&mut self) {
        let which = self.pick(3);
        let dtype = [DType::I32, DType::F64, DType::U32][which];
        let value = self.expression(dtype, 2);
        let index = self.small_index();
        let scratch = ScratchId(which as u32);
        self.b.push(Stmt::ScratchStore { scratch, index, value, span: Span::default() });
    }

    /// Mostly within 0..20, of any integer type.
    fn small_index(&mut self) -> ValueId {
        let dtype = SCALARS[1 + self.pick(4)];
        let wild = self.pick(64) == 0;
        let value = self.expression(dtype, 1);
        if wild {
            return value;
        }
        let twenty = self.b.constant(Scalar::from_bits(dtype, 20));
        self.b.op(Op::RemFloor, &[value, twenty], dtype)
    }

    /// A neighbour of the iteration, wrapped or clamped to the inputs, and rarely neither.
    fn near_index(&mut self) -> ValueId {
        let here = self.b.get(self.index);
        let away = self.pick(7) as i32 - 3;
        let away = self.b.constant(Scalar::I32(away));
        let index = self.b.op(Op::Add, &[here, away], DType::I32);
        let bound = |b: &mut Builder, last| b.constant(Scalar::I32(last));
        match self.pick(16) {
            0 => index,
            1..=8 => {
                let period = bound(&mut self.b, INPUTS as i32);
                self.b.op(Op::RemFloor, &[index, period], DType::I32)
            }
            _ => {
                let (first, last) = (bound(&mut self.b, 0), bound(&mut self.b, INPUTS as i32 - 1));
                let low = self.b.op(Op::Max, &[index, first], DType::I32);
                self.b.op(Op::Min, &[low, last], DType::I32)
            }
        }
    }

    /// Under a condition, so that what follows is reachable.
    fn jump(&mut self) {
        let cond = self.rarely();
        let kind = self.pick(3);
        let inside = self.loops > 0;
        let then = self.block(|generator| {
            generator.b.push(match kind {
                0 if inside => Stmt::Break,
                1 if inside => Stmt::Continue,
                _ => Stmt::Return,
            });
        });
        let otherwise = Vec::new();
        self.b.push(Stmt::If { cond, then, otherwise, span: Span::default() });
    }

    fn variable(&mut self, dtype: DType) -> VarId {
        self.fresh += 1;
        self.b.lane_var(&format!("t{}", self.fresh), dtype)
    }

    fn count(&mut self, depth: usize) {
        let dtype = SCALARS[1 + self.pick(4)];
        let var = self.variable(dtype);
        let (first, trips) = (self.next() as i64 / 8, self.pick(9) as i64);
        let step = [1, -1, 3, -2, 1 << 40][self.pick(5)];
        let (lo, hi) = if step > 0 { (first, first + trips) } else { (first + trips, first) };
        let mut bound = |x: i64| self.b.constant(Scalar::from_bits(dtype, x as u64));
        let (lo, hi) = (bound(lo), bound(hi));
        self.loops += 1;
        self.counting.push(var);
        let body = self.nested(depth - 1);
        self.counting.pop();
        self.loops -= 1;
        let (parallel, span) = (None, Span::default());
        self.b.push(Stmt::For { var, lo, hi, step, body, parallel, span });
    }

    /// A parallel loop over neighbours with a reduction of its own.
    fn parallel(&mut self) {
        let position = 1 + self.pick(SCALARS.len() - 1);
        let dtype = SCALARS[position];
        let ops = [
            [ReduceOp::Add, ReduceOp::Min, ReduceOp::Max],
            [ReduceOp::And, ReduceOp::Or, ReduceOp::Xor],
        ];
        let op = ops[if dtype.is_float() { 0 } else { self.pick(2) }][self.pick(3)];
        let target = self.variable(dtype);
        let start = self.expression(dtype, 1);
        self.b.set(target, start);
        let scope = ReduceScope::Loop;
        let id = self.b.reduce(Reduce { op, dtype, scope, target, payload: Vec::new() });
        let contribute = |generator: &mut Generator, index: ValueId| {
            let near = generator.b.load(generator.inputs[position], &[index]);
            let cond = generator.rarely();
            let other = generator.expression(dtype, 2);
            let then = generator.block(|generator| {
                let reduce = Stmt::Reduce { reduce: id, value: other, payload: Vec::new() };
                generator.b.push(reduce);
                generator.b.push(Stmt::Continue);
            });
            let otherwise = Vec::new();
            generator.b.push(Stmt::If { cond, then, otherwise, span: Span::default() });
            let sum = generator.b.op(Op::Add, &[near, other], dtype);
            generator.b.push(Stmt::Reduce { reduce: id, value: sum, payload: Vec::new() });
        };
        self.over_neighbours(Some(vec![id]), contribute);
        let value = self.b.get(target);
        let which = self.pick(2);
        self.b.set(self.vars[2 * position + which], value);
    }

    /// A loop in order whose iterations have their own elements of a scratch array.
    fn row(&mut self) {
        self.over_neighbours(None, |generator, index| {
            let scratch = ScratchId(2);
            let before = generator.b.inst(InstKind::ScratchLoad { scratch, index }, DType::U32);
            let near = generator.b.load(generator.inputs[2], &[index]);
            let value = generator.b.op(Op::Add, &[before, near], DType::U32);
            let span = Span::default();
            generator.b.push(Stmt::ScratchStore { scratch, index, value, span });
        });
    }

    /// Up to sixty iterations, from a variable bound on.
    fn over_neighbours(
        &mut self,
        parallel: Option<Vec<ReduceId>>,
        body: impl FnOnce(&mut Generator, ValueId),
    ) {
        let var = self.variable(DType::I32);
        let first = [0, 1, 3][self.pick(3)];
        let trips = [0, 1, 4, 15, 16, 17, 21, 40, 60][self.pick(9)];
        let lo = self.b.constant(Scalar::I32(first));
        let mut hi = self.b.constant(Scalar::I32(first + trips));
        if self.pick(2) == 0 {
            // One that differs from iteration to iteration, and is not constant.
            let here = self.b.get(self.index);
            hi = self.b.op(Op::Min, &[hi, here], DType::I32);
        }
        self.counting.push(var);
        let body = self.block(|generator| {
            let index = generator.b.get(var);
            body(generator, index);
        });
        self.counting.pop();
        let (step, span) = (1, Span::default());
        self.b.push(Stmt::For { var, lo, hi, step, body, parallel, span });
    }

    /// At most six rounds.
    fn repeat(&mut self, depth: usize) {
        let rounds = self.variable(DType::I32);
        let zero = self.b.constant(Scalar::I32(0));
        self.b.set(rounds, zero);
        let mut cond = zero;
        let header = self.block(|generator| {
            let wanted = generator.expression(DType::Bool, 2);
            let so_far = generator.b.get(rounds);
            let limit = generator.b.constant(Scalar::I32(6));
            let few = generator.b.op(Op::Lt, &[so_far, limit], DType::Bool);
            cond = generator.b.op(Op::And, &[few, wanted], DType::Bool);
        });
        self.loops += 1;
        let body = self.nested(depth - 1);
        self.loops -= 1;
        let continuing = self.block(|generator| {
            let so_far = generator.b.get(rounds);
            let one = generator.b.constant(Scalar::I32(1));
            let more = generator.b.op(Op::Add, &[so_far, one], DType::I32);
            generator.b.set(rounds, more);
        });
        let span = Span::default();
        self.b.push(Stmt::Loop { header, cond: Some(cond), body, continuing, span });
    }

    fn switch(&mut self, depth: usize) {
        let signed = self.pick(2) == 0;
        let dtype = if signed { DType::I32 } else { DType::U32 };
        let selector = self.expression(dtype, 2);
        let values = if signed { [-1, 0, 3] } else { [1, 0, 0xffff_ffff] };
        let cases = values.map(|value| (value, self.nested(depth - 1))).into();
        let default = self.nested(depth - 1);
        self.b.push(Stmt::Switch { selector, cases, default, span: Span::default() });
    }

    fn expression(&mut self, dtype: DType, depth: usize) -> ValueId {
        let position = SCALARS.iter().position(|t| *t == dtype).expect("a scalar type");
        match self.pick(if depth == 0 { 5 } else { 12 }) {
            0 => {
                let scalar = self.scalar(dtype);
                self.b.constant(scalar)
            }
            1 => self.b.host_get(self.params[position]),
            // Variables are set before the first expression of any depth.
            2 | 3 if depth > 0 => {
                let which = self.pick(2);
                self.b.get(self.vars[2 * position + which])
            }
            4 | 5 if depth > 0 && self.pick(2) == 0 => self.read(dtype, position),
            _ => self.operation(dtype, depth.max(1)),
        }
    }

    /// The iteration, a loop's variable, an input or scratch element: what has the type.
    fn read(&mut self, dtype: DType, position: usize) -> ValueId {
        let counting: Vec<VarId> = self.counting.clone();
        let matching =
            counting.into_iter().find(|var| self.b.lane.vars[var.0 as usize].dtype == dtype);
        if let (Some(var), true) = (matching, self.pick(2) == 0) {
            return self.b.get(var);
        }
        if dtype == DType::I32 && self.pick(3) == 0 {
            return self.b.get(self.index);
        }
        let scratch = [DType::I32, DType::F64, DType::U32].iter().position(|t| *t == dtype);
        if let (Some(which), true) = (scratch, self.pick(2) == 0) {
            let index = self.small_index();
            let scratch = ScratchId(which as u32);
            return self.b.inst(InstKind::ScratchLoad { scratch, index }, dtype);
        }
        let near = self.pick(2) == 0;
        let index = if near { self.near_index() } else { self.small_index() };
        self.b.load(self.inputs[position], &[index])
    }

    /// An op with this result. Bit casts of floats are left out: the bits of a NaN are nobody's.
    fn operation(&mut self, dtype: DType, depth: usize) -> ValueId {
        let mut found = Vec::new();
        for op in Op::ALL.iter().copied() {
            for from in SCALARS {
                if let Some(types) = operands(op, from, dtype) {
                    found.push((op, types));
                }
            }
        }
        let which = self.next() * 256 + self.next();
        let (mut op, types) = found.swap_remove(which % found.len());
        if self.pick(8) != 0 {
            op = match op {
                Op::DivFloor => Op::DivTrunc,
                Op::RemFloor => Op::RemTrunc,
                Op::CastTrap => Op::CastSat,
                total => total,
            };
        }
        let args: Vec<ValueId> = types.iter().map(|t| self.expression(*t, depth - 1)).collect();
        self.b.op(op, &args, dtype)
    }
}

/// Operand types of an op with this result and, where it is free, this operand type.
fn operands(op: Op, from: DType, to: DType) -> Option<Vec<DType>> {
    match op.info().signature {
        Signature::Unary(class) => (from == to && class.contains(to)).then(|| vec![to]),
        Signature::Binary(class) => (from == to && class.contains(to)).then(|| vec![to; 2]),
        Signature::Ternary(class) => (from == to && class.contains(to)).then(|| vec![to; 3]),
        Signature::Shift => (from.is_int() && to.is_int()).then(|| vec![to, from]),
        Signature::Compare(class) => {
            (to == DType::Bool && class.contains(from)).then(|| vec![from; 2])
        }
        Signature::Select => (from == to).then(|| vec![DType::Bool, to, to]),
        Signature::Cast(source, target) => {
            (source.contains(from) && target.contains(to)).then(|| vec![from])
        }
        Signature::Bitcast => {
            let plain = !from.is_float() && from != DType::Bool && to != DType::Bool;
            (plain && from.size() == to.size()).then(|| vec![from])
        }
    }
}
