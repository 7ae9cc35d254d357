//! Every step of the ladder against the plain loop, known values, and mutants that must differ.

use crossover_contract::{CaseRequest, Series};
use crossover_values::{Array, DType, Value};

use super::*;
use crate::testing::Subject;

fn subject(dtype: DType) -> Subject {
    Subject::of("diffusion1d", dtype)
}

#[test]
fn variants_agree_at_odd_sizes() {
    for dtype in [DType::F32, DType::F64] {
        for n in [1.0, 2.0, 3.0, 5.0, 63.0, 64.0, 65.0, 131.0] {
            for steps in [0.0, 1.0, 63.0, 64.0, 130.0] {
                subject(dtype).assert_exact_variants(&[("n", n), ("steps", steps)]);
            }
        }
        subject(dtype).assert_exact_variants(&[("n", 40.0), ("steps", 9.0), ("dt", 0.5)]);
    }
}

#[test]
fn known_values_of_the_book() {
    let subject = subject(DType::F64);
    let case = subject.case(&[("steps", 500.0)]);
    for variant in VARIANTS {
        let outputs = subject.run(variant, &case);
        let [Value::Array(Array::F64(u))] = &outputs[..] else { panic!("one f64 array") };
        let squares = u.iter().map(|x| x * x).sum::<f64>();
        assert!((u.sum() - 0.26).abs() < 1e-14, "{}", variant.name);
        assert!((u[229] - 0.004_952_872_988_89).abs() < 1e-14, "{}", variant.name);
        assert!((u[204] - 0.002_599_785_038_11).abs() < 1e-14, "{}", variant.name);
        assert!((squares - 0.001_018_066_724_19).abs() < 1e-14, "{}", variant.name);
    }
}

#[test]
fn the_chart_shows_every_cell() {
    let subject = subject(DType::F32);
    let case = subject.case(&[("n", 10.0), ("steps", 0.0)]);
    let outputs = subject.run(subject.variant("simd"), &case);
    let named = |name: &str| vec![(name.to_owned(), outputs[0].clone())];
    let outputs = named("u");
    let view = ResultView { case: &case, dtype: DType::F32, outputs: &outputs };
    let [Series { points, .. }] = &profile(&view)[..] else { panic!("one series") };
    assert_eq!(points.len(), 10);
    assert_eq!(
        [points[3], points[4], points[5]],
        [[3.0, 0.0], [4.0, f64::from(0.005_f32)], [5.0, 0.0]]
    );
    let outputs = named("v");
    assert!(profile(&ResultView { outputs: &outputs, ..view }).is_empty());
}

#[test]
fn unstable_cases_are_refused_with_the_reason() {
    let definition = crate::kernel("diffusion1d").unwrap().definition;
    let request = |dt: f64| CaseRequest {
        size: "small".to_owned(),
        set: [("dt".to_owned(), dt.into())].into(),
        seed: None,
    };
    let error = definition.case(&request(0.51)).unwrap_err().to_string();
    assert!(error.contains("stable"), "{error}");
    assert!(definition.case(&request(0.5)).is_ok());
}

#[test]
fn mutants_differ() {
    let start: Vec<f64> = (0..16).map(|i| f64::from(i * i % 13)).collect();
    let run = |step: fn(&[f64], usize) -> f64| {
        let mut u = start.clone();
        for _ in 0..3 {
            u = (0..16).map(|at| step(&u, at)).collect();
        }
        u
    };
    let mut expected = start.clone();
    steps::plain(Ring { u: &mut expected, steps: 3, rate: 0.1 });
    assert_eq!(run(|u, at| cell(0.1, u[(at + 15) % 16], u[at], u[(at + 1) % 16])), expected);
    assert_ne!(run(|u, at| u[at]), expected, "stale field");
    assert_ne!(
        run(|u, at| cell(0.1, u[at.saturating_sub(1)], u[at], u[(at + 1) % 16])),
        expected,
        "ends that do not meet"
    );
    assert_ne!(
        run(|u, at| cell(-0.1, u[(at + 15) % 16], u[at], u[(at + 1) % 16])),
        expected,
        "sign"
    );
}
