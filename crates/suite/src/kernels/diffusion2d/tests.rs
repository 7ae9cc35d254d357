//! Every step of the ladder against the plain loop, known values, and mutants that must differ.

use crossover_values::{Array, DType, Value};

use super::*;
use crate::testing::Subject;

fn subject(dtype: DType) -> Subject {
    Subject::of("diffusion2d", dtype)
}

#[test]
fn the_ladder_agrees_at_odd_sizes() {
    for dtype in [DType::F32, DType::F64] {
        for n in [1.0, 2.0, 3.0, 4.0, 17.0, 33.0, 64.0] {
            for steps in [0.0, 1.0, 6.0, 33.0] {
                subject(dtype).assert_exact_variants(&[("n", n), ("steps", steps)]);
            }
        }
        let set = [("n", 150.0), ("steps", 5.0), ("dt", 0.25)];
        subject(dtype).assert_exact_variants(&set);
    }
}

#[test]
fn known_values() {
    let subject = subject(DType::F64);
    for variant in VARIANTS {
        let outputs = subject.run(variant, &subject.case(&[]));
        let [Value::Array(Array::F64(u))] = &outputs[..] else { panic!("one f64 array") };
        let mass = u.sum();
        let squares = u.iter().map(|x| x * x).sum::<f64>();
        let hottest = u.iter().copied().fold(0.0, f64::max);
        assert!((mass - 0.245).abs() < 1e-14, "{}: {mass}", variant.name);
        assert!((squares - 1.982_662_805_441_00e-4).abs() < 1e-16, "{}: {squares}", variant.name);
        assert!((hottest - 0.001_610_732_305_439_15).abs() < 1e-17, "{}: {hottest}", variant.name);
    }
}

#[test]
fn fields_need_not_be_square() {
    let start: Vec<f64> = (0..35).map(|i| f64::from(i * i % 11)).collect();
    let run = |variant: fn(Field<'_, f64>)| {
        let mut u = start.clone();
        variant(Field { u: &mut u, rows: 5, columns: 7, rim: Rim::Torus, steps: 3, rate: 0.2 });
        u
    };
    let expected = run(loops::scratch);
    assert_ne!(expected, start);
    let forms: [fn(Field<'_, f64>); 10] = [
        waves::on_one_thread,
        waves::on_threads,
        loops::new_grid,
        loops::table,
        rows::fused,
        rows::simd,
        rows::threaded,
        arrays::allocating,
        arrays::in_place,
        arrays::edges,
    ];
    for (position, form) in forms.into_iter().enumerate() {
        assert_eq!(run(form), expected, "form {position}");
    }
}

#[test]
fn unstable_cases_are_refused_with_the_reason() {
    let definition = crate::kernel("diffusion2d").unwrap().definition;
    let request = |name: &str, value: f64| crossover_contract::CaseRequest {
        size: "small".to_owned(),
        set: [(name.to_owned(), value.into())].into(),
        seed: None,
    };
    for (name, value) in [("dt", 0.26), ("diffusivity", 2.6), ("dt", 1e3)] {
        let error = definition.case(&request(name, value)).unwrap_err().to_string();
        assert!(error.contains("stable"), "{error}");
    }
    assert!(definition.case(&request("dt", 0.25)).is_ok());
    assert!(definition.case(&request("dt", -0.1)).is_err());
}

#[test]
fn mutants_differ() {
    let start: Vec<f64> = (0..64).map(|i| f64::from(i * i % 13)).collect();
    let run = |step: fn(&[f64], usize) -> f64| {
        let mut u = start.clone();
        for _ in 0..3 {
            u = (0..64).map(|at| step(&u, at)).collect();
        }
        u
    };
    let mut expected = start.clone();
    loops::scratch(Field {
        u: &mut expected,
        rows: 8,
        columns: 8,
        rim: Rim::Torus,
        steps: 3,
        rate: 0.1,
    });
    assert_ne!(run(|u, at| u[at]), expected, "stale grid");
    assert_ne!(run(|u, at| u[at] - 0.1 * (u[(at + 8) % 64] - u[at])), expected, "sign");
}
