//! What the k smallest hashes say: the number of keys with its truth, and the error against keys
//! and against space.

use crossover_contract::{ChartFunction, Estimate, EstimateFunction, ResultView, Series};
use crossover_values::Value;

use super::{batches_below, below_limit, buckets};

pub(super) const ESTIMATES: &[(&str, EstimateFunction)] = &[("distinct_keys", distinct_keys)];

pub(super) const CHARTS: &[(&str, ChartFunction)] =
    &[("error_by_keys", error_by_keys), ("error_by_kept", error_by_kept)];

/// The charts go no further, so that they stay cheap at every size.
const CHART_KEYS: u32 = 500_000;

/// The keys are all different, so the truth is their number.
fn distinct_keys(view: &ResultView<'_>) -> Option<Estimate> {
    let Value::Scalar(estimate) = view.output("result")? else { return None };
    Some(Estimate { estimate: estimate.as_f64(), truth: *view.case.parameters.get("n")? })
}

fn parameters(view: &ResultView<'_>) -> (u32, usize) {
    let parameter = |name| view.case.parameters.get(name).copied().unwrap_or(2.0);
    ((parameter("n") as u32).min(CHART_KEYS), parameter("k") as usize)
}

/// From sorted hashes, of which the first k would be kept.
fn estimate(hashes: &[u32], k: usize) -> f64 {
    (k - 1) as f64 * f64::from(u32::MAX) / f64::from(hashes[k - 2])
}

fn error_by_keys(view: &ResultView<'_>) -> Vec<Series> {
    let (n, k) = parameters(view);
    let mut points = Vec::new();
    let mut keys = k as u32 + k as u32 / 3 + 1;
    while keys < n {
        let hashes = below_limit(keys, k, batches_below, buckets::sort);
        points.push([f64::from(keys), estimate(&hashes, k) / f64::from(keys) - 1.0]);
        keys += keys / 2;
    }
    vec![Series { name: "estimate".to_owned(), points }]
}

fn error_by_kept(view: &ResultView<'_>) -> Vec<Series> {
    let (n, _) = parameters(view);
    let hashes = below_limit(n, n as usize, batches_below, buckets::sort);
    let (mut found, mut expected) = (Vec::new(), Vec::new());
    let most = 3 * hashes.len() / 4;
    for k in (2..20).map(|power| 1_usize << power).take_while(|&k| k <= most) {
        let error = (estimate(&hashes, k) / f64::from(n) - 1.0).abs();
        found.push([k as f64, error]);
        expected.push([k as f64, 1.0 / (k as f64).sqrt()]);
    }
    let series = |name: &str, points| Series { name: name.to_owned(), points };
    vec![series("estimate", found), series("expected", expected)]
}
