//! The steps themselves.

use fearless_simd::{Level, dispatch, prelude::*};
use rayon::prelude::*;

use super::{Ring, cell};
use crate::arguments::Real;

/// Steps between two meetings of the threads, and so cells that each computes beyond either end of
/// its part. A meeting costs some microseconds, as much as dozens of steps; the cells beyond are
/// computed twice.
const STEPS_PER_MEETING: usize = 64;

/// One step, neighbours by wrapped index.
fn wrapped_step<T: Real>(rate: T, u: &[T], v: &mut [T]) {
    let cells = u.len();
    for i in 0..cells {
        let west = if i == 0 { cells - 1 } else { i - 1 };
        let east = if i + 1 == cells { 0 } else { i + 1 };
        v[i] = cell(rate, u[west], u[i], u[east]);
    }
}

/// Two arrays that change places.
pub(super) fn plain<T: Real>(ring: Ring<'_, T>) {
    let mut u = ring.u.to_vec();
    let mut v = u.clone();
    for _ in 0..ring.steps {
        wrapped_step(ring.rate, &u, &mut v);
        std::mem::swap(&mut u, &mut v);
    }
    ring.u.copy_from_slice(&u);
}

/// An array is made for every step, and given back at its end.
pub(super) fn new_array<T: Real>(ring: Ring<'_, T>) {
    let mut u = ring.u.to_vec();
    for _ in 0..ring.steps {
        let mut v = vec![T::from_f64(0.0); u.len()];
        wrapped_step(ring.rate, &u, &mut v);
        u = v;
    }
    ring.u.copy_from_slice(&u);
}

/// All but the outermost cells of `v`, each from three of `u`: no index is wrapped and no bound is
/// checked, so the compiler makes vectors of it.
#[inline(always)]
fn inner_step<T: Real>(rate: T, u: &[T], v: &mut [T]) {
    let inner = u.len() - 2;
    let (west, here, east) = (&u[..inner], &u[1..][..inner], &u[2..][..inner]);
    let out = &mut v[1..][..inner];
    for i in 0..inner {
        out[i] = cell(rate, west[i], here[i], east[i]);
    }
}

/// A copy of the last cell before the first, and of the first behind the last.
#[inline(always)]
fn with_ghosts<T: Real>(ring: Ring<'_, T>) {
    let cells = ring.u.len();
    let mut u = vec![T::from_f64(0.0); cells + 2];
    u[1..=cells].copy_from_slice(ring.u);
    let mut v = u.clone();
    for _ in 0..ring.steps {
        (u[0], u[cells + 1]) = (u[cells], u[1]);
        inner_step(ring.rate, &u, &mut v);
        std::mem::swap(&mut u, &mut v);
    }
    ring.u.copy_from_slice(&u[1..=cells]);
}

/// Ghost cells, on the vectors that every machine has.
pub(super) fn ghosts<T: Real>(ring: Ring<'_, T>) {
    with_ghosts(ring);
}

/// Ghost cells, on the widest vectors.
pub(super) fn simd<T: Real>(ring: Ring<'_, T>) {
    #[inline(always)]
    fn vectorized<S: Simd, T: Real>(simd: S, ring: Ring<'_, T>) {
        simd.vectorize(
            #[inline(always)]
            || with_ghosts(ring),
        );
    }
    dispatch!(Level::new(), simd => vectorized(simd, ring));
}

/// A part of the ring with the cells around it that its next steps need.
struct Part<T> {
    /// First cell of the part.
    first: usize,
    /// The part, and [`STEPS_PER_MEETING`] cells on either side.
    u: Vec<T>,
    v: Vec<T>,
}

/// A part of the ring per thread.
pub(super) fn threaded<T: Real>(ring: Ring<'_, T>) {
    let cells = ring.u.len();
    let per_part = cells.div_ceil(rayon::current_num_threads());
    let mut parts: Vec<Part<T>> = (0..cells)
        .step_by(per_part)
        .map(|first| {
            let own = per_part.min(cells - first);
            let u = vec![T::from_f64(0.0); own + 2 * STEPS_PER_MEETING];
            Part { first, v: u.clone(), u }
        })
        .collect();
    let mut left = ring.steps;
    while left > 0 {
        let todo = left.min(STEPS_PER_MEETING);
        let u = &*ring.u;
        parts.par_iter_mut().for_each(|part| advance(part, u, ring.rate, todo));
        for part in &parts {
            let own = part.u.len() - 2 * STEPS_PER_MEETING;
            let done = &part.u[STEPS_PER_MEETING..][..own];
            ring.u[part.first..][..own].copy_from_slice(done);
        }
        left -= todo;
    }
}

/// Takes the cells around a part from the ring and does `todo` steps; after each, one more cell
/// from either end means nothing.
fn advance<T: Real>(part: &mut Part<T>, ring: &[T], rate: T, todo: usize) {
    let cells = ring.len();
    let before = STEPS_PER_MEETING % cells;
    let mut at = (part.first + cells - before) % cells;
    for to in &mut part.u {
        *to = ring[at];
        at = if at + 1 == cells { 0 } else { at + 1 };
    }
    steps(part, rate, todo);
}

/// The steps of a part, on the widest vectors.
fn steps<T: Real>(part: &mut Part<T>, rate: T, todo: usize) {
    #[inline(always)]
    fn vectorized<S: Simd, T: Real>(simd: S, part: &mut Part<T>, rate: T, todo: usize) {
        simd.vectorize(
            #[inline(always)]
            || {
                for _ in 0..todo {
                    inner_step(rate, &part.u, &mut part.v);
                    std::mem::swap(&mut part.u, &mut part.v);
                }
            },
        );
    }
    dispatch!(Level::new(), simd => vectorized(simd, part, rate, todo));
}
