//! Which counts a pixel of the Julia set may have on a device that rounds more freely.
//!
//! The map is chaotic near its boundary, so no distance between counts can judge: a device that
//! contracts or reorders one step is right and yet far away. What can judge is the orbit. Beside
//! the reference's orbit runs a bound `e` on the modulus of the difference to any orbit that WGSL
//! permits (each operation either neighbour of the exact result, sums in any order, products fused
//! or not, subnormals flushed). While |z|^2 is further from 4 than the error that `e` implies, the
//! test has one outcome; where it is not, both are allowed. Once `e` exceeds [`HORIZON`], the
//! device's orbit may be anywhere and so may its count from there on.
//!
//! The coordinates and c are inputs, given to every backend as the same bits, and carry no error.

use std::sync::OnceLock;

use crossover_contract::{Allowed, AllowedElements, PolicyInput};
use crossover_values::{DType, Scalar, Value};
use rayon::prelude::*;

use super::Rule;
use crate::arguments::{Real, array, scalar};

/// Error of z beyond which nothing is said of the rest of the orbit. It is a quarter of the
/// disc's radius: a ball of that size around most points of the set maps over the whole set in a
/// step or two, so a larger one would allow hardly less.
const HORIZON: f64 = 0.5;

/// The policy: allowed counts per pixel. The orbits of all pixels are followed once, by all cores,
/// when the first one is asked for; every row of a case asks for them again.
pub(super) fn boundary(input: &PolicyInput<'_>) -> Box<dyn AllowedElements> {
    match input.dtype {
        DType::F32 => of::<f32>(input, f64::from(f32::EPSILON), f64::from(f32::MIN_POSITIVE)),
        DType::F64 => of::<f64>(input, f64::EPSILON, f64::MIN_POSITIVE),
        DType::Bool | DType::U8 | DType::I32 | DType::U32 | DType::I64 | DType::U64 => {
            Box::new(OnlyReference)
        }
    }
}

/// Where the arguments are not this kernel's, no difference is explained.
struct OnlyReference;

impl AllowedElements for OnlyReference {
    fn element(&self, _: &str, _: usize, _: Scalar) -> Allowed {
        Allowed::Exact
    }
}

fn of<T: Real + Into<f64>>(
    input: &PolicyInput<'_>,
    u: f64,
    least_normal: f64,
) -> Box<dyn AllowedElements> {
    match orbits::<T>(input.arguments, u, least_normal) {
        Some(orbits) => Box::new(Counted { orbits, pixels: OnceLock::new() }),
        None => Box::new(OnlyReference),
    }
}

fn orbits<T: Real>(arguments: &[Value], u: f64, least_normal: f64) -> Option<Orbits<T>> {
    let [_, x, y, c_re, c_im, max_iterations] = arguments else { return None };
    let rule = Rule {
        c_re: scalar(c_re, 3).ok()?,
        c_im: scalar(c_im, 4).ok()?,
        max_iterations: scalar(max_iterations, 5).ok()?,
    };
    let (x, y) = (array(x, 1).ok()?.to_vec(), array(y, 2).ok()?.to_vec());
    Some(Orbits { x, y, rule, u, least_normal })
}

/// Everything that decides the orbits.
struct Orbits<T> {
    x: Vec<T>,
    y: Vec<T>,
    rule: Rule<T>,
    /// Largest relative error of one operation on the device: either neighbour.
    u: f64,
    /// Below this a value may be flushed to zero.
    least_normal: f64,
}

/// The orbits with what they allow.
struct Counted<T> {
    orbits: Orbits<T>,
    pixels: OnceLock<Vec<Possible>>,
}

/// What a pixel's count may be.
enum Possible {
    One(i64),
    Several(Box<[i64]>),
    From(i64),
}

impl<T: Real + Into<f64>> AllowedElements for Counted<T> {
    fn element(&self, _: &str, index: usize, reference: Scalar) -> Allowed {
        let pixels = self.pixels.get_or_init(|| self.orbits.all());
        match pixels.get(index) {
            Some(Possible::One(only)) if reference.as_integer() == Some(i128::from(*only)) => {
                Allowed::Exact
            }
            Some(Possible::One(only)) => Allowed::Set(vec![*only]),
            Some(Possible::Several(counts)) => Allowed::Set(counts.to_vec()),
            Some(Possible::From(first)) => {
                Allowed::Range(*first, i64::from(self.orbits.rule.max_iterations))
            }
            None => Allowed::Exact,
        }
    }
}

