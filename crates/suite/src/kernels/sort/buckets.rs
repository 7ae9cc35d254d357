//! The top digit first: after one pass over all keys, those of a bucket fit the innermost caches,
//! where the other three passes cost less. Buckets know nothing of each other, so threads take them
//! as they come, and nothing has to be merged.

use rayon::prelude::*;

const DIGITS: usize = 256;

/// Passes in a bucket: the digits below the top one.
const LOW_PASSES: usize = 3;

/// Keys of a piece that is grouped on its own at least: below it, the keys that go to one bucket are
/// too few to be read in a row.
const LEAST_PIECE: usize = 1 << 14;

/// Keys below which clearing the counts of a bucket costs more than comparing its keys.
const LEAST_BUCKET: usize = 128;

/// Pieces per thread: enough that a thread that comes late finds less to do.
const PIECES_PER_THREAD: usize = 4;

/// Where each digit's keys start in a grouped piece, and where the last one's end.
type Starts = [u32; DIGITS + 1];

/// One thread, one piece.
pub(super) fn on_one_thread(keys: &[u32], ordered: &mut [u32]) {
    let mut grouped = vec![0; keys.len()];
    let starts = group(keys, &mut grouped);
    let mut spare = Vec::new();
    for (digit, bucket) in split(ordered, &[starts]).into_iter().enumerate() {
        low_digits(&[run(&grouped, &starts, digit)], bucket, &mut spare);
    }
}

/// Pieces are grouped, then buckets are sorted, both over the current pool.
pub(super) fn on_threads(keys: &[u32], ordered: &mut [u32], threads: usize) {
    let length = keys.len().div_ceil(threads * PIECES_PER_THREAD).max(LEAST_PIECE);
    let mut grouped = vec![0; keys.len()];
    let pieces = keys.par_chunks(length).zip(grouped.par_chunks_mut(length));
    let starts: Vec<Starts> = pieces.map(|(keys, grouped)| group(keys, grouped)).collect();
    let buckets = split(ordered, &starts).into_par_iter().enumerate();
    buckets.for_each_init(Vec::new, |spare, (digit, bucket)| {
        let pieces = grouped.chunks(length).zip(&starts);
        let runs: Vec<&[u32]> = pieces.map(|(piece, starts)| run(piece, starts, digit)).collect();
        low_digits(&runs, bucket, spare);
    });
}

/// The keys by their top digit, in order otherwise.
fn group(keys: &[u32], grouped: &mut [u32]) -> Starts {
    let mut starts = [0; DIGITS + 1];
    for &key in keys {
        starts[(key >> 24) as usize + 1] += 1;
    }
    for digit in 0..DIGITS {
        starts[digit + 1] += starts[digit];
    }
    let mut places = starts;
    for &key in keys {
        let place = &mut places[(key >> 24) as usize];
        grouped[*place as usize] = key;
        *place += 1;
    }
    starts
}

/// The keys of a grouped piece with a top digit.
fn run<'a>(piece: &'a [u32], starts: &Starts, digit: usize) -> &'a [u32] {
    &piece[starts[digit] as usize..starts[digit + 1] as usize]
}

/// The places of each top digit.
fn split<'a>(mut ordered: &'a mut [u32], starts: &[Starts]) -> Vec<&'a mut [u32]> {
    let mut buckets = Vec::with_capacity(DIGITS);
    for digit in 0..DIGITS {
        let keys: u32 = starts.iter().map(|starts| starts[digit + 1] - starts[digit]).sum();
        let (bucket, rest) = ordered.split_at_mut(keys as usize);
        buckets.push(bucket);
        ordered = rest;
    }
    buckets
}

/// Sorts the keys of one bucket, which are in several runs, by their lower digits.
fn low_digits(runs: &[&[u32]], bucket: &mut [u32], spare: &mut Vec<u32>) {
    if bucket.len() < LEAST_BUCKET {
        let keys = runs.iter().copied().flatten();
        bucket.iter_mut().zip(keys).for_each(|(place, &key)| *place = key);
        bucket.sort_unstable();
        return;
    }
    let mut places = [[0_u32; DIGITS]; LOW_PASSES];
    for &key in runs.iter().copied().flatten() {
        for (pass, counts) in places.iter_mut().enumerate() {
            counts[digit(key, pass)] += 1;
        }
    }
    for places in &mut places {
        let mut total = 0;
        for place in places {
            total += std::mem::replace(place, total);
        }
    }
    if spare.len() < bucket.len() {
        spare.resize(bucket.len(), 0);
    }
    let spare = &mut spare[..bucket.len()];
    let [first, second, third] = &mut places;
    for run in runs {
        scatter(run, 0, first, bucket);
    }
    scatter(bucket, 1, second, spare);
    scatter(spare, 2, third, bucket);
}

#[inline(always)]
fn digit(key: u32, pass: usize) -> usize {
    (key >> (8 * pass)) as usize % DIGITS
}

/// Moves keys to where their digit belongs.
#[inline(always)]
fn scatter(keys: &[u32], pass: usize, places: &mut [u32; DIGITS], target: &mut [u32]) {
    for &key in keys {
        let place = &mut places[digit(key, pass)];
        target[*place as usize] = key;
        *place += 1;
    }
}
