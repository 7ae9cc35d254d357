//! How far the polynomial functions are from the exact ones. The table of `docs/ARCHITECTURE.md` is
//! what this prints:
//! `cargo test -p crossover-interpreter --test polynomial -- --nocapture | grep '^|' | sort`.
//!
//! Of f32 every 1,001st pattern of bits is tried, against `libm` in f64; of f64 a million points over
//! all sizes and where a function is hard, against sums of two floats.

#![allow(clippy::print_stdout, reason = "the rows of a table in the documents")]

mod doubled;
mod points;

use crossover_interpreter::{Options, compile};
use crossover_ir::polynomial::{FUNCTIONS, Function, function_of, library};
use crossover_ir::{Op, eval, math};
use crossover_values::compare::same;
use crossover_values::{Array, DType, Scalar, Value};
use doubled::Two;

/// Results of a function of the library on the interpreter.
fn results(function: &Function, arguments: Array) -> Array {
    let kernels = &library().kernels;
    let entry = kernels.iter().position(|kernel| kernel.name == function.name);
    let program = compile(library(), entry.expect("it is there")).expect("it compiles");
    let output = Array::zeros(function.dtype, arguments.shape());
    let mut arguments = [Value::Array(arguments), Value::Array(output)];
    program.run(&mut arguments, &mut Options::default()).expect("no function fails");
    let [_, Value::Array(results)] = arguments else { panic!("two arrays") };
    results
}

fn results_f64(function: &Function, arguments: &[f64]) -> Vec<f64> {
    let results = results(function, points::array_f64(arguments));
    (0..arguments.len()).map(|i| float(results.get(i).expect("as many"))).collect()
}

fn float(scalar: Scalar) -> f64 {
    match scalar {
        Scalar::F32(value) => value.into(),
        Scalar::F64(value) => value,
        other => panic!("{other} is no float"),
    }
}

/// The distance of `got` from `exact * 2^power`, in units in the last place of that.
fn ulps(got: f64, (exact, power): (Two, i32), (digits, least): (i32, i32)) -> f64 {
    let exponent = ((exact.high.to_bits() >> 52) & 0x7ff) as i32 - 1023;
    let unit = (exponent + power).max(least) - digits - power;
    // Two steps each: none leaves the normal numbers.
    let by = |x: f64, n: i32| x * 2.0_f64.powi(n / 2) * 2.0_f64.powi(n - n / 2);
    let off = (by(got, -power) - exact.high) - exact.low;
    by(off, -unit).abs()
}

const F32: (i32, i32) = (23, -126);
const F64: (i32, i32) = (52, -1022);

/// The largest error of a function so far, and where.
struct Worst {
    ulps: f64,
    at: f64,
}

impl Worst {
    fn new() -> Worst {
        Worst { ulps: 0.0, at: f64::NAN }
    }

    fn see(&mut self, ulps: f64, at: f64) {
        if ulps.is_nan() || ulps > self.ulps {
            *self = Worst { ulps, at };
        }
    }

    /// Prints a row, and holds it against what is promised.
    fn conclude(&self, function: &Function) {
        let Function { op, dtype, ulps, reach, .. } = *function;
        let reach = reach.map_or("all".to_owned(), |reach| format!("\\|x\\| ≤ {reach}"));
        let name = op.info().name;
        println!("| `{name}` | {dtype} | {reach} | {ulps} | {:.3} at {:e} |", self.ulps, self.at);
        assert!(self.ulps <= ulps, "{name} {dtype}: {} ulp at {:e}", self.ulps, self.at);
        assert!(self.ulps > 0.5 * ulps, "{name} {dtype}: a bound of {ulps} says too little");
    }
}

fn check_f32(op: Op, exact: fn(f64) -> f64) {
    let function = function_of(op, DType::F32).expect("it has one");
    let reach = function.reach.unwrap_or(f64::INFINITY);
    let mut worst = Worst::new();
    for arguments in points::every_f32() {
        let got = results(function, points::array_f32(&arguments));
        for (i, &x) in arguments.iter().enumerate() {
            let got = float(got.get(i).expect("as many"));
            let wanted = exact(x.into());
            if wanted.is_nan() || (wanted as f32).is_infinite() || wanted == 0.0 {
                let equal = same(Scalar::F32(got as f32), Scalar::F32(wanted as f32));
                assert!(equal || f64::from(x).abs() > reach, "{op:?}({x:e}) is {got:e}");
            } else if f64::from(x).abs() <= reach {
                worst.see(ulps(got, (wanted.into(), 0), F32), x.into());
            }
        }
    }
    worst.conclude(function);
}

fn check_f64(op: Op, points: &[f64], exact: impl Fn(f64) -> (Two, i32)) {
    let function = function_of(op, DType::F64).expect("it has one");
    let mut worst = Worst::new();
    for (&x, got) in points.iter().zip(results_f64(function, points)) {
        worst.see(ulps(got, exact(x), F64), x);
    }
    worst.conclude(function);
}

