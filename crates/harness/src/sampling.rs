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

/// The sample that is verified again is among the first so many of its row. Few, so that a row whose
/// calls turn out longer than its first one still gets there.
const EARLY_SAMPLES: u32 = 3;

/// What is left to do for a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Turn {
    /// Time it may still spend; zero ends its samples.
    left: Duration,
    /// Samples it should get, at least 1; they are spread evenly over the rounds.
    expected: u32,
    /// Moves its rounds, so that long rows do not all meet in one.
    offset: u32,
    /// Samples it has.
    taken: u32,
    /// Which of its samples is verified again.
    again: u32,
}

impl Turn {
    const NONE: Turn = Turn { left: Duration::ZERO, expected: 1, offset: 0, taken: 0, again: 0 };

    /// Whether the row is sampled in a round out of `rounds`.
    fn is_due(&self, round: u32, rounds: u32) -> bool {
        let at = u64::from(round + self.offset) % u64::from(rounds);
        let (expected, rounds) = (u64::from(self.expected), u64::from(rounds));
        !self.left.is_zero() && (at + 1) * expected / rounds > at * expected / rounds
    }
}

impl Session<'_> {
    /// Samples every verified row of a batch of cases within `budget`.
    pub(crate) fn sample(
        &mut self,
        states: &[Option<CaseState<'_>>],
        rows: &mut [LiveRow],
        measure: &Measure,
        budget: Duration,
    ) {
        let mut turns = turns(rows, measure, budget, self.options.seed);
        let begun = Instant::now();
        let end = budget + budget / 4;
        for round in 0..measure.max_samples {
            for position in shuffled(rows.len(), self.options.seed, u64::from(round)) {
                let turn = turns[position];
                // Every row gets one warm sample, even where the time is used up.
                let late = turn.taken > 0 && begun.elapsed() > end;
                if late || !turn.is_due(round, measure.max_samples) {
                    continue;
                }
                let live = &mut rows[position];
                let again = turn.taken == turn.again;
                turns[position].taken += 1;
                turns[position].left = match self.take_sample(states, live, again) {
                    Ok(wall) => turn.left.saturating_sub(wall),
                    Err(failure) => {
                        fail(&mut live.row, &failure);
                        Duration::ZERO
                    }
                };
                self.observer.sampling(begun.elapsed().min(budget), budget);
            }
        }
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

/// The turns of every row. What short rows leave of the budget goes to the longer ones; a row whose
/// first call took longer than [`Measure::once_above`] gets none, as that call is its sample.
fn turns(rows: &[LiveRow], measure: &Measure, budget: Duration, seed: u64) -> Vec<Turn> {
    let mut turns = vec![Turn::NONE; rows.len()];
    let mut wishes: Vec<(Duration, usize)> = rows
        .iter()
        .enumerate()
        .filter(|(_, live)| live.row.status == Status::Verified)
        .filter_map(|(position, live)| {
            let wall = Duration::from_nanos(live.first.as_ref()?.wall_ns);
            (wall <= measure.once_above).then_some((wall, position))
        })
        .collect();
    wishes.sort();
    let (mut left, mut rest) = (budget, wishes.len() as u32);
    for (wall, position) in wishes {
        let wish = wall.saturating_mul(measure.max_samples);
        let quota = wish.min(left / rest);
        let expected = if quota == wish {
            measure.max_samples
        } else {
            (quota.as_secs_f64() / wall.as_secs_f64().max(1e-9)) as u32
        };
        let expected = expected.clamp(1, measure.max_samples.max(1));
        let [draw, offset, ..] = philox::stream(seed, position as u64);
        turns[position] = Turn {
            // A row that may take all its samples is stopped by their number, not by their time;
            // and every row gets one warm sample, even where the budget is spent.
            left: if quota == wish { Duration::MAX } else { quota.max(Duration::from_nanos(1)) },
            expected,
            offset: offset % measure.max_samples.max(1),
            taken: 0,
            again: draw % expected.min(EARLY_SAMPLES),
        };
        left = left.saturating_sub(quota);
        rest -= 1;
    }
    turns
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
    use std::collections::BTreeMap;

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
            facts: BTreeMap::new(),
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
        let turns = turns(&rows, &measure(), Duration::from_secs(2), 1);
        let left: Vec<Duration> = turns.iter().map(|turn| turn.left).collect();
        assert_eq!(left[0], Duration::from_millis(1990), "all that the short row leaves");
        assert!(turns[0].again < 2, "it will have two or three samples");
        assert_eq!(left[1], Duration::MAX, "its ten samples fit");
        assert_eq!(left[2], Duration::ZERO, "its first call is its sample");
        assert_eq!(left[3], Duration::ZERO, "an unproved variant has no time");
    }

    #[test]
    fn a_spent_budget_leaves_one_sample_each() {
        let rows = [live(5, Status::Verified), live(7, Status::Verified)];
        let turns = turns(&rows, &measure(), Duration::ZERO, 1);
        let one = |turn: &Turn| (turn.left, turn.expected) == (Duration::from_nanos(1), 1);
        assert!(turns.iter().all(one), "{turns:?}");
        let rounds = |turn: &Turn| (0..30).filter(|&round| turn.is_due(round, 30)).count();
        assert!(turns.iter().all(|turn| rounds(turn) == 1), "{turns:?}");
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
