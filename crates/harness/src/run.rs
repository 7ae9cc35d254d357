//! The whole run: cases in batches, each verified, then sampled; then what the workers used.

use std::collections::BTreeMap;
use std::time::Duration;

use crossover_record::{Adapter, Chart, KernelCard, PictureFile, Row, Status, WorkerUse};
use crossover_values::DType;

use crate::plan::{Duty, Plan, TableLine};
use crate::pool::{Commands, Passports, Pool, private_folder};
use crate::process::WorkerKey;
use crate::protocol::AdapterCard;
use crate::rows::key_of;
use crate::sampling;
use crate::session::Session;
use crate::shown::kernel_cards;
use crate::{Adapters, HarnessError, Observer};

/// How a run goes about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Threads for threaded variants, at least 1.
    pub threads: usize,
    /// Limits of time.
    pub limits: Limits,
    /// How rows are sampled; without it each is verified once and that call is its sample.
    pub measure: Option<Measure>,
    /// Seed of the order of rounds.
    pub seed: u64,
}

/// Limits of time. What passes one costs its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// One preparation.
    pub prepare: Duration,
    /// One call; its worker is ended when it passes it.
    pub call: Duration,
    /// One call of the reference as predicted from a smaller size; a stand-in takes its place
    /// beyond it.
    pub reference: Duration,
    /// One call of another row as predicted from a smaller size; the row is skipped beyond it.
    pub expected: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        let (call, reference) = (Duration::from_secs(120), Duration::from_secs(60));
        Limits { prepare: call, call, reference, expected: call }
    }
}

/// How rows are sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// Time from the start of the run to the end of its samples, verification included; without
    /// it every row gets [`PER_ROW`]. A call that is expected to take over a third of it is not
    /// made: its row is skipped, or a stand-in takes the reference's place.
    pub budget: Option<Duration>,
    /// Most samples of a row.
    pub max_samples: u32,
    /// A row whose first call took longer is not called again: that call is its sample.
    pub once_above: Duration,
}

impl Default for Measure {
    fn default() -> Measure {
        Measure { budget: None, max_samples: 30, once_above: Duration::from_secs(1) }
    }
}

/// Time for a row's samples where the run has no budget.
pub const PER_ROW: Duration = Duration::from_secs(1);

/// The part of a budget that one call may take, as a divisor.
pub(crate) const BUDGET_SHARE: u32 = 3;

/// The part of a budget that is kept for samples even where verification took longer than planned,
/// as a divisor: a row with its first call alone says little.
pub(crate) const SAMPLING_SHARE: u32 = 4;

/// Bytes of arguments of cases that are verified and sampled together: workers keep them all.
const BATCH_BYTES: u64 = 256 << 20;

/// What a run found.
#[derive(Debug, Default)]
pub struct Report {
    /// Rows in the order of the plan.
    pub rows: Vec<Row>,
    /// What each worker used.
    pub workers: Vec<WorkerUse>,
    /// Canaries of the adapters that took part, by backend and slug.
    pub passports: Passports,
    /// Pictures with the contents of their files.
    pub pictures: Vec<(PictureFile, Vec<u8>)>,
    /// Charts of kernels.
    pub charts: Vec<Chart>,
    /// What the kernels say of themselves.
    pub kernels: Vec<KernelCard>,
}

