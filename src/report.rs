//! `crossover report`: renders a record again, on any machine.

use std::path::{Path, PathBuf};

use crossover_harness::exit;
use crossover_record::RECORD_FILE;
use crossover_report::REPORT_FILE;

use crate::CommandResult;
use crate::cli::ReportArgs;
use crate::output;

/// Renders.
///
/// # Errors
/// A record that cannot be read, or a file that cannot be written.
pub(crate) fn report(args: &ReportArgs) -> CommandResult {
    let folder = folder(&args.record);
    let record = crossover_record::read(&folder)?;
    let page = args.out.clone().unwrap_or_else(|| folder.join(REPORT_FILE));
    crossover_report::write(&record, &folder, &page)?;
    output::print(&format!("report: {}", page.display()))?;
    Ok(exit::OK)
}

/// A record's folder, also from the path of its `record.json`.
fn folder(path: &Path) -> PathBuf {
    if path.file_name().is_some_and(|name| name == RECORD_FILE) {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        return parent.unwrap_or(Path::new(".")).to_owned();
    }
    path.to_owned()
}
