//! The tables at the end of `run` and `check`: one per kernel, variants down, cases across, so
//! that it can be read in 80 columns.

use std::fmt::Write;

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use crossover_record::{Row, Status};
use crossover_report::time;

/// A rule under the head and nothing else: rows are short, and there are many.
const RULED: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// What a cell shows of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// The median time, or the status where there is none.
    Time,
    /// The status.
    Status,
}

/// The tables of all kernels, and under each why rows have no time.
pub(crate) fn tables(rows: &[Row], cell: Cell) -> String {
    let mut text = String::new();
    for stem in distinct(rows.iter().map(|row| row.kernel.as_str())) {
        let rows: Vec<&Row> = rows.iter().filter(|row| row.kernel == stem).collect();
        // Writing into a String cannot fail.
        let _ = writeln!(text, "\n{stem}\n{}", kernel_table(&rows, cell));
        for reason in reasons(&rows) {
            let _ = writeln!(text, "{reason}");
        }
    }
    text
}

fn distinct<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = Vec::new();
    for value in values {
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    seen
}

/// A column: an instance at a size.
fn column(row: &Row) -> (&'static str, &str) {
    (row.dtype.name(), &row.size)
}

/// A line: backend, variant, adapter.
fn line(row: &Row) -> (&str, &str, Option<&str>) {
    (&row.backend, &row.variant, row.adapter.as_deref())
}

fn kernel_table(rows: &[&Row], cell: Cell) -> Table {
    let columns = distinct(rows.iter().map(|row| column(row)));
    let lines = distinct(rows.iter().map(|row| line(row)));
    let mut table = Table::new();
    table.load_style(RULED);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    let heads = columns.iter().map(|(dtype, size)| format!("{dtype} {size}"));
    table.set_header(["backend variant".to_owned()].into_iter().chain(heads));
    for (backend, variant, adapter) in lines {
        let name = match adapter {
            Some(adapter) => format!("{backend} {variant} {adapter}"),
            None => format!("{backend} {variant}"),
        };
        let cells = columns.iter().map(|wanted| {
            let here =
                |row: &&&Row| line(row) == (backend, variant, adapter) && column(row) == *wanted;
            rows.iter().find(here).map(|row| text(row, cell)).unwrap_or_default()
        });
        table.add_row([name].into_iter().chain(cells));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn text(row: &Row, cell: Cell) -> String {
    match (cell, row.status, row.median_ns) {
        (Cell::Time, Status::Verified, Some(median)) => time(median),
        (Cell::Time | Cell::Status, status, _) => status.name().to_owned(),
    }
}

/// Why rows are not verified, equal reasons together.
fn reasons(rows: &[&Row]) -> Vec<String> {
    let without = rows.iter().filter(|row| row.status != Status::Verified);
    let without: Vec<&&Row> = without.collect();
    let groups = distinct(without.iter().map(|row| (row.status, row.reason.as_str())));
    let describe = |(status, reason): (Status, &str)| {
        let of = without.iter().filter(|row| (row.status, row.reason.as_str()) == (status, reason));
        let names = distinct(of.map(|row| match &row.adapter {
            Some(adapter) => format!("{} {} {adapter} {}", row.backend, row.variant, row.dtype),
            None => format!("{} {} {}", row.backend, row.variant, row.dtype),
        }));
        format!("  {status}: {}: {reason}", names.join(", "))
    };
    groups.into_iter().map(describe).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::row;

    #[test]
    fn a_cell_without_proof_shows_its_status_and_the_reason_below() {
        let mut wrong = row("book", "native", "simd", 7_000);
        (wrong.status, wrong.reason) = (Status::Wrong, "3 elements".to_owned());
        let rows = [row("small", "native", "simd", 5_000), wrong];
        let text = tables(&rows, Cell::Time);
        assert!(text.contains("5.00 µs") && !text.contains("7.00 µs"), "{text}");
        assert!(text.contains("wrong: native simd f32: 3 elements"), "{text}");
    }

    #[test]
    fn check_shows_no_time() {
        let text = tables(&[row("small", "native", "simd", 5_000)], Cell::Status);
        assert!(text.contains("verified") && !text.contains("µs"), "{text}");
    }

    #[test]
    fn two_instances_at_two_sizes_fit_into_eighty_columns() {
        let mut rows = Vec::new();
        for size in ["small", "book"] {
            let mut row = row(size, "wgsl", "generated", 999_000_000);
            row.adapter = Some("swiftshader".to_owned());
            rows.push(row.clone());
            row.dtype = crossover_values::DType::F64;
            rows.push(row);
        }
        let text = tables(&rows, Cell::Time);
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest.is_some_and(|width| width <= 80), "{text}");
    }
}
