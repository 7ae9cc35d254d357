//! What HyperLogLog shows beside its registers: the estimate with the truth, and the error as keys
//! arrive.

use crossover_contract::{ChartFunction, Estimate, EstimateFunction, ResultView, Series};
use crossover_values::Value;

use super::{RANKS, raise_batches};

pub(super) const ESTIMATES: &[(&str, EstimateFunction)] = &[("distinct_keys", distinct_keys)];

pub(super) const CHARTS: &[(&str, ChartFunction)] = &[("error_by_keys", error_by_keys)];

/// The chart goes no further, so that it stays cheap at every size.
const CHART_KEYS: u32 = 1_000_000;

/// The keys are all distinct, so the truth is their number.
fn distinct_keys(view: &ResultView<'_>) -> Option<Estimate> {
    let Value::Scalar(estimate) = view.output("result")? else { return None };
    Some(Estimate { estimate: estimate.as_f64(), truth: *view.case.parameters.get("n")? })
}

/// An estimator in f64: of the number of registers per rank, and the number of registers.
type Estimator = fn(&[u32; RANKS], f64) -> f64;

const ESTIMATORS: [(&str, Estimator); 3] = [
    ("HyperLogLog", |ranks, m| corrected(ranks, m, f64::ln)),
    ("raw estimate", raw),
    ("log2 for ln", |ranks, m| corrected(ranks, m, f64::log2)),
];

fn raw(ranks: &[u32; RANKS], m: f64) -> f64 {
    let term = |(rank, &count): (usize, &u32)| f64::from(count) * 0.5_f64.powi(rank as i32);
    let harmonic: f64 = ranks.iter().enumerate().map(term).sum();
    0.7213 / (1.0 + 1.079 / m) * m * m / harmonic
}

fn corrected(ranks: &[u32; RANKS], m: f64, log: fn(f64) -> f64) -> f64 {
    let raw = raw(ranks, m);
    if raw <= 2.5 * m && ranks[0] > 0 { m * log(m / f64::from(ranks[0])) } else { raw }
}

/// 1, 2, 5, 10, … up to the last, and the last.
fn checkpoints(last: u32) -> impl Iterator<Item = u32> {
    let decades = (0..9).flat_map(|decade| [1, 2, 5].map(|step| step * 10_u32.pow(decade)));
    decades.filter(move |&keys| keys < last).chain([last])
}

fn error_by_keys(view: &ResultView<'_>) -> Vec<Series> {
    let parameter = |name| view.case.parameters.get(name).copied().unwrap_or(0.0);
    let (n, p) = (parameter("n") as u32, parameter("p") as u32);
    let mut registers = vec![0; 1 << p];
    let mut points = ESTIMATORS.map(|_| Vec::new());
    let mut seen = 0;
    for keys in checkpoints(n.min(CHART_KEYS)) {
        raise_batches(&mut registers, seen..keys, p);
        seen = keys;
        let mut ranks = [0; RANKS];
        registers.iter().for_each(|&rank| ranks[usize::from(rank)] += 1);
        for (points, (_, estimator)) in points.iter_mut().zip(ESTIMATORS) {
            let truth = f64::from(keys);
            points.push([truth, estimator(&ranks, registers.len() as f64) / truth - 1.0]);
        }
    }
    let series = ESTIMATORS.into_iter().zip(points);
    series.map(|((name, _), points)| Series { name: name.to_owned(), points }).collect()
}
