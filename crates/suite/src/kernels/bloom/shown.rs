//! What a Bloom filter shows beside its bits: how many keys it seems to hold, its rate of false
//! positives as it fills, the space of one that grows.

use crossover_contract::{ChartFunction, Estimate, EstimateFunction, ResultView, Series};
use crossover_values::Value;

use super::sizing::{FILL, Sizing, scaling_bytes};
use super::{Places, batch};

pub(super) const ESTIMATES: &[(&str, EstimateFunction)] =
    &[("keys_held", keys_held), ("false_positive_rate", false_positive_rate)];

pub(super) const CHARTS: &[(&str, ChartFunction)] =
    &[("false_positives_by_keys", false_positives_by_keys), ("space_by_keys", space_by_keys)];

/// The largest filter that the chart fills: it stays cheap at every size.
const CHART_KEYS: u32 = 100_000;

/// Keys looked up at each point of the chart, none of which was put in.
const CHART_OTHERS: u32 = 50_000;

fn output(view: &ResultView<'_>, name: &str) -> Option<f64> {
    match view.output(name)? {
        Value::Scalar(scalar) => Some(scalar.as_f64()),
        Value::Array(_) => None,
    }
}

/// From the share of bits set: each of `hashes * keys` draws left a bit unset with 1 - 1/size.
fn keys_held(view: &ResultView<'_>) -> Option<Estimate> {
    let parameter = |name| view.case.parameters.get(name).copied();
    let (size, hashes) = (parameter("size")?, parameter("hashes")?);
    let share = output(view, "result0")? / size;
    Some(Estimate { estimate: -size / hashes * (1.0 - share).ln(), truth: parameter("n")? })
}

/// A key that was never put in meets `hashes` set bits; what truly happened was counted.
fn false_positive_rate(view: &ResultView<'_>) -> Option<Estimate> {
    let parameter = |name| view.case.parameters.get(name).copied();
    let share = output(view, "result0")? / parameter("size")?;
    let truth = output(view, "result2")? / parameter("n")?;
    Some(Estimate { estimate: share.powf(parameter("hashes")?), truth })
}

fn false_positives_by_keys(view: &ResultView<'_>) -> Vec<Series> {
    let parameter = |name| view.case.parameters.get(name).copied().unwrap_or(1.0);
    let capacity = (parameter("n") as u32).min(CHART_KEYS);
    let sizing = Sizing::new(f64::from(capacity), parameter("error"));
    let places = Places { size: sizing.bits as u32, hashes: sizing.hashes };
    let mut bits = vec![0_u32; places.size.div_ceil(32) as usize];
    let (mut found, mut predicted) = (Vec::new(), Vec::new());
    let mut seen = 0;
    for tenths in [1, 2, 3, 5, 7, 8, 9, 10, 11, 12, 15, 20, 30] {
        let keys = (capacity * tenths).div_ceil(10);
        batch::insert(&mut bits, seen..keys, places);
        seen = keys;
        let others = 10 * CHART_KEYS..10 * CHART_KEYS + CHART_OTHERS;
        let positives = batch::count(&bits, others, places);
        let set: u32 = bits.iter().map(|word| word.count_ones()).sum();
        let share = f64::from(set) / f64::from(places.size);
        // A logarithmic axis has no zero.
        if positives > 0 {
            found.push([f64::from(keys), f64::from(positives) / f64::from(CHART_OTHERS)]);
        }
        predicted.push([f64::from(keys), share.powf(f64::from(places.hashes))]);
    }
    vec![series("found", found), series("predicted from the bits set", predicted)]
}

/// A filter made for its keys, and a scaling filter whose stages have the case's capacity.
fn space_by_keys(view: &ResultView<'_>) -> Vec<Series> {
    let parameter = |name| view.case.parameters.get(name).copied().unwrap_or(1.0);
    let (capacity, error) = (parameter("n"), parameter("error"));
    let (mut fitted, mut scaling) = (Vec::new(), Vec::new());
    for stages in 1..=8 {
        let keys = (f64::from(stages) * FILL * capacity).ceil();
        fitted.push([keys, Sizing::new(keys, error).bytes() as f64]);
        scaling.push([keys, scaling_bytes(capacity, error, stages) as f64]);
    }
    vec![series("made for so many keys", fitted), series("scaling filter", scaling)]
}

fn series(name: &str, points: Vec<[f64; 2]>) -> Series {
    Series { name: name.to_owned(), points }
}
