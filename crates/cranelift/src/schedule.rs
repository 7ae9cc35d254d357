//! Cutting a region's iterations into chunks, and running those in order or on a pool.
//!
//! Whatever the cut, the lowest failing iteration is the one reported: a chunk ends at its first
//! failure, chunks above a failed one are given up, chunks below go on.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::ThreadPool;
use rayon::prelude::*;

/// Chunks per thread: enough that uneven work evens out.
const CHUNKS_PER_THREAD: u64 = 16;
/// Pieces of work of one call on the caller's thread: bounds how long a cancellation waits.
const SERIAL_CHUNK: u64 = 1 << 16;
/// Chunks on the caller's thread at most.
const SERIAL_CHUNKS: u64 = 1 << 10;

/// Pieces (iterations or blocks) per chunk.
pub(crate) fn chunk_size(pieces: u64, pool: Option<&ThreadPool>) -> u64 {
    match pool {
        None => SERIAL_CHUNK.max(pieces.div_ceil(SERIAL_CHUNKS)),
        Some(pool) => {
            let chunks = pool.current_num_threads() as u64 * CHUNKS_PER_THREAD;
            pieces.div_ceil(chunks).max(1)
        }
    }
}

/// Runs `run(start, end)` on every chunk of `0..pieces` and gives the results in order, or the
/// failure of the lowest chunk.
pub(crate) fn run_chunks<T: Send, E: Send>(
    pieces: u64,
    pool: Option<&ThreadPool>,
    run: impl Fn(u64, u64) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let size = chunk_size(pieces, pool);
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
