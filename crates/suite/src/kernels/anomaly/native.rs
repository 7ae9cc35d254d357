//! Anomalous days in Rust: Welford's updates one after the other, with one chunk of the day per
//! lane, over threads; and sums of whole numbers, which need no recurrence.

mod chart;
mod simd;
mod sums;
#[cfg(test)]
mod tests;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};
use crossover_values::philox;
use rayon::prelude::*;

use crate::arguments::{Real, array_mut, by_instance, scalar};

/// Parts of a day, as in the reference.
const CHUNKS: usize = 64;

/// What a spike is.
const SPIKE: i32 = 6000;

/// The mean of the sum of four bytes.
const CENTRE: i32 = 510;

/// One sample in so many is a spike.
const SPIKE_PERIOD: u32 = 604_800;

pub(crate) const CODE: KernelCode =
    KernelCode::new(VARIANTS).with_charts(&[("trace", chart::trace)]);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact("scalar", "Welford's updates, one sample after the other", |call| {
        by_instance!(
            call,
            run::<f32>(call, one_by_one(scalar_day))?,
            run::<f64>(call, one_by_one(scalar_day))?
        )
    }),
    NativeVariant::exact("simd", "the same updates with one chunk of the day per lane", |call| {
        by_instance!(
            call,
            run::<f32>(call, one_by_one(simd::day_f32))?,
            run::<f64>(call, one_by_one(simd::day_f64))?
        )
    }),
    NativeVariant::exact("threads", "the plain updates, days over threads", |call| {
        by_instance!(
            call,
            run::<f32>(call, over_threads(scalar_day))?,
            run::<f64>(call, over_threads(scalar_day))?
        )
    })
    .threaded(),
    NativeVariant::exact("simd_threads", "chunks as lanes, days over threads", |call| {
        by_instance!(
            call,
            run::<f32>(call, over_threads(simd::day_f32))?,
            run::<f64>(call, over_threads(simd::day_f64))?
        )
    })
    .threaded(),
    NativeVariant::exact(
        "sums",
        "sums of samples and squares as whole numbers, in lanes",
        |call| {
            by_instance!(
                call,
                run::<f32>(call, one_by_one(sums::day))?,
                run::<f64>(call, one_by_one(sums::day))?
            )
        },
    )
    .bounded(),
    NativeVariant::exact("sums_threads", "the same sums, days over threads", |call| {
        by_instance!(
            call,
            run::<f32>(call, over_threads(sums::day))?,
            run::<f64>(call, over_threads(sums::day))?
        )
    })
    .bounded()
    .threaded(),
];

/// A stream of days.
#[derive(Clone, Copy, Debug)]
struct Stream {
    /// Samples of a day.
    samples: u32,
    /// Position of the first.
    first: u32,
    key: [u32; 2],
}

impl Stream {
    fn sample(&self, index: u32) -> i32 {
        let [w0, w1, ..] = philox::philox4x32_10([index, 0, 0, 0], self.key);
        if w1.is_multiple_of(SPIKE_PERIOD) {
            return SPIKE;
        }
        w0.to_le_bytes().iter().map(|&byte| i32::from(byte)).sum::<i32>() - CENTRE
    }

    /// Position of the first sample of a day.
    fn start(&self, day: usize) -> u32 {
        self.first.wrapping_add((day as u32).wrapping_mul(self.samples))
    }

    /// Where a chunk begins in its day; that of `CHUNKS` is the day's end.
    fn chunk(&self, chunk: usize) -> u32 {
        (u64::from(self.samples) * chunk as u64 / CHUNKS as u64) as u32
    }
}

/// Moments of a set of samples.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Moments<T> {
    count: T,
    mean: T,
    /// Sum of squared distances from the mean.
    squares: T,
    top: i32,
}

impl<T: Real> Moments<T> {
    fn none() -> Moments<T> {
        let zero = T::from_f64(0.0);
        Moments { count: zero, mean: zero, squares: zero, top: -CENTRE }
    }

