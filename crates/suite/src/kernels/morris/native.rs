//! Morris counters in Rust: event by event, and events in batches that nearly all change nothing.

mod quiet;
mod shown;
#[cfg(test)]
mod tests;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};
use crossover_values::{DType, philox};
use rayon::prelude::*;

use crate::arguments::{array_mut, scalar};

/// Counters that share a stream: one word of each draw is theirs.
const GROUP: usize = 3;

pub(crate) const CODE: KernelCode =
    KernelCode::new(VARIANTS).with_estimates(shown::ESTIMATES).with_charts(shown::CHARTS);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact("scalar", "event by event", |call| {
        run(call, |work| work.groups(one_by_one))
    }),
    NativeVariant::exact("simd", "batches of events, looked into only if one counts", |call| {
        run(call, |work| work.groups(quiet::in_batches))
    }),
    NativeVariant::exact("threads", "the plain loop, groups of counters over threads", |call| {
        run(call, |work| work.groups_threaded(one_by_one))
    })
    .threaded(),
    NativeVariant::exact(
        "simd_threads",
        "batches, groups or stretches of events over threads",
        |call| {
            run(call, |work| {
                if work.exponents.len() / GROUP >= rayon::current_num_threads() {
                    work.groups_threaded(quiet::in_batches);
                } else {
                    work.groups(quiet::in_stretches);
                }
            })
        },
    )
    .threaded(),
];

/// A range of events by index.
type Events = std::ops::Range<u32>;

/// Feeds events of the stream of a key to the counters of a group.
type Count = fn(&mut [u32; GROUP], Events, [u32; 2]);

/// All counters and the events that each counts.
struct Work<'a> {
    exponents: &'a mut [u32],
    n: u32,
    key: [u32; 2],
}

impl Work<'_> {
    fn groups(&mut self, count: Count) {
        let (n, key) = (self.n, self.key);
        let groups = self.exponents.chunks_exact_mut(GROUP).enumerate();
        groups.for_each(|(group, exponents)| count_group(exponents, group, n, key, count));
    }

    fn groups_threaded(&mut self, count: Count) {
        let (n, key) = (self.n, self.key);
        let groups = self.exponents.par_chunks_exact_mut(GROUP).enumerate();
        groups.for_each(|(group, exponents)| count_group(exponents, group, n, key, count));
    }
}

fn count_group(exponents: &mut [u32], group: usize, n: u32, key: [u32; 2], count: Count) {
    let mut own = [0; GROUP];
    count(&mut own, 0..n, [key[0], key[1].wrapping_add(group as u32)]);
    exponents.copy_from_slice(&own);
}

fn run(call: &mut NativeCall<'_>, count: impl FnOnce(&mut Work<'_>)) -> Result<(), NativeError> {
    if call.dtype != DType::U32 {
        return Err(NativeError::Instance(call.dtype));
    }
    let given = call.arguments.len();
    let [exponents, n, key_low, key_high] = &mut *call.arguments else {
        let position = given.min(3);
        return Err(NativeError::Argument { position, expected: "one of four arguments" });
    };
    let exponents = array_mut::<u32>(exponents, 0)?;
    if exponents.len() % GROUP != 0 {
        return Err(NativeError::Argument { position: 0, expected: "an array of threes" });
    }
    let n = u32::try_from(scalar::<i32>(n, 1)?).unwrap_or(0);
    let key = [scalar(key_low, 2)?, scalar(key_high, 3)?];
    count(&mut Work { exponents, n, key });
    Ok(())
}

/// The three words of an event.
#[inline(always)]
fn draw(event: u32, key: [u32; 2]) -> [u32; GROUP] {
    let [w0, w1, w2, _] = philox::philox4x32_10([event, 0, 0, 0], key);
    [w0, w1, w2]
}

/// A counter grows if the bits of its word below the exponent are 0; at 32 a word has no more bits
/// to ask, and it stays.
#[inline(always)]
fn grows(exponent: u32, word: u32) -> bool {
    exponent < 32 && word & ((1 << exponent) - 1) == 0
}

#[inline(always)]
fn one_event(exponents: &mut [u32; GROUP], words: [u32; GROUP]) {
    for (exponent, word) in exponents.iter_mut().zip(words) {
        *exponent += u32::from(grows(*exponent, word));
    }
}

fn one_by_one(exponents: &mut [u32; GROUP], events: Events, key: [u32; 2]) {
    events.for_each(|event| one_event(exponents, draw(event, key)));
}
