//! Every exact step against i-k-j at sizes with edges, f64 against integers, and mutants.

use crossover_values::{Array, DType, Value, compare};

use super::*;
use crate::testing::Subject;

fn subject(dtype: DType) -> Subject {
    Subject::of("matmul", dtype)
}

fn sizes(rows: f64, inner: f64, columns: f64) -> [(&'static str, f64); 3] {
    [("rows", rows), ("inner", inner), ("columns", columns)]
}

#[test]
fn exact_variants_agree_at_odd_sizes() {
    for dtype in [DType::F32, DType::F64] {
        for [rows, inner, columns] in [
            [1.0, 1.0, 1.0],
            [3.0, 7.0, 2.0],
            [9.0, 257.0, 49.0],
            [97.0, 300.0, 47.0],
            [101.0, 5.0, 530.0],
        ] {
            subject(dtype).assert_exact_variants(&sizes(rows, inner, columns));
        }
    }
}

/// The product in integers, scaled by 2^20.
fn integers(rows: u64, inner: u64, columns: u64) -> Vec<u64> {
    let a = |i: u64, k: u64| (i * 37 + k * 101 + i * k * 13) % 1021;
    let b = |k: u64, j: u64| (k * 61 + j * 29 + k * j * 7 + 5) % 1019;
    let element = |i, j| (0..inner).map(|k| a(i, k) * b(k, j)).sum();
    (0..rows).flat_map(|i| (0..columns).map(move |j| element(i, j))).collect()
}

#[test]
fn every_variant_in_f64_gives_the_integers() {
    let subject = subject(DType::F64);
    let expected = integers(60, 52, 69);
    for variant in VARIANTS {
        let outputs = subject.run(variant, &subject.case(&[]));
        let [Value::Array(Array::F64(c))] = &outputs[..] else { panic!("one f64 array") };
        let scaled: Vec<u64> = c.iter().map(|c| (c * 1_048_576.0) as u64).collect();
        assert_eq!(scaled, expected, "{}", variant.name);
    }
}

#[test]
fn f32_rounds_so_that_orders_can_differ() {
    let subject = subject(DType::F32);
    let case = subject.case(&sizes(33.0, 700.0, 65.0));
    let of = |name: &str| subject.run(subject.variant(name), &case).remove(0);
    let differences = compare::differences(&of("scalar"), &of("library")).unwrap();
    assert!(!differences.is_empty(), "the test shows no order");
}

#[test]
fn arguments_that_do_not_fit_are_refused() {
    let subject = subject(DType::F32);
    let case = subject.case(&[]);
    let mut arguments = subject.arguments(&case);
    arguments.swap(1, 2);
    let mut call = NativeCall {
        dtype: DType::F32,
        arguments: &mut arguments,
        returned: Vec::new(),
        threads: 1,
        parameters: &case.parameters,
        facts: Default::default(),
    };
    let refused = (subject.variant("scalar").run)(&mut call).unwrap_err();
    assert!(matches!(refused, NativeError::Argument { position: 1, .. }));
}

#[test]
fn mutants_differ() {
    let right = integers(6, 5, 7);
    assert_ne!(integers(6, 4, 7), right, "last product left out");
    let transposed: Vec<u64> = (0..42).map(|at| integers(7, 5, 6)[at % 6 * 7 + at / 6]).collect();
    assert_ne!(transposed, right, "axes swapped");
}