    fn push(&mut self, x: i32) {
        self.top = self.top.max(x);
        self.count = self.count + T::from_f64(1.0);
        let x = T::from_f64(x.into());
        let delta = x - self.mean;
        self.mean = self.mean + delta / self.count;
        self.squares = self.squares + delta * (x - self.mean);
    }

    fn and(self, other: Moments<T>) -> Moments<T> {
        let count = self.count + other.count;
        let delta = other.mean - self.mean;
        let apart = delta * delta * self.count * other.count / count;
        Moments {
            count,
            mean: self.mean + delta * other.count / count,
            squares: self.squares + other.squares + apart,
            top: self.top.max(other.top),
        }
    }
}

/// What is found out about a day.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Day<T> {
    flag: i32,
    largest: i32,
    mean: T,
    variance: T,
}

impl<T: Real> Day<T> {
    fn decide(mean: T, variance: T, top: i32) -> Day<T> {
        let above = T::from_f64(top.into()) - mean;
        let flag = above > T::from_f64(0.0) && above * above > T::from_f64(36.0) * variance;
        Day { flag: flag.into(), largest: top, mean, variance }
    }

    /// Of the moments of its chunks, merged by halves.
    fn merged(mut chunks: [Moments<T>; CHUNKS]) -> Day<T> {
        let mut half = CHUNKS / 2;
        while half > 0 {
            for j in 0..half {
                chunks[j] = chunks[j].and(chunks[j + half]);
            }
            half /= 2;
        }
        let Moments { count, mean, squares, top } = chunks[0];
        Day::decide(mean, squares / count, top)
    }
}

fn scalar_day<T: Real>(stream: &Stream, day: usize) -> Day<T> {
    let start = stream.start(day);
    let mut chunks = [Moments::none(); CHUNKS];
    for (chunk, moments) in chunks.iter_mut().enumerate() {
        for s in stream.chunk(chunk)..stream.chunk(chunk + 1) {
            moments.push(stream.sample(start.wrapping_add(s)));
        }
    }
    Day::merged(chunks)
}

type OfDay<T> = fn(&Stream, usize) -> Day<T>;

/// Day after day.
fn one_by_one<T: Real>(day: OfDay<T>) -> impl FnOnce(&Stream, usize) -> Vec<Day<T>> {
    move |stream, days| (0..days).map(|at| day(stream, at)).collect()
}

/// Days over the current pool.
fn over_threads<T: Real>(day: OfDay<T>) -> impl FnOnce(&Stream, usize) -> Vec<Day<T>> {
    move |stream, days| (0..days).into_par_iter().map(|at| day(stream, at)).collect()
}

fn run<T: Real>(
    call: &mut NativeCall<'_>,
    all: impl FnOnce(&Stream, usize) -> Vec<Day<T>>,
) -> Result<(), NativeError> {
    let given = call.arguments.len();
    let [flags, largest, mean, variance, samples, first, key_low, key_high] = &mut *call.arguments
    else {
        let position = given.min(7);
        return Err(NativeError::Argument { position, expected: "one of eight arguments" });
    };
    let stream = Stream {
        samples: u32::try_from(scalar::<i32>(samples, 4)?).unwrap_or(0),
        first: scalar(first, 5)?,
        key: [scalar(key_low, 6)?, scalar(key_high, 7)?],
    };
    let flags = array_mut::<i32>(flags, 0)?;
    let days = all(&stream, flags.len());
    let places = flags.iter_mut().zip(array_mut::<i32>(largest, 1)?);
    let places = places.zip(array_mut::<T>(mean, 2)?).zip(array_mut::<T>(variance, 3)?);
    for ((((flag, largest), mean), variance), day) in places.zip(days) {
        (*flag, *largest, *mean, *variance) = (day.flag, day.largest, day.mean, day.variance);
    }
    Ok(())
}
