//! Random kernels, against the reference evaluator: control flow, copies, fused chains, memory,
//! reductions and traps.

use std::sync::atomic::AtomicBool;

use crossover_interpreter::{Options, Profile, Program, RunError, compile, compile_lanes};
use crossover_ir::fixture::Expected;
use crossover_ir::*;
use crossover_values::compare::same;
use crossover_values::{Array, DType, Scalar, Value, philox};
use proptest::prelude::*;

mod support;

use support::{Host, Lane};

const TYPES: [DType; 7] =
    [DType::Bool, DType::I32, DType::U32, DType::I64, DType::U64, DType::F32, DType::F64];
const VARS_PER_TYPE: usize = 2;

/// The nest of a random kernel: rows of so many columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Nest {
    rows: usize,
    columns: usize,
}

/// Few iterations, everything allowed.
const SMALL: Nest = Nest { rows: 5, columns: 8 };
/// Rows of several groups of lanes, and without what never runs in lanes.
const WIDE: Nest = Nest { rows: 2, columns: 150 };

impl Nest {
    fn iterations(self) -> usize {
        self.rows * self.columns
    }
}

/// A stream of choices.
struct Choices {
    seed: u64,
    next: u64,
}

impl Choices {
    fn below(&mut self, n: usize) -> usize {
        self.next += 1;
        philox::stream(self.seed, self.next)[0] as usize % n
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }
}

struct Generator {
    choices: Choices,
    nest: Nest,
    lane: Lane,
    index: VarId,
    vars: Vec<(DType, VarId)>,
    /// Values in scope that later expressions may use.
    values: Vec<(DType, ValueId)>,
    loops: u32,
    made: u32,
}

impl Generator {
    fn var(&mut self, dtype: DType) -> VarId {
        let all: Vec<VarId> =
            self.vars.iter().filter(|(of, _)| *of == dtype).map(|(_, var)| *var).collect();
        self.choices.pick(&all)
    }

    fn constant(&mut self, dtype: DType) -> ValueId {
        let small = self.choices.below(9) as i64 - 4;
        let scalar = match dtype {
            DType::Bool => Scalar::Bool(small > 0),
            DType::F32 => Scalar::F32(small as f32 * 0.75),
            DType::F64 => Scalar::F64(small as f64 * 0.75),
            _ => Scalar::from_bits(dtype, small as u64),
        };
        self.lane.konst(scalar)
    }

    fn expr(&mut self, dtype: DType, depth: u32) -> ValueId {
        self.made += 1;
        self.lane.at(self.made);
        if depth == 0 || self.choices.chance(15) {
            let kept = self.values.iter().rposition(|(of, _)| *of == dtype);
            if let Some(kept) = kept.filter(|_| self.choices.chance(30)) {
                let value = self.values[kept].1;
                if self.choices.chance(80) {
                    self.values.remove(kept);
                }
                return value;
            }
            return if self.choices.chance(75) {
                let var = self.var(dtype);
                self.lane.get(var)
            } else {
                self.constant(dtype)
            };
        }
        if dtype.is_float() && self.choices.chance(60) {
            let op = self.choices.pick(&[Op::Add, Op::Sub, Op::Mul, Op::Mul]);
            return self.op(op, dtype, &[dtype, dtype], depth);
        }
        if dtype == DType::Bool && self.choices.chance(40) {
            let op = self.choices.pick(&[Op::And, Op::Or]);
            return self.op(op, dtype, &[dtype, dtype], depth);
        }
        if matches!(dtype, DType::I32 | DType::F64) && self.choices.chance(15) {
            return self.load(dtype);
        }
        loop {
            let op = self.choices.pick(Op::ALL);
            let signature = op.info().signature;
            let args: Vec<DType> = match signature {
                Signature::Unary(_) => vec![dtype],
                Signature::Binary(_) => vec![dtype, dtype],
                Signature::Ternary(_) => vec![dtype; 3],
                Signature::Shift => vec![dtype, self.choices.pick(&TYPES)],
                Signature::Compare(_) => vec![self.choices.pick(&TYPES); 2],
                Signature::Select => vec![DType::Bool, dtype, dtype],
                Signature::Cast(..) | Signature::Bitcast => vec![self.choices.pick(&TYPES)],
            };
            // What traps for most operands would leave nothing else to test.
            let rare = !op.info().traps || self.choices.chance(4);
            if signature.check(dtype, &args) && rare {
                return self.op(op, dtype, &args, depth);
            }
        }
    }

