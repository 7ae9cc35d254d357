//! Shades of grey in Rust: the largest count, then a division per pixel; and what stands for the
//! division.
//!
//! All variants give the bits of the reference: the forms without a division are proved to round
//! as it does, see `shades.rs`.

mod shades;
#[cfg(test)]
mod tests;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};
use crossover_values::{Array, DType, Value};
use rayon::prelude::*;

use crate::arguments::array;

/// Pixels of one parallel task.
const PIXELS_PER_TASK: usize = 1 << 16;

pub(crate) const CODE: KernelCode = KernelCode::new(VARIANTS);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact("scalar", "plain loops, a division per pixel", |call| {
        run(call, |image| on_one_thread(image, shades::largest, shades::divided))
    }),
    NativeVariant::exact(
        "simd",
        "a product with the reciprocal instead, on the widest vectors",
        |call| run(call, |image| on_one_thread(image, shades::largest_simd, shades::multiplied)),
    ),
    NativeVariant::exact("threads", "the plain loops, pieces over threads", |call| {
        run(call, |image| on_threads(image, shades::largest, shades::divided))
    })
    .threaded(),
    NativeVariant::exact("simd_threads", "products on wide vectors, pieces over threads", |call| {
        run(call, |image| on_threads(image, shades::largest_simd, shades::multiplied))
    })
    .threaded(),
    NativeVariant::exact("table", "a table of all shades, read by count", |call| {
        run(call, |image| on_one_thread(image, shades::largest_simd, shades::looked_up))
    }),
];

/// The arguments of one call, of equal length.
struct Image<'a> {
    pixels: &'a mut [u8],
    counts: &'a [u32],
}

/// The largest of some counts, at least 1.
type Largest = fn(&[u32]) -> u32;

/// Writes the pixels of some counts, none above the largest.
type Shade = fn(&mut [u8], &[u32], u32);

fn on_one_thread(image: Image<'_>, largest: Largest, shade: Shade) {
    let top = largest(image.counts);
    shade(image.pixels, image.counts, top);
}

fn on_threads(image: Image<'_>, largest: Largest, shade: Shade) {
    let top = image.counts.par_chunks(PIXELS_PER_TASK).map(largest).max().unwrap_or(1);
    let pieces = image.pixels.par_chunks_mut(PIXELS_PER_TASK);
    let pieces = pieces.zip(image.counts.par_chunks(PIXELS_PER_TASK));
    pieces.for_each(|(pixels, counts)| shade(pixels, counts, top));
}

fn run(call: &mut NativeCall<'_>, shade: impl FnOnce(Image<'_>)) -> Result<(), NativeError> {
    if call.dtype != DType::U32 {
        return Err(NativeError::Instance(call.dtype));
    }
    let given = call.arguments.len();
    let [pixels, counts] = &mut *call.arguments else {
        let position = given.min(1);
        return Err(NativeError::Argument { position, expected: "one of two arguments" });
    };
    let counts = array(counts, 1)?;
    let bytes = match pixels {
        Value::Array(Array::U8(pixels)) => pixels.as_slice_mut(),
        Value::Array(_) | Value::Scalar(_) => None,
    };
    let pixels = bytes.ok_or(NativeError::Argument { position: 0, expected: "a u8 array" })?;
    if pixels.len() != counts.len() {
        return Err(NativeError::Argument { position: 1, expected: "one count per pixel" });
    }
    shade(Image { pixels, counts });
    Ok(())
}
