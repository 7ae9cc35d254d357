//! What Morris counters say: the number of events with its truth, and the error as events arrive.

use crossover_contract::{ChartFunction, Estimate, EstimateFunction, ResultView, Series};
use crossover_values::{Scalar, Value};

use super::{GROUP, quiet};

pub(super) const ESTIMATES: &[(&str, EstimateFunction)] =
    &[("first_counter", first_counter), ("all_counters", all_counters)];

pub(super) const CHARTS: &[(&str, ChartFunction)] = &[("error_by_events", error_by_events)];

/// The chart goes no further, so that it stays cheap at every size.
const CHART_EVENTS: u32 = 200_000;

/// Groups of the chart's mean.
const CHART_GROUPS: u32 = 16;

/// The count that an exponent stands for: after n events 2^c is n + 1 on average.
fn count(exponent: u32) -> f64 {
    2.0_f64.powi(exponent as i32) - 1.0
}

fn counts(view: &ResultView<'_>) -> Option<Vec<f64>> {
    let Value::Array(exponents) = view.output("exponents")? else { return None };
    let one = |index| match exponents.get(index)? {
        Scalar::U32(exponent) => Some(count(exponent)),
        _ => None,
    };
    (0..exponents.len()).map(one).collect()
}

fn first_counter(view: &ResultView<'_>) -> Option<Estimate> {
    let estimate = *counts(view)?.first()?;
    Some(Estimate { estimate, truth: *view.case.parameters.get("n")? })
}

fn all_counters(view: &ResultView<'_>) -> Option<Estimate> {
    let counts = counts(view)?;
    let estimate = counts.iter().sum::<f64>() / counts.len() as f64;
    Some(Estimate { estimate, truth: *view.case.parameters.get("n")? })
}

/// 1, 2, 5, 10, … up to the last, and the last.
fn checkpoints(last: u32) -> impl Iterator<Item = u32> {
    let decades = (0..9).flat_map(|decade| [1, 2, 5].map(|step| step * 10_u32.pow(decade)));
    decades.filter(move |&events| events < last).chain([last])
}

fn error_by_events(view: &ResultView<'_>) -> Vec<Series> {
    let n = view.case.parameters.get("n").map_or(1, |&n| n as u32).min(CHART_EVENTS);
    let key = [view.case.seed as u32, (view.case.seed >> 32) as u32];
    let mut exponents = [[0; GROUP]; CHART_GROUPS as usize];
    let names = ["first counter", "second counter", "third counter", "mean of 48 counters"];
    let mut points = names.map(|_| Vec::new());
    let mut seen = 0;
    for events in checkpoints(n) {
        for (group, exponents) in (0..).zip(&mut exponents) {
            let key = [key[0], key[1].wrapping_add(group)];
            quiet::in_batches(exponents, seen..events, key);
        }
        seen = events;
        let all = exponents.as_flattened().iter().map(|&exponent| count(exponent));
        let mean = all.sum::<f64>() / (GROUP as f64 * f64::from(CHART_GROUPS));
        let shown = exponents[0].map(count).into_iter().chain([mean]);
        for (points, estimate) in points.iter_mut().zip(shown) {
            points.push([f64::from(events), estimate / f64::from(events) - 1.0]);
        }
    }
    let series = names.into_iter().zip(points);
    series.map(|(name, points)| Series { name: name.to_owned(), points }).collect()
}
