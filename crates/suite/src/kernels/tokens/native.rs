//! Membership of tokens in Rust: one set of texts in seven structures.
//!
//! Every variant makes the tokens, builds its structure of them, makes the needles and looks them up;
//! what it builds and how long building and looking up took are facts beside the result.

mod automaton;
mod hashed;
mod sorted;
#[cfg(test)]
mod tests;
mod text;

use std::time::Instant;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};
use crossover_values::{DType, Scalar, Value};
use rayon::prelude::*;

use crate::arguments::{array, array_mut, scalar};

/// Needles of one parallel task.
const NEEDLES_PER_TASK: usize = 1 << 12;

/// Most tokens that five digits number.
const MOST_TOKENS: u32 = 25_u32.pow(5);

pub(crate) const CODE: KernelCode = KernelCode::new(VARIANTS);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact("scalar", "bisection in a sorted array of 16 bytes per token", |call| {
        run::<sorted::Slots>(call, one_by_one)
    }),
    NativeVariant::exact("packed", "ladder: bisection in texts end to end, with offsets", |call| {
        run::<sorted::Packed>(call, one_by_one)
    }),
    NativeVariant::exact(
        "batched",
        "bisection without branches, sixteen needles in flight",
        |call| run::<sorted::Slots>(call, sorted::in_batches),
    ),
    NativeVariant::exact("hash_set", "ladder: the standard library's set of texts", |call| {
        run::<hashed::StandardSet>(call, one_by_one)
    }),
    NativeVariant::exact("hash_table", "open addressing, half full, 16 bytes per slot", |call| {
        run::<hashed::Table>(call, one_by_one)
    }),
    NativeVariant::exact("trie", "a letter per node, children side by side", |call| {
        run::<automaton::Trie>(call, one_by_one)
    }),
    NativeVariant::exact("automaton", "the minimal automaton of the crate `fst`", |call| {
        run::<automaton::Minimal>(call, one_by_one)
    }),
    NativeVariant::exact(
        "threads",
        "the plain bisection, tokens and needles over threads",
        |call| {
            run::<sorted::Slots>(call, |set, needles, held| {
                over_tasks(set, needles, held, one_by_one)
            })
        },
    )
    .threaded(),
    NativeVariant::exact(
        "hash_threads",
        "the open table, tokens and needles over threads",
        |call| {
            run::<hashed::Table>(call, |set, needles, held| {
                over_tasks(set, needles, held, one_by_one)
            })
        },
    )
    .threaded(),
];

/// A text of at most 16 letters: the first in the highest byte, zero beyond the end, so that the
/// order of numbers is the order of texts.
type Text = u128;

/// A structure that answers whether a text is among its tokens.
trait TokenSet: Sized + Sync {
    /// Of tokens in ascending order, none twice, at least one.
    fn build(tokens: Vec<Text>) -> Result<Self, NativeError>;
    /// Bytes kept to answer lookups.
    fn bytes(&self) -> usize;
    fn holds(&self, needle: Text) -> bool;
}

/// Looks all needles up.
type LookUp<S> = fn(&S, &[Text], &mut [u32]);

fn run<S: TokenSet>(call: &mut NativeCall<'_>, look_up: LookUp<S>) -> Result<(), NativeError> {
    if call.dtype != DType::U32 {
        return Err(NativeError::Instance(call.dtype));
    }
    let given = call.arguments.len();
    let [held, draws, n] = &mut *call.arguments else {
        let position = given.min(2);
        return Err(NativeError::Argument { position, expected: "one of three arguments" });
    };
    let (held, draws) = (array_mut::<u32>(held, 0)?, array::<u32>(draws, 1)?);
    let n = scalar::<u32>(n, 2)?;
    if held.len() != draws.len() {
        return Err(NativeError::Argument { position: 1, expected: "a draw per needle" });
    }
    if n == 0 || n > MOST_TOKENS {
        return Err(NativeError::Argument { position: 2, expected: "a number of tokens" });
    }
    let tokens = (0..n).into_par_iter().map(|i| text::token(i, n, false)).collect();
    let clock = Instant::now();
    let set = S::build(tokens)?;
    let build = clock.elapsed();
    let needles: Vec<Text> = draws.par_iter().map(|&draw| text::needle(draw, n)).collect();
    let clock = Instant::now();
    look_up(&set, &needles, held);
    let lookup = clock.elapsed();
    call.facts.insert("structure_bytes", set.bytes() as f64);
    call.facts.insert("bytes_per_token", set.bytes() as f64 / f64::from(n));
    // A logarithmic axis has no zero.
    call.facts.insert("build_time", build.as_secs_f64().max(1e-9));
    call.facts.insert("lookup_time", lookup.as_secs_f64() * 1e9 / held.len() as f64);
    call.returned = vec![Value::Scalar(Scalar::U32(held.iter().sum()))];
    Ok(())
}

fn one_by_one<S: TokenSet>(set: &S, needles: &[Text], held: &mut [u32]) {
    for (held, &needle) in held.iter_mut().zip(needles) {
        *held = u32::from(set.holds(needle));
    }
}

fn over_tasks<S: TokenSet>(set: &S, needles: &[Text], held: &mut [u32], look_up: LookUp<S>) {
    let tasks = held.par_chunks_mut(NEEDLES_PER_TASK).zip(needles.par_chunks(NEEDLES_PER_TASK));
    tasks.for_each(|(held, needles)| look_up(set, needles, held));
}
