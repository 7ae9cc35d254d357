//! The vector functions against libm, prices against the textbook's and each other, and mutants.

use crossover_contract::{Allowed, PolicyInput};
use crossover_values::{Array, DType, Scalar, Value};
use fearless_simd::{Level, dispatch, prelude::*};

use super::special::{Special, exp, log_quotient, scaled_tail};
use super::*;
use crate::testing::Subject;

fn subject(dtype: DType) -> Subject {
    Subject::of("black_scholes", dtype)
}

fn prices(subject: &Subject, variant: &str, set: &[(&str, f64)]) -> [Vec<f64>; 2] {
    let outputs = subject.run(subject.variant(variant), &subject.case(set));
    let [call, put] = &outputs[..] else { panic!("two outputs") };
    [call, put].map(|side| match side {
        Value::Array(Array::F32(side)) => side.iter().map(|&x| f64::from(x)).collect(),
        Value::Array(Array::F64(side)) => side.iter().copied().collect(),
        other => panic!("{other:?}"),
    })
}

#[test]
fn exact_variants_agree_at_odd_sizes() {
    for dtype in [DType::F32, DType::F64] {
        for n in [1.0, 7.0, 4097.0, 9001.0] {
            subject(dtype).assert_exact_variants(&[("n", n)]);
        }
    }
}

#[test]
fn every_variant_gives_the_textbook_s_prices() {
    for (dtype, within) in [(DType::F32, 2e-5), (DType::F64, 4e-14)] {
        for variant in VARIANTS {
            let [call, put] = prices(&subject(dtype), variant.name, &[]);
            assert!((call[0] - 10.450_583_572_185_565).abs() < within, "{}", variant.name);
            assert!((put[0] - 5.573_526_022_256_971).abs() < within, "{}", variant.name);
        }
    }
}

#[test]
fn bounded_variants_use_a_part_of_what_is_allowed() {
    for dtype in [DType::F32, DType::F64] {
        for (volatility, rate) in [(0.05, 0.0), (0.2, 0.05), (2.0, 1.0)] {
            let set = [("n", 20_011.0), ("volatility", volatility), ("rate", rate)];
            for name in ["simd", "simd_threads", "std"] {
                let used = used(&subject(dtype), name, &set);
                assert!(used > 0.005 && used < 0.5, "{name} {dtype} {volatility}: {used}");
            }
        }
    }
}

/// The largest part of what is allowed that a variant uses.
fn used(subject: &Subject, variant: &str, set: &[(&str, f64)]) -> f64 {
    let case = subject.case(set);
    let arguments = subject.arguments(&case);
    let input = PolicyInput { case: &case, dtype: subject.dtype, arguments: &arguments };
    let allowed = conditioning::conditioning(&input);
    let expected = prices(subject, "scalar", set);
    let got = prices(subject, variant, set);
    let mut used = 0.0_f64;
    for (side, output) in ["call", "put"].into_iter().enumerate() {
        for (i, (expected, got)) in expected[side].iter().zip(&got[side]).enumerate() {
            match allowed.element(output, i, Scalar::F64(0.0)) {
                Allowed::Within(bound) => used = used.max((expected - got).abs() / bound),
                other => panic!("{other:?}"),
            }
        }
    }
    used
}

/// The three functions in f64 of what a type's vectors give: e^x, log(x / by), and of |x| the tail.
fn functions<T: Special<S> + Into<f64>, S: Simd>(simd: S, x: f64, by: f64) -> [f64; 3] {
    let [x, by] = [x, by].map(|x| T::Vector::splat(simd, T::from_f64(x)));
    let density = exp::<S, T>(simd, x * x * T::from_f64(-0.5));
    let tail = density * scaled_tail::<S, T>(simd, x.abs());
    let results = [exp::<S, T>(simd, x), log_quotient::<S, T>(simd, x, by), tail];
    results.map(|result| result.as_slice()[0].into())
}

fn at(dtype: DType, x: f64, by: f64) -> [f64; 3] {
    match dtype {
        DType::F32 => dispatch!(Level::new(), simd => functions::<f32, _>(simd, x, by)),
        _ => dispatch!(Level::new(), simd => functions::<f64, _>(simd, x, by)),
    }
}

/// Points of a range that are numbers of both types.
fn points(from: f64, to: f64) -> impl Iterator<Item = f64> {
    (0..=20_000).map(move |i| f64::from((from + (to - from) * f64::from(i) / 20_000.0) as f32))
}

#[test]
fn the_vector_functions_keep_their_stated_errors() {
    for (dtype, u, ends) in
        [(DType::F32, 2.0_f64.powi(-23), 87.0), (DType::F64, f64::EPSILON, 700.0)]
    {
        let mut worst = [0.0_f64; 3];
        for x in points(-ends, ends) {
            let true_exp = libm::exp(x);
            worst[0] = worst[0].max((at(dtype, x, 1.0)[0] - true_exp).abs() / (true_exp * u));
        }
        for x in points(1e-30, 4.0).chain(points(1.0, 1e30)) {
            for by in [1.0, 0.001, 1.375, 97.0, 1e6] {
                let by = f64::from(by as f32);
                let true_log = libm::log(x / by);
                let distance = (at(dtype, x, by)[1] - true_log).abs();
                worst[1] = worst[1].max(distance / ((2.0 * true_log.abs() + 1.0) * u));
            }
        }
        for x in points(-12.0, 12.0).chain(points(-1e-3, 1e-3)) {
            let tail = 0.5 * libm::erfc(x.abs() * SQRT_HALF);
            worst[2] = worst[2].max((at(dtype, x, 1.0)[2] - tail).abs() / u);
        }
        assert!(worst[0] <= 2.0 && worst[1] <= 1.0 && worst[2] <= 1.5, "{dtype}: {worst:?}");
        assert!(worst.iter().all(|&worst| worst > 0.1), "{dtype}: nothing was compared");
    }
}

#[test]
fn calls_and_puts_are_in_parity() {
    let subject = subject(DType::F64);
    let [call, put] = prices(&subject, "simd", &[("n", 500.0)]);
    let arguments = subject.arguments(&subject.case(&[("n", 500.0)]));
    let inputs = [2, 3, 4].map(|at| array::<f64>(&arguments[at], at).unwrap().to_vec());
    for i in 0..500 {
        let present = inputs[1][i] * (-0.05 * inputs[2][i]).exp();
        assert!((call[i] - put[i] - (inputs[0][i] - present)).abs() < 1e-12);
        assert!(call[i] > -1e-12 && put[i] > -1e-12);
    }
}

#[test]
fn mutants_are_outside_of_what_is_allowed() {
    let subject = subject(DType::F32);
    let case = subject.case(&[]);
    let arguments = subject.arguments(&case);
    let input = PolicyInput { case: &case, dtype: DType::F32, arguments: &arguments };
    let allowed = conditioning::conditioning(&input);
    let right = prices(&subject, "scalar", &[]);
    let wrong = prices(&subject, "scalar", &[("rate", 0.050_01)]);
    let caught = (0..right[0].len()).filter(|&i| {
        let Allowed::Within(bound) = allowed.element("call", i, Scalar::F64(0.0)) else {
            panic!("a distance")
        };
        (right[0][i] - wrong[0][i]).abs() > bound
    });
    assert!(caught.count() > 100, "a rate that is off by a fiftieth of a percent");
}
