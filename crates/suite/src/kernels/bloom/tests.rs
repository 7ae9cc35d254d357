//! Known bits and counts, every variant at sizes with tails, sizing, charts, wrong versions.

use crossover_contract::ResultView;

use super::sizing::{Sizing, scaling_bytes};
use super::*;
use crate::testing::Subject;

fn subject() -> Subject {
    Subject::of("bloom", DType::U32)
}

#[test]
fn variants_agree_at_odd_sizes() {
    for n in [1.0, 31.0, 1_025.0, 9_999.0, 50_021.0] {
        subject().assert_exact_variants(&[("n", n)]);
    }
    subject().assert_exact_variants(&[("n", 777.0), ("error", 0.5)]);
    subject().assert_exact_variants(&[("n", 777.0), ("error", 0.0001)]);
}

fn book() -> (Vec<u32>, Found, Places) {
    let sizing = Sizing::new(100_000.0, 0.005);
    let places = Places { size: sizing.bits as u32, hashes: sizing.hashes };
    let mut bits = vec![0; places.size.div_ceil(32) as usize];
    let found = one_task(&BATCHES, &mut bits, 100_000, places);
    (bits, found, places)
}

#[test]
fn known_bits_and_no_false_negative() {
    let (bits, found, places) = book();
    assert_eq!((places.size, places.hashes), (1_102_776, 8));
    assert_eq!(bits.iter().map(|word| word.count_ones()).sum::<u32>(), 568_891);
    assert_eq!(found, Found { held: 100_000, others: 545 });
}

#[test]
fn known_sizes() {
    assert_eq!(Sizing::new(50_000.0, 0.0005), Sizing { bits: 791_015, hashes: 11 });
    assert_eq!(Sizing::new(100_000.0, 0.005), Sizing { bits: 1_102_776, hashes: 8 });
    // Six stages of a capacity of 2^20: the book's scaling filter.
    assert_eq!(scaling_bytes(1_048_576.0, 0.005, 6) / 1000, 11_509);
}

#[test]
fn the_definition_sizes_filters_as_the_code_does() {
    for (n, error) in [(3_000.0, 0.005), (50_000.0, 0.0005), (12_345.0, 0.02)] {
        let case = subject().case(&[("n", n), ("error", error)]);
        let sizing = Sizing::new(n, error);
        assert_eq!(case.parameters["size"], sizing.bits as f64);
        assert_eq!(case.parameters["hashes"], f64::from(sizing.hashes));
    }
}

#[test]
fn estimates_are_near_the_truth() {
    let case = subject().case(&[("n", 100_000.0)]);
    let outputs = subject().run(subject().variant("simd"), &case);
    let names = ["bits", "result0", "result1", "result2"].map(str::to_owned);
    let outputs: Vec<_> = names.into_iter().zip(outputs).collect();
    let view = ResultView { case: &case, dtype: DType::U32, outputs: &outputs };
    let of = |name| {
        let (_, function) = shown::ESTIMATES.iter().find(|(found, _)| *found == name).unwrap();
        function(&view).unwrap()
    };
    let keys = of("keys_held");
    assert!(keys.truth == 100_000.0 && keys.relative_error().abs() < 0.005, "{keys:?}");
    let rate = of("false_positive_rate");
    assert!(rate.truth == 0.005_45 && rate.relative_error().abs() < 0.15, "{rate:?}");
}

#[test]
fn the_rate_rises_beyond_capacity_and_a_scaling_filter_costs_space() {
    let case = subject().case(&[]);
    let view = ResultView { case: &case, dtype: DType::U32, outputs: &[] };
    let [rates, space] = [0, 1].map(|chart| (shown::CHARTS[chart].1)(&view));
    let predicted = &rates[1].points;
    assert!(predicted.windows(2).all(|pair| pair[0][1] < pair[1][1]), "{predicted:?}");
    let found = rates[0].points.last().unwrap();
    assert!(found[0] == 9_000.0 && found[1] > 0.05, "{found:?}");
    let pairs = space[0].points.iter().zip(&space[1].points);
    assert!(pairs.skip(1).all(|(fitted, scaling)| scaling[1] > fitted[1]));
}

#[test]
fn wrong_versions_differ() {
    let (right, found, places) = book();
    let mut dirty = vec![0x5555_5555; right.len()];
    let from_dirty = one_task(&BATCHES, &mut dirty, 100_000, places);
    assert!(dirty != right && from_dirty.others > found.others, "not cleared");
    let fewer = Places { hashes: 7, ..places };
    assert_ne!(batch::count(&right, 100_000..200_000, fewer), found.others, "one place fewer");
    let mut lost = right.clone();
    lost[17] = 0;
    assert_ne!(batch::count(&lost, 0..100_000, places), 100_000, "a word lost");
}
