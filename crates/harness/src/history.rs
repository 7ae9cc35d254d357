//! What earlier cases of a run tell about later ones: how long a variant will take, and whether a
//! stand-in was found bit-equal to the reference.

use std::collections::BTreeMap;
use std::time::Duration;

use crossover_contract::{Case, CaseRequest, Kernel};
use crossover_values::DType;

use crate::process::WorkerKey;

/// One verified call.
struct Past {
    work: BTreeMap<String, f64>,
    wall: Duration,
    size: String,
    exact: bool,
}

/// A call on an adapter that was shorter is mostly launches and copies, whatever its work.
const LAUNCHES: Duration = Duration::from_millis(20);

impl Past {
    /// Whether the call's time says anything about larger work.
    fn tells(&self, key: &WorkerKey) -> bool {
        key.adapter.is_none() || self.wall >= LAUNCHES
    }
}

/// What the time of judging a case's bounded rows is noted under, beside the calls of workers.
pub(crate) fn judging() -> WorkerKey {
    WorkerKey { backend: "harness".to_owned(), variant: "judging".to_owned(), adapter: None }
}

/// The verified calls of a run, by kernel, instance and what ran them.
#[derive(Default)]
pub(crate) struct History(BTreeMap<(String, DType, WorkerKey), Vec<Past>>);

impl History {
    /// Notes a verified call; `exact` if bit equality was demanded.
    pub(crate) fn note(
        &mut self,
        kernel: &Kernel,
        dtype: DType,
        case: &Case,
        key: &WorkerKey,
        wall: Duration,
        exact: bool,
    ) {
        let (work, size) = (work(kernel, case), case.size.clone());
        let calls = self.0.entry((kernel.stem.clone(), dtype, key.clone())).or_default();
        calls.push(Past { work, wall, size, exact });
    }

    /// How long a call will take if its time grows as its work does; `None` without an earlier
    /// call or a work model.
    pub(crate) fn predict(
        &self,
        kernel: &Kernel,
        dtype: DType,
        case: &Case,
        key: &WorkerKey,
    ) -> Option<Duration> {
        let calls = self.0.get(&(kernel.stem.clone(), dtype, key.clone()))?;
        let work = work(kernel, case);
        let scaled = calls.iter().filter(|past| past.tells(key)).filter_map(|past| {
            let ratios = work.iter().filter_map(|(name, value)| {
                past.work.get(name).filter(|&&before| before > 0.0).map(|before| value / before)
            });
            let ratio = ratios.filter(|ratio| ratio.is_finite()).max_by(f64::total_cmp)?;
            // The nearest call in size tells most: constant costs weigh least in it.
            let seconds = past.wall.as_secs_f64() * ratio;
            Some((ratio.ln().abs(), Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)))
        });
        scaled.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, time)| time)
    }

    /// The size at which a variant was found bit-equal to the reference, if it was.
    pub(crate) fn proved_exact(
        &self,
        kernel: &Kernel,
        dtype: DType,
        key: &WorkerKey,
    ) -> Option<&str> {
        let calls = self.0.get(&(kernel.stem.clone(), dtype, key.clone()))?;
        calls.iter().rev().find(|past| past.exact).map(|past| past.size.as_str())
    }
}

/// The kernel's named sizes that have less work than a case, the least first; none without a work
/// model.
pub(crate) fn smaller_cases(kernel: &Kernel, case: &Case) -> Vec<Case> {
    let most = |case: &Case| work(kernel, case).into_values().max_by(f64::total_cmp);
    let Some(limit) = most(case) else { return Vec::new() };
    let named = kernel.definition.sizes.keys().filter_map(|size| {
        let (size, seed) = (size.clone(), Some(case.seed));
        kernel.definition.case(&CaseRequest { size, seed, ..CaseRequest::default() }).ok()
    });
    let mut smaller: Vec<(f64, Case)> =
        named.filter_map(|case| Some((most(&case)?, case))).filter(|(w, _)| *w < limit).collect();
    smaller.sort_by(|a, b| a.0.total_cmp(&b.0));
    smaller.into_iter().map(|(_, case)| case).collect()
}

fn work(kernel: &Kernel, case: &Case) -> BTreeMap<String, f64> {
    let formulas = kernel.definition.work.iter();
    formulas
        .filter_map(|(name, formula)| Some((name.clone(), formula.value(&case.parameters).ok()?)))
        .collect()
}
