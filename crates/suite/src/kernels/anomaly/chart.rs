//! The chart of a decision: one day's samples against the line they may not cross.

use crossover_contract::{ResultView, Series};
use crossover_values::{Array, Value};

use super::Stream;

/// Parts of the day that are drawn: about what a chart can show.
const PARTS: u32 = 240;

/// The first flagged day, or the first of all, with mean and limit.
pub(super) fn trace(view: &ResultView<'_>) -> Vec<Series> {
    series(view).unwrap_or_default()
}

fn series(view: &ResultView<'_>) -> Option<Vec<Series>> {
    let Value::Array(Array::I32(flags)) = view.output("flags")? else { return None };
    let day = flags.iter().position(|&flag| flag != 0).unwrap_or(0);
    let parameter = |name: &str| view.case.parameters.get(name).copied();
    let key = [view.case.seed as u32, (view.case.seed >> 32) as u32];
    let (samples, first) = (parameter("samples")? as u32, parameter("first")? as u32);
    let stream = Stream { samples, first, key };
    let mean = number(view.output("mean")?, day)?;
    let limit = mean + 6.0 * number(view.output("variance")?, day)?.sqrt();
    let (mut highest, mut lowest) = (Vec::new(), Vec::new());
    for part in 0..PARTS.min(samples) {
        let at = |part: u32| u64::from(samples) * u64::from(part) / u64::from(PARTS.min(samples));
        let range = at(part) as u32..at(part + 1) as u32;
        let x = f64::from(range.start);
        let drawn = range.map(|s| stream.sample(stream.start(day).wrapping_add(s)));
        let (least, most) = drawn.fold((i32::MAX, i32::MIN), |(a, b), v| (a.min(v), b.max(v)));
        lowest.push([x, f64::from(least)]);
        highest.push([x, f64::from(most)]);
    }
    let end = f64::from(samples);
    let level =
        |name: &str, y: f64| Series { name: name.to_owned(), points: vec![[0.0, y], [end, y]] };
    Some(vec![
        Series { name: "largest sample".to_owned(), points: highest },
        Series { name: "smallest sample".to_owned(), points: lowest },
        level("mean", mean),
        level("mean + 6 deviations", limit),
    ])
}

fn number(value: &Value, index: usize) -> Option<f64> {
    match value {
        Value::Array(Array::F32(array)) => array.iter().nth(index).map(|&x| f64::from(x)),
        Value::Array(Array::F64(array)) => array.iter().nth(index).copied(),
        _ => None,
    }
}
