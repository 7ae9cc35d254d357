//! What the end-to-end tests share: running the real binary, reading what it printed, and kernels
//! of a user in a folder of their own.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use assert_cmd::Command;
use serde_json::Value;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_crossover");

/// No call of the command in these tests takes longer; one that does has hung.
const LIMIT: Duration = Duration::from_secs(180);

/// A finished call of the command.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The one JSON document on standard output. A second one, or any other text there, fails.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}:\n{}\n{}", self.stdout, self.stderr))
    }

    /// Fails with all that was printed unless the exit code is `code`; a panic fails always.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Ran {
        let all = format!("{}\n{}", self.stdout, self.stderr);
        assert!(!self.stderr.contains("panicked"), "{all}");
        assert_eq!(self.code, code, "{all}");
        self
    }

    /// Fails unless standard error has each of the texts.
    #[track_caller]
    pub(crate) fn says(self, texts: &[&str]) -> Ran {
        for text in texts {
            assert!(self.stderr.contains(text), "no `{text}` in:\n{}", self.stderr);
        }
        self
    }
}

/// The command with arguments, in a folder.
pub(crate) fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.current_dir(folder).args(args).timeout(LIMIT);
    command
}

/// Runs a command to its end.
pub(crate) fn finish(command: &mut Command) -> Ran {
    let output = command.output().expect("the program starts");
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs the command with arguments in a folder.
pub(crate) fn crossover(folder: &Path, args: &[&str]) -> Ran {
    finish(&mut command(folder, args))
}

/// A folder of the test's own.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("there is a place for temporary files")
}

/// Slugs of the adapters of this machine, as `crossover devices` lists them.
pub(crate) fn adapters() -> Vec<String> {
    let listed = crossover(&std::env::temp_dir(), &["devices", "--format", "json"]).exits(0);
    let document = listed.json();
    let rows = document["rows"].as_array().expect("rows are a list");
    rows.iter().map(|row| text(row, "slug").to_owned()).collect()
}

/// The rows of a document.
pub(crate) fn rows(document: &Value) -> &Vec<Value> {
    document["rows"].as_array().expect("a document has rows")
}

/// A field that is a text.
#[track_caller]
pub(crate) fn text<'v>(row: &'v Value, field: &str) -> &'v str {
    row[field].as_str().unwrap_or_else(|| panic!("`{field}` is no text in {row}"))
}

/// The rows of a kernel on a backend.
pub(crate) fn of<'v>(document: &'v Value, kernel: &str, backend: &str) -> Vec<&'v Value> {
    let wanted = |row: &&Value| row["kernel"] == kernel && row["backend"] == backend;
    rows(document).iter().filter(wanted).collect()
}

/// Fails unless there are such rows and all have the status.
#[track_caller]
pub(crate) fn all_are(rows: &[&Value], status: &str) {
    assert!(!rows.is_empty(), "no rows");
    for row in rows {
        assert_eq!(text(row, "status"), status, "{row:#}");
    }
}

/// Doubles each element: the smallest kernel that a user could write.
pub(crate) const DOUBLE: &str = "\
from crossover import i32, prange


def double(out: i32[:], v: i32[:]):
    for i in prange(v.shape[0]):
        out[i] = v[i] * 2
";

/// A `kernel.toml` for a kernel with an output `out` and an input `v`, both of `n` elements.
pub(crate) fn definition(entry: &str) -> String {
    format!(
        r#"title = "{entry}"
summary = "A kernel of a user."
instances = [{{ dtype = "i32", entry = "{entry}" }}]
parameters.n = {{ doc = "elements", min = 1, max = 2000000000 }}
sizes.small = {{ n = 8 }}
policies = [{{ name = "exact", kind = "exact", reason = "Integers." }}]
arguments.out = {{ shape = ["n"] }}
arguments.v = {{ shape = ["n"], each = "i" }}
"#
    )
}

/// Writes a kernel of a user into a folder of its name; gives back the path of its `.py` file.
pub(crate) fn user_kernel(parent: &Path, stem: &str, source: &str, definition: &str) -> PathBuf {
    let folder = parent.join(stem);
    fs::create_dir_all(&folder).expect("a folder can be made in a temporary folder");
    let path = folder.join(format!("{stem}.py"));
    fs::write(&path, source).expect("a file can be written in a temporary folder");
    fs::write(folder.join("kernel.toml"), definition).expect("as the file beside");
    path
}

/// A path as an argument.
pub(crate) fn argument(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

/// The path of a reference in the suite, read from the checkout.
pub(crate) fn in_checkout(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