    fn op(&mut self, op: Op, dtype: DType, args: &[DType], depth: u32) -> ValueId {
        let mut values: Vec<ValueId> = args.iter().map(|arg| self.expr(*arg, depth - 1)).collect();
        if op == Op::Bitcast && args[0].is_float() {
            // Which NaN it is, the language leaves open: the smaller of it and infinity is infinity.
            let infinity = if args[0] == DType::F32 {
                Scalar::F32(f32::INFINITY)
            } else {
                Scalar::F64(f64::INFINITY)
            };
            let infinity = self.lane.konst(infinity);
            values[0] = self.lane.op(Op::Min, args[0], &[infinity, values[0]]);
        }
        self.made += 1;
        self.lane.at(self.made);
        self.lane.op(op, dtype, &values)
    }

    /// An element of `ints` or `floats`, at a place that is mostly inside.
    fn load(&mut self, dtype: DType) -> ValueId {
        let index = self.lane.get(self.index);
        // Over many lanes the integers change, so that only the own one may be read.
        let own = self.nest == WIDE && dtype == DType::I32;
        let index = if self.choices.chance(3) && !own {
            let far = self.lane.konst(Scalar::I32(self.nest.iterations() as i32 / 2));
            self.lane.op(Op::Add, DType::I32, &[index, far])
        } else {
            index
        };
        if dtype == DType::I32 {
            self.lane.load(dtype, 0, &[index])
        } else {
            let column = self.lane.konst(Scalar::U64(self.choices.below(2) as u64));
            self.lane.load(dtype, 1, &[index, column])
        }
    }

    fn block(&mut self, statements: usize, depth: u32, in_loop: bool) {
        for _ in 0..statements {
            match self.choices.below(14) {
                0 | 1 if depth > 0 => self.if_else(depth, in_loop),
                2 if depth > 0 => self.while_loop(depth),
                3 if depth > 0 => self.for_loop(depth),
                4 if in_loop && depth == 0 => {
                    let cond = self.expr(DType::Bool, 2);
                    let leave = if self.choices.chance(50) { Stmt::Break } else { Stmt::Continue };
                    self.lane.if_else(cond, |lane| lane.push(leave), |_| {});
                }
                5 => self.copies(),
                6 => self.scratch(),
                7 => self.atomic(),
                8 | 9 => {
                    let dtype =
                        self.choices.pick(&[DType::F64, DType::F32, DType::I32, DType::Bool]);
                    let value = self.expr(dtype, 2);
                    self.values.push((dtype, value));
                }
                _ => self.assign(),
            }
        }
    }

    fn assign(&mut self) {
        let dtype = self.choices.pick(&TYPES);
        let var = self.var(dtype);
        let value = self.expr(dtype, 4);
        self.lane.set(var, value);
    }

    /// `a, b = f(a, b), g(a, b)`.
    fn copies(&mut self) {
        let dtype = self.choices.pick(&[DType::F64, DType::F32, DType::I32]);
        let (a, b) = (self.var(dtype), self.var(dtype));
        let values = [self.expr(dtype, 3), self.expr(dtype, 3)];
        self.lane.set(a, values[0]);
        self.lane.set(b, values[1]);
    }

    fn scratch(&mut self) {
        let index = self.expr(DType::U32, 1);
        let eight = self.lane.konst(Scalar::U32(8));
        let index = self.lane.op(Op::RemTrunc, DType::U32, &[index, eight]);
        let (scratch, span) =
            (ScratchId(0), Span { file: 0, start: self.made, end: self.made + 1 });
        let var = self.var(DType::U32);
        match self.choices.below(3) {
            0 => self.lane.push(Stmt::ScratchZero(scratch)),
            1 => {
                let value = self.expr(DType::U32, 2);
                self.lane.push(Stmt::ScratchStore { scratch, index, value, span });
            }
            _ => {
                let kind = InstKind::ScratchLoad { scratch, index };
                let value = self.lane.eval(DType::U32, kind);
                self.lane.set(var, value);
            }
        }
    }

