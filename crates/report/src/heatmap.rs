//! The heat map: kernels down, families of variants across, each cell the best of its family and how
//! much slower than the line's best that is.
//!
//! A kernel has variants of its own, a step of a ladder each; columns of all of them would be empty
//! in most lines. So the native ones are shown by their best, with its name; and variants that few
//! kernels have stand in the column of what they vary, named where they are the better.

use crossover_record::{Row, Status, size_parts};
use serde::Serialize;

use crate::contest::{alone, ranks};
use crate::format;

/// The heat map as the template sees it.
#[derive(Debug, Serialize)]
pub(crate) struct HeatMap {
    /// Backends, each over its columns.
    pub groups: Vec<Group>,
    /// One line per kernel and instance, at the largest size that was compared.
    pub lines: Vec<Line>,
    /// The other sizes.
    pub others: Vec<Line>,
    /// How often which column is the fastest, in words.
    pub wins: String,
}

/// The columns of a backend.
#[derive(Debug, Serialize)]
pub(crate) struct Group {
    pub backend: String,
    pub columns: Vec<String>,
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
    /// Which variant it is, where the column does not say.
    pub name: String,
    /// Whether the columns of a backend begin here.
    pub first: bool,
    /// Rows of the family that are wrong or failed beside a better one: `1 wrong`.
    pub bad: String,
    /// Why, for a cell without a time.
    pub title: String,
}

/// Most lines of a record that holds sweeps alone.
const MAX_SWEPT: usize = 60;

/// A column: its names, and whether a row belongs to it.
struct Family {
    names: [String; 2],
    /// The variant that the column's name says; cells say which other one they show.
    says: &'static str,
    holds: Box<dyn Fn(&Row) -> bool>,
}

/// Whether a variant is one that uses threads.
fn threaded(row: &Row) -> bool {
    row.threads > 1 || row.variant.ends_with("threads")
}

/// The families that the rows have something of.
fn families(rows: &[Row]) -> Vec<Family> {
    let family = |backend: &'static str, of: &str, says, more: fn(&Row) -> bool| Family {
        names: [backend.to_owned(), of.to_owned()],
        says,
        holds: Box::new(move |row| row.backend == backend && more(row)),
    };
    let mut families = vec![
        family("interpreter", "exact", "exact", |row| row.variant == "exact"),
        family("interpreter", "lanes", "lanes", |row| row.variant == "lanes"),
        family("cranelift", "1t", "1t", |row| matches!(&*row.variant, "1t" | "polynomial")),
        family("cranelift", "lanes", "lanes", |row| {
            row.variant.starts_with("lanes") && !threaded(row)
        }),
        family("cranelift", "best of threads", "", threaded),
        family("native", "scalar", "scalar", |row| row.variant == "scalar"),
        family("native", "best of 1 thread", "", |row| !threaded(row)),
        family("native", "best of threads", "", threaded),
        family("wgsl", "tuned", "", |row| row.variant == "tuned"),
        family("wgsl", "generated", "", |row| row.variant == "generated"),
    ];
    let known = ["interpreter", "cranelift", "native", "wgsl"];
    for row in rows.iter().filter(|row| !known.contains(&row.backend.as_str())) {
        if !families.iter().any(|family| family.names[0] == row.backend) {
            let backend = row.backend.clone();
            families.push(Family {
                names: [backend.clone(), "best".to_owned()],
                says: "",
                holds: Box::new(move |row| row.backend == backend),
            });
        }
    }
    families.retain(|family| rows.iter().any(|row| (family.holds)(row)));
    families
}

impl HeatMap {
    /// Lays the rows of a record out.
    pub(crate) fn new(rows: &[Row], software: &[&str]) -> HeatMap {
        let families = families(rows);
        let main = overview_cases(rows, software);
        let line = |group: &Vec<&Row>| Line::new(group, &families, software);
        let is_main = |group: &Vec<&Row>| main.iter().any(|m| same_case(m[0], group[0]));
        let all = cases(rows.iter()).into_iter();
        let (swept, others): (Vec<_>, Vec<_>) =
            all.filter(|group| !is_main(group)).partition(|group| is_swept(&group[0].size));
        let mut lines: Vec<Line> = main.iter().map(line).collect();
        let others = others.iter().map(line).collect();
        // Sweeps have charts of their own; where there is nothing else they begin the page.
        if lines.is_empty() {
            lines = swept.iter().take(MAX_SWEPT).map(line).collect();
        }
        let wins = wins(&families, &lines);
        HeatMap { groups: groups(families), lines, others, wins }
    }
}

fn groups(families: Vec<Family>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for Family { names: [backend, column], .. } in families {
        match groups.last_mut() {
            Some(last) if last.backend == backend => last.columns.push(column),
            _ => groups.push(Group { backend, columns: vec![column] }),
        }
    }
    groups
}

/// `native best of threads (14), wgsl tuned (9)`.
fn wins(families: &[Family], lines: &[Line]) -> String {
    let mut counts: Vec<(usize, &[String; 2])> = families.iter().map(|f| (0, &f.names)).collect();
    let fastest = format::ratio(1.0);
    for line in lines {
        // The plain loop is also the best on one thread, where nothing beats it: counted once.
        if let Some(at) = line.cells.iter().position(|cell| cell.ratio == fastest) {
            counts[at].0 += 1;
        }
    }
    counts.retain(|(count, _)| *count > 0);
    counts.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let words = counts
        .iter()
        .map(|(count, [backend, of])| format!("{} ({count})", format!("{backend} {of}").trim()));
    words.collect::<Vec<_>>().join(", ")
}

