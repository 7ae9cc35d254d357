//! What the four benches share: which cases run, proof before time, Criterion's settings.
//!
//! Not the harness of `crossover run`: everything happens in this process, so a hanging driver hangs
//! the bench. In return there are Criterion's own statistics and HTML reports.

mod filter;
mod reference;
mod timing;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use criterion::Criterion;
use crossover_backends::{REFERENCE, backends, signature};
use crossover_contract::{Backend, Case, CaseRequest, Failure, Kernel, Target, Variant};
use crossover_harness::machine::cores;
use crossover_harness::verify::Verdict;
use crossover_harness::verify_in_process;
use crossover_record::AnswerCheck;
use crossover_values::{DType, Signature};

use filter::Filter;
use reference::References;
use timing::Timer;

/// Sizes to run, separated by commas.
const SIZES: &str = "CROSSOVER_BENCH_SIZES";
/// What every case can be timed at.
const SMALL: &str = "small";
/// What is timed unless [`SIZES`] says otherwise.
const BOOK: &str = "book";
/// A longer call is timed at [`SMALL`] only: ten samples of it would take over 5 s.
const LONGEST_CALL: Duration = Duration::from_millis(500);
/// A CPU variant is not even called where its time at [`SMALL`], scaled by work, comes to more.
/// Small calls have fixed costs too, so the scaled time is too high: hence the margin of ten.
const LONGEST_TRIAL: Duration = Duration::from_secs(5);
/// Longest wait for a device.
const WAIT_S: f64 = 60.0;

