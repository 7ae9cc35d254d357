//! Several steps per walk over the grid, so that memory is read and written once for all of them.
//!
//! Rows go through the steps as a wave: as soon as three rows of a step are there, the middle one
//! of the next is made. Between first and last step only three rows of each are kept, in a ring that
//! stays in cache. The last step's rows go back where the first step's came from, a few rows
//! behind its reading, so there is no second grid.
//!
//! A band of rows does this on its own if it has the rows around it, one per step on either side,
//! as they were before: they are copied first, and computed twice. One band is the whole grid, or
//! bands go to threads. Every cell gets the reference's operations, so its bits.

use fearless_simd::{Level, dispatch, prelude::*};
use rayon::prelude::*;

use super::{Field, Rim, Rule};
use crate::arguments::Real;

/// Bytes of rows between the steps that a core's cache holds beside what streams through it.
const RING_BYTES: usize = 1 << 19;

/// Most steps per walk: beyond it memory is no longer what is waited for.
const MOST_STEPS: usize = 16;

/// Rows kept of a step.
const KEPT: usize = 3;

/// A band of rows on its way through some steps.
struct Band<'a, T> {
    /// Its rows.
    own: &'a mut [T],
    /// The rows before and after it, as many as there are steps.
    above: &'a [T],
    below: &'a [T],
    /// Index of its first row in the grid.
    first: usize,
    columns: usize,
    /// Steps, at least two.
    steps: usize,
    /// For every step but the last [`KEPT`] rows.
    rings: &'a mut [T],
}

impl<T: Real> Band<'_, T> {
    /// Rows after step `step` that later steps need, counted from the band's first row.
    #[inline(always)]
    fn needed(&self, rule: Rule<T>, step: usize) -> std::ops::Range<isize> {
        let own = (self.own.len() / self.columns) as isize;
        let more = (self.steps - step) as isize;
        match rule.rim {
            Rim::Torus => -more..own + more,
            Rim::Fixed => {
                let (first, rows) = (self.first as isize, rule.rows as isize);
                (-more).max(-first)..(own + more).min(rows - first)
            }
        }
    }

    /// A row before the first step.
    #[inline(always)]
    fn start(&self, row: isize) -> &[T] {
        let (own, columns) = ((self.own.len() / self.columns) as isize, self.columns);
        let (rows, at) = match row {
            ..0 => (self.above, row + self.steps as isize),
            _ if row < own => (&*self.own, row),
            _ => (self.below, row - own),
        };
        &rows[at as usize * columns..][..columns]
    }

    /// Where a row is kept in its step's ring.
    #[inline(always)]
    fn kept(&self, row: isize) -> std::ops::Range<usize> {
        let at = (row + KEPT as isize * self.steps as isize) as usize % KEPT * self.columns;
        at..at + self.columns
    }

    /// All steps.
    #[inline(always)]
    fn run(&mut self, rule: Rule<T>) {
        let ring = KEPT * self.columns;
        let own = (self.own.len() / self.columns) as isize;
        let (columns, last) = (self.columns, self.steps as isize);
        for wave in self.needed(rule, 1).start + 1..own + last {
            for step in 1..=self.steps {
                let row = wave - step as isize;
                if !self.needed(rule, step).contains(&row) {
                    continue;
                }
                let at_rim = rule.stays((self.first as isize + row) as usize);
                // At the rim there is no neighbour, and none is used.
                let around = if at_rim { [row; 3] } else { [row - 1, row, row + 1] };
                let places = around.map(|row| self.kept(row));
                let rings = std::mem::take(&mut self.rings);
                let (before, after) = rings.split_at_mut((step - 1) * ring);
                if step == 1 {
                    let to = self.kept(row);
                    write(rule, at_rim, around.map(|row| self.start(row)), &mut after[to]);
                } else {
                    let from = &before[(step - 2) * ring..];
                    let from = places.map(|place| &from[place]);
                    if step == self.steps {
                        let to = &mut self.own[row as usize * columns..][..columns];
                        write(rule, at_rim, from, to);
                    } else {
                        let to = self.kept(row);
                        write(rule, at_rim, from, &mut after[to]);
                    }
                }
                self.rings = rings;
            }
        }
    }
}

#[inline(always)]
fn write<T: Real>(rule: Rule<T>, at_rim: bool, from: [&[T]; 3], to: &mut [T]) {
    if at_rim { to.copy_from_slice(from[1]) } else { rule.row(from, to) }
}

/// All steps of a band on the widest vectors.
fn run<T: Real>(band: Band<'_, T>, rule: Rule<T>) {
    if band.steps == 1 {
        return one_step(band, rule);
    }
    #[inline(always)]
    fn vectorized<S: Simd, T: Real>(simd: S, mut band: Band<'_, T>, rule: Rule<T>) {
        simd.vectorize(
            #[inline(always)]
            || band.run(rule),
        );
    }
    dispatch!(Level::new(), simd => vectorized(simd, band, rule));
}

