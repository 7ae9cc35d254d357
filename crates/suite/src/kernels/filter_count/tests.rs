//! Variants against the plain loop at odd sizes, known counts, the memory that lists take, and
//! mutants that must differ.

use std::collections::BTreeMap;

use super::*;
use crate::testing::Subject;

fn subject() -> Subject {
    Subject::of("filter_count", DType::U32)
}

#[test]
fn variants_agree_at_odd_sizes() {
    for n in [1.0, 2.0, 3.0, 4.0, 15.0, 16.0, 17.0, 4097.0, 131_073.0, 300_001.0] {
        subject().assert_exact_variants(&[("n", n)]);
        subject().assert_exact_variants(&[("n", n), ("form", 1.0)]);
    }
}

#[test]
fn every_variant_gives_the_known_count() {
    let subject = subject();
    for variant in VARIANTS {
        let outputs = subject.run(variant, &subject.case(&[("n", 1e7)]));
        let [Value::Scalar(count), Value::Scalar(sum)] = outputs[..] else { panic!("two scalars") };
        assert_eq!((count, sum), (Scalar::U32(3_333_334), Scalar::U32(2_195_224_853)));
    }
}

#[test]
fn only_lists_take_memory() {
    let subject = subject();
    let case = subject.case(&[]);
    for variant in VARIANTS {
        let mut call = NativeCall {
            dtype: DType::U32,
            arguments: &mut subject.arguments(&case),
            returned: Vec::new(),
            threads: 1,
            parameters: &case.parameters,
            facts: BTreeMap::new(),
        };
        (variant.run)(&mut call).unwrap();
        let bytes = call.facts["list_bytes"];
        if variant.name.starts_with("list") {
            assert!(
                (4.0 * 33_334.0..=8.0 * 33_334.0).contains(&bytes),
                "{}: {bytes}",
                variant.name
            );
        } else {
            assert_eq!(bytes, 0.0, "{}", variant.name);
        }
    }
}

#[test]
fn a_range_need_not_start_at_zero() {
    let whole = scalar_kept(Numbers { from: 0, to: 5000 });
    let parts =
        simd::kept(Numbers { from: 0, to: 1237 }).and(simd::kept(Numbers { from: 1237, to: 5000 }));
    assert_eq!(whole, parts);
}

#[test]
fn mutants_differ() {
    let right = scalar_kept(Numbers { from: 0, to: 10_000 });
    assert_ne!(scalar_kept(Numbers { from: 0, to: 9_984 }), right, "tail left out");
    assert_ne!(scalar_kept(Numbers { from: 1, to: 10_000 }), right, "first left out");
    let other: Vec<u32> = (0..10_000).filter(|i| i % 3 == 1).collect();
    let sum = other.iter().sum();
    assert_ne!(Kept { count: other.len() as u32, sum }, right, "another remainder");
}
