//! Variants against each other, the table, the policy's reach, and mutants.

use crossover_contract::{Allowed, PolicyInput};
use crossover_values::{Array, DType, Scalar, Value};

use super::*;
use crate::testing::Subject;

fn subject(dtype: DType) -> Subject {
    Subject::of("word2vec", dtype)
}

fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(Array::F32(array)) => array.iter().map(|&x| f64::from(x)).collect(),
        Value::Array(Array::F64(array)) => array.iter().copied().collect(),
        other => panic!("{other:?}"),
    }
}

fn run(subject: &Subject, variant: &str, set: &[(&str, f64)]) -> Vec<Vec<f64>> {
    let outputs = subject.run(subject.variant(variant), &subject.case(set));
    outputs.iter().map(numbers).collect()
}

#[test]
fn exact_variants_agree_at_odd_sizes() {
    for dtype in [DType::F32, DType::F64] {
        for [dimension, negatives, pairs] in [[1.0, 0.0, 1.0], [17.0, 7.0, 3.0], [128.0, 2.0, 80.0]]
        {
            let set = [("dimension", dimension), ("negatives", negatives), ("pairs", pairs)];
            subject(dtype).assert_exact_variants(&set);
        }
    }
}

#[test]
fn the_table_has_the_known_entries() {
    for dtype in [DType::F32, DType::F64] {
        let table = &run(&subject(dtype), "scalar", &[])[2];
        for (at, value) in [(0, 0.002_472_62), (500, 0.5), (999, 0.997_497_60)] {
            assert!((table[at] - value).abs() < 5e-7, "{at}: {}", table[at]);
        }
    }
}

/// The largest part of what is allowed that a run uses, and how many elements it exceeds.
fn used(subject: &Subject, got: &[Vec<f64>]) -> (f64, usize) {
    let case = subject.case(&[]);
    let arguments = subject.arguments(&case);
    let input = PolicyInput { case: &case, dtype: subject.dtype, arguments: &arguments };
    let allowed = carried::carried(&input);
    let expected = run(subject, "scalar", &[]);
    let (mut most, mut beyond) = (0.0_f64, 0);
    for (output, (expected, got)) in
        ["inputs", "outputs", "table"].iter().zip(expected.iter().zip(got))
    {
        for (i, (expected, got)) in expected.iter().zip(got).enumerate() {
            let Allowed::Within(bound) = allowed.element(output, i, Scalar::F64(0.0)) else {
                panic!("a distance")
            };
            let part = (expected - got).abs() / bound.max(1e-300);
            most = most.max(part);
            beyond += usize::from(part > 1.0);
        }
    }
    (most, beyond)
}

#[test]
fn another_order_of_sums_is_allowed() {
    // The table rounds away what orders differ by, unless a dot product lies at a border of entries.
    for dtype in [DType::F32, DType::F64] {
        let subject = subject(dtype);
        let (most, beyond) = used(&subject, &run(&subject, "running_sum", &[]));
        assert!(beyond == 0, "{dtype}: {beyond} beyond, {most} times the bound");
    }
}

#[test]
fn mutants_are_not() {
    let subject = subject(DType::F32);
    let rate = run(&subject, "scalar", &[("rate", 0.025_01)]);
    assert!(used(&subject, &rate).1 > 1000, "a rate that is off by 0.04 percent");
    let mut swapped = run(&subject, "scalar", &[]);
    swapped.swap(0, 1);
    assert!(used(&subject, &swapped).1 > 10_000, "matrices swapped");
    let untouched = subject.arguments(&subject.case(&[]));
    let mut unchanged = run(&subject, "scalar", &[]);
    unchanged[0] = numbers(&untouched[0]);
    assert!(used(&subject, &unchanged).1 > 1000, "words not learnt");
}

#[test]
fn pairs_that_share_a_row_are_refused_where_they_would_race() {
    let subject = subject(DType::F32);
    let case = subject.case(&[]);
    let mut arguments = subject.arguments(&case);
    let Value::Array(Array::I32(centres)) = &mut arguments[3] else { panic!("rows") };
    centres[[0, 1]] = centres[[0, 0]];
    let mut call = NativeCall {
        dtype: DType::F32,
        arguments: &mut arguments,
        returned: Vec::new(),
        threads: 1,
        parameters: &case.parameters,
        facts: Default::default(),
    };
    let refused = (subject.variant("threads").run)(&mut call).unwrap_err();
    assert!(refused.to_string().contains("share a row"), "{refused}");
}
