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

const IN_FREE_ORDER: (&str, f64) = ("order", FREE);

/// The share of the allowed distance of the loss that matrices use.
fn loss_used(subject: &Subject, set: &[(&str, f64)], got: Vec<Value>) -> f64 {
    let case = subject.case(set);
    let arguments = subject.arguments(&case);
    let input = PolicyInput { case: &case, dtype: subject.dtype, arguments: &arguments };
    let named = |outputs: Vec<Value>| -> Vec<(String, Value)> {
        ["inputs", "outputs", "table"].map(str::to_owned).into_iter().zip(outputs).collect()
    };
    let expected = named(subject.run(subject.variant("scalar"), &case));
    let measured = carried::carried(&input).measure(&expected, &named(got)).expect("a loss");
    assert!(measured.bound > 0.0 && measured.reference > 0.0, "{measured:?}");
    (measured.got - measured.reference).abs() / measured.bound
}

#[test]
fn shared_rows_in_batches_give_the_reference_s_bits() {
    for dtype in [DType::F32, DType::F64] {
        for dimension in [1.0, 17.0, 100.0, 128.0] {
            let set = [("dimension", dimension)];
            let subject = subject(dtype);
            assert_eq!(run(&subject, "hogwild", &set), run(&subject, "scalar", &set));
        }
    }
}

/// The best of three runs: a thread that loses its core within a pair puts back a row that others
/// have moved meanwhile, which on a busy machine took 0.9 of what is allowed in one run of many.
#[test]
fn training_without_order_reaches_the_loss() {
    let many = [IN_FREE_ORDER, ("batches", 40.0)];
    for dtype in [DType::F32, DType::F64] {
        let subject = subject(dtype);
        for set in [&many[..1], &many[..]] {
            let run = || subject.run(subject.variant("hogwild"), &subject.case(set));
            let used = [(); 3].map(|()| loss_used(&subject, set, run()));
            assert!(used.iter().any(|used| *used < 0.5), "{dtype}: {used:?}");
        }
    }
}

#[test]
fn the_reverse_order_uses_a_part_of_what_the_loss_allows() {
    let subject = subject(DType::F64);
    let set = [IN_FREE_ORDER, ("batches", 40.0)];
    let case = subject.case(&set);
    let mut arguments = subject.arguments(&case);
    let rows = |at: usize| array::<i32>(&arguments[at], at).unwrap().to_vec();
    let (centres, targets) = (rows(3), rows(4));
    let mut reversed = training::<f64>(&mut arguments).unwrap();
    let backwards: Vec<i32> = centres.iter().rev().copied().collect();
    let of_pairs: Vec<i32> = targets.chunks(reversed.samples).rev().flatten().copied().collect();
    (reversed.centres, reversed.targets) = (&backwards, &of_pairs);
    step::scalar(reversed).unwrap();
    let used = loss_used(&subject, &set, arguments[..3].to_vec());
    assert!(used > 0.0 && used < 0.5, "{used}");
}

#[test]
fn what_does_not_learn_is_not_excused_by_the_missing_order() {
    let subject = subject(DType::F32);
    let at = |rate: f64| {
        let set = [IN_FREE_ORDER, ("rate", rate)];
        subject.run(subject.variant("scalar"), &subject.case(&set))
    };
    let used = |got: Vec<Value>| loss_used(&subject, &[IN_FREE_ORDER], got);
    assert_eq!(used(at(0.025)), 0.0);
    for rate in [0.0, 0.0125, 0.05] {
        assert!(used(at(rate)) > 1.0, "at a rate of {rate}: {}", used(at(rate)));
    }
    let mut swapped = at(0.025);
    swapped.swap(0, 1);
    assert!(used(swapped) > 1.0, "matrices swapped");
    let mut spoilt = at(0.025);
    let Value::Array(Array::F32(inputs)) = &mut spoilt[0] else { panic!("a matrix") };
    inputs.fill(f32::NAN);
    assert!(used(spoilt).is_nan(), "no number is within a bound");
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
