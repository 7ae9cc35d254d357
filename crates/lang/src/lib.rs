//! The kernel language (a typed Python subset) to IR, with diagnostics.
//!
//! The way of a file: [`limits`](Limits) on its bytes and tokens, `ruff_python_parser` for the
//! tree, a *program* (files, imports, constants, signatures, levels), the *typed form* of every
//! function (all rules that can be broken are checked there, in both instances of `real`), and the
//! *lowering*, which inlines every call and splits host level into regions, serial sections and
//! host code. The rules are numbered as in `docs/LANGUAGE.md`; each [`Diagnostic`] names its rule.
#![forbid(unsafe_code)]

mod builtins;
mod check;
mod diagnostics;
mod limits;
mod literals;
mod lower;
mod program;
mod typed;

use std::collections::BTreeMap;

use crossover_ir::{Module, Source, Valid};
use crossover_values::DType;

pub use diagnostics::{Diagnostic, Diagnostics, Label};
pub use limits::Limits;

/// One source text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Path as shown in messages.
    pub path: String,
    /// The whole text.
    pub text: String,
}

impl File {
    /// Makes a file of raw bytes.
    ///
    /// # Errors
    /// A diagnostic with the offset of the first byte that is not UTF-8.
    pub fn from_bytes(path: &str, bytes: &[u8]) -> Result<File, Diagnostics> {
        limits::decode(path, bytes)
    }
}

/// A kernel file and the files it may import from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources {
    /// The kernel file.
    pub main: File,
    /// Files by module name: `common` for `from common import …`.
    pub modules: BTreeMap<String, File>,
}

impl Sources {
    /// A kernel file that imports nothing.
    pub fn single(path: &str, text: &str) -> Sources {
        let main = File { path: path.to_owned(), text: text.to_owned() };
        Sources { main, modules: BTreeMap::new() }
    }
}

/// What to compile, and within which limits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// Entry functions. Empty: every function of the kernel file that no other function of it
    /// calls and whose name does not start with an underscore.
    pub entries: Vec<String>,
    /// The type that `real` stands for, `f32` or `f64`; `None` is `f64`. Both are checked
    /// wherever the file says `real`.
    pub real: Option<DType>,
    /// Limits for untrusted input.
    pub limits: Limits,
}

/// Compiles the entries of a kernel file.
///
/// # Errors
/// Every violation that was found, each with its place, its rule and a cure.
pub fn compile(sources: &Sources, options: &Options) -> Result<Valid<Module>, Diagnostics> {
    limits::with_stack(|| compile_here(sources, options))
}

fn compile_here(sources: &Sources, options: &Options) -> Result<Valid<Module>, Diagnostics> {
    let program = program::load(sources, &options.limits)?;
    let real = options.real.unwrap_or(DType::F64);
    let typed = check::check_all(&program, real)?;
    let module = lower::lower(&program, &typed, &options.entries)?;
    crossover_ir::validate(module).map_err(|error| {
        let diagnostic = Diagnostic::new(0, error.span, format!("internal error: {error}"))
            .help("this is a defect of the compiler, not of the kernel");
        Diagnostics { list: vec![diagnostic], sources: program.sources() }
    })
}

/// Whether the file, or one that it imports, says `real`, so that it has an `f32` and an `f64`
/// instance.
///
/// # Errors
/// As [`compile`], for errors found before types are looked at.
pub fn is_generic(sources: &Sources, limits: &Limits) -> Result<bool, Diagnostics> {
    limits::with_stack(|| program::load(sources, limits).map(|program| program.is_generic()))
}

/// The sources as the IR keeps them, the kernel file first.
pub(crate) fn ir_source(file: &File) -> Source {
    Source { path: file.path.clone(), text: file.text.clone() }
}
