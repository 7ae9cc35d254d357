//! How far the price of an option may be from the reference's: each operation's error, carried
//! through the formula.
//!
//! Units are u, 2^-23 or 2^-52. A device's operation may be off by the first number, the reference's
//! by the second; what is used is their sum. Either neighbour and nearest: 1 + 0.5. Division 2.5 +
//! 0.5. Root 5 + 0.5 (WGSL inherits 1 / inverseSqrt). Logarithm 4 absolute or 3 relative, + 1
//! relative. Exponential (3 + 2|x|) + 1 relative. erf 10 + 1 absolute. Values stay far from the
//! subnormal numbers, except for probabilities that are added to a half at once.

use crossover_contract::{Allowed, AllowedElements, PolicyInput};
use crossover_values::{DType, Scalar, Value};

use crate::arguments::{Real, array, scalar};

const OPERATION: f64 = 1.5;
const DIVISION: f64 = 3.0;
const ROOT: f64 = 5.5;
const ERF: f64 = 11.0;

/// The policy: allowed distances of calls and puts.
pub(super) fn conditioning(input: &PolicyInput<'_>) -> Box<dyn AllowedElements> {
    let distances = match input.dtype {
        DType::F32 => distances::<f32>(input.arguments, f64::from(f32::EPSILON)),
        DType::F64 => distances::<f64>(input.arguments, f64::EPSILON),
        DType::Bool | DType::U8 | DType::I32 | DType::U32 | DType::I64 | DType::U64 => None,
    };
    Box::new(Distances(distances.unwrap_or_default()))
}

/// Allowed distances of the call and the put of each option; beyond the end nothing is explained.
struct Distances(Vec<[f64; 2]>);

impl AllowedElements for Distances {
    fn element(&self, output: &str, index: usize, _: Scalar) -> Allowed {
        let side = usize::from(output == "put");
        self.0.get(index).map_or(Allowed::Exact, |option| Allowed::Within(option[side]))
    }
}

fn distances<T: Real + Into<f64>>(arguments: &[Value], u: f64) -> Option<Vec<[f64; 2]>> {
    let [_, _, spot, strike, years, rate, volatility] = arguments else { return None };
    let (spot, strike) = (array::<T>(spot, 2).ok()?, array::<T>(strike, 3).ok()?);
    let years = array::<T>(years, 4).ok()?;
    let rate: f64 = scalar::<T>(rate, 5).ok()?.into();
    let volatility: f64 = scalar::<T>(volatility, 6).ok()?.into();
    let options = spot.iter().zip(strike).zip(years);
    let distance = |((&spot, &strike), &years): ((&T, &T), &T)| {
        let option = Terms {
            spot: spot.into(),
            strike: strike.into(),
            years: years.into(),
            rate,
            volatility,
        };
        option.distances(u)
    };
    Some(options.map(distance).collect())
}

struct Terms {
    spot: f64,
    strike: f64,
    years: f64,
    rate: f64,
    volatility: f64,
}

impl Terms {
    /// Of the call and of the put. Errors are in units of u until the end.
    fn distances(&self, u: f64) -> [f64; 2] {
        let &Terms { spot, strike, years, rate, volatility } = self;
        let deviation = volatility * years.sqrt();
        let deviation_error = deviation * (ROOT + OPERATION);
        let drift = (rate + volatility * volatility * 0.5) * years;
        let log = (spot / strike).ln();
        // The quotient's relative error is an absolute one of its logarithm.
        let log_error = DIVISION + 5.0_f64.max(4.0 * log.abs());
        let sum_error = log_error + 4.0 * OPERATION * drift + OPERATION * (log.abs() + drift);
        let d1 = (log + drift) / deviation;
        let d1_error = sum_error / deviation + d1.abs() * (DIVISION + ROOT + OPERATION);
        let d2 = d1 - deviation;
        let d2_error = d1_error + deviation_error + OPERATION * (d1.abs() + deviation);
        let n1 = Probability::at(d1, d1_error, u);
        let n2 = Probability::at(d2, d2_error, u);
        let present = strike * (-rate * years).exp();
        let present_error = present * (4.0 + 3.5 * rate * years + OPERATION);
        let side = |at1: f64, at2: f64| {
            let (first, second) = (spot * at1, present * at2);
            let inherited = spot * n1.error + present * n2.error + present_error * at2;
            // Products, and their difference.
            inherited + 2.0 * OPERATION * (first + second)
        };
        let call = side(n1.value, n2.value);
        let put = side(1.0 - n1.value, 1.0 - n2.value);
        // A hundredth for terms of second order.
        [call, put].map(|error| 1.01 * u * error)
    }
}

/// A value of the normal distribution, and its error.
struct Probability {
    value: f64,
    error: f64,
}

impl Probability {
    fn at(d: f64, d_error: f64, u: f64) -> Probability {
        let argument_error = d_error + OPERATION * d.abs();
        let nearest = (d.abs() - u * argument_error).max(0.0);
        let density = (-0.5 * nearest * nearest).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let value = 0.5 + 0.5 * libm::erf(d * std::f64::consts::FRAC_1_SQRT_2);
        Probability { value, error: density * argument_error + 0.5 * ERF + OPERATION }
    }
}
