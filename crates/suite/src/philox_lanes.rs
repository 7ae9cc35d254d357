//! The random stream with one index per lane, for the kernels that draw from it in vectors.
//!
//! A word lives in the low half of a 64-bit lane, because the generator is made of products of 32
//! by 32 bits of which both halves are used: one multiplication per lane gives both.

use fearless_simd::prelude::*;

const ROUNDS: usize = 10;
const MULTIPLIERS: [u64; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const LOW: u64 = 0xFFFF_FFFF;

/// The keys of all rounds.
pub(crate) type Keys = [[u64; 2]; ROUNDS];

/// The keys of all rounds of a key.
pub(crate) fn keys(key: [u32; 2]) -> Keys {
    let mut key = key;
    [(); ROUNDS].map(|()| {
        let of_round = key.map(u64::from);
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
        of_round
    })
}

/// Words 0 and 1 of counters (index, 0, 0, 0), for indices below 2^32. The upper halves of the
/// words may hold dirt between rounds; the masks keep it out of the products.
#[inline(always)]
pub(crate) fn words<S: Simd>(simd: S, index: S::u64s, keys: &Keys) -> (S::u64s, S::u64s) {
    let low = S::u64s::simd_from(simd, LOW);
    let zero = S::u64s::simd_from(simd, 0);
    let (mut w0, mut w1, mut w2, mut w3) = (index, zero, zero, zero);
    for key in keys {
        let product0 = (w0 & low) * MULTIPLIERS[0];
        let product1 = (w2 & low) * MULTIPLIERS[1];
        w0 = (product1 >> 32) ^ w1 ^ key[0];
        w2 = (product0 >> 32) ^ w3 ^ key[1];
        (w1, w3) = (product1, product0);
    }
    (w0 & low, w1 & low)
}
