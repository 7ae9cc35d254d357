//! The charts that kernels themselves ask for: of the reference's outputs, or a point per row.

use crossover_record::{Chart, ChartMark, Row, Status};

use crate::chart::Chart as View;
use crate::plot::{Axis, Mark, Plot, Series, Ticks, draw};
use crate::{ReportError, kernels};

/// The name that stands for the median of a row in seconds.
const TIME: &str = "time";

/// Draws a chart of a record; none if it has no points.
pub(crate) fn view(chart: &Chart, rows: &[&Row]) -> Result<Option<View>, ReportError> {
    let series = match &chart.rows {
        Some(names) => of_rows(chart, names, rows),
        None => {
            let series = chart.series.iter();
            series
                .map(|one| Series { label: one.name.clone(), points: one.points.clone() })
                .collect()
        }
    };
    if series.iter().all(|series: &Series| series.points.is_empty()) {
        return Ok(None);
    }
    let axis = |axis: &crossover_record::ChartAxis| Axis {
        label: axis.label.clone(),
        log: axis.log,
        ticks: Ticks::Numbers,
    };
    let mark = match chart.mark {
        ChartMark::Line => Mark::Line,
        ChartMark::Bars => Mark::Bars,
        ChartMark::Points => Mark::Points,
    };
    let plot = Plot { mark, x: axis(&chart.x), y: axis(&chart.y), series };
    let svg = draw(&plot)
        .map_err(|reason| ReportError::Chart { kernel: chart.kernel.clone(), reason })?;
    let title = format!("{} ({} {})", chart.name, chart.dtype, chart.size);
    Ok(Some(View { title, caption: chart.caption.clone(), svg }))
}

/// One point per verified row of the chart's case, each a series of its own so that it is named.
fn of_rows(chart: &Chart, [x, y]: &[String; 2], rows: &[&Row]) -> Vec<Series> {
    let here = rows.iter().filter(|row| {
        row.dtype == chart.dtype && row.size == chart.size && row.status == Status::Verified
    });
    here.filter_map(|row| {
        let points = vec![[value(row, x)?, value(row, y)?]];
        Some(Series { label: kernels::variant_name(row), points })
    })
    .collect()
}

/// A fact of a row, or its time.
fn value(row: &Row, name: &str) -> Option<f64> {
    match name {
        TIME => row.median_ns.map(|ns| ns as f64 / 1e9),
        _ => row.facts.get(name).copied(),
    }
}
