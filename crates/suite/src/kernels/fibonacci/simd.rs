//! A piece of the stream per lane. The chain of additions of one piece is as long as before, but
//! there are as many chains as lanes, and several vectors of them in flight.

use std::ops::Range;

use fearless_simd::{Level, dispatch, prelude::*};

use super::{Tally, terms_at};

/// Pieces too short for this are all beginning.
const LEAST_PIECE: u32 = 64;

/// The stream over a range of terms: whole pieces here, the rest by the plain loop.
pub(super) fn stream(terms: Range<u32>) -> Tally {
    dispatch!(Level::new(), simd => lanes(simd, terms))
}

/// One vector of pieces on its way.
#[derive(Clone, Copy)]
struct Pieces<S: Simd> {
    a: S::u32s,
    b: S::u32s,
    odd: S::u32s,
    total: S::u32s,
}

impl<S: Simd> Pieces<S> {
    /// Pieces of `length` terms from `start` on.
    #[inline(always)]
    fn new(simd: S, start: u32, length: u32) -> Pieces<S> {
        let at = |lane: usize| terms_at(start + lane as u32 * length + 1);
        let zero = S::u32s::simd_from(simd, 0);
        let a = S::u32s::from_fn(simd, |lane| at(lane)[0]);
        let b = S::u32s::from_fn(simd, |lane| at(lane)[1]);
        Pieces { a, b, odd: zero, total: zero }
    }

    #[inline(always)]
    fn step(&mut self) {
        self.odd += self.a & 1;
        self.total += self.a;
        (self.a, self.b) = (self.b, self.a + self.b);
    }

    #[inline(always)]
    fn tally(&self) -> Tally {
        let sum =
            |vector: &S::u32s| vector.as_slice().iter().fold(0, |a: u32, b| a.wrapping_add(*b));
        Tally { odd: sum(&self.odd), total: sum(&self.total) }
    }
}

#[inline(always)]
fn lanes<S: Simd>(simd: S, terms: Range<u32>) -> Tally {
    let group = S::u32s::LEN as u32;
    let length = (terms.end - terms.start) / (4 * group);
    if length < LEAST_PIECE {
        return super::stream(terms);
    }
    let at = |vector: u32| Pieces::new(simd, terms.start + vector * group * length, length);
    // Four by name: an array of them would live in memory.
    let (mut p0, mut p1, mut p2, mut p3) = (at(0), at(1), at(2), at(3));
    simd.vectorize(
        #[inline(always)]
        || {
            for _ in 0..length {
                p0.step();
                p1.step();
                p2.step();
                p3.step();
            }
        },
    );
    let mut all = super::stream(terms.start + 4 * group * length..terms.end);
    for pieces in [p0, p1, p2, p3] {
        all += pieces.tally();
    }
    all
}
