//! Samples of verified rows: in rounds, each in another order, within a budget of time; one random
//! sample of each row is verified again.

use std::time::{Duration, Instant};

use crossover_contract::Failure;
use crossover_record::{Phases, Status};
use crossover_values::philox;

use crate::rows::{LiveRow, fail, key_of};
use crate::run::Measure;
use crate::session::{CaseState, Session};
use crate::statistics::{median_position, shuffled, summarize};

/// Rounds in which the sample that is verified again may lie: every row has that many in any
/// budget that lets it be sampled at all.
const EARLY_ROUNDS: u32 = 3;

impl Session<'_> {
    /// Samples every verified row of a batch of cases within `budget`.
    pub(crate) fn sample(
        &mut self,
        states: &[Option<CaseState<'_>>],
        rows: &mut [LiveRow],
        measure: &Measure,
        budget: Duration,
    ) {
        let mut quotas = quotas(rows, measure, budget);
        let begun = Instant::now();
        for round in 0..measure.max_samples {
            let mut any = false;
            for position in shuffled(rows.len(), self.options.seed, round as u64) {
                let late = round > 0 && begun.elapsed() > budget;
                if quotas[position].is_zero() || late {
                    continue;
                }
                any = true;
                let again = round as u32 == self.round_verified_again(position, &quotas[position]);
                let taken = self.take_sample(states, &mut rows[position], again);
                quotas[position] = match taken {
                    Ok(wall) => left(quotas[position], wall),
                    Err(failure) => {
                        fail(&mut rows[position].row, &failure);
                        Duration::ZERO
                    }
                };
                self.observer.sampling(begun.elapsed().min(budget), budget);
            }
            if !any {
                break;
            }
        }
    }

    fn round_verified_again(&self, position: usize, quota: &Duration) -> u32 {
        // A quota of one nanosecond is that of a row with one sample to come.
        if quota.as_nanos() <= 1 {
            return 0;
        }
        philox::stream(self.options.seed, position as u64)[0] % EARLY_ROUNDS
    }

    /// One sample; verified again if asked. Gives its wall time.
    fn take_sample(
        &mut self,
        states: &[Option<CaseState<'_>>],
        live: &mut LiveRow,
        again: bool,
    ) -> Result<Duration, Failure> {
        let state = states.iter().flatten().find(|state| state.number == live.case);
        let state = state.ok_or_else(|| Failure::Failed("its case is gone".to_owned()))?;
        let planned = &state.planned.rows[live.planned];
        let key = key_of(planned);
        let ready = live.ready.clone();
        let mut ready = ready.ok_or_else(|| Failure::Failed("nothing is prepared".to_owned()))?;
        if self.pool.incarnation(&key) != ready.incarnation {
            // Another row has ended the worker since.
            let spec = state.planned.subject.spec.clone();
            ready = self.prepare(state, &spec, &key, planned.threads, &state.files)?;
            live.ready = Some(ready.clone());
        }
        let ran = if again {
            let (ran, outputs) = self.call_whole(state, &key, &ready)?;
            let exact = live.row.proof.as_ref().is_some_and(|proof| proof.exact);
            self.judge(state, live, &outputs, exact)?;
            if live.row.status != Status::Verified {
                live.row.reason = format!("a timed sample: {}", live.row.reason);
                return Ok(Duration::MAX);
            }
            ran
        } else {
            self.call(&key, &ready, None)?
        };
        live.row.samples.push(ran.wall_ns);
        live.sample_phases.push(ran.phases);
        Ok(Duration::from_nanos(ran.wall_ns))
    }
}

fn left(quota: Duration, wall: Duration) -> Duration {
    quota.saturating_sub(wall)
}

/// The time each row may spend. What short rows leave over goes to the longer ones; a row whose
/// first call took longer than [`Measure::once_above`] gets none, as that call is its sample.
fn quotas(rows: &[LiveRow], measure: &Measure, budget: Duration) -> Vec<Duration> {
    let mut quotas = vec![Duration::ZERO; rows.len()];
    let mut wishes: Vec<(Duration, usize)> = rows
        .iter()
        .enumerate()
        .filter(|(_, live)| live.row.status == Status::Verified)
        .filter_map(|(position, live)| {
            let wall = Duration::from_nanos(live.first.as_ref()?.wall_ns);
            let samples = u32::try_from(measure.max_samples).unwrap_or(u32::MAX);
            (wall <= measure.once_above).then(|| (wall.saturating_mul(samples), position))
        })
        .collect();
    wishes.sort();
    let (mut left, mut rest) = (budget, wishes.len() as u32);
    for (wish, position) in wishes {
        // Never zero: every row gets one warm sample, even where the budget is spent.
        let quota = wish.min(left / rest).max(Duration::from_nanos(1));
        // A row that may take all its samples is stopped by their number, not by their time.
        quotas[position] = if quota == wish { Duration::MAX } else { quota };
        left = left.saturating_sub(quota);
        rest -= 1;
    }
    quotas
}

/// Writes what the samples say into the row. A row that is not verified keeps no time.
pub(crate) fn conclude(live: &mut LiveRow) {
    let row = &mut live.row;
    if row.status != Status::Verified {
        row.samples.clear();
        return;
    }
    if let (true, Some(first)) = (row.samples.is_empty(), &live.first) {
        row.samples.push(first.wall_ns);
        live.sample_phases.push(first.phases.clone());
    }
    if let Some(summary) = summarize(&row.samples) {
        row.median_ns = Some(summary.median_ns);
        row.low_ns = Some(summary.low_ns);
        row.high_ns = Some(summary.high_ns);
    }
    let mut phases = live.ready.take().map(|ready| ready.phases).unwrap_or_default();
    if let Some(position) = median_position(&row.samples) {
        phases.extend(live.sample_phases[position].iter().cloned());
    }
    row.phases = Phases(phases);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Ran;
    use crate::tests_support::row;

    fn live(millis: u64, status: Status) -> LiveRow {
        let ran = Ran {
            wall_ns: millis * 1_000_000,
            phases: vec![("run".into(), 1)],
            back_edges: None,
            outputs: Vec::new(),
            peak_memory_bytes: None,
        };
        LiveRow {
            row: row("a", status),
            case: 0,
            planned: 0,
            ready: None,
            first: Some(ran),
            sample_phases: Vec::new(),
        }
    }

    fn measure() -> Measure {
        Measure { budget: None, max_samples: 10, once_above: Duration::from_secs(1) }
    }

    #[test]
    fn short_rows_leave_their_time_to_long_ones() {
        let rows = [
            live(900, Status::Verified),
            live(1, Status::Verified),
            live(2000, Status::Verified),
            live(1, Status::Wrong),
        ];
        let quotas = quotas(&rows, &measure(), Duration::from_secs(2));
        assert_eq!(quotas[0], Duration::from_millis(1990), "all that the short row leaves");
        assert_eq!(quotas[1], Duration::MAX, "its ten samples fit");
        assert_eq!(quotas[2], Duration::ZERO, "its first call is its sample");
        assert_eq!(quotas[3], Duration::ZERO, "an unproved variant has no time");
    }

    #[test]
    fn a_spent_budget_leaves_one_sample_each() {
        let rows = [live(5, Status::Verified), live(7, Status::Verified)];
        let quotas = quotas(&rows, &measure(), Duration::ZERO);
        assert_eq!(quotas, [Duration::from_nanos(1); 2]);
        assert_eq!(left(quotas[0], Duration::from_millis(5)), Duration::ZERO);
    }

    #[test]
    fn a_row_that_lost_its_proof_loses_its_times() {
        let mut wrong = live(5, Status::Wrong);
        wrong.row.samples = vec![1, 2, 3];
        conclude(&mut wrong);
        assert!(wrong.row.samples.is_empty() && wrong.row.median_ns.is_none());
    }

    #[test]
    fn the_first_call_is_the_sample_of_a_long_case() {
        let mut long = live(2000, Status::Verified);
        conclude(&mut long);
        assert_eq!(long.row.samples, [2_000_000_000]);
        assert_eq!(long.row.median_ns, Some(2_000_000_000));
        assert_eq!(long.row.phases.get("run"), Some(1));
    }
}
