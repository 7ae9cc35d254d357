//! The vector functions against libm, prices against the textbook's and each other, and mutants.

use crossover_contract::{Allowed, PolicyInput};
use crossover_values::{Array, DType, Scalar, Value};
use fearless_simd::{Level, dispatch, prelude::*};

use super::special::{Special, erf, exp, log};
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
        let subject = subject(dtype);
        let case = subject.case(&[("n", 20_011.0)]);
        let arguments = subject.arguments(&case);
        let input = PolicyInput { case: &case, dtype, arguments: &arguments };
        let allowed = conditioning::conditioning(&input);
        let expected = prices(&subject, "scalar", &[("n", 20_011.0)]);
        for name in ["simd", "simd_threads", "std"] {
            let got = prices(&subject, name, &[("n", 20_011.0)]);
            let mut used = 0.0_f64;
            for (side, output) in ["call", "put"].into_iter().enumerate() {
                for (i, (expected, got)) in expected[side].iter().zip(&got[side]).enumerate() {
                    match allowed.element(output, i, Scalar::F64(0.0)) {
                        Allowed::Within(bound) => used = used.max((expected - got).abs() / bound),
                        other => panic!("{other:?}"),
                    }
                }
            }
            assert!(used > 0.005 && used < 0.5, "{name} {dtype}: {used}");
        }
    }
}

/// The three functions in f64 of what a type's vectors give.
fn functions<T: Special<S> + Into<f64>, S: Simd>(simd: S, x: f64) -> [f64; 3] {
    let x = T::Vector::splat(simd, T::from_f64(x));
    let results = [exp::<S, T>(simd, x), log::<S, T>(simd, x), erf::<S, T>(simd, x)];
    results.map(|result| result.as_slice()[0].into())
}

fn at(dtype: DType, x: f64) -> [f64; 3] {
    match dtype {
        DType::F32 => dispatch!(Level::new(), simd => functions::<f32, _>(simd, x)),
        _ => dispatch!(Level::new(), simd => functions::<f64, _>(simd, x)),
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
            worst[0] = worst[0].max((at(dtype, x)[0] - true_exp).abs() / (true_exp * u));
        }
        for x in points(1e-30, 4.0).chain(points(1.0, 1e30)) {
            let true_log = libm::log(x);
            worst[1] = worst[1]
                .max((at(dtype, x)[1] - true_log).abs() / ((2.0 * true_log.abs() + 1.0) * u));
        }
        for x in points(-8.0, 8.0).chain(points(-1e-3, 1e-3)) {
            worst[2] = worst[2].max((at(dtype, x)[2] - libm::erf(x)).abs() / u);
        }
        assert!(worst[0] <= 2.0 && worst[1] <= 1.0 && worst[2] <= 3.0, "{dtype}: {worst:?}");
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
