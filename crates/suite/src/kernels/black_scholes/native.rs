//! Black-Scholes in Rust: with the pinned functions, and with vector functions of a stated error.
//!
//! `scalar` and `threads` call the functions that the reference's `exp`, `log` and `erf` are, one
//! number at a time, and have its bits. The vector forms use functions of their own
//! ([`special`]) and are judged by the policy.

mod conditioning;
mod simd;
mod special;
#[cfg(test)]
mod tests;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};
use crossover_values::Value;
use rayon::prelude::*;

use crate::arguments::{Real, array, array_mut, by_instance, scalar};

/// Options of one parallel task.
const PER_TASK: usize = 4096;

/// The square root of a half, as the reference rounds it.
const SQRT_HALF: f64 = std::f64::consts::FRAC_1_SQRT_2;

pub(crate) const CODE: KernelCode =
    KernelCode::new(VARIANTS).with_policies(&[("conditioning", conditioning::conditioning)]);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact("scalar", "one option at a time, libm's functions", |call| {
        by_instance(call, plain, plain)
    }),
    NativeVariant::exact("simd", "one option per lane, vector functions", |call| {
        by_instance(call, simd::prices_f32, simd::prices_f64)
    })
    .bounded(),
    NativeVariant::exact("threads", "libm's functions, over threads", |call| {
        by_instance(call, |options| in_tasks(options, plain), |options| in_tasks(options, plain))
    })
    .threaded(),
    NativeVariant::exact("simd_threads", "vectors over threads", |call| {
        by_instance(
            call,
            |options| in_tasks(options, simd::prices_f32),
            |options| in_tasks(options, simd::prices_f64),
        )
    })
    .bounded()
    .threaded(),
    NativeVariant::exact("std", "one option at a time, exp and log of std", |call| {
        by_instance(call, with_std, with_std)
    })
    .bounded(),
];

/// The arguments of one call; all slices are of one length.
struct Options<'a, T> {
    call: &'a mut [T],
    put: &'a mut [T],
    spot: &'a [T],
    strike: &'a [T],
    years: &'a [T],
    rate: T,
    volatility: T,
}

/// The functions of a type, one number at a time.
trait Functions: Real {
    fn sqrt(self) -> Self;
    fn exp(self) -> Self;
    fn log(self) -> Self;
    fn erf(self) -> Self;
    fn std_exp(self) -> Self;
    fn std_log(self) -> Self;
}

macro_rules! functions {
    ($real:ident, $exp:ident, $log:ident, $erf:ident) => {
        impl Functions for $real {
            fn sqrt(self) -> $real {
                $real::sqrt(self)
            }
            fn exp(self) -> $real {
                libm::$exp(self)
            }
            fn log(self) -> $real {
                libm::$log(self)
            }
            fn erf(self) -> $real {
                libm::$erf(self)
            }
            fn std_exp(self) -> $real {
                $real::exp(self)
            }
            fn std_log(self) -> $real {
                $real::ln(self)
            }
        }
    };
}

functions!(f32, expf, logf, erff);
functions!(f64, exp, log, erf);

/// One option after the other, in the reference's operations.
fn plain<T: Functions>(options: Options<'_, T>) {
    each(options, T::exp, T::log);
}

/// The same with the standard library's functions where it has them; it has no erf.
fn with_std<T: Functions>(options: Options<'_, T>) {
    each(options, T::std_exp, T::std_log);
}

#[inline(always)]
fn each<T: Functions>(options: Options<'_, T>, exp: impl Fn(T) -> T, log: impl Fn(T) -> T) {
    let Options { call, put, spot, strike, years, rate, volatility } = options;
    let half = T::from_f64(0.5);
    let sqrt_half = T::from_f64(SQRT_HALF);
    let given = spot.iter().zip(strike).zip(years);
    for ((call, put), ((&spot, &strike), &years)) in call.iter_mut().zip(put).zip(given) {
        let deviation = volatility * years.sqrt();
        let drift = (rate + volatility * volatility * half) * years;
        let d1 = (log(spot / strike) + drift) / deviation;
        let d2 = d1 - deviation;
        let h1 = half * (d1 * sqrt_half).erf();
        let h2 = half * (d2 * sqrt_half).erf();
        let present = strike * exp((T::from_f64(0.0) - rate) * years);
        *call = spot * (half + h1) - present * (half + h2);
        *put = present * (half - h2) - spot * (half - h1);
    }
}

/// Runs `prices` on pieces of the options over the current pool.
fn in_tasks<T: Real>(options: Options<'_, T>, prices: fn(Options<'_, T>)) {
    let Options { call, put, spot, strike, years, rate, volatility } = options;
    let given = spot.par_chunks(PER_TASK).zip(strike.par_chunks(PER_TASK));
    let given = given.zip(years.par_chunks(PER_TASK));
    let priced = call.par_chunks_mut(PER_TASK).zip(put.par_chunks_mut(PER_TASK));
    priced.zip(given).for_each(|((call, put), ((spot, strike), years))| {
        prices(Options { call, put, spot, strike, years, rate, volatility });
    });
}

fn by_instance(
    call: &mut NativeCall<'_>,
    f32: fn(Options<'_, f32>),
    f64: fn(Options<'_, f64>),
) -> Result<(), NativeError> {
    by_instance!(call, f32(options(call.arguments)?), f64(options(call.arguments)?))
}

fn options<T: Real>(arguments: &mut [Value]) -> Result<Options<'_, T>, NativeError> {
    let given = arguments.len();
    let [call, put, spot, strike, years, rate, volatility] = arguments else {
        let position = given.min(6);
        return Err(NativeError::Argument { position, expected: "one of seven arguments" });
    };
    let options = Options {
        call: array_mut(call, 0)?,
        put: array_mut(put, 1)?,
        spot: array(spot, 2)?,
        strike: array(strike, 3)?,
        years: array(years, 4)?,
        rate: scalar(rate, 5)?,
        volatility: scalar(volatility, 6)?,
    };
    let n = options.call.len();
    let lengths =
        [options.put.len(), options.spot.len(), options.strike.len(), options.years.len()];
    match lengths.iter().position(|&length| length != n) {
        Some(at) => {
            Err(NativeError::Argument { position: at + 1, expected: "as long as the first" })
        }
        None => Ok(options),
    }
}
