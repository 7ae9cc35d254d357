//! All threads over shared rows, without order and without locks.
//!
//! Rows lie in words that are read and written one at a time, with relaxed atomics: a step may see a
//! row that another is half way through, or overwrite its change; nothing else can happen. A word
//! holds two elements of f32 or one of f64.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crossover_contract::NativeError;
use fearless_simd::{Level, dispatch, prelude::*};
use rayon::prelude::*;

use super::step::{LONGEST, PAIRS_PER_TASK, Rule, add, dot, fill_table};
use super::{Training, Weight};

/// Elements that pack into words.
pub(super) trait Packed: Weight {
    /// Elements of a word.
    const PER_WORD: usize;
    /// The word of so many elements.
    fn pack(elements: &[Self]) -> u64;
    /// The elements of a word.
    fn unpack(word: u64, elements: &mut [Self]);
}

impl Packed for f32 {
    const PER_WORD: usize = 2;

    #[inline(always)]
    fn pack(elements: &[f32]) -> u64 {
        u64::from(elements[0].to_bits()) | u64::from(elements[1].to_bits()) << 32
    }

    #[inline(always)]
    fn unpack(word: u64, elements: &mut [f32]) {
        elements[0] = f32::from_bits(word as u32);
        elements[1] = f32::from_bits((word >> 32) as u32);
    }
}

impl Packed for f64 {
    const PER_WORD: usize = 1;

    #[inline(always)]
    fn pack(elements: &[f64]) -> u64 {
        elements[0].to_bits()
    }

    #[inline(always)]
    fn unpack(word: u64, elements: &mut [f64]) {
        elements[0] = f64::from_bits(word);
    }
}

/// A row of one thread; beyond the dimension it is zero.
type Row<T> = [T; LONGEST];

/// A matrix whose rows all threads read and write.
struct Shared<T> {
    words: Vec<AtomicU64>,
    per_row: usize,
    element: PhantomData<T>,
}

impl<T: Packed> Shared<T> {
    fn of(matrix: &[T], dimension: usize) -> Shared<T> {
        let per_row = dimension.div_ceil(T::PER_WORD);
        let rows = matrix.chunks_exact(dimension);
        let mut words = Vec::with_capacity(rows.len() * per_row);
        let mut padded = [T::from_f64(0.0); LONGEST];
        for row in rows {
            padded[..dimension].copy_from_slice(row);
            let elements = padded.chunks_exact(T::PER_WORD).take(per_row);
            words.extend(elements.map(|elements| AtomicU64::new(T::pack(elements))));
        }
        Shared { words, per_row, element: PhantomData }
    }

    #[inline(always)]
    fn row(&self, row: i32) -> &[AtomicU64] {
        &self.words[row as usize * self.per_row..][..self.per_row]
    }

    #[inline(always)]
    fn load(&self, row: i32, into: &mut Row<T>) {
        for (word, elements) in self.row(row).iter().zip(into.chunks_exact_mut(T::PER_WORD)) {
            T::unpack(word.load(Relaxed), elements);
        }
    }

    #[inline(always)]
    fn store(&self, row: i32, from: &Row<T>) {
        for (word, elements) in self.row(row).iter().zip(from.chunks_exact(T::PER_WORD)) {
            word.store(T::pack(elements), Relaxed);
        }
    }

    fn into_matrix(self, matrix: &mut [T], dimension: usize) {
        let mut padded = [T::from_f64(0.0); LONGEST];
        for (row, values) in matrix.chunks_exact_mut(dimension).enumerate() {
            self.load(row as i32, &mut padded);
            values.copy_from_slice(&padded[..dimension]);
        }
    }
}

/// The two matrices.
struct Model<T> {
    inputs: Shared<T>,
    outputs: Shared<T>,
    dimension: usize,
}

impl<T: Packed> Model<T> {
    #[inline(always)]
    fn pair(&self, rule: &Rule<'_, T>, centre: i32, targets: &[i32]) {
        let zero = [T::from_f64(0.0); LONGEST];
        let (mut word, mut output, mut change) = (zero, zero, zero);
        self.inputs.load(centre, &mut word);
        for (k, &target) in targets.iter().enumerate() {
            self.outputs.load(target, &mut output);
            let (word, row) = (&word[..self.dimension], &mut output[..self.dimension]);
            rule.target(word, row, k, dot(word, row), &mut change);
            self.outputs.store(target, &output);
        }
        // Once more, for another thread may have moved it meanwhile.
        self.inputs.load(centre, &mut word);
        add(&mut word[..self.dimension], &change);
        self.inputs.store(centre, &word);
    }
}

/// The batches one after the other: pairs of one share no row, so the result is the reference's.
pub(super) fn batches<T: Packed>(training: Training<'_, T>) -> Result<(), NativeError> {
    let batch = training.pairs.max(1);
    train(training, batch)
}

/// All pairs of all batches at once.
pub(super) fn free<T: Packed>(training: Training<'_, T>) -> Result<(), NativeError> {
    let all = training.centres.len().max(1);
    train(training, all)
}

fn train<T: Packed>(training: Training<'_, T>, at_once: usize) -> Result<(), NativeError> {
    #[inline(always)]
    fn vectorized<S: Simd, T: Packed>(
        simd: S,
        model: &Model<T>,
        rule: &Rule<'_, T>,
        (centre, targets): (i32, &[i32]),
    ) {
        simd.vectorize(
            #[inline(always)]
            || model.pair(rule, centre, targets),
        );
    }
    let Training { inputs, outputs, table, centres, targets, samples, dimension, rate, .. } =
        training;
    if dimension > LONGEST {
        return Err(NativeError::Argument { position: 0, expected: "rows of at most 128" });
    }
    fill_table(table);
    let rule = Rule { table, rate };
    let model = Model {
        inputs: Shared::of(inputs, dimension),
        outputs: Shared::of(outputs, dimension),
        dimension,
    };
    let level = Level::new();
    let groups = centres.chunks(at_once).zip(targets.chunks(at_once * samples));
    for (centres, targets) in groups {
        let pairs = centres.par_iter().zip(targets.par_chunks_exact(samples));
        pairs.with_min_len(PAIRS_PER_TASK).for_each(|(&centre, targets)| {
            dispatch!(level, simd => vectorized(simd, &model, &rule, (centre, targets)));
        });
    }
    let Model { inputs: words, outputs: rows, dimension } = model;
    words.into_matrix(inputs, dimension);
    rows.into_matrix(outputs, dimension);
    Ok(())
}