/// Most steps per walk for rows of so many bytes.
fn steps_per_walk(row_bytes: usize) -> usize {
    (RING_BYTES / (KEPT * row_bytes) + 1).clamp(3, MOST_STEPS)
}

/// The steps as walks of at least two, none above `most`, which is at least three; a single step is
/// a walk of one.
fn walks(mut left: usize, most: usize) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let steps = left.min(if left == most + 1 { most - 1 } else { most });
        left -= steps;
        (steps > 0).then_some(steps)
    })
}

/// The whole grid as one band.
pub(crate) fn on_one_thread<T: Real>(field: Field<'_, T>) {
    let rule = field.rule();
    let Field { u, rows, columns, steps, .. } = field;
    let most = steps_per_walk(columns * size_of::<T>());
    let zero = T::from_f64(0.0);
    let mut halos = vec![zero; 2 * most * columns];
    let mut rings = vec![zero; most * KEPT * columns];
    for steps in walks(steps, most) {
        let (above, below) = halos[..2 * steps * columns].split_at_mut(steps * columns);
        copy_halos(u, [rows, columns], 0..rows, above, below);
        let rings = &mut rings[..];
        let band = Band { own: &mut *u, above, below, first: 0, columns, steps, rings };
        run(band, rule);
    }
}

/// Bands over the current pool: as many as there are threads, as every further one computes rows
/// twice.
pub(crate) fn on_threads<T: Real>(field: Field<'_, T>) {
    let rule = field.rule();
    let Field { u, rows, columns, steps, .. } = field;
    let most = steps_per_walk(columns * size_of::<T>());
    let band_rows = rows.div_ceil(rayon::current_num_threads());
    let bands = rows.div_ceil(band_rows);
    let zero = T::from_f64(0.0);
    let mut halos = vec![zero; bands * 2 * most * columns];
    let mut rings = vec![zero; bands * most * KEPT * columns];
    for steps in walks(steps, most) {
        let halo = steps * columns;
        let halos = &mut halos[..bands * 2 * halo];
        let before = &*u;
        halos.par_chunks_exact_mut(2 * halo).enumerate().for_each(|(band, halos)| {
            let first = band * band_rows;
            let (above, below) = halos.split_at_mut(halo);
            let band = first..(first + band_rows).min(rows);
            copy_halos(before, [rows, columns], band, above, below);
        });
        let rings = rings.par_chunks_exact_mut(most * KEPT * columns);
        let own = u.par_chunks_mut(band_rows * columns);
        let bands = own.zip(halos.par_chunks_exact(2 * halo)).zip(rings).enumerate();
        bands.for_each(|(band, ((own, halos), rings))| {
            let (above, below) = halos.split_at(halo);
            let first = band * band_rows;
            let band = Band { own, above, below, first, columns, steps, rings };
            run(band, rule);
        });
    }
}

/// Copies the rows before and after a band, around the torus; as many as fit.
fn copy_halos<T: Real>(
    u: &[T],
    [rows, columns]: [usize; 2],
    band: std::ops::Range<usize>,
    above: &mut [T],
    below: &mut [T],
) {
    let steps = above.len() / columns;
    // Enough times around the torus to stay above zero.
    copy_rows(u, rows, columns, band.start + rows * steps - steps, above);
    copy_rows(u, rows, columns, band.end, below);
}

/// Copies rows from `first` on, around the torus.
fn copy_rows<T: Real>(u: &[T], rows: usize, columns: usize, first: usize, to: &mut [T]) {
    for (row, to) in to.chunks_exact_mut(columns).enumerate() {
        to.copy_from_slice(&u[(first + row) % rows * columns..][..columns]);
    }
}

/// A walk of one step cannot write behind its reading, so it writes aside and copies.
fn one_step<T: Real>(band: Band<'_, T>, rule: Rule<T>) {
    let mut after = band.own.to_vec();
    for (row, out) in after.chunks_exact_mut(band.columns).enumerate() {
        let at_rim = rule.stays(band.first + row);
        let row = row as isize;
        let around = if at_rim { [row; 3] } else { [row - 1, row, row + 1] };
        write(rule, at_rim, around.map(|row| band.start(row)), out);
    }
    band.own.copy_from_slice(&after);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_add_up_and_only_a_single_step_walks_alone() {
        for most in 3..8 {
            for steps in 0..40 {
                let walks: Vec<usize> = walks(steps, most).collect();
                assert_eq!(walks.iter().sum::<usize>(), steps);
                assert!(walks.iter().all(|&walk| walk <= most));
                assert!(steps == 1 || walks.iter().all(|&walk| walk >= 2), "{steps} {most}");
            }
        }
    }

    #[test]
    fn rings_fit_their_cache() {
        for columns in [1, 64, 512, 4096] {
            for size in [4, 8] {
                let steps = steps_per_walk(columns * size);
                assert!((steps - 1) * KEPT * columns * size <= RING_BYTES, "{columns}");
            }
        }
    }
}