/// Runs a plan. Nothing that a row does ends the run.
///
/// # Errors
/// [`HarnessError::NoReference`] if the table has none; [`HarnessError::Io`] if there is no place
/// for temporary files.
pub fn run(
    plan: &Plan,
    table: &[TableLine<'_>],
    commands: Commands<'_>,
    options: &Options,
    observer: &mut dyn Observer,
) -> Result<Report, HarnessError> {
    let private = private_folder()?;
    let duty = |wanted: fn(&Duty<'_>) -> Option<String>| {
        table.iter().find_map(|line| {
            let backend = line.backend.name().to_owned();
            wanted(&line.duty).map(|variant| WorkerKey { backend, variant, adapter: None })
        })
    };
    let reference = duty(|duty| match duty {
        Duty::Reference(variant) => Some((*variant).to_owned()),
        Duty::StandIn(_) | Duty::Compared => None,
    });
    let stand_in = duty(|duty| match duty {
        Duty::StandIn(variant) => Some((*variant).to_owned()),
        Duty::Reference(_) | Duty::Compared => None,
    });
    let reference = reference.ok_or(HarnessError::NoReference)?;
    observer.planned(plan.row_count());
    let options = &within_budget(options);
    let pool = Pool::new(commands, private.path(), options.threads.max(1));
    let session = Session::new(pool, private.path(), options, observer, reference, stand_in);
    Ok(session.run(plan))
}

/// The options with the limits that their budget sets.
fn within_budget(options: &Options) -> Options {
    let mut options = options.clone();
    if let Some(budget) = options.measure.and_then(|measure| measure.budget) {
        let share = budget / BUDGET_SHARE;
        options.limits.reference = options.limits.reference.min(share);
        options.limits.expected = options.limits.expected.min(share);
    }
    options
}

impl Session<'_> {
    fn run(mut self, plan: &Plan) -> Report {
        let mut report = Report::default();
        let turns = if self.options.measure.is_some() { in_turn(plan) } else { as_planned(plan) };
        let mut rows: Vec<Vec<Row>> = vec![Vec::new(); plan.cases.len()];
        let mut left = &turns[..];
        while !left.is_empty() {
            let (batch, later) = left.split_at(batch_len(plan, left));
            self.run_batch(plan, batch, later, &mut rows);
            left = later;
        }
        report.rows = rows.into_iter().flatten().collect();
        report.passports = self.passports(plan);
        report.pictures = std::mem::take(&mut self.pictures);
        report.charts = std::mem::take(&mut self.charts);
        report.kernels = kernel_cards(plan);
        report.workers = self.pool.end(self.observer);
        report
    }

    fn run_batch(&mut self, plan: &Plan, batch: &[usize], later: &[usize], rows: &mut [Vec<Row>]) {
        let (mut states, mut live) = (Vec::new(), Vec::new());
        for &number in batch {
            self.first_case = is_first_case(plan, number);
            let (state, verified) = self.verify_case(number, &plan.cases[number]);
            states.push(state);
            live.extend(verified);
        }
        let options = self.options;
        if let Some(measure) = &options.measure {
            let rest = batch.iter().chain(later).map(|&case| plan.cases[case].rows.len()).sum();
            let budget = self.share(measure, live.len(), rest);
            self.sample(&states, &mut live, measure, budget);
        }
        for row in &mut live {
            if let Some(ready) = row.ready.clone() {
                self.release(&key_of(&plan.cases[row.case].rows[row.planned]), &ready);
            }
            sampling::conclude(row);
        }
        for state in states.iter().flatten() {
            if let Some(truth) = &state.truth {
                self.release(&truth.by, &truth.ready);
            }
            // What is left behind goes with the private folder at the end.
            let _ = std::fs::remove_dir_all(self.private.join(format!("case{}", state.number)));
        }
        for live in live {
            rows[live.case].push(live.row);
        }
    }

    /// Time for the samples of a batch: its rows' part of what the budget has left.
    fn share(&self, measure: &Measure, rows: usize, rest: usize) -> Duration {
        match measure.budget {
            None => PER_ROW * u32::try_from(rows).unwrap_or(u32::MAX),
            Some(budget) => {
                let left = budget.saturating_sub(self.begun.elapsed());
                let left = left.max(budget / SAMPLING_SHARE);
                left.mul_f64(rows as f64 / rest.max(1) as f64)
            }
        }
    }

    /// The canaries of every adapter that served a row, run by a worker that has it open.
    fn passports(&mut self, plan: &Plan) -> Passports {
        let mut passports = BTreeMap::new();
        let rows = plan.cases.iter().flat_map(|case| &case.rows);
        for row in rows.filter(|row| row.refused.is_none()) {
            let Some(adapter) = row.adapter.clone() else { continue };
            let key = key_of(row);
            let place = (row.backend.clone(), adapter.clone());
            if passports.contains_key(&place) || !self.pool.runs(&key) {
                continue;
            }
            let canaries = self.pool.passport(&key, self.options.limits.prepare);
            passports.insert(place, canaries);
        }
        passports
    }
}

/// The cases in the order of the plan.
fn as_planned(plan: &Plan) -> Vec<usize> {
    (0..plan.cases.len()).collect()
}

/// Whether a case is the first of its kernel and instance in a plan: it is verified whatever the
/// budget, so that a run has something to say of every kernel.
fn is_first_case(plan: &Plan, number: usize) -> bool {
    let of = |number: usize| {
        let case = &plan.cases[number];
        (&case.subject.kernel.stem, case.dtype)
    };
    (0..number).all(|earlier| of(earlier) != of(number))
}

/// The cases so that every kernel gets its first one, then every kernel its second: what a budget
/// does not reach is then the last case of each kernel, not all of the last kernels.
fn in_turn(plan: &Plan) -> Vec<usize> {
    let mut seen: BTreeMap<(&str, DType), usize> = BTreeMap::new();
    let mut turns: Vec<(usize, usize)> = Vec::new();
    for (number, case) in plan.cases.iter().enumerate() {
        let turn = seen.entry((&case.subject.kernel.stem, case.dtype)).or_default();
        turns.push((*turn, number));
        *turn += 1;
    }
    turns.sort_unstable();
    turns.into_iter().map(|(_, number)| number).collect()
}

/// How many of these cases, at least one, are verified and sampled together.
fn batch_len(plan: &Plan, cases: &[usize]) -> usize {
    let mut bytes = 0_u64;
    let fits = |case: &&usize| {
        bytes = bytes.saturating_add(plan.cases[**case].bytes);
        bytes <= BATCH_BYTES
    };
    cases.iter().take_while(fits).count().max(1)
}

/// The adapters of a run as its record holds them: all that were listed, with the canaries of
/// those that took part.
pub fn adapter_cards(passports: &Passports, adapters: &Adapters) -> Vec<Adapter> {
    let listed =
        adapters.iter().filter_map(|(backend, cards)| Some((backend, cards.as_ref().ok()?)));
    let cards = listed.flat_map(|(backend, cards)| cards.iter().map(move |card| (backend, card)));
    let adapter = |(backend, card): (&String, &AdapterCard)| {
        let passport = passports.get(&(backend.clone(), card.slug.clone()));
        Adapter {
            backend: backend.clone(),
            slug: card.slug.clone(),
            name: card.name.clone(),
            driver: card.driver.clone(),
            kind: if card.software { "software" } else { "hardware" }.to_owned(),
            software: card.software,
            passport: passport.cloned().unwrap_or_default(),
        }
    };
    cards.map(adapter).collect()
}

/// Rows of each status, in the order of [`Status::ALL`].
pub fn tally(rows: &[Row]) -> [(Status, usize); 5] {
    Status::ALL.map(|status| (status, rows.iter().filter(|row| row.status == status).count()))
}
