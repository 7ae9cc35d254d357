//! From samples to a median with its interval, and the order of a round.

use crossover_values::philox;
use statrs::statistics::{Data, OrderStatistics};

/// Resamples of a bootstrap: the 2.5 % ends then rest on 50 of them.
const RESAMPLES: u64 = 2000;

/// Fewest samples that are resampled; below, the interval is from the least to the largest one, as
/// a bootstrap of so few only repeats them.
pub const BOOTSTRAP_FROM: usize = 6;

/// Median and interval of samples, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Median.
    pub median_ns: u64,
    /// Lower end of the bootstrap 95 % interval of the median, or the least of few samples.
    pub low_ns: u64,
    /// Upper end, or the largest of few samples.
    pub high_ns: u64,
}

/// Summarises samples; `None` if there are none. The same samples give the same interval.
pub fn summarize(samples: &[u64]) -> Option<Summary> {
    let (&least, &largest) = (samples.iter().min()?, samples.iter().max()?);
    let median_ns = median(samples.iter().map(|&ns| ns as f64).collect());
    if samples.len() < BOOTSTRAP_FROM {
        return Some(Summary { median_ns: median_ns as u64, low_ns: least, high_ns: largest });
    }
    let medians = (0..RESAMPLES).map(|round| median(resample(samples, round))).collect::<Vec<_>>();
    let mut medians = Data::new(medians);
    Some(Summary {
        median_ns: median_ns as u64,
        low_ns: medians.quantile(0.025) as u64,
        high_ns: medians.quantile(0.975) as u64,
    })
}

fn median(values: Vec<f64>) -> f64 {
    Data::new(values).median()
}

fn resample(samples: &[u64], round: u64) -> Vec<f64> {
    let draws = (0..samples.len()).map(|position| {
        let [word, ..] = philox::stream(round, position as u64);
        samples[below(word, samples.len())] as f64
    });
    draws.collect()
}

/// A number below `end` from a random word; the bias is below `end / 2^32`.
fn below(word: u32, end: usize) -> usize {
    ((u64::from(word) * end as u64) >> 32) as usize
}

/// The numbers `0..len` in an order drawn for one round of one run.
pub fn shuffled(len: usize, seed: u64, round: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    let key = seed ^ round.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    for last in (1..len).rev() {
        let [word, ..] = philox::stream(key, last as u64);
        order.swap(last, below(word, last + 1));
    }
    order
}

/// Position of the sample nearest to the median.
pub(crate) fn median_position(samples: &[u64]) -> Option<usize> {
    let median = summarize_median(samples)?;
    (0..samples.len()).min_by_key(|&position| samples[position].abs_diff(median))
}

fn summarize_median(samples: &[u64]) -> Option<u64> {
    (!samples.is_empty()).then(|| median(samples.iter().map(|&ns| ns as f64).collect()) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_samples_give_their_ends() {
        assert_eq!(summarize(&[]), None);
        let summary = Summary { median_ns: 5, low_ns: 1, high_ns: 9 };
        assert_eq!(summarize(&[9, 1, 5]), Some(summary));
        let one = Summary { median_ns: 7, low_ns: 7, high_ns: 7 };
        assert_eq!(summarize(&[7]), Some(one));
    }

    #[test]
    fn an_outlier_moves_neither_the_median_nor_the_interval_much() {
        let mut samples: Vec<u64> = (100..130).collect();
        samples.push(1_000_000);
        let summary = summarize(&samples).unwrap();
        assert_eq!(summary.median_ns, 115);
        assert!((100..115).contains(&summary.low_ns), "{summary:?}");
        assert!((116..=130).contains(&summary.high_ns), "{summary:?}");
        assert_eq!(summarize(&samples), Some(summary), "the same samples, the same interval");
    }

    #[test]
    fn the_interval_covers_the_true_median_about_as_often_as_it_says() {
        let covered = (0..200).filter(|&trial| {
            let draw = |i| below(philox::stream(1000 + trial, i)[1], 1000) as u64;
            let samples: Vec<u64> = (0..25).map(draw).collect();
            let summary = summarize(&samples).unwrap();
            summary.low_ns <= 500 && 500 <= summary.high_ns
        });
        let covered = covered.count();
        assert!((180..=200).contains(&covered), "{covered} of 200");
    }

    #[test]
    fn each_round_has_its_own_order_of_all() {
        let (first, second) = (shuffled(20, 1, 0), shuffled(20, 1, 1));
        assert_ne!(first, second);
        assert_eq!(first, shuffled(20, 1, 0));
        for mut order in [first, second] {
            order.sort_unstable();
            assert_eq!(order, (0..20).collect::<Vec<_>>());
        }
        let firsts: std::collections::BTreeSet<usize> =
            (0..100).map(|round| shuffled(5, 7, round)[0]).collect();
        assert_eq!(firsts.len(), 5, "every row comes first at times");
    }

    #[test]
    fn the_median_sample_is_one_that_was_taken() {
        assert_eq!(median_position(&[10, 30, 20, 1000, 1]), Some(2));
        assert_eq!(median_position(&[]), None);
    }
}
