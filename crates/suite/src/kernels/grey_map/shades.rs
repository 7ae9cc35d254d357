//! The two walks over the counts.
//!
//! A division by the same number for all pixels is a product with its reciprocal, if the product is
//! rounded down to what the division gives. Let x = 255 * count and q = x / top. Half a count is
//! added, so that q + 1 / (2 top) is at least 1 / (2 top) from every whole number; then an error
//! below that cannot carry it over one. Rounding down is rounding to nearest of a value half a unit
//! less, and that is what the addition of 1.5 * 2^23 (in f32) does: the low bits of the sum are the
//! pixel. So the product is (x + 1/2 - top / 2) * (1 / top), its numerator exact if x < 2^22, its
//! error at most 255 * 2^-23. That is below 1 / (2 top) if top is at most 16,384; above, the same is
//! done in f64, where every u32 is far within the bound.

use fearless_simd::{Level, dispatch, prelude::*};

/// Largest `top` for which f32 is exact.
const MOST_IN_F32: u32 = 1 << 14;

/// Largest `top` for which a table is made: half a first-level cache.
const MOST_IN_TABLE: u32 = 1 << 14;

/// The largest count, at least 1.
pub(super) fn largest(counts: &[u32]) -> u32 {
    let mut top = 1;
    for &count in counts {
        top = top.max(count);
    }
    top
}

/// The same on the widest vectors.
pub(super) fn largest_simd(counts: &[u32]) -> u32 {
    #[inline(always)]
    fn vectorized<S: Simd>(simd: S, counts: &[u32]) -> u32 {
        simd.vectorize(
            #[inline(always)]
            || counts.iter().fold(1, |top, &count| top.max(count)),
        )
    }
    dispatch!(Level::new(), simd => vectorized(simd, counts))
}

/// A division per pixel. Products wrap, as in the reference.
pub(super) fn divided(pixels: &mut [u8], counts: &[u32], top: u32) {
    for (pixel, &count) in pixels.iter_mut().zip(counts) {
        *pixel = (count.wrapping_mul(255) / top) as u8;
    }
}

/// A product per pixel, on the widest vectors.
pub(super) fn multiplied(pixels: &mut [u8], counts: &[u32], top: u32) {
    #[inline(always)]
    fn vectorized<S: Simd>(simd: S, pixels: &mut [u8], counts: &[u32], top: u32) {
        simd.vectorize(
            #[inline(always)]
            || {
                if top <= MOST_IN_F32 {
                    in_f32(pixels, counts, top);
                } else {
                    in_f64(pixels, counts, top);
                }
            },
        );
    }
    dispatch!(Level::new(), simd => vectorized(simd, pixels, counts, top));
}

#[inline(always)]
fn in_f32(pixels: &mut [u8], counts: &[u32], top: u32) {
    let (reciprocal, lift) = (1.0 / top as f32, 1.5 * (1 << 23) as f32);
    let centre = 0.5 - 0.5 * top as f32;
    for (pixel, &count) in pixels.iter_mut().zip(counts) {
        // Counts are below 2^14, and a signed conversion is what machines have.
        let shifted = (count as i32 as f32) * 255.0 + centre;
        *pixel = (shifted * reciprocal + lift).to_bits() as u8;
    }
}

#[inline(always)]
fn in_f64(pixels: &mut [u8], counts: &[u32], top: u32) {
    let (reciprocal, lift) = (1.0 / f64::from(top), 1.5 * (1_u64 << 52) as f64);
    let centre = 0.5 - 0.5 * f64::from(top);
    for (pixel, &count) in pixels.iter_mut().zip(counts) {
        let shifted = f64::from(count.wrapping_mul(255)) + centre;
        *pixel = (shifted * reciprocal + lift).to_bits() as u8;
    }
}

/// A read per pixel; a largest count whose table would not stay in cache is divided by.
pub(super) fn looked_up(pixels: &mut [u8], counts: &[u32], top: u32) {
    if top > MOST_IN_TABLE {
        return divided(pixels, counts, top);
    }
    let table: Vec<u8> = (0..=top).map(|count| (count * 255 / top) as u8).collect();
    for (pixel, &count) in pixels.iter_mut().zip(counts) {
        *pixel = table[count as usize];
    }
}
