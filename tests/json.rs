//! What a program reads: one JSON document on standard output and nothing else there, with the
//! promised fields; and the files of `--save`.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use common::{all_are, argument, crossover, folder, of, rows, text};
use crossover_values::{DType, npy};
use serde_json::Value;

/// The fields that a row of `run` and `check` has at least.
const FIELDS: &[&str] = &[
    "kernel",
    "dtype",
    "size",
    "backend",
    "variant",
    "threads",
    "adapter",
    "status",
    "reason",
    "median_ns",
    "low_ns",
    "high_ns",
    "samples",
    "phases",
    "proof",
    "answers",
];

const STATUSES: &[&str] = &["verified", "wrong", "unavailable", "failed", "skipped"];

/// Backends that need no driver.
const CPU: &str = "interpreter,cranelift,native";

/// Two small kernels, checked on every CPU.
fn check_two(folder: &Path, more: &[&str]) -> Value {
    let base = ["check", "julia", "norm2", "--size", "small", "--backend", CPU];
    let args = [&base[..], &["--format", "json"], more].concat();
    crossover(folder, &args).exits(0).json()
}

fn is_document(document: &Value, schema: &str) {
    let fields = document.as_object().expect("a document is an object").keys();
    let fields: BTreeSet<&str> = fields.map(String::as_str).collect();
    assert_eq!(fields, BTreeSet::from(["schema", "machine", "rows"]));
    assert_eq!(text(document, "schema"), schema);
    assert!(document["machine"]["cores"].is_number(), "{}", document["machine"]);
    assert!(!rows(document).is_empty());
}

fn has_the_promised_fields(row: &Value) {
    for field in FIELDS {
        assert!(row.get(field).is_some(), "no `{field}` in {row:#}");
    }
    let status = text(row, "status");
    assert!(STATUSES.contains(&status), "{status}");
    assert_eq!(status == "verified", text(row, "reason").is_empty(), "{row:#}");
    assert!(row["phases"].is_object() && row["samples"].is_array());
    if status == "verified" {
        for field in ["compared", "worst_used", "undecided"] {
            assert!(row["proof"][field].is_number(), "no `{field}` in {row:#}");
        }
    }
}

fn answers_hold(row: &Value) {
    let answers = row["answers"].as_array().expect("answers are a list");
    assert!(!answers.is_empty(), "no answer was looked up in {row:#}");
    for answer in answers {
        assert!(!text(answer, "name").is_empty());
        assert!(answer.get("expected").is_some() && answer.get("got").is_some(), "{answer}");
        assert_eq!(answer["ok"], true, "{answer}");
    }
}

#[test]
fn check_prints_rows_that_are_verified_with_their_answers() {
    let place = folder();
    let document = check_two(place.path(), &[]);
    is_document(&document, "crossover-rows/1");
    for row in rows(&document) {
        has_the_promised_fields(row);
        answers_hold(row);
        assert!(row["median_ns"].is_null(), "check verifies, it does not time: {row:#}");
        assert_eq!(row["size"], "small");
    }
    for kernel in ["julia", "norm2"] {
        for backend in CPU.split(',') {
            all_are(&of(&document, kernel, backend), "verified");
        }
    }
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0, "check leaves no file behind");
}

#[test]
fn compiled_code_gives_the_bytes_of_the_interpreter() {
    let document = check_two(&std::env::temp_dir(), &[]);
    let mut compared = 0;
    for row in rows(&document).iter().filter(|row| row["backend"] == "cranelift") {
        let twin = |other: &&&Value| other["dtype"] == row["dtype"];
        let references = of(&document, text(row, "kernel"), "interpreter");
        let reference = references.iter().find(twin).expect("every case has a reference");
        let digest = text(&row["proof"], "digest");
        assert_eq!(digest.len(), 64, "{digest}");
        assert_eq!(digest, text(&reference["proof"], "digest"), "{row:#}");
        assert_eq!(row["proof"]["exact"], true);
        compared += 1;
    }
    assert!(compared >= 8, "two kernels, two dtypes, 1t and threads: {compared}");
}

#[test]
fn run_prints_the_same_rows_with_times() {
    let place = folder();
    let args = ["run", "norm2", "--size", "small", "--backend", CPU, "--dtype", "f64"];
    let more = ["--budget", "1s", "--out", "record", "--format", "json"];
    let ran = crossover(place.path(), &[&args[..], &more].concat()).exits(0);
    let document = ran.json();
    is_document(&document, "crossover-rows/1");
    for row in rows(&document) {
        has_the_promised_fields(row);
        answers_hold(row);
        let times = ["low_ns", "median_ns", "high_ns"].map(|field| row[field].as_u64().unwrap());
        assert!(times.is_sorted() && times[0] > 0, "{row:#}");
        assert!(!row["samples"].as_array().unwrap().is_empty());
        assert!(!row["phases"].as_object().unwrap().is_empty());
    }
}

