//! `crossover check`: verifies on every adapter and times nothing, for CI.

use crossover_harness::{AdapterChoice, Demands, Options, exit, run};

use crate::CommandResult;
use crate::cli::{CheckArgs, Format};
use crate::output;
use crate::progress::Progress;
use crate::rendered;
use crate::save::Saver;
use crate::setup::{self, Table};
use crate::table::{self, Cell};

/// Sizes of kernels for which none is named.
const DEFAULT_SIZES: &[&str] = &["small"];

/// Checks.
///
/// # Errors
/// Bad input, or a machine on which nothing can be run.
pub(crate) fn check(args: &CheckArgs) -> CommandResult {
    let selection = &args.selection;
    let table = Table::new();
    let lines = table.lines();
    for name in &args.require {
        crossover_harness::require_known("backend", name, lines.iter().map(|l| l.backend.name()))?;
    }
    let adapters = setup::adapters(&lines, &selection.backend)?;
    let plan = setup::make_plan(selection, &lines, &adapters, DEFAULT_SIZES, AdapterChoice::All)?;
    let saver = selection.save.as_deref().map(Saver::new).transpose()?;
    let options = Options {
        threads: setup::threads(selection),
        limits: setup::limits(selection),
        measure: None,
        seed: 0,
    };
    let mut progress = Progress::new(saver);
    let report = run(&plan, &lines, &setup::worker_command, &options, &mut progress)?;
    let saver = progress.finish();
    let demands = Demands { require: args.require.clone(), expect_cases: args.expect_cases };
    match selection.format {
        Format::Json => {
            let mut rows = report.rows.clone();
            rows.iter_mut().for_each(rendered::without_times);
            output::print_json(&rendered::document(rows))?;
        }
        Format::Table => {
            output::print(&table::tables(&report.rows, Cell::Status, &[]))?;
            output::print(&rendered::summary(&report.rows))?;
        }
    }
    for unmet in exit::unmet(&report.rows, &demands) {
        output::say(&format!("crossover: {unmet}"));
    }
    Ok(rendered::with_saver(exit::exit_code(&report.rows, &demands), saver.as_ref()))
}
