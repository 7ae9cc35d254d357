//! Many kernels on one screen: a line per case, where the tables of single kernels would be pages.

use comfy_table::{CellAlignment, ContentArrangement, Table};
use crossover_record::{Row, Status};
use crossover_report::{alone, ranks, time};

use crate::table::{Cell, RULED, distinct};

/// A line: kernel, instance, size.
type Line<'r> = (&'r str, &'static str, &'r str);

fn line(row: &Row) -> Line<'_> {
    (&row.kernel, row.dtype.name(), &row.size)
}

/// The matrix of all rows. Rows on the adapters in `software` are never called the fastest.
pub(crate) fn matrix(rows: &[Row], cell: Cell, software: &[&str]) -> String {
    match cell {
        Cell::Status => counts(rows),
        Cell::Time => times(rows, software),
    }
}

fn table(head: Vec<String>, lines: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(RULED);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(head);
    table.add_rows(lines);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn of_line<'r>(rows: &'r [Row], wanted: Line<'r>) -> impl Iterator<Item = &'r Row> {
    rows.iter().filter(move |row| line(row) == wanted)
}

fn name((kernel, dtype, size): Line<'_>) -> String {
    format!("{kernel} {dtype} {size}")
}

/// How many variants of each backend and adapter are verified.
fn counts(rows: &[Row]) -> String {
    let place = |row: &Row| (row.backend.clone(), row.adapter.clone());
    let places = distinct(rows.iter().map(place));
    let heads = places.iter().map(|(backend, adapter)| match adapter {
        Some(adapter) => format!("{backend}\n{adapter}"),
        None => backend.clone(),
    });
    let head = ["verified".to_owned()].into_iter().chain(heads).collect();
    let lines = distinct(rows.iter().map(line)).into_iter().map(|wanted| {
        let cells = places.iter().map(|at| {
            let here: Vec<&Row> = of_line(rows, wanted).filter(|row| place(row) == *at).collect();
            count(&here)
        });
        [name(wanted)].into_iter().chain(cells).collect()
    });
    table(head, lines.collect())
}

/// `4`, or `3 of 4` where others are unavailable, or `1 wrong`.
fn count(rows: &[&Row]) -> String {
    let of = |status| rows.iter().filter(|row| row.status == status).count();
    for bad in [Status::Wrong, Status::Failed] {
        if of(bad) > 0 {
            return format!("{} {bad}", of(bad));
        }
    }
    match (of(Status::Verified), rows.len()) {
        (_, 0) => String::new(),
        (verified, all) if verified == all => verified.to_string(),
        (verified, all) => format!("{verified} of {all}"),
    }
}

/// Times of what every kernel has, and the fastest variant.
fn times(rows: &[Row], software: &[&str]) -> String {
    const SHOWN: [(&str, &str); 3] =
        [("interpreter", "exact"), ("cranelift", "1t"), ("native", "scalar")];
    let heads = SHOWN.iter().map(|(backend, variant)| format!("{backend}\n{variant}"));
    let more = ["fastest", "is", "scalar ÷ it"].map(str::to_owned);
    let head = ["median".to_owned()].into_iter().chain(heads).chain(more).collect();
    let lines = distinct(rows.iter().map(line)).into_iter().map(|wanted| {
        let of: Vec<&Row> = of_line(rows, wanted).collect();
        let median = |(backend, variant): &(&str, &str)| {
            of.iter().find(|row| row.backend == *backend && row.variant == *variant)
        };
        let cells = SHOWN.iter().map(|shown| {
            median(shown).map(|row| crate::table::text(row, Cell::Time)).unwrap_or_default()
        });
        let ranked = of.iter().filter(|row| ranks(row, software));
        let fastest = ranked.filter_map(|row| Some((row.median_ns?, *row))).min_by_key(|f| f.0);
        let scalar = median(&SHOWN[2]).and_then(|row| row.median_ns);
        let last = match fastest {
            None => [const { String::new() }; 3],
            Some((ns, row)) => {
                let ratio = scalar.map(|scalar| scalar as f64 / ns.max(1) as f64);
                let who = match alone(&of, software) {
                    Some(who) => format!("only {who}"),
                    None => format!("{} {}", row.backend, row.variant),
                };
                [time(ns), who, ratio.map(|ratio| format!("{ratio:.1}")).unwrap_or_default()]
            }
        };
        [name(wanted)].into_iter().chain(cells).chain(last).collect()
    });
    table(head, lines.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::row;

    #[test]
    fn counts_tell_what_is_missing_and_what_is_wrong() {
        let mut missing = row("small", "native", "simd", 1);
        missing.status = Status::Unavailable;
        let mut wrong = row("book", "native", "simd", 1);
        wrong.status = Status::Wrong;
        let scalar = |size| row(size, "native", "scalar", 1);
        let text = counts(&[scalar("small"), missing, scalar("book"), wrong, scalar("large")]);
        let cells =
            ["julia f32 small    1 of 2", "julia f32 book    1 wrong", "julia f32 large         1"];
        for cell in cells {
            assert!(text.contains(cell), "{text}");
        }
    }

    #[test]
    fn the_fastest_is_proved_and_no_software_adapter() {
        let mut soft = row("book", "wgsl", "tuned", 1_000);
        soft.adapter = Some("soft".to_owned());
        let mut wrong = row("book", "native", "fancy", 2_000);
        wrong.status = Status::Wrong;
        let rows = [
            row("book", "native", "scalar", 80_000),
            row("book", "cranelift", "unchecked", 3_000),
            row("book", "native", "simd", 8_000),
            soft,
            wrong,
        ];
        let text = times(&rows, &["soft"]);
        assert!(text.contains("8.00 µs   native simd          10.0"), "{text}");
        let text = times(&rows[..1], &[]);
        assert!(text.contains("only native scalar"), "{text}");
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest.is_some_and(|width| width <= 100), "{text}");
    }
}
