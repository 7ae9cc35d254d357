//! The heat map: kernels down, variants across, each cell how much slower than the row's best.

use std::collections::BTreeSet;

use crossover_record::{Row, Status};
use serde::Serialize;

use crate::format;

/// The heat map as the template sees it.
#[derive(Debug, Serialize)]
pub(crate) struct HeatMap {
    /// Columns: backend, then variant with its adapter.
    pub columns: Vec<Column>,
    /// Lines: one per kernel, instance and size.
    pub lines: Vec<Line>,
}

/// One column.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Column {
    pub backend: String,
    pub variant: String,
    pub adapter: Option<String>,
}

/// One line.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    pub kernel: String,
    pub dtype: &'static str,
    pub size: String,
    pub anchor: String,
    pub cells: Vec<Cell>,
}

/// One cell.
#[derive(Debug, Serialize)]
pub(crate) struct Cell {
    /// `h0` (the best) to `h6`, a status, or `none` where the kernel has no such variant.
    pub class: String,
    /// What is read: the time, or the status.
    pub text: String,
    /// Times the row's best, for verified cells.
    pub ratio: String,
    /// Why, for a cell without a time.
    pub title: String,
}

impl HeatMap {
    /// Lays the rows of a record out.
    pub(crate) fn new(rows: &[Row], software: &[&str]) -> HeatMap {
        let mut columns: Vec<Column> = Vec::new();
        for row in rows {
            let column = Column::of(row);
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        // What most kernels have comes first; the steps of one kernel's ladder come last.
        let stems = |column: &Column| {
            let of = rows.iter().filter(|row| Column::of(row) == *column);
            of.map(|row| row.kernel.as_str()).collect::<BTreeSet<_>>().len()
        };
        columns.sort_by_key(|column| (stems(column) < 2, backend_order(&column.backend)));
        let mut lines: Vec<Line> = Vec::new();
        let mut start = 0;
        while start < rows.len() {
            let first = &rows[start];
            let group: Vec<&Row> = rows.iter().filter(|row| same_case(row, first)).collect();
            if !rows[..start].iter().any(|row| same_case(row, first)) {
                lines.push(Line::new(first, &group, &columns, software));
            }
            start += 1;
        }
        HeatMap { columns, lines }
    }
}

fn backend_order(backend: &str) -> usize {
    let known = ["interpreter", "cranelift", "native", "wgsl"];
    known.iter().position(|name| *name == backend).unwrap_or(known.len())
}

/// Whether two rows belong to one kernel, instance and size.
pub(crate) fn same_case(a: &Row, b: &Row) -> bool {
    a.kernel == b.kernel && a.dtype == b.dtype && a.size == b.size
}

impl Column {
    fn of(row: &Row) -> Column {
        Column {
            backend: row.backend.clone(),
            variant: row.variant.clone(),
            adapter: row.adapter.clone(),
        }
    }
}

impl Line {
    fn new(first: &Row, group: &[&Row], columns: &[Column], software: &[&str]) -> Line {
        // A software adapter is a CPU under another name: it is shown, never ranked.
        let ranked = |row: &&&Row| {
            !row.adapter.as_deref().is_some_and(|adapter| software.contains(&adapter))
        };
        let best = group.iter().filter(ranked).filter_map(|row| row.median_ns).min();
        let cell = |column: &Column| {
            let row = group.iter().find(|row| Column::of(row) == *column);
            row.map_or_else(Cell::none, |row| Cell::new(row, best))
        };
        Line {
            kernel: first.kernel.clone(),
            dtype: first.dtype.name(),
            size: first.size.clone(),
            anchor: crate::kernels::anchor(&first.kernel),
            cells: columns.iter().map(cell).collect(),
        }
    }
}

impl Cell {
    fn none() -> Cell {
        let empty = String::new;
        Cell { class: "none".to_owned(), text: empty(), ratio: empty(), title: empty() }
    }

    fn new(row: &Row, best: Option<u64>) -> Cell {
        match (row.status, row.median_ns, best) {
            (Status::Verified, Some(median), Some(best)) => {
                let ratio = median as f64 / best.max(1) as f64;
                Cell {
                    class: heat(ratio).to_owned(),
                    text: format::time(median),
                    ratio: format::ratio(ratio),
                    title: String::new(),
                }
            }
            (status, ..) => Cell {
                class: status.name().to_owned(),
                text: status.name().to_owned(),
                ratio: String::new(),
                title: row.reason.clone(),
            },
        }
    }
}

/// Steps of half a decade; the text in the cell says the same without colour.
fn heat(ratio: f64) -> &'static str {
    match ratio {
        _ if ratio <= 1.05 => "h0",
        _ if ratio <= 2.0 => "h1",
        _ if ratio <= 5.0 => "h2",
        _ if ratio <= 20.0 => "h3",
        _ if ratio <= 100.0 => "h4",
        _ if ratio <= 500.0 => "h5",
        _ => "h6",
    }
}
