//! The page of a made-up record: everything is there, nothing of it can act, and a picture that is
//! not as recorded is an error.

use std::collections::BTreeMap;
use std::path::Path;

use crossover_record::{
    AnswerCheck, AnswerValue, Difference, Machine, Phases, PictureFile, PictureKind, PictureScale,
    Proof, RECORD_SCHEMA, Record, Row, Status, Timed,
};
use crossover_report::render;
use crossover_values::{Array, DType, Scalar, Value, npy};

const HOSTILE: &str = "<script>alert('x')</script>";

fn row(size: &str, backend: &str, variant: &str, median_ns: Option<u64>) -> Row {
    Row {
        kernel: "julia".to_owned(),
        dtype: DType::F64,
        size: size.to_owned(),
        backend: backend.to_owned(),
        variant: variant.to_owned(),
        threads: 1,
        adapter: None,
        status: if median_ns.is_some() { Status::Verified } else { Status::Failed },
        reason: if median_ns.is_some() { String::new() } else { HOSTILE.to_owned() },
        median_ns,
        low_ns: median_ns,
        high_ns: median_ns,
        samples: median_ns.into_iter().collect(),
        timed: Timed::Wall,
        phases: Phases(vec![("run".to_owned(), 5)]),
        proof: median_ns.map(|_| proof()),
        answers: vec![AnswerCheck {
            name: "sum of counts".to_owned(),
            expected: AnswerValue::of_integer(141_804),
            got: AnswerValue::of_integer(141_803),
            ok: false,
        }],
        parameters: BTreeMap::from([("w".to_owned(), 64.0)]),
        reference: backend == "interpreter",
        peak_memory_bytes: Some(5 << 20),
        facts: Default::default(),
        estimates: vec![],
        repetition: None,
        work: Default::default(),
    }
}

fn proof() -> Proof {
    Proof {
        compared: 4096,
        worst_used: 0.5,
        undecided: 3,
        differing: 2,
        unexplained: 0,
        policy: "boundary".to_owned(),
        exact: false,
        reference: "interpreter exact".to_owned(),
        digest: "00".to_owned(),
        differences: vec![Difference {
            output: HOSTILE.to_owned(),
            index: vec![1, 2],
            reference: "3".to_owned(),
            allowed: "3".to_owned(),
            got: "4".to_owned(),
        }],
    }
}

fn record() -> Record {
    Record {
        schema: RECORD_SCHEMA.to_owned(),
        created: "2026-01-02T03:04:05Z".parse().expect("a time stamp"),
        command: vec!["crossover".to_owned(), HOSTILE.to_owned()],
        crossover: "0.1.0".to_owned(),
        machine: Machine {
            os: HOSTILE.to_owned(),
            arch: "x86_64".to_owned(),
            cpu_model: "a processor".to_owned(),
            cores: 2,
            caches: vec![],
            memory_bytes: 1 << 34,
            rustc: None,
        },
        adapters: vec![],
        rows: vec![
            row("small", "interpreter", "exact", Some(4_000_000)),
            row("small", "native", "scalar", Some(1_000_000)),
            row("book", "native", "scalar", Some(80_000_000)),
            row("small", "wgsl", HOSTILE, None),
        ],
        workers: vec![],
        pictures: vec![],
        charts: vec![],
        kernels: vec![],
        conclusions: vec![HOSTILE.to_owned()],
    }
}

fn picture(file: &str) -> PictureFile {
    PictureFile {
        kernel: "julia".to_owned(),
        dtype: DType::F64,
        size: "small".to_owned(),
        output: "counts".to_owned(),
        backend: "interpreter".to_owned(),
        variant: "exact".to_owned(),
        adapter: None,
        kind: PictureKind::Result,
        file: file.to_owned(),
        width: 3,
        height: 2,
        full: [2, 3],
        caption: "counts".to_owned(),
        scale: PictureScale::Log,
    }
}

fn store(folder: &Path, shape: &[usize]) {
    let mut array = Array::zeros(DType::F32, shape);
    array.set(1, Scalar::F32(300.0));
    npy::write(&folder.join("a.npy"), &Value::Array(array)).expect("a folder that can be written");
}

#[test]
fn the_page_shows_the_record_and_escapes_all_of_it() {
    let html = render(&record(), Path::new(".")).unwrap();
    assert!(!html.contains("<script"), "a text of the record became an element");
    assert!(html.contains("&lt;script&gt;"));
    for shown in ["4.00×", "1.00 ms", "80.0 ms", "141,803", "expected 141,804", "5.00 MiB"] {
        assert!(html.contains(shown), "{shown} is not shown");
    }
    assert!(html.contains("2 differ, 0.500 of the bound used, 3 undecided"));
    assert!(html.contains("<svg") && html.contains("class=\"chart\""));
    assert!(html.contains("default-src &#x27;none&#x27;") || html.contains("default-src 'none'"));
    assert!(!html.contains(" style=\""), "the policy forbids style attributes");
    assert!(!html.contains("http://") || html.matches("http://").count() == svg_namespaces(&html));
}

fn svg_namespaces(html: &str) -> usize {
    html.matches("xmlns=\"http://www.w3.org/2000/svg\"").count()
}

#[test]
fn pictures_are_inside_the_page() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path(), &[2, 3]);
    let mut record = record();
    record.pictures.push(picture("a.npy"));
    let html = render(&record, folder.path()).unwrap();
    assert!(html.contains("data:image/png;base64,iVBOR"));
}

#[test]
fn pictures_that_are_not_as_recorded_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let render_with = |file: &str| {
        let mut record = record();
        record.pictures.push(picture(file));
        render(&record, folder.path())
    };
    assert!(render_with("a.npy").is_err(), "a picture that is not there");
    store(folder.path(), &[3, 3]);
    assert!(render_with("a.npy").is_err(), "a picture of another shape");
    assert!(render_with("../a.npy").is_err(), "a picture outside the record");
}