    fn atomic(&mut self) {
        if self.nest == WIDE {
            return if self.choices.seed.is_multiple_of(3) {
                self.commutative()
            } else {
                self.store_own()
            };
        }
        let op = self.choices.pick(&[
            AtomicOp::Add,
            AtomicOp::Min,
            AtomicOp::Max,
            AtomicOp::And,
            AtomicOp::Or,
            AtomicOp::Xor,
            AtomicOp::Exchange,
            AtomicOp::CompareExchange,
            AtomicOp::Load,
            AtomicOp::Store,
        ]);
        let operands = match op {
            AtomicOp::Load => 0,
            AtomicOp::CompareExchange => 2,
            _ => 1,
        };
        let place = self.lane.konst(Scalar::I32(self.choices.below(4) as i32));
        let args = (0..operands).map(|_| self.expr(DType::I32, 2)).collect();
        let kind = InstKind::Atomic(Atomic { op, array: ArrayId(2), indices: vec![place], args });
        let old = self.lane.eval(DType::I32, kind);
        if op != AtomicOp::Store {
            let var = self.var(DType::I32);
            self.lane.set(var, old);
        }
    }

    /// Changes what the iteration also loads.
    fn store_own(&mut self) {
        let value = self.expr(DType::I32, 2);
        let index = self.lane.get(self.index);
        self.lane.store(0, &[index], value);
    }

    /// One operation per kernel, its result unused: the order does not show.
    fn commutative(&mut self) {
        let ops = [AtomicOp::Add, AtomicOp::Min, AtomicOp::Max, AtomicOp::Xor];
        let op = ops[self.choices.seed as usize % ops.len()];
        let place = self.lane.konst(Scalar::I32(self.choices.below(4) as i32));
        let (array, indices) = (ArrayId(2), vec![place]);
        let args = vec![self.expr(DType::I32, 2)];
        let kind = InstKind::Atomic(Atomic { op, array, indices, args });
        self.lane.eval(DType::I32, kind);
    }

    /// Runs `body` with its statements collected into a block.
    fn collect(&mut self, body: impl FnOnce(&mut Generator)) -> Block {
        self.lane.open();
        let outside = self.values.clone();
        body(self);
        self.values = outside;
        self.lane.close()
    }

    fn if_else(&mut self, depth: u32, in_loop: bool) {
        let cond = self.expr(DType::Bool, 3);
        let then = self.collect(|this| this.block(2, depth - 1, in_loop));
        let otherwise = self.collect(|this| {
            let statements = this.choices.below(3);
            this.block(statements, depth - 1, in_loop);
        });
        let span = Span { file: 0, start: self.made, end: self.made + 1 };
        self.lane.push(Stmt::If { cond, then, otherwise, span });
    }

    fn fresh(&mut self, dtype: DType) -> VarId {
        self.loops += 1;
        let name = format!("k{}", self.loops);
        self.lane.var(&name, dtype)
    }

    /// At most a few rounds; what counts them stands in the continuing block or in the body.
    fn while_loop(&mut self, depth: u32) {
        let k = self.fresh(DType::I32);
        let zero = self.lane.konst(Scalar::I32(0));
        self.lane.set(k, zero);
        let rounds = self.choices.below(7) as i32;
        let lazy = self.choices.chance(60);
        let mut cond = None;
        let header = self.collect(|this| {
            let count = this.lane.get(k);
            let limit = this.lane.konst(Scalar::I32(rounds));
            let more = this.lane.op(Op::Lt, DType::Bool, &[count, limit]);
            cond = Some(if lazy {
                let other = this.expr(DType::Bool, 4);
                this.lane.op(Op::And, DType::Bool, &[more, other])
            } else {
                more
            });
        });
        let straight = self.choices.chance(50);
        let step = |this: &mut Generator| {
            let count = this.lane.get(k);
            let one = this.lane.konst(Scalar::I32(1));
            let next = this.lane.op(Op::Add, DType::I32, &[count, one]);
            this.lane.set(k, next);
        };
        let body = self.collect(|this| {
            if straight {
                (0..3).for_each(|_| this.copies());
                step(this);
            } else {
                this.block(3, depth - 1, true);
            }
        });
        let continuing = self.collect(|this| {
            if !straight {
                step(this)
            }
        });
        let span = Span { file: 0, start: self.made, end: self.made + 1 };
        self.lane.push(Stmt::Loop { header, cond, body, continuing, span });
    }

