//! Adding a kernel: the document walked through, the files of `crossover new` as made, and that a
//! kernel of the suite is its folder and its shader and nothing else.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use common::{argument, crossover, folder, in_checkout, rows, text};
use crossover_contract::{Definition, MutantFile};
use serde_json::Value;

/// The fenced blocks of one language in a document, in order.
fn blocks(document: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let starts = document.split(&fence).skip(1);
    starts.filter_map(|rest| rest.split("```").next()).map(str::to_owned).collect()
}

/// Every CPU backend that needs no Rust of the kernel.
const CPU: &str = "interpreter,cranelift";

/// Checks a kernel at `small`; every row that ran is verified, with its answer.
#[track_caller]
fn verifies(kernel: &Path, backends: &str) -> Value {
    let args = ["check", argument(kernel), "--backend", backends, "--size", "small"];
    let ran = crossover(&std::env::temp_dir(), &[&args[..], &["--format", "json"]].concat());
    let document = ran.exits(0).json();
    let ran = rows(&document).iter().filter(|row| row["status"] != "unavailable");
    let ran: Vec<&Value> = ran.collect();
    assert!(ran.len() >= 4, "interpreter, and three of cranelift: {document:#}");
    for row in ran {
        assert_eq!(row["status"], "verified", "{row:#}");
        assert_eq!(row["answers"][0]["ok"], true, "{row:#}");
    }
    document
}

#[test]
fn the_kernel_of_the_document_verifies() {
    let document = fs::read_to_string("docs/ADDING.md").expect("the document exists");
    let place = folder();
    let kernel = place.path().join("saxpy.py");
    fs::write(&kernel, &blocks(&document, "python")[0]).expect("the folder can be written");
    let definition = blocks(&document, "toml").concat();
    fs::write(place.path().join("kernel.toml"), definition).expect("the folder can be written");
    verifies(&kernel, CPU);
}

#[test]
fn a_new_kernel_of_a_user_verifies_at_once() {
    let place = folder();
    let made = crossover(place.path(), &["new", "deeper/moving_sum"]).exits(0);
    assert_eq!(made.stdout.lines().count(), 3, "{}", made.stdout);
    let document =
        verifies(&place.path().join("deeper/moving_sum/kernel.py"), "interpreter,cranelift,wgsl");
    assert!(rows(&document).iter().all(|row| row["kernel"] == "moving_sum"), "{document:#}");
    let by_folder = ["check", "deeper/moving_sum", "--backend", "interpreter"];
    crossover(place.path(), &by_folder).exits(0);
    let generated = rows(&document).iter().filter(|row| row["backend"] == "wgsl");
    for row in generated.filter(|row| row["adapter"].is_string()) {
        assert_eq!(text(row, "status"), "verified", "{row:#}");
    }
}

/// What `new` needs of a checkout: the folders of kernels and shaders.
fn copy_of_checkout() -> tempfile::TempDir {
    let copy = folder();
    for below in ["crates/suite/src/kernels", "shaders"] {
        for entry in walkdir::WalkDir::new(in_checkout(below)) {
            let entry = entry.expect("the checkout is readable");
            let inner = entry.path().strip_prefix(in_checkout("")).expect("below the checkout");
            let to = copy.path().join(inner);
            if entry.file_type().is_dir() {
                fs::create_dir_all(&to).expect("a temporary folder can be written");
            } else {
                fs::copy(entry.path(), &to).expect("a temporary folder can be written");
            }
        }
    }
    copy
}

fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = walkdir::WalkDir::new(folder).into_iter();
    let entries = entries.map(|entry| entry.expect("the folder is readable"));
    entries.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}

