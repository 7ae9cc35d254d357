//! Known hits, every variant at sizes with tails and other keys, and mutants that must differ.

use super::*;
use crate::testing::Subject;

fn subject() -> Subject {
    Subject::of("pi_darts", DType::U32)
}

#[test]
fn variants_agree_at_odd_sizes() {
    for n in [1.0, 2.0, 31.0, 32.0, 33.0, 1001.0, 65_537.0, 131_073.0] {
        subject().assert_exact_variants(&[("n", n)]);
    }
}

#[test]
fn every_variant_gives_the_known_hits() {
    let subject = subject();
    for variant in VARIANTS {
        let outputs = subject.run(variant, &subject.case(&[]));
        let [Value::Scalar(hits)] = outputs[..] else { panic!("one scalar") };
        assert_eq!(hits, Scalar::U32(7857), "{}", variant.name);
    }
}

#[test]
fn keys_change_the_hits_of_all_alike() {
    let darts = |key| Darts { from: 0, to: 20_011, key };
    let hits = |key| scalar_hits(darts(key));
    for key in [[0, 0], [1, 0], [0, 1], [u32::MAX, u32::MAX]] {
        assert_eq!(simd::hits(darts(key)), hits(key), "{key:?}");
    }
    assert!(hits([0, 0]) != hits([1, 0]) && hits([0, 0]) != hits([0, 1]));
}

#[test]
fn a_range_need_not_start_at_zero() {
    let whole = scalar_hits(Darts { from: 0, to: 5000, key: [3, 4] });
    let parts = simd::hits(Darts { from: 0, to: 1237, key: [3, 4] })
        + simd::hits(Darts { from: 1237, to: 5000, key: [3, 4] });
    assert_eq!(whole, parts);
}

#[test]
fn both_stages_take_time() {
    let mut spent = staged::Spent::default();
    let darts = Darts { from: 5, to: 50_005, key: [0, 0] };
    assert_eq!(staged::hits(darts, &mut spent), scalar_hits(darts));
    assert!(!spent.generation.is_zero() && !spent.test.is_zero());
}

#[test]
fn mutants_differ() {
    let right = scalar_hits(Darts { from: 0, to: 10_000, key: [0, 0] });
    let with = |hit: fn([u32; 4]) -> bool| {
        (0..10_000).filter(|&i| hit(philox::philox4x32_10([i, 0, 0, 0], [0, 0]))).count() as u32
    };
    assert_eq!(with(|w| is_hit(w[0], w[1])), right);
    assert_ne!(with(|w| is_hit(w[0], w[0])), right, "one word for both coordinates");
    assert_ne!(with(|w| is_hit(w[0] >> 1, w[1])), right, "a coordinate of 15 bits");
    assert_ne!(scalar_hits(Darts { from: 0, to: 9_984, key: [0, 0] }), right, "tail left out");
    assert_ne!(scalar_hits(Darts { from: 1, to: 10_001, key: [0, 0] }), right, "off by one");
}
