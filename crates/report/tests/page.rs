//! The page of a made-up record: everything is there, nothing of it can act, and a picture that is
//! not as recorded is an error.

use std::collections::BTreeMap;
use std::path::Path;

use crossover_record::{
    Adapter, AnswerCheck, AnswerValue, Chart, ChartAxis, ChartMark, ChartSeries, Difference,
    EstimateCheck, FactCard, KernelCard, Machine, Phases, PictureFile, PictureKind, PictureScale,
    Proof, RECORD_SCHEMA, Record, Repetition, Row, Status, Timed,
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

fn chart(mark: ChartMark, rows: Option<[String; 2]>) -> Chart {
    let axis = |log| ChartAxis { label: HOSTILE.to_owned(), log };
    let points = vec![[1.0, 0.5], [10.0, 0.05], [100.0, 0.004]];
    Chart {
        kernel: "julia".to_owned(),
        dtype: DType::F64,
        size: "small".to_owned(),
        name: "error by items".to_owned(),
        caption: "falls as the root".to_owned(),
        mark,
        x: axis(true),
        y: axis(false),
        series: vec![ChartSeries { name: HOSTILE.to_owned(), points }],
        rows,
    }
}

#[test]
fn what_kernels_show_of_themselves_is_on_the_page() {
    let mut record = record();
    record.charts = vec![
        chart(ChartMark::Line, None),
        chart(ChartMark::Bars, None),
        chart(ChartMark::Points, Some(["bytes".to_owned(), "time".to_owned()])),
    ];
    record.kernels = vec![KernelCard {
        stem: "julia".to_owned(),
        title: "A title".to_owned(),
        summary: "A summary".to_owned(),
        axes: BTreeMap::from([("chunk".to_owned(), "what chunks cost".to_owned())]),
        choices: BTreeMap::from([("order".to_owned(), vec!["up".to_owned(), "down".to_owned()])]),
        facts: BTreeMap::from([(
            "bytes".to_owned(),
            FactCard { doc: "size of the structure".to_owned(), unit: "B".to_owned() },
        )]),
        determinism: "the order of insertion".to_owned(),
    }];
    let estimate = |estimate: f64| EstimateCheck {
        name: "distinct items".to_owned(),
        estimate: estimate.into(),
        truth: AnswerValue::of_integer(10_000),
        relative_error: (estimate / 10_000.0 - 1.0).into(),
    };
    for (index, row) in record.rows.iter_mut().enumerate() {
        row.parameters.insert("order".to_owned(), 1.0);
        row.estimates = vec![estimate(10_320.5)];
        row.facts = BTreeMap::from([("bytes".to_owned(), 2048.0 * index as f64)]);
        let (class, threads) = ("same".to_owned(), vec![1, 2]);
        row.repetition = Some(Repetition { class, calls: 3, threads, equal: index != 1 });
    }
    let html = render(&record, Path::new(".")).unwrap();
    let shown = [
        "A title",
        "A summary",
        "what chunks cost",
        "order = down",
        "the order of insertion",
        "error by items",
        "falls as the root",
        "10320.5",
        "+3.205 %",
        "2.00 KiB",
        "size of the structure",
        "same: 3 calls alike on 1 to 2 threads",
        "class=\"no\">same: 3 calls differ",
    ];
    for text in shown {
        assert!(html.contains(text), "{text} is not shown");
    }
    assert_eq!(html.matches("<svg").count(), 4, "time by size, and three of the kernel");
    assert!(!html.contains("<script"), "a text of the record became an element");
}

#[test]
fn the_heat_map_shows_the_best_of_each_family_and_what_is_bad_beside_it() {
    let mut record = record();
    let mut wrong = row("book", "native", "fancy", None);
    wrong.status = Status::Wrong;
    let mut on = |slug: &str, median| {
        let mut shader = row("book", "wgsl", "tuned", Some(median));
        shader.adapter = Some(slug.to_owned());
        record.rows.push(shader);
    };
    on("soft", 1_000_000);
    on("card", 8_000_000);
    record.rows.extend([
        row("book", "native", "simd", Some(20_000_000)),
        row("book", "native", "simd_threads", Some(10_000_000)),
        row("book", "cranelift", "1t", Some(160_000_000)),
        row("book", "cranelift", "unchecked", Some(1)),
        wrong,
    ]);
    record.adapters = vec![Adapter {
        backend: "wgsl".to_owned(),
        slug: "soft".to_owned(),
        name: "soft".to_owned(),
        driver: String::new(),
        kind: "software".to_owned(),
        software: true,
        passport: vec![],
    }];
    let html = render(&record, Path::new(".")).unwrap();
    let cells = [
        // The card is the fastest that counts; the software adapter and unchecked code do not.
        "8.00 ms<div>1.00× <small>card</small>",
        "20.0 ms<div>2.50× <small>simd</small></div><small class=\"bad\">1 wrong</small>",
        "10.0 ms<div>1.25× <small>simd_threads</small>",
        "Fastest most often: wgsl tuned (1).",
        "1 of 1 take over 1.5 times: julia f64.",
    ];
    for cell in cells {
        assert!(html.contains(cell), "{cell} is not shown");
    }
}

#[test]
fn variants_in_lanes_have_columns_and_who_was_measured_alone_is_no_winner() {
    let mut record = record();
    record.rows = vec![
        row("small", "interpreter", "exact", Some(40_000_000)),
        row("small", "interpreter", "lanes", Some(9_000_000)),
        row("small", "cranelift", "1t", Some(6_000_000)),
        row("small", "cranelift", "polynomial", Some(5_000_000)),
        row("small", "cranelift", "lanes", Some(2_000_000)),
        row("small", "cranelift", "lanes+polynomial", Some(1_000_000)),
        row("small", "cranelift", "lanes+threads", Some(1_500_000)),
    ];
    let html = render(&record, Path::new(".")).unwrap();
    let cells = [
        "40.0 ms<div>40.0×</div></td>",
        "9.00 ms<div>9.00×</div></td>",
        "5.00 ms<div>5.00× <small>polynomial</small>",
        "1.00 ms<div>1.00× <small>lanes+polynomial</small>",
        "1.50 ms<div>1.50× <small>lanes+threads</small>",
        "Fastest most often: cranelift lanes (1).",
    ];
    for cell in cells {
        assert!(html.contains(cell), "{cell} is not shown");
    }
    let mut skipped = row("small", "native", "scalar", None);
    skipped.status = Status::Skipped;
    record.rows = vec![row("small", "interpreter", "exact", Some(40_000_000)), skipped];
    let html = render(&record, Path::new(".")).unwrap();
    assert!(html.contains(">40.0 ms</td>") && !html.contains("1.00×"));
    assert!(!html.contains("Fastest most often"), "nobody to be faster than");
}

#[test]
fn a_sweep_is_a_chart_against_its_parameter_and_stays_off_the_first_screen() {
    let mut record = record();
    for chunk in 0..40 {
        for variant in ["scalar", "threads"] {
            let size = format!("book order=down chunk={}", 1_u64 << chunk);
            record.rows.push(row(&size, "native", variant, Some(1_000_000 + chunk)));
        }
    }
    record.rows.push(row("book", "native", "threads", Some(90_000_000)));
    let html = render(&record, Path::new(".")).unwrap();
    assert!(html.contains("julia f64 book, order = down: time of a call by chunk"));
    assert!(html.contains("native scalar (1)."), "cases of a sweep are not counted");
    let many = |cases: u64| {
        let mut record = record.clone();
        for n in 0..cases {
            record.rows.push(row(&format!("book n={n}"), "native", "scalar", Some(1000 + n)));
        }
        render(&record, Path::new(".")).unwrap()
    };
    let html = many(4000);
    assert!(html.contains("more cases of the sweep are in the record alone"));
    assert!(html.len() < 3_000_000, "{} bytes", html.len());
}
