//! Parts sorted on their own, then merged, each merge on two threads.

/// Keys below which a part is not split further: sorting it takes some hundred microseconds.
const LEAST_PART: usize = 1 << 13;

/// The standard library's quicksort on a part per thread.
pub(super) fn on_threads(ordered: &mut [u32], threads: usize) {
    let mut keys = ordered.to_vec();
    part(&mut keys, ordered, threads.next_power_of_two());
}

/// Sorts keys into `ordered`; the keys are lost.
fn part(keys: &mut [u32], ordered: &mut [u32], parts: usize) {
    if parts <= 1 || keys.len() < LEAST_PART {
        keys.sort_unstable();
        ordered.copy_from_slice(keys);
        return;
    }
    let middle = keys.len() / 2;
    let (low_spare, high_spare) = ordered.split_at_mut(middle);
    let (low, high) = keys.split_at_mut(middle);
    rayon::join(|| in_place(low, low_spare, parts / 2), || in_place(high, high_spare, parts / 2));
    merge(low, high, ordered);
}

/// The same, and the keys stay where they are.
fn in_place(keys: &mut [u32], spare: &mut [u32], parts: usize) {
    if parts <= 1 || keys.len() < LEAST_PART {
        keys.sort_unstable();
    } else {
        part(keys, spare, parts);
        keys.copy_from_slice(spare);
    }
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
