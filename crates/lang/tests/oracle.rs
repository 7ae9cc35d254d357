//! Every run of every accepted fixture, on CPython: a second reading of the language that shares
//! no code with the compiler. Without a `python3` of 3.11 or newer it says that it is skipped.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crossover_ir::fixture::{Expected, Run, parse_runs};
use crossover_ir::{Kernel, KernelParam, Module, Valid, signature};
use crossover_lang::{File, Options, Sources, compile};
use crossover_values::compare::differences;
use crossover_values::{Array, DType, Scalar, Value};
use serde_json::{Value as Json, json};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/lang")
}

fn has_python() -> bool {
    let probe = "import sys; sys.exit(sys.version_info < (3, 11))";
    let status = Command::new("python3").args(["-c", probe]).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

struct Fixture {
    stem: String,
    module: Valid<Module>,
    runs: Vec<Run>,
}

fn fixtures() -> Vec<Fixture> {
    let entries = fs::read_dir(folder()).expect("the fixtures exist");
    let mut stems: Vec<String> = entries
        .filter_map(|entry| entry.expect("readable").file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".py").map(str::to_owned))
        .collect();
    stems.sort();
    let file = |stem: &str| File {
        path: format!("{stem}.py"),
        text: fs::read_to_string(folder().join(format!("{stem}.py"))).expect("readable"),
    };
    let accepted =
        stems.iter().filter(|stem| stem.starts_with(char::is_numeric) && !stem.ends_with("_bad"));
    accepted
        .map(|stem| {
            let modules = [("common".to_owned(), file("common"))].into();
            let sources = Sources { main: file(stem), modules };
            let module = compile(&sources, &Options::default())
                .unwrap_or_else(|error| panic!("{stem}: {error}"));
            let runs = parse_runs(&module, &sources.main.text).expect("runs");
            Fixture { stem: stem.clone(), module, runs }
        })
        .collect()
}

fn to_json(value: &Value) -> Json {
    match value {
        Value::Scalar(scalar) => json!({"dtype": scalar.dtype().name(), "bits": scalar.to_bits()}),
        Value::Array(array) => {
            let size = array.dtype().size();
            let bits: Vec<u64> = array.bytes().chunks_exact(size).map(from_native).collect();
            json!({"dtype": array.dtype().name(), "shape": array.shape(), "bits": bits})
        }
    }
}

fn from_native(bytes: &[u8]) -> u64 {
    let mut wide = [0; 8];
    let start = if cfg!(target_endian = "little") { 0 } else { 8 - bytes.len() };
    wide[start..start + bytes.len()].copy_from_slice(bytes);
    u64::from_ne_bytes(wide)
}

fn from_json(json: &Json) -> Option<Value> {
    let dtype: DType = json["dtype"].as_str()?.parse().ok()?;
    let Some(shape) = json["shape"].as_array() else {
        return Some(Value::Scalar(Scalar::from_bits(dtype, json["bits"].as_u64()?)));
    };
    let shape: Vec<usize> =
        shape.iter().map(|it| it.as_u64().map(|it| it as usize)).collect::<Option<_>>()?;
    let bits: Vec<u64> =
        json["bits"].as_array()?.iter().map(Json::as_u64).collect::<Option<_>>()?;
    let bytes = bits.iter().flat_map(|bits| {
        let bytes = bits.to_ne_bytes();
        let start = if cfg!(target_endian = "little") { 0 } else { 8 - dtype.size() };
        bytes[start..start + dtype.size()].to_vec()
    });
    Array::from_bytes(dtype, &shape, &bytes.collect::<Vec<u8>>()).map(Value::Array)
}

