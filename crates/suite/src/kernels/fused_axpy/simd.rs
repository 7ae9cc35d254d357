//! The loop on explicit vectors: the widest where the arrays fit a cache, narrow ones where they do not.
//!
//! A fresh array begins a few bytes into a cache line, so every vector as long as a line would lie
//! across two of them: elements before the first whole line of the result go one by one. From memory,
//! loads of a quarter of a line are faster than those of a whole one: several loads of each line give
//! the hardware's prefetching more to go by, and arithmetic costs nothing there.

use fearless_simd::{Level, dispatch, f32x4, f64x2, prelude::*};

use super::{Vectors, fused};
use crate::arguments::Real;

/// Bytes of a cache line.
const LINE: usize = 64;

/// Bytes of the four arrays that are taken to come from a cache: a few times the cache of a core,
/// and less than what cores share.
const CACHE: usize = 8 << 20;

/// Vectors of a round.
const VECTORS: usize = 4;

/// Where the arrays are expected to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Place {
    Cache,
    Memory,
}

impl Place {
    /// By the bytes of all four arrays.
    pub(super) fn of<T>(vectors: &Vectors<'_, T>) -> Place {
        if 4 * size_of_val(vectors.out) <= CACHE { Place::Cache } else { Place::Memory }
    }
}

macro_rules! by_place {
    ($name:ident, $lanes:ident, $real:ty, $wide:ident, $narrow:ident) => {
        pub(super) fn $name(vectors: Vectors<'_, $real>, place: Place) {
            dispatch!(Level::new(), simd => $lanes(simd, vectors, place));
        }

        #[inline(always)]
        fn $lanes<S: Simd>(simd: S, vectors: Vectors<'_, $real>, place: Place) {
            match place {
                Place::Cache => lanes::<S, $real, S::$wide>(simd, vectors),
                Place::Memory => lanes::<S, $real, $narrow<S>>(simd, vectors),
            }
        }
    };
}

by_place!(fused_f32, lanes_f32, f32, f32s, f32x4);
by_place!(fused_f64, lanes_f64, f64, f64s, f64x2);

#[inline(always)]
fn lanes<S: Simd, T: Real, V: SimdFloat<S, Element = T>>(simd: S, vectors: Vectors<'_, T>) {
    let Vectors { out, a, b, c } = vectors;
    let head = out.as_ptr().align_offset(LINE).min(out.len());
    let width = VECTORS * V::LEN;
    let body = head..head + (out.len() - head) / width * width;
    let rounds = out[body.clone()].chunks_exact_mut(width);
    let rounds = rounds.zip(a[body.clone()].chunks_exact(width));
    let rounds = rounds.zip(b[body.clone()].chunks_exact(width));
    let rounds = rounds.zip(c[body.clone()].chunks_exact(width));
    for (((out, a), b), c) in rounds {
        for k in 0..VECTORS {
            let at = k * V::LEN..(k + 1) * V::LEN;
            let a = V::from_slice(simd, &a[at.clone()]);
            let b = V::from_slice(simd, &b[at.clone()]);
            let c = V::from_slice(simd, &c[at.clone()]);
            (a * b + c).store_slice(&mut out[at]);
        }
    }
    for rest in [0..body.start, body.end..out.len()] {
        fused(&mut out[rest.clone()], &a[rest.clone()], &b[rest.clone()], &c[rest]);
    }
}
