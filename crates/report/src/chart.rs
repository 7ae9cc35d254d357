//! Time against size, and against what was swept: one chart per instance of a kernel, a line per
//! variant.

use crossover_record::{Row, size_parts};
use serde::Serialize;

use crate::plot::{Axis, Mark, Plot, Series, Ticks, draw};
use crate::{ReportError, kernels};

/// A chart as the template sees it.
#[derive(Debug, Serialize)]
pub(crate) struct Chart {
    pub title: String,
    pub caption: String,
    /// The SVG element; made here, every text in it escaped by the SVG writer.
    pub svg: String,
}

/// What is drawn side by side: an instance, at its sizes or over one sweep.
struct Group<'r> {
    title: String,
    /// Name of the parameter swept; none for sizes.
    swept: Option<String>,
    rows: Vec<&'r Row>,
}

/// The charts of a kernel.
pub(crate) fn charts(kernel: &str, rows: &[&Row]) -> Result<Vec<Chart>, ReportError> {
    let timed = rows.iter().copied().filter(|row| row.median_ns.is_some());
    let mut groups: Vec<Group<'_>> = Vec::new();
    for row in timed {
        let (title, swept) = group_of(kernel, row);
        match groups.iter_mut().find(|group| group.title == title) {
            Some(group) => group.rows.push(row),
            None => groups.push(Group { title, swept, rows: vec![row] }),
        }
    }
    groups.iter().map(|group| chart(kernel, group)).collect()
}

/// The chart that a row belongs to. Of several parameters swept the last is the axis, and each
/// combination of the others has a chart of its own.
fn group_of(kernel: &str, row: &Row) -> (String, Option<String>) {
    let (base, mut swept) = size_parts(&row.size);
    match swept.pop() {
        None => (format!("{kernel} {}: time of a call by size", row.dtype), None),
        Some((name, _)) => {
            let fixed = swept.iter().map(|(name, value)| format!(", {name} = {value}"));
            let fixed: String = fixed.collect();
            let title = format!("{kernel} {} {base}{fixed}: time of a call by {name}", row.dtype);
            (title, Some(name))
        }
    }
}

fn chart(kernel: &str, group: &Group<'_>) -> Result<Chart, ReportError> {
    let (x, place) = match &group.swept {
        Some(name) => swept_axis(name, &group.rows),
        None => size_axis(&group.rows),
    };
    let mut series: Vec<Series> = Vec::new();
    for row in &group.rows {
        let label = kernels::variant_name(row);
        let point = [place(row), row.median_ns.unwrap_or_default().max(1) as f64];
        match series.iter_mut().find(|series| series.label == label) {
            Some(series) => series.points.push(point),
            None => series.push(Series { label, points: vec![point] }),
        }
    }
    for line in &mut series {
        line.points.sort_by(|a, b| a[0].total_cmp(&b[0]));
    }
    let y = Axis { label: String::new(), log: true, ticks: Ticks::Times };
    let svg = draw(&Plot { mark: Mark::Line, x, y, series })
        .map_err(|reason| ReportError::Chart { kernel: kernel.to_owned(), reason })?;
    let caption = "Median wall time of a warm call; time is logarithmic.".to_owned();
    Ok(Chart { title: group.title.clone(), caption, svg })
}

type Place<'r> = Box<dyn Fn(&Row) -> f64 + 'r>;

/// Sizes by their names, ordered by their fastest time.
fn size_axis<'r>(rows: &[&'r Row]) -> (Axis, Place<'r>) {
    let mut sizes: Vec<(u64, String)> = Vec::new();
    for row in rows {
        let median = row.median_ns.unwrap_or_default();
        match sizes.iter_mut().find(|(_, size)| *size == row.size) {
            Some((best, _)) => *best = median.min(*best),
            None => sizes.push((median, row.size.clone())),
        }
    }
    sizes.sort();
    let names: Vec<String> = sizes.into_iter().map(|(_, size)| size).collect();
    let ticks = Ticks::Names(names.clone());
    let place =
        move |row: &Row| names.iter().position(|name| *name == row.size).unwrap_or_default() as f64;
    (Axis { label: String::new(), log: false, ticks }, Box::new(place))
}

/// The values of a sweep: by name for choices, else as numbers, logarithmic if they span much.
fn swept_axis<'r>(name: &str, rows: &[&'r Row]) -> (Axis, Place<'r>) {
    let value = |row: &Row| size_parts(&row.size).1.pop().map(|(_, value)| value);
    let mut texts: Vec<String> = Vec::new();
    for text in rows.iter().filter_map(|row| value(row)) {
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    let numbers: Option<Vec<f64>> = texts.iter().map(|text| text.parse().ok()).collect();
    let label = name.to_owned();
    match numbers {
        Some(numbers) => {
            let low = numbers.iter().copied().fold(f64::MAX, f64::min);
            let high = numbers.iter().copied().fold(f64::MIN, f64::max);
            let log = low > 0.0 && high / low >= 8.0;
            let place =
                move |row: &Row| value(row).and_then(|text| text.parse().ok()).unwrap_or_default();
            (Axis { label, log, ticks: Ticks::Numbers }, Box::new(place))
        }
        None => {
            let ticks = Ticks::Names(texts.clone());
            let place = move |row: &Row| {
                let text = value(row);
                texts.iter().position(|name| Some(name) == text.as_ref()).unwrap_or_default() as f64
            };
            (Axis { label, log: false, ticks }, Box::new(place))
        }
    }
}
