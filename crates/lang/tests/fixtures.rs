//! Every fixture of the language: accepted ones run on the IR's reference evaluator, rejected ones
//! give their recorded diagnostics, and every rule of the document has one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crossover_ir::fixture::parse_runs;
use crossover_ir::{Module, Valid, reference};
use crossover_lang::{Diagnostics, File, Options, Sources, compile};

/// Set it to rewrite the recorded diagnostics.
const BLESS: &str = "CROSSOVER_BLESS";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Stems and texts of the `.py` files of the folder, in order.
fn texts() -> Vec<(String, String)> {
    let folder = root().join("tests/fixtures/lang");
    let entries = fs::read_dir(&folder).expect("the fixtures exist");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "py"));
    paths.sort();
    let stem = |path: &Path| path.file_stem().expect("a name").to_string_lossy().into_owned();
    paths.iter().map(|path| (stem(path), read(path))).collect()
}

/// The rule that a fixture belongs to; files without a number are imported by others.
fn rule(stem: &str) -> Option<u8> {
    stem.split_once('_').and_then(|(number, _)| number.parse().ok())
}

fn sources(stem: &str, text: &str) -> Sources {
    let file = |stem: &str, text: &str| File { path: format!("{stem}.py"), text: text.to_owned() };
    let modules = texts().into_iter().filter(|(stem, _)| rule(stem).is_none());
    let modules = modules.map(|(stem, text)| (stem.clone(), file(&stem, &text)));
    Sources { main: file(stem, text), modules: modules.collect() }
}

fn compile_fixture(stem: &str, text: &str) -> Result<Valid<Module>, Diagnostics> {
    compile(&sources(stem, text), &Options::default())
}

#[test]
fn accepted_fixtures_give_their_results() {
    let mut failures = Vec::new();
    for (stem, text) in texts() {
        if rule(&stem).is_none() || stem.ends_with("_bad") {
            continue;
        }
        let module = match compile_fixture(&stem, &text) {
            Ok(module) => module,
            Err(diagnostics) => {
                failures.push(format!("{stem}:\n{diagnostics}"));
                continue;
            }
        };
        let runs = parse_runs(&module, &text).unwrap_or_else(|error| panic!("{stem}: {error}"));
        for kernel in 0..module.kernels.len() {
            let name = &module.kernels[kernel].name;
            assert!(runs.iter().any(|run| run.kernel == kernel), "{stem}: `{name}` has no run");
        }
        for run in runs {
            let outcome = reference::run(&module, run.kernel, &run.arguments);
            if let Err(mismatch) = run.check(&module, &outcome) {
                failures.push(format!("{stem}: {mismatch}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn rejected_fixtures_give_their_diagnostics() {
    let mut failures = Vec::new();
    for (stem, text) in texts() {
        let Some(rule) = rule(&stem).filter(|_| stem.ends_with("_bad")) else { continue };
        let Err(diagnostics) = compile_fixture(&stem, &text) else {
            failures.push(format!("{stem} is accepted"));
            continue;
        };
        assert!(diagnostics.list.iter().any(|it| it.rule == rule), "{stem} breaks its rule");
        assert!(diagnostics.list.iter().all(|it| it.help.is_some()), "{stem}: a cure is missing");
        let shown = format!("{diagnostics}\n");
        let path = root().join("tests/fixtures/lang").join(format!("{stem}.stderr"));
        if std::env::var_os(BLESS).is_some() {
            fs::write(&path, &shown).expect("the fixtures can be written");
        } else if read(&path) != shown {
            failures.push(format!("{stem}: set {BLESS}=1 to accept\n{shown}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// The `**N.` headings of the document, or `## N.`.
fn documented() -> BTreeSet<u8> {
    let text = read(&root().join("docs/LANGUAGE.md"));
    let headings = text.lines().filter_map(|line| line.strip_prefix("## "));
    headings.filter_map(|line| line.split_once('.')?.0.parse().ok()).collect()
}

#[test]
fn every_rule_has_fixtures() {
    let mut accepted: BTreeMap<u8, usize> = BTreeMap::new();
    let mut rejected = accepted.clone();
    for (stem, _) in texts() {
        if let Some(rule) = rule(&stem) {
            let kind = if stem.ends_with("_bad") { &mut rejected } else { &mut accepted };
            *kind.entry(rule).or_default() += 1;
        }
    }
    let rules = documented();
    assert_eq!(rules, (1..=17).collect(), "the rules of docs/LANGUAGE.md");
    for rule in rules {
        assert!(accepted.contains_key(&rule), "rule {rule} has no accepted fixture");
    }
    // The others speak of run time, of backends, or of the oracle: nothing to reject.
    for rule in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13] {
        assert!(rejected.contains_key(&rule), "rule {rule} has no rejected fixture");
    }
}

/// Examples of the document compile; a fence marked `python rejected` must not.
#[test]
fn examples_of_the_document_hold() {
    let text = read(&root().join("docs/LANGUAGE.md"));
    let mut count = 0;
    for (position, fence) in text.split("```").enumerate().skip(1).step_by(2) {
        let (kind, code) = fence.split_once('\n').expect("a fence has a first line");
        let outcome = match kind {
            "python" | "python rejected" => compile_fixture("example", code),
            _ => continue,
        };
        count += 1;
        match (kind, outcome) {
            ("python", Err(diagnostics)) => panic!("fence {position}:\n{diagnostics}"),
            ("python rejected", Ok(_)) => panic!("fence {position} is accepted:\n{code}"),
            _ => {}
        }
    }
    assert!(count >= 17, "{count} examples");
}