#[test]
fn list_and_devices_print_documents() {
    let place = folder();
    let list = crossover(place.path(), &["list", "--format", "json"]).exits(0).json();
    is_document(&list, "crossover-list/1");
    let kernels: BTreeSet<&str> = rows(&list).iter().map(|row| text(row, "kernel")).collect();
    for kernel in ["diffusion2d", "julia", "norm2", "pi_darts"] {
        assert!(kernels.contains(kernel), "{kernel} is not listed");
    }
    let devices = crossover(place.path(), &["devices", "--format", "json"]).exits(0).json();
    assert_eq!(text(&devices, "schema"), "crossover-devices/1");
    for row in rows(&devices) {
        assert!(!text(row, "slug").is_empty() && row["passport"].is_array(), "{row:#}");
    }
    println!("{} adapters are listed", rows(&devices).len());
}

#[test]
fn a_case_set_by_hand_is_custom() {
    let place = folder();
    let args = ["check", "julia", "--set", "w=100", "--backend", "interpreter,native"];
    let ran = crossover(place.path(), &[&args[..], &["--format", "json"]].concat()).exits(0);
    let document = ran.json();
    for row in rows(&document) {
        assert_eq!(row["size"], "custom");
        assert_eq!(row["parameters"]["w"], 100.0);
        answers_hold(row);
    }
    all_are(&of(&document, "julia", "native"), "verified");
}

#[test]
fn rows_of_a_sweep_are_told_apart() {
    let place = folder();
    let args = ["check", "julia", "--dtype", "f32", "--backend", "native", "--variant", "threads"];
    let sweeps = ["--sweep", "w=3,64", "--sweep", "threads=1..2", "--format", "json"];
    let saved = ["--save", "saved"];
    let ran = crossover(place.path(), &[&args[..], &sweeps, &saved].concat()).exits(0);
    let document = ran.json();
    let found: Vec<(&str, f64, u64)> = rows(&document)
        .iter()
        .map(|row| {
            let w = row["parameters"]["w"].as_f64().expect("every row has its parameters");
            (text(row, "size"), w, row["threads"].as_u64().expect("threads are a number"))
        })
        .collect();
    let expected = [
        ("small w=3 threads=1", 3.0, 1),
        ("small w=3 threads=2", 3.0, 2),
        ("small w=64 threads=1", 64.0, 1),
        ("small w=64 threads=2", 64.0, 2),
    ];
    assert_eq!(found, expected);
    all_are(&of(&document, "julia", "native"), "verified");
    let files = fs::read_dir(place.path().join("saved")).unwrap().count();
    assert_eq!(files, 4, "each row has a file of its own");
    // A size that a sweep reaches has the known answers of that size.
    answers_hold(&rows(&document)[2]);
}

#[test]
fn threads_and_variants_are_what_was_asked_for() {
    let args = ["check", "norm2", "--size", "small", "--backend", "cranelift,native"];
    let more = ["--variant", "threads,simd", "--threads", "3", "--dtype", "f32"];
    let args = [&args[..], &more, &["--format", "json"]].concat();
    let document = crossover(&std::env::temp_dir(), &args).exits(0).json();
    let found: BTreeSet<(&str, u64)> = rows(&document)
        .iter()
        .map(|row| (text(row, "variant"), row["threads"].as_u64().unwrap()))
        .collect();
    assert_eq!(found, BTreeSet::from([("simd", 1), ("threads", 3)]));
    assert!(rows(&document).iter().all(|row| row["dtype"] == "f32"));
}

#[test]
fn what_is_named_twice_runs_once() {
    let base = ["check", "norm2", "norm2", "--size", "small,small", "--backend", "native,native"];
    let more = ["--variant", "scalar", "--dtype", "f64,f64", "--format", "json"];
    let args = [&base[..], &more].concat();
    let document = crossover(&std::env::temp_dir(), &args).exits(0).json();
    assert_eq!(rows(&document).len(), 1, "a row counts once: {document:#}");
}

#[test]
fn saved_outputs_are_the_rows_files_and_nothing_else() {
    let place = folder();
    let saved = place.path().join("deep/saved");
    let document = check_two(place.path(), &["--save", argument(&saved)]);
    let mut expected = BTreeSet::new();
    for row in rows(&document) {
        let output = if row["kernel"] == "julia" { "counts" } else { "result" };
        let parts = ["kernel", "dtype", "size", "backend", "variant"].map(|field| text(row, field));
        expected.insert(format!("{}.{output}.npy", parts.join(".")));
    }
    let mut found = BTreeSet::new();
    let mut reference = None;
    for entry in fs::read_dir(&saved).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let dtype = match name.split('.').nth(1) {
            Some(_) if name.ends_with(".counts.npy") => DType::I32,
            Some("f32") => DType::F32,
            Some("u64") => DType::U64,
            _ => DType::F64,
        };
        npy::read(&path, dtype).unwrap_or_else(|error| panic!("{name}: {error}"));
        if name.starts_with("julia.f64.small.interpreter") {
            reference = Some(fs::read(&path).unwrap());
        }
        found.insert(name);
    }
    assert_eq!(found, expected);
    let bytes = reference.expect("the reference's output was saved");
    let compiled = fs::read(saved.join("julia.f64.small.cranelift.1t.counts.npy")).unwrap();
    assert!(bytes == compiled, "the files differ");
    assert_eq!(bytes.len() % 64, 0, "a header of whole lines and 64 x 64 elements of 4 bytes");
}
