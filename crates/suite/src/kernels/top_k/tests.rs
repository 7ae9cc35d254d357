//! Variants against each other, ties, the policy's reach, and mutants.

use crossover_contract::{Allowed, PolicyInput};
use crossover_values::{Array, DType, Scalar, Value};

use super::*;
use crate::testing::Subject;

fn subject(dtype: DType) -> Subject {
    Subject::of("top_k", dtype)
}

fn indices(subject: &Subject, variant: &str, set: &[(&str, f64)]) -> Vec<i32> {
    let outputs = subject.run(subject.variant(variant), &subject.case(set));
    let [_, Value::Array(Array::I32(indices))] = &outputs[..] else { panic!("scores and rows") };
    indices.iter().copied().collect()
}

#[test]
fn exact_variants_agree_at_odd_sizes() {
    for dtype in [DType::F32, DType::F64] {
        for [n, dimension, k] in
            [[1.0, 1.0, 1.0], [32.0, 5.0, 32.0], [1100.0, 1.0, 31.0], [301.0, 67.0, 7.0]]
        {
            subject(dtype).assert_exact_variants(&[("n", n), ("dimension", dimension), ("k", k)]);
        }
    }
}

/// The rows that integers say.
fn integers(n: u64, dimension: u64, k: usize) -> Vec<i32> {
    let row = |i: u64, j: u64| (i * 3001 + j * 101 + i * j * 13) % 65_521 / 64;
    let query = |j: u64| (j * j * 71 + j * 29 + 3) % 997;
    let score = |i: u64| (0..dimension).map(|j| row(i, j) * query(j)).sum::<u64>();
    let mut ranked: Vec<u64> = (0..n).collect();
    // Stable: of equal scores the first row comes first.
    ranked.sort_by_key(|&i| std::cmp::Reverse(score(i)));
    ranked.iter().take(k).map(|&i| i as i32).collect()
}

#[test]
fn every_variant_ranks_as_integers_do_ties_included() {
    // With one element per row there are at most 1,024 scores.
    for (n, dimension, k) in [(1501, 33, 10), (5000, 1, 20)] {
        let set = [("n", n as f64), ("dimension", dimension as f64), ("k", k as f64)];
        for variant in VARIANTS {
            let got = indices(&subject(DType::F64), variant.name, &set);
            assert_eq!(got, integers(n, dimension, k), "{} {n}", variant.name);
        }
    }
}

#[test]
fn most_ranks_are_decided_in_f32() {
    let subject = subject(DType::F32);
    let case = subject.case(&[]);
    let arguments = subject.arguments(&case);
    let input = PolicyInput { case: &case, dtype: DType::F32, arguments: &arguments };
    let allowed = decided::decided(&input);
    let expected = indices(&subject, "scalar", &[]);
    let mut single = 0;
    for (rank, &row) in expected.iter().enumerate() {
        let allowed = allowed.element("indices", rank, Scalar::I32(row));
        assert!(allowed.contains(Scalar::I32(row), Scalar::I32(row)));
        assert!(!allowed.contains(Scalar::I32(row), Scalar::I32(row + 1)), "off by one");
        single += usize::from(!allowed.is_undecided());
    }
    assert!(single >= 8, "{single} of 10");
    let Allowed::Within(error) = allowed.element("best", 0, Scalar::F32(0.0)) else {
        panic!("a distance")
    };
    assert!(error > 1.0 && error < 1000.0, "{error}");
}

#[test]
fn arguments_that_do_not_fit_are_refused() {
    let subject = subject(DType::F32);
    let case = subject.case(&[]);
    let mut arguments = subject.arguments(&case);
    arguments[3] = arguments[0].clone();
    let mut call = NativeCall {
        dtype: DType::F32,
        arguments: &mut arguments,
        returned: Vec::new(),
        threads: 1,
        parameters: &case.parameters,
        facts: Default::default(),
    };
    let refused = (subject.variant("scalar").run)(&mut call).unwrap_err();
    assert!(matches!(refused, NativeError::Argument { position: 3, .. }));
}

#[test]
fn mutants_differ() {
    assert_ne!(integers(1501, 32, 10), integers(1501, 33, 10), "last element left out");
    assert_ne!(integers(1024, 1, 10), integers(1501, 1, 10), "first group only");
}
