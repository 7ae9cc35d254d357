//! Drawing: series of points on two axes as an SVG element. What the points mean is for the views.

use plotters::coord::Shift;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::format;

/// A chart to be drawn.
#[derive(Debug)]
pub(crate) struct Plot {
    pub mark: Mark,
    pub x: Axis,
    pub y: Axis,
    pub series: Vec<Series>,
}

/// How points are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Line,
    Bars,
    Points,
}

/// An axis.
#[derive(Debug)]
pub(crate) struct Axis {
    pub label: String,
    pub log: bool,
    pub ticks: Ticks,
}

/// What stands at an axis.
#[derive(Debug)]
pub(crate) enum Ticks {
    /// Numbers.
    Numbers,
    /// Times; values are nanoseconds.
    Times,
    /// A name at each of 0, 1, 2, …
    Names(Vec<String>),
}

/// A named line, row of bars or cloud of points.
#[derive(Debug, PartialEq)]
pub(crate) struct Series {
    pub label: String,
    pub points: Vec<[f64; 2]>,
}

/// Width of a chart, and its height unless the legend needs more, in pixels.
const SIZE: (u32, u32) = (860, 340);
/// Width of the legend.
const LEGEND: u32 = 250;
/// Height of a line of the legend.
const LINE: i32 = 17;
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
/// About so many ticks on an axis of numbers.
const TICKS: f64 = 6.0;

/// An axis with its range: values are placed by their logarithm if it has one.
struct Scale<'p> {
    axis: &'p Axis,
    low: f64,
    high: f64,
    ticks: Vec<f64>,
}

/// The SVG element of a plot; every text in it is escaped by the SVG writer.
pub(crate) fn draw(plot: &Plot) -> Result<String, String> {
    let y_from = if plot.mark == Mark::Bars && !plot.y.log { Some(0.0) } else { None };
    let x = Scale::new(&plot.x, values(plot, 0), None);
    let y = Scale::new(&plot.y, values(plot, 1), y_from);
    let lines = u32::try_from(plot.series.len()).unwrap_or(u32::MAX).min(200);
    let size = (SIZE.0, SIZE.1.max(40 + LINE as u32 * lines));
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        draw_on(&area, plot, &x, &y).map_err(|error| error.to_string())?;
        area.present().map_err(|error| error.to_string())?;
    }
    // The drawing scales with the page instead of having a size of its own.
    let start = svg.find("<svg").ok_or("the drawing has no <svg>")?;
    let fixed = format!("width=\"{}\" height=\"{}\"", size.0, size.1);
    Ok(lean(&svg[start..].replacen(&fixed, "class=\"chart\" role=\"img\"", 1)))
}

/// The same drawing in fewer bytes: what is the default is left out, and so are line ends.
fn lean(svg: &str) -> String {
    let short = svg.replace(" opacity=\"1\"", "").replace(" font-family=\"sans-serif\"", "");
    let short = short.replace(" stroke-width=\"1\"", "").replace("\n</text>", "</text>");
    short.replace(">\n", ">")
}

fn values(plot: &Plot, axis: usize) -> impl Iterator<Item = f64> {
    plot.series.iter().flat_map(move |series| series.points.iter().map(move |point| point[axis]))
}

impl<'p> Scale<'p> {
    fn new(axis: &'p Axis, values: impl Iterator<Item = f64>, from: Option<f64>) -> Scale<'p> {
        let placed = values.filter_map(|value| place(axis, value)).chain(from);
        let (low, high) = placed.fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(v), b.max(v)));
        let (low, high) = if low > high { (0.0, 1.0) } else { (low, high) };
        let (low, high) = match &axis.ticks {
            Ticks::Names(names) => (-0.2, names.len().saturating_sub(1) as f64 + 0.2),
            _ if high - low < 1e-9 * high.abs().max(1e-300) => (low - 0.5, high + 0.5),
            _ => {
                let margin = 0.04 * (high - low);
                (from.unwrap_or(low - margin), high + margin)
            }
        };
        let ticks = match &axis.ticks {
            Ticks::Names(names) => (0..names.len()).map(|at| at as f64).collect(),
            _ if axis.log => decades(low, high),
            _ => steps(low, high),
        };
        Scale { axis, low, high, ticks }
    }

    fn coordinates(&self) -> Coordinates {
        Coordinates { low: self.low, high: self.high, ticks: self.ticks.clone() }
    }

    fn text(&self, placed: f64) -> String {
        let value = if self.axis.log { 10_f64.powf(placed) } else { placed };
        match &self.axis.ticks {
            Ticks::Numbers => number(value),
            Ticks::Times => format::time(value.round().max(0.0) as u64),
            Ticks::Names(names) => names.get(placed.round() as usize).cloned().unwrap_or_default(),
        }
    }
}

