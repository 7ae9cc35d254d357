//! One option per lane, with the vector functions of [`super::special`].

use fearless_simd::{Level, dispatch, prelude::*};

use super::Options;
use super::special::{Special, exp, log_quotient, scaled_tail};

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
}

#[inline(always)]
fn prices<S: Simd, T: Special<S>>(simd: S, options: Options<'_, T>) {
    let Options { call, put, spot, strike, years, rate, volatility } = options;
    let lanes = T::Vector::LEN;
    let market = Market {
        rate: T::Vector::splat(simd, rate),
        volatility: T::Vector::splat(simd, volatility),
        growth: T::Vector::splat(simd, rate + volatility * volatility * T::from_f64(0.5)),
        half: T::Vector::splat(simd, T::from_f64(0.5)),
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
///
/// With phi the density of the normal distribution, spot phi(d1) is strike e^(-rate years) phi(d2):
/// one exponential serves both tails.
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
    let log = log_quotient::<S, T>(simd, spot, strike);
    let d1 = market.growth.mul_add(years, log) / deviation;
    let d2 = d1 - deviation;
    let density = spot * exp::<S, T>(simd, d1 * d1 * -half);
    let half_spot = half * spot;
    let half_present = half * strike * exp::<S, T>(simd, -market.rate * years);
    // What the probabilities differ from a half by, times the spot and the present value.
    let tail1 = scaled_tail::<S, T>(simd, d1.abs());
    let tail2 = scaled_tail::<S, T>(simd, d2.abs());
    let beyond1 = (-density).mul_add(tail1, half_spot).copysign(d1);
    let beyond2 = (-density).mul_add(tail2, half_present).copysign(d2);
    let (sum, difference) = (beyond1 - beyond2, half_spot - half_present);
    (sum + difference, sum - difference)
}
