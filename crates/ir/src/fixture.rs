//! Fixtures: one text file that every executor of the IR runs.
//!
//! A fixture is a module in the text form, with its runs in comments:
//!
//! ```text
//! kernel add { … }
//! # run: add(i32[2]{1, 2147483647}, i32 1) -> i32[2]{2, -2147483648}
//! # run: add(i32[1]{0}, i32 7) -> trap: index 7 is out of bounds …
//! ```
//!
//! Arguments stand in the order of the parameters, outputs in the order of
//! [`crossover_values::Signature::outputs`]. `{=v}` fills an array. Outputs compare bit for bit,
//! but any NaN equals any other; a trap compares with [`Trap::render`]. The files lie in
//! `tests/fixtures/ir` of the workspace.

use std::path::{Path, PathBuf};

use crossover_values::compare::differences;
use crossover_values::{ParamKind, Value};

use crate::text::{parse_values, print_value};
use crate::{Kernel, KernelParam, Module, ParseError, Trap, Valid, ValidateError, parse, validate};

/// A file's module and what its kernels must do.
#[derive(Clone, Debug)]
pub struct Fixture {
    /// The kernels.
    pub module: Valid<Module>,
    /// Their runs, in the order of the file.
    pub runs: Vec<Run>,
}

/// One run of a kernel.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its line in the file, from 1.
    pub line: usize,
    /// Index into [`Module::kernels`].
    pub kernel: usize,
    /// One per parameter, of its kind.
    pub arguments: Vec<Value>,
    /// What must come out.
    pub expected: Expected,
}

/// What a run must give.
#[derive(Clone, Debug)]
pub enum Expected {
    /// These outputs.
    Outputs(Vec<Value>),
    /// A run-time error that renders as this.
    Trap(String),
}

/// A text that is no fixture.
#[derive(Debug, thiserror::Error)]
pub enum FixtureError {
    /// The file cannot be read.
    #[error("{path}: {error}")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The module is no text form.
    #[error("{0}")]
    Parse(#[from] ParseError),
    /// The module is not valid.
    #[error("{0}")]
    Validate(#[from] ValidateError),
    /// A run line is not of the form.
    #[error("line {line}: a run is `# run: kernel(arguments) -> outputs` or `… -> trap: text`")]
    Form {
        /// The line.
        line: usize,
    },
    /// A run line's values are no values.
    #[error("line {line}: {error}")]
    Values {
        /// The line.
        line: usize,
        /// What is wrong; its place is inside the list of values.
        error: ParseError,
    },
    /// A run of a kernel that is not there.
    #[error("line {line}: there is no kernel `{name}`")]
    Kernel {
        /// The line.
        line: usize,
        /// The name.
        name: String,
    },
    /// Arguments that do not meet the parameters.
    #[error("line {line}: the arguments do not meet the parameters")]
    Arguments {
        /// The line.
        line: usize,
    },
    /// A file in a folder of fixtures, with what is wrong in it.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: Box<FixtureError>,
    },
}

/// How a run's outcome differs from what was expected, in the words of the fixture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: expected {expected}\n      got {got}")]
pub struct Mismatch {
    /// Line of the run.
    pub line: usize,
    /// What the fixture says.
    pub expected: String,
    /// What came, in the same form.
    pub got: String,
}

/// Reads a fixture.
///
/// # Errors
/// What is wrong with its module or its runs.
pub fn parse_fixture(text: &str) -> Result<Fixture, FixtureError> {
    let module = validate(parse(text)?)?;
    let runs = parse_runs(&module, text)?;
    Ok(Fixture { module, runs })
}

/// Reads the `# run:` lines of a text whose kernels were made elsewhere.
///
/// # Errors
/// What is wrong with a run.
pub fn parse_runs(module: &Module, text: &str) -> Result<Vec<Run>, FixtureError> {
    let runs = text.lines().enumerate().filter_map(|(index, line)| {
        line.strip_prefix("# run:").map(|run| parse_run(module, index + 1, run.trim()))
    });
    runs.collect()
}

/// Reads every `.ir` file of a folder, with its stem, in the order of names.
///
/// # Errors
/// The first file that cannot be read or is no fixture.
pub fn load_fixtures(folder: &Path) -> Result<Vec<(String, Fixture)>, FixtureError> {
    let read = |path: &Path, error| FixtureError::Read { path: path.to_owned(), error };
    let entries = std::fs::read_dir(folder).map_err(|error| read(folder, error))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| read(folder, error))?.path();
        if path.extension().is_some_and(|extension| extension == "ir") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut fixtures = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).map_err(|error| read(&path, error))?;
        let fixture = parse_fixture(&text)
            .map_err(|error| FixtureError::File { path: path.clone(), error: Box::new(error) })?;
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        fixtures.push((stem.unwrap_or_default(), fixture));
    }
    Ok(fixtures)
}

