//! Many patterns in Rust: one search per pattern, the automaton, and bits in parallel.
//!
//! Every variant first makes the text of the words, as the reference does; only then do they differ.

mod automaton;
mod bits;
mod search;
#[cfg(test)]
mod tests;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};
use crossover_values::{Array, DType, Value};
use rayon::prelude::*;

use crate::arguments::{array, array_mut, shape2};

pub(crate) const CODE: KernelCode = KernelCode::new(VARIANTS);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact("scalar", "every position, every pattern", |call| {
        run(call, letters, search::plain)
    }),
    NativeVariant::exact(
        "simd",
        "a bit per position, patterns as conjunctions of shifted letters",
        |call| run(call, bits::letters, bits::counts),
    ),
    NativeVariant::exact("threads", "the automaton, pieces of the text over threads", |call| {
        run(call, letters_threaded, automaton::in_pieces)
    })
    .threaded(),
    NativeVariant::exact("simd_threads", "bits, pieces of the text over threads", |call| {
        run(call, letters_threaded, bits::in_pieces)
    })
    .threaded(),
    NativeVariant::exact("memmem", "library: memchr's search, once per pattern", |call| {
        run(call, letters, search::memmem)
    }),
    NativeVariant::exact("aho_corasick", "library: aho-corasick, overlapping matches", |call| {
        run(call, letters, search::aho_corasick)
    }),
    NativeVariant::exact("automaton", "ladder: a table per state, a step per letter", |call| {
        run(call, letters, automaton::one_chain)
    }),
    NativeVariant::exact(
        "chains",
        "ladder: four pieces of the text at once, to hide the wait",
        |call| run(call, letters, automaton::four_chains),
    ),
];

/// Elements of one parallel task that makes letters.
const LETTERS_PER_TASK: usize = 1 << 16;

fn letters(text: &mut [u8], words: &[u32]) {
    for (letter, &word) in text.iter_mut().zip(words) {
        *letter = b'a' + (word >> 30) as u8;
    }
}

fn letters_threaded(text: &mut [u8], words: &[u32]) {
    let pieces = text.par_chunks_mut(LETTERS_PER_TASK).zip(words.par_chunks(LETTERS_PER_TASK));
    pieces.for_each(|(text, words)| bits::letters(text, words));
}

/// Counts the occurrences of each pattern.
type Count = fn(&[u8], &[&[u8]]) -> Result<Vec<u32>, NativeError>;

/// Makes the text, then counts.
fn run(
    call: &mut NativeCall<'_>,
    letters: fn(&mut [u8], &[u32]),
    count: Count,
) -> Result<(), NativeError> {
    if call.dtype != DType::U32 {
        return Err(NativeError::Instance(call.dtype));
    }
    let given = call.arguments.len();
    let [counts, text, words, patterns, lengths] = &mut *call.arguments else {
        let position = given.min(4);
        return Err(NativeError::Argument { position, expected: "one of five arguments" });
    };
    let [rows, width] = shape2(patterns, 3)?;
    let patterns = cut(bytes(patterns, 3)?, width, array(lengths, 4)?)?;
    let counts = array_mut::<u32>(counts, 0)?;
    let words = array::<u32>(words, 2)?;
    let Value::Array(Array::U8(text)) = text else {
        return Err(NativeError::Argument { position: 1, expected: "a u8 array" });
    };
    let text = text.as_slice_mut().unwrap_or_default();
    if text.len() != words.len() {
        return Err(NativeError::Argument { position: 2, expected: "a word per letter" });
    }
    if counts.len() != rows || patterns.len() != rows {
        return Err(NativeError::Argument { position: 4, expected: "a length per pattern" });
    }
    letters(text, words);
    counts.copy_from_slice(&count(text, &patterns)?);
    Ok(())
}

fn bytes(value: &Value, position: usize) -> Result<&[u8], NativeError> {
    match value {
        Value::Array(Array::U8(bytes)) => bytes.as_slice(),
        _ => None,
    }
    .ok_or(NativeError::Argument { position, expected: "a u8 array" })
}

/// The patterns, each as long as it is: one letter at least.
fn cut<'a>(rows: &'a [u8], width: usize, lengths: &[i32]) -> Result<Vec<&'a [u8]>, NativeError> {
    let pattern = |(row, &length): (&'a [u8], &i32)| {
        let length = usize::try_from(length).ok().filter(|length| (1..=width).contains(length));
        length.map(|length| &row[..length])
    };
    let patterns = rows.chunks_exact(width.max(1)).zip(lengths).map(pattern);
    patterns.collect::<Option<Vec<_>>>().ok_or(NativeError::Argument {
        position: 4,
        expected: "lengths from one to the width of the patterns",
    })
}
