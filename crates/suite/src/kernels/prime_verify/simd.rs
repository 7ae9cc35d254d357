//! A vector of divisors at a time, exact in f64 although the number has more than 53 bits.
//!
//! n is near + rest, near its rounding to f64. If q, a whole number, is the nearest to n / d, then
//! n - q d is small, `near - q d` is exact by one fused operation, and d divides n if and only if
//! that difference is -rest. So the quotient must only be right within less than one half before
//! it is rounded; a wrong one can hide a divisor, but never invent one.

use std::ops::Range;

use fearless_simd::{Level, dispatch, prelude::*};

use super::{divisor, plain};

/// Divisors between two looks at the outcome.
const BLOCK: u64 = 128;

/// Below this k the quotient of a number of 64 bits has more bits than f64 keeps right: with
/// d >= 2^14 it is below 2^50, and its two roundings stay below 2^-2.
const FIRST: u64 = 1 << 13;

/// A number as near + rest.
#[derive(Clone, Copy)]
struct Split {
    near: f64,
    minus_rest: f64,
}

impl Split {
    fn of(n: u64) -> Split {
        let near = n as f64;
        let rest = i128::from(n) - near as i128;
        Split { near, minus_rest: -(rest as f64) }
    }
}

/// Quotients by division.
pub(super) fn divided(n: u64, range: Range<u64>) -> Option<u64> {
    dispatch!(Level::new(), simd => blocks::<_, false>(simd, n, range))
}

/// Quotients by a polynomial where it is near enough, else by division.
pub(super) fn predicted(n: u64, range: Range<u64>) -> Option<u64> {
    let far = first_predicted(n).clamp(range.start, range.end.max(range.start));
    let near = divided(n, range.start..far);
    near.or_else(|| dispatch!(Level::new(), simd => blocks::<_, true>(simd, n, far..range.end)))
}

/// The first k from which the polynomial may be used. With |x| <= 128 and D the middle of a block,
/// n / (D + x) = n/D (1 - x/D + (x/D)^2 - ...) is off by less than 2 n x^3 / D^4 after three terms,
/// which is below 1/8 from D^4 = 2^25 n on; its roundings add less than another 1/8.
fn first_predicted(n: u64) -> u64 {
    let least = (n as f64 * 33_554_432.0).sqrt().sqrt();
    (least as u64 / 2).max(FIRST)
}

/// Whole blocks by vectors, the ends and whatever is below [`FIRST`] by the plain loop.
#[inline(always)]
fn blocks<S: Simd, const PREDICTED: bool>(simd: S, n: u64, range: Range<u64>) -> Option<u64> {
    let start = range.start.max(FIRST).min(range.end.max(range.start));
    let found = plain(n, range.start..start);
    if found.is_some() {
        return found;
    }
    simd.vectorize(
        #[inline(always)]
        || {
            let split = Split::of(n);
            let mut at = start;
            while at + BLOCK <= range.end {
                let any = match PREDICTED {
                    true => predicted_block(simd, split, at),
                    false => divided_block(simd, split, at),
                };
                if any {
                    // Somewhere in this block.
                    return plain(n, at..at + BLOCK);
                }
                at += BLOCK;
            }
            plain(n, at..range.end)
        },
    )
}

/// Whether one of a block's divisors divides.
#[inline(always)]
fn divided_block<S: Simd>(simd: S, split: Split, start: u64) -> bool {
    let near = S::f64s::simd_from(simd, split.near);
    let minus_rest = S::f64s::simd_from(simd, split.minus_rest);
    let step = S::f64s::simd_from(simd, 2.0 * S::f64s::LEN as f64);
    let first = divisor(start) as f64;
    let mut d = S::f64s::from_fn(simd, |lane| first + 2.0 * lane as f64);
    let mut any = S::mask64s::splat(simd, false);
    for _ in 0..BLOCK as usize / S::f64s::LEN {
        let q = (near / d).round_ties_even();
        any |= (-q).mul_add_precise(d, near).simd_eq(minus_rest);
        d += step;
    }
    any.any_true()
}

/// The same with the quotients of a block as a polynomial in the distance from its middle.
#[inline(always)]
fn predicted_block<S: Simd>(simd: S, split: Split, start: u64) -> bool {
    let near = S::f64s::simd_from(simd, split.near);
    let minus_rest = S::f64s::simd_from(simd, split.minus_rest);
    let step = S::f64s::simd_from(simd, 2.0 * S::f64s::LEN as f64);
    let middle = divisor(start + BLOCK / 2) as f64;
    let q0 = split.near / middle;
    let slope = q0 / middle;
    let middle_vector = S::f64s::simd_from(simd, middle);
    let q0 = S::f64s::simd_from(simd, q0);
    let bend = S::f64s::simd_from(simd, slope / middle);
    let minus_slope = S::f64s::simd_from(simd, -slope);
    let mut x = S::f64s::from_fn(simd, |lane| 2.0 * lane as f64 - BLOCK as f64);
    let mut any = S::mask64s::splat(simd, false);
    for _ in 0..BLOCK as usize / S::f64s::LEN {
        let q = bend.mul_add_precise(x, minus_slope).mul_add_precise(x, q0).round_ties_even();
        let minus_d = -(middle_vector + x);
        any |= q.mul_add_precise(minus_d, near).simd_eq(minus_rest);
        x += step;
    }
    any.any_true()
}
