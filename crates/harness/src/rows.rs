//! One row from *not verified* to its verdict.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crossover_contract::{Failure, Formula, Promise};
use crossover_record::{Phases, Row, Status, Timed};

use crate::answers::{check_answers, failed_answer};
use crate::history::judging;
use crate::observer::label;
use crate::plan::{PlannedCase, PlannedRow};
use crate::process::WorkerKey;
use crate::protocol::Ran;
use crate::run::SAMPLING_SHARE;
use crate::session::{CaseState, Ready, Session};
use crate::truth::NoTruth;
use crate::verify::{Outputs, Verdict, accept_reference, compare_outputs};
use crate::{pictures, shown};

/// A row with what is needed to go on with it.
pub(crate) struct LiveRow {
    pub(crate) row: Row,
    pub(crate) case: usize,
    pub(crate) planned: usize,
    /// What its worker holds ready; `None` unless the row is verified.
    pub(crate) ready: Option<Ready>,
    /// The first call: it verified the row, and warmed it up.
    pub(crate) first: Option<Ran>,
    /// Parts of each sample.
    pub(crate) sample_phases: Vec<Vec<(String, u64)>>,
}

/// The key of a row's worker.
pub(crate) fn key_of(planned: &PlannedRow) -> WorkerKey {
    WorkerKey {
        backend: planned.backend.clone(),
        variant: planned.variant.name.clone(),
        adapter: planned.adapter.clone(),
    }
}

/// A row about which nothing is known yet.
pub(crate) fn not_verified(case: &PlannedCase, planned: &PlannedRow) -> Row {
    Row {
        kernel: case.subject.kernel.stem.clone(),
        dtype: case.dtype,
        size: case.case.size.clone(),
        backend: planned.backend.clone(),
        variant: planned.variant.name.clone(),
        threads: planned.threads,
        adapter: planned.adapter.clone(),
        status: Status::Failed,
        reason: "not verified".to_owned(),
        median_ns: None,
        low_ns: None,
        high_ns: None,
        samples: Vec::new(),
        timed: Timed::Wall,
        phases: Phases::default(),
        proof: None,
        answers: Vec::new(),
        parameters: case.case.parameters.clone(),
        work: work(case),
        reference: false,
        peak_memory_bytes: None,
        facts: Default::default(),
        estimates: Vec::new(),
        repetition: None,
    }
}

/// The work of one call by the kernel's model; a formula that has no value here is left out.
fn work(case: &PlannedCase) -> BTreeMap<String, f64> {
    let formulas = case.subject.kernel.definition.work.iter();
    let value = |formula: &Formula| formula.value(&case.case.parameters).ok();
    formulas.filter_map(|(name, formula)| Some((name.clone(), value(formula)?))).collect()
}

/// What a verified call shows beside its proof: facts and estimates.
fn show_call(
    state: &CaseState<'_>,
    live: &mut LiveRow,
    ran: &Ran,
    outputs: &Outputs,
) -> Result<(), Failure> {
    if live.row.status != Status::Verified {
        return Ok(());
    }
    let definition = &state.planned.subject.kernel.definition;
    if let Some(fact) = ran.facts.keys().find(|name| !definition.facts.contains_key(*name)) {
        return Err(Failure::Failed(format!("it reports `{fact}`, which is none of [facts]")));
    }
    live.row.facts = ran.facts.clone();
    live.row.estimates = shown::estimates(state.planned, outputs)?;
    Ok(())
}

/// Sets a row's status from a failure.
pub(crate) fn fail(row: &mut Row, failure: &Failure) {
    row.status = match failure {
        Failure::Unavailable(_) => Status::Unavailable,
        Failure::Failed(_) | Failure::Lost(_) => Status::Failed,
    };
    row.reason = failure.to_string();
}

