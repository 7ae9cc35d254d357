//! Every variant against the plain loops, the products against the division for every count, and
//! mutants that must differ.

use std::collections::BTreeMap;

use super::*;
use crate::testing::Subject;

fn subject() -> Subject {
    Subject::of("grey_map", DType::U32)
}

#[test]
fn variants_agree_at_odd_sizes() {
    for w in [1.0, 2.0, 3.0, 17.0, 70.0] {
        for most in [0.0, 1.0, 2.0, 255.0, 300.0, 16_384.0, 16_385.0, 16_777_215.0] {
            subject().assert_exact_variants(&[("w", w), ("most", most)]);
        }
    }
}

/// Counts up to `top`: all of them, or those around the steps of the quotient.
fn telling_counts(top: u32) -> Vec<u32> {
    if top <= 70_000 {
        return (0..=top).collect();
    }
    let steps = (0..=255_u64).map(|shade| (shade * u64::from(top) / 255) as u32);
    steps.flat_map(|at| at.saturating_sub(2)..=(at + 2).min(top)).collect()
}

#[test]
fn a_product_rounds_as_the_division_does() {
    let tops = (1..=600).chain([1023, 4093, 8191, 16_383, 16_384, 16_385, 65_535, 65_537]);
    for top in tops.chain([1 << 20, (1 << 24) - 3, (1 << 24) - 1]) {
        let counts = telling_counts(top);
        let mut expected = vec![0; counts.len()];
        shades::divided(&mut expected, &counts, top);
        for shade in [shades::multiplied, shades::looked_up] {
            let mut pixels = vec![7; counts.len()];
            shade(&mut pixels, &counts, top);
            assert_eq!(pixels, expected, "{top}");
        }
    }
}

#[test]
fn wrong_arguments_are_errors() {
    let subject = subject();
    let case = subject.case(&[]);
    let other = subject.arguments(&subject.case(&[("w", 3.0)]));
    for variant in VARIANTS {
        let refuse = |dtype: DType, arguments: &mut [Value]| {
            let (returned, facts) = (Vec::new(), BTreeMap::new());
            let parameters = &case.parameters;
            let mut call = NativeCall { dtype, arguments, returned, threads: 1, parameters, facts };
            (variant.run)(&mut call).unwrap_err()
        };
        let mut arguments = subject.arguments(&case);
        assert_eq!(refuse(DType::F32, &mut arguments), NativeError::Instance(DType::F32));
        refuse(DType::U32, &mut arguments[..1]);
        arguments.swap(0, 1);
        refuse(DType::U32, &mut arguments);
        arguments.swap(0, 1);
        arguments[1] = other[1].clone();
        let expected = NativeError::Argument { position: 1, expected: "one count per pixel" };
        assert_eq!(refuse(DType::U32, &mut arguments), expected);
    }
}

#[test]
fn mutants_differ() {
    let differs = |mutant: fn(u32, u32) -> u32| {
        (1..=300_u32)
            .any(|top| (0..=top).any(|count| mutant(count, top) as u8 != (count * 255 / top) as u8))
    };
    assert!(!differs(|count, top| count * 255 / top));
    assert!(differs(|count, top| count * 256 / top));
    assert!(differs(|count, top| (count * 255 + top / 2) / top));
}