    fn for_loop(&mut self, depth: u32) {
        if self.nest == WIDE && self.choices.chance(40) {
            return self.own_trips(depth);
        }
        let dtype = self.choices.pick(&[DType::I32, DType::U32, DType::I64, DType::U64]);
        let k = self.fresh(dtype);
        let lo = self.choices.below(5) as i64;
        let hi = self.choices.below(8) as i64;
        let step = self.choices.pick(&[1, -1, 2, -3, 5]);
        let [lo, hi] = [lo, hi].map(|bits| self.lane.konst(Scalar::from_bits(dtype, bits as u64)));
        let body = self.collect(|this| {
            let index = this.lane.get(k);
            let var = this.var(dtype);
            this.lane.set(var, index);
            this.block(2, depth - 1, true);
        });
        let span = Span { file: 0, start: self.made, end: self.made + 1 };
        self.lane.push(Stmt::For { var: k, lo, hi, step, body, parallel: None, span });
    }
}

impl Generator {
    /// A counted loop with bounds that differ between iterations, maybe with an end of all.
    fn own_trips(&mut self, depth: u32) {
        let k = self.fresh(DType::I32);
        let bounds = [0, 1].map(|_| {
            let [value, mask] = [self.expr(DType::I32, 2), self.lane.konst(Scalar::I32(7))];
            self.lane.op(Op::And, DType::I32, &[value, mask])
        });
        let from_zero = self.choices.chance(50);
        let zero = self.lane.konst(Scalar::I32(0));
        let lo = if from_zero { zero } else { bounds[0] };
        let ends = self.choices.chance(30);
        let body = self.collect(|this| {
            this.block(2, depth - 1, true);
            if ends {
                let cond = this.expr(DType::Bool, 2);
                this.lane.if_else(cond, |lane| lane.push(Stmt::Return), |_| {});
            }
        });
        let span = Span { file: 0, start: self.made, end: self.made + 1 };
        let hi = bounds[1];
        self.lane.push(Stmt::For { var: k, lo, hi, step: 1, body, parallel: None, span });
    }
}

/// A random kernel: arrays ints, floats and cells go in, an array per type and reductions come out.
fn kernel(seed: u64, nest: Nest) -> Valid<Module> {
    let mut host = Host::default();
    host.array_param("ints", DType::I32, 1);
    host.array_param("floats", DType::F64, 2);
    host.array_param("cells", DType::I32, 1);
    for dtype in TYPES {
        host.array_param(&format!("out_{dtype}"), dtype, 2);
    }
    let total = host.var("total", DType::F32);
    let best = host.var("best", DType::I32);
    let at = host.var("at", DType::I32);
    for (var, value) in
        [(total, Scalar::F32(0.5)), (best, Scalar::I32(i32::MIN)), (at, Scalar::I32(-1))]
    {
        let value = host.konst(value);
        host.set(var, value);
    }
    let mut lane = Lane::default();
    let row = lane.var("row", DType::I32);
    let column = lane.var("column", DType::I64);
    let index = lane.var("index", DType::I32);
    let region = ReduceScope::Region;
    lane.code.reduces = vec![
        Reduce {
            op: ReduceOp::Add,
            dtype: DType::F32,
            scope: region,
            target: total,
            payload: vec![],
        },
        Reduce {
            op: if nest == SMALL { ReduceOp::ArgMax } else { ReduceOp::Max },
            dtype: DType::I32,
            scope: region,
            target: best,
            payload: if nest == SMALL { vec![at] } else { vec![] },
        },
    ];
    lane.code.scratch.push(Scratch { name: "scratch".to_owned(), dtype: DType::U32, len: 8 });
    let choices = Choices { seed, next: 0 };
    let mut generator = Generator {
        choices,
        nest,
        lane,
        index,
        vars: Vec::new(),
        values: Vec::new(),
        loops: 0,
        made: 0,
    };
    generator.flat_index(row, column);
    generator.lane.push(Stmt::ScratchZero(ScratchId(0)));
    for dtype in TYPES {
        for number in 0..VARS_PER_TYPE {
            let var = generator.lane.var(&format!("{dtype}{number}"), dtype);
            let start = generator.constant(dtype);
            generator.lane.set(var, start);
            generator.vars.push((dtype, var));
        }
    }
    generator.start();
    generator.block(7, 3, false);
    generator.results();
    let code = generator.lane.finish();
    let zero = host.konst(Scalar::I32(0));
    let rows = host.konst(Scalar::I32(nest.rows as i32));
    let (start, end) =
        (host.konst(Scalar::I64(9)), host.konst(Scalar::I64(10 - 2 * nest.columns as i64)));
    host.region(vec![Host::axis(row, zero, rows, 1), Host::axis(column, start, end, -2)], code);
    host.returns(&[total, best, at]);
    host.module("")
}

