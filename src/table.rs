//! The tables at the end of `run` and `check`: one per kernel, variants down, cases across, so
//! that it can be read in 80 columns.

use std::fmt::Write;

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use crossover_record::{Row, Status, size_parts};
use crossover_report::time;

use crate::matrix::matrix;

/// A rule under the head and nothing else: rows are short, and there are many.
pub(crate) const RULED: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// More kernels than these are a matrix.
pub(crate) const MAX_TABLES: usize = 3;

/// Width of a table where no terminal says one.
const PIPED_WIDTH: usize = 100;

/// The head of the first column.
const NAMES: &str = "backend variant";

/// What the table adds to a column's text.
const PADDING: usize = 3;

/// What a cell shows of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// The median time, or the status where there is none.
    Time,
    /// The status.
    Status,
}

/// The tables of all kernels, and under each why rows have no time.
/// Of many kernels there is one line per case, and tables only of those with something wrong.
pub(crate) fn tables(rows: &[Row], cell: Cell, software: &[&str]) -> String {
    let kernels = distinct(rows.iter().map(|row| row.kernel.as_str()));
    if kernels.len() <= MAX_TABLES {
        return tables_of_width(rows, cell, width());
    }
    let bad = |row: &&Row| matches!(row.status, Status::Wrong | Status::Failed);
    let bad = distinct(rows.iter().filter(bad).map(|row| row.kernel.as_str()));
    let shown = rows.iter().filter(|row| bad.contains(&row.kernel.as_str())).cloned();
    let shown: Vec<Row> = shown.collect();
    let others: Vec<&Row> = rows.iter().filter(|row| !bad.contains(&row.kernel.as_str())).collect();
    let mut text = format!("\n{}", matrix(rows, cell, software));
    for reason in reasons_of_many(&others) {
        text.push_str(&format!("{reason}\n"));
    }
    text.push_str(&tables_of_width(&shown, cell, width()));
    text
}

/// Why rows are not verified, equal reasons of several kernels together; rows that were skipped for
/// the same reason are counted, since a budget skips whole cases.
fn reasons_of_many(rows: &[&Row]) -> Vec<String> {
    let without = rows.iter().filter(|row| row.status != Status::Verified);
    let (skipped, without): (Vec<&&Row>, Vec<&&Row>) =
        without.partition(|row| row.status == Status::Skipped);
    let key = |row: &Row| {
        (
            row.status,
            row.backend.clone(),
            row.variant.clone(),
            row.adapter.clone(),
            row.reason.clone(),
        )
    };
    let groups = distinct(without.iter().map(|row| key(row)));
    let describe = |group: (Status, String, String, Option<String>, String)| {
        let of = without.iter().filter(|row| key(row) == group);
        let kernels = distinct(of.map(|row| format!("{} {}", row.kernel, row.dtype)));
        let (status, backend, variant, adapter, reason) = group;
        let place = name((&backend, &variant, adapter.as_deref()));
        format!("  {status}: {place}: {}: {reason}", kernels.join(", "))
    };
    let counted =
        distinct(skipped.iter().map(|row| row.reason.clone())).into_iter().map(|reason| {
            let of: Vec<&&&Row> = skipped.iter().filter(|row| row.reason == reason).collect();
            let case = |row: &&&&Row| format!("{} {} {}", row.kernel, row.dtype, row.size);
            let cases = distinct(of.iter().map(case)).join(", ");
            format!("  {}: {} rows of {cases}: {reason}", Status::Skipped, of.len())
        });
    groups.into_iter().map(describe).chain(counted).collect()
}

fn tables_of_width(rows: &[Row], cell: Cell, width: usize) -> String {
    let mut text = String::new();
    for stem in distinct(rows.iter().map(|row| row.kernel.as_str())) {
        let rows: Vec<&Row> = rows.iter().filter(|row| row.kernel == stem).collect();
        // Writing into a String cannot fail.
        let _ = write!(text, "\n{stem}");
        for columns in fitting(&rows, cell, width) {
            let _ = writeln!(text);
            for line in kernel_table(&rows, &columns, cell).lines() {
                let _ = writeln!(text, "{}", line.trim_end());
            }
        }
        for reason in reasons(&rows) {
            let _ = writeln!(text, "{reason}");
        }
    }
    text
}

pub(crate) fn distinct<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = Vec::new();
    for value in values {
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    seen
}

/// A column: an instance at a size.
type Column<'r> = (&'static str, &'r str);

fn column(row: &Row) -> Column<'_> {
    (row.dtype.name(), &row.size)
}

/// What stands over a column: what a sweep set on lines of its own.
fn head((dtype, size): Column<'_>) -> String {
    let (base, swept) = size_parts(size);
    let swept = swept.into_iter().map(|(name, value)| format!("\n{name}={value}"));
    std::iter::once(format!("{dtype} {base}")).chain(swept).collect()
}

/// Characters in a line: those of the terminal, or of a common one where there is none.
pub(crate) fn width() -> usize {
    let table = Table::new();
    let terminal = table.is_tty().then(|| table.width()).flatten();
    terminal.map_or(PIPED_WIDTH, usize::from)
}

