//! The tests.

use std::io::{BufRead, BufReader, Write};
use std::time::Duration;

use crossover_contract::{CaseRequest, Failure, Target};
use crossover_harness::protocol::{Ask, Prepare, Reply, Request, Response};
use crossover_harness::worker::serve;
use crossover_harness::{
    Adapters, Demands, Duty, Limits, Measure, Observer, Options, Report, Selection, Silent,
    WorkerCommand, WorkerKey, exit_code, list_adapters, output_file_name, plan, run, verify,
    verify_in_process,
};
use crossover_record::{PictureKind, Row, Status};
use crossover_values::{DType, Value, npy};

use crate::fake;

/// Every test by name.
pub(crate) const ALL: &[(&str, fn())] = &[
    ("each_fault_costs_its_row_and_nothing_else", each_fault_costs_its_row_and_nothing_else),
    ("a_sample_that_lies_takes_the_times_with_it", a_sample_that_lies_takes_the_times_with_it),
    ("rows_carry_what_kernels_show", rows_carry_what_kernels_show),
    ("a_spent_budget_leaves_later_cases_out", a_spent_budget_leaves_later_cases_out),
    ("adapters_are_listed_by_workers", adapters_are_listed_by_workers),
    ("a_stand_in_is_proved_before_it_is_the_reference", a_stand_in_is_proved_before_it_counts),
    ("rows_expected_to_be_long_are_skipped", rows_expected_to_be_long_are_skipped),
    ("judging_expected_to_be_long_is_skipped", outputs_expected_to_be_judged_long_are_not_computed),
    ("a_stand_in_expected_to_be_long_is_skipped", a_long_stand_in_is_skipped),
    ("a_reference_that_writes_too_little_is_no_reference", a_lazy_reference_is_none),
    ("a_busy_worker_ends_with_its_input", a_busy_worker_ends_with_its_input),
    ("what_is_no_request_is_refused", what_is_no_request_is_refused),
    ("outputs_and_memory_are_handed_on", outputs_are_handed_on),
    ("pictures_show_results_and_differences", pictures_show_results_and_differences),
    ("a_sweep_has_pictures_of_its_ends_and_of_what_is_wrong", a_sweep_has_pictures_of_its_ends),
    ("a_mutant_is_compared_with_the_sound_kernel", a_mutant_is_compared_with_the_sound_kernel),
    ("in_process_verification_is_the_same", in_process_verification_is_the_same),
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
    run_selection(&selection(&["small"], variants), options)
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
        (
            "hangs",
            Status::Failed,
            "no answer within 0.4 s; its worker was ended; --time-limit gives",
        ),
        ("garbage", Status::Verified, ""),
        ("short", Status::Wrong, "7 x 1 elements of i32, the reference has 8 x 1"),
        (
            "wrong",
            Status::Wrong,
            "1 of 9 element is not allowed: doubled[5, 0] is 9, allowed is 10",
        ),
        ("unwritten", Status::Wrong, "doubled[0, 0] is -1515870811"),
        ("missing", Status::Wrong, "output `result` is missing"),
        ("extra", Status::Failed, "output `more` is none of the kernel's"),
        ("stale", Status::Wrong, "8 of 9 elements are not allowed"),
        ("noalloc", Status::Failed, "ended"),
        ("exits", Status::Failed, "ended with exit status 17"),
        ("panics", Status::Failed, "planted panic of call 1"),
        ("lost", Status::Failed, "the device is gone"),
        ("refuses", Status::Unavailable, "no such device; install one"),
        ("later", Status::Verified, ""),
        ("unsteady", Status::Wrong, "call 2: 1 of 9"),
        (
            "drifts",
            Status::Wrong,
            "call 2 gave other bits than the first; the kernel declares `same`",
        ),
        ("roams", Status::Verified, ""),
        ("reversed", Status::Verified, ""),
        ("gossip", Status::Failed, "it reports `rumours`, which is none of [facts]"),
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

fn rows_carry_what_kernels_show() {
    let report = run_variants(&["exact", "right", "roams"], &options(None));
    let (exact, right, roams) =
        (row(&report, "exact"), row(&report, "right"), row(&report, "roams"));
    assert_eq!(right.facts["calls"], 1.0);
    assert_eq!(right.work["elements"], 8.0);
    for row in [exact, right] {
        let [estimate] = &row.estimates[..] else { panic!("{:?}", row.estimates) };
        assert_eq!((&estimate.estimate, &estimate.truth), (&27.0.into(), &28.0.into()));
        assert_eq!(estimate.relative_error, (-1.0 / 28.0).into());
        let repetition = row.repetition.as_ref().unwrap();
        assert_eq!((repetition.calls, repetition.equal), (2, true), "{}", row.variant);
    }
    let repetition = roams.repetition.as_ref().unwrap();
    assert_eq!((repetition.class.as_str(), repetition.equal), ("varies", false));
    let [doubles, calls] = &report.charts[..] else { panic!("{:?}", report.charts) };
    assert_eq!(doubles.series[0].points[3], [3.0, 6.0]);
    assert_eq!(calls.rows, Some(["calls".to_owned(), "time".to_owned()]));
    assert_eq!(report.kernels[0].facts["calls"].unit, "calls");
}

fn a_spent_budget_leaves_later_cases_out() {
    let measure = Measure { budget: Some(Duration::from_millis(1)), ..Measure::default() };
    let selection = selection(&["small", "book"], &["exact", "right"]);
    let report = run_selection(&selection, &options(Some(measure)));
    let found: Vec<_> =
        report.rows.iter().map(|row| (&*row.size, &*row.variant, row.status)).collect();
    let (verified, skipped) = (Status::Verified, Status::Skipped);
    let expected = [
        ("small", "exact", verified),
        ("small", "right", verified),
        ("book", "exact", skipped),
        ("book", "right", skipped),
    ];
    assert_eq!(found, expected);
    assert!(report.rows[3].reason.contains("--budget gives more"), "{}", report.rows[3].reason);
    assert_eq!(report.rows[1].samples.len(), 1, "an early case has its sample all the same");
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
    let reason = |commands: &dyn Fn(&WorkerKey) -> WorkerCommand| {
        let adapters = list_adapters(&table[..1], commands, Duration::from_millis(300)).unwrap();
        adapters["truth"].as_ref().unwrap_err().to_string()
    };
    let text = reason(&crashing);
    assert!(text.contains("cannot start a worker"), "{text}");
    let shell = |script: &str| {
        let (script, program) = (script.to_owned(), "/bin/sh".into());
        WorkerCommand { program, args: vec!["-c".into(), script], env: Vec::new() }
    };
    let text = reason(&|_: &WorkerKey| shell("exec sleep 60"));
    assert!(text.contains("no answer within 0.3 s"), "{text}");
    let text = reason(&|_: &WorkerKey| shell("echo driver trouble >&2; kill -SEGV $$"));
    assert!(text.contains("ended by signal 11") && text.contains("driver trouble"), "{text}");
    let other = r#"echo '{"id":1,"response":"described","protocol":"x/9","adapters":[]}'; cat"#;
    let text = reason(&|_: &WorkerKey| shell(other));
    assert!(text.contains("speaks `x/9`"), "{text}");
}

fn selection(sizes: &[&str], variants: &[&str]) -> Selection {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    Selection { sizes: owned(sizes), variants: owned(variants), ..Selection::default() }
}

fn run_selection(selection: &Selection, options: &Options) -> Report {
    let backends = fake::backends();
    let table = fake::table(&backends);
    let plan = plan(&[fake::subject()], &table, &Adapters::new(), selection, None).unwrap();
    run(&plan, &table, &command, options, &mut Silent).unwrap()
}

/// A call takes about 1 us by its own account, so `book` is expected to take 12.5 us.
const BETWEEN: Duration = Duration::from_micros(5);

fn a_stand_in_is_proved_before_it_counts() {
    let mut options = options(None);
    options.limits.reference = BETWEEN;
    // With and without the rows that would prove it: it is proved on the side if need be.
    for variants in [&["exact", "1t", "right"][..], &["right"]] {
        let sizes: &[&str] = if variants.len() > 1 { &["small", "book"] } else { &["book"] };
        let report = run_selection(&selection(sizes, variants), &options);
        let book = report.rows.iter().rfind(|row| row.variant == "right").unwrap();
        assert_eq!(book.status, Status::Verified, "{}", book.reason);
        let against = &book.proof.as_ref().unwrap().reference;
        assert!(against.starts_with("second 1t, bit-equal to truth exact at small"), "{against}");
    }
}

fn rows_expected_to_be_long_are_skipped() {
    let mut limited = options(None);
    limited.limits.expected = BETWEEN;
    let measure = Measure { budget: Some(BETWEEN * 6), ..Measure::default() };
    let budgeted = options(Some(measure));
    let chosen = selection(&["small", "book"], &["right"]);
    let of_budget = run_selection(&chosen, &budgeted);
    assert_eq!(of_budget.rows[1].status, Status::Skipped, "{}", of_budget.rows[1].reason);
    let report = run_selection(&chosen, &limited);
    assert_eq!(report.rows[0].status, Status::Verified);
    assert_eq!(report.rows[1].status, Status::Skipped);
    assert!(report.rows[1].reason.contains("over the limit"), "{}", report.rows[1].reason);
    assert_eq!(exit_code(&report.rows, &Demands::default()), 0);
    let two = Demands { expect_cases: Some(2), ..Demands::default() };
    assert_eq!(exit_code(&report.rows, &two), 4);
}

/// Judging happens in the harness, where nothing ends it: it is timed at a smaller size.
fn outputs_expected_to_be_judged_long_are_not_computed() {
    let mut limited = options(None);
    limited.limits.expected = Duration::from_nanos(1);
    let report = run_selection(&selection(&["book"], &["exact", "roams"]), &limited);
    assert_eq!(row(&report, "exact").status, Status::Verified);
    let roams = row(&report, "roams");
    assert_eq!(roams.status, Status::Skipped, "{}", roams.reason);
    for part in ["judging its outputs", "over the limit of 1ns; --time-limit gives more"] {
        assert!(roams.reason.contains(part), "{}", roams.reason);
    }
}

/// A stand-in that would take too long itself is not called.
fn a_long_stand_in_is_skipped() {
    let mut limited = options(None);
    (limited.limits.reference, limited.limits.expected) = (BETWEEN, BETWEEN);
    let report = run_selection(&selection(&["small", "book"], &["exact", "1t"]), &limited);
    let book = report.rows.iter().rfind(|row| row.variant == "exact").unwrap();
    assert_eq!(book.status, Status::Skipped, "{}", book.reason);
    let parts = ["truth exact would take about", "and of its stand-in second 1t one call would"];
    for part in parts {
        assert!(book.reason.contains(part), "{}", book.reason);
    }
}

fn a_lazy_reference_is_none() {
    let backends = fake::backends();
    let mut table = fake::table(&backends);
    table[0].duty = Duty::Compared;
    table[2].duty = Duty::Reference("unwritten");
    let chosen = selection(&["small"], &["exact", "unwritten"]);
    let plan = plan(&[fake::subject()], &table, &Adapters::new(), &chosen, None).unwrap();
    let report = run(&plan, &table, &command, &options(None), &mut Silent).unwrap();
    let [other, own] = &report.rows[..] else { panic!("two rows") };
    assert!(own.reason.contains("leaves 1 elements of `doubled` unwritten"), "{}", own.reason);
    assert!(other.reason.starts_with("nothing to compare with"), "{}", other.reason);
    assert_eq!((own.status, other.status), (Status::Failed, Status::Failed));
}

fn a_busy_worker_ends_with_its_input() {
    let folder = tempfile::tempdir().unwrap();
    let subject = fake::subject();
    let signature = subject.signatures.values().next().unwrap().clone();
    let definition = &subject.kernel.definition;
    let request = CaseRequest { size: "small".into(), ..CaseRequest::default() };
    let case = definition.case(&request).unwrap();
    let write = |(index, value): (usize, &Value)| {
        let path = folder.path().join(format!("{index}.npy"));
        npy::write(&path, value).unwrap();
        path
    };
    let arguments = definition.arguments(&signature, &case).unwrap();
    let prepare = Prepare {
        slot: 1,
        backend: "fake".into(),
        variant: "hangs".into(),
        adapter: None,
        threads: 1,
        kernel: subject.spec.clone(),
        source: String::new(),
        dtype: DType::I32,
        entry: "double".into(),
        signature: signature.clone(),
        size: case.size.clone(),
        parameters: case.parameters.clone(),
        seed: 0,
        back_edges: None,
        wait_limit_s: 60.0,
        arguments: arguments.iter().enumerate().map(write).collect(),
    };
    let program = std::env::current_exe().unwrap();
    let mut worker = std::process::Command::new(program)
        .arg("worker")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = worker.stdin.take().unwrap();
    for (id, ask) in [Ask::Prepare(Box::new(prepare)), Ask::Run { slot: 1, outputs: None }]
        .into_iter()
        .enumerate()
    {
        let line = serde_json::to_string(&Request { id: id as u64, ask }).unwrap();
        writeln!(stdin, "{line}").unwrap();
    }
    let mut lines = BufReader::new(worker.stdout.take().unwrap()).lines().map(Result::unwrap);
    let prepared = lines.find(|line| !line.is_empty()).unwrap();
    assert!(prepared.contains(r#""response":"prepared""#), "{prepared}");
    drop(stdin);
    assert_eq!(worker.wait().unwrap().code(), Some(3));
}

#[derive(Default)]
struct Collect(Vec<String>);

impl Observer for Collect {
    fn outputs(&mut self, row: &Row, outputs: &verify::Outputs) {
        self.0.extend(outputs.iter().map(|(name, _)| output_file_name(row, name)));
    }
}

fn outputs_are_handed_on() {
    let backends = fake::backends();
    let table = fake::table(&backends);
    let chosen = selection(&["small"], &["wrong", "short", "killed"]);
    let plan = plan(&[fake::subject()], &table, &Adapters::new(), &chosen, None).unwrap();
    let mut collect = Collect::default();
    let report = run(&plan, &table, &command, &options(None), &mut collect).unwrap();
    let names = ["short.doubled", "short.result", "wrong.doubled", "wrong.result"];
    assert_eq!(collect.0, names.map(|name| format!("double.i32.small.fake.{name}.npy")));
    let killed = report.workers.iter().find(|usage| usage.variant == "killed").unwrap();
    assert_eq!((killed.processes, killed.peak_memory_bytes), (1, None));
    let wrong = report.workers.iter().find(|usage| usage.variant == "wrong").unwrap();
    assert!(wrong.peak_memory_bytes.is_none_or(|bytes| bytes > 1 << 16));
}

fn in_process_verification_is_the_same() {
    let backends = fake::backends();
    let subject = fake::subject();
    let signature = &subject.signatures[&DType::I32];
    let request = CaseRequest { size: "small".into(), ..CaseRequest::default() };
    let case = subject.kernel.definition.case(&request).unwrap();
    let target = |variant| Target {
        kernel: &subject.kernel,
        dtype: DType::I32,
        variant,
        adapter: None,
        threads: 1,
        case: &case,
        back_edges: None,
        wait_limit_s: 1.0,
    };
    let truth = verify_in_process(&*backends[0], &target("exact"), signature, None).unwrap();
    assert!(matches!(truth.0, verify::Verdict::Verified(_)) && truth.1[0].ok);
    let outputs = truth.2.outputs;
    for (variant, good) in
        [("right", true), ("wrong", false), ("unwritten", false), ("extra", false)]
    {
        let target = target(variant);
        let (verdict, ..) =
            verify_in_process(&*backends[2], &target, signature, Some(&outputs)).unwrap();
        assert_eq!(matches!(verdict, verify::Verdict::Verified(_)), good, "{variant}: {verdict:?}");
    }
    let lost = verify_in_process(&*backends[2], &target("lost"), signature, Some(&outputs));
    assert!(matches!(lost, Err(Failure::Lost(_))));
}

fn pictures_show_results_and_differences() {
    let report = run_variants(&["exact", "right", "wrong"], &options(None));
    let names: Vec<(&str, PictureKind)> =
        report.pictures.iter().map(|(p, _)| (p.variant.as_str(), p.kind)).collect();
    assert_eq!(names, [("exact", PictureKind::Result), ("wrong", PictureKind::Difference)]);
    let (picture, bytes) = &report.pictures[1];
    assert_eq!(picture.file, "double.i32.small.fake.wrong.doubled.difference.npy");
    assert_eq!((picture.width, picture.height, picture.full), (1, 8, [8, 1]));
    assert_eq!(bytes[bytes.len() - 8..], [0, 0, 0, 0, 0, 2, 0, 0], "only element 5 is wrong");
}

fn a_sweep_has_pictures_of_its_ends() {
    let mut swept = selection(&["small"], &["exact", "wrong"]);
    swept.sweeps = vec!["n=8,9,10,11".parse().unwrap()];
    let report = run_selection(&swept, &options(None));
    let pictures = report.pictures.iter();
    let shown: Vec<(&str, PictureKind)> =
        pictures.map(|(p, _)| (p.size.as_str(), p.kind)).collect();
    let wrong = PictureKind::Difference;
    let expected = [
        ("small n=8", PictureKind::Result),
        ("small n=8", wrong),
        ("small n=9", wrong),
        ("small n=10", wrong),
        ("small n=11", PictureKind::Result),
        ("small n=11", wrong),
    ];
    assert_eq!(shown, expected);
}

fn a_mutant_is_compared_with_the_sound_kernel() {
    let backends = fake::backends();
    let table = fake::table(&backends);
    let mut subject = fake::subject();
    subject.spec.mutant = Some("off by one".into());
    let chosen = selection(&["small"], &["exact"]);
    let plan = plan(&[subject], &table, &Adapters::new(), &chosen, None).unwrap();
    let report = run(&plan, &table, &command, &options(None), &mut Silent).unwrap();
    // The fake provider knows no mutants: the reference ran, and its mutated row went for one.
    let row = &report.rows[0];
    assert_eq!((row.status, row.reference), (Status::Failed, false));
    assert!(row.reason.contains("mutant Some(\"off by one\")"), "{}", row.reason);
}

fn what_is_no_request_is_refused() {
    let lines = "{\"id\":7,\"request\":\"dance\"}\n\nnoise\n{\"id\":8,\"request\":\"release\",\"slot\":1}\n";
    let mut output = Vec::new();
    serve(&fake::backends(), &fake::Provider, lines.as_bytes(), &mut output).unwrap();
    let text = String::from_utf8(output).unwrap();
    let responses: Vec<Response> = text
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let [dance, noise, released] = &responses[..] else { panic!("{text}") };
    assert_eq!((dance.id, noise.id, released.id), (7, 0, 8));
    assert!(matches!(&dance.reply, Reply::Refused { reason, .. } if reason.contains("dance")));
    assert!(matches!(noise.reply, Reply::Refused { .. }) && released.reply == Reply::Released);
}