impl Session<'_> {
    /// Verifies every row of a case. `number` tells the case from others of the run.
    pub(crate) fn verify_case<'p>(
        &mut self,
        number: usize,
        planned: &'p PlannedCase,
    ) -> (Option<CaseState<'p>>, Vec<LiveRow>) {
        let state = CaseState::new(number, planned, &self.private.join(format!("case{number}")));
        let mut state = match state {
            Ok(state) => state,
            Err(failure) => {
                let rows = 0..planned.rows.len();
                let rows = rows.map(|row| self.lost_row(number, planned, row, &failure));
                return (None, rows.collect());
            }
        };
        let needed = planned.rows.iter().any(|row| row.refused.is_none());
        let spent = self.spent().map(NoTruth::Skipped);
        let truth = (needed && spent.is_none()).then(|| {
            let WorkerKey { backend, variant, .. } = &self.reference;
            let kernel = &planned.subject.kernel.stem;
            let (dtype, size) = (planned.dtype, &planned.case.size);
            self.observer.started(&format!("{kernel} {dtype} {size} {backend} {variant}"));
            self.find_truth(&state)
        });
        let mut missing = spent;
        match truth {
            Some(Ok(truth)) => state.truth = Some(truth),
            Some(Err(reason)) => missing = Some(reason),
            None => {}
        }
        let rows = (0..planned.rows.len())
            .map(|row| self.verify_row(number, &mut state, row, missing.as_ref()))
            .collect();
        (Some(state), rows)
    }

    fn lost_row(
        &mut self,
        number: usize,
        case: &PlannedCase,
        planned: usize,
        failure: &Failure,
    ) -> LiveRow {
        let mut row = not_verified(case, &case.rows[planned]);
        fail(&mut row, failure);
        self.observer.finished(&row);
        LiveRow { row, case: number, planned, ready: None, first: None, sample_phases: Vec::new() }
    }

    fn verify_row(
        &mut self,
        number: usize,
        state: &mut CaseState<'_>,
        planned: usize,
        missing: Option<&NoTruth>,
    ) -> LiveRow {
        let case = state.planned;
        let mut live = LiveRow {
            row: not_verified(case, &case.rows[planned]),
            case: number,
            planned,
            ready: None,
            first: None,
            sample_phases: Vec::new(),
        };
        self.observer.started(&label(&live.row));
        match (&case.rows[planned].refused, missing) {
            (Some(failure), _) => fail(&mut live.row, failure),
            (None, Some(missing)) => self.without_truth(state, &mut live, missing),
            (None, None) => {
                if let Err(failure) = self.verify_live(state, &mut live) {
                    fail(&mut live.row, &failure);
                }
            }
        }
        self.observer.finished(&live.row);
        live
    }

    /// A row that cannot be compared: the reference's own failure if it is the reference's row.
    fn without_truth(&self, state: &CaseState<'_>, live: &mut LiveRow, missing: &NoTruth) {
        let own = key_of(&state.planned.rows[live.planned]) == self.reference;
        match missing {
            NoTruth::Skipped(reason) => {
                live.row.status = Status::Skipped;
                live.row.reason = reason.clone();
            }
            NoTruth::Failed(failure) if own => fail(&mut live.row, failure),
            NoTruth::Failed(failure) => {
                live.row.reason =
                    format!("nothing to compare with: the reference failed: {failure}");
            }
        }
    }

    fn verify_live(
        &mut self,
        state: &mut CaseState<'_>,
        live: &mut LiveRow,
    ) -> Result<(), Failure> {
        let planned = &state.planned.rows[live.planned];
        let (key, spec) = (key_of(planned), state.planned.subject.spec.clone());
        let by_truth = state.truth.as_ref().is_some_and(|t| t.by == key) && spec.mutant.is_none();
        if by_truth {
            return self.accept_truth(state, live);
        }
        if let Some(reason) = self.spent().or_else(|| self.too_long(state, &key)) {
            live.row.status = Status::Skipped;
            live.row.reason = reason;
            return Ok(());
        }
        let exact = planned.variant.promise == Promise::Exact;
        let first_judged = !exact && !state.is_judged();
        if first_judged && let Some(reason) = self.judged_too_long(state) {
            live.row.status = Status::Skipped;
            live.row.reason = reason;
            return Ok(());
        }
        let ready = self.prepare(state, &spec, &key, planned.threads, &state.files)?;
        let (ran, outputs) = self.call_whole(state, &key, &ready)?;
        let begun = Instant::now();
        if !exact {
            state.bounded()?;
        }
        self.judge(state, live, &outputs, exact)?;
        if first_judged {
            self.note_judging(state, begun.elapsed());
        }
        show_call(state, live, &ran, &outputs)?;
        self.repeat(state, live, &key, &ready, &ran)?;
        self.observer.outputs(&live.row, &outputs);
        self.settle(state, live, &key, ready, ran);
        Ok(())
    }

    /// Why no further row is verified: what is left of the run's budget belongs to samples.
    fn spent(&self) -> Option<String> {
        let budget = self.options.measure.and_then(|measure| measure.budget)?;
        let late = self.begun.elapsed() > budget - budget / SAMPLING_SHARE;
        let spent = late && !self.first_case;
        spent.then(|| {
            format!("the budget of {budget:?} was spent before its turn; --budget gives more")
        })
    }

    /// Why a call of this row is not even tried: it would pass the limit for one call.
    pub(crate) fn too_long(&self, state: &CaseState<'_>, key: &WorkerKey) -> Option<String> {
        self.over_limit(state, key, "one call")
    }

    /// Why a bounded row is not even tried: to judge its outputs would pass the limit, which nothing
    /// can enforce once it has begun.
    fn judged_too_long(&self, state: &CaseState<'_>) -> Option<String> {
        self.over_limit(state, &judging(), "judging its outputs by the kernel's policy")
    }

    fn over_limit(&self, state: &CaseState<'_>, key: &WorkerKey, what: &str) -> Option<String> {
        let PlannedCase { subject, dtype, case, .. } = state.planned;
        let predicted = self.history.predict(&subject.kernel, *dtype, case, key)?;
        let limit = self.options.limits.expected;
        (predicted > limit).then(|| {
            let (seconds, cure) = (predicted.as_secs_f64(), self.cure(limit));
            format!("{what} would take about {seconds:.0} s, over the limit of {limit:?}; {cure}")
        })
    }

    fn accept_truth(
        &mut self,
        state: &mut CaseState<'_>,
        live: &mut LiveRow,
    ) -> Result<(), Failure> {
        let Some(truth) = state.truth.take() else { return Ok(()) };
        let verdict = accept_reference(&truth.outputs, state.signature, &truth.described);
        live.row.reference = true;
        self.conclude(state, live, &truth.outputs, &truth.outputs, verdict, true)?;
        let (ready, ran, by) = (truth.ready.clone(), truth.ran.clone(), truth.by.clone());
        self.charts.extend(shown::charts(state.planned, &truth.outputs)?);
        show_call(state, live, &ran, &truth.outputs)?;
        pictures::of_result(self, state, &live.row, &truth.outputs);
        self.observer.outputs(&live.row, &truth.outputs);
        state.truth = Some(truth);
        self.repeat(state, live, &by, &ready, &ran)?;
        self.settle(state, live, &by, ready, ran);
        Ok(())
    }

    /// Compares and looks up the known answers.
    pub(crate) fn judge(
        &mut self,
        state: &CaseState<'_>,
        live: &mut LiveRow,
        outputs: &Outputs,
        exact: bool,
    ) -> Result<(), Failure> {
        let Some(truth) = &state.truth else {
            return Err(Failure::Failed("nothing to compare with".to_owned()));
        };
        let rule = state.made_rule(exact);
        let verdict = compare_outputs(&truth.outputs, outputs, rule, &truth.described)
            .map_err(|error| Failure::Failed(error.to_string()))?;
        self.conclude(state, live, &truth.outputs, outputs, verdict, exact)?;
        pictures::of_difference(self, state, &live.row, &truth.outputs, outputs, rule);
        Ok(())
    }

    fn conclude(
        &self,
        state: &CaseState<'_>,
        live: &mut LiveRow,
        reference: &Outputs,
        outputs: &Outputs,
        verdict: Verdict,
        exact: bool,
    ) -> Result<(), Failure> {
        let PlannedCase { subject, dtype, case, .. } = state.planned;
        let row = &mut live.row;
        let complete = match verdict {
            Verdict::Verified(verified) => {
                row.status = Status::Verified;
                row.reason = String::new();
                row.proof = Some(verified.proof().clone());
                true
            }
            Verdict::Wrong { proof, reason } => {
                row.status = Status::Wrong;
                row.reason = reason;
                row.proof = proof.map(|proof| *proof);
                row.proof.is_some()
            }
        };
        if complete {
            let rule = state.made_rule(exact);
            row.answers = check_answers(&subject.kernel, case, *dtype, reference, outputs, rule)
                .map_err(|error| Failure::Failed(error.to_string()))?;
        }
        if let (Status::Verified, Some(reason)) = (row.status, failed_answer(&row.answers)) {
            row.status = Status::Wrong;
            row.reason = reason;
        }
        Ok(())
    }

    /// Keeps what a verified row needs for its samples, and lets go of the rest.
    fn settle(
        &mut self,
        state: &CaseState<'_>,
        live: &mut LiveRow,
        key: &WorkerKey,
        ready: Ready,
        ran: Ran,
    ) {
        live.row.peak_memory_bytes = ran.peak_memory_bytes;
        if live.row.status != Status::Verified {
            self.release(key, &ready);
            return;
        }
        let PlannedCase { subject, dtype, case, .. } = state.planned;
        let exact = live.row.proof.as_ref().is_some_and(|proof| proof.exact);
        let wall = Duration::from_nanos(ran.wall_ns);
        self.history.note(&subject.kernel, *dtype, case, key, wall, exact);
        live.ready = Some(ready);
        live.first = Some(ran);
    }
}
