//! `crossover list`: the kernels with their instances, sizes and variants.

use std::collections::BTreeMap;

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ContentArrangement, Table};
use crossover_contract::Setting;
use crossover_harness::{Subject, exit};
use crossover_record::Document;
use serde::Serialize;

use crate::CommandResult;
use crate::cli::{Format, ListArgs};
use crate::setup::{self, Table as Backends};
use crate::table::RULED;
use crate::{kernels, output};

/// Schema of the rows of `list`.
const SCHEMA: &str = "crossover-list/1";

/// Width of the table where no terminal says one.
const PIPED_WIDTH: u16 = 100;

/// One instance of a kernel.
#[derive(Debug, Serialize)]
struct Row {
    kernel: String,
    title: String,
    dtype: &'static str,
    entry: String,
    sizes: Vec<Size>,
    /// Parameters that are axes of its story, and what sweeping them shows.
    axes: BTreeMap<String, String>,
    variants: Vec<Variant>,
    answers: usize,
    mutants: usize,
}

#[derive(Debug, Serialize)]
struct Size {
    name: String,
    parameters: BTreeMap<String, Setting>,
}

#[derive(Debug, Serialize)]
struct Variant {
    backend: &'static str,
    variant: String,
    doc: String,
}

/// Lists.
///
/// # Errors
/// Unknown kernels and files that are not right.
pub(crate) fn list(args: &ListArgs) -> CommandResult {
    let backends = Backends::new();
    let subjects = kernels::subjects(&args.kernels)?;
    let rows = subjects.iter().flat_map(|subject| rows(subject, &backends)).collect::<Vec<Row>>();
    match args.format {
        Format::Json => output::print_json(&Document {
            schema: SCHEMA.to_owned(),
            machine: setup::this_machine(),
            rows,
        })?,
        Format::Table if args.kernels.is_empty() => {
            output::print(&brief(&rows))?;
            output::print("`crossover list KERNEL` shows its sizes, axes and variants.")?;
        }
        Format::Table => output::print(&table(&rows).to_string())?,
    }
    Ok(exit::OK)
}

fn rows(subject: &Subject, backends: &Backends) -> Vec<Row> {
    let definition = &subject.kernel.definition;
    let sizes = || {
        let sizes = definition.sizes.iter();
        sizes.map(|(name, set)| Size { name: name.clone(), parameters: set.clone() }).collect()
    };
    let axes = || {
        let axes = definition.parameters.iter();
        axes.filter_map(|(name, parameter)| Some((name.clone(), parameter.axis.clone()?))).collect()
    };
    let row = |instance: &crossover_contract::Instance| {
        let variants = backends.lines().into_iter().flat_map(|line| {
            let variants = line.backend.variants(&subject.kernel, instance.dtype);
            variants.into_iter().map(move |variant| Variant {
                backend: line.backend.name(),
                variant: variant.name,
                doc: variant.doc,
            })
        });
        Row {
            kernel: subject.kernel.stem.clone(),
            title: definition.title.clone(),
            dtype: instance.dtype.name(),
            entry: instance.entry.clone(),
            sizes: sizes(),
            axes: axes(),
            variants: variants.collect(),
            answers: definition.answers.len(),
            mutants: definition.mutants.len(),
        }
    };
    definition.instances.iter().map(row).collect()
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    if !table.is_tty() {
        table.set_width(PIPED_WIDTH);
    }
    table.set_header(["kernel", "sizes", "variants"]);
    for (row, dtypes) in alike(rows) {
        let name = format!("{} {}\n{}", row.kernel, dtypes.join(" "), row.title);
        let size = |size: &Size| {
            let set = size.parameters.iter().map(|(name, value)| format!("{name}={value}"));
            format!("{}: {}", size.name, set.collect::<Vec<_>>().join(" "))
        };
        let axes = row.axes.iter().map(|(name, shows)| format!("axis {name}: {shows}"));
        let sizes = row.sizes.iter().map(size).chain(axes).collect::<Vec<_>>().join("\n");
        table.add_row([name, sizes, variants(row)]);
    }
    table
}

/// Instances of a kernel with the same variants, which differ in nothing that the table shows.
fn alike(rows: &[Row]) -> Vec<(&Row, Vec<&'static str>)> {
    let mut found: Vec<(&Row, Vec<&'static str>)> = Vec::new();
    for row in rows {
        let same = |known: &Row| known.kernel == row.kernel && variants(known) == variants(row);
        match found.iter_mut().find(|(known, _)| same(known)) {
            Some((_, dtypes)) => dtypes.push(row.dtype),
            None => found.push((row, vec![row.dtype])),
        }
    }
    found
}

/// One line per kernel: its instances and its title.
fn brief(rows: &[Row]) -> String {
    let mut kernels: Vec<(&str, Vec<&str>, &str)> = Vec::new();
    for row in rows {
        match kernels.iter_mut().find(|(kernel, ..)| *kernel == row.kernel) {
            Some((_, dtypes, _)) => dtypes.push(row.dtype),
            None => kernels.push((&row.kernel, vec![row.dtype], &row.title)),
        }
    }
    let mut table = Table::new();
    table.load_style(RULED);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["kernel", "dtypes", "is"]);
    for (kernel, dtypes, title) in kernels {
        table.add_row([kernel, &dtypes.join(" "), title]);
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// One line per backend: `native: scalar simd threads`.
fn variants(row: &Row) -> String {
    let mut lines: Vec<(&str, Vec<&str>)> = Vec::new();
    for variant in &row.variants {
        match lines.iter_mut().find(|(backend, _)| *backend == variant.backend) {
            Some((_, names)) => names.push(&variant.variant),
            None => lines.push((variant.backend, vec![&variant.variant])),
        }
    }
    let lines = lines.iter().map(|(backend, names)| format!("{backend}: {}", names.join(" ")));
    lines.collect::<Vec<_>>().join("\n")
}