/// Rows by kernel, instance and size, in their order.
pub(crate) fn cases<'r>(rows: impl Iterator<Item = &'r Row>) -> Vec<Vec<&'r Row>> {
    let mut groups: Vec<Vec<&Row>> = Vec::new();
    for row in rows {
        match groups.iter_mut().rev().find(|group| same_case(group[0], row)) {
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    groups
}

/// Of each kernel instance the case of the largest size that `counts`: the one whose plain loop (or
/// else fastest row) takes longest. Cases of a sweep are not among them.
pub(crate) fn main_cases(rows: &[Row], counts: impl Fn(&[&Row]) -> bool) -> Vec<Vec<&Row>> {
    let work = |group: &[&Row]| {
        let plain = group.iter().find(|row| row.backend == "native" && row.variant == "scalar");
        let plain = plain.and_then(|row| row.median_ns);
        plain.or_else(|| group.iter().filter_map(|row| row.median_ns).min())
    };
    let unswept = rows.iter().filter(|row| !is_swept(&row.size));
    let mut main: Vec<Vec<&Row>> = Vec::new();
    for group in cases(unswept).into_iter().filter(|group| counts(group)) {
        let same =
            |m: &&mut Vec<&Row>| m[0].kernel == group[0].kernel && m[0].dtype == group[0].dtype;
        match main.iter_mut().find(same) {
            Some(known) if work(known) < work(&group) => *known = group,
            Some(_) => {}
            None => main.push(group),
        }
    }
    main
}

/// Of each kernel instance the case of the overview: the largest at which something was compared,
/// or else the largest with a time.
pub(crate) fn overview_cases<'r>(rows: &'r [Row], software: &[&str]) -> Vec<Vec<&'r Row>> {
    let timed = |group: &[&Row]| group.iter().any(|row| row.median_ns.is_some());
    let compared = |group: &[&Row]| {
        group.iter().any(|row| ranks(row, software)) && alone(group, software).is_none()
    };
    let compared = main_cases(rows, compared);
    let better = |group: Vec<&'r Row>| {
        let mut same = compared
            .iter()
            .filter(|c| c[0].kernel == group[0].kernel && c[0].dtype == group[0].dtype);
        same.next().cloned().unwrap_or(group)
    };
    main_cases(rows, timed).into_iter().map(better).collect()
}

/// Whether a sweep made the size.
pub(crate) fn is_swept(size: &str) -> bool {
    !size_parts(size).1.is_empty()
}

/// Whether two rows belong to one kernel, instance and size.
pub(crate) fn same_case(a: &Row, b: &Row) -> bool {
    a.kernel == b.kernel && a.dtype == b.dtype && a.size == b.size
}

impl Line {
    fn new(group: &[&Row], families: &[Family], software: &[&str]) -> Line {
        // A software adapter is a CPU under another name, and unchecked code is there for its
        // price: they are shown, never ranked.
        let soft = |row: &Row| row.adapter.as_deref().is_some_and(|a| software.contains(&a));
        let shown = |row: &&&Row| families.iter().any(|family| (family.holds)(row));
        let ranked = group.iter().filter(shown).filter(|row| ranks(row, software));
        let best = ranked.filter_map(|row| row.median_ns).min();
        // Who has nobody to be compared with is not the best.
        let best = best.filter(|_| alone(group, software).is_none());
        let cell = |(at, family): (usize, &Family)| {
            let of: Vec<&Row> = group.iter().copied().filter(|row| (family.holds)(row)).collect();
            let first = at == 0 || families[at - 1].names[0] != family.names[0];
            Cell { first, ..Cell::new(&of, best, family.says, &soft) }
        };
        let first = group[0];
        Line {
            kernel: first.kernel.clone(),
            dtype: first.dtype.name(),
            size: first.size.clone(),
            anchor: crate::kernels::anchor(&first.kernel),
            cells: families.iter().enumerate().map(cell).collect(),
        }
    }
}

impl Cell {
    fn bare(class: &str, text: &str, title: &str) -> Cell {
        let [class, text, title] = [class, text, title].map(str::to_owned);
        let empty = String::new;
        Cell { class, text, ratio: empty(), name: empty(), first: false, bad: empty(), title }
    }

    /// The best of a family: hardware before software, then the fastest.
    fn new(of: &[&Row], best: Option<u64>, says: &str, soft: &impl Fn(&Row) -> bool) -> Cell {
        let timed = of.iter().filter_map(|row| Some((soft(row), row.median_ns?, row)));
        let Some((_, median, row)) = timed.min_by_key(|(soft, median, _)| (*soft, *median)) else {
            return Cell::without_time(of);
        };
        let bad = [Status::Wrong, Status::Failed]
            .map(|status| (of.iter().filter(|row| row.status == status).count(), status));
        let bad = bad.into_iter().filter(|(count, _)| *count > 0);
        let ratio = best.map(|best| median as f64 / best.max(1) as f64);
        let name = match &row.adapter {
            Some(adapter) => adapter.clone(),
            None if row.variant == says => String::new(),
            None => row.variant.clone(),
        };
        Cell {
            class: ratio.map_or("soft", heat).to_owned(),
            text: format::time(median),
            ratio: ratio.map(format::ratio).unwrap_or_default(),
            name,
            first: false,
            bad: bad
                .map(|(count, status)| format!("{count} {status}"))
                .collect::<Vec<_>>()
                .join(" "),
            title: String::new(),
        }
    }

    /// The worst status of a family without a time, and its reason.
    fn without_time(of: &[&Row]) -> Cell {
        let severity = |row: &&&Row| match row.status {
            Status::Wrong => 0,
            Status::Failed => 1,
            Status::Unavailable => 2,
            Status::Skipped => 3,
            Status::Verified => 4,
        };
        match of.iter().min_by_key(severity) {
            Some(row) => Cell::bare(row.status.name(), row.status.name(), &row.reason),
            None => Cell::bare("none", "", ""),
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
