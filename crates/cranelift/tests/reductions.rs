//! Reductions over regions: the language's order of float sums, with any number of threads, and
//! the order-free and first-wins ones against plain loops.

mod common;

use common::{array_of, compiled, returned, same, threads};
use crossover_values::{DType, Scalar, Value};

/// `s = initial; for i in prange(n): s OP= x[i]; return s`.
fn reduction(op: &str, dtype: DType) -> String {
    format!(
        "kernel k {{
          array @x: {dtype}[:]
          var %s: {dtype}
          params (@x, %s)
          returns ({dtype})
          host {{
            v1: i32 = const 0
            v2: i32 = extent @x 0
            region {{
              var %i: i32
              reduce r0 = {op} {dtype} region %s
              axis %i = v1 to v2 step 1
              body {{
                v0: i32 = get %i
                v1: {dtype} = load @x [v0]
                reduce r0 v1
              }}
            }}
            v0: {dtype} = get %s
            return (v0)
          }}
        }}"
    )
}

/// Rule 11, written down once more, without the crates' folding.
fn in_order<T: Copy>(values: &[T], identity: T, combine: impl Fn(T, T) -> T) -> Option<T> {
    let mut level: Vec<T> = values
        .chunks(4096)
        .map(|block| {
            let mut partials = [identity; 16];
            for (i, value) in block.iter().enumerate() {
                partials[i % 16] = combine(partials[i % 16], *value);
            }
            for half in [8, 4, 2, 1] {
                for j in 0..half {
                    partials[j] = combine(partials[j], partials[j + half]);
                }
            }
            partials[0]
        })
        .collect();
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| if pair.len() == 2 { combine(pair[0], pair[1]) } else { pair[0] })
            .collect();
    }
    level.first().copied()
}

fn noise(i: usize) -> f64 {
    let bits = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (bits >> 11) as f64 / (1_u64 << 53) as f64 * 3.0 - 1.0
}

#[test]
fn float_sums_have_one_order_for_any_number_of_threads() {
    let single = compiled(&reduction("add", DType::F32));
    let double = compiled(&reduction("add", DType::F64));
    for n in [0, 1, 15, 16, 17, 4095, 4096, 4097, 100_000] {
        let x64: Vec<f64> = (0..n).map(noise).collect();
        let x32: Vec<f32> = x64.iter().map(|x| *x as f32).collect();
        let sum64 = in_order(&x64, 0.0, |a, b| a + b).map_or(0.25, |sum| 0.25 + sum);
        let sum32 = in_order(&x32, 0.0, |a, b| a + b).map_or(0.25, |sum| 0.25 + sum);
        let scalars: Vec<Scalar> = x64.iter().map(|x| Scalar::F64(*x)).collect();
        let mut wide =
            [Value::Array(array_of(DType::F64, &scalars)), Value::Scalar(Scalar::F64(0.25))];
        let scalars: Vec<Scalar> = x32.iter().map(|x| Scalar::F32(*x)).collect();
        let mut narrow =
            [Value::Array(array_of(DType::F32, &scalars)), Value::Scalar(Scalar::F32(0.25))];
        for count in [1, 2, 3] {
            let got = double.run(&mut wide, &threads(count)).unwrap();
            assert_eq!(returned(&got), [Scalar::F64(sum64)], "f64, {n}, {count} threads");
            let got = single.run(&mut narrow, &threads(count)).unwrap();
            assert_eq!(returned(&got), [Scalar::F32(sum32)], "f32, {n}, {count} threads");
        }
    }
}

#[test]
fn float_min_and_max_follow_the_order_with_nan_and_signed_zeros() {
    let n = 9000;
    let mut x: Vec<f64> = (0..n).map(|i| if i % 3 == 0 { 0.0 } else { -0.0 }).collect();
    x[5000] = f64::NAN;
    type Combine = fn(f64, f64) -> f64;
    let minimum: Combine = |a, b| if b < a { b } else { a };
    let maximum: Combine = |a, b| if a < b { b } else { a };
    for (op, identity, combine) in
        [("min", f64::INFINITY, minimum), ("max", f64::NEG_INFINITY, maximum)]
    {
        let kernel = compiled(&reduction(op, DType::F64));
        for before in [f64::NAN, 0.0, -0.0, 7.0, -7.0] {
            let want = combine(before, in_order(&x, identity, combine).unwrap());
            let scalars: Vec<Scalar> = x.iter().map(|x| Scalar::F64(*x)).collect();
            for count in [1, 2] {
                let array = Value::Array(array_of(DType::F64, &scalars));
                let mut arguments = [array, Value::Scalar(Scalar::F64(before))];
                let got = returned(&kernel.run(&mut arguments, &threads(count)).unwrap())[0];
                assert!(same(got, Scalar::F64(want)), "{op} from {before}: {got:?}, not {want:?}");
            }
        }
    }
}

