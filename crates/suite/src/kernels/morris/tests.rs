//! Known exponents, every variant at odd sizes, the estimates, wrong versions.

use crossover_contract::ResultView;

use super::*;
use crate::testing::Subject;

fn subject() -> Subject {
    Subject::of("morris", DType::U32)
}

#[test]
fn variants_agree_at_odd_sizes() {
    for (n, groups) in [(1, 1), (63, 5), (65, 2), (4_097, 7), (70_001, 1), (70_001, 4)] {
        subject().assert_exact_variants(&[("n", f64::from(n)), ("groups", f64::from(groups))]);
    }
}

#[test]
fn known_exponents() {
    let subject = subject();
    for variant in VARIANTS {
        let outputs = subject.run(variant, &subject.case(&[("n", 100_000.0), ("groups", 1.0)]));
        let [exponents] = &outputs[..] else { panic!("one array") };
        let exponents = crate::arguments::array::<u32>(exponents, 0).unwrap();
        assert_eq!(exponents, [16, 17, 16], "{}", variant.name);
    }
}

#[test]
fn many_counters_are_better_than_one() {
    let case = subject().case(&[("n", 100_000.0), ("groups", 16.0)]);
    let outputs = subject().run(subject().variant("simd"), &case);
    let outputs = [("exponents".to_owned(), outputs.into_iter().next().unwrap())];
    let view = ResultView { case: &case, dtype: DType::U32, outputs: &outputs };
    let [first, all] = [0, 1].map(|of| (shown::ESTIMATES[of].1)(&view).unwrap());
    assert_eq!((first.estimate, first.truth), (65_535.0, 100_000.0));
    assert!(all.relative_error().abs() < 0.25, "{all:?}");
    let series = (shown::CHARTS[0].1)(&view);
    let last = series.iter().map(|series| *series.points.last().unwrap()).collect::<Vec<_>>();
    assert_eq!(last[0], [100_000.0, first.relative_error()]);
    assert!((last[3][1] - all.relative_error()).abs() < 1e-12);
}

#[test]
fn wrong_versions_differ() {
    let with = |event: fn(&mut [u32; GROUP], [u32; GROUP])| {
        let mut exponents = [0; GROUP];
        (0..10_000).for_each(|i| event(&mut exponents, draw(i, [0, 0])));
        exponents
    };
    let right = with(one_event);
    let stricter: fn(&mut [u32; GROUP], [u32; GROUP]) = |exponents, words| {
        for (exponent, word) in exponents.iter_mut().zip(words) {
            *exponent += u32::from(grows(*exponent + 1, word));
        }
    };
    assert_ne!(with(stricter), right, "one bit too many");
    assert_ne!(with(|exponents, [_, _, c]| one_event(exponents, [c; 3])), right, "one word");
}
