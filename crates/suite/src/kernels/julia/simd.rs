//! The Julia set with one pixel per lane.
//!
//! Neighbouring pixels leave at different steps, so a vector runs until its last lane has left,
//! and lanes that left keep their count behind a mask. One step is a chain of dependent
//! operations: several vectors are in flight to hide its latency, and one whose lanes have all
//! left takes the next piece of the rows at once, so that none waits for another.

use fearless_simd::{Level, dispatch, prelude::*};

use super::Rule;

/// Vectors in flight: measured best, enough to keep the multipliers busy and few enough to stay in
/// registers.
const SLOTS: usize = 4;

/// Steps between two looks for vectors that are done.
const BURST: i32 = 6;

/// Pieces of rows, one vector wide, in row-major order.
struct Pieces<'a, T> {
    x: &'a [T],
    y: &'a [T],
    row: usize,
    column: usize,
}

impl<'a, T: Copy> Pieces<'a, T> {
    /// The columns of the next piece, at most `lanes`, its row's y, and its first flat index.
    fn take(&mut self, lanes: usize) -> Option<(&'a [T], T, usize)> {
        let y = *self.y.get(self.row)?;
        let rest = &self.x[self.column..];
        let first = self.row * self.x.len() + self.column;
        let piece = &rest[..rest.len().min(lanes)];
        self.column += piece.len();
        if self.column == self.x.len() {
            (self.row, self.column) = (self.row + 1, 0);
        }
        Some((piece, y, first))
    }
}

macro_rules! rows {
    ($rows:ident, $lanes:ident, $slot:ident, $real:ty, $reals:ident, $ints:ident, $mask:ident) => {
        /// Counts of whole rows.
        pub(super) fn $rows(rule: &Rule<$real>, counts: &mut [i32], x: &[$real], y: &[$real]) {
            let pieces = Pieces { x, y, row: 0, column: 0 };
            dispatch!(Level::new(), simd => $lanes(simd, rule, counts, pieces));
        }

        /// One vector of pixels on its way.
        #[derive(Clone, Copy)]
        struct $slot<S: Simd> {
            a: S::$reals,
            b: S::$reals,
            n: S::$ints,
            active: S::$mask,
            /// Flat index of the first pixel.
            first: usize,
            /// Pixels; 0 if there is nothing on its way.
            len: usize,
            /// Steps left.
            left: i32,
        }

        impl<S: Simd> $slot<S> {
            #[inline(always)]
            fn empty(simd: S) -> Self {
                let (zero, none) = (S::$reals::simd_from(simd, 0.0), S::$ints::simd_from(simd, 0));
                let active = S::$mask::splat(simd, false);
                $slot { a: zero, b: zero, n: none, active, first: 0, len: 0, left: i32::MAX }
            }

            #[inline(always)]
            fn step(&mut self, c_re: S::$reals, c_im: S::$reals, four: S::$reals, two: S::$reals) {
                let (aa, bb, ab) = (self.a * self.a, self.b * self.b, self.a * self.b);
                self.active &= (aa + bb).simd_lt(four);
                self.n = self.active.select(self.n + 1, self.n);
                self.a = aa - bb + c_re;
                // Doubling is exact, so fused or not this has the bits of (ab + ab) + c_im.
                self.b = ab.mul_add(two, c_im);
            }

            /// Stores the counts of a vector that is done and takes the next piece.
            #[inline(always)]
            fn refill(
                &mut self,
                simd: S,
                counts: &mut [i32],
                pieces: &mut Pieces<'_, $real>,
                max_iterations: i32,
            ) {
                for (count, &n) in counts[self.first..][..self.len].iter_mut().zip(self.n.as_slice())
                {
                    *count = n as i32;
                }
                *self = $slot::empty(simd);
                if let Some((x, y, first)) = pieces.take(S::$reals::LEN) {
                    self.a = if x.len() == S::$reals::LEN {
                        S::$reals::from_slice(simd, x)
                    } else {
                        // Lanes beyond the row start outside the disc.
                        S::$reals::from_fn(simd, |lane| x.get(lane).copied().unwrap_or(4.0))
                    };
                    self.b = S::$reals::simd_from(simd, y);
                    self.active = S::$mask::splat(simd, true);
                    (self.first, self.len, self.left) = (first, x.len(), max_iterations);
                }
            }
        }

        #[inline(always)]
        fn $lanes<S: Simd>(
            simd: S,
            rule: &Rule<$real>,
            counts: &mut [i32],
            mut pieces: Pieces<'_, $real>,
        ) {
            let [c_re, c_im, four, two] =
                [rule.c_re, rule.c_im, 4.0, 2.0].map(|value| S::$reals::simd_from(simd, value));
            let mut slots = [$slot::empty(simd); SLOTS];
            loop {
                let mut burst = BURST;
                for slot in &mut slots {
                    if slot.left <= 0 || !slot.active.any_true() {
                        slot.refill(simd, counts, &mut pieces, rule.max_iterations);
                    }
                    burst = burst.min(slot.left);
                }
                if slots.iter().all(|slot| slot.len == 0) {
                    break;
                }
                for _ in 0..burst {
                    for slot in &mut slots {
                        slot.step(c_re, c_im, four, two);
                    }
                }
                for slot in &mut slots {
                    slot.left -= burst;
                }
            }
        }
    };
}

rows!(rows_f32, lanes_f32, SlotF32, f32, f32s, i32s, mask32s);
rows!(rows_f64, lanes_f64, SlotF64, f64, f64s, i64s, mask64s);
