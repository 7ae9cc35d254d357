//! Every op on every type it takes, over edge values, against the executable meaning of the table;
//! with variable operands and, for binary ops, with constant ones. Rows that would raise a signal
//! on the bare machine are among them: the test process lives.
#![allow(clippy::unwrap_used, reason = "a test's own mistakes end the test")]

mod common;

use common::{Builder, array_of, element, same};
use crossover_cranelift::{Compiled, Lanes, Options, RunError, RunOptions, compile};
use crossover_ir::{Op, Signature, TrapKind, eval};
use crossover_values::{DType, Scalar, Value};

const SCALARS: [DType; 7] =
    [DType::Bool, DType::I32, DType::U32, DType::I64, DType::U64, DType::F32, DType::F64];

fn edges(dtype: DType) -> Vec<Scalar> {
    let integers: [i128; 30] = [
        0,
        1,
        2,
        3,
        5,
        7,
        8,
        31,
        32,
        33,
        63,
        64,
        65,
        100,
        -1,
        -2,
        -3,
        -7,
        -8,
        -33,
        0x7fff_ffff,
        0x8000_0000,
        0xffff_ffff,
        0x1_0000_0000,
        -0x8000_0000,
        -0x8000_0001,
        0x7fff_ffff_ffff_ffff,
        0x8000_0000_0000_0000,
        0x1234_5678_9abc_def0,
        0x0100_0001,
    ];
    let floats = [
        0.0,
        1.0,
        0.5,
        1.5,
        2.5,
        3.5,
        0.999_999_9,
        2_147_483_647.0,
        2_147_483_647.5,
        2_147_483_648.0,
        2_147_483_648.9,
        2_147_483_649.0,
        4_294_967_295.0,
        4_294_967_295.9,
        4_294_967_296.0,
        9_223_372_036_854_774_784.0,
        9_223_372_036_854_775_808.0,
        18_446_744_073_709_549_568.0,
        18_446_744_073_709_551_616.0,
        1e-310,
        1e-40,
        1e30,
        1e300,
        16_777_217.0,
        8_388_607.5,
        0.1,
        f64::INFINITY,
        f64::NAN,
    ];
    let signed = || floats.iter().flat_map(|x| [*x, -*x]);
    match dtype {
        DType::Bool => vec![Scalar::Bool(false), Scalar::Bool(true)],
        DType::F32 => signed().map(|x| Scalar::F32(x as f32)).collect(),
        DType::F64 => signed().map(Scalar::F64).collect(),
        int => integers.iter().map(|x| Scalar::from_bits(int, *x as u64)).collect(),
    }
}

