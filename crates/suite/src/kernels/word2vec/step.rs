//! The step of one pair, and ways to go through the pairs.

use crossover_contract::NativeError;
use fearless_simd::{Level, dispatch, prelude::*};
use rayon::prelude::*;

use super::rows::Rows;
use super::{Training, Weight};
use crate::arguments::Real;

/// Entries of the table of the sigmoid.
pub(super) const ENTRIES: usize = 1000;

/// The table covers -6 to 6.
pub(super) const LIMIT: f64 = 6.0;

/// Most elements of a row.
pub(super) const LONGEST: usize = 128;

const PARTIALS: usize = 16;

/// Pairs of one parallel task at least: some 100 microseconds of work.
pub(super) const PAIRS_PER_TASK: usize = 64;

/// Fills the table: the sigmoid at the lower end of each entry.
pub(super) fn fill_table<T: Weight>(table: &mut [T]) {
    let (one, limit, step) = (T::from_f64(1.0), T::from_f64(LIMIT), T::from_f64(12.0 / 1000.0));
    for (i, entry) in table.iter_mut().enumerate() {
        *entry = one / (one + (limit - T::from_f64(i as f64) * step).exp());
    }
}

/// Where a dot product lies in the table, before it is cut to an entry.
#[inline(always)]
pub(super) fn place<T: Real>(f: T) -> T {
    (f + T::from_f64(LIMIT)) * T::from_f64(1000.0 / 12.0)
}

/// The sigmoid by the table.
#[inline(always)]
pub(super) fn sigmoid<T: Weight>(table: &[T], f: T) -> T {
    if f >= T::from_f64(LIMIT) {
        return T::from_f64(1.0);
    }
    if f <= T::from_f64(-LIMIT) {
        return T::from_f64(0.0);
    }
    let place: f64 = place(f).into();
    table[(place as usize).min(ENTRIES - 1)]
}

/// The dot product in the language's order: element i goes to partial i mod 16, and the partials
/// are folded by halves. Rows are far shorter than a block.
#[inline(always)]
pub(super) fn dot<T: Real>(a: &[T], b: &[T]) -> T {
    let mut partials = [T::from_f64(0.0); PARTIALS];
    let (a, b) = (a.chunks_exact(PARTIALS), b.chunks_exact(PARTIALS));
    let tail = a.remainder().iter().zip(b.remainder());
    for (a, b) in a.zip(b) {
        for ((partial, &a), &b) in partials.iter_mut().zip(a).zip(b) {
            *partial = *partial + a * b;
        }
    }
    for (partial, (&a, &b)) in partials.iter_mut().zip(tail) {
        *partial = *partial + a * b;
    }
    for half in [8, 4, 2, 1] {
        for j in 0..half {
            partials[j] = partials[j] + partials[j + half];
        }
    }
    partials[0]
}

fn running_dot<T: Real>(a: &[T], b: &[T]) -> T {
    a.iter().zip(b).fold(T::from_f64(0.0), |sum, (&a, &b)| sum + a * b)
}

/// What all pairs share.
pub(super) struct Rule<'a, T> {
    pub(super) table: &'a [T],
    pub(super) rate: T,
}

impl<T: Weight> Rule<'_, T> {
    /// One target: moves its row, and gathers the change of the word's row.
    #[inline(always)]
    pub(super) fn target(&self, word: &[T], output: &mut [T], k: usize, f: T, change: &mut [T]) {
        let label = T::from_f64(if k == 0 { 1.0 } else { 0.0 });
        let g = (label - sigmoid(self.table, f)) * self.rate;
        for ((&word, output), change) in word.iter().zip(output).zip(change) {
            *change = *change + g * *output;
            *output = *output + g * word;
        }
    }
}

#[inline(always)]
pub(super) fn add<T: Real>(word: &mut [T], change: &[T]) {
    word.iter_mut().zip(change).for_each(|(word, &change)| *word = *word + change);
}

