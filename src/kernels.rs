//! Kernels by name or by path, for the command itself and for its workers.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crossover_contract::{Definition, Kernel, KernelCode, MutantFile, SourceText};
use crossover_harness::protocol::KernelSpec;
use crossover_harness::worker::KernelProvider;
use crossover_harness::{HarnessError, Subject, nearest};
use crossover_lang::{File, Limits, Options, Sources};

use crate::error::CommandError;
use crate::setup;

/// The file of a kernel that goes by the name of its folder.
const KERNEL_FILE: &str = "kernel.py";

/// The kernels that the command line names; all of the suite if it names none.
///
/// # Errors
/// Unknown names with the nearest known one; files that are not right.
pub(crate) fn subjects(names: &[String]) -> Result<Vec<Subject>, CommandError> {
    let specs = if names.is_empty() {
        crossover_suite::stems().map(suite_spec).collect()
    } else {
        setup::distinct(names).iter().map(|name| spec(name)).collect::<Result<Vec<_>, _>>()?
    };
    for (position, spec) in specs.iter().enumerate() {
        let stem = &spec.stem;
        if specs[..position].iter().any(|earlier| earlier.stem == *stem) {
            let error = format!("two kernels are called `{stem}`, and rows go by that name");
            return Err(CommandError::Kernel(error));
        }
    }
    specs.into_iter().map(subject).collect()
}

fn suite_spec(stem: &str) -> KernelSpec {
    KernelSpec { stem: stem.to_owned(), path: None, mutant: None }
}

fn spec(name: &str) -> Result<KernelSpec, CommandError> {
    let mut path = PathBuf::from(name);
    let with_extension = |wanted: &str| path.extension().is_some_and(|e| e == wanted);
    let is_path = name.contains(['/', '\\']) || with_extension("py") || with_extension("toml");
    if !is_path && crossover_suite::stems().any(|stem| stem == name) {
        return Ok(suite_spec(name));
    }
    // The folder that `new` made stands for the kernel in it.
    let in_folder = path.join(KERNEL_FILE);
    let is_folder = in_folder.is_file();
    if is_folder {
        path = in_folder;
    }
    if is_path || is_folder {
        return Ok(KernelSpec { stem: stem_of(&path), path: Some(path), mutant: None });
    }
    Err(HarnessError::Unknown {
        what: "kernel",
        name: name.to_owned(),
        nearest: nearest(name, crossover_suite::stems()).map(str::to_owned),
        known: crossover_suite::stems().map(str::to_owned).collect(),
    }
    .into())
}

/// The name of a user's kernel: that of its file, or of the folder of a `kernel.py`.
fn stem_of(path: &Path) -> String {
    let name = |name: &std::ffi::OsStr| name.to_string_lossy().into_owned();
    let file = path.file_stem().map(name).unwrap_or_default();
    if file != "kernel" {
        return file;
    }
    let folder = path.canonicalize().ok();
    let folder = folder.as_deref().and_then(Path::parent).and_then(Path::file_name).map(name);
    folder.unwrap_or(file)
}

/// A kernel with the signature of every instance.
fn subject(spec: KernelSpec) -> Result<Subject, CommandError> {
    let kernel = load(&spec).map_err(CommandError::Kernel)?;
    let mut signatures = BTreeMap::new();
    for instance in &kernel.definition.instances {
        let signature = crossover_backends::signature(&kernel, instance.dtype)
            .map_err(|error| CommandError::Kernel(error.to_string()))?;
        kernel.definition.check_arguments(&signature).map_err(|error| {
            CommandError::Kernel(format!("{}: {error}", definition_path(&spec).display()))
        })?;
        signatures.insert(instance.dtype, signature);
    }
    Ok(Subject { kernel: Arc::new(kernel), spec, signatures })
}

fn definition_path(spec: &KernelSpec) -> PathBuf {
    match &spec.path {
        Some(path) => path.with_file_name("kernel.toml"),
        None => PathBuf::from(format!("crates/suite/src/kernels/{}/kernel.toml", spec.stem)),
    }
}