/// Argument types and result type of every instance of an op.
fn instances(op: Op) -> Vec<(Vec<DType>, DType)> {
    let mut found = Vec::new();
    for t in SCALARS {
        match op.info().signature {
            Signature::Unary(class) if class.contains(t) => found.push((vec![t], t)),
            Signature::Binary(class) if class.contains(t) => found.push((vec![t; 2], t)),
            Signature::Ternary(class) if class.contains(t) => found.push((vec![t; 3], t)),
            Signature::Compare(class) if class.contains(t) => found.push((vec![t; 2], DType::Bool)),
            Signature::Select => found.push((vec![DType::Bool, t, t], t)),
            Signature::Shift | Signature::Cast(..) | Signature::Bitcast => {
                for s in SCALARS {
                    let int = |d: DType| d.is_int();
                    match op.info().signature {
                        Signature::Shift if int(s) && int(t) => found.push((vec![t, s], t)),
                        Signature::Cast(from, to) if from.contains(s) && to.contains(t) => {
                            found.push((vec![s], t));
                        }
                        Signature::Bitcast
                            if s.size() == t.size() && s != DType::Bool && t != DType::Bool =>
                        {
                            found.push((vec![s], t));
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    found
}

/// All combinations of edge values; ternary ops take a part of them.
fn rows(types: &[DType]) -> Vec<Vec<Scalar>> {
    let mut rows: Vec<Vec<Scalar>> = vec![Vec::new()];
    for dtype in types {
        let values = edges(*dtype);
        let step = if types.len() == 3 { 3 } else { 1 };
        rows = rows
            .iter()
            .flat_map(|row| {
                values.iter().step_by(step).map(|value| {
                    let mut longer = row.clone();
                    longer.push(*value);
                    longer
                })
            })
            .collect();
    }
    rows
}

/// `out[i] = op(a[i], b[i], …)` with the operands of `constants` in place of their arrays.
fn kernel(
    op: Op,
    types: &[DType],
    result: DType,
    constants: &[Option<Scalar>],
) -> crossover_ir::Valid<crossover_ir::Module> {
    let mut b = Builder::new();
    let out = b.array("out", result, 1);
    let sources: Vec<_> =
        types.iter().enumerate().map(|(at, t)| b.array(&format!("a{at}"), *t, 1)).collect();
    let axis = b.axis(out, 0);
    let i = b.get(axis.index);
    let mut args = Vec::new();
    for (source, constant) in sources.iter().zip(constants) {
        args.push(match constant {
            Some(scalar) => b.constant(*scalar),
            None => b.load(*source, &[i]),
        });
    }
    let value = b.op(op, &args, result);
    b.store(out, &[i], value);
    b.region(vec![axis], &[])
}

fn check(op: Op, types: &[DType], result: DType, constants: &[Option<Scalar>]) {
    let module = kernel(op, types, result, constants);
    for lanes in [Lanes::Off, Lanes::All] {
        let compiled = compile(&module, 0, &Options { lanes, ..Options::default() }).unwrap();
        check_compiled(&compiled, op, types, result, constants);
    }
}

fn check_compiled(
    compiled: &Compiled,
    op: Op,
    types: &[DType],
    result: DType,
    constants: &[Option<Scalar>],
) {
    let rows: Vec<Vec<Scalar>> = rows(types)
        .into_iter()
        .filter(|row| row.iter().zip(constants).all(|(x, c)| c.is_none_or(|c| c == *x)))
        .collect();
    let expected: Vec<_> = rows.iter().map(|row| eval(op, result, row)).collect();
    // Rows that trap run alone, all others at once.
    let (good, bad): (Vec<usize>, Vec<usize>) =
        (0..rows.len()).partition(|row| expected[*row].is_ok());
    let arguments = |picked: &[usize]| -> Vec<Value> {
        let zeros = vec![Scalar::from_bits(result, 0); picked.len()];
        let mut all = vec![Value::Array(array_of(result, &zeros))];
        for (position, dtype) in types.iter().enumerate() {
            let column: Vec<Scalar> = picked.iter().map(|row| rows[*row][position]).collect();
            all.push(Value::Array(array_of(*dtype, &column)));
        }
        all
    };
    let mut all = arguments(&good);
    compiled.run(&mut all, &RunOptions::default()).unwrap();
    for (position, row) in good.iter().enumerate() {
        let (got, want) = (element(&all[0], position), *expected[*row].as_ref().unwrap());
        assert!(same(got, want), "{} {:?}: {got:?}, not {want:?}", op.info().name, rows[*row]);
    }
    for row in bad.iter().take(40) {
        let error = compiled.run(&mut arguments(&[*row]), &RunOptions::default()).unwrap_err();
        let RunError::Trap(trap) = error else { panic!("{error}") };
        assert_eq!(Err(trap.kind), expected[*row], "{} {:?}", op.info().name, rows[*row]);
        assert_eq!(trap.iteration, Some(0));
    }
    assert!(op.info().traps || bad.is_empty());
}

fn check_ops(part: impl Fn(Signature) -> bool) {
    for op in Op::ALL.iter().copied().filter(|op| part(op.info().signature)) {
        for (types, result) in instances(op) {
            check(op, &types, result, &vec![None; types.len()]);
        }
    }
}

#[test]
fn unary_ops() {
    check_ops(|signature| matches!(signature, Signature::Unary(_)));
}

#[test]
fn binary_ops() {
    check_ops(|signature| matches!(signature, Signature::Binary(_)));
}

#[test]
fn ternary_ops_and_select() {
    check_ops(|signature| matches!(signature, Signature::Ternary(_) | Signature::Select));
}

#[test]
fn comparisons() {
    check_ops(|signature| matches!(signature, Signature::Compare(_)));
}

#[test]
fn shifts_take_counts_of_any_integer_type() {
    check_ops(|signature| matches!(signature, Signature::Shift));
}

#[test]
fn casts() {
    check_ops(|signature| matches!(signature, Signature::Cast(..) | Signature::Bitcast));
}

/// Divisors known when compiling take other ways: shifts, masks, no guards.
#[test]
fn division_by_constants() {
    for op in [Op::DivFloor, Op::RemFloor, Op::DivTrunc, Op::RemTrunc] {
        for dtype in [DType::I32, DType::U32, DType::I64, DType::U64] {
            for divisor in [0_i64, 1, 2, 3, 7, 8, 64, 0x8000_0000, -1, -2, -3, -8, -0x8000_0000] {
                let divisor = Scalar::from_bits(dtype, divisor as u64);
                if edges(dtype).contains(&divisor) {
                    check(op, &[dtype; 2], dtype, &[None, Some(divisor)]);
                }
            }
        }
    }
}

#[test]
fn division_by_zero_names_the_dividend() {
    let types = [DType::I64; 2];
    let module = kernel(Op::DivFloor, &types, DType::I64, &[None, None]);
    let compiled = compile(&module, 0, &Options::default()).unwrap();
    let column = |values: [i64; 3]| Value::Array(array_of(DType::I64, &values.map(Scalar::I64)));
    let mut arguments = [column([0; 3]), column([5, i64::MIN, 7]), column([1, 0, 0])];
    let error = compiled.run(&mut arguments, &RunOptions::default()).unwrap_err();
    let RunError::Trap(trap) = error else { panic!("{error}") };
    assert_eq!(trap.kind, TrapKind::DivisionByZero { dividend: Scalar::I64(i64::MIN) });
    assert_eq!(trap.iteration, Some(1));
    assert_eq!(arguments[1].as_array().unwrap().len(), 3, "arguments come back after a trap");
}
