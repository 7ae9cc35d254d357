//! Variants against the plain updates at odd lengths, the flagged days, mean and variance against
//! exact sums, the chart, and mutants that must differ.

use crossover_contract::ResultView;
use crossover_values::{Array, DType, Value};

use super::*;
use crate::testing::Subject;

const SMALL: Stream = Stream { samples: 1024, first: 44_385, key: [0, 0] };

#[test]
fn exact_variants_agree_at_odd_lengths() {
    for dtype in [DType::F64, DType::F32] {
        for (days, samples) in
            [(1.0, 64.0), (2.0, 65.0), (3.0, 127.0), (2.0, 1000.0), (1.0, 4097.0)]
        {
            let set = [("days", days), ("samples", samples), ("first", 45_000.0)];
            Subject::of("anomaly", dtype).assert_exact_variants(&set);
        }
    }
}

#[test]
fn the_days_of_the_book_are_flagged() {
    let days = over_threads(simd::day_f64)(&Stream { samples: 86_400, first: 0, key: [0, 0] }, 60);
    let flagged: Vec<usize> = (0..60).filter(|&day| days[day].flag == 1).collect();
    assert_eq!(flagged, [0, 4, 5, 10, 14, 48, 51]);
    // No day comes near the line: a wrong last digit cannot turn a decision.
    for day in days {
        let ratio = (f64::from(day.largest) - day.mean) / (6.0 * day.variance.sqrt());
        assert!(!(0.6..6.0).contains(&ratio), "{ratio}");
    }
}

#[test]
fn welford_and_exact_sums_agree() {
    let (welford, sums) = (scalar_day::<f64>(&SMALL, 1), sums::day::<f64>(&SMALL, 1));
    assert_eq!((welford.flag, welford.largest), (sums.flag, sums.largest));
    assert_eq!(sums.mean, 7.832_031_25);
    assert!((welford.mean - sums.mean).abs() < 1e-12);
    assert!((welford.variance / sums.variance - 1.0).abs() < 1e-12);
}

#[test]
fn the_chart_crosses_its_line_once() {
    let subject = Subject::of("anomaly", DType::F64);
    let case = subject.case(&[]);
    let outputs = subject.run(subject.variant("scalar"), &case);
    let names = ["flags", "largest", "mean", "variance"].map(str::to_owned);
    let outputs: Vec<(String, Value)> = names.into_iter().zip(outputs).collect();
    let view = ResultView { case: &case, dtype: DType::F64, outputs: &outputs };
    let series = chart::trace(&view);
    let limit = series[3].points[0][1];
    assert_eq!(series[0].points.iter().filter(|point| point[1] > limit).count(), 1);
    assert!(series.iter().all(|s| !s.points.is_empty() && s.points.len() <= 240));
    let none = [("flags".to_owned(), Value::Array(Array::zeros(DType::U32, &[1])))];
    assert!(chart::trace(&ResultView { outputs: &none, ..view }).is_empty());
}

#[test]
fn mutants_differ() {
    let right = scalar_day::<f64>(&SMALL, 1);
    assert_ne!(scalar_day::<f64>(&Stream { samples: 1023, ..SMALL }, 1), right, "tail left out");
    assert_ne!(scalar_day::<f64>(&Stream { key: [1, 0], ..SMALL }, 1).largest, right.largest);
    let limit = right.mean + 60.0 * right.variance.sqrt();
    assert!(f64::from(right.largest) < limit, "sixty deviations flag nothing");
}
