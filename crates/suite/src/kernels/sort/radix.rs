//! Radix sorts: passes that move keys to where their digit belongs, the lowest digit first.

use std::mem::swap;

/// Keys below which a part is not split further: a pass over it takes some ten microseconds.
const LEAST_PART: usize = 1 << 15;

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

/// Sorts one part per thread, then merges neighbours, each merge on two threads.
pub(super) fn on_threads(keys: &[u32], ordered: &mut [u32], threads: usize) {
    let mut spare = vec![0; keys.len()];
    part(keys, ordered, &mut spare, threads.next_power_of_two());
}

fn part(keys: &[u32], ordered: &mut [u32], spare: &mut [u32], parts: usize) {
    if parts <= 1 || keys.len() < LEAST_PART {
        passes::<2048, 3>(keys, ordered, spare);
        return;
    }
    let middle = keys.len() / 2;
    let (low_keys, high_keys) = keys.split_at(middle);
    let (low, high) = spare.split_at_mut(middle);
    let (low_spare, high_spare) = ordered.split_at_mut(middle);
    rayon::join(
        || part(low_keys, low, low_spare, parts / 2),
        || part(high_keys, high, high_spare, parts / 2),
    );
    merge(low, high, ordered);
}

/// Merges two ascending runs from both ends at once: each side writes half of the keys, and neither
/// needs to know where the other stops.
fn merge(a: &[u32], b: &[u32], merged: &mut [u32]) {
    let (lower, upper) = merged.split_at_mut(merged.len() / 2);
    rayon::join(|| merge_up(a, b, lower), || merge_down(a, b, upper));
}

/// The least keys of both, ascending.
fn merge_up(a: &[u32], b: &[u32], merged: &mut [u32]) {
    let (mut i, mut j) = (0, 0);
    for place in merged {
        let takes_a = j == b.len() || (i < a.len() && a[i] <= b[j]);
        *place = if takes_a { a[i] } else { b[j] };
        i += usize::from(takes_a);
        j += usize::from(!takes_a);
    }
}

/// The greatest keys of both, from the end.
fn merge_down(a: &[u32], b: &[u32], merged: &mut [u32]) {
    let (mut i, mut j) = (a.len(), b.len());
    for place in merged.iter_mut().rev() {
        let takes_b = i == 0 || (j > 0 && a[i - 1] <= b[j - 1]);
        *place = if takes_b { b[j - 1] } else { a[i - 1] };
        j -= usize::from(takes_b);
        i -= usize::from(!takes_b);
    }
}