impl<T: Real + Into<f64>> Orbits<T> {
    /// Every pixel, row-major.
    fn all(&self) -> Vec<Possible> {
        let width = self.x.len();
        let pixel = |index: usize| self.counts(self.x[index % width], self.y[index / width]);
        (0..width * self.y.len()).into_par_iter().map(pixel).collect()
    }

    fn counts(&self, x: T, y: T) -> Possible {
        let max = self.rule.max_iterations;
        let (mut a, mut b, mut e) = (x, y, 0.0);
        let mut possible = Vec::new();
        for n in 0..max {
            if e > HORIZON {
                let first = possible.first().copied().unwrap_or(i64::from(n));
                return Possible::From(first);
            }
            let (square, error) = self.test(a, b, e);
            // A NaN leaves the test undecided too: it is not surely inside.
            let surely_inside = square + error < 4.0;
            if !surely_inside {
                possible.push(i64::from(n));
            }
            if square - error >= 4.0 {
                return possible_of(possible);
            }
            (a, b, e) = self.step(a, b, e);
        }
        possible.push(i64::from(max));
        possible_of(possible)
    }

    /// |z|^2 of the reference, and how far the device's may be from it.
    fn test(&self, a: T, b: T, e: f64) -> (f64, f64) {
        let square: f64 = (a * a + b * b).into();
        let (a, b): (f64, f64) = (a.into(), b.into());
        let modulus = (a * a + b * b).sqrt();
        let reach = modulus + e;
        // Each square and their sum: three roundings that together move the value by 2u of it on
        // the device, and half of that on the reference, which rounds to nearest.
        let rounding = self.u * (2.0 * reach * reach + modulus * modulus);
        (square, widen(e * (2.0 * modulus + e) + rounding + 4.0 * self.least_normal))
    }

    /// The next point of the reference, and the bound of the difference there.
    fn step(&self, a: T, b: T, e: f64) -> (T, T, f64) {
        let Rule { c_re, c_im, .. } = self.rule;
        let next_a = a * a - b * b + c_re;
        let next_b = a * b + b * a + c_im;
        let (a, b): (f64, f64) = (a.into(), b.into());
        let inherited = e * (2.0 * (a * a + b * b).sqrt() + e);
        let (re, im) = self.rounding(a.abs() + e, b.abs() + e, inherited);
        // The device's rounding and, at half of it, the reference's.
        let rounding = 1.5 * re.hypot(im);
        (next_a, next_b, widen(inherited + rounding + 16.0 * self.least_normal))
    }

    /// Largest rounding error of one step on the device in both components: of the products, of
    /// the first sum in whatever order, and of the second. `a` and `b` are moduli, already
    /// enlarged by the error they carry; `inherited` is what that error adds to a sum.
    fn rounding(&self, a: f64, b: f64, inherited: f64) -> (f64, f64) {
        let (c_re, c_im): (f64, f64) = (self.rule.c_re.into(), self.rule.c_im.into());
        let (aa, bb, ab) = (a * a, b * b, a * b);
        let first = (aa - bb).abs().max((aa + c_re).abs()).max((c_re - bb).abs());
        let last = (aa - bb + c_re).abs();
        let re = aa + bb + first + last + 4.0 * inherited;
        // a*b + b*a, or 2*a*b: both products, then the doubled one, then c.
        let first = (2.0 * ab).max(ab + c_im.abs());
        let im = 2.0 * ab + first + 2.0 * ab + c_im.abs() + 4.0 * inherited;
        (self.u * re, self.u * im)
    }
}

/// Room for the rounding of the bound's own arithmetic, in f64, and for terms of second order.
fn widen(error: f64) -> f64 {
    error * (1.0 + 1e-6)
}

fn possible_of(counts: Vec<i64>) -> Possible {
    match counts.as_slice() {
        [only] => Possible::One(*only),
        _ => Possible::Several(counts.into_boxed_slice()),
    }
}

#[cfg(test)]
mod tests {
    use crossover_contract::{Case, PolicyInput};

    use super::super::tests::{counts, subject};
    use super::*;
    use crate::testing::Subject;

    /// The allowed sets of a case beside the reference's counts.
    struct Judged {
        elements: Box<dyn AllowedElements>,
        reference: Vec<i32>,
        arguments: Vec<Value>,
    }