/// Runs the bench of a backend: every kernel, instance, variant and adapter.
pub(crate) fn bench(backend: &str) -> ExitCode {
    // Cargo passes `--bench` to a timed run only; without it Criterion tests, too.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let test = has("--test") || !has("--bench");
    let wanted = std::env::var(SIZES).unwrap_or_else(|_| BOOK.to_owned());
    let sizes = if test { SMALL.to_owned() } else { wanted };
    let sizes = sizes.split(',').map(|size| size.trim().to_owned()).collect();
    let all = backends();
    let find = |name: &str| all.iter().find(|b| b.name() == name).expect("a backend of the table");
    let mut run = Run {
        backend: find(backend).as_ref(),
        references: References::new(&all),
        criterion: Criterion::default().configure_from_args(),
        filter: Filter::new(&arguments),
        sizes,
        lost: BTreeSet::new(),
        timed: 0,
        left_out: 0,
        wrong: 0,
    };
    match run.kernels() {
        Ok(()) => run.finish(),
        Err(reason) => {
            eprintln!("{backend}: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// One line to time.
struct Line<'a> {
    kernel: &'a Kernel,
    dtype: DType,
    signature: &'a Signature,
    variant: &'a Variant,
    adapter: Option<&'a str>,
}

/// Why a line has no time at a size.
enum Untimed {
    /// A call takes too long.
    Long(String),
    /// This machine cannot do it, or it failed.
    Failed(Failure),
    /// It computes something else than the reference.
    Wrong(String),
}

impl From<Failure> for Untimed {
    fn from(failure: Failure) -> Untimed {
        Untimed::Failed(failure)
    }
}

struct Run<'a> {
    backend: &'a dyn Backend,
    references: References<'a>,
    criterion: Criterion,
    filter: Filter,
    sizes: Vec<String>,
    /// Adapters whose device is gone.
    lost: BTreeSet<String>,
    timed: usize,
    left_out: usize,
    wrong: usize,
}

impl Run<'_> {
    fn kernels(&mut self) -> Result<(), String> {
        let adapters = match self.backend.adapters() {
            Ok(adapters) if adapters.is_empty() => vec![None],
            Ok(adapters) => adapters.into_iter().map(|adapter| Some(adapter.slug)).collect(),
            Err(failure) => {
                eprintln!("{}: {failure}", self.backend.name());
                return Ok(());
            }
        };
        for kernel in crossover_suite::kernels().map_err(|error| format!("{error:?}"))? {
            for instance in &kernel.definition.instances {
                let dtype = instance.dtype;
                let signature = signature(&kernel, dtype).map_err(|error| error.to_string())?;
                for variant in &self.backend.variants(&kernel, dtype) {
                    for adapter in &adapters {
                        let adapter = adapter.as_deref();
                        let (kernel, signature) = (&kernel, &signature);
                        self.line(&Line { kernel, dtype, signature, variant, adapter })?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Times a line at every size, and at [`SMALL`] instead of the sizes that take too long.
    fn line(&mut self, line: &Line<'_>) -> Result<(), String> {
        let mut sizes = self.sizes.clone();
        let leaves = |size: &str| self.filter.leaves(&self.label(line, size));
        if !leaves(SMALL) && !sizes.iter().any(|size| leaves(size)) {
            return Ok(());
        }
        let mut next = 0;
        while let Some(size) = sizes.get(next).cloned() {
            next += 1;
            let case = line.case(&size)?;
            let label = self.label(line, &size);
            match self.size(line, &case, &label) {
                Ok(()) => self.timed += 1,
                Err(Untimed::Long(reason)) => {
                    eprintln!("{label}: {reason}: timed at {SMALL} only");
                    if !sizes.iter().any(|size| size == SMALL) {
                        sizes.push(SMALL.to_owned());
                    }
                }
                Err(Untimed::Failed(failure)) => {
                    eprintln!("{label}: not timed: {failure}");
                    self.left_out += 1;
                    self.note(line, &failure);
                }
                Err(Untimed::Wrong(reason)) => {
                    eprintln!("{label}: WRONG, so not timed: {reason}");
                    self.wrong += 1;
                }
            }
        }
        Ok(())
    }

    /// What a failure means beyond its line: a lost device answers no more, and what should have
    /// worked and did not is a defect.
    fn note(&mut self, line: &Line<'_>, failure: &Failure) {
        match failure {
            Failure::Unavailable(_) => {}
            Failure::Failed(_) => self.wrong += 1,
            Failure::Lost(_) => {
                self.wrong += 1;
                self.lost.extend(line.adapter.map(str::to_owned));
            }
        }
    }

    fn size(&mut self, line: &Line<'_>, case: &Case, label: &str) -> Result<(), Untimed> {
        if line.adapter.is_some_and(|adapter| self.lost.contains(adapter)) {
            let reason = "its device was lost earlier in this process".to_owned();
            return Err(Failure::Unavailable(reason).into());
        }
        if case.size != SMALL && line.adapter.is_none() {
            self.expect_short(line, case)?;
        }
        let mut timer = self.verified(line, case)?;
        let call = timer.trial()?;
        if case.size != SMALL && call.wall > LONGEST_CALL {
            return Err(Untimed::Long(format!("a call takes {:.2} s", call.wall.as_secs_f64())));
        }
        let throughput = timing::throughput(line.kernel, case, timer.arguments());
        let name = format!("{} ({})", self.place(line), timer.clock());
        timing::time(&mut self.criterion, label, &name, throughput, call, &mut timer);
        Ok(())
    }

    /// Refuses what would take too long by its time at [`SMALL`].
    fn expect_short(&mut self, line: &Line<'_>, case: &Case) -> Result<(), Untimed> {
        let small = line.case(SMALL).map_err(Failure::Failed)?;
        let wall = self.verified(line, &small)?.trial()?.wall;
        let expected = wall.mul_f64(timing::work_ratio(line.kernel, &small, case));
        if expected > LONGEST_TRIAL {
            let seconds = expected.as_secs_f64();
            return Err(Untimed::Long(format!("a call would take about {seconds:.0} s")));
        }
        Ok(())
    }

    /// Prepares a line, calls it once and compares everything with the reference.
    fn verified(&mut self, line: &Line<'_>, case: &Case) -> Result<Timer, Untimed> {
        let truth = self.references.get(line, case)?;
        let target = line.target(case, truth.back_edges.as_deref());
        let itself = (self.backend.name(), line.variant.name.as_str()) == REFERENCE;
        let reference = (!itself).then_some(&truth.outputs);
        let (verdict, answers, called) =
            verify_in_process(self.backend, &target, line.signature, reference)?;
        if let Verdict::Wrong { reason, .. } = verdict {
            return Err(Untimed::Wrong(reason));
        }
        match answers.iter().find(|answer| !answer.ok) {
            Some(AnswerCheck { name, expected, got, .. }) => {
                Err(Untimed::Wrong(format!("{name}: {got} instead of {expected}")))
            }
            None => Ok(Timer::new(called)),
        }
    }

    /// `kernel/dtype/size/variant`: the name of a group.
    fn label(&self, line: &Line<'_>, size: &str) -> String {
        let Line { kernel, dtype, variant, .. } = line;
        format!("{}/{dtype}/{size}/{}", kernel.stem, variant.name)
    }

    /// The backend, with the adapter or the threads.
    fn place(&self, line: &Line<'_>) -> String {
        let backend = self.backend.name();
        match line.adapter {
            Some(adapter) => format!("{backend} on {adapter}"),
            None if line.variant.threaded => format!("{backend} on {} threads", cores()),
            None => backend.to_owned(),
        }
    }

    fn finish(self) -> ExitCode {
        let Run { backend, timed, left_out, wrong, .. } = &self;
        self.criterion.final_summary();
        eprintln!(
            "{}: {timed} cases ran, {left_out} could not, {wrong} wrong or failed",
            backend.name()
        );
        if *wrong > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}

impl<'a> Line<'a> {
    fn case(&self, size: &str) -> Result<Case, String> {
        let request = CaseRequest { size: size.to_owned(), ..CaseRequest::default() };
        let case = self.kernel.definition.case(&request);
        case.map_err(|error| format!("{}: {error}", self.kernel.stem))
    }

    fn target(&self, case: &'a Case, back_edges: Option<&'a [u64]>) -> Target<'a> {
        Target {
            kernel: self.kernel,
            dtype: self.dtype,
            variant: &self.variant.name,
            adapter: self.adapter,
            threads: cores(),
            case,
            back_edges,
            wait_limit_s: WAIT_S,
        }
    }
}