/// The outputs of an answer, in the order of the kernel's signature.
fn outputs(kernel: &Kernel, answer: &Json) -> Option<Vec<Value>> {
    let roles = signature(kernel);
    let written = kernel.params.iter().zip(&roles.params).filter_map(|(param, role)| match param {
        KernelParam::Array(_) if role.role.is_output() => {
            Some(from_json(&answer["params"][&role.name]))
        }
        KernelParam::Array(_) | KernelParam::Scalar(_) => None,
    });
    let returned = answer["returned"].as_array()?.iter().map(from_json);
    written.chain(returned).collect()
}

/// Whether an answer is what the run expects; a trap agrees in its kind.
fn agrees(kernel: &Kernel, run: &Run, answer: &Json) -> bool {
    match &run.expected {
        Expected::Trap(text) => {
            let words = match answer["trap"].as_str() {
                Some("division") => "by zero",
                Some("bounds") => "out of bounds",
                Some("cast") => "does not fit",
                Some("aliased") => "aliased arrays",
                Some("extent") => "is not an extent",
                _ => return false,
            };
            text.contains(words)
        }
        Expected::Outputs(expected) => outputs(kernel, answer).is_some_and(|got| {
            let same = |(a, b)| differences(a, b).is_ok_and(|found| found.is_empty());
            expected.len() == got.len() && expected.iter().zip(&got).all(same)
        }),
    }
}

fn ask(request: &Json) -> Json {
    let script = folder().join("../../oracle/run_oracle.py");
    let mut child = Command::new("python3")
        .arg("-B")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 starts");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(request.to_string().as_bytes()).expect("the oracle reads");
    drop(stdin);
    let output = child.wait_with_output().expect("the oracle ends");
    serde_json::from_slice(&output.stdout).expect("the oracle answers in JSON")
}

#[test]
fn cpython_gives_the_same_results() {
    if !has_python() {
        eprintln!("SKIPPED: the oracle needs python3, 3.11 or newer");
        return;
    }
    let fixtures = fixtures();
    let all =
        || fixtures.iter().flat_map(|fixture| fixture.runs.iter().map(move |run| (fixture, run)));
    let runs: Vec<Json> = all()
        .map(|(fixture, run)| {
            let args: Vec<Json> = run.arguments.iter().map(to_json).collect();
            let entry = &fixture.module.kernels[run.kernel].name;
            json!({"file": format!("{}.py", fixture.stem), "entry": entry, "real": "f64", "args": args})
        })
        .collect();
    let answers = ask(&json!({"folder": folder(), "runs": runs}));
    let answers = answers["runs"].as_array().expect("a list");
    assert_eq!(answers.len(), runs.len());
    let mut differing = Vec::new();
    for ((fixture, run), answer) in all().zip(answers) {
        let kernel = &fixture.module.kernels[run.kernel];
        if !agrees(kernel, run, answer) {
            differing.push(format!("{}.py:{}: {answer}", fixture.stem, run.line));
        }
    }
    assert!(
        differing.is_empty(),
        "{} of {} runs differ:\n{}",
        differing.len(),
        runs.len(),
        differing.join("\n")
    );
    assert!(runs.len() > 100, "only {} runs", runs.len());
}

/// A comparison that could not fail would prove nothing.
#[test]
fn a_wrong_answer_is_noticed() {
    let fixtures = fixtures();
    let fixture = fixtures.iter().find(|it| it.stem == "06_integers").expect("the fixture");
    let run = &fixture.runs[0];
    let kernel = &fixture.module.kernels[run.kernel];
    let answer = |last: u32| {
        let bits = [("i32", i32::MIN as u32), ("u32", u32::MAX), ("u32", last)];
        let returned: Vec<Json> =
            bits.iter().map(|(dtype, bits)| json!({"dtype": dtype, "bits": bits})).collect();
        json!({"params": {}, "returned": returned})
    };
    assert!(agrees(kernel, run, &answer(0)));
    assert!(!agrees(kernel, run, &answer(1)));
    assert!(!agrees(kernel, run, &json!({"trap": "division"})));
    assert!(!agrees(kernel, run, &json!({"failed": "TypeError"})));
}
