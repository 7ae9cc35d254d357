//! The Julia set with one pixel per lane.
//!
//! Neighbouring pixels leave at different steps, so a vector runs until its last lane has left,
//! and lanes that left keep their count behind a mask. One step is a chain of dependent
//! operations: several vectors are in flight to hide its latency, and one whose lanes have all
//! left takes the next piece of the rows at once, so that none waits for another.

use fearless_simd::{Level, dispatch, prelude::*};

use super::Rule;

/// Vectors in flight: enough to keep the multipliers busy and few enough to stay in registers.
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

/// Does the same with each slot. Written out, because a loop over the slots is unrolled too late
/// for them to live in registers.
macro_rules! each_slot {
    ($slots:ident, $slot:ident => $body:block) => {
        const { assert!(SLOTS == 4) };
        each_slot!(@one $slots, 0, $slot, $body);
        each_slot!(@one $slots, 1, $slot, $body);
        each_slot!(@one $slots, 2, $slot, $body);
        each_slot!(@one $slots, 3, $slot, $body);
    };
    (@one $slots:ident, $index:literal, $slot:ident, $body:block) => {{
        let $slot = &mut $slots[$index];
        $body
    }};
}

macro_rules! rows {
    ($rows:ident, $lanes:ident, $slot:ident, $real:ty, $reals:ident, $int:ty, $ints:ident) => {
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
            /// The clock after the last step of each lane: a lane is on its way while this is now.
            /// A mask that lives across steps would say the same, but costs moves between register
            /// files.
            last: S::$ints,
            /// The clock before the first step.
            start: $int,
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
                $slot {
                    a: S::$reals::simd_from(simd, 0.0),
                    b: S::$reals::simd_from(simd, 0.0),
                    last: S::$ints::simd_from(simd, 0),
                    start: 0,
                    first: 0,
                    len: 0,
                    left: i32::MAX,
                }
            }

            /// One step of the lanes that have not left.
            #[inline(always)]
            fn step(&mut self, [now, next]: [S::$ints; 2], [c_re, c_im, four, two]: [S::$reals; 4]) {
                let (aa, bb, ab) = (self.a * self.a, self.b * self.b, self.a * self.b);
                let stays = (aa + bb).simd_lt(four) & self.last.simd_eq(now);
                self.last = stays.select(next, self.last);
                self.a = aa - bb + c_re;
                // Doubling is exact, so fused or not this has the bits of (ab + ab) + c_im.
                self.b = ab.mul_add(two, c_im);
            }

            /// Stores the counts of a vector that is done.
            #[inline(always)]
            fn store(&self, counts: &mut [i32]) {
                let last = self.last;
                let counts = counts[self.first..][..self.len].iter_mut();
                for (count, &last) in counts.zip(last.as_slice()) {
                    *count = last.wrapping_sub(self.start) as i32;
                }
            }

            /// The next piece, at its start; empty if there is none.
            #[inline(always)]
            fn next(
                simd: S,
                pieces: &mut Pieces<'_, $real>,
                max_iterations: i32,
                clock: $int,
            ) -> Self {
                let Some((x, y, first)) = pieces.take(S::$reals::LEN) else {
                    return $slot::empty(simd);
                };
                let a = if x.len() == S::$reals::LEN {
                    S::$reals::from_slice(simd, x)
                } else {
                    // Lanes beyond the row start outside the disc.
                    S::$reals::from_fn(simd, |lane| x.get(lane).copied().unwrap_or(4.0))
                };
                $slot {
                    a,
                    b: S::$reals::simd_from(simd, y),
                    last: S::$ints::simd_from(simd, clock),
                    start: clock,
                    first,
                    len: x.len(),
                    left: max_iterations,
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
            let constants =
                [rule.c_re, rule.c_im, 4.0, 2.0].map(|value| S::$reals::simd_from(simd, value));
            let mut slots = [$slot::empty(simd); SLOTS];
            // Steps since the start; it may wrap, only differences of it are used.
            let mut clock: $int = 0;
            loop {
                let (mut burst, mut busy) = (BURST, 0);
                let mut now = S::$ints::simd_from(simd, clock);
                each_slot!(slots, slot => {
                    if slot.len == 0 || slot.left <= 0 || !slot.last.simd_eq(now).any_true() {
                        slot.store(counts);
                        *slot = $slot::next(simd, &mut pieces, rule.max_iterations, clock);
                    }
                    burst = burst.min(slot.left);
                    busy += slot.len;
                });
                if busy == 0 {
                    break;
                }
                for _ in 0..burst {
                    let next = now + 1;
                    each_slot!(slots, slot => { slot.step([now, next], constants); });
                    now = next;
                }
                clock = clock.wrapping_add(burst.into());
                each_slot!(slots, slot => { slot.left -= burst; });
            }
        }
    };
}

rows!(rows_f32, lanes_f32, SlotF32, f32, f32s, i32, i32s);
rows!(rows_f64, lanes_f64, SlotF64, f64, f64s, i64, i64s);
