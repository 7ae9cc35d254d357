//! Reading and writing records. A record is untrusted input: its size is limited here, its depth
//! by `serde_json` (128 levels), and its file names must be plain.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::{PictureFile, RECORD_SCHEMA, Record};

/// Name of the one JSON file of a record.
pub const RECORD_FILE: &str = "record.json";

/// Largest `record.json`, and largest picture, that is read.
pub const MAX_RECORD_BYTES: u64 = 64 << 20;

/// A record that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The file system refused.
    #[error("{action} `{path}`: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is larger than any record.
    #[error("`{path}` has more than {limit} bytes, the limit for files of a record")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// The file is no record.
    #[error("`{path}` is no record: {source}")]
    Json {
        /// The file.
        path: PathBuf,
        /// Where the JSON fails.
        source: serde_json::Error,
    },
    /// The record has a schema that this version does not know.
    #[error(
        "`{path}` has the schema `{found}`; this version reads `{RECORD_SCHEMA}`: \
         use the version of Crossover that wrote it, or make the record anew"
    )]
    Schema {
        /// The file.
        path: PathBuf,
        /// The schema it names.
        found: String,
    },
    /// A picture's file name would leave the record's folder.
    #[error("a picture's file name is not plain: `{0}`")]
    PictureName(String),
    /// A folder of that name exists.
    #[error("`{0}` exists; a record never replaces another: choose another folder")]
    Exists(PathBuf),
    /// The target has no name or no parent folder.
    #[error("`{0}` is no place for a record")]
    NoPlace(PathBuf),
}

/// Reads the record in `folder`.
///
/// # Errors
/// [`RecordError`] if it cannot be read, is too large, is no record or has an unknown schema.
pub fn read(folder: &Path) -> Result<Record, RecordError> {
    let path = folder.join(RECORD_FILE);
    let bytes = read_limited(&path)?;
    // The schema is looked at first: a newer record should be refused by its schema, not by the
    // first field that this version does not know.
    let head: Head = parse(&path, &bytes)?;
    if head.schema != RECORD_SCHEMA {
        return Err(RecordError::Schema { path, found: head.schema });
    }
    let record: Record = parse(&path, &bytes)?;
    for picture in &record.pictures {
        check_name(&picture.file)?;
    }
    Ok(record)
}

/// Writes a record: aside in a hidden folder next to `folder`, synced, then renamed, so that a
/// folder of that name is always a whole record. `pictures` are the files that
/// [`Record::pictures`] names, with their contents.
///
/// # Errors
/// [`RecordError`] if `folder` exists or the file system refuses; nothing is left behind.
pub fn write(
    folder: &Path,
    record: &Record,
    pictures: &[(String, Vec<u8>)],
) -> Result<(), RecordError> {
    if folder.exists() {
        return Err(RecordError::Exists(folder.to_owned()));
    }
    let name = folder.file_name().ok_or_else(|| RecordError::NoPlace(folder.to_owned()))?;
    let parent = match folder.parent() {
        Some(parent) if parent != Path::new("") => parent,
        Some(_) | None => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(failed("cannot create", parent))?;
    let prefix = format!(".{}-", name.to_string_lossy());
    let aside = tempfile::Builder::new()
        .prefix(&prefix)
        .tempdir_in(parent)
        .map_err(failed("cannot write in", parent))?;
    for (file, bytes) in pictures {
        check_name(file)?;
        write_synced(&aside.path().join(file), bytes)?;
    }
    let path = aside.path().join(RECORD_FILE);
    let mut json = serde_json::to_vec_pretty(record)
        .map_err(|source| RecordError::Json { path: path.clone(), source })?;
    json.push(b'\n');
    write_synced(&path, &json)?;
    open_up(aside.path());
    fs::rename(aside.path(), folder).map_err(failed("cannot rename to", folder))?;
    // The folder has moved: dropping the handle would look for the old name.
    let _moved = aside.keep();
    sync_folder(parent);
    Ok(())
}

/// The bytes of a picture's `.npy` file.
///
/// # Errors
/// [`RecordError`] if it cannot be read or is too large.
pub fn picture(folder: &Path, picture: &PictureFile) -> Result<Vec<u8>, RecordError> {
    check_name(&picture.file)?;
    read_limited(&folder.join(&picture.file))
}

#[derive(Deserialize)]
struct Head {
    schema: String,
}

fn parse<'a, T: Deserialize<'a>>(path: &Path, bytes: &'a [u8]) -> Result<T, RecordError> {
    serde_json::from_slice(bytes)
        .map_err(|source| RecordError::Json { path: path.to_owned(), source })
}

fn read_limited(path: &Path) -> Result<Vec<u8>, RecordError> {
    let file = File::open(path).map_err(failed("cannot read", path))?;
    let mut bytes = Vec::new();
    // One byte beyond the limit tells a file at the limit from one over it, whatever its metadata
    // claims (it may be a pipe).
    file.take(MAX_RECORD_BYTES + 1).read_to_end(&mut bytes).map_err(failed("cannot read", path))?;
    if bytes.len() as u64 > MAX_RECORD_BYTES {
        return Err(RecordError::TooLarge { path: path.to_owned(), limit: MAX_RECORD_BYTES });
    }
    Ok(bytes)
}

fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), RecordError> {
    let mut file = File::create_new(path).map_err(failed("cannot create", path))?;
    file.write_all(bytes).map_err(failed("cannot write", path))?;
    file.sync_all().map_err(failed("cannot write", path))
}

/// Temporary folders are private to the user; a record is as readable as the folder around it.
#[cfg(unix)]
fn open_up(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    // A record with tight permissions is still a record, so a refusal is no error.
    let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o755));
}

#[cfg(not(unix))]
fn open_up(_folder: &Path) {}

/// Makes the rename itself durable where folders can be synced; elsewhere the system sees to it.
fn sync_folder(folder: &Path) {
    if let Ok(handle) = File::open(folder) {
        let _ = handle.sync_all();
    }
}

fn check_name(name: &str) -> Result<(), RecordError> {
    let plain = !name.is_empty()
        && !name.starts_with('.')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    if plain { Ok(()) } else { Err(RecordError::PictureName(name.to_owned())) }
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> RecordError {
    let path = path.to_owned();
    move |source| RecordError::Io { action, path, source }
}
