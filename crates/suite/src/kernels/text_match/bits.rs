//! A bit per position of the text.
//!
//! For each letter that occurs in a pattern, a stream of bits says where it stands. A pattern occurs
//! at the positions that are in the stream of its first letter, in that of its second shifted by one,
//! and so on: a few vector operations answer for hundreds of positions. Shifted streams are made once
//! per block and shared by all patterns. (The idea of parallel bit streams: R. D. Cameron, PPoPP
//! 2008.)

use crossover_contract::NativeError;
use fearless_simd::{Level, dispatch, prelude::*};
use rayon::prelude::*;

/// Positions of a word of a stream.
const BITS: usize = 64;

/// Words of a block: the shifted streams of four letters and six offsets are 12 KiB.
const WORDS: usize = 64;

/// Blocks of one parallel task.
const BLOCKS_PER_TASK: usize = 16;

/// A stretch of a stream.
type Stream = [u64; WORDS];

/// The patterns by the streams they need.
struct Plan {
    letters: Vec<u8>,
    longest: usize,
    /// Per pattern the numbers of its streams: letter times `longest` plus offset.
    patterns: Vec<Vec<usize>>,
}

impl Plan {
    fn of(patterns: &[&[u8]]) -> Plan {
        let mut letters: Vec<u8> = patterns.iter().copied().flatten().copied().collect();
        letters.sort_unstable();
        letters.dedup();
        let longest = patterns.iter().map(|pattern| pattern.len()).max().unwrap_or(0);
        let number = |(offset, letter): (usize, &u8)| {
            letters.iter().position(|known| known == letter).map(|at| at * longest + offset)
        };
        let streams = |pattern: &&[u8]| pattern.iter().enumerate().filter_map(number).collect();
        let patterns = patterns.iter().map(streams).collect();
        Plan { letters, longest, patterns }
    }
}

/// Makes the letters on the widest vectors.
pub(super) fn letters(text: &mut [u8], words: &[u32]) {
    #[inline(always)]
    fn vectorized<S: Simd>(simd: S, text: &mut [u8], words: &[u32]) {
        simd.vectorize(
            #[inline(always)]
            || {
                for (letter, &word) in text.iter_mut().zip(words) {
                    *letter = b'a' + (word >> 30) as u8;
                }
            },
        );
    }
    dispatch!(Level::new(), simd => vectorized(simd, text, words));
}

/// Occurrences of each pattern.
pub(super) fn counts(text: &[u8], patterns: &[&[u8]]) -> Result<Vec<u32>, NativeError> {
    let plan = Plan::of(patterns);
    let blocks = 0..text.len().div_ceil(BITS * WORDS);
    let mut counts = vec![0; patterns.len()];
    add_blocks(&plan, text, blocks, &mut counts);
    Ok(counts)
}

/// Pieces of the text over the current pool.
pub(super) fn in_pieces(text: &[u8], patterns: &[&[u8]]) -> Result<Vec<u32>, NativeError> {
    let plan = Plan::of(patterns);
    let blocks = text.len().div_ceil(BITS * WORDS);
    let pieces = (0..blocks.div_ceil(BLOCKS_PER_TASK)).into_par_iter();
    let of_piece = |piece: usize| {
        let mut counts = vec![0; patterns.len()];
        let first = piece * BLOCKS_PER_TASK;
        add_blocks(&plan, text, first..blocks.min(first + BLOCKS_PER_TASK), &mut counts);
        counts
    };
    let add = |mut sum: Vec<u32>, other: Vec<u32>| {
        sum.iter_mut().zip(other).for_each(|(sum, count)| *sum += count);
        sum
    };
    Ok(pieces.map(of_piece).reduce(|| vec![0; patterns.len()], add))
}

fn add_blocks(plan: &Plan, text: &[u8], blocks: std::ops::Range<usize>, counts: &mut [u32]) {
    #[inline(always)]
    fn vectorized<S: Simd>(
        simd: S,
        plan: &Plan,
        text: &[u8],
        blocks: std::ops::Range<usize>,
        counts: &mut [u32],
    ) {
        simd.vectorize(
            #[inline(always)]
            || {
                let mut streams = vec![[0; WORDS]; plan.letters.len() * plan.longest];
                for block in blocks {
                    shifted_streams(simd, plan, &text[block * BITS * WORDS..], &mut streams);
                    add_block(plan, &streams, counts);
                }
            },
        );
    }
    dispatch!(Level::new(), simd => vectorized(simd, plan, text, blocks, counts));
}

/// The streams of one block that starts where `text` does, for every letter and offset. Positions
/// beyond the text hold no letter, so what reaches over its end does not occur.
#[inline(always)]
fn shifted_streams<S: Simd>(simd: S, plan: &Plan, text: &[u8], streams: &mut [Stream]) {
    for (letter, streams) in plan.letters.iter().zip(streams.chunks_exact_mut(plan.longest)) {
        let mut plain = [0; WORDS + 1];
        for (word, letters) in plain.iter_mut().zip(text.chunks(BITS)) {
            *word = positions(simd, letters, *letter);
        }
        for (offset, stream) in streams.iter_mut().enumerate() {
            for (word, pair) in stream.iter_mut().zip(plain.windows(2)) {
                // Twice by 63 - offset and 1: one shift by 64 would be none.
                *word = pair[0] >> offset | pair[1] << (BITS - 1 - offset) << 1;
            }
        }
    }
}

/// A bit for each of up to 64 letters that is the one.
#[inline(always)]
fn positions<S: Simd>(simd: S, letters: &[u8], letter: u8) -> u64 {
    let lanes = S::u8s::LEN;
    let mut bits = 0;
    let whole = letters.chunks_exact(lanes);
    let tail = whole.remainder();
    let first_of_tail = letters.len() - tail.len();
    for (at, letters) in whole.enumerate() {
        let equal = S::u8s::from_slice(simd, letters).simd_eq(letter);
        bits |= equal.to_bitmask() << (at * lanes);
    }
    for (at, &found) in tail.iter().enumerate() {
        bits |= u64::from(found == letter) << (first_of_tail + at);
    }
    bits
}

#[inline(always)]
fn add_block(plan: &Plan, streams: &[Stream], counts: &mut [u32]) {
    for (count, pattern) in counts.iter_mut().zip(&plan.patterns) {
        let Some((&first, others)) = pattern.split_first() else { continue };
        let mut occurs = streams[first];
        for &stream in others {
            for (occurs, stands) in occurs.iter_mut().zip(&streams[stream]) {
                *occurs &= stands;
            }
        }
        *count += occurs.iter().map(|word| word.count_ones()).sum::<u32>();
    }
}
