//! `crossover run`: verifies, measures, prints, and leaves a record with its report.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crossover_harness::{
    AdapterChoice, Adapters, Demands, Measure, Options, Report, adapter_cards, exit,
    run as run_plan,
};
use crossover_record::{RECORD_SCHEMA, Record};
use crossover_report::REPORT_FILE;
use jiff::Timestamp;

use crate::CommandResult;
use crate::cli::{Format, RunArgs};
use crate::error::CommandError;
use crate::progress::Progress;
use crate::save::Saver;
use crate::setup::{self, Table};
use crate::table::{self, Cell};
use crate::{conclusions, output, rendered};

/// Sizes of kernels for which none is named.
const DEFAULT_SIZES: &[&str] = &["small", "book"];
/// Most samples of a row.
const MAX_SAMPLES: u32 = 30;
/// A row whose first call took longer is not called again.
const ONCE_ABOVE: Duration = Duration::from_secs(1);
/// Folder of records where `--out` names none.
const RECORDS: &str = "reports";

/// Runs.
///
/// # Errors
/// Bad input, a folder that cannot be written, or a machine on which nothing can be run.
pub(crate) fn run(args: &RunArgs) -> CommandResult {
    let selection = &args.selection;
    let created = Timestamp::now();
    let table = Table::new();
    let lines = table.lines();
    let adapters = setup::adapters(&lines, &selection.backend)?;
    for missing in setup::missing_adapters(&adapters) {
        output::say(&missing);
    }
    let plan =
        setup::make_plan(selection, &lines, &adapters, DEFAULT_SIZES, AdapterChoice::Preferred)?;
    let folder = record_folder(args.out.as_deref(), created)?;
    let saver = selection.save.as_deref().map(Saver::new).transpose()?;
    let options = Options {
        threads: setup::threads(selection),
        limits: setup::limits(selection),
        measure: Some(Measure {
            budget: Some(Duration::from_secs_f64(args.budget)),
            max_samples: MAX_SAMPLES,
            once_above: ONCE_ABOVE,
        }),
        seed: u64::try_from(created.as_second()).unwrap_or_default(),
    };
    let mut progress = Progress::new(saver);
    let report = run_plan(&plan, &lines, &setup::worker_command, &options, &mut progress)?;
    let saver = progress.finish();
    let code = exit::exit_code(&report.rows, &Demands::default());
    let record = record(report, created, &adapters);
    show(&record.0, selection.format)?;
    if let Err(error) = store(&record.0, &record.1, &folder) {
        output::complain(&error);
        // A wrong answer stays the worst that can be said of a run.
        return Ok(if code == exit::WRONG { code } else { error.exit_code() });
    }
    let page = folder.join(REPORT_FILE);
    match selection.format {
        Format::Table => output::print(&format!("report: {}", page.display()))?,
        Format::Json => output::say(&format!("report: {}", page.display())),
    }
    Ok(rendered::with_saver(code, saver.as_ref()))
}

/// The folder of the record, tried before any work starts.
fn record_folder(out: Option<&Path>, created: Timestamp) -> Result<PathBuf, CommandError> {
    let folder = match out {
        Some(out) => out.to_owned(),
        None => Path::new(RECORDS).join(created.strftime("%Y-%m-%dT%H%M%SZ").to_string()),
    };
    if folder.file_name().is_none() {
        return Err(crossover_record::RecordError::NoPlace(folder).into());
    }
    if folder.exists() {
        return Err(crossover_record::RecordError::Exists(folder).into());
    }
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new(".")).to_owned();
    let write = |error| CommandError::Write { path: parent.clone(), error };
    std::fs::create_dir_all(&parent).map_err(write)?;
    tempfile::NamedTempFile::new_in(&parent).map_err(write)?;
    Ok(folder)
}

type Pictures = Vec<(String, Vec<u8>)>;

fn record(report: Report, created: Timestamp, adapters: &Adapters) -> (Record, Pictures) {
    let adapters = adapter_cards(&report.passports, adapters);
    let (pictures, files) = report
        .pictures
        .into_iter()
        .map(|(picture, bytes)| {
            let file = picture.file.clone();
            (picture, (file, bytes))
        })
        .unzip();
    let mut command: Vec<String> = std::env::args().collect();
    if let Some(program) = command.first_mut() {
        *program = "crossover".to_owned();
    }
    let record = Record {
        schema: RECORD_SCHEMA.to_owned(),
        created,
        command,
        crossover: env!("CARGO_PKG_VERSION").to_owned(),
        machine: setup::this_machine(),
        conclusions: conclusions::conclusions(&report.rows, &adapters),
        adapters,
        rows: report.rows,
        workers: report.workers,
        pictures,
        charts: report.charts,
        kernels: report.kernels,
    };
    (record, files)
}

fn show(record: &Record, format: Format) -> Result<(), CommandError> {
    match format {
        Format::Json => output::print_json(&rendered::document(record.rows.clone())),
        Format::Table => {
            let software = record.adapters.iter().filter(|adapter| adapter.software);
            let software: Vec<&str> = software.map(|adapter| adapter.slug.as_str()).collect();
            output::print(&table::tables(&record.rows, Cell::Time, &software))?;
            output::print(&rendered::summary(&record.rows))?;
            // Of many kernels the matrix says it; the report has the sentences.
            if record.conclusions.len() <= table::MAX_TABLES {
                for sentence in &record.conclusions {
                    output::print(sentence)?;
                }
            }
            Ok(())
        }
    }
}

fn store(record: &Record, pictures: &Pictures, folder: &Path) -> Result<(), CommandError> {
    crossover_record::write(folder, record, pictures).map_err(CommandError::Store)?;
    Ok(crossover_report::write(record, folder, &folder.join(REPORT_FILE))?)
}
