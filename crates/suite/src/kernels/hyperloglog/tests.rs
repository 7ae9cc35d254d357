//! Known registers and estimates, every variant at sizes with tails, the chart, wrong versions.

use crossover_contract::{ResultView, Series};

use super::*;
use crate::testing::Subject;

fn subject() -> Subject {
    Subject::of("hyperloglog", DType::U32)
}

#[test]
fn variants_agree_at_odd_sizes() {
    for (n, p) in [(1, 0), (1, 16), (31, 4), (2_049, 7), (32_769, 12), (100_003, 16)] {
        subject().assert_exact_variants(&[("n", f64::from(n)), ("p", f64::from(p))]);
    }
}

#[test]
fn known_registers() {
    let fill = |n, p| one_task(0..n, p, raise_batches);
    let sum = |registers: &[u8]| registers.iter().map(|&rank| u32::from(rank)).sum::<u32>();
    assert_eq!(fill(100_000, 0), [20]);
    assert_eq!(sum(&fill(100_000, 4)), 219);
    let registers = fill(100_000, 16);
    assert_eq!(sum(&registers), 130_735);
    assert_eq!(registers.iter().filter(|&&rank| rank == 0).count(), 14_220);
}

#[test]
fn a_rest_of_zero_has_the_largest_rank() {
    assert_eq!([0, 1, 8, 1 << 31].map(rank), [32, 1, 4, 32]);
}

#[test]
fn the_estimate_is_near_and_log2_is_not() {
    let view = |outputs: &[(String, Value)]| {
        let (_, estimate) = shown::ESTIMATES[0];
        let case = subject().case(&[]);
        estimate(&ResultView { case: &case, dtype: DType::U32, outputs }).unwrap()
    };
    let outputs = subject().run(subject().variant("scalar"), &subject().case(&[]));
    let names = ["registers", "ranks", "result"].map(str::to_owned);
    let outputs: Vec<_> = names.into_iter().zip(outputs).collect();
    let estimate = view(&outputs);
    assert_eq!(estimate.truth, 10_000.0);
    assert!((estimate.estimate - 9_959.787_739_962_589).abs() < 0.01, "{estimate:?}");
    assert!(estimate.relative_error().abs() < 0.005);
    let log2 = estimate.estimate / std::f64::consts::LN_2;
    assert!(((log2 / 10_000.0) - 1.44).abs() < 0.01);
}

#[test]
fn the_chart_ends_at_the_case_and_shows_what_each_correction_does() {
    let case = subject().case(&[]);
    let (_, chart) = shown::CHARTS[0];
    let series = chart(&ResultView { case: &case, dtype: DType::U32, outputs: &[] });
    let last = |series: &Series| *series.points.last().unwrap();
    assert_eq!(series.len(), 3);
    for series in &series {
        assert_eq!(last(series)[0], 10_000.0);
        assert_eq!(series.points[0][0], 1.0);
    }
    assert!(series[0].points.iter().all(|point| point[1].abs() < 0.04));
    assert!(series[1].points[0][1] > 10_000.0, "the raw estimate of one key");
    assert!((last(&series[2])[1] - 0.44).abs() < 0.01);
}

#[test]
fn wrong_versions_differ() {
    let right = one_task(0..10_000, 14, raise_one_by_one);
    let with = |wrong: fn(&mut [u8], u32)| {
        let mut registers = vec![0; 1 << 14];
        (0..10_000).for_each(|key| wrong(&mut registers, decimal_keys::hash(key, 0)));
        registers
    };
    assert_eq!(with(|registers, hash| raise(registers, hash, 14)), right);
    assert_ne!(with(|registers, hash| raise(registers, hash, 0)), right, "rank of the whole hash");
    assert_ne!(with(|registers, hash| raise(registers, hash ^ 1, 14)), right, "other registers");
    let last = |registers: &mut [u8], hash: u32| {
        registers[hash as usize & 0x3FFF] = rank(hash >> 14);
    };
    assert_ne!(with(last), right, "the last rank, not the largest");
}
