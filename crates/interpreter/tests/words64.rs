//! The library of 64-bit integers on words of 32 bits, on the interpreter, against the op table.

use crossover_interpreter::{Options, compile};
use crossover_ir::words64::{is_wide, library, routine_name};
use crossover_ir::{Op, Stmt, eval};
use crossover_values::compare::same;
use crossover_values::{Array, DType, Scalar, Value};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

const TYPES: [DType; 7] =
    [DType::Bool, DType::I32, DType::U32, DType::I64, DType::U64, DType::F32, DType::F64];

/// Every op and typing that has a routine.
fn typings() -> Vec<(Op, Vec<DType>, DType)> {
    let mut all = Vec::new();
    for &op in Op::ALL {
        let signature = op.info().signature;
        let arity = signature.arity();
        for result in TYPES {
            for first in TYPES {
                let mut args = vec![first; arity];
                if matches!(op, Op::Shl | Op::Shr) {
                    args[1] = DType::U32;
                }
                if signature.check(result, &args) && routine_name(op, first, result).is_some() {
                    all.push((op, args, result));
                }
            }
        }
    }
    all
}

/// A column of operands as a routine takes it.
fn column(dtype: DType, values: impl ExactSizeIterator<Item = Scalar>) -> Value {
    let wide = is_wide(dtype);
    let n = values.len();
    let mut array =
        if wide { Array::zeros(DType::U32, &[n, 2]) } else { Array::zeros(dtype, &[n]) };
    for (i, value) in values.enumerate() {
        if wide {
            let bits = value.to_bits();
            array.set(2 * i, Scalar::U32(bits as u32));
            array.set(2 * i + 1, Scalar::U32((bits >> 32) as u32));
        } else {
            array.set(i, value);
        }
    }
    Value::Array(array)
}

fn element(array: &Array, dtype: DType, i: usize) -> Scalar {
    let word = |at| array.get(at).expect("in range").to_bits();
    if is_wide(dtype) {
        Scalar::from_bits(dtype, word(2 * i) | (word(2 * i + 1) << 32))
    } else {
        array.get(i).expect("in range")
    }
}

/// The first row where the routine is wrong; rows on which the op itself fails are left out.
fn wrong(op: Op, args: &[DType], result: DType, rows: &[Vec<Scalar>]) -> Option<String> {
    let name = routine_name(op, args[0], result).expect("it has a routine");
    wrong_by(name, op, args, result, rows)
}

fn wrong_by(
    name: &str,
    op: Op,
    args: &[DType],
    result: DType,
    rows: &[Vec<Scalar>],
) -> Option<String> {
    let rows: Vec<_> = rows.iter().filter(|row| eval(op, result, row).is_ok()).collect();
    let entry = library().kernels.iter().position(|kernel| kernel.name == name);
    let program = compile(library(), entry.expect("it is there")).expect("it compiles");
    let mut arguments = Vec::new();
    for (place, &dtype) in args.iter().enumerate() {
        arguments.push(column(dtype, rows.iter().map(|row| row[place])));
    }
    arguments.push(column(result, vec![Scalar::from_bits(result, 0); rows.len()].into_iter()));
    program.run(&mut arguments, &mut Options::default()).expect("no routine fails");
    let Some(Value::Array(results)) = arguments.pop() else { panic!("the result is an array") };
    rows.iter().enumerate().find_map(|(i, row)| {
        let expected = eval(op, result, row).expect("left in");
        let got = element(&results, result, i);
        let equal = same(expected, got);
        (!equal).then(|| format!("{name}({row:?}) is {got:?} instead of {expected:?}"))
    })
}

/// Words of few and of many bits, halves, ends, and their neighbours.
fn wide_edges() -> Vec<u64> {
    let mut all = vec![0, 1, 2, 3, 7, 10, 1_000_000_007, 0xffff_0000, 0x8000_0000_8000_0000];
    for shift in [15, 16, 17, 23, 24, 25, 31, 32, 33, 39, 40, 47, 48, 52, 53, 54, 62, 63] {
        let power = 1_u64 << shift;
        all.extend([power - 1, power, power + 1]);
    }
    all.extend(all.clone().iter().map(|value| value.wrapping_neg()));
    all.extend([0x7fff_fffe_ffff_ffff, 0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210]);
    all
}

