//! The suite's kernels, compiled from their sources, against their known answers.

use std::collections::BTreeMap;
use std::path::Path;

use crossover_interpreter::{Options, Outcome, Profile, Program, compile, compile_lanes};
use crossover_ir::{Module, Valid};
use crossover_lang::{File, Sources};
use crossover_values::{Array, DType, Scalar, Value};

mod support;

fn source(path: &str) -> File {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../suite/src");
    File {
        path: path.to_owned(),
        text: std::fs::read_to_string(folder.join(path)).expect("the suite has it"),
    }
}

fn module(stem: &str, real: DType) -> Valid<Module> {
    let main = source(&format!("kernels/{stem}/kernel.py"));
    let modules = BTreeMap::from([("common".to_owned(), source("common.py"))]);
    let options = crossover_lang::Options { real: Some(real), ..Default::default() };
    crossover_lang::compile(&Sources { main, modules }, &options).expect("the suite compiles")
}

fn program(stem: &str, real: DType) -> Program {
    compile(&module(stem, real), 0).expect("it compiles")
}

/// Runs a kernel in scalar form and in lanes, which must agree.
fn run(stem: &str, real: DType, arguments: &mut [Value]) -> Outcome {
    let module = module(stem, real);
    let lanes = compile_lanes(&module, 0).expect("it compiles");
    assert_eq!(lanes.refusals(), [], "{stem} runs in lanes");
    let mut in_lanes = arguments.to_vec();
    let outcome = lanes.run(&mut in_lanes, &mut Options::default()).expect("it runs");
    let scalar = compile(&module, 0).expect("it compiles");
    let expected = scalar.run(arguments, &mut Options::default()).expect("it runs");
    assert!(bits(&in_lanes) == bits(arguments), "{stem}");
    assert_eq!(bits(&outcome.returned), bits(&expected.returned), "{stem}");
    outcome
}

fn bits(values: &[Value]) -> Vec<Vec<u8>> {
    let bits = |value: &Value| match value {
        Value::Scalar(scalar) => scalar.to_bits().to_le_bytes().to_vec(),
        Value::Array(array) => array.bytes().to_vec(),
    };
    values.iter().map(bits).collect()
}

fn scalar(value: &Value) -> Scalar {
    match value {
        Value::Scalar(scalar) => *scalar,
        Value::Array(_) => panic!("an array"),
    }
}

#[test]
fn julia() {
    for (real, w, expected) in [
        (DType::F64, 64, 141_804),
        (DType::F64, 100, 334_236),
        (DType::F32, 64, 141_806),
        (DType::F32, 100, 334_234),
    ] {
        let mut arguments = support::julia_arguments(real, w);
        run("julia", real, &mut arguments);
        assert_eq!(support::sum_i32(&arguments[0]), expected, "{real} {w}");
    }
}

/// The test of the loop runs once more per pixel than its body.
#[test]
fn julia_profile() {
    let program = program("julia", DType::F64);
    let mut arguments = support::julia_arguments(DType::F64, 64);
    let mut profile = Profile::default();
    let mut options = Options { profile: Some(&mut profile), ..Options::default() };
    program.run(&mut arguments, &mut options).unwrap();
    let text = source("kernels/julia/kernel.py").text;
    let line = |start: &str| {
        text.lines().position(|line| line.trim_start().starts_with(start)).unwrap() as u32 + 1
    };
    let evaluations = |start: &str| profile.lines[&(0, line(start))].evaluations;
    assert_eq!(evaluations("while"), 141_804 + 64 * 64);
    assert_eq!(evaluations("b = a * b"), 141_804);
    assert_eq!(evaluations("n += 1"), 141_804);
    assert_eq!(evaluations("counts[row"), 64 * 64);
}

/// Listings show what a change of lowering or fusing does: julia's loop is four instructions per
/// iteration.
#[test]
fn listings() {
    for stem in ["julia", "diffusion2d", "norm2", "pi_darts"] {
        insta::assert_snapshot!(format!("listing_{stem}"), program(stem, DType::F64).disassemble());
    }
}

#[test]
fn norm2() {
    for n in [0, 1, 15, 16, 17, 1000, 4096, 4097, 10_000] {
        let mut v = Array::zeros(DType::F64, &[n]);
        (0..n).for_each(|i| v.set(i, Scalar::F64(i as f64)));
        let outcome = run("norm2", DType::F64, &mut [Value::Array(v)]);
        let exact = (0..n as u64).map(|i| i * i).sum::<u64>();
        assert_eq!(scalar(&outcome.returned[0]), Scalar::F64(exact as f64), "{n}");
    }
}

