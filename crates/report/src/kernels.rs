//! One section per kernel: the tables with proofs, the chart of time against size, the pictures.

use std::path::Path;

use crossover_record::{
    Difference, KernelCard, PictureKind, Proof, Record, Repetition, Row, Status, digit_groups,
};
use serde::Serialize;

use crate::estimates::{EstimateView, FactsView};
use crate::heatmap::{cases, is_swept, overview_cases, same_case};
use crate::page::software;
use crate::{ReportError, chart, estimates, format, picture, shown};

/// A kernel's section as the template sees it.
#[derive(Debug, Serialize)]
pub(crate) struct KernelView {
    pub stem: String,
    pub anchor: String,
    pub title: String,
    pub summary: String,
    /// Why its outputs are not the same in every run, if they are not.
    pub determinism: String,
    /// Parameters that are axes of its story, and what they show.
    pub axes: Vec<(String, String)>,
    /// What wins where, in words.
    pub conclusions: Vec<String>,
    pub charts: Vec<chart::Chart>,
    pub cases: Vec<CaseView>,
    pub pictures: Vec<picture::PictureView>,
    /// Cases of a sweep whose tables only the record has.
    pub left_out: usize,
}

/// One table: an instance at a size.
#[derive(Debug, Serialize)]
pub(crate) struct CaseView {
    pub dtype: &'static str,
    pub size: String,
    pub parameters: String,
    /// Whether the table is seen at once: that of the largest size.
    pub open: bool,
    pub estimates: Vec<EstimateView>,
    pub facts: Option<FactsView>,
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
    /// What repeated calls showed.
    pub repeated: String,
    /// Whether that is less than the kernel declares.
    pub unsteady: bool,
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
    let mut room = Room { rows: MAX_SWEPT_ROWS, picture_bytes: MAX_PICTURE_BYTES };
    stems.into_iter().map(|stem| view(record, folder, stem, &mut room)).collect()
}

/// What the page still takes, so that it stays under its limit however much was swept.
struct Room {
    /// Rows in tables of swept cases.
    rows: usize,
    /// Bytes of pictures.
    picture_bytes: usize,
}

/// Most rows in tables of swept cases.
const MAX_SWEPT_ROWS: usize = 600;
/// Most bytes of pictures, as they stand in the page.
const MAX_PICTURE_BYTES: usize = 1_000_000;
/// Most cases of a sweep whose own charts are drawn, where a kernel has no others.
const MAX_SWEPT_SHOWN: usize = 3;

/// Backend, variant and adapter of a row.
pub(crate) fn variant_name(row: &Row) -> String {
    match &row.adapter {
        Some(adapter) => format!("{} {} {adapter}", row.backend, row.variant),
        None => format!("{} {}", row.backend, row.variant),
    }
}

fn view(
    record: &Record,
    folder: &Path,
    stem: &str,
    room: &mut Room,
) -> Result<KernelView, ReportError> {
    let rows: Vec<&Row> = record.rows.iter().filter(|row| row.kernel == stem).collect();
    let card = record.kernels.iter().find(|card| card.stem == stem);
    let software = software(record);
    let mains = overview_cases(&record.rows, &software);
    let groups = cases(rows.iter().copied());
    let total = groups.len();
    let mut views = Vec::new();
    for group in groups {
        if is_swept(&group[0].size) {
            if room.rows < group.len() {
                continue;
            }
            room.rows -= group.len();
        }
        let open = mains.iter().any(|main| same_case(main[0], group[0]));
        views.push(case(&group, card, open));
    }
    let shown = shown_sizes(&rows);
    let mut charts = chart::charts(stem, &rows)?;
    let own = record.charts.iter().filter(|c| c.kernel == stem && shown.contains(&c.size));
    for chart in own {
        charts.extend(shown::view(chart, &rows)?);
    }
    let prefix = format!("{stem}: ");
    let conclusions = record.conclusions.iter().filter_map(|text| text.strip_prefix(&prefix));
    let axes = card.iter().flat_map(|card| card.axes.clone()).collect();
    Ok(KernelView {
        stem: stem.to_owned(),
        anchor: anchor(stem),
        title: card.map(|card| card.title.clone()).unwrap_or_default(),
        summary: card.map(|card| card.summary.trim().to_owned()).unwrap_or_default(),
        determinism: card.map(|card| card.determinism.trim().to_owned()).unwrap_or_default(),
        axes,
        conclusions: conclusions.map(str::to_owned).collect(),
        charts,
        left_out: total - views.len(),
        cases: views,
        pictures: pictures(record, folder, stem, &shown, room)?,
    })
}

/// The sizes whose own charts and pictures are shown: those that no sweep made, or the first few.
fn shown_sizes(rows: &[&Row]) -> Vec<String> {
    let mut sizes: Vec<String> = Vec::new();
    for row in rows {
        if !sizes.contains(&row.size) {
            sizes.push(row.size.clone());
        }
    }
    if sizes.iter().any(|size| !is_swept(size)) {
        sizes.retain(|size| !is_swept(size));
    } else {
        sizes.truncate(MAX_SWEPT_SHOWN);
    }
    sizes
}

fn pictures(
    record: &Record,
    folder: &Path,
    stem: &str,
    sizes: &[String],
    room: &mut Room,
) -> Result<Vec<picture::PictureView>, ReportError> {
    let mut views = Vec::new();
    for file in record.pictures.iter().filter(|p| p.kernel == stem && sizes.contains(&p.size)) {
        let view = picture::view(folder, file)?;
        if view.data.len() <= room.picture_bytes {
            room.picture_bytes -= view.data.len();
            views.push(view);
        }
    }
    Ok(views)
}

fn case(group: &[&Row], card: Option<&KernelCard>, open: bool) -> CaseView {
    let first = group[0];
    let scalar = group.iter().find(|row| row.backend == "native" && row.variant == "scalar");
    let scalar = scalar.and_then(|row| row.median_ns);
    let text = |(name, value): (&String, &f64)| {
        let choices = card.and_then(|card| card.choices.get(name));
        let choice = choices.and_then(|names| names.get(*value as usize));
        format!("{name} = {}", choice.cloned().unwrap_or_else(|| value.to_string()))
    };
    let parameters = first.parameters.iter().map(text);
    CaseView {
        dtype: first.dtype.name(),
        size: first.size.clone(),
        parameters: parameters.collect::<Vec<_>>().join(", "),
        open,
        estimates: estimates::estimates(group),
        facts: estimates::facts(group, card),
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
        repeated: row.repetition.as_ref().map(repeated).unwrap_or_default(),
        unsteady: row.repetition.as_ref().is_some_and(|r| !r.equal && r.class != VARIES),
        differences: row.proof.iter().flat_map(differences).collect(),
    }
}

/// The class of determinism that promises nothing.
const VARIES: &str = "varies";

/// The class declared, and what was seen.
fn repeated(repetition: &Repetition) -> String {
    let Repetition { class, calls, threads, equal } = repetition;
    let threads = match (threads.iter().min(), threads.iter().max()) {
        (Some(least), Some(most)) if least < most => format!(" on {least} to {most} threads"),
        _ => String::new(),
    };
    let seen = match (calls, equal) {
        (0 | 1, _) => "called once".to_owned(),
        (calls, true) => format!("{calls} calls alike{threads}"),
        (calls, false) => format!("{calls} calls differ{threads}"),
    };
    format!("{class}: {seen}")
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
