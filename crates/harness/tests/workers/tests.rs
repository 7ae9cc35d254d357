//! The tests.

use std::time::Duration;

use crossover_harness::{
    Adapters, Demands, Limits, Measure, Options, Report, Selection, Silent, WorkerCommand,
    WorkerKey, exit_code, list_adapters, plan, run,
};
use crossover_record::{Row, Status};

use crate::fake;

/// Every test by name.
pub(crate) const ALL: &[(&str, fn())] = &[
    ("each_fault_costs_its_row_and_nothing_else", each_fault_costs_its_row_and_nothing_else),
    ("a_sample_that_lies_takes_the_times_with_it", a_sample_that_lies_takes_the_times_with_it),
    ("adapters_are_listed_by_workers", adapters_are_listed_by_workers),
];

fn command(key: &WorkerKey) -> WorkerCommand {
    let program = std::env::current_exe().unwrap();
    let args = vec!["worker".to_owned(), key.backend.clone(), key.variant.clone()];
    WorkerCommand { program, args, env: Vec::new() }
}

fn options(measure: Option<Measure>) -> Options {
    let call = Duration::from_millis(400);
    let limits = Limits { prepare: Duration::from_secs(10), call, ..Limits::default() };
    Options { threads: 1, limits, measure, seed: 1 }
}

fn run_variants(variants: &[&str], options: &Options) -> Report {
    let backends = fake::backends();
    let table = fake::table(&backends);
    let selection = Selection {
        sizes: vec!["small".into()],
        variants: variants.iter().map(|name| (*name).to_owned()).collect(),
        threads: 1,
        ..Selection::default()
    };
    let plan = plan(&[fake::subject()], &table, &Adapters::new(), &selection, None).unwrap();
    run(&plan, &table, &command, options, &mut Silent).unwrap()
}

fn row<'a>(report: &'a Report, variant: &str) -> &'a Row {
    report.rows.iter().find(|row| row.variant == variant).unwrap()
}

fn each_fault_costs_its_row_and_nothing_else() {
    let report = run_variants(&[], &options(None));
    let expected = [
        ("exact", Status::Verified, ""),
        ("right", Status::Verified, ""),
        ("killed", Status::Failed, "ended by signal 9"),
        ("hangs", Status::Failed, "no answer within 0.4 s"),
        ("garbage", Status::Verified, ""),
        ("short", Status::Wrong, "7 elements of i32, the reference has 8 elements"),
        ("wrong", Status::Wrong, "1 of 9 element is not allowed: doubled[5] is -1, allowed is 10"),
        ("unwritten", Status::Wrong, "doubled[3] is"),
        ("missing", Status::Wrong, "output `result` is missing"),
        ("extra", Status::Failed, "output `more` is none of the kernel's"),
        ("stale", Status::Wrong, "8 of 9 elements are not allowed"),
        ("noalloc", Status::Failed, "ended"),
        ("exits", Status::Failed, "ended with exit status 17"),
        ("panics", Status::Failed, "planted panic of call 1"),
        ("lost", Status::Failed, "the device is gone"),
        ("refuses", Status::Unavailable, "no such device; install one"),
        ("later", Status::Verified, ""),
    ];
    for (variant, status, reason) in expected {
        let row = row(&report, variant);
        assert_eq!(row.status, status, "{variant}: {}", row.reason);
        assert!(row.reason.contains(reason), "{variant}: {}", row.reason);
        assert_eq!(row.median_ns.is_some(), status == Status::Verified, "{variant}");
    }
    let right = row(&report, "right");
    assert_eq!(right.proof.as_ref().unwrap().compared, 9);
    assert!(right.answers[0].ok && right.phases.get("compile") == Some(5));
    assert!(row(&report, "exact").reference && !right.reference);
    assert_eq!(exit_code(&report.rows, &Demands::default()), 1);
}

fn a_sample_that_lies_takes_the_times_with_it() {
    let measure = Measure { max_samples: 8, ..Measure::default() };
    let report = run_variants(&["exact", "right", "later"], &options(Some(measure)));
    let right = row(&report, "right");
    assert_eq!((right.status, right.samples.len()), (Status::Verified, 8));
    assert!(right.low_ns <= right.median_ns && right.median_ns <= right.high_ns);
    let later = row(&report, "later");
    assert_eq!(later.status, Status::Wrong);
    assert!(later.reason.starts_with("a timed sample: 1 of 9"), "{}", later.reason);
    assert!(later.samples.is_empty() && later.median_ns.is_none());
}

fn adapters_are_listed_by_workers() {
    let backends = fake::backends();
    let table = fake::table(&backends);
    let adapters = list_adapters(&table, &command, Duration::from_secs(10)).unwrap();
    assert_eq!(adapters["truth"], Ok(Vec::new()));
    let crashing = |_: &WorkerKey| WorkerCommand {
        program: "/nowhere/at/all".into(),
        args: Vec::new(),
        env: Vec::new(),
    };
    let adapters = list_adapters(&table, &crashing, Duration::from_secs(10)).unwrap();
    let reason = adapters["fake"].as_ref().unwrap_err().to_string();
    assert!(reason.contains("cannot start a worker"), "{reason}");
}