impl Generator {
    /// `index = row * columns + (9 - column) // 2`, the flattened index.
    fn flat_index(&mut self, row: VarId, column: VarId) {
        let lane = &mut self.lane;
        let [row, column] = [lane.get(row), lane.get(column)];
        let columns = Scalar::I32(self.nest.columns as i32);
        let [columns, nine, two] =
            [columns, Scalar::I64(9), Scalar::I64(2)].map(|value| lane.konst(value));
        let base = lane.op(Op::Mul, DType::I32, &[row, columns]);
        let offset = lane.op(Op::Sub, DType::I64, &[nine, column]);
        let offset = lane.op(Op::DivFloor, DType::I64, &[offset, two]);
        let offset = lane.op(Op::CastWrap, DType::I32, &[offset]);
        let flat = lane.op(Op::Add, DType::I32, &[base, offset]);
        lane.set(self.index, flat);
    }

    /// Makes iterations differ.
    fn start(&mut self) {
        for dtype in [DType::I32, DType::F64] {
            let var = self.var(dtype);
            let index = self.lane.get(self.index);
            let value = if dtype == DType::I32 {
                self.lane.load(dtype, 0, &[index])
            } else {
                let column = self.lane.konst(Scalar::I32(1));
                self.lane.load(dtype, 1, &[index, column])
            };
            self.lane.set(var, value);
        }
    }

    fn results(&mut self) {
        for (number, (dtype, var)) in self.vars.clone().into_iter().enumerate() {
            let index = self.lane.get(self.index);
            let column = self.lane.konst(Scalar::I32((number % VARS_PER_TYPE) as i32));
            let value = self.lane.get(var);
            let array =
                3 + TYPES.iter().position(|of| *of == dtype).expect("one of the types") as u32;
            self.lane.store(array, &[index, column], value);
        }
        let single = self.var(DType::F32);
        let cond = self.expr(DType::Bool, 2);
        let value = self.lane.get(single);
        self.lane.if_else(cond, |lane| lane.reduce(0, value, &[]), |_| {});
        let int = self.var(DType::I32);
        let [value, at] = [self.lane.get(int), self.lane.get(self.index)];
        let payload = [at];
        self.lane.reduce(1, value, if self.nest == SMALL { &payload } else { &[] });
    }
}

fn arguments(seed: u64, nest: Nest) -> Vec<Value> {
    let n = nest.iterations();
    let word = |i: usize| philox::stream(!seed, i as u64)[1];
    let mut ints = Array::zeros(DType::I32, &[n]);
    (0..n).for_each(|i| ints.set(i, Scalar::I32(word(i) as i32 >> (word(i) % 31))));
    let mut floats = Array::zeros(DType::F64, &[n, 2]);
    (0..2 * n).for_each(|i| floats.set(i, Scalar::F64(word(n + i) as i32 as f64 / 1e9)));
    let cells = Array::zeros(DType::I32, &[4]);
    let outs = TYPES.map(|dtype| Array::zeros(dtype, &[n, VARS_PER_TYPE]));
    [ints, floats, cells].into_iter().chain(outs).map(Value::Array).collect()
}

