//! The keys of the sketches, "0", "1", "2", …, and murmur3-32 of them.
//!
//! Several kernels feed the same stream of keys to different sketches, so the stream is here once:
//! one key at a time as the reference does it, and many consecutive keys at once. Consecutive keys
//! share all but their last digits, which is what the fast form lives on.

use fearless_simd::{Level, dispatch, prelude::*};

const C1: u32 = 0xCC9E_2D51;
const C2: u32 = 0x1B87_3593;

/// Keys that share their leading digits.
const BLOCK: u32 = 10_000;

/// The last four digits of a key as the word that murmur3 reads, its first digit lowest.
static TAILS: [u32; BLOCK as usize] = tails();

const fn tails() -> [u32; BLOCK as usize] {
    let mut tails = [0; BLOCK as usize];
    let mut i = 0;
    while i < BLOCK {
        let ascii = [b'0' + (i / 1000) as u8, b'0' + (i / 100 % 10) as u8];
        let [a, b] = ascii;
        let (c, d) = (b'0' + (i / 10 % 10) as u8, b'0' + (i % 10) as u8);
        tails[i as usize] = u32::from_le_bytes([a, b, c, d]);
        i += 1;
    }
    tails
}

/// murmur3-32 of a key of any bytes.
pub(crate) fn murmur3(key: &[u8], seed: u32) -> u32 {
    murmur3_of(key, [seed])[0]
}

/// murmur3-32 of a key under several seeds, in one pass over it.
fn murmur3_of<const N: usize>(key: &[u8], seeds: [u32; N]) -> [u32; N] {
    let mut hashes = seeds;
    let mut words = key.chunks_exact(4);
    for word in &mut words {
        let mixed = scramble(u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
        hashes = hashes.map(|h| step(h, mixed));
    }
    let tail = words.remainder().iter().rev().fold(0, |tail, &byte| (tail << 8) | u32::from(byte));
    hashes.map(|h| finish(h ^ scramble(tail), key.len() as u32))
}

#[inline(always)]
fn scramble(word: u32) -> u32 {
    word.wrapping_mul(C1).rotate_left(15).wrapping_mul(C2)
}

/// One whole word of the key, scrambled.
#[inline(always)]
fn step(h: u32, mixed: u32) -> u32 {
    (h ^ mixed).rotate_left(13).wrapping_mul(5).wrapping_add(0xE654_6B64)
}

#[inline(always)]
fn finish(h: u32, length: u32) -> u32 {
    let h = h ^ length;
    let h = (h ^ (h >> 16)).wrapping_mul(0x85EB_CA6B);
    let h = (h ^ (h >> 13)).wrapping_mul(0xC2B2_AE35);
    h ^ (h >> 16)
}

/// The decimal digits of `value` at the end of the array, and where they begin.
fn digits(value: u32) -> ([u8; 10], usize) {
    let (mut digits, mut from, mut rest) = ([0; 10], 10, value);
    loop {
        from -= 1;
        digits[from] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            return (digits, from);
        }
    }
}

/// Both hashes that the places in a Bloom filter are made of, for the key of one index.
pub(crate) fn hash_pair(index: u32) -> [u32; 2] {
    let (digits, from) = digits(index);
    murmur3_of(&digits[from..], [0, 1])
}

/// Hash of the key of one index.
pub(crate) fn hash(index: u32, seed: u32) -> u32 {
    let (digits, from) = digits(index);
    murmur3(&digits[from..], seed)
}

/// Hashes of the keys of consecutive indices from `first` on, compiled for the widest vectors of
/// the machine.
pub(crate) fn hashes(first: u32, seed: u32, out: &mut [u32]) {
    #[inline(always)]
    fn vectorized<S: Simd>(simd: S, first: u32, seed: u32, out: &mut [u32]) {
        simd.vectorize(
            #[inline(always)]
            || pieces(first, seed, out),
        );
    }
    dispatch!(Level::new(), simd => vectorized(simd, first, seed, out));
}

/// Cuts the range where the leading digits change.
#[inline(always)]
fn pieces(first: u32, seed: u32, out: &mut [u32]) {
    let (mut index, mut out) = (first, out);
    while !out.is_empty() {
        let low = index % BLOCK;
        let count = out.len().min((BLOCK - low) as usize);
        let (piece, rest) = out.split_at_mut(count);
        if index < BLOCK {
            piece.iter_mut().zip(index..).for_each(|(hash_of, i)| *hash_of = hash(i, seed));
        } else {
            block(index / BLOCK, &TAILS[low as usize..][..count], seed, piece);
        }
        (index, out) = (index.wrapping_add(count as u32), rest);
    }
}

/// Hashes of keys made of the digits of `prefix` and four more: what the prefix alone decides is
/// computed once, and the rest is the same few operations for every key.
#[inline(always)]
fn block(prefix: u32, tails: &[u32], seed: u32, out: &mut [u32]) {
    let (digits, from) = digits(prefix);
    let prefix = &digits[from..];
    let length = prefix.len() as u32 + 4;
    let mut words = prefix.chunks_exact(4);
    let start = words.by_ref().fold(seed, |h, word| {
        step(h, scramble(u32::from_le_bytes([word[0], word[1], word[2], word[3]])))
    });
    let odd = words.remainder();
    if odd.is_empty() {
        for (out, &tail) in out.iter_mut().zip(tails) {
            *out = finish(step(start, scramble(tail)), length);
        }
        return;
    }
    let part = odd.iter().rev().fold(0, |part, &byte| (part << 8) | u32::from(byte));
    let shift = 8 * odd.len() as u32;
    for (out, &tail) in out.iter_mut().zip(tails) {
        let h = step(start, scramble(part | (tail << shift)));
        *out = finish(h ^ scramble(tail >> (32 - shift)), length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_values() {
        let hashes: [(&str, i32); 5] = [
            ("", 0),
            ("0", -764_297_089),
            ("1", -1_810_453_357),
            ("foo", -156_908_512),
            ("hello", 613_153_351),
        ];
        for (key, hash) in hashes {
            assert_eq!(murmur3(key.as_bytes(), 0) as i32, hash, "{key:?}");
        }
    }

    #[test]
    fn a_key_is_its_decimal_text() {
        for index in [0, 9, 10, 99, 1_000, 65_535, 123_456_789, u32::MAX] {
            assert_eq!(hash(index, 7), murmur3(index.to_string().as_bytes(), 7), "{index}");
        }
    }

    #[test]
    fn a_pair_is_both_hashes() {
        for index in [0, 12, 123, 1_234, 98_765, 12_345_678, u32::MAX] {
            assert_eq!(hash_pair(index), [hash(index, 0), hash(index, 1)], "{index}");
        }
    }

    #[test]
    fn many_at_once_are_one_by_one() {
        let starts =
            [0, 9_990, 10_000, 99_998, 999_990, 1_234_567, 9_999_999, 99_999_990, 4_294_967_000];
        for first in starts {
            for seed in [0, 1, 0xDEAD_BEEF] {
                let mut out = vec![0; 257];
                hashes(first, seed, &mut out);
                for (i, &got) in out.iter().enumerate() {
                    assert_eq!(got, hash(first + i as u32, seed), "{first} + {i}, seed {seed}");
                }
            }
        }
    }
}
