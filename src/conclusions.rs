//! One sentence per kernel: what wins from which size.
//!
//! Only verified rows take part; no software adapter does, which is a CPU under another name, and no
//! variant that is there for its price alone. To win takes somebody to win against: where a budget
//! left one variant, or one backend, the sentence says that only this was measured.

use crossover_record::{Adapter, Row, Status, size_parts};
use crossover_report::{alone, ranks, time};

/// What is the fastest at one size, or at one value of a sweep.
struct Winner<'r> {
    label: String,
    row: &'r Row,
    scalar: Option<u64>,
    /// What has no time there, if the fastest had nobody to win against.
    alone: Option<Alone>,
}

/// A size at which no comparison was left.
struct Alone {
    /// What was measured: a variant, or a backend.
    who: String,
    /// How many other rows have no time, and why: `14 rows skipped by the budget`.
    missing: String,
}

/// More changes of the winner than this are noise, or too much for a sentence.
const MAX_CHANGES: usize = 3;

/// The sentences, in the order of the rows.
pub(crate) fn conclusions(rows: &[Row], adapters: &[Adapter]) -> Vec<String> {
    let software = adapters.iter().filter(|adapter| adapter.software);
    let software: Vec<&str> = software.map(|adapter| adapter.slug.as_str()).collect();
    let mut kernels: Vec<&str> = Vec::new();
    for row in rows {
        if !kernels.contains(&row.kernel.as_str()) {
            kernels.push(&row.kernel);
        }
    }
    kernels.into_iter().map(|kernel| sentence(kernel, rows, &software)).collect()
}

fn sentence(kernel: &str, rows: &[Row], software: &[&str]) -> String {
    let rows: Vec<&Row> = rows.iter().filter(|row| row.kernel == kernel).collect();
    let mut dtypes = Vec::new();
    for row in &rows {
        if !dtypes.contains(&row.dtype) {
            dtypes.push(row.dtype);
        }
    }
    let mut parts = Vec::new();
    for dtype in dtypes {
        let of = rows.iter().copied().filter(|row| row.dtype == dtype);
        let (swept, at_sizes): (Vec<&Row>, Vec<&Row>) = of.partition(|row| sweep(row).is_some());
        if !at_sizes.is_empty() {
            let mut winners = winners(&at_sizes, software);
            // The least work first.
            winners.sort_by_key(|winner| winner.row.median_ns);
            parts.push(format!("{dtype}: {}", clause(&winners)));
        }
        for (over, rows) in sweeps(&swept) {
            parts.push(format!("{dtype} {over}: {}", clause(&winners(&rows, software))));
        }
    }
    format!("{kernel}: {}.", parts.join("; "))
}

/// What a row of a sweep belongs to, and its own value: of several parameters the last is swept,
/// and each combination of the others is a sweep of its own.
fn sweep(row: &Row) -> Option<(String, String)> {
    let (base, mut swept) = size_parts(&row.size);
    let (name, value) = swept.pop()?;
    let fixed: String = swept.iter().map(|(name, value)| format!(" {name}={value}")).collect();
    Some((format!("{base}{fixed} over {name}"), format!("{name}={value}")))
}

/// Rows by the sweep they belong to.
fn sweeps<'r>(rows: &[&'r Row]) -> Vec<(String, Vec<&'r Row>)> {
    let mut sweeps: Vec<(String, Vec<&Row>)> = Vec::new();
    for row in rows {
        let over = sweep(row).map(|(over, _)| over).unwrap_or_default();
        match sweeps.iter_mut().find(|(known, _)| *known == over) {
            Some((_, rows)) => rows.push(row),
            None => sweeps.push((over, vec![row])),
        }
    }
    sweeps
}

/// The fastest row of each size, in the order of the rows.
fn winners<'r>(rows: &[&'r Row], software: &[&str]) -> Vec<Winner<'r>> {
    let mut winners: Vec<Winner<'r>> = Vec::new();
    for row in rows.iter().filter(|row| ranks(row, software)) {
        match winners.iter_mut().find(|winner| winner.row.size == row.size) {
            Some(winner) if row.median_ns < winner.row.median_ns => winner.row = row,
            Some(_) => {}
            None => {
                let label = sweep(row).map_or_else(|| row.size.clone(), |(_, value)| value);
                let at: Vec<&Row> = rows.iter().copied().filter(|r| r.size == row.size).collect();
                let alone = alone(&at, software).map(|who| Alone { who, missing: missing(&at) });
                winners.push(Winner { label, row, scalar: scalar(rows, &row.size), alone });
            }
        }
    }
    winners
}

