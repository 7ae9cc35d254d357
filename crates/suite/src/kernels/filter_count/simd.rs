//! One number per lane. Divisibility by 3 needs no division: the product with the inverse of 3
//! modulo 2^32 is the quotient where 3 divides, and larger than any quotient elsewhere.

use fearless_simd::{Level, dispatch, prelude::*};

use super::{Kept, Numbers, scalar_kept};

/// The inverse of 3 modulo 2^32.
const INVERSE: u32 = 0xAAAA_AAAB;

/// The largest quotient.
const QUOTIENTS: u32 = u32::MAX / 3;

/// Whole groups of lanes here, the rest by the plain loop.
pub(super) fn kept(numbers: Numbers) -> Kept {
    dispatch!(Level::new(), simd => lanes(simd, numbers))
}

#[inline(always)]
fn lanes<S: Simd>(simd: S, numbers: Numbers) -> Kept {
    let width = S::u32s::LEN as u32;
    let zero = S::u32s::simd_from(simd, 0);
    let one = S::u32s::simd_from(simd, 1);
    // Two vectors in flight, each with its own sums: an addition waits for the one before.
    let first = S::u32s::from_fn(simd, |lane| numbers.from + lane as u32);
    let mut indices = [first, first + width];
    let mut counts = [zero; 2];
    let mut sums = [zero; 2];
    let rounds = (numbers.to - numbers.from) / (2 * width);
    for _ in 0..rounds {
        for flight in 0..2 {
            let kept = divisible::<S>(simd, indices[flight]);
            counts[flight] += kept.select(one, zero);
            sums[flight] += kept.select(indices[flight], zero);
            indices[flight] += 2 * width;
        }
    }
    let total = |vectors: [S::u32s; 2]| {
        let both = vectors[0] + vectors[1];
        both.as_slice().iter().fold(0_u32, |sum, &lane| sum.wrapping_add(lane))
    };
    let rest = Numbers { from: numbers.from + rounds * 2 * width, ..numbers };
    Kept { count: total(counts), sum: total(sums) }.and(scalar_kept(rest))
}

#[inline(always)]
fn divisible<S: Simd>(simd: S, index: S::u32s) -> S::mask32s {
    (index * INVERSE).simd_le(S::u32s::simd_from(simd, QUOTIENTS))
}

/// Writes the members of a range to the front of `list`, which has room for them and one vector
/// more; gives their number.
pub(super) fn pack(numbers: Numbers, list: &mut [u32]) -> usize {
    dispatch!(Level::new(), simd => packed_lanes(simd, numbers, list))
}

#[inline(always)]
fn packed_lanes<S: Simd>(simd: S, numbers: Numbers, list: &mut [u32]) -> usize {
    let width = S::u32s::LEN as u32;
    let mut index = S::u32s::from_fn(simd, |lane| numbers.from + lane as u32);
    let rounds = (numbers.to - numbers.from) / width;
    let mut length = 0;
    for _ in 0..rounds {
        let kept = divisible::<S>(simd, index);
        // Members to the front of the vector; the next one overwrites what is behind them.
        index.compress(kept).store_slice(&mut list[length..][..S::u32s::LEN]);
        length += kept.to_bitmask().count_ones() as usize;
        index += width;
    }
    for i in (numbers.from + rounds * width..numbers.to).filter(|&i| super::keep(i)) {
        list[length] = i;
        length += 1;
    }
    length
}
