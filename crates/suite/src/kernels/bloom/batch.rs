//! The fast form: hashes of many keys at once, and places without a division.
//!
//! A place is a hash modulo a size that is fixed for the call: a multiplication by its reciprocal
//! gives the quotient or one less, and one subtraction mends it.

use super::{Keys, Places};
use crate::decimal_keys;

/// Keys hashed at once: both their hashes stay in the first cache.
const BATCH: usize = 1_024;

/// `h % size` by the reciprocal floor(2^32 / size).
#[derive(Clone, Copy)]
struct Modulo {
    size: u32,
    reciprocal: u64,
}

impl Modulo {
    fn new(size: u32) -> Modulo {
        Modulo { size, reciprocal: (1 << 32) / u64::from(size) }
    }

    /// The reciprocal is at most 1 too small, so h times it is below h / size by less than 1, and
    /// the quotient at most 1 too small: the remainder is right or one `size` too large, and the
    /// smaller of it and it less `size`, which wraps if it was right, is the remainder.
    #[inline(always)]
    fn of(self, h: u32) -> u32 {
        let quotient = ((u64::from(h) * self.reciprocal) >> 32) as u32;
        let remainder = h.wrapping_sub(quotient.wrapping_mul(self.size));
        remainder.min(remainder.wrapping_sub(self.size))
    }
}

/// Calls `each` with both hashes of every key of the range.
#[inline(always)]
fn for_each_key(keys: Keys, mut each: impl FnMut(u32, u32)) {
    let (mut h1, mut h2) = ([0; BATCH], [0; BATCH]);
    for first in keys.clone().step_by(BATCH) {
        let count = BATCH.min((keys.end - first) as usize);
        decimal_keys::hashes(first, 0, &mut h1[..count]);
        decimal_keys::hashes(first, 1, &mut h2[..count]);
        h1[..count].iter().zip(&h2).for_each(|(&h1, &h2)| each(h1, h2));
    }
}

#[inline(always)]
fn set(bits: &mut [u32], places: Places, modulo: Modulo, h1: u32, h2: u32) {
    let mut h = h1;
    for _ in 0..places.hashes {
        let place = modulo.of(h);
        bits[place as usize / 32] |= 1 << (place % 32);
        h = h.wrapping_add(h2);
    }
}

#[inline(always)]
fn holds(bits: &[u32], places: Places, modulo: Modulo, h1: u32, h2: u32) -> bool {
    let mut h = h1;
    (0..places.hashes).all(|_| {
        let place = modulo.of(h);
        h = h.wrapping_add(h2);
        bits[place as usize / 32] >> (place % 32) & 1 == 1
    })
}

/// Puts keys in, hashed in batches.
pub(super) fn insert(bits: &mut [u32], keys: Keys, places: Places) {
    let modulo = Modulo::new(places.size);
    for_each_key(keys, |h1, h2| set(bits, places, modulo, h1, h2));
}

/// How many keys are held, hashed in batches.
pub(super) fn count(bits: &[u32], keys: Keys, places: Places) -> u32 {
    let modulo = Modulo::new(places.size);
    let mut held = 0;
    for_each_key(keys, |h1, h2| held += u32::from(holds(bits, places, modulo, h1, h2)));
    held
}

/// Puts keys in, hashed one by one.
pub(super) fn insert_keys(bits: &mut [u32], keys: Keys, places: Places) {
    let modulo = Modulo::new(places.size);
    keys.for_each(|key| {
        let [first, second] = decimal_keys::hash_pair(key);
        set(bits, places, modulo, first, second);
    });
}

/// How many keys are held, hashed one by one.
pub(super) fn count_keys(bits: &[u32], keys: Keys, places: Places) -> u32 {
    let modulo = Modulo::new(places.size);
    let held = keys.filter(|&key| {
        let [first, second] = decimal_keys::hash_pair(key);
        holds(bits, places, modulo, first, second)
    });
    held.count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reciprocal_gives_the_remainder() {
        for size in [1, 2, 3, 7, 33_084, 1_102_776, 0x7FFF_FFFF, 0x8000_0001, u32::MAX] {
            let modulo = Modulo::new(size);
            let near = [0, 1, size - 1, size, size.wrapping_mul(2), size.wrapping_mul(3)];
            let far = (0..1000_u32).map(|i| i.wrapping_mul(0x9E37_79B9));
            for h in near.into_iter().flat_map(|h| [h.wrapping_sub(1), h]).chain(far) {
                assert_eq!(modulo.of(h), h % size, "{h} % {size}");
            }
            assert_eq!(modulo.of(u32::MAX), u32::MAX % size);
        }
    }
}
