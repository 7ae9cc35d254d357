//! Radix sorts: passes that move keys to where their digit belongs, the lowest digit first.

use std::mem::swap;

/// Four passes of eight bits.
pub(super) fn eight_bits(keys: &[u32], ordered: &mut [u32]) {
    passes::<256, 4>(keys, ordered, &mut vec![0; keys.len()]);
}

/// Three passes of eleven bits: a pass less, and eight times as many places to write to.
pub(super) fn eleven_bits(keys: &[u32], ordered: &mut [u32]) {
    passes::<2048, 3>(keys, ordered, &mut vec![0; keys.len()]);
}

/// Sorts by `PASSES` digits with `DIGITS` values each. All digits are counted in one go, since a
/// pass changes the order of the keys, not how many there are of each.
fn passes<const DIGITS: usize, const PASSES: usize>(
    keys: &[u32],
    ordered: &mut [u32],
    spare: &mut [u32],
) {
    let bits = DIGITS.ilog2();
    let digit = |key: u32, pass: usize| (key >> (pass as u32 * bits)) as usize % DIGITS;
    let mut places = vec![[0_u32; DIGITS]; PASSES];
    for &key in keys {
        for (pass, counts) in places.iter_mut().enumerate() {
            counts[digit(key, pass)] += 1;
        }
    }
    let (mut target, mut other) = (ordered, spare);
    if PASSES.is_multiple_of(2) {
        swap(&mut target, &mut other);
    }
    for (pass, places) in places.iter_mut().enumerate() {
        let mut total = 0;
        for place in places.iter_mut() {
            total += std::mem::replace(place, total);
        }
        let source = if pass == 0 { keys } else { &*other };
        for &key in source {
            let place = &mut places[digit(key, pass)];
            target[*place as usize] = key;
            *place += 1;
        }
        swap(&mut target, &mut other);
    }
}