fn outputs(
    module: &Valid<Module>,
    program: &Program,
    arguments: &[Value],
    options: &mut Options<'_>,
) -> Result<Vec<Value>, Trap> {
    let mut arguments = arguments.to_vec();
    match program.run(&mut arguments, options) {
        Ok(outcome) => {
            let roles = signature(&module.kernels[0]).params;
            let written =
                arguments.into_iter().zip(roles).filter(|(_, role)| role.role.is_output());
            Ok(written.map(|(value, _)| value).chain(outcome.returned).collect())
        }
        Err(RunError::Trap(trap)) => Err(trap),
        Err(other) => panic!("{other}"),
    }
}

/// The first element of the first array that differs: arrays are long.
fn difference(
    expected: &Result<Vec<Value>, Trap>,
    got: &Result<Vec<Value>, Trap>,
) -> Option<String> {
    let (Ok(expected), Ok(got)) = (expected, got) else { return None };
    let pairs = expected.iter().zip(got).enumerate();
    let mut arrays = pairs.filter_map(|(number, pair)| match pair {
        (Value::Array(expected), Value::Array(got)) => Some((number, expected, got)),
        _ => None,
    });
    arrays.find_map(|(number, expected, got)| {
        let element = |i: &usize| expected.get(*i).zip(got.get(*i));
        let differs = |i: &usize| element(i).is_some_and(|(a, b)| !same(a, b));
        let i = (0..expected.shape().iter().product()).find(differs)?;
        let (expected, got) = element(&i)?;
        Some(format!("array {number}, element {i}: {expected} is {got}"))
    })
}

/// Every mode, and the form in lanes, gives what the reference gives, traps included.
fn check(seed: u64, nest: Nest) {
    let module = kernel(seed, nest);
    let arguments = arguments(seed, nest);
    let expected = reference::run(&module, 0, &arguments);
    let (scalar, lanes) = (compile(&module, 0), compile_lanes(&module, 0));
    let (scalar, lanes) = (scalar.expect("it compiles"), lanes.expect("it compiles"));
    let mut profile = Profile::default();
    let cancel = AtomicBool::new(false);
    for (program, mut options) in [
        (&scalar, Options::default()),
        (&scalar, Options { profile: Some(&mut profile), ..Options::default() }),
        (
            &scalar,
            Options { count_back_edges: true, check_independence: true, ..Options::default() },
        ),
        (&lanes, Options::default()),
        (&lanes, Options { cancel: Some(&cancel), ..Options::default() }),
    ] {
        let got = outputs(&module, program, &arguments, &mut options);
        let run = fixture::Run {
            line: 0,
            kernel: 0,
            arguments: Vec::new(),
            expected: match &expected {
                Ok(values) => Expected::Outputs(values.clone()),
                Err(trap) => Expected::Trap(trap.render(&module)),
            },
        };
        if let Err(mismatch) = run.check(&module, &got) {
            let what = difference(&expected, &got).unwrap_or(mismatch.to_string());
            let listing = program.disassemble();
            panic!("seed {seed}: {what}\n{}\n{listing}", print(&module));
        }
        if let (Err(expected), Err(got)) = (&expected, &got) {
            assert_eq!(expected, got, "seed {seed}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_reference(seed: u64) {
        check(seed, SMALL);
    }

    #[test]
    fn agrees_with_the_reference_over_many_lanes(seed: u64) {
        check(seed, WIDE);
    }
}

/// Random kernels would prove little if most of them trapped.
#[test]
fn most_random_kernels_run() {
    for nest in [SMALL, WIDE] {
        let runs =
            |seed: &u64| reference::run(&kernel(*seed, nest), 0, &arguments(*seed, nest)).is_ok();
        let ran = (0..60).filter(runs).count();
        assert!((30..60).contains(&ran), "{ran} of 60");
    }
}

/// Nor would those for lanes if most of them were refused.
#[test]
fn most_wide_kernels_run_in_lanes() {
    let refused = |seed: &u64| {
        let program = compile_lanes(&kernel(*seed, WIDE), 0).expect("it compiles");
        !program.refusals().is_empty()
    };
    let refused = (0..100).filter(refused).count();
    assert!(refused < 50, "{refused} of 100");
}
