//! One section per kernel: the tables with proofs, the chart of time against size, the pictures.

use std::path::Path;

use crossover_record::{Difference, PictureKind, Proof, Record, Row, Status, digit_groups};
use serde::Serialize;

use crate::heatmap::same_case;
use crate::{ReportError, chart, format, picture};

/// A kernel's section as the template sees it.
#[derive(Debug, Serialize)]
pub(crate) struct KernelView {
    pub stem: String,
    pub anchor: String,
    pub charts: Vec<chart::Chart>,
    pub cases: Vec<CaseView>,
    pub pictures: Vec<picture::PictureView>,
}

/// One table: an instance at a size.
#[derive(Debug, Serialize)]
pub(crate) struct CaseView {
    pub dtype: &'static str,
    pub size: String,
    pub parameters: String,
    pub rows: Vec<RowView>,
}

/// One line of a table.
#[derive(Debug, Serialize)]
pub(crate) struct RowView {
    pub backend: String,
    pub variant: String,
    pub adapter: Option<String>,
    pub threads: usize,
    pub status: &'static str,
    pub reason: String,
    pub reference: bool,
    pub median: String,
    pub interval: String,
    pub against_scalar: String,
    pub samples: usize,
    pub phases: String,
    pub compared: String,
    pub agreement: String,
    pub policy: String,
    pub answers: Vec<AnswerView>,
    pub memory: String,
    pub differences: Vec<String>,
}

/// One known answer of a line.
#[derive(Debug, Serialize)]
pub(crate) struct AnswerView {
    pub name: String,
    pub expected: String,
    pub got: String,
    pub ok: bool,
}

/// The `id` of a kernel's section.
pub(crate) fn anchor(stem: &str) -> String {
    format!("kernel-{stem}")
}

/// The sections of a record, in the order of its rows.
pub(crate) fn views(record: &Record, folder: &Path) -> Result<Vec<KernelView>, ReportError> {
    let mut stems: Vec<&str> = Vec::new();
    for row in &record.rows {
        if !stems.contains(&row.kernel.as_str()) {
            stems.push(&row.kernel);
        }
    }
    stems.into_iter().map(|stem| view(record, folder, stem)).collect()
}

fn view(record: &Record, folder: &Path, stem: &str) -> Result<KernelView, ReportError> {
    let rows: Vec<&Row> = record.rows.iter().filter(|row| row.kernel == stem).collect();
    let mut firsts: Vec<&Row> = Vec::new();
    for row in &rows {
        if !firsts.iter().any(|first| same_case(first, row)) {
            firsts.push(row);
        }
    }
    let cases = firsts.iter().map(|first| {
        let group: Vec<&Row> = rows.iter().copied().filter(|row| same_case(row, first)).collect();
        case(first, &group)
    });
    let pictures = record.pictures.iter().filter(|picture| picture.kernel == stem);
    Ok(KernelView {
        stem: stem.to_owned(),
        anchor: anchor(stem),
        charts: chart::charts(stem, &rows)?,
        cases: cases.collect(),
        pictures: pictures.map(|p| picture::view(folder, p)).collect::<Result<_, _>>()?,
    })
}

fn case(first: &Row, group: &[&Row]) -> CaseView {
    let scalar = group.iter().find(|row| row.backend == "native" && row.variant == "scalar");
    let scalar = scalar.and_then(|row| row.median_ns);
    let parameters = first.parameters.iter().map(|(name, value)| format!("{name} = {value}"));
    CaseView {
        dtype: first.dtype.name(),
        size: first.size.clone(),
        parameters: parameters.collect::<Vec<_>>().join(", "),
        rows: group.iter().map(|row| row_view(row, scalar)).collect(),
    }
}

fn row_view(row: &Row, scalar: Option<u64>) -> RowView {
    let interval = match (row.low_ns, row.high_ns) {
        (Some(low), Some(high)) if row.samples.len() > 1 => {
            format!("{} – {}", format::time(low), format::time(high))
        }
        _ => String::new(),
    };
    let against = row
        .median_ns
        .zip(scalar)
        .map(|(median, scalar)| format::ratio(scalar as f64 / median.max(1) as f64));
    let phases = row.phases.0.iter().map(|(name, ns)| format!("{name} {}", format::time(*ns)));
    RowView {
        backend: row.backend.clone(),
        variant: row.variant.clone(),
        adapter: row.adapter.clone(),
        threads: row.threads,
        status: row.status.name(),
        reason: if row.status == Status::Verified { String::new() } else { row.reason.clone() },
        reference: row.reference,
        median: row.median_ns.map(format::time).unwrap_or_default(),
        interval,
        against_scalar: against.unwrap_or_default(),
        samples: row.samples.len(),
        phases: phases.collect::<Vec<_>>().join(" · "),
        compared: row.proof.as_ref().map(compared).unwrap_or_default(),
        agreement: row.proof.as_ref().map(agreement).unwrap_or_default(),
        policy: row.proof.as_ref().map(|proof| proof.policy.clone()).unwrap_or_default(),
        answers: answers(row),
        memory: row.peak_memory_bytes.map(format::bytes).unwrap_or_default(),
        differences: row.proof.iter().flat_map(differences).collect(),
    }
}

fn compared(proof: &Proof) -> String {
    digit_groups(&proof.compared.to_string())
}

/// What the comparison found, in words.
fn agreement(proof: &Proof) -> String {
    if proof.unexplained > 0 {
        return format!("{} not allowed", digit_groups(&proof.unexplained.to_string()));
    }
    if proof.differing == 0 {
        return "bit-equal".to_owned();
    }
    let differing = digit_groups(&proof.differing.to_string());
    let undecided = match proof.undecided {
        0 => String::new(),
        count => format!(", {} undecided", digit_groups(&count.to_string())),
    };
    format!("{differing} differ, {:.3} of the bound used{undecided}", proof.worst_used)
}

fn differences(proof: &Proof) -> Vec<String> {
    let line = |d: &Difference| {
        let Difference { output, index, reference, allowed, got } = d;
        format!("{output}{index:?}: reference {reference}, allowed {allowed}, got {got}")
    };
    proof.differences.iter().map(line).collect()
}

fn answers(row: &Row) -> Vec<AnswerView> {
    let view = |answer: &crossover_record::AnswerCheck| AnswerView {
        name: answer.name.clone(),
        expected: answer.expected.to_string(),
        got: answer.got.to_string(),
        ok: answer.ok,
    };
    row.answers.iter().map(view).collect()
}

/// Words for what a picture shows.
pub(crate) fn kind_name(kind: PictureKind) -> &'static str {
    match kind {
        PictureKind::Result => "result",
        PictureKind::Difference => "difference",
    }
}