/// `14 rows skipped by the budget, 1 row failed`; nothing where nothing else was asked for.
fn missing(rows: &[&Row]) -> String {
    let part = |status: Status| {
        let of: Vec<&&Row> = rows.iter().filter(|row| row.status == status).collect();
        let budget = status == Status::Skipped && of.iter().all(|r| r.reason.contains("--budget"));
        let rows = if of.len() == 1 { "row" } else { "rows" };
        let why = if budget { " by the budget" } else { "" };
        (!of.is_empty()).then(|| format!("{} {rows} {status}{why}", of.len()))
    };
    let without = Status::ALL.into_iter().filter(|status| *status != Status::Verified);
    without.filter_map(part).collect::<Vec<_>>().join(", ")
}

/// Median of the native scalar loop at a size.
fn scalar(rows: &[&Row], size: &str) -> Option<u64> {
    let scalar =
        |row: &&&Row| row.backend == "native" && row.variant == "scalar" && row.size == size;
    rows.iter().find(scalar).and_then(|row| row.median_ns)
}

fn name(row: &Row) -> String {
    match &row.adapter {
        Some(adapter) => format!("{} {} on {adapter}", row.backend, row.variant),
        None => format!("{} {}", row.backend, row.variant),
    }
}

/// What was compared, and then what was not for want of another.
fn clause(winners: &[Winner<'_>]) -> String {
    if winners.is_empty() {
        return "nothing was verified".to_owned();
    }
    let compared: Vec<&Winner<'_>> = winners.iter().filter(|w| w.alone.is_none()).collect();
    let mut parts = Vec::new();
    if !compared.is_empty() {
        parts.push(contest(&compared, compared.len() == winners.len()));
    }
    parts.extend(lone(winners));
    parts.join(", ")
}

/// `only interpreter exact was measured at book (4.27 s; 14 rows skipped by the budget)`, of several
/// values of a sweep that tell the same once.
fn lone(winners: &[Winner<'_>]) -> Vec<String> {
    let mut groups: Vec<(&Alone, Vec<&Winner<'_>>)> = Vec::new();
    for winner in winners {
        let Some(alone) = &winner.alone else { continue };
        match groups.iter_mut().find(|(known, _)| known.who == alone.who) {
            Some((_, list)) => list.push(winner),
            None => groups.push((alone, vec![winner])),
        }
    }
    let describe = |(alone, list): &(&Alone, Vec<&Winner<'_>>)| {
        let (first, last) = (list[0], list[list.len() - 1]);
        let place = match list.len() {
            1 => first.label.clone(),
            _ => format!("{} to {}", first.label, last.label),
        };
        let median = time(last.row.median_ns.unwrap_or_default());
        let missing = match alone.missing.as_str() {
            "" => String::new(),
            missing => format!("; {missing}"),
        };
        format!("only {} was measured at {place} ({median}{missing})", alone.who)
    };
    groups.iter().map(describe).collect()
}

/// `native simd wins at small (9.1 µs), native threads from book on (4.2 ms, 18× scalar)`.
fn contest(winners: &[&Winner<'_>], all: bool) -> String {
    let mut runs: Vec<(String, Vec<&Winner<'_>>)> = Vec::new();
    for &winner in winners {
        let name = name(winner.row);
        match runs.last_mut().filter(|(last, _)| *last == name) {
            Some((_, list)) => list.push(winner),
            None => runs.push((name, vec![winner])),
        }
    }
    if runs.len() > MAX_CHANGES + 1 {
        let fastest = winners.iter().min_by_key(|winner| winner.row.median_ns);
        let fastest = fastest.map(|winner| format!("{} ({})", name(winner.row), figures(winner)));
        let changes = runs.len() - 1;
        return format!(
            "the winner changes {changes} times; fastest: {}",
            fastest.unwrap_or_default()
        );
    }
    let last = runs.len() - 1;
    let describe = |(position, (name, list)): (usize, &(String, Vec<&Winner<'_>>))| {
        let first = &list[0].label;
        let place = match (position, position == last, list.len()) {
            (0, true, 1) => format!("wins at {first}"),
            (0, true, _) if all => "wins at every size tried".to_owned(),
            (0, true, _) => format!("wins from {first} to {}", list[list.len() - 1].label),
            (0, false, _) => format!("wins up to {}", list[list.len() - 1].label),
            (_, true, 1) if !all => format!("at {first}"),
            (_, true, _) if !all => format!("from {first} to {}", list[list.len() - 1].label),
            (_, true, _) => format!("from {first} on"),
            (_, false, _) => format!("from {first}"),
        };
        format!("{name} {place} ({})", figures(list[list.len() - 1]))
    };
    runs.iter().enumerate().map(describe).collect::<Vec<_>>().join(", ")
}

fn figures(winner: &Winner<'_>) -> String {
    let median = winner.row.median_ns.unwrap_or_default();
    let size = &winner.label;
    match winner.scalar {
        Some(scalar) if winner.row.variant != "scalar" => {
            let ratio = scalar as f64 / median.max(1) as f64;
            format!("{size}: {}, {ratio:.1} times native scalar", time(median))
        }
        _ => format!("{size}: {}", time(median)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::row;

    fn software(slug: &str) -> Adapter {
        Adapter {
            backend: "wgsl".to_owned(),
            slug: slug.to_owned(),
            name: slug.to_owned(),
            driver: String::new(),
            kind: "software".to_owned(),
            software: true,
            passport: Vec::new(),
        }
    }

    #[test]
    fn a_change_of_the_winner_is_told_with_its_size() {
        let rows = [
            row("small", "native", "scalar", 20_000),
            row("small", "native", "threads", 50_000),
            row("book", "native", "scalar", 90_000_000),
            row("book", "native", "threads", 45_000_000),
        ];
        assert_eq!(
            conclusions(&rows, &[]),
            ["julia: f32: native scalar wins up to small (small: 20.0 µs), native threads from \
              book on (book: 45.0 ms, 2.0 times native scalar)."]
        );
    }

    #[test]
    fn the_unproved_the_unchecked_and_software_adapters_never_win() {
        let mut wrong = row("small", "native", "simd", 1);
        wrong.status = Status::Wrong;
        let mut shader = row("small", "wgsl", "tuned", 2);
        shader.adapter = Some("llvmpipe".to_owned());
        let unchecked = row("small", "cranelift", "unchecked", 3);
        let threads = row("small", "cranelift", "threads", 5_000);
        let one = row("small", "cranelift", "1t", 4_000);
        let rows = [wrong, shader.clone(), unchecked, one, threads.clone()];
        let told = conclusions(&rows, &[software("llvmpipe")]);
        assert_eq!(told, ["julia: f32: cranelift 1t wins at small (small: 4.00 µs)."]);
        let on_hardware = conclusions(&[shader, threads], &[]);
        assert_eq!(
            on_hardware,
            ["julia: f32: wgsl tuned on llvmpipe wins at small (small: 2.00 ns)."]
        );
    }

    #[test]
    fn who_has_nobody_to_win_against_does_not_win() {
        let skipped = |size, backend, variant| {
            let mut row = row(size, backend, variant, 1);
            (row.status, row.median_ns) = (Status::Skipped, None);
            row.reason = "the budget was spent; --budget gives more".to_owned();
            row
        };
        let mut rows = vec![
            row("small", "native", "scalar", 3_000),
            row("small", "interpreter", "exact", 9_000),
            row("book", "interpreter", "exact", 4_270_000_000),
            skipped("book", "interpreter", "lanes"),
            skipped("book", "native", "scalar"),
        ];
        let told = "julia: f32: native scalar wins at small (small: 3.00 µs), only interpreter \
                    exact was measured at book (4.27 s; 2 rows skipped by the budget).";
        assert_eq!(conclusions(&rows, &[]), [told]);
        // A second variant of the same backend is no comparison with those that were skipped …
        rows[3] = row("book", "interpreter", "lanes", 2_000_000_000);
        let told = "julia: f32: native scalar wins at small (small: 3.00 µs), only interpreter was \
                    measured at book (2.00 s; 1 row skipped by the budget).";
        assert_eq!(conclusions(&rows, &[]), [told]);
        // … but where nothing else was asked for it is the question itself.
        let told = "julia: f32: interpreter lanes wins at book (book: 2.00 s).";
        assert_eq!(conclusions(&rows[2..4], &[]), [told]);
        let told = "julia: f32: only interpreter exact was measured at book (4.27 s).";
        assert_eq!(conclusions(&rows[2..3], &[]), [told]);
    }

    #[test]
    fn a_sweep_is_told_in_its_own_order() {
        let rows = [
            row("book chunk=1", "native", "scalar", 900),
            row("book chunk=1", "native", "threads", 901),
            row("book chunk=64", "native", "simd", 401),
            row("book chunk=64", "native", "threads", 400),
            row("book chunk=4096", "native", "simd", 701),
            row("book chunk=4096", "native", "threads", 700),
        ];
        let told = "julia: f32 book over chunk: native scalar wins up to chunk=1 (chunk=1: 900 ns), \
                    native threads from chunk=64 on (chunk=4096: 700 ns).";
        assert_eq!(conclusions(&rows, &[]), [told]);
        let noisy: Vec<Row> = (0..9_u64)
            .flat_map(|at| {
                let size = format!("book chunk={at}");
                let simd = if at % 2 == 0 { 200 } else { 50 };
                [row(&size, "native", "scalar", 100 - at), row(&size, "native", "simd", simd + at)]
            })
            .collect();
        let told = "julia: f32 book over chunk: the winner changes 8 times; fastest: native simd \
                    (chunk=1: 51.0 ns, 1.9 times native scalar).";
        assert_eq!(conclusions(&noisy, &[]), [told]);
    }

    #[test]
    fn a_kernel_without_a_verified_row_says_so() {
        let mut failed = row("small", "native", "scalar", 1);
        (failed.status, failed.median_ns) = (Status::Failed, None);
        assert_eq!(conclusions(&[failed], &[]), ["julia: f32: nothing was verified."]);
    }
}
