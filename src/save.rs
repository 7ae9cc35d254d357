//! `--save DIR`: the outputs of every row as `.npy` files.

use std::fs;
use std::path::{Path, PathBuf};

use crossover_harness::output_file_name;
use crossover_harness::verify::Outputs;
use crossover_record::Row;
use crossover_values::npy;

use crate::error::CommandError;
use crate::output;

/// Writes outputs into a folder. One that cannot be written is told once and counted; the run goes
/// on.
#[derive(Debug)]
pub(crate) struct Saver {
    folder: PathBuf,
    /// Files that could not be written.
    pub(crate) failures: usize,
}

impl Saver {
    /// Makes the folder and tries it.
    ///
    /// # Errors
    /// [`CommandError::Write`] if the folder cannot be made or written, before any work starts.
    pub(crate) fn new(folder: &Path) -> Result<Saver, CommandError> {
        let write = |error| CommandError::Write { path: folder.to_owned(), error };
        fs::create_dir_all(folder).map_err(write)?;
        tempfile::NamedTempFile::new_in(folder).map_err(write)?;
        Ok(Saver { folder: folder.to_owned(), failures: 0 })
    }

    /// Writes the outputs of a row.
    pub(crate) fn save(&mut self, row: &Row, outputs: &Outputs) {
        for (name, value) in outputs {
            let path = self.folder.join(output_file_name(row, name));
            if let Err(error) = npy::write(&path, value) {
                if self.failures == 0 {
                    output::say(&format!("crossover: cannot save an output: {error}"));
                }
                self.failures += 1;
                // A torn file must not pass for an output.
                fs::remove_file(&path).ok();
            }
        }
    }
}
