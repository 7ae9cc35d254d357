//! Record to report: one self-contained HTML file.
//!
//! It knows records only, no backend, so an old record renders on any machine. One view is one
//! file of this crate, and all of them meet in `templates/report.html`. Everything that comes from
//! a record is untrusted and is escaped by the template engine; charts and pictures are made here.
#![forbid(unsafe_code)]

mod against;
mod chart;
mod contest;
mod estimates;
mod format;
mod heatmap;
mod kernels;
mod page;
mod picture;
mod plot;
mod shown;

use std::io::Write;
use std::path::{Path, PathBuf};

use crossover_record::Record;

pub use contest::{alone, ranks};
pub use format::time;

/// File name of a report in its record's folder.
pub const REPORT_FILE: &str = "report.html";

/// A report could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The template and the data do not fit.
    #[error("the report's template: {0}")]
    Template(#[from] minijinja::Error),
    /// A picture of the record cannot be read or drawn.
    #[error("picture {file}: {reason}")]
    Picture {
        /// The picture's file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A chart cannot be drawn.
    #[error("the chart of {kernel}: {reason}")]
    Chart {
        /// The kernel.
        kernel: String,
        /// What is wrong.
        reason: String,
    },
    /// The file system refused.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        error: std::io::Error,
    },
}

/// Renders a record whose pictures lie in `folder`.
///
/// # Errors
/// [`ReportError`].
pub fn render(record: &Record, folder: &Path) -> Result<String, ReportError> {
    page::render(record, folder)
}

/// Renders a record and writes the page aside, then renames it.
///
/// # Errors
/// [`ReportError`].
pub fn write(record: &Record, folder: &Path, path: &Path) -> Result<(), ReportError> {
    let html = render(record, folder)?;
    let io = |error| ReportError::Io { path: path.to_owned(), error };
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    // Made like any other file, so that its mode is what the user's mask says.
    let create = |path: &Path| std::fs::File::create_new(path);
    let mut aside = tempfile::Builder::new().make_in(parent, create).map_err(io)?;
    aside.write_all(html.as_bytes()).map_err(io)?;
    aside.as_file().sync_all().map_err(io)?;
    aside.persist(path).map_err(|error| io(error.error))?;
    Ok(())
}
