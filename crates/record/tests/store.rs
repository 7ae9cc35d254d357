//! Records on disk: round trip, atomicity, and refusal of what is no record.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeMap;
use std::fs;

use crossover_record::{
    Document, Machine, Phases, PictureFile, PictureKind, PictureScale, Proof, RECORD_FILE,
    RECORD_SCHEMA, Record, RecordError, Row, Status, Timed, WorkerUse, picture, read, write,
};
use crossover_values::DType;

fn machine() -> Machine {
    Machine {
        os: "Linux 6.1".into(),
        arch: "x86_64".into(),
        cpu_model: "a processor".into(),
        cores: 2,
        caches: Vec::new(),
        memory_bytes: 8 << 30,
        rustc: None,
    }
}

fn row() -> Row {
    Row {
        kernel: "julia".into(),
        dtype: DType::F32,
        size: "small".into(),
        backend: "interpreter".into(),
        variant: "exact".into(),
        threads: 1,
        adapter: None,
        status: Status::Verified,
        reason: String::new(),
        median_ns: Some(12),
        low_ns: Some(11),
        high_ns: Some(13),
        samples: vec![12, 11, 13],
        timed: Timed::Wall,
        phases: Phases(vec![("parse".into(), 1), ("run".into(), 11)]),
        proof: Some(Proof {
            compared: 4096,
            worst_used: 0.0,
            undecided: 0,
            differing: 0,
            unexplained: 0,
            policy: "exact".into(),
            exact: true,
            reference: "interpreter exact".into(),
            digest: "00".into(),
            differences: Vec::new(),
        }),
        answers: Vec::new(),
        parameters: BTreeMap::from([("w".into(), 64.0)]),
        reference: true,
        peak_memory_bytes: None,
        facts: Default::default(),
        estimates: Vec::new(),
        repetition: None,
        work: Default::default(),
    }
}

fn record(file: &str) -> Record {
    Record {
        schema: RECORD_SCHEMA.into(),
        created: "2026-01-02T03:04:05Z".parse().unwrap(),
        command: vec!["crossover".into(), "run".into()],
        crossover: "0.1.0".into(),
        machine: machine(),
        adapters: Vec::new(),
        rows: vec![row()],
        workers: vec![WorkerUse {
            backend: "interpreter".into(),
            variant: "exact".into(),
            adapter: None,
            peak_memory_bytes: Some(1 << 20),
            processes: 1,
        }],
        pictures: vec![PictureFile {
            kernel: "julia".into(),
            dtype: DType::F32,
            size: "small".into(),
            output: "counts".into(),
            backend: "interpreter".into(),
            variant: "exact".into(),
            adapter: None,
            kind: PictureKind::Result,
            file: file.into(),
            width: 64,
            height: 64,
            full: [64, 64],
            caption: "counts".into(),
            scale: PictureScale::Log,
        }],
        charts: Vec::new(),
        kernels: Vec::new(),
        conclusions: vec!["julia: the interpreter is alone.".into()],
    }
}

#[test]
fn a_record_reads_back_as_written_and_leaves_nothing_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("runs/first");
    let written = record("julia.npy");
    write(&folder, &written, &[("julia.npy".into(), vec![1, 2, 3])]).unwrap();
    assert_eq!(read(&folder).unwrap(), written);
    assert_eq!(picture(&folder, &written.pictures[0]).unwrap(), [1, 2, 3]);
    assert_eq!(fs::read_dir(dir.path().join("runs")).unwrap().count(), 1);
    assert!(matches!(write(&folder, &written, &[]), Err(RecordError::Exists(_))));
}

#[test]
fn a_refused_write_leaves_no_folder() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("first");
    let error = write(&folder, &record("a.npy"), &[("../a.npy".into(), vec![])]).unwrap_err();
    assert!(matches!(error, RecordError::PictureName(_)), "{error}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let error = write(&file.join("record"), &record("a.npy"), &[]).unwrap_err();
    assert!(error.to_string().contains("cannot create"), "{error}");
}

#[test]
fn an_unknown_schema_is_named_before_any_unknown_field() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(RECORD_FILE), r#"{"schema":"crossover-record/9","x":1}"#).unwrap();
    let message = read(dir.path()).unwrap_err().to_string();
    assert!(message.contains("crossover-record/9"), "{message}");
    assert!(message.contains(RECORD_SCHEMA), "{message}");
}

#[test]
fn what_is_no_record_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(read(dir.path()), Err(RecordError::Io { .. })));
    let path = dir.path().join(RECORD_FILE);
    fs::write(&path, r#"{"schema":"crossover-record/1""#).unwrap();
    assert!(matches!(read(dir.path()), Err(RecordError::Json { .. })));
    let deep = format!(
        r#"{{"schema":"crossover-record/1","rows":[{{"answers":[{{"got":{}{}}}]}}]}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    fs::write(&path, deep).unwrap();
    let message = read(dir.path()).unwrap_err().to_string();
    assert!(message.contains("recursion limit"), "{message}");
    let file = fs::File::create(&path).unwrap();
    file.set_len(crossover_record::MAX_RECORD_BYTES + 1).unwrap();
    assert!(matches!(read(dir.path()), Err(RecordError::TooLarge { .. })));
}

#[test]
fn a_picture_outside_the_folder_is_refused_when_reading() {
    let dir = tempfile::tempdir().unwrap();
    let evil = serde_json::to_string(&record("/etc/hostname")).unwrap();
    fs::write(dir.path().join(RECORD_FILE), evil).unwrap();
    assert!(matches!(read(dir.path()), Err(RecordError::PictureName(_))));
}

#[test]
fn the_printed_document_has_the_promised_keys() {
    let document = Document::of_rows(machine(), vec![row()]);
    let json: serde_json::Value = serde_json::to_value(&document).unwrap();
    let keys: Vec<&String> = json.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["machine", "rows", "schema"]);
    let row = &json["rows"][0];
    for key in "kernel dtype size backend variant threads adapter status reason median_ns low_ns \
                high_ns samples phases proof answers"
        .split_whitespace()
    {
        assert!(row.get(key).is_some(), "{key}");
    }
    assert_eq!(row["phases"]["run"], 11);
    assert_eq!(row["proof"]["compared"], 4096);
}

#[test]
fn the_document_names_every_field() {
    let document = include_str!("../../../docs/RECORD.md");
    let json = serde_json::to_value(record("a.npy")).unwrap();
    let parts = [&json, &json["rows"][0], &json["rows"][0]["proof"], &json["pictures"][0]];
    for key in parts.into_iter().flat_map(|part| part.as_object().unwrap().keys()) {
        let named = document.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        assert!(named.into_iter().any(|word| word == key), "docs/RECORD.md lacks `{key}`");
    }
    assert!(document.contains(RECORD_SCHEMA));
}
