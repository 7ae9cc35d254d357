//! Every form against the plain loop, the sum, and mutants that must differ.

use std::collections::BTreeMap;

use crossover_values::{Array, DType, Value};

use super::*;
use crate::testing::Subject;

fn subject(dtype: DType) -> Subject {
    Subject::of("fused_axpy", dtype)
}

#[test]
fn variants_agree_at_odd_sizes() {
    for dtype in [DType::F32, DType::F64] {
        for n in [1.0, 2.0, 31.0, 1023.0, 1025.0, 70_000.0] {
            subject(dtype).assert_exact_variants(&[("n", n)]);
        }
    }
}

#[test]
fn vectors_of_any_place_and_alignment_agree() {
    let term = |i: usize| (i as f64 + 0.1).recip();
    let [a, b, c]: [Vec<f64>; 3] = [1, 2, 3].map(|k| (0..300).map(|i| term(k * i)).collect());
    for place in [Place::Cache, Place::Memory] {
        for from in 0..9 {
            for n in [0, 3, 100, 291] {
                let (a, b, c) = (&a[..n], &b[9..][..n], &c[from..][..n]);
                let (mut expected, mut out) = (vec![0.0; n], vec![0.0; from + n]);
                fused(&mut expected, a, b, c);
                simd::fused_f64(Vectors { out: &mut out[from..], a, b, c }, place);
                assert_eq!(out[from..], expected, "{place:?} {from} {n}");
            }
        }
    }
    let out = &mut vec![0.0_f32; 1 << 20];
    let place = |n: usize, out: &mut [f32]| {
        Place::of(&Vectors { out: &mut out[..n], a: &[], b: &[], c: &[] })
    };
    assert_eq!(place(1 << 19, out), Place::Cache);
    assert_eq!(place(1 << 20, out), Place::Memory);
}

#[test]
fn the_sum_has_a_closed_form() {
    let subject = subject(DType::F64);
    for variant in VARIANTS {
        let outputs = subject.run(variant, &subject.case(&[("n", 1000.0)]));
        let [Value::Array(Array::F64(out))] = &outputs[..] else { panic!("one f64 array") };
        assert!((out.sum() - 666.667).abs() < 1e-10, "{}: {}", variant.name, out.sum());
    }
}

#[test]
fn only_array_expressions_make_temporaries() {
    let subject = subject(DType::F64);
    let case = subject.case(&[("n", 1000.0)]);
    for variant in VARIANTS {
        let mut arguments = subject.arguments(&case);
        let mut call = NativeCall {
            dtype: DType::F64,
            arguments: &mut arguments,
            returned: Vec::new(),
            threads: 1,
            parameters: &case.parameters,
            facts: BTreeMap::new(),
        };
        (variant.run)(&mut call).unwrap();
        let expected = if variant.name == "array_new" { 16_000.0 } else { 0.0 };
        assert_eq!(call.facts["temporaries"], expected, "{}", variant.name);
    }
}

#[test]
fn vectors_of_unequal_length_are_refused() {
    let subject = subject(DType::F32);
    let case = subject.case(&[]);
    let shorter = subject.arguments(&subject.case(&[("n", 3.0)]));
    for variant in VARIANTS {
        let mut arguments = subject.arguments(&case);
        arguments[2] = shorter[2].clone();
        let (parameters, facts) = (&case.parameters, BTreeMap::new());
        let (dtype, returned) = (DType::F32, Vec::new());
        let arguments = &mut arguments;
        let mut call = NativeCall { dtype, arguments, returned, threads: 1, parameters, facts };
        let error = (variant.run)(&mut call).unwrap_err();
        let expected = NativeError::Argument { position: 2, expected: "as long as the result" };
        assert_eq!(error, expected, "{}", variant.name);
    }
}

#[test]
fn mutants_differ() {
    let (a, b, c): ([f64; 3], _, _) = ([0.1, 0.2, 0.3], [0.7, 0.8, 0.9], [-0.07, -0.16, -0.27]);
    let mut expected = [0.0; 3];
    fused(&mut expected, &a, &b, &c);
    let mut stale = [9.0; 3];
    fused(&mut stale[..2], &a, &b, &c);
    assert_ne!(stale, expected, "zipped to the shorter array");
    let contracted: [f64; 3] = std::array::from_fn(|i| a[i].mul_add(b[i], c[i]));
    assert_ne!(contracted, expected, "one rounding for two");
}
