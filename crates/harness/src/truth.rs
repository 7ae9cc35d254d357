//! The reference of a case: run once, before everything else, and checked for unwritten elements.

use std::time::{Duration, Instant};

use crossover_contract::{Case, Failure, Promise};
use crossover_values::{Param, ParamKind, Role, Value, compare};

use crate::cases::Pictures;
use crate::history;
use crate::plan::{PlannedCase, PlannedRow};
use crate::process::{CURE, WorkerKey};
use crate::protocol::KernelSpec;
use crate::run::BUDGET_SHARE;
use crate::session::{CaseState, Session, Truth, write_arguments};
use crate::verify::{Outputs, Rule, Verdict, accept_reference, compare_outputs};

/// Why a case has no reference.
pub(crate) enum NoTruth {
    /// It was left out, because it would pass a limit.
    Skipped(String),
    /// It could not be had.
    Failed(Failure),
}

impl From<Failure> for NoTruth {
    fn from(failure: Failure) -> NoTruth {
        NoTruth::Failed(failure)
    }
}

impl Session<'_> {
    /// Runs the reference of a case, or its stand-in where the reference would take too long.
    pub(crate) fn find_truth(&mut self, state: &CaseState<'_>) -> Result<Truth, NoTruth> {
        let PlannedCase { subject, dtype, case, .. } = state.planned;
        let (kernel, reference) = (&subject.kernel, self.reference.clone());
        self.scout(state);
        let limit = self.options.limits.reference;
        let name = format!("{} {}", reference.backend, reference.variant);
        let predicted = self.history.predict(kernel, *dtype, case, &reference);
        let Some(long) = predicted.filter(|&predicted| predicted > limit) else {
            return self.run_truth(state, reference, name);
        };
        let long = format!("{name} would take about {:.0} s", long.as_secs_f64());
        let Some(stand_in) = self.stand_in.clone() else {
            let cure = self.cure(limit);
            return Err(NoTruth::Skipped(format!("{long}, over the limit of {limit:?}; {cure}")));
        };
        let described = format!("{} {}", stand_in.backend, stand_in.variant);
        match self.history.proved_exact(kernel, *dtype, &stand_in) {
            Some(size) => {
                let told = format!("{described}, bit-equal to {name} at {size}; {long}");
                if let Some(reason) = self.too_long(state, &stand_in) {
                    return Err(NoTruth::Skipped(format!(
                        "{long}, and of its stand-in {described} {reason}"
                    )));
                }
                self.run_truth(state, stand_in, told).map_err(|why| match why {
                    // The row of the reference says it, which has not been called.
                    NoTruth::Failed(Failure::Failed(reason)) => {
                        NoTruth::Failed(Failure::Failed(format!("{long}; {described}: {reason}")))
                    }
                    other => other,
                })
            }
            None => Err(NoTruth::Skipped(format!(
                "{long}, over the limit of {limit:?}, and its stand-in {described} was not proved \
                 at a smaller size; {}",
                self.cure(limit)
            ))),
        }
    }

    /// Learns at smaller sizes what this case needs to know: how long its reference will take, and
    /// where that is too long, whether the stand-in is bit-equal to it. What the run has already
    /// found out is not repeated, and a scout that fails has only learned nothing.
    fn scout(&mut self, state: &CaseState<'_>) {
        let PlannedCase { subject, dtype, case, .. } = state.planned;
        let (kernel, limit) = (subject.kernel.clone(), self.options.limits.reference);
        let smaller = history::smaller_cases(&kernel, case);
        let reference = self.reference.clone();
        if let (None, Some(least)) =
            (self.history.predict(&kernel, *dtype, case, &reference), smaller.first())
        {
            let _ = self.scout_at(state, least, None);
        }
        let too_long = self.history.predict(&kernel, *dtype, case, &reference) > Some(limit);
        let Some(stand_in) = self.stand_in.clone().filter(|_| too_long) else { return };
        if self.history.proved_exact(&kernel, *dtype, &stand_in).is_none() {
            let fits = |case: &&Case| {
                let predicted = self.history.predict(&kernel, *dtype, case, &reference);
                predicted.is_some_and(|predicted| predicted <= limit)
            };
            if let Some(largest) = smaller.iter().rev().find(fits) {
                let _ = self.scout_at(state, largest, Some(&stand_in));
            }
        }
    }

    /// Runs the reference, and the stand-in if given, at another size, outside the plan.
    fn scout_at(
        &mut self,
        state: &CaseState<'_>,
        case: &Case,
        stand_in: Option<&WorkerKey>,
    ) -> Result<(), Failure> {
        let PlannedCase { subject, dtype, .. } = state.planned;
        let bytes = subject.kernel.definition.argument_bytes(state.signature, case);
        let bytes = bytes.map_err(|error| Failure::Failed(error.to_string()))?;
        let (subject, dtype, case) = (subject.clone(), *dtype, case.clone());
        let planned = PlannedCase {
            subject,
            dtype,
            case,
            bytes,
            pictures: Pictures::Wrong,
            rows: Vec::new(),
        };
        let mut scout = CaseState::new(state.number, &planned, &self.private.join("scout"))?;
        let (reference, first) = self.scout_call(&scout, &self.reference.clone())?;
        let PlannedCase { subject, case, .. } = &planned;
        self.history.note(&subject.kernel, dtype, case, &self.reference.clone(), first, true);
        if self.history.predict(&subject.kernel, dtype, case, &history::judging()).is_none() {
            self.scout_judging(state, &mut scout, &reference)?;
        }
        if let Some(stand_in) = stand_in {
            let (outputs, wall) = self.scout_call(&scout, stand_in)?;
            let verdict = compare_outputs(&reference, &outputs, Rule::Exact, "")
                .map_err(|error| Failure::Failed(error.to_string()))?;
            if matches!(verdict, Verdict::Verified(_)) {
                self.history.note(&subject.kernel, dtype, case, stand_in, wall, true);
            }
        }
        Ok(())
    }

    /// Judges the reference by itself, to learn how long judging takes where rows are bounded: it
    /// happens in this process, where nothing can end it.
    fn scout_judging(
        &mut self,
        state: &CaseState<'_>,
        scout: &mut CaseState<'_>,
        reference: &Outputs,
    ) -> Result<(), Failure> {
        let bounded =
            |row: &PlannedRow| row.refused.is_none() && row.variant.promise == Promise::Bounded;
        if !state.planned.rows.iter().any(bounded) {
            return Ok(());
        }
        let begun = Instant::now();
        let rule = scout.bounded()?;
        compare_outputs(reference, reference, rule, "")
            .map_err(|error| Failure::Failed(error.to_string()))?;
        self.note_judging(scout, begun.elapsed());
        Ok(())
    }

    /// Notes how long the first bounded row of a case took to judge.
    pub(crate) fn note_judging(&mut self, state: &CaseState<'_>, wall: Duration) {
        let PlannedCase { subject, dtype, case, .. } = state.planned;
        self.history.note(&subject.kernel, *dtype, case, &history::judging(), wall, false);
    }

    /// What lets through what would pass a limit: the option that set it.
    pub(crate) fn cure(&self, limit: Duration) -> &'static str {
        let budget = self.options.measure.and_then(|measure| measure.budget);
        let share = budget.map(|budget| budget / BUDGET_SHARE);
        if share == Some(limit) { "--budget gives more" } else { CURE }
    }

    fn scout_call(
        &mut self,
        scout: &CaseState<'_>,
        key: &WorkerKey,
    ) -> Result<(Outputs, Duration), Failure> {
        let spec = KernelSpec { mutant: None, ..scout.planned.subject.spec.clone() };
        let ready = self.prepare(scout, &spec, key, 1, &scout.files)?;
        let (ran, outputs) = self.call_whole(scout, key, &ready)?;
        self.release(key, &ready);
        Ok((outputs, Duration::from_nanos(ran.wall_ns)))
    }

    fn run_truth(
        &mut self,
        state: &CaseState<'_>,
        key: WorkerKey,
        described: String,
    ) -> Result<Truth, NoTruth> {
        let spec = KernelSpec { mutant: None, ..state.planned.subject.spec.clone() };
        let ready = self.prepare(state, &spec, &key, 1, &state.files)?;
        let (ran, outputs) = self.call_whole(state, &key, &ready)?;
        if let Verdict::Wrong { reason, .. } = accept_reference(&outputs, state.signature, "") {
            return Err(NoTruth::Failed(Failure::Failed(reason)));
        }
        if let Some(reason) = self.unwritten(state, &spec, &key, &outputs)? {
            return Err(NoTruth::Failed(Failure::Failed(reason)));
        }
        let PlannedCase { subject, dtype, case, .. } = state.planned;
        let wall = Duration::from_nanos(ran.wall_ns);
        self.history.note(&subject.kernel, *dtype, case, &key, wall, true);
        Ok(Truth { outputs, by: key, described, ready, ran })
    }

    /// Finds elements that the reference did not write: where an output still has the poison, a
    /// second run over zeros tells a poison that was left from one that was computed.
    fn unwritten(
        &mut self,
        state: &CaseState<'_>,
        spec: &KernelSpec,
        key: &WorkerKey,
        outputs: &Outputs,
    ) -> Result<Option<String>, Failure> {
        if !outputs.iter().any(|(_, value)| has_poison(value)) {
            return Ok(None);
        }
        let zeroed: Vec<Value> =
            state.signature.params.iter().zip(&state.arguments).map(zero_if_written).collect();
        let files = write_arguments(&zeroed, &self.private.join("zeroed"))?;
        let ready = self.prepare(state, spec, key, 1, &files)?;
        let (_, second) = self.call_whole(state, key, &ready)?;
        self.release(key, &ready);
        for ((name, first), (_, second)) in outputs.iter().zip(&second) {
            match compare::differences(first, second) {
                Ok(indices) if indices.is_empty() => {}
                Ok(indices) => {
                    let (count, first) = (indices.len(), indices[0]);
                    return Ok(Some(format!(
                        "the reference leaves {count} elements of `{name}` unwritten, the first \
                         is {first}"
                    )));
                }
                Err(mismatch) => return Ok(Some(format!("output `{name}`: {mismatch}"))),
            }
        }
        Ok(None)
    }
}

fn zero_if_written((param, value): (&Param, &Value)) -> Value {
    match (param.role, value) {
        (Role::Out, Value::Array(array)) => {
            Value::Array(crossover_values::Array::zeros(array.dtype(), array.shape()))
        }
        (Role::Out | Role::In | Role::InOut, value) => value.clone(),
    }
}

/// Whether any element looks like the poison that arrays come with.
fn has_poison(value: &Value) -> bool {
    let Value::Array(array) = value else { return false };
    let ParamKind::Array { dtype, .. } = value.kind() else { return false };
    let mut one = crossover_values::Array::zeros(dtype, &[1]);
    one.poison();
    let Some(poison) = one.get(0) else { return false };
    (0..array.len()).any(|index| array.get(index).is_some_and(|e| compare::same(e, poison)))
}