/// A range with ticks of its own, as the drawing library takes it.
struct Coordinates {
    low: f64,
    high: f64,
    ticks: Vec<f64>,
}

impl Ranged for Coordinates {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = (value - self.low) / (self.high - self.low);
        limit.0 + (share * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> std::ops::Range<f64> {
        self.low..self.high
    }
}

/// Where a value lies; nowhere if a logarithm has no place for it.
fn place(axis: &Axis, value: f64) -> Option<f64> {
    match axis.log {
        true => (value > 0.0).then(|| value.log10()),
        false => value.is_finite().then_some(value),
    }
}

/// Ticks of a logarithmic axis: powers of ten, or 1, 2, 5 of each where there are few.
fn decades(low: f64, high: f64) -> Vec<f64> {
    let mut ticks = Vec::new();
    let few = high - low < 2.0;
    let every = ((high - low) / 9.0).ceil().max(1.0);
    let mut power = low.floor();
    while power <= high {
        let parts = if few { &[1.0_f64, 2.0, 5.0][..] } else { &[1.0][..] };
        ticks.extend(parts.iter().map(|part| power + part.log10()));
        power += every;
    }
    ticks.retain(|tick| (low..=high).contains(tick));
    ticks
}

/// Ticks of a linear axis: multiples of 1, 2 or 5 times a power of ten.
fn steps(low: f64, high: f64) -> Vec<f64> {
    let rough = (high - low) / TICKS;
    let power = 10_f64.powf(rough.log10().floor());
    let nice = [1.0, 2.0, 5.0, 10.0].into_iter().find(|part| part * power >= rough);
    let step = nice.unwrap_or(10.0) * power;
    let first = (low / step).ceil() as i64;
    (0..20).map(|at| (first + at) as f64 * step).take_while(|tick| *tick <= high).collect()
}

/// A number as short as it can be read.
fn number(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        return "0".to_owned();
    }
    if !(1e-3..1e5).contains(&size) {
        let text = format!("{value:.2e}");
        let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}e{power}", digits.trim_end_matches('0').trim_end_matches('.'));
    }
    let digits = (3 - size.log10().floor() as i32).clamp(0, 6) as usize;
    let text = format!("{value:.digits$}");
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

type Drawing<'a, 'b> = DrawingArea<SVGBackend<'a>, Shift>;
type DrawError<'a> = DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>;

fn draw_on<'a>(
    area: &Drawing<'a, '_>,
    plot: &Plot,
    x: &Scale<'_>,
    y: &Scale<'_>,
) -> Result<(), DrawError<'a>> {
    let mut chart = ChartBuilder::on(area)
        .margin(8)
        .margin_right(LEGEND)
        .x_label_area_size(44)
        .y_label_area_size(84)
        .build_cartesian_2d(x.coordinates(), y.coordinates())?;
    let text = ("sans-serif", 14).into_font().color(&INK);
    chart
        .configure_mesh()
        .disable_x_mesh()
        .bold_line_style(INK.mix(0.35))
        .light_line_style(INK.mix(0.0))
        .axis_style(INK)
        .label_style(text.clone())
        .axis_desc_style(text.clone())
        .x_desc(&plot.x.label)
        .y_desc(&plot.y.label)
        .x_labels(x.ticks.len())
        .y_labels(y.ticks.len())
        .x_label_formatter(&|at| x.text(*at))
        .y_label_formatter(&|at| y.text(*at))
        .draw()?;
    let bar = bar_width(plot, x);
    for (index, series) in plot.series.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let placed = series
            .points
            .iter()
            .filter_map(|point| Some((place(&plot.x, point[0])?, place(&plot.y, point[1])?)));
        let points: Vec<(f64, f64)> = placed.collect();
        if plot.mark == Mark::Bars {
            let shift = bar * (index as f64 - 0.5 * plot.series.len() as f64);
            let bars = points.iter().map(|&(at, top)| {
                let corners = [(at + shift, y.low), (at + shift + bar, top)];
                Rectangle::new(corners, colour.filled())
            });
            chart.draw_series(bars)?;
        } else {
            if plot.mark == Mark::Line {
                let line = LineSeries::new(points.iter().copied(), colour.stroke_width(2));
                chart.draw_series(line)?;
            }
            // Many points of a line are a curve, and need no marks.
            if plot.mark == Mark::Points || points.len() <= 40 {
                chart.draw_series(points.iter().map(|&point| mark(point, index, colour)))?;
            }
        }
        legend(area, &series.label, index, colour, &text)?;
    }
    Ok(())
}