/// Pair after pair.
#[inline(always)]
fn in_order<T: Weight>(training: Training<'_, T>, dot: impl Fn(&[T], &[T]) -> T) {
    let Training { inputs, outputs, table, centres, targets, samples, dimension, rate, .. } =
        training;
    fill_table(table);
    let rule = Rule { table, rate };
    for (&word, targets) in centres.iter().zip(targets.chunks_exact(samples)) {
        let word = &mut inputs[word as usize * dimension..][..dimension];
        let mut change = [T::from_f64(0.0); LONGEST];
        for (k, &row) in targets.iter().enumerate() {
            let output = &mut outputs[row as usize * dimension..][..dimension];
            rule.target(word, output, k, dot(word, output), &mut change);
        }
        add(word, &change);
    }
}

/// One pair after the other, plainly compiled.
pub(super) fn scalar<T: Weight>(training: Training<'_, T>) -> Result<(), NativeError> {
    in_order(training, dot);
    Ok(())
}

/// The same text for the widest vectors: its sixteen partials are lanes.
pub(super) fn simd<T: Weight>(training: Training<'_, T>) -> Result<(), NativeError> {
    #[inline(always)]
    fn vectorized<S: Simd, T: Weight>(simd: S, training: Training<'_, T>) {
        simd.vectorize(
            #[inline(always)]
            || in_order(training, dot),
        );
    }
    dispatch!(Level::new(), simd => vectorized(simd, training));
    Ok(())
}

/// A sum that waits for itself.
pub(super) fn running_sum<T: Weight>(training: Training<'_, T>) -> Result<(), NativeError> {
    in_order(training, running_dot);
    Ok(())
}

/// The step of a pair whose rows are slices of its own.
#[inline(always)]
fn own_pair<T: Weight>(rule: &Rule<'_, T>, word: &mut [T], targets: &mut [&mut [T]]) {
    let mut change = [T::from_f64(0.0); LONGEST];
    for (k, output) in targets.iter_mut().enumerate() {
        let f = dot(word, output);
        rule.target(word, output, k, f, &mut change);
    }
    add(word, &change);
}

/// Pairs of a batch over the current pool.
pub(super) fn threads<T: Weight>(training: Training<'_, T>) -> Result<(), NativeError> {
    batches(training, own_pair)
}

/// The same on the widest vectors.
pub(super) fn simd_threads<T: Weight>(training: Training<'_, T>) -> Result<(), NativeError> {
    #[inline(always)]
    fn vectorized<S: Simd, T: Weight>(
        simd: S,
        rule: &Rule<'_, T>,
        word: &mut [T],
        targets: &mut [&mut [T]],
    ) {
        simd.vectorize(
            #[inline(always)]
            || own_pair(rule, word, targets),
        );
    }
    let level = Level::new();
    batches(training, |rule, word, targets| {
        dispatch!(level, simd => vectorized(simd, rule, word, targets));
    })
}

/// Goes through the batches; the pairs of one run side by side.
fn batches<T: Weight>(
    training: Training<'_, T>,
    pair: impl Fn(&Rule<'_, T>, &mut [T], &mut [&mut [T]]) + Sync,
) -> Result<(), NativeError> {
    let Training { inputs, outputs, table, centres, targets, pairs, samples, dimension, rate } =
        training;
    fill_table(table);
    let rule = Rule { table, rate };
    let mut inputs = Rows::of(inputs, dimension);
    let mut outputs = Rows::of(outputs, dimension);
    let batches = centres.chunks_exact(pairs.max(1));
    for (centres, targets) in batches.zip(targets.chunks_exact(pairs.max(1) * samples)) {
        let mut words = inputs.take(centres)?;
        let mut rows = outputs.take(targets)?;
        let side_by_side = words.par_iter_mut().zip(rows.par_chunks_exact_mut(samples));
        let side_by_side = side_by_side.with_min_len(PAIRS_PER_TASK);
        side_by_side.for_each(|(word, targets)| pair(&rule, word, targets));
        inputs.put_back(centres, words);
        outputs.put_back(targets, rows);
    }
    Ok(())
}
