//! Cutting a region's iterations into chunks, and running those in order or on a pool.
//!
//! Whatever the cut, the lowest failing iteration is the one reported: a chunk ends at its first
//! failure, chunks above a failed one are given up, chunks below go on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

/// Chunks per thread: enough that uneven work evens out.
const CHUNKS_PER_THREAD: u64 = 16;
/// Least work of a region that is shared, in instructions of the estimate, which counts tests
/// that a span does without: 30 to 150 us, what waking a pool and waiting for it takes.
const LEAST_SHARED: u64 = 1 << 19;
/// Least work of a chunk, in instructions: some 4 us, far above what handing it out costs.
const LEAST_CHUNK: u64 = 1 << 14;
/// Pieces of work of one call on the caller's thread: bounds how long a cancellation waits.
const SERIAL_CHUNK: u64 = 1 << 16;
/// Chunks on the caller's thread at most.
const SERIAL_CHUNKS: u64 = 1 << 10;

/// What is to be done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    /// Iterations, or blocks of them.
    pub(crate) pieces: u64,
    /// Estimated instructions of a piece.
    pub(crate) cost: u64,
}

/// Pieces per chunk.
fn chunk_size(work: Work, threads: Option<usize>) -> u64 {
    let Work { pieces, cost } = work;
    match threads {
        None => SERIAL_CHUNK.max(pieces.div_ceil(SERIAL_CHUNKS)),
        Some(threads) => {
            let even = pieces.div_ceil(threads as u64 * CHUNKS_PER_THREAD);
            even.max(LEAST_CHUNK.div_ceil(cost.max(1))).max(1)
        }
    }
}

/// Helpers of the calling thread, which takes part in all work: a region begins at once, however
/// long they take to wake up.
#[derive(Debug)]
pub(crate) struct Team {
    helpers: ThreadPool,
}

impl Team {
    /// A team of at least two threads, the caller's among them.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub(crate) fn new(threads: usize) -> Result<Team, ThreadPoolBuildError> {
        let helpers = ThreadPoolBuilder::new().num_threads(threads.max(2) - 1).build()?;
        Ok(Team { helpers })
    }

    /// All threads, the caller's among them.
    pub(crate) fn threads(&self) -> usize {
        self.helpers.current_num_threads() + 1
    }

    /// Calls `part` once on every thread, on the caller's first, and joins what they return.
    fn each<T: Send>(&self, part: impl Fn() -> Vec<T> + Sync) -> Vec<T> {
        let (part, others) = (&part, Mutex::new(Vec::new()));
        let mut all = self.helpers.in_place_scope(|scope| {
            for _ in 1..self.threads() {
                scope.spawn(|_| {
                    let mut found = part();
                    others.lock().unwrap_or_else(PoisonError::into_inner).append(&mut found);
                });
            }
            part()
        });
        all.append(&mut others.into_inner().unwrap_or_else(PoisonError::into_inner));
        all
    }
}

/// Runs `run(start, end)` on every chunk of the work and gives the results in order, or the
/// failure of the lowest chunk. Little work stays on the caller's thread.
pub(crate) fn run_chunks<T: Send, E: Send>(
    work: Work,
    team: Option<&Team>,
    run: impl Fn(u64, u64) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let pieces = work.pieces;
    let team = team.filter(|_| pieces.saturating_mul(work.cost) >= LEAST_SHARED);
    let size = chunk_size(work, team.map(Team::threads));
    let chunks = pieces.div_ceil(size);
    let on = |chunk: u64| run(chunk * size, ((chunk + 1) * size).min(pieces));
    let Some(team) = team.filter(|_| chunks > 1) else {
        return (0..chunks).map(on).collect();
    };
    let (next, lowest) = (AtomicU64::new(0), AtomicU64::new(u64::MAX));
    let mut results = team.each(|| {
        let mut own = Vec::new();
        loop {
            let chunk = next.fetch_add(1, Ordering::Relaxed);
            if chunk >= chunks || chunk > lowest.load(Ordering::Relaxed) {
                return own;
            }
            let result = on(chunk);
            if result.is_err() {
                lowest.fetch_min(chunk, Ordering::Relaxed);
            }
            own.push((chunk, result));
        }
    });
    // Chunks were handed out in order: those below a failed one have all been run.
    results.sort_unstable_by_key(|(chunk, _)| *chunk);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn little_work_is_not_cut_small() {
        let size = |pieces, cost| chunk_size(Work { pieces, cost }, Some(2));
        assert_eq!(size(1 << 20, 16), 1 << 15, "a 32nd");
        assert_eq!(size(1 << 14, 16), 1 << 10, "a 32nd would be 512 iterations");
        assert_eq!(size(64, 1 << 20), 2);
        assert_eq!(chunk_size(Work { pieces: 10, cost: 1 }, None), SERIAL_CHUNK);
    }

    #[test]
    fn a_small_region_stays_on_the_callers_thread() {
        let team = Team::new(2).unwrap();
        let caller = std::thread::current().id();
        let at_home = |pieces| {
            // Long enough for the helper to wake up, if it is asked.
            let here = |_, _| {
                std::thread::sleep(Duration::from_millis(2));
                Ok::<_, ()>(std::thread::current().id() == caller)
            };
            run_chunks(Work { pieces, cost: 1 }, Some(&team), here).unwrap()
        };
        assert!(at_home(LEAST_SHARED - 1).into_iter().all(|here| here));
        let found = at_home(LEAST_SHARED);
        assert!(found.contains(&true) && found.contains(&false), "{found:?}");
    }

    #[test]
    fn results_are_in_order_and_the_lowest_failure_is_reported() {
        let team = Team::new(3).unwrap();
        let work = Work { pieces: 480, cost: LEAST_SHARED };
        for failing in [vec![], vec![7], vec![400, 31], vec![0, 479], vec![250, 249, 251]] {
            let lowest = failing.iter().min().copied();
            let ran = run_chunks(work, Some(&team), |start, end| {
                let own = failing.iter().copied().filter(|at| (start..end).contains(at)).min();
                own.map_or(Ok(start..end), Err)
            });
            match lowest {
                Some(lowest) => assert_eq!(ran, Err(lowest)),
                None => {
                    let pieces: Vec<u64> = ran.unwrap().into_iter().flatten().collect();
                    assert_eq!(pieces, (0..480).collect::<Vec<_>>());
                }
            }
        }
    }
}
