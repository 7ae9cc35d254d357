//! One option per lane, with the vector functions of [`super::special`].

use fearless_simd::{Level, dispatch, prelude::*};

use super::special::{Special, erf, exp, log};
use super::{Options, SQRT_HALF};

/// Prices in f32.
pub(super) fn prices_f32(options: Options<'_, f32>) {
    dispatch!(Level::new(), simd => prices(simd, options));
}

/// Prices in f64.
pub(super) fn prices_f64(options: Options<'_, f64>) {
    dispatch!(Level::new(), simd => prices(simd, options));
}

/// What all options share.
struct Market<V> {
    rate: V,
    volatility: V,
    /// rate + volatility^2 / 2
    growth: V,
    half: V,
    sqrt_half: V,
}

#[inline(always)]
fn prices<S: Simd, T: Special<S>>(simd: S, options: Options<'_, T>) {
    let Options { call, put, spot, strike, years, rate, volatility } = options;
    let lanes = T::Vector::LEN;
    let splat = |value: f64| T::Vector::splat(simd, T::from_f64(value));
    let market = Market {
        rate: T::Vector::splat(simd, rate),
        volatility: T::Vector::splat(simd, volatility),
        growth: T::Vector::splat(simd, rate + volatility * volatility * T::from_f64(0.5)),
        half: splat(0.5),
        sqrt_half: splat(SQRT_HALF),
    };
    let given = spot.chunks(lanes).zip(strike.chunks(lanes)).zip(years.chunks(lanes));
    let priced = call.chunks_mut(lanes).zip(put.chunks_mut(lanes));
    for ((call, put), ((spot, strike), years)) in priced.zip(given) {
        if call.len() == lanes {
            let load = |from: &[T]| T::Vector::from_slice(simd, from);
            let (calls, puts) = price::<S, T>(simd, &market, load(spot), load(strike), load(years));
            calls.store_slice(call);
            puts.store_slice(put);
        } else {
            // Lanes beyond the end price an option of one, which has all its logarithms.
            let load = |from: &[T]| {
                T::Vector::from_fn(simd, |lane| from.get(lane).copied().unwrap_or(T::from_f64(1.0)))
            };
            let (calls, puts) = price::<S, T>(simd, &market, load(spot), load(strike), load(years));
            call.copy_from_slice(&calls.as_slice()[..call.len()]);
            put.copy_from_slice(&puts.as_slice()[..put.len()]);
        }
    }
}

/// A vector of options: the calls and the puts.
#[inline(always)]
fn price<S: Simd, T: Special<S>>(
    simd: S,
    market: &Market<T::Vector>,
    spot: T::Vector,
    strike: T::Vector,
    years: T::Vector,
) -> (T::Vector, T::Vector) {
    let half = market.half;
    let deviation = market.volatility * years.sqrt();
    let d1 = market.growth.mul_add(years, log::<S, T>(simd, spot / strike)) / deviation;
    let d2 = d1 - deviation;
    let h1 = half * erf::<S, T>(simd, d1 * market.sqrt_half);
    let h2 = half * erf::<S, T>(simd, d2 * market.sqrt_half);
    let present = strike * exp::<S, T>(simd, -market.rate * years);
    let call = spot.mul_sub(half + h1, present * (half + h2));
    let put = present.mul_sub(half - h2, spot * (half - h1));
    (call, put)
}
