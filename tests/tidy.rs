//! Tidiness and budgets: module headers, lengths of files and functions, complete kernel folders,
//! links that lead somewhere.

use std::fs;
use std::path::{Path, PathBuf};

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// Longest file, in lines.
const MAX_FILE: usize = 1000;
/// Largest median of file lengths.
const MAX_FILE_MEDIAN: usize = 200;
/// Longest function, in lines of its body with braces.
const MAX_FUNCTION: usize = 100;
/// Largest median of function lengths.
const MAX_FUNCTION_MEDIAN: usize = 10;
/// Largest 90th percentile of function lengths.
const MAX_FUNCTION_P90: usize = 40;

/// Functions that may be longer than [`MAX_FUNCTION`], with the reason.
const LONG_FUNCTIONS: &[(&str, &str)] = &[];

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let files = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter();
    files
        .map(|entry| entry.expect("the checkout is readable").into_path())
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .collect()
}

fn rust_files() -> Vec<PathBuf> {
    let folders = ["src", "crates", "benches", "examples", "tests"];
    folders.iter().flat_map(|folder| files(folder, "rs")).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn percentile(values: &mut [usize], percent: usize) -> usize {
    values.sort_unstable();
    values[(values.len() - 1) * percent / 100]
}

#[test]
fn every_module_says_what_it_is() {
    for path in rust_files() {
        let text = read(&path);
        let first = text.lines().next().unwrap_or_default();
        assert!(first.starts_with("//! "), "{} has no module header", path.display());
    }
}

#[test]
fn files_stay_short() {
    let mut lengths = Vec::new();
    for path in rust_files() {
        let length = read(&path).lines().count();
        assert!(length <= MAX_FILE, "{} has {length} lines", path.display());
        lengths.push(length);
    }
    let median = percentile(&mut lengths, 50);
    assert!(median <= MAX_FILE_MEDIAN, "the median file has {median} lines");
}

#[derive(Default)]
struct Functions {
    found: Vec<(String, usize)>,
}

impl Functions {
    fn add(&mut self, name: &syn::Ident, block: &syn::Block) {
        let (start, end) = (block.span().start().line, block.span().end().line);
        self.found.push((name.to_string(), end - start + 1));
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.add(&item.sig.ident, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.add(&item.sig.ident, &item.block);
        visit::visit_impl_item_fn(self, item);
    }
}

#[test]
fn functions_stay_short() {
    let mut lengths = Vec::new();
    for path in rust_files() {
        let file = syn::parse_file(&read(&path))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut functions = Functions::default();
        functions.visit_file(&file);
        for (name, length) in functions.found {
            let excepted = LONG_FUNCTIONS.iter().any(|(long, _)| *long == name);
            let short = length <= MAX_FUNCTION || excepted;
            assert!(short, "{}: {name} has {length} lines", path.display());
            lengths.push(length);
        }
    }
    let (median, p90) = (percentile(&mut lengths, 50), percentile(&mut lengths, 90));
    assert!(median <= MAX_FUNCTION_MEDIAN, "the median function has {median} lines");
    assert!(p90 <= MAX_FUNCTION_P90, "the 90th percentile of functions is {p90} lines");
}

#[test]
fn kernel_folders_are_complete_and_match_the_shaders() {
    let kernels = Path::new("crates/suite/src/kernels");
    let mut stems = Vec::new();
    for entry in fs::read_dir(kernels).expect("the suite has kernels") {
        let folder = entry.expect("the checkout is readable").path();
        let stem = folder.file_name().expect("a folder has a name").to_string_lossy().into_owned();
        for file in ["kernel.py", "kernel.toml", "native.rs", "README.md"] {
            assert!(folder.join(file).is_file(), "kernel {stem} has no {file}");
        }
        assert!(Path::new(&format!("shaders/{stem}.wgsl")).is_file(), "{stem} has no shader");
        stems.push(stem);
    }
    for path in files("shaders", "wgsl") {
        if path.parent() == Some(Path::new("shaders")) {
            let stem = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
            assert!(stems.contains(&stem), "{} belongs to no kernel", path.display());
        }
    }
}

fn documents() -> Vec<PathBuf> {
    let mut documents = files("docs", "md");
    documents.extend(files("crates", "md"));
    documents.extend(files("reports/sample", "md"));
    documents.extend(["README.md", "CHANGELOG.md"].map(PathBuf::from));
    documents
}

#[test]
fn links_in_documents_lead_somewhere() {
    for path in documents() {
        let text = read(&path);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") || link.starts_with('#') {
                continue;
            }
            let file = link.split('#').next().unwrap_or_default();
            let target = path.parent().unwrap_or(Path::new("")).join(file);
            assert!(target.exists(), "{}: dead link {link}", path.display());
        }
    }
}

#[test]
fn allowances_give_a_reason() {
    for path in rust_files() {
        for (number, line) in read(&path).lines().enumerate() {
            let ignored = concat!("#[ign", "ore");
            let place = format!("{}:{}", path.display(), number + 1);
            assert!(!line.trim_start().starts_with(ignored), "{place}: an ignored test");
        }
    }
}