fn edges(dtype: DType) -> Vec<Scalar> {
    let floats = || {
        let whole = wide_edges().into_iter().map(|bits| bits as i64 as f64);
        let around = [-1.5, -0.5, 0.5, 1.5, 1e300, f64::MAX, f64::MIN_POSITIVE, 5e-324, 1e-310];
        let more = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 18_446_744_073_709_551_616.0];
        let few: Vec<f64> = whole.chain(around).chain(more).collect();
        let below = few.iter().map(|x| x.next_down()).collect::<Vec<_>>();
        let above = few.iter().map(|x| x.next_up()).collect::<Vec<_>>();
        [few, below, above].concat()
    };
    match dtype {
        DType::F32 => {
            let near = |x: f64| [x as f32, (x as f32).next_down(), (x as f32).next_up()];
            floats().into_iter().flat_map(near).map(Scalar::F32).collect()
        }
        DType::F64 => floats().into_iter().map(Scalar::F64).collect(),
        other => wide_edges().into_iter().map(|bits| Scalar::from_bits(other, bits)).collect(),
    }
}

#[test]
fn every_routine_is_right_on_all_pairs_of_edge_values() {
    let typings = typings();
    assert!(typings.len() >= 45, "{}", typings.len());
    for (op, args, result) in typings {
        let rows: Vec<Vec<Scalar>> = match args.as_slice() {
            [one] => edges(*one).into_iter().map(|a| vec![a]).collect(),
            [one, DType::U32] => {
                let counts = |a: Scalar| (0..130).map(move |c| vec![a, Scalar::U32(c)]);
                edges(*one).into_iter().flat_map(counts).collect()
            }
            _ => {
                let all = edges(args[0]);
                all.iter().flat_map(|a| all.iter().map(|b| vec![*a, *b])).collect()
            }
        };
        assert_eq!(wrong(op, &args, result, &rows), None);
    }
}

/// Numbers of any length, so that quotients are of any length too.
fn number() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0_u32..64).prop_map(|(bits, shift)| bits >> shift)
}

#[test]
fn every_routine_is_right_on_random_values() {
    let rows = proptest::collection::vec((number(), number(), any::<bool>()), 400..401);
    for (op, args, result) in typings() {
        let check = |rows: Vec<(u64, u64, bool)>| {
            let scalar = |dtype: DType, (bits, turn): (u64, bool)| match dtype {
                DType::F32 => Scalar::F32(bits as i64 as f32 * if turn { 0.37 } else { -1.0 }),
                DType::F64 if turn => Scalar::F64(bits as i64 as f64 * 0.37),
                DType::F64 => Scalar::F64(f64::from_bits(bits)),
                wide if turn => Scalar::from_bits(wide, bits.wrapping_neg()),
                wide => Scalar::from_bits(wide, bits),
            };
            let row = |(a, b, turn): &(u64, u64, bool)| {
                let pair = [(*a, *turn), (*b, a & 1 == 0)];
                args.iter().zip(pair).map(|(dtype, bits)| scalar(*dtype, bits)).collect()
            };
            let rows: Vec<Vec<Scalar>> = rows.iter().map(row).collect();
            prop_assert_eq!(wrong(op, &args, result, &rows), None);
            Ok(())
        };
        let config = ProptestConfig {
            cases: 8,
            failure_persistence: None,
            max_shrink_iters: 0,
            ..Default::default()
        };
        TestRunner::new(config).run(&rows, check).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn the_comparison_sees_a_wrong_result() {
    let rows = [vec![Scalar::U64(u64::from(u32::MAX)), Scalar::U64(1)]];
    let args = [DType::U64, DType::U64];
    assert_eq!(wrong_by("add_u64", Op::Add, &args, DType::U64, &rows), None);
    assert!(wrong_by("sub_u64", Op::Add, &args, DType::U64, &rows).is_some());
}

#[test]
fn no_routine_loops() {
    for unit in library().kernels.iter().flat_map(crossover_ir::units) {
        let crossover_ir::Unit::Region(region) = unit else { panic!("one region") };
        let mut loops = 0;
        for stmt in &region.code.body {
            stmt.walk(&mut |inner| {
                loops += usize::from(matches!(inner, Stmt::Loop { .. } | Stmt::For { .. }));
            });
        }
        assert_eq!(loops, 0);
    }
}