    impl Judged {
        fn new(subject: &Subject, case: &Case) -> Judged {
            let arguments = subject.arguments(case);
            let input = PolicyInput { case, dtype: subject.dtype, arguments: &arguments };
            let elements = boundary(&input);
            let reference = counts(&subject.run(subject.variant("simd"), case)[0]);
            Judged { elements, reference, arguments }
        }

        fn allowed(&self, index: usize) -> Allowed {
            self.elements.element("counts", index, Scalar::I32(self.reference[index]))
        }

        /// Pixels where `got` is not allowed.
        fn rejected(&self, got: &[i32]) -> usize {
            let refuses = |&(index, &got): &(usize, &i32)| {
                let reference = Scalar::I32(self.reference[index]);
                !self.allowed(index).contains(reference, Scalar::I32(got))
            };
            got.iter().enumerate().filter(refuses).count()
        }

        fn undecided(&self) -> usize {
            (0..self.reference.len()).filter(|&i| self.allowed(i).is_undecided()).count()
        }

        /// Counts by another way to compute a pixel, in f32.
        fn by(&self, pixel: impl Fn(&Rule<f32>, usize, &[f32], f32) -> i32) -> Vec<i32> {
            let orbits = orbits::<f32>(&self.arguments, 0.0, 0.0).unwrap();
            let rows = orbits.y.iter();
            rows.flat_map(|&y| {
                let columns = 0..orbits.x.len();
                columns.map(|c| pixel(&orbits.rule, c, &orbits.x, y)).collect::<Vec<_>>()
            })
            .collect()
        }
    }

    fn judged(dtype: DType, w: f64) -> Judged {
        let subject = subject(dtype);
        let case = subject.case(&[("w", w)]);
        Judged::new(&subject, &case)
    }

    fn contracted(rule: &Rule<f32>, x: f32, y: f32, limit: f32) -> i32 {
        let (mut a, mut b, mut n) = (x, y, 0);
        while n < rule.max_iterations && a.mul_add(a, b * b) < limit {
            let next = (a * a + rule.c_re) - b * b;
            b = (2.0 * a).mul_add(b, rule.c_im);
            a = next;
            n += 1;
        }
        n
    }

    #[test]
    fn the_reference_is_allowed_and_most_pixels_have_one_count() {
        for (dtype, share) in [(DType::F32, 0.01), (DType::F64, 1e-4)] {
            let judged = judged(dtype, 300.0);
            assert_eq!(judged.rejected(&judged.reference), 0);
            let undecided = judged.undecided() as f64 / judged.reference.len() as f64;
            assert!(undecided < share, "{dtype}: {undecided}");
        }
    }

    #[test]
    fn what_wgsl_permits_is_allowed() {
        let judged = judged(DType::F32, 300.0);
        let other = judged.by(|rule, c, x, y| contracted(rule, x[c], y, 4.0));
        assert_ne!(other, judged.reference, "the test shows no difference");
        assert_eq!(judged.rejected(&other), 0);
    }

    #[test]
    fn mutants_are_rejected() {
        let judged = judged(DType::F32, 300.0);
        let threshold = judged.by(|rule, c, x, y| contracted(rule, x[c], y, 4.001));
        assert!(judged.rejected(&threshold) > 0, "threshold");
        let accumulated = judged.by(|rule, c, x, y| {
            let at = (0..c).fold(x[0], |at, _| at + (x[1] - x[0]));
            rule.count(at, y)
        });
        assert!(judged.rejected(&accumulated) > 0, "coordinates by accumulation");
        let capped = judged.by(|rule, c, x, y| rule.count(x[c], y).min(rule.max_iterations - 1));
        assert!(judged.rejected(&capped) > 0, "one step short");
        let off = judged.by(|rule, c, x, y| rule.count(x[c.saturating_sub(1)], y));
        assert!(judged.rejected(&off) > 1000, "off by one column");
    }

    #[test]
    fn strange_arguments_explain_nothing() {
        let subject = subject(DType::F32);
        let case = subject.case(&[]);
        let input = PolicyInput { case: &case, dtype: DType::F32, arguments: &[] };
        let elements = boundary(&input);
        assert_eq!(elements.element("counts", 0, Scalar::I32(3)), Allowed::Exact);
    }
}
