//! Cranelift on one thread against the native plain loop: what hand-written Rust buys over the JIT.

use crossover_record::Row;
use serde::Serialize;

use crate::{format, heatmap};

/// From this ratio on a kernel is marked.
const SLOW: f64 = 1.5;

/// So many of them are named before the table.
const NAMED: usize = 12;

/// The view as the template sees it.
#[derive(Debug, Serialize)]
pub(crate) struct Against {
    pub summary: String,
    pub lines: Vec<AgainstLine>,
}

/// One kernel instance.
#[derive(Debug, Serialize)]
pub(crate) struct AgainstLine {
    pub kernel: String,
    pub dtype: &'static str,
    pub size: String,
    pub anchor: String,
    pub cranelift: String,
    pub scalar: String,
    pub ratio: String,
    pub slow: bool,
}

/// Every kernel instance at its largest size that has both, the slowest first; `None` without any.
pub(crate) fn view(rows: &[Row]) -> Option<Against> {
    let mut found: Vec<(f64, AgainstLine)> = Vec::new();
    for group in heatmap::main_cases(rows, |group| both(group).is_some()) {
        let (Some((cranelift, scalar)), Some(first)) = (both(&group), group.first()) else {
            continue;
        };
        let ratio = cranelift as f64 / scalar.max(1) as f64;
        let line = AgainstLine {
            kernel: first.kernel.clone(),
            dtype: first.dtype.name(),
            size: first.size.clone(),
            anchor: crate::kernels::anchor(&first.kernel),
            cranelift: format::time(cranelift),
            scalar: format::time(scalar),
            ratio: format::ratio(ratio),
            slow: ratio > SLOW,
        };
        found.push((ratio, line));
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let slow = found.iter().filter(|(_, line)| line.slow);
    let slow: Vec<String> =
        slow.map(|(_, line)| format!("{} {}", line.kernel, line.dtype)).collect();
    let lines: Vec<AgainstLine> = found.into_iter().map(|(_, line)| line).collect();
    if lines.is_empty() {
        return None;
    }
    let count = lines.len();
    let summary = match slow.len() {
        0 => format!("None of {count} takes over {SLOW} times the native plain loop."),
        many => {
            let named = slow[..many.min(NAMED)].join(", ");
            let rest = many.saturating_sub(NAMED);
            let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
            format!("{many} of {count} take over {SLOW} times: {named}{more}.")
        }
    };
    Some(Against { summary, lines })
}

/// Medians of cranelift `1t` and native `scalar`.
fn both(group: &[&Row]) -> Option<(u64, u64)> {
    let median = |backend: &str, variant: &str| {
        let row = group.iter().find(|row| row.backend == backend && row.variant == variant);
        row.and_then(|row| row.median_ns)
    };
    median("cranelift", "1t").zip(median("native", "scalar"))
}
