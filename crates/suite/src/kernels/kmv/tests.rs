//! Known sets and estimates, every variant at odd sizes, charts, wrong versions.

use crossover_contract::ResultView;

use super::*;
use crate::testing::Subject;

fn subject() -> Subject {
    Subject::of("kmv", DType::U32)
}

#[test]
fn variants_agree_at_odd_sizes() {
    for (n, k) in [(4, 3), (5, 2), (101, 33), (2_049, 257), (60_001, 45_000), (100_003, 32)] {
        subject().assert_exact_variants(&[("n", f64::from(n)), ("k", f64::from(k))]);
    }
}

#[test]
fn known_sets() {
    let sum = |hashes: &[u32]| hashes.iter().map(|h| i64::from((h ^ SIGN) as i32)).sum::<i64>();
    let fast = |n, k| below_limit(n, k, batches_below, buckets::sort);
    assert_eq!(sum(&fast(100_000, 32)), -68_698_374_778);
    assert_eq!(sum(&fast(100_000, 65_536)), -49_006_987_144_712);
    assert_eq!(fast(100_000, 100_000).len(), 99_998, "two pairs of keys share a hash");
}

#[test]
fn a_limit_that_is_too_low_grows() {
    let half = |keys, limit| batches_below(keys, limit / 2);
    let sort = |hashes: &mut Vec<u32>, _| hashes.sort_unstable();
    assert_eq!(below_limit(10_000, 1_000, half, sort), sort_all(10_000, 1_000));
}

#[test]
fn the_estimate_has_its_truth_beside_it() {
    let case = subject().case(&[]);
    let outputs = subject().run(subject().variant("scalar"), &case);
    let names = ["kept", "result"].map(str::to_owned);
    let outputs: Vec<_> = names.into_iter().zip(outputs).collect();
    let (_, function) = shown::ESTIMATES[0];
    let view = ResultView { case: &case, dtype: DType::U32, outputs: &outputs };
    let estimate = function(&view).unwrap();
    assert_eq!(estimate.truth, 10_000.0);
    assert!((estimate.estimate - 10_078.983_608_248_76).abs() < 0.01, "{estimate:?}");
}

#[test]
fn charts_follow_keys_and_space() {
    let case = subject().case(&[("n", 100_000.0), ("k", 1_024.0)]);
    let view = ResultView { case: &case, dtype: DType::U32, outputs: &[] };
    let [by_keys, by_kept] = [0, 1].map(|chart| (shown::CHARTS[chart].1)(&view));
    let errors = &by_keys[0].points;
    assert!(errors.len() > 8 && errors.iter().all(|point| point[1].abs() < 0.1), "{errors:?}");
    let found = &by_kept[0].points;
    assert_eq!(found.last().unwrap()[0], 65_536.0);
    assert!((found.last().unwrap()[1] - 0.001_997_5).abs() < 1e-6, "{found:?}");
}

#[test]
fn wrong_versions_differ() {
    let right = sort_all(10_000, 1_024);
    let mut unsigned: Vec<u32> = (0..10_000).map(|key| decimal_keys::hash(key, 0)).collect();
    unsigned.sort_unstable();
    assert_ne!(unsigned[..1_024], right, "order of unsigned hashes");
    assert_ne!(sort_all(9_999, 9_999).len(), 10_000, "a key left out");
    let estimate = |at: usize| 1_023.0 * 4_294_967_296.0 / f64::from(right[at]);
    assert!((estimate(1_023) - estimate(1_022)).abs() > 0.1, "the bound tells them apart");
}
