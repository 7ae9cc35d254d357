//! Every op of the table on every type, on all combinations of edge values, against its meaning.

use crossover_interpreter::{CompileError, Options, Program, RunError, compile, compile_lanes};
use crossover_ir::{ArrayId, Module, Op, Trap, Valid, eval};
use crossover_values::compare::same;
use crossover_values::{Array, DType, Scalar, Value};

mod support;

use support::{Host, Lane};

const TYPES: [DType; 7] =
    [DType::Bool, DType::I32, DType::U32, DType::I64, DType::U64, DType::F32, DType::F64];

/// Values where ops change their behaviour: ends of types, zeros, halves, what just fits or just
/// does not fit an integer type.
fn edges(dtype: DType) -> Vec<Scalar> {
    const FLOATS: [f64; 25] = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        -0.5,
        1.5,
        2.5,
        -2.5,
        3.75,
        1e-310,
        1e30,
        -1e300,
        2_147_483_520.0,
        2_147_483_647.0,
        2_147_483_648.0,
        -2_147_483_648.0,
        -2_147_483_649.0,
        4_294_967_295.0,
        4_294_967_296.0,
        9_223_372_036_854_775_808.0,
        1.8446744073709552e19,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
    ];
    const INTS: [i64; 14] =
        [0, 1, -1, 2, 3, -3, 7, 31, 33, 64, i32::MAX as i64, i32::MIN as i64, i64::MAX, i64::MIN];
    match dtype {
        DType::Bool => vec![Scalar::Bool(false), Scalar::Bool(true)],
        DType::F32 => FLOATS.iter().map(|x| Scalar::F32(*x as f32)).collect(),
        DType::F64 => FLOATS.iter().map(|x| Scalar::F64(*x)).collect(),
        _ => INTS.iter().map(|x| Scalar::from_bits(dtype, *x as u64)).collect(),
    }
}

/// `out[i] = op(a[i], b[i], …)`.
fn kernel(op: Op, result: DType, args: &[DType]) -> Valid<Module> {
    let mut host = Host::default();
    host.array_param("out", result, 1);
    for (number, dtype) in args.iter().enumerate() {
        host.array_param(&format!("in{number}"), *dtype, 1);
    }
    let zero = host.konst(Scalar::I32(0));
    let n = host.extent(ArrayId(0), 0);
    let mut lane = Lane::default();
    let i = lane.var("i", DType::I32);
    let index = lane.get(i);
    let operands: Vec<_> = args
        .iter()
        .enumerate()
        .map(|(number, dtype)| lane.load(*dtype, number as u32 + 1, &[index]))
        .collect();
    let value = lane.op(op, result, &operands);
    lane.store(0, &[index], value);
    host.region(vec![Host::axis(i, zero, n, 1)], lane.finish());
    host.returns(&[]);
    host.module("")
}

fn column(dtype: DType, values: impl Iterator<Item = Scalar>) -> Value {
    let values: Vec<Scalar> = values.collect();
    let mut array = Array::zeros(dtype, &[values.len()]);
    values.into_iter().enumerate().for_each(|(i, value)| array.set(i, value));
    Value::Array(array)
}

/// All combinations of one value from each list.
fn combinations(lists: &[Vec<Scalar>]) -> Vec<Vec<Scalar>> {
    lists.iter().fold(vec![Vec::new()], |rows, list| {
        let extend = |row: &Vec<Scalar>| {
            let row = row.clone();
            list.iter().map(move |value| [row.clone(), vec![*value]].concat()).collect::<Vec<_>>()
        };
        rows.iter().flat_map(extend).collect()
    })
}

type Compile = fn(&Valid<Module>, usize) -> Result<Program, CompileError>;

fn run(
    compile: Compile,
    module: &Valid<Module>,
    result: DType,
    args: &[DType],
    rows: &[Vec<Scalar>],
) -> Result<Array, Trap> {
    let program = compile(module, 0).expect("it compiles");
    let mut arguments = vec![Value::Array(Array::zeros(result, &[rows.len()]))];
    for (number, dtype) in args.iter().enumerate() {
        arguments.push(column(*dtype, rows.iter().map(|row| row[number])));
    }
    match program.run(&mut arguments, &mut Options::default()) {
        Ok(_) => match arguments.swap_remove(0) {
            Value::Array(array) => Ok(array),
            Value::Scalar(_) => panic!("an array goes in, an array comes out"),
        },
        Err(RunError::Trap(trap)) => Err(trap),
        Err(other) => panic!("{other}"),
    }
}

fn check(compile: Compile, op: Op, result: DType, args: &[DType]) {
    let module = kernel(op, result, args);
    let lists: Vec<Vec<Scalar>> = args.iter().map(|dtype| edges(*dtype)).collect();
    let rows = combinations(&lists);
    let (good, bad): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|row| eval(op, result, row).is_ok());
    let outputs = run(compile, &module, result, args, &good).expect("nothing traps");
    for (i, row) in good.iter().enumerate() {
        let (expected, got) =
            (eval(op, result, row).expect("sorted"), outputs.get(i).expect("in range"));
        assert!(same(expected, got), "{op:?} {args:?} {row:?}: {expected} is {got}");
    }
    for row in bad {
        let expected = eval(op, result, &row).expect_err("sorted");
        let trap = run(compile, &module, result, args, std::slice::from_ref(&row))
            .expect_err("the op traps");
        assert_eq!(trap.kind, expected, "{op:?} {args:?} {row:?}");
        assert_eq!(trap.iteration, Some(0));
    }
}

/// All typings of an op, found by asking its signature.
fn check_op(op: Op) -> usize {
    let signature = op.info().signature;
    let arity = signature.arity();
    let mut typings = 0;
    for result in TYPES {
        for code in 0..TYPES.len().pow(arity as u32) {
            let args: Vec<DType> = (0..arity as u32)
                .map(|place| TYPES[code / TYPES.len().pow(place) % TYPES.len()])
                .collect();
            if signature.check(result, &args) {
                check(compile, op, result, &args);
                check(compile_lanes, op, result, &args);
                typings += 1;
            }
        }
    }
    typings
}

#[test]
fn every_op_on_every_type() {
    for op in Op::ALL {
        assert!(check_op(*op) > 0, "{op:?} has no typing");
    }
}
