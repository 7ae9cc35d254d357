//! The page: all views together, in one template, under a policy that allows nothing from outside.

use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use crossover_record::{Adapter, Record};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, value::Serde};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::against::Against;
use crate::heatmap::HeatMap;
use crate::kernels::KernelView;
use crate::{ReportError, against, format, kernels};

const TEMPLATE: &str = include_str!("../templates/report.html");
const STYLE: &str = include_str!("../templates/report.css");

/// So many conclusions fit above the heat map on the first screen.
const FEW: usize = 6;

/// Everything the template names.
#[derive(Serialize)]
struct Page<'r> {
    style: &'static str,
    style_hash: String,
    created: String,
    command: String,
    version: &'r str,
    machine: Vec<MachineView>,
    adapters: &'r [Adapter],
    conclusions: &'r [String],
    /// Sentences shown at the top, where there are few; else they stand with their kernels.
    few: bool,
    heatmap: HeatMap,
    against: Option<Against>,
    kernels: Vec<KernelView>,
    workers: Vec<WorkerView>,
    statuses: String,
}

#[derive(Serialize)]
struct MachineView {
    name: &'static str,
    value: String,
}

#[derive(Serialize)]
struct WorkerView {
    name: String,
    memory: String,
    processes: u32,
}

/// Renders the page.
pub(crate) fn render(record: &Record, folder: &Path) -> Result<String, ReportError> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_template("report", TEMPLATE)?;
    let page = Page {
        style: STYLE,
        style_hash: BASE64_STANDARD.encode(Sha256::digest(STYLE)),
        created: record.created.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        command: record.command.join(" "),
        version: &record.crossover,
        machine: machine(record),
        adapters: &record.adapters,
        conclusions: &record.conclusions,
        few: record.conclusions.len() <= FEW,
        against: against::view(&record.rows),
        heatmap: HeatMap::new(&record.rows, &software(record)),
        kernels: kernels::views(record, folder)?,
        workers: workers(record),
        statuses: statuses(record),
    };
    let page = Value::from(Serde(&page));
    Ok(environment.get_template("report")?.render(page)?)
}

/// The adapters that are the processor under another name.
pub(crate) fn software(record: &Record) -> Vec<&str> {
    let software = record.adapters.iter().filter(|adapter| adapter.software);
    software.map(|adapter| adapter.slug.as_str()).collect()
}

fn machine(record: &Record) -> Vec<MachineView> {
    let machine = &record.machine;
    let caches = machine
        .caches
        .iter()
        .filter(|cache| cache.kind != "Instruction")
        .map(|cache| format!("L{} {}", cache.level, format::bytes(cache.bytes)));
    let mut views = vec![
        MachineView { name: "processor", value: machine.cpu_model.clone() },
        MachineView { name: "cores", value: machine.cores.to_string() },
        MachineView { name: "caches", value: caches.collect::<Vec<_>>().join(", ") },
        MachineView { name: "memory", value: format::bytes(machine.memory_bytes) },
        MachineView { name: "system", value: format!("{}, {}", machine.os, machine.arch) },
    ];
    let rustc = machine.rustc.clone();
    views.extend(rustc.map(|value| MachineView { name: "compiler", value }));
    views.retain(|view| !view.value.is_empty());
    views
}

fn workers(record: &Record) -> Vec<WorkerView> {
    let view = |worker: &crossover_record::WorkerUse| WorkerView {
        name: match &worker.adapter {
            Some(adapter) => format!("{} {} on {adapter}", worker.backend, worker.variant),
            None => format!("{} {}", worker.backend, worker.variant),
        },
        memory: worker.peak_memory_bytes.map_or_else(|| "not reported".to_owned(), format::bytes),
        processes: worker.processes,
    };
    record.workers.iter().map(view).collect()
}

/// How many rows have which status: `41 verified, 2 unavailable`.
fn statuses(record: &Record) -> String {
    let count = |status| record.rows.iter().filter(|row| row.status == status).count();
    let counted = crossover_record::Status::ALL.into_iter().map(|status| (count(status), status));
    let there = counted.filter(|(count, _)| *count > 0);
    there.map(|(count, status)| format!("{count} {status}")).collect::<Vec<_>>().join(", ")
}
