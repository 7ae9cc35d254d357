//! Julia set in Rust: plain loop, masked lanes, rows over threads.
//!
//! All variants give the bits of the reference: every pixel does the same operations in the same
//! order, whatever the grouping of pixels.

mod boundary;
mod simd;
#[cfg(test)]
mod tests;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};
use rayon::prelude::*;

use crate::arguments::{Real, array, array_mut, by_instance, scalar, shape2};

/// Rows of one parallel task: pixels inside the set cost the whole budget and lie together, so
/// small tasks that idle threads steal are what balances the rows.
const ROWS_PER_TASK: usize = 4;

pub(crate) const CODE: KernelCode =
    KernelCode::new(VARIANTS).with_policies(&[("boundary", boundary::boundary)]);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact("scalar", "plain loop, one pixel after the other", scalar_variant),
    NativeVariant::exact(
        "simd",
        "one pixel per lane, lanes masked, several vectors in flight",
        simd_variant,
    ),
    NativeVariant::exact(
        "threads",
        "the plain loop, few rows per task, tasks over threads",
        threads_variant,
    )
    .threaded(),
    NativeVariant::exact(
        "simd_threads",
        "masked lanes, few rows per task, tasks over threads",
        simd_threads_variant,
    )
    .threaded(),
];

/// The arguments of one call.
struct Plane<'a, T> {
    /// Row-major, one count per pixel.
    counts: &'a mut [i32],
    /// Real part per column.
    x: &'a [T],
    /// Imaginary part per row.
    y: &'a [T],
    rule: Rule<T>,
}

/// z <- z*z + c, at most so many times.
#[derive(Clone, Copy, Debug)]
struct Rule<T> {
    c_re: T,
    c_im: T,
    max_iterations: i32,
}

impl<T: Real> Rule<T> {
    /// Number of steps until |z|^2 is no longer below 4.
    fn count(&self, x: T, y: T) -> i32 {
        let four = T::from_f64(4.0);
        let (mut a, mut b, mut n) = (x, y, 0);
        while n < self.max_iterations && a * a + b * b < four {
            let next_a = a * a - b * b + self.c_re;
            b = a * b + b * a + self.c_im;
            a = next_a;
            n += 1;
        }
        n
    }

    fn rows(&self, counts: &mut [i32], x: &[T], y: &[T]) {
        for (row, &y) in counts.chunks_exact_mut(x.len()).zip(y) {
            for (count, &x) in row.iter_mut().zip(x) {
                *count = self.count(x, y);
            }
        }
    }
}

fn plane<'a, T: Real>(call: &'a mut NativeCall<'_>) -> Result<Plane<'a, T>, NativeError> {
    let given = call.arguments.len();
    let [counts, x, y, c_re, c_im, max_iterations] = &mut *call.arguments else {
        let position = given.min(5);
        return Err(NativeError::Argument { position, expected: "one of six arguments" });
    };
    let shape = shape2(counts, 0)?;
    let plane = Plane {
        counts: array_mut(counts, 0)?,
        x: array(x, 1)?,
        y: array(y, 2)?,
        rule: Rule {
            c_re: scalar(c_re, 3)?,
            c_im: scalar(c_im, 4)?,
            max_iterations: scalar(max_iterations, 5)?,
        },
    };
    if plane.x.len() < shape[1] {
        return Err(NativeError::Argument { position: 1, expected: "one x per column" });
    }
    if plane.y.len() < shape[0] {
        return Err(NativeError::Argument { position: 2, expected: "one y per row" });
    }
    let (x, y) = (&plane.x[..shape[1]], &plane.y[..shape[0]]);
    Ok(Plane { x, y, ..plane })
}

/// Writes the counts of whole rows: counts, x per column, y per row.
type Rows<T> = fn(&Rule<T>, &mut [i32], &[T], &[T]);

/// All rows by one call.
fn on_one_thread<T: Real>(plane: Plane<'_, T>, rows: Rows<T>) {
    if !plane.x.is_empty() {
        rows(&plane.rule, plane.counts, plane.x, plane.y);
    }
}

/// Few rows per call, calls on the current pool.
fn on_threads<T: Real>(plane: Plane<'_, T>, rows: Rows<T>) {
    let pixels = ROWS_PER_TASK * plane.x.len().max(1);
    let tasks = plane.counts.par_chunks_mut(pixels).zip(plane.y.par_chunks(ROWS_PER_TASK));
    tasks.with_max_len(1).for_each(|(counts, y)| rows(&plane.rule, counts, plane.x, y));
}

fn scalar_variant(call: &mut NativeCall<'_>) -> Result<(), NativeError> {
    by_instance!(
        call,
        on_one_thread(plane::<f32>(call)?, Rule::rows),
        on_one_thread(plane::<f64>(call)?, Rule::rows)
    )
}

fn threads_variant(call: &mut NativeCall<'_>) -> Result<(), NativeError> {
    by_instance!(
        call,
        on_threads(plane::<f32>(call)?, Rule::rows),
        on_threads(plane::<f64>(call)?, Rule::rows)
    )
}

fn simd_variant(call: &mut NativeCall<'_>) -> Result<(), NativeError> {
    by_instance!(
        call,
        on_one_thread(plane::<f32>(call)?, simd::rows_f32),
        on_one_thread(plane::<f64>(call)?, simd::rows_f64)
    )
}

fn simd_threads_variant(call: &mut NativeCall<'_>) -> Result<(), NativeError> {
    by_instance!(
        call,
        on_threads(plane::<f32>(call)?, simd::rows_f32),
        on_threads(plane::<f64>(call)?, simd::rows_f64)
    )
}