/// The columns in groups that fit side by side: a long sweep makes several tables.
fn fitting<'r>(rows: &[&'r Row], cell: Cell, width: usize) -> Vec<Vec<Column<'r>>> {
    let names = rows.iter().map(|row| name(line(row)).chars().count());
    let first = names.chain([NAMES.len()]).max().unwrap_or_default() + PADDING;
    let mut groups: Vec<Vec<Column<'r>>> = Vec::new();
    let mut used = usize::MAX;
    for wanted in distinct(rows.iter().map(|row| column(row))) {
        let cells = rows.iter().filter(|row| column(row) == wanted);
        let cells = cells.map(|row| text(row, cell).chars().count());
        let heads = head(wanted).lines().map(|line| line.chars().count()).max();
        let needed = cells.chain(heads).max().unwrap_or_default() + PADDING;
        match groups.last_mut().filter(|_| used.saturating_add(needed) <= width) {
            Some(group) => group.push(wanted),
            None => {
                groups.push(vec![wanted]);
                used = first;
            }
        }
        used += needed;
    }
    groups
}

/// A line: backend, variant, adapter.
fn line(row: &Row) -> (&str, &str, Option<&str>) {
    (&row.backend, &row.variant, row.adapter.as_deref())
}

fn name((backend, variant, adapter): (&str, &str, Option<&str>)) -> String {
    match adapter {
        Some(adapter) => format!("{backend} {variant} {adapter}"),
        None => format!("{backend} {variant}"),
    }
}

fn kernel_table(rows: &[&Row], columns: &[Column<'_>], cell: Cell) -> Table {
    let shown = rows.iter().filter(|row| columns.contains(&column(row)));
    let lines = distinct(shown.map(|row| line(row)));
    let mut table = Table::new();
    table.load_style(RULED);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    let heads = columns.iter().map(|&column| head(column));
    table.set_header([NAMES.to_owned()].into_iter().chain(heads));
    for wanted in lines {
        let cells = columns.iter().map(|place| {
            let here = |row: &&&Row| line(row) == wanted && column(row) == *place;
            rows.iter().find(here).map(|row| text(row, cell)).unwrap_or_default()
        });
        table.add_row([name(wanted)].into_iter().chain(cells));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

pub(crate) fn text(row: &Row, cell: Cell) -> String {
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
        let text = tables(&rows, Cell::Time, &[]);
        assert!(text.contains("5.00 µs") && !text.contains("7.00 µs"), "{text}");
        assert!(text.contains("wrong: native simd f32: 3 elements"), "{text}");
    }

    #[test]
    fn check_shows_no_time() {
        let text = tables(&[row("small", "native", "simd", 5_000)], Cell::Status, &[]);
        assert!(text.contains("verified") && !text.contains("µs"), "{text}");
    }

    #[test]
    fn many_kernels_are_a_matrix_and_the_tables_of_what_is_wrong() {
        let mut rows = Vec::new();
        for kernel in ["a", "b", "c", "d"] {
            for variant in ["scalar", "simd"] {
                let mut row = row("small", "native", variant, 5_000);
                row.kernel = kernel.to_owned();
                rows.push(row);
            }
        }
        (rows[3].status, rows[3].reason) = (Status::Wrong, "3 elements".to_owned());
        (rows[5].status, rows[5].reason) = (Status::Unavailable, "no driver".to_owned());
        (rows[7].status, rows[7].reason) = (Status::Unavailable, "no driver".to_owned());
        let text = tables(&rows, Cell::Status, &[]);
        assert!(text.contains("unavailable: native simd: c f32, d f32: no driver"), "{text}");
        assert!(text.contains("wrong: native simd f32: 3 elements"), "{text}");
        for row in &mut rows[4..] {
            (row.status, row.reason) = (Status::Skipped, "no time".to_owned());
        }
        let skipped = tables(&rows, Cell::Status, &[]);
        let line = "skipped: 4 rows of c f32 small, d f32 small: no time";
        assert!(skipped.contains(line), "{skipped}");
        assert_eq!(text.matches("backend variant").count(), 1, "only `b` has a table: {text}");
    }

    #[test]
    fn a_long_sweep_makes_several_tables_that_fit() {
        let sizes = (0..17).map(|power| format!("book chunk={} order=down", 1 << power));
        let rows: Vec<Row> = sizes.map(|size| row(&size, "native", "simd", 999_000)).collect();
        let text = tables_of_width(&rows, Cell::Time, 80);
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest.is_some_and(|width| width <= 80), "{text}");
        for power in 0..17 {
            assert!(text.contains(&format!("chunk={}", 1 << power)), "{text}");
        }
        assert_eq!(text.matches("999 µs").count(), 17, "{text}");
        let narrow = tables_of_width(&rows, Cell::Time, 10);
        assert_eq!(narrow.matches("999 µs").count(), 17, "one column at least: {narrow}");
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
        let text = tables_of_width(&rows, Cell::Time, 80);
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest.is_some_and(|width| width <= 80), "{text}");
    }
}
