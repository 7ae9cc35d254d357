//! Cutting a region's iterations into chunks, and running those in order or on a pool.
//!
//! Whatever the cut, the lowest failing iteration is the one reported: a chunk ends at its first
//! failure, chunks above a failed one are given up, chunks below go on.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::ThreadPool;
use rayon::prelude::*;

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

/// Runs `run(start, end)` on every chunk of the work and gives the results in order, or the
/// failure of the lowest chunk. Little work stays on the caller's thread.
pub(crate) fn run_chunks<T: Send, E: Send>(
    work: Work,
    pool: Option<&ThreadPool>,
    run: impl Fn(u64, u64) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let pieces = work.pieces;
    let pool = pool.filter(|_| pieces.saturating_mul(work.cost) >= LEAST_SHARED);
    let size = chunk_size(work, pool.map(ThreadPool::current_num_threads));
    let chunks = pieces.div_ceil(size);
    let bounds = |chunk: u64| (chunk * size, ((chunk + 1) * size).min(pieces));
    let Some(pool) = pool.filter(|_| chunks > 1) else {
        return (0..chunks)
            .map(|chunk| {
                let (start, end) = bounds(chunk);
                run(start, end)
            })
            .collect();
    };
    let lowest = AtomicU64::new(u64::MAX);
    let results: Vec<Option<Result<T, E>>> = pool.install(|| {
        let each = (0..chunks as usize).into_par_iter().with_max_len(1).map(|chunk| {
            let chunk = chunk as u64;
            if lowest.load(Ordering::Relaxed) < chunk {
                return None;
            }
            let (start, end) = bounds(chunk);
            let result = run(start, end);
            if result.is_err() {
                lowest.fetch_min(chunk, Ordering::Relaxed);
            }
            Some(result)
        });
        each.collect()
    });
    // A chunk without a result lies above a failed one, so the failure comes first.
    results.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
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
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        let caller = std::thread::current().id();
        let at_home = |pieces| {
            let here = |_, _| Ok::<_, ()>(std::thread::current().id() == caller);
            let found = run_chunks(Work { pieces, cost: 1 }, Some(&pool), here).unwrap();
            found.into_iter().all(|it| it)
        };
        assert!(at_home(LEAST_SHARED - 1));
        assert!(!at_home(LEAST_SHARED));
    }
}
