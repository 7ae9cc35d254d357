//! Sums of two floats: about 100 bits, to measure functions of 53 (Dekker; Muller, *Elementary
//! Functions*, chapter 2).

use std::f64::consts::FRAC_2_PI;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// The sum of a float and a much smaller one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Two {
    pub(crate) high: f64,
    pub(crate) low: f64,
}

const LN_2: Two = two(std::f64::consts::LN_2, 2.319_046_813_846_299_6e-17);
/// Two over the root of pi.
const PER_ERF: Two = two(std::f64::consts::FRAC_2_SQRT_PI, 1.533_545_961_316_588e-17);
/// A quarter turn in three floats.
const QUARTER: [f64; 3] =
    [std::f64::consts::FRAC_PI_2, 6.123_233_995_736_766e-17, -1.497_384_904_859_169_6e-33];

const fn two(high: f64, low: f64) -> Two {
    Two { high, low }
}

/// Two parts that do not overlap, from any.
fn sum(a: f64, b: f64) -> Two {
    let high = a + b;
    let of_b = high - a;
    two(high, (a - (high - of_b)) + (b - of_b))
}

/// The exact product.
fn product(a: f64, b: f64) -> Two {
    let high = a * b;
    two(high, a.mul_add(b, -high))
}

impl From<f64> for Two {
    fn from(value: f64) -> Two {
        two(value, 0.0)
    }
}

impl Add for Two {
    type Output = Two;

    fn add(self, other: Two) -> Two {
        let high = sum(self.high, other.high);
        let low = sum(self.low, other.low);
        let once = sum(high.high, high.low + low.high);
        sum(once.high, once.low + low.low)
    }
}

impl Neg for Two {
    type Output = Two;

    fn neg(self) -> Two {
        two(-self.high, -self.low)
    }
}

impl Sub for Two {
    type Output = Two;

    fn sub(self, other: Two) -> Two {
        self + -other
    }
}

impl Mul for Two {
    type Output = Two;

    fn mul(self, other: Two) -> Two {
        let whole = product(self.high, other.high);
        sum(whole.high, whole.low + (self.high * other.low + self.low * other.high))
    }
}

impl Div for Two {
    type Output = Two;

    fn div(self, other: Two) -> Two {
        let first = self.high / other.high;
        let rest = self - other * first.into();
        let second = rest.high / other.high;
        let rest = rest - other * second.into();
        Two::from(first) + sum(second, rest.high / other.high)
    }
}

impl Two {
    fn scaled(self, factor: f64) -> Two {
        two(self.high * factor, self.low * factor)
    }
}

/// `e^x - 1` for |x| up to ln(2) / 2.
fn grown(x: Two) -> Two {
    // Eight halvings: (1 + y)^2 - 1 = 2 y + y^2 undoes one.
    let small = x.scaled(1.0 / 256.0);
    let mut result = Two::from(0.0);
    for n in (1..=11).rev() {
        result = small / f64::from(n).into() * (result + 1.0.into());
    }
    (0..8).fold(result, |y, _| y.scaled(2.0) + y * y)
}

/// `e^x` as a number near one and a power of two.
pub(crate) fn exp(x: Two) -> (Two, i32) {
    let n = (x.high / std::f64::consts::LN_2).round();
    (grown(x - LN_2 * n.into()) + 1.0.into(), n as i32)
}

/// The natural logarithm of a positive number.
pub(crate) fn log(x: f64) -> Two {
    let (m, k) = split(x);
    let of_power = LN_2 * f64::from(k).into();
    let f = m - 1.0;
    if f.abs() < 1.0 / 128.0 {
        let s = Two::from(f) / sum(2.0, f);
        let z = s * s;
        let odd = (0..10).rev().fold(Two::from(0.0), |tail, n| {
            Two::from(1.0) / f64::from(2 * n + 1).into() + tail * z
        });
        return of_power + s.scaled(2.0) * odd;
    }
    // One step of Newton from the float nearby, with the square of the correction.
    let near = m.ln();
    let (e, n) = exp((-near).into());
    let off = Two::from(m) * e.scaled(2.0_f64.powi(n)) - 1.0.into();
    of_power + (Two::from(near) + (off - (off * off).scaled(0.5)))
}

/// A positive number as one between the roots of 1/2 and 2, and a power of two.
fn split(x: f64) -> (f64, i32) {
    let (x, shift) = if x < f64::MIN_POSITIVE { (x * 2.0_f64.powi(54), -54) } else { (x, 0) };
    let k = ((x.to_bits() >> 52) as i32) - 1023;
    let m = f64::from_bits((x.to_bits() & ((1 << 52) - 1)) | (1023 << 52));
    if m > std::f64::consts::SQRT_2 { (m * 0.5, k + 1 + shift) } else { (m, k + shift) }
}

/// Sine and cosine, for |x| up to 2^23.
pub(crate) fn sin_cos(x: f64) -> (Two, Two) {
    let n = (x * FRAC_2_PI).round();
    let mut rest = Two::from(x);
    for part in QUARTER {
        rest = rest - product(n, part);
    }
    let z = rest * rest;
    let series = |first: u32| {
        (0..15).rev().fold(Two::from(0.0), |tail, n| {
            let next = f64::from((2 * n + first + 1) * (2 * n + first + 2));
            Two::from(1.0) - tail * z / next.into()
        })
    };
    let (s, c) = (rest * series(1), series(0));
    match n as i64 & 3 {
        0 => (s, c),
        1 => (c, -s),
        2 => (-s, -c),
        _ => (-c, s),
    }
}

/// The hyperbolic tangent, for |x| up to 300.
pub(crate) fn tanh(x: f64) -> Two {
    let twice = Two::from(2.0 * x.abs());
    let n = (twice.high / std::f64::consts::LN_2).round();
    let power = 2.0_f64.powi(n as i32);
    let grown = grown(twice - LN_2 * n.into()).scaled(power) + sum(power, -1.0);
    (grown / (grown + 2.0.into())).scaled(1.0_f64.copysign(x))
}

/// The error function.
pub(crate) fn erf(x: f64) -> Two {
    if x.abs() >= 2.0 {
        // What is taken from one is below 0.005, so that a float does: the continued fraction.
        let size = x.abs();
        let tail = (1..=80).rev().fold(0.0, |tail, k| 0.5 * f64::from(k) / (size + tail));
        let erfc = (-size * size).exp() * 0.5 * PER_ERF.high / (size + tail);
        let size = Two::from(1.0) - erfc.into();
        return size.scaled(1.0_f64.copysign(x));
    }
    // All terms are positive: 2 / sqrt(pi) e^(-x^2) (x + 2 x^3 / 3 + 4 x^5 / 15 + …).
    let square = product(x, x);
    let mut term = Two::from(x);
    let mut total = term;
    for n in 1..60 {
        term = term * square.scaled(2.0) / f64::from(2 * n + 1).into();
        total = total + term;
        if term.high.abs() < 1e-33 * total.high.abs() {
            break;
        }
    }
    let (e, n) = exp(-square);
    PER_ERF * e.scaled(2.0_f64.powi(n)) * total
}