#[test]
fn integer_reductions_equal_a_plain_loop() {
    for dtype in [DType::I32, DType::U32, DType::I64, DType::U64, DType::Bool] {
        for op in ["add", "or", "xor", "and", "min", "max"] {
            if dtype == DType::Bool && matches!(op, "add" | "min" | "max") {
                continue;
            }
            let kernel = compiled(&reduction(op, dtype));
            let word = |i: u64| i.wrapping_add(3).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let xs: Vec<Scalar> = (0..9_000).map(|i| Scalar::from_bits(dtype, word(i))).collect();
            let before = Scalar::from_bits(dtype, word(1 << 40));
            let reduce = match op {
                "add" => crossover_ir::ReduceOp::Add,
                "or" => crossover_ir::ReduceOp::Or,
                "xor" => crossover_ir::ReduceOp::Xor,
                "and" => crossover_ir::ReduceOp::And,
                "min" => crossover_ir::ReduceOp::Min,
                _ => crossover_ir::ReduceOp::Max,
            };
            let want = xs.iter().fold(before, |s, x| reduce.combine(s, *x));
            for count in [1, 2] {
                let mut arguments = [Value::Array(array_of(dtype, &xs)), Value::Scalar(before)];
                let got = returned(&kernel.run(&mut arguments, &threads(count)).unwrap());
                assert_eq!(got, [want], "{op} {dtype}, {count} threads");
            }
        }
    }
}

/// `if x[i] > best: best = x[i]; at = i`, or `<`.
fn best(op: &str, dtype: DType) -> String {
    format!(
        "kernel k {{
          array @x: {dtype}[:]
          var %s: {dtype}
          var %at: i32
          params (@x, %s, %at)
          returns ({dtype}, i32)
          host {{
            v1: i32 = const 0
            v2: i32 = extent @x 0
            region {{
              var %i: i32
              reduce r0 = {op} {dtype} region %s (%at)
              axis %i = v1 to v2 step 1
              body {{
                v0: i32 = get %i
                v1: {dtype} = load @x [v0]
                reduce r0 v1 (v0)
              }}
            }}
            v0: {dtype} = get %s
            v3: i32 = get %at
            return (v0, v3)
          }}
        }}"
    )
}

#[test]
fn the_first_best_wins_whatever_the_cut() {
    let n = 100_000;
    for (op, larger) in [("argmax", true), ("argmin", false)] {
        let kernel = compiled(&best(op, DType::F64));
        for (first, second) in [(40_001, 99_998), (0, 1), (65_535, 65_536)] {
            let extreme = if larger { 9.0 } else { -9.0 };
            let mut xs: Vec<Scalar> = (0..n).map(|i| Scalar::F64(noise(i))).collect();
            xs[first] = Scalar::F64(extreme);
            xs[second] = Scalar::F64(extreme);
            xs[2] = Scalar::F64(f64::NAN);
            let array = array_of(DType::F64, &xs);
            for (before, at, want) in [
                (0.0, -1, (extreme, first as i32)),
                (extreme, -1, (extreme, -1)),
                (f64::NAN, -7, (f64::NAN, -7)),
            ] {
                for count in [1, 2] {
                    let mut arguments = [
                        Value::Array(array.clone()),
                        Value::Scalar(Scalar::F64(before)),
                        Value::Scalar(Scalar::I32(at)),
                    ];
                    let got = returned(&kernel.run(&mut arguments, &threads(count)).unwrap());
                    assert!(same(got[0], Scalar::F64(want.0)), "{op}: {got:?}");
                    assert_eq!(got[1], Scalar::I32(want.1), "{op} from {before}");
                }
            }
        }
    }
}