/// Loads a kernel, mutated if the spec says so.
fn load(spec: &KernelSpec) -> Result<Kernel, String> {
    let kernel = match &spec.path {
        None => crossover_suite::kernel(&spec.stem).map_err(|error| chain(&error))?,
        Some(path) => user_kernel(path, &spec.stem)?,
    };
    match &spec.mutant {
        None => Ok(kernel),
        Some(name) => mutate(kernel, name),
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// A kernel of the user: a `.py` file with a `kernel.toml` beside it, and a `<stem>.wgsl` if there
/// is one.
fn user_kernel(path: &Path, stem: &str) -> Result<Kernel, String> {
    let source = read_source(path)?;
    let modules = user_modules(path)?;
    let files = |text: &SourceText| File { path: text.path.clone(), text: text.text.clone() };
    let sources = Sources {
        main: files(&source),
        modules: modules.iter().map(|(name, text)| (name.clone(), files(text))).collect(),
    };
    let definition_path = path.with_file_name("kernel.toml");
    // The file itself is checked first: its errors come before what it lacks to be run.
    crossover_lang::compile(&sources, &Options::default()).map_err(|error| error.to_string())?;
    let definition = read_text(&definition_path).map_err(|error| {
        let path = path.display();
        format!(
            "{path} is a correct kernel file; to run it, a kernel.toml beside it must say its \
             sizes and inputs: {error}"
        )
    })?;
    let definition =
        Definition::parse(&definition.path, &definition.text).map_err(|error| error.to_string())?;
    let shader_path = path.with_extension("wgsl");
    let shader = shader_path.is_file().then(|| read_text(&shader_path)).transpose()?;
    Ok(Kernel {
        stem: stem.to_owned(),
        source,
        modules,
        definition,
        shader,
        shader_library: crossover_suite::shader_library(),
        code: KernelCode::default(),
    })
}

/// Reads a kernel file within the limits for untrusted input.
fn read_source(path: &Path) -> Result<SourceText, String> {
    if path.is_dir() {
        return Err(format!("{} is a folder; name the .py file in it", path.display()));
    }
    if path.extension().is_some_and(|extension| extension == "toml") {
        return Err(format!("{} is no kernel file; name the .py file beside it", path.display()));
    }
    let bytes = read_limited(path)?;
    let file =
        File::from_bytes(&path.display().to_string(), &bytes).map_err(|error| error.to_string())?;
    Ok(SourceText { path: file.path, text: file.text })
}

fn read_text(path: &Path) -> Result<SourceText, String> {
    let text = String::from_utf8(read_limited(path)?)
        .map_err(|error| format!("{} is not UTF-8: {error}", path.display()))?;
    Ok(SourceText { path: path.display().to_string(), text })
}

/// Reads a file of limited size. What its metadata claims does not count: it may be a device.
fn read_limited(path: &Path) -> Result<Vec<u8>, String> {
    let limit = Limits::default().bytes;
    let failed = |error: io::Error| format!("{}: {error}", path.display());
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(failed)?;
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > limit {
        let path = path.display();
        return Err(format!("{path} has over {limit} bytes, the limit for a file of a kernel"));
    }
    Ok(bytes)
}

/// What a user's kernel may import from: the suite's modules, and `common.py` beside it in their
/// place.
fn user_modules(path: &Path) -> Result<BTreeMap<String, SourceText>, String> {
    let mut modules = crossover_suite::modules();
    let common = path.with_file_name("common.py");
    if common.is_file() {
        modules.insert("common".to_owned(), read_source(&common)?);
    }
    Ok(modules)
}

/// A wrong version of a kernel, as its `kernel.toml` describes it.
fn mutate(mut kernel: Kernel, name: &str) -> Result<Kernel, String> {
    let mutants = &kernel.definition.mutants;
    let mutant = mutants.iter().find(|mutant| mutant.name == name).cloned();
    let mutant = mutant.ok_or_else(|| format!("`{}` has no mutant `{name}`", kernel.stem))?;
    let text = match mutant.file {
        MutantFile::Kernel => Some(&mut kernel.source.text),
        MutantFile::Shader => kernel.shader.as_mut().map(|shader| &mut shader.text),
    };
    let text = text.ok_or_else(|| format!("`{}` has no shader to mutate", kernel.stem))?;
    let count = text.matches(&mutant.find).count();
    if count != 1 {
        return Err(format!("mutant `{name}`: its text occurs {count} times and must occur once"));
    }
    *text = text.replacen(&mutant.find, &mutant.replace, 1);
    Ok(kernel)
}

/// Finds kernels for workers.
#[derive(Debug)]
pub(crate) struct Provider;

impl KernelProvider for Provider {
    fn kernel(&self, spec: &KernelSpec) -> Result<Arc<Kernel>, String> {
        load(spec).map(Arc::new)
    }
}