#[test]
fn exp_is_within_its_bound() {
    check_f32(Op::Exp, math::exp_f64);
    let points = [points::sizes(-60, -1), points::range(-745.13, 709.78)].concat();
    check_f64(Op::Exp, &points, |x| doubled::exp(x.into()));
}

#[test]
fn log_is_within_its_bound() {
    check_f32(Op::Log, math::log_f64);
    let near_one = points::sizes(-53, -2).into_iter().map(|d| 1.0 + d).filter(|x| *x != 1.0);
    let all = points::sizes(-1074, 1023).into_iter().filter(|x| *x > 0.0);
    let points: Vec<f64> = near_one.chain(all).chain(points::range(0.5, 2.0)).collect();
    check_f64(Op::Log, &points, |x| (doubled::log(x), 0));
}

/// Where sines and cosines are hard: over their reach, and nearest to whole quarter turns.
fn angles() -> Vec<f64> {
    let near_quarters = points::range(1.0, 5.3e6).into_iter().map(|n| {
        let x = n.floor() * std::f64::consts::FRAC_PI_2;
        if n.fract() < 0.5 { x } else { -x }
    });
    let all = points::sizes(-30, 22).into_iter().chain(points::range(-10.0, 10.0));
    all.chain(near_quarters).collect()
}

#[test]
fn sin_is_within_its_bound() {
    check_f32(Op::Sin, math::sin_f64);
    check_f64(Op::Sin, &angles(), |x| (doubled::sin_cos(x).0, 0));
}

#[test]
fn cos_is_within_its_bound() {
    check_f32(Op::Cos, math::cos_f64);
    check_f64(Op::Cos, &angles(), |x| (doubled::sin_cos(x).1, 0));
}

#[test]
fn tanh_is_within_its_bound() {
    check_f32(Op::Tanh, math::tanh_f64);
    let points = [points::sizes(-60, 7), points::range(-20.0, 20.0)].concat();
    check_f64(Op::Tanh, &points, |x| (doubled::tanh(x), 0));
}

#[test]
fn erf_is_within_its_bound() {
    check_f32(Op::Erf, math::erf_f64);
    let points = [points::sizes(-60, 3), points::range(-6.5, 6.5)].concat();
    check_f64(Op::Erf, &points, |x| (doubled::erf(x), 0));
}

/// Zeros with their signs, infinities, NaN, and results that are infinite, zero or one: as the
/// pinned functions have them.
#[test]
fn special_values_are_those_of_the_pinned_functions() {
    let values = [0.0, f64::INFINITY, f64::NAN, 1000.0, 30.0, 1e30];
    for function in FUNCTIONS {
        let signed = values.iter().flat_map(|x| [*x, -*x]);
        // Log of one; there is no other special argument but those.
        let arguments: Vec<f64> = match function.op {
            Op::Log => signed.filter(|x| !(*x > 0.0 && x.is_finite())).chain([1.0]).collect(),
            Op::Exp => signed.filter(|x| x.abs() != 30.0).collect(),
            Op::Sin | Op::Cos => signed.filter(|x| *x == 0.0 || !x.is_finite()).collect(),
            _ => signed.collect(),
        };
        let arguments: Vec<Scalar> = arguments.iter().map(|x| scalar(function.dtype, *x)).collect();
        let mut array = Array::zeros(function.dtype, &[arguments.len()]);
        arguments.iter().enumerate().for_each(|(i, x)| array.set(i, *x));
        let got = results(function, array);
        for (i, x) in arguments.iter().enumerate() {
            let wanted = eval(function.op, function.dtype, &[*x]).expect("no function fails");
            let got = got.get(i).expect("as many");
            assert!(same(got, wanted), "{}({x}) is {got} instead of {wanted}", function.name);
        }
    }
}

fn scalar(dtype: DType, x: f64) -> Scalar {
    if dtype == DType::F32 { Scalar::F32(x as f32) } else { Scalar::F64(x) }
}

/// The numbers that are measured against, against `libm`: whose error is below one unit.
#[test]
fn sums_of_two_floats_agree_with_libm() {
    let near = |exact: (Two, i32), libm: f64, x: f64, most: f64| {
        let off = ulps(libm, exact, F64);
        assert!(off <= most, "{off} ulp at {x:e}");
    };
    for x in points::range(-5.0, 5.0).into_iter().step_by(97) {
        near(doubled::exp(x.into()), math::exp_f64(x), x, 1.0);
        near((doubled::log(x.abs()), 0), math::log_f64(x.abs()), x, 1.0);
        near((doubled::sin_cos(x).0, 0), math::sin_f64(x), x, 1.0);
        near((doubled::sin_cos(x).1, 0), math::cos_f64(x), x, 1.0);
        near((doubled::tanh(x), 0), math::tanh_f64(x), x, 2.0);
        near((doubled::erf(x), 0), math::erf_f64(x), x, 1.0);
    }
}
