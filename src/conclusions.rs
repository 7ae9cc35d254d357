//! One sentence per kernel: what wins from which size.
//!
//! Only verified rows take part; no software adapter does, which is a CPU under another name, and no
//! variant that is there for its price alone.

use crossover_record::{Adapter, Row, Status};
use crossover_report::time;

/// What wins at one size.
struct Winner<'r> {
    size: &'r str,
    row: &'r Row,
    scalar: Option<u64>,
}

/// The sentences, in the order of the rows.
pub(crate) fn conclusions(rows: &[Row], adapters: &[Adapter]) -> Vec<String> {
    let mut kernels: Vec<&str> = Vec::new();
    for row in rows {
        if !kernels.contains(&row.kernel.as_str()) {
            kernels.push(&row.kernel);
        }
    }
    kernels.into_iter().map(|kernel| sentence(kernel, rows, adapters)).collect()
}

fn sentence(kernel: &str, rows: &[Row], adapters: &[Adapter]) -> String {
    let rows: Vec<&Row> = rows.iter().filter(|row| row.kernel == kernel).collect();
    let mut dtypes = Vec::new();
    for row in &rows {
        if !dtypes.contains(&row.dtype) {
            dtypes.push(row.dtype);
        }
    }
    let parts = dtypes.into_iter().map(|dtype| {
        let of: Vec<&Row> = rows.iter().copied().filter(|row| row.dtype == dtype).collect();
        format!("{dtype}: {}", clause(&winners(&of, adapters)))
    });
    format!("{kernel}: {}.", parts.collect::<Vec<_>>().join("; "))
}

/// The fastest row of each size, smallest work first.
fn winners<'r>(rows: &[&'r Row], adapters: &[Adapter]) -> Vec<Winner<'r>> {
    let ranked = |row: &&&Row| {
        let software = adapters
            .iter()
            .any(|adapter| adapter.software && row.adapter.as_ref() == Some(&adapter.slug));
        // Code without bounds checks is there to price them, not to be chosen.
        let priced = row.variant == "unchecked";
        row.status == Status::Verified && row.median_ns.is_some() && !software && !priced
    };
    let mut winners: Vec<Winner<'r>> = Vec::new();
    for row in rows.iter().filter(ranked) {
        match winners.iter_mut().find(|winner| winner.size == row.size) {
            Some(winner) if row.median_ns < winner.row.median_ns => winner.row = row,
            Some(_) => {}
            None => winners.push(Winner { size: &row.size, row, scalar: scalar(rows, &row.size) }),
        }
    }
    winners.sort_by_key(|winner| winner.row.median_ns);
    winners
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

/// `native simd wins at small (9.1 µs), native threads from book on (4.2 ms, 18× scalar)`.
fn clause(winners: &[Winner<'_>]) -> String {
    if winners.is_empty() {
        return "nothing was verified".to_owned();
    }
    let mut runs: Vec<(String, Vec<&Winner<'_>>)> = Vec::new();
    for winner in winners {
        let name = name(winner.row);
        match runs.last_mut().filter(|(last, _)| *last == name) {
            Some((_, list)) => list.push(winner),
            None => runs.push((name, vec![winner])),
        }
    }
    let last = runs.len() - 1;
    let describe = |(position, (name, list)): (usize, &(String, Vec<&Winner<'_>>))| {
        let first = list[0].size;
        let place = match (position, position == last, list.len()) {
            (0, true, 1) => format!("wins at {first}"),
            (0, true, _) => "wins at every size tried".to_owned(),
            (0, false, _) => format!("wins up to {}", list[list.len() - 1].size),
            (_, true, _) => format!("from {first} on"),
            (_, false, _) => format!("from {first}"),
        };
        format!("{name} {place} ({})", figures(list[list.len() - 1]))
    };
    runs.iter().enumerate().map(describe).collect::<Vec<_>>().join(", ")
}

fn figures(winner: &Winner<'_>) -> String {
    let median = winner.row.median_ns.unwrap_or_default();
    let size = winner.size;
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
        let rows = [wrong, shader.clone(), unchecked, row("small", "cranelift", "1t", 4_000)];
        let told = conclusions(&rows, &[software("llvmpipe")]);
        assert_eq!(told, ["julia: f32: cranelift 1t wins at small (small: 4.00 µs)."]);
        let on_hardware = conclusions(&[shader], &[]);
        assert_eq!(
            on_hardware,
            ["julia: f32: wgsl tuned on llvmpipe wins at small (small: 2.00 ns)."]
        );
    }

    #[test]
    fn a_kernel_without_a_verified_row_says_so() {
        let mut failed = row("small", "native", "scalar", 1);
        (failed.status, failed.median_ns) = (Status::Failed, None);
        assert_eq!(conclusions(&[failed], &[]), ["julia: f32: nothing was verified."]);
    }
}
