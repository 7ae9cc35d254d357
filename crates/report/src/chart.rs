//! Time against size: one chart per instance of a kernel, a line per variant, both as SVG.

use crossover_record::Row;
use plotters::coord::Shift;
use plotters::prelude::*;
use serde::Serialize;

use crate::{ReportError, format};

/// Extents of a chart in pixels.
const SIZE: (u32, u32) = (860, 380);
/// Text and axes: readable on light and on dark.
const INK: RGBColor = RGBColor(128, 128, 128);
/// Okabe and Ito's palette without its yellow and black: colour-blind safe, seen on both grounds.
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
];

/// A chart as the template sees it.
#[derive(Debug, Serialize)]
pub(crate) struct Chart {
    pub title: String,
    /// The SVG element; made here, every text in it escaped by the SVG writer.
    pub svg: String,
}

/// One line: the median at each size, by position in the list of sizes.
struct Series {
    label: String,
    points: Vec<(f64, f64)>,
}

/// The charts of a kernel: one per instance that has a time.
pub(crate) fn charts(kernel: &str, rows: &[&Row]) -> Result<Vec<Chart>, ReportError> {
    let mut dtypes = Vec::new();
    for row in rows {
        if !dtypes.contains(&row.dtype) {
            dtypes.push(row.dtype);
        }
    }
    let mut charts = Vec::new();
    for dtype in dtypes {
        let timed: Vec<&Row> = rows
            .iter()
            .copied()
            .filter(|row| row.dtype == dtype && row.median_ns.is_some())
            .collect();
        if timed.is_empty() {
            continue;
        }
        let (sizes, series) = series(&timed);
        let svg = draw(&sizes, &series)
            .map_err(|reason| ReportError::Chart { kernel: kernel.to_owned(), reason })?;
        charts.push(Chart { title: format!("{kernel} {dtype}: time of a call by size"), svg });
    }
    Ok(charts)
}

/// Sizes ordered by their fastest time, and one series per variant.
fn series(rows: &[&Row]) -> (Vec<String>, Vec<Series>) {
    let mut sizes: Vec<(u64, String)> = Vec::new();
    for row in rows {
        let median = row.median_ns.unwrap_or_default();
        match sizes.iter_mut().find(|(_, size)| *size == row.size) {
            Some((best, _)) => *best = median.min(*best),
            None => sizes.push((median, row.size.clone())),
        }
    }
    sizes.sort();
    let sizes: Vec<String> = sizes.into_iter().map(|(_, size)| size).collect();
    let mut series: Vec<Series> = Vec::new();
    for row in rows {
        let label = label(row);
        let position = sizes.iter().position(|size| *size == row.size).unwrap_or_default();
        let point = (position as f64, row.median_ns.unwrap_or_default().max(1) as f64);
        match series.iter_mut().find(|series| series.label == label) {
            Some(series) => series.points.push(point),
            None => series.push(Series { label, points: vec![point] }),
        }
    }
    for line in &mut series {
        line.points.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    (sizes, series)
}

fn label(row: &Row) -> String {
    match &row.adapter {
        Some(adapter) => format!("{} {} {adapter}", row.backend, row.variant),
        None => format!("{} {}", row.backend, row.variant),
    }
}

fn draw(sizes: &[String], series: &[Series]) -> Result<String, String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        draw_on(&area, sizes, series).map_err(|error| error.to_string())?;
        area.present().map_err(|error| error.to_string())?;
    }
    // The drawing scales with the page instead of having a size of its own.
    let start = svg.find("<svg").ok_or("the drawing has no <svg>")?;
    let fixed = format!("width=\"{}\" height=\"{}\"", SIZE.0, SIZE.1);
    Ok(svg[start..].replacen(&fixed, "class=\"chart\" role=\"img\"", 1))
}

type Drawing<'a, 'b> = DrawingArea<SVGBackend<'a>, Shift>;
type DrawError<'a> = DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>;

fn draw_on<'a>(
    area: &Drawing<'a, '_>,
    sizes: &[String],
    series: &[Series],
) -> Result<(), DrawError<'a>> {
    let times = series.iter().flat_map(|series| series.points.iter().map(|point| point.1));
    let (low, high) = times.fold((f64::MAX, f64::MIN), |(a, b), t| (a.min(t), b.max(t)));
    let last = sizes.len().saturating_sub(1) as f64;
    let mut chart = ChartBuilder::on(area)
        .margin(8)
        .margin_right(250)
        .x_label_area_size(32)
        .y_label_area_size(70)
        .build_cartesian_2d(-0.2..last + 0.2, (low / 1.6..high * 1.6).log_scale())?;
    let text = ("sans-serif", 14).into_font().color(&INK);
    let size_name = |x: &f64| {
        let near = (x - x.round()).abs() < 0.05;
        let name = (near && *x >= -0.05).then(|| sizes.get(x.round() as usize)).flatten();
        name.cloned().unwrap_or_default()
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .bold_line_style(INK.mix(0.35))
        .light_line_style(INK.mix(0.0))
        .axis_style(INK)
        .label_style(text.clone())
        .x_labels(sizes.len() * 2 + 1)
        .x_label_formatter(&size_name)
        .y_label_formatter(&|ns| format::time(*ns as u64))
        .draw()?;
    for (index, line) in series.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        chart.draw_series(LineSeries::new(line.points.iter().copied(), colour.stroke_width(2)))?;
        let marks = line.points.iter().map(|&point| mark(point, index, colour));
        chart.draw_series(marks)?;
        let y = 18 + 17 * index as i32;
        let x = SIZE.0 as i32 - 240;
        area.draw(&mark((x, y), index, colour))?;
        area.draw(&Text::new(line.label.clone(), (x + 10, y - 7), text.clone()))?;
    }
    Ok(())
}

/// A mark whose shape and fill differ where the colour repeats.
fn mark<'b, C: Clone + Send + Sync + 'static>(
    at: C,
    index: usize,
    colour: RGBColor,
) -> DynElement<'static, SVGBackend<'b>, C>
where
    SVGBackend<'b>: DrawingBackend,
{
    match index / COLOURS.len() {
        0 => Circle::new(at, 4, colour.filled()).into_dyn(),
        1 => TriangleMarker::new(at, 5, colour.filled()).into_dyn(),
        2 => Cross::new(at, 4, colour.stroke_width(2)).into_dyn(),
        _ => Circle::new(at, 4, colour.stroke_width(2)).into_dyn(),
    }
}