/// Width of one bar: nine tenths of the least distance of two, shared by the series.
fn bar_width(plot: &Plot, x: &Scale<'_>) -> f64 {
    let mut places: Vec<f64> = values(plot, 0).filter_map(|value| place(&plot.x, value)).collect();
    places.sort_by(f64::total_cmp);
    let gaps = places.windows(2).map(|pair| pair[1] - pair[0]).filter(|gap| *gap > 0.0);
    let gap = gaps.min_by(f64::total_cmp).unwrap_or((x.high - x.low) / 2.0);
    0.9 * gap / plot.series.len().max(1) as f64
}

fn legend<'a>(
    area: &Drawing<'a, '_>,
    label: &str,
    index: usize,
    colour: RGBColor,
    text: &TextStyle<'_>,
) -> Result<(), DrawError<'a>> {
    let at = ((SIZE.0 - LEGEND + 10) as i32, 18 + LINE * index as i32);
    area.draw(&mark(at, index, colour))?;
    let style = text.pos(Pos::new(HPos::Left, VPos::Center));
    area.draw(&Text::new(label.to_owned(), (at.0 + 10, at.1), style))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(log: bool) -> Axis {
        Axis { label: "x <y>".to_owned(), log, ticks: Ticks::Numbers }
    }

    fn plot(mark: Mark, log: bool, points: Vec<[f64; 2]>) -> Plot {
        let series = vec![Series { label: "a & b".to_owned(), points }];
        Plot { mark, x: axis(log), y: axis(log), series }
    }

    #[test]
    fn every_mark_draws_every_point_on_both_scales() {
        let points = vec![[1.0, 3.0], [10.0, 2.0], [100.0, 50.0]];
        for mark in [Mark::Line, Mark::Bars, Mark::Points] {
            for log in [false, true] {
                let svg = draw(&plot(mark, log, points.clone())).unwrap();
                let marks = if mark == Mark::Bars { "<rect" } else { "<circle" };
                assert!(svg.matches(marks).count() >= 3, "{mark:?} {log}: {svg}");
                assert!(svg.contains("a &amp; b") && svg.contains("x &lt;y&gt;"), "{svg}");
            }
        }
    }

    #[test]
    fn points_without_a_place_are_left_out_and_none_is_no_reason_to_fail() {
        let svg = draw(&plot(Mark::Points, true, vec![[0.0, 1.0], [-5.0, 1.0], [2.0, 7.0]]));
        // One point, and one mark in the legend.
        assert_eq!(svg.unwrap().matches("<circle").count(), 2);
        for points in [vec![], vec![[5.0, 5.0]], vec![[0.0, 0.0], [0.0, 0.0]]] {
            assert!(draw(&plot(Mark::Line, false, points)).is_ok());
        }
    }

    #[test]
    fn ticks_are_round_numbers_within_the_range() {
        assert_eq!(steps(0.0, 100.0), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert_eq!(decades(0.0, 3.0), [0.0, 1.0, 2.0, 3.0]);
        assert!(decades(0.0, 30.0).len() <= 10);
        assert!(decades(2.1, 2.9).len() >= 2, "a short range has more than powers of ten");
        let texts = [0.5, 1.0, 20.0, 12_345.0, 1e6, 2.5e-7].map(number);
        assert_eq!(texts, ["0.5", "1", "20", "12345", "1e6", "2.5e-7"]);
    }
}