impl Run {
    /// Compares an outcome with what is expected.
    ///
    /// # Errors
    /// [`Mismatch`], if it is another.
    pub fn check(
        &self,
        module: &Module,
        outcome: &Result<Vec<Value>, Trap>,
    ) -> Result<(), Mismatch> {
        let equal = match (&self.expected, outcome) {
            (Expected::Outputs(expected), Ok(got)) => {
                let same = |(a, b)| differences(a, b).is_ok_and(|found| found.is_empty());
                expected.len() == got.len() && expected.iter().zip(got).all(same)
            }
            (Expected::Trap(expected), Err(trap)) => *expected == trap.render(module),
            (Expected::Outputs(_), Err(_)) | (Expected::Trap(_), Ok(_)) => false,
        };
        if equal {
            return Ok(());
        }
        let expected = match &self.expected {
            Expected::Outputs(values) => show(values),
            Expected::Trap(text) => format!("trap: {text}"),
        };
        let got = match outcome {
            Ok(values) => show(values),
            Err(trap) => format!("trap: {}", trap.render(module)),
        };
        Err(Mismatch { line: self.line, expected, got })
    }
}

fn show(values: &[Value]) -> String {
    values.iter().map(print_value).collect::<Vec<_>>().join(", ")
}

fn parse_run(module: &Module, line: usize, text: &str) -> Result<Run, FixtureError> {
    let form = || FixtureError::Form { line };
    let values = |text| parse_values(text).map_err(|error| FixtureError::Values { line, error });
    let (call, expected) = text.split_once("->").ok_or_else(form)?;
    let (name, arguments) = call.split_once('(').ok_or_else(form)?;
    let arguments = values(arguments.trim_end().strip_suffix(')').ok_or_else(form)?)?;
    let name = name.trim();
    let kernel = module.kernels.iter().position(|kernel| kernel.name == name);
    let kernel = kernel.ok_or_else(|| FixtureError::Kernel { line, name: name.to_owned() })?;
    if !fits(&module.kernels[kernel], &arguments) {
        return Err(FixtureError::Arguments { line });
    }
    let expected = match expected.trim().strip_prefix("trap:") {
        Some(trap) => Expected::Trap(trap.trim().to_owned()),
        None => Expected::Outputs(values(expected)?),
    };
    Ok(Run { line, kernel, arguments, expected })
}

/// Whether arguments meet a kernel's parameters in number and kind.
fn fits(kernel: &Kernel, arguments: &[Value]) -> bool {
    let kinds = kernel.params.iter().map(|param| match param {
        KernelParam::Scalar(var) => ParamKind::Scalar(kernel.vars[var.0 as usize].dtype),
        KernelParam::Array(array) => {
            let info = &kernel.arrays[array.0 as usize];
            ParamKind::Array { dtype: info.dtype, rank: info.rank as usize }
        }
    });
    kinds.eq(arguments.iter().map(Value::kind))
}
