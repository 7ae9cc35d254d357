//! Events that change nothing: soon hardly any event raises a counter, so batches are drawn in
//! lanes, and only one in which some counter would grow is looked into, event by event.
//!
//! Exponents never fall. So an event that raises no counter at the exponents of the batch's begin
//! raises none at its own time either, and passing over it is exact.

use fearless_simd::{Level, dispatch, prelude::*};
use rayon::prelude::*;

use super::{Events, GROUP, draw, one_event};

/// Events of a batch: many vectors, and still mostly quiet once exponents are past ten.
const BATCH: u32 = 64;

/// Events counted before stretches of them go over threads: by then exponents are high.
const OPENING: u32 = 1 << 13;

/// Events of one task of a stretch.
const TASK: u32 = 1 << 14;

/// The bits that must be 0, per counter.
#[inline(always)]
fn masks(exponents: &[u32; GROUP]) -> [u32; GROUP] {
    exponents.map(|exponent| 1_u32.checked_shl(exponent).map_or(u32::MAX, |bit| bit - 1))
}

/// Whether any event of a batch could raise a counter.
#[inline(always)]
fn counts(first: u32, key: [u32; 2], masks: [u32; GROUP]) -> bool {
    let mut any = 0;
    for event in first..first + BATCH {
        let words = draw(event, key);
        for (word, mask) in words.into_iter().zip(masks) {
            any |= u32::from(word & mask == 0);
        }
    }
    any != 0
}

/// Events in order, batches at once.
pub(super) fn in_batches(exponents: &mut [u32; GROUP], events: Events, key: [u32; 2]) {
    each_batch(events, key, *exponents, |event| {
        one_event(exponents, draw(event, key));
        *exponents
    });
}

/// Calls `each` with all events of every batch that is not quiet, and the rest that fills no
/// batch; it gives the exponents to go on with.
fn each_batch(
    events: Events,
    key: [u32; 2],
    exponents: [u32; GROUP],
    each: impl FnMut(u32) -> [u32; GROUP],
) {
    #[inline(always)]
    fn vectorized<S: Simd>(
        simd: S,
        events: Events,
        key: [u32; 2],
        exponents: [u32; GROUP],
        mut each: impl FnMut(u32) -> [u32; GROUP],
    ) {
        simd.vectorize(
            #[inline(always)]
            || {
                let (mut first, mut masks) = (events.start, self::masks(&exponents));
                while events.end - first >= BATCH {
                    if counts(first, key, masks) {
                        for event in first..first + BATCH {
                            masks = self::masks(&each(event));
                        }
                    }
                    first += BATCH;
                }
                for event in first..events.end {
                    each(event);
                }
            },
        );
    }
    dispatch!(Level::new(), simd => vectorized(simd, events, key, exponents, each));
}

/// Stretches of events over threads: every task names the events that could raise a counter at the
/// exponents of the stretch's begin, and these few are counted in order.
pub(super) fn in_stretches(exponents: &mut [u32; GROUP], events: Events, key: [u32; 2]) {
    let opening = events.end.min(events.start.saturating_add(OPENING));
    in_batches(exponents, events.start..opening, key);
    let tasks = 4 * rayon::current_num_threads() as u32;
    let mut first = opening;
    while first < events.end {
        let end = events.end.min(first.saturating_add(tasks * TASK));
        let start = *exponents;
        let named: Vec<Vec<u32>> = (0..(end - first).div_ceil(TASK))
            .into_par_iter()
            .map(|task| {
                let from = first + task * TASK;
                candidates(from..end.min(from + TASK), key, start)
            })
            .collect();
        named.iter().flatten().for_each(|&event| one_event(exponents, draw(event, key)));
        first = end;
    }
}

/// The events that could raise a counter at these exponents.
fn candidates(events: Events, key: [u32; 2], exponents: [u32; GROUP]) -> Vec<u32> {
    let masks = masks(&exponents);
    let mut named = Vec::new();
    each_batch(events, key, exponents, |event| {
        if draw(event, key).into_iter().zip(masks).any(|(word, mask)| word & mask == 0) {
            named.push(event);
        }
        exponents
    });
    named
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::morris::one_by_one;

    #[test]
    fn batches_and_stretches_count_as_single_events_do() {
        for n in [0, 1, 63, 64, 65, 8_192, 8_193, 300_007] {
            for key in [[0, 0], [5, 7]] {
                let of = |count: fn(&mut [u32; GROUP], Events, [u32; 2])| {
                    let mut exponents = [0; GROUP];
                    count(&mut exponents, 0..n, key);
                    exponents
                };
                let expected = of(one_by_one);
                assert_eq!(of(in_batches), expected, "{n} {key:?}");
                assert_eq!(of(in_stretches), expected, "{n} {key:?}");
            }
        }
    }

    #[test]
    fn a_full_counter_asks_for_all_bits() {
        assert_eq!(masks(&[0, 1, 31]), [0, 1, 0x7FFF_FFFF]);
        assert_eq!(masks(&[32, 33, 40]), [u32::MAX; 3]);
        let mut full = [32; GROUP];
        one_event(&mut full, [0; GROUP]);
        assert_eq!(full, [32; GROUP]);
    }
}