#[test]
fn a_new_kernel_of_the_suite_is_its_folder_and_its_shader() {
    let copy = copy_of_checkout();
    let before = files(copy.path());
    let inside = copy.path().join("shaders/lib");
    crossover(&inside, &["new", "--suite", "probe_kernel"]).exits(0);
    let made: BTreeSet<PathBuf> = files(copy.path()).difference(&before).cloned().collect();
    let own = copy.path().join("crates/suite/src/kernels/probe_kernel");
    let names = ["README.md", "kernel.py", "kernel.toml", "native.rs", "tests.rs"];
    let mut expected: BTreeSet<PathBuf> = names.iter().map(|name| own.join(name)).collect();
    expected.insert(copy.path().join("shaders/probe_kernel.wgsl"));
    assert_eq!(made, expected);
    for name in ["native.rs", "tests.rs"] {
        let text = fs::read_to_string(own.join(name)).expect("it was made");
        syn::parse_file(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{name}");
    }
    // As the suite has them, and by path: a shader beside the file is its `tuned` variant.
    let (kernel, shader) = (own.join("kernel.py"), own.join("kernel.wgsl"));
    fs::copy(copy.path().join("shaders/probe_kernel.wgsl"), &shader).expect("as above");
    let document = verifies(&kernel, "interpreter,cranelift,wgsl");
    let on_adapter = |row: &&Value| row["variant"] == "tuned" && row["adapter"].is_string();
    let tuned: Vec<&Value> = rows(&document).iter().filter(on_adapter).collect();
    for row in &tuned {
        assert_eq!(text(row, "status"), "verified", "{row:#}");
    }
    println!("{} adapters verified the shader", tuned.len());
    mutants_are_rejected(&own, !tuned.is_empty());
}

/// Each mutant of the new kernel makes `check` fail: those of the reference by the known answer.
fn mutants_are_rejected(own: &Path, adapters: bool) {
    let read = |name: &str| fs::read_to_string(own.join(name)).expect("it was made");
    let definition = Definition::parse("kernel.toml", &read("kernel.toml")).expect("it was made");
    assert!(definition.mutants.len() >= 3);
    for mutant in &definition.mutants {
        let (name, backend) = match mutant.file {
            MutantFile::Kernel => ("kernel.py", "interpreter"),
            MutantFile::Shader if adapters => ("kernel.wgsl", "wgsl"),
            MutantFile::Shader => continue,
        };
        let right = read(name);
        assert_eq!(right.matches(&mutant.find).count(), 1, "{}", mutant.name);
        fs::write(own.join(name), right.replace(&mutant.find, &mutant.replace)).expect("as above");
        let kernel = own.join("kernel.py");
        let ran = crossover(own, &["check", argument(&kernel), "--backend", backend]);
        // A reference that leaves elements unwritten is no truth: that is a failure, not a wrong
        // answer.
        assert!([1, 4].contains(&ran.code), "{}: {}", mutant.name, ran.stdout);
        fs::write(own.join(name), right).expect("as above");
    }
}

#[test]
fn places_and_names_that_cannot_be_are_refused() {
    let place = folder();
    let refused = |args: &[&str], texts: &[&str]| {
        crossover(place.path(), args).exits(2).says(texts);
    };
    crossover(place.path(), &["new", "taken"]).exits(0);
    refused(&["new", "taken"], &["taken exists"]);
    refused(&["new", "my-kernel"], &["`my-kernel` is no name"]);
    refused(&["new", "prange"], &["`prange` is no name"]);
    refused(&["new", "match"], &["`match` is no name"]);
    refused(&["new", ".."], &["no name"]);
    refused(&["new", "--suite", "fine"], &["not inside of a checkout"]);
    refused(&["new", "--suite", "a/fine"], &["a name is enough", "`fine`"]);
    refused(&["new"], &["PATH"]);
    assert_eq!(files(place.path()).len(), 3, "what was refused left nothing");
    let copy = copy_of_checkout();
    let stem = crossover_suite::stems().next().expect("the suite has kernels");
    crossover(copy.path(), &["new", "--suite", stem]).exits(2).says(&[stem, "exists"]);
}

/// Where kernels of the suite may be named: all else finds them by their folders.
const MAY_NAME: &[(&str, &str)] = &[
    ("src/testing.rs", "rows made up for tests"),
    ("crates/harness/src/tests_support.rs", "rows made up for tests"),
    ("crates/suite/src/testing.rs", "the calls of native variants in tests"),
];

/// The code of the workbench without its tests and without the kernels' own folders.
fn code() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = ["src", "crates", "benches", "shaders/lib", ".ci"]
        .iter()
        .flat_map(|folder| files(&in_checkout(folder)))
        .collect();
    found.extend(["Cargo.toml", "build.rs"].map(in_checkout));
    found.retain(|path| {
        let path = path.strip_prefix(in_checkout("")).expect("below the checkout");
        let text = path.to_string_lossy().replace('\\', "/");
        let is_code = [".rs", ".py", ".toml", ".wgsl", ".jinja", "/run"]
            .iter()
            .any(|end| text.ends_with(end));
        // Tests, examples and the programs of other languages take kernels as examples.
        let by_example =
            ["/tests/", "/tests.rs", "/examples/", "benches/peers/", "suite/src/kernels/"];
        is_code
            && !by_example.iter().any(|part| text.contains(part))
            && !MAY_NAME.iter().any(|(allowed, _)| *allowed == text)
    });
    found
}

/// A text without comments and without tests that stand at its end.
fn without_tests(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn nothing_outside_of_a_kernels_folder_knows_it() {
    let code = code();
    assert!(code.len() > 200, "{} files", code.len());
    for path in code {
        let text = without_tests(&fs::read_to_string(&path).expect("the checkout is readable"));
        for stem in crossover_suite::stems() {
            let names = [
                format!("\"{stem}\""),
                format!("kernels/{stem}"),
                format!("{stem}.wgsl"),
                format!("{stem}::"),
                format!("mod {stem};"),
            ];
            let named = names.iter().find(|name| text.contains(name.as_str()));
            assert_eq!(named, None, "{} knows a kernel", path.display());
        }
    }
    for (path, reason) in MAY_NAME {
        assert!(in_checkout(path).is_file(), "{path} ({reason}) is gone: take it off the list");
    }
}