/// What blocks look like: julia's loop, and the spans of wrapped neighbours.
#[test]
fn listings_in_lanes() {
    for stem in ["julia", "diffusion2d"] {
        let program = compile_lanes(&module(stem, DType::F32), 0).expect("it compiles");
        let text = program.disassemble();
        let lanes = text.find("  in lanes").expect("it runs in lanes");
        insta::assert_snapshot!(format!("lanes_{stem}"), &text[lanes..]);
    }
}

/// Lanes that go on move together and still store to their own elements: the number of a lane moves
/// with it, though it is read in the loop alone.
#[test]
fn primes_range() {
    for (count, primes) in [(500, 27), (3000, 167)] {
        let first = 100_000_000;
        let mut arguments = [first, first + count - 1].map(|n| Value::Scalar(Scalar::U32(n)));
        let outcome = run("primes_range", DType::U32, &mut arguments);
        assert_eq!(scalar(&outcome.returned[0]), Scalar::U32(primes), "{count}");
    }
}

/// A store in a loop that lanes leave one by one is one by lanes, so that those left can move
/// together; without it primes_range took five times as long as the scalar machine.
#[test]
fn a_store_in_a_loop_does_not_bind_its_lanes() {
    let text = compile_lanes(&module("primes_range", DType::U32), 0).unwrap().disassemble();
    let begins = text.find("Compact").expect("lanes move");
    let ends = begins + text[begins..].find("Restore").expect("and return");
    let turn = &text[begins..ends];
    assert!(turn.contains("Scatter32") && !turn.contains("StoreRun"), "{turn}");
}

/// In `f32` the order of the sum shows.
#[test]
fn norm2_follows_the_order_of_the_language() {
    use crossover_ir::fold::{BLOCK, PARTIALS, fold_blocks, fold_partials};
    let n = 3 * BLOCK as usize + 1000;
    let mut v = Array::zeros(DType::F32, &[n]);
    (0..n).for_each(|i| v.set(i, Scalar::F32(i as f32)));
    let values: Vec<f32> = (0..n).map(|i| i as f32 * i as f32).collect();
    let mut blocks: Vec<f32> = values
        .chunks(BLOCK as usize)
        .map(|block| {
            let mut partials = [0.0; PARTIALS];
            block.iter().enumerate().for_each(|(i, x)| partials[i % PARTIALS] += x);
            fold_partials(&partials, |a, b| a + b)
        })
        .collect();
    let expected = fold_blocks(&mut blocks, |a, b| a + b).unwrap();
    assert_ne!(expected, values.iter().sum::<f32>(), "the test could not fail");
    let outcome = run("norm2", DType::F32, &mut [Value::Array(v)]);
    assert_eq!(scalar(&outcome.returned[0]), Scalar::F32(expected));
}

#[test]
fn pi_darts() {
    let [n, low, high] = [Scalar::I32(10_000), Scalar::U32(0), Scalar::U32(0)].map(Value::Scalar);
    let outcome = run("pi_darts", DType::F64, &mut [n, low, high]);
    assert_eq!(scalar(&outcome.returned[0]), Scalar::U32(7857));
}

#[test]
fn diffusion2d() {
    let n = 64;
    let mut u = Array::zeros(DType::F64, &[n, n]);
    let hot = |i: usize| 4 * n / 10 <= i && i < n / 2;
    for (row, column) in (0..n).flat_map(|row| (0..n).map(move |column| (row, column))) {
        if hot(row) && hot(column) {
            u.set(row * n + column, Scalar::F64(0.005));
        }
    }
    let [steps, rate] = [Scalar::I32(100), Scalar::F64(0.1)].map(Value::Scalar);
    let mut arguments = [Value::Array(u), steps, rate];
    let outcome = run("diffusion2d", DType::F64, &mut arguments);
    assert_eq!(outcome.regions, 100);
    let Value::Array(Array::F64(u)) = &arguments[0] else { panic!("u stays an f64 array") };
    let mass: f64 = u.iter().sum();
    let squares: f64 = u.iter().map(|x| x * x).sum();
    let max = u.iter().copied().fold(0.0, f64::max);
    assert!((mass - 0.245).abs() < 1e-12, "{mass}");
    assert!((max - 0.00161073230543915).abs() < 1e-16, "{max}");
    assert!((squares - 1.98266280544100e-4).abs() < 1e-16, "{squares}");
}
