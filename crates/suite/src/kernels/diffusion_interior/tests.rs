//! Every variant against the plain loop, known values, the border, and mutants that must differ.

use crossover_values::{Array, DType, Value};

use super::*;
use crate::testing::Subject;

fn subject(dtype: DType) -> Subject {
    Subject::of("diffusion_interior", dtype)
}

#[test]
fn variants_agree_at_odd_sizes() {
    for dtype in [DType::F32, DType::F64] {
        for n in [1.0, 2.0, 3.0, 4.0, 5.0, 17.0, 64.0] {
            for steps in [0.0, 1.0, 2.0, 33.0] {
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
        let hottest = u.iter().copied().fold(0.0, f64::max);
        assert!((u.sum() - 0.244_999_995_405_374_5).abs() < 1e-14, "{}", variant.name);
        assert!((hottest - 0.001_610_732_305_439_15).abs() < 1e-16, "{}", variant.name);
    }
}

/// A plate that is hot everywhere, so that a border written or read wrongly shows.
fn hot(rows: usize, columns: usize, run: fn(Field<'_, f64>)) -> [Vec<f64>; 2] {
    let cells = i32::try_from(rows * columns).unwrap();
    let start: Vec<f64> = (0..cells).map(|i| f64::from(i * i % 11) + 1.0).collect();
    let mut u = start.clone();
    run(Field { u: &mut u, rows, columns, rim: Rim::Fixed, steps: 21, rate: 0.2 });
    [start, u]
}

#[test]
fn the_border_stays_and_plates_need_not_be_square() {
    for (rows, columns) in [(5, 7), (7, 5), (1, 9), (9, 1), (2, 2), (40, 3)] {
        let [start, expected] = hot(rows, columns, plain);
        let inner = |at: usize| {
            let (row, column) = (at / columns, at % columns);
            (1..rows - 1).contains(&row) && (1..columns - 1).contains(&column)
        };
        for at in 0..start.len() {
            assert_eq!(expected[at] != start[at], inner(at), "{rows} x {columns}: cell {at}");
        }
        let forms: [fn(Field<'_, f64>); 4] =
            [rows::simd, rows::threaded, waves::on_one_thread, waves::on_threads];
        for (position, form) in forms.into_iter().enumerate() {
            let [_, got] = hot(rows, columns, form);
            assert_eq!(got, expected, "{rows} x {columns}: form {position}");
        }
    }
}

#[test]
fn mutants_differ() {
    let [start, expected] = hot(8, 8, plain);
    let [_, torus] = hot(8, 8, |field| {
        waves::on_one_thread(Field { rim: Rim::Torus, ..field });
    });
    let [_, sign] = hot(8, 8, |field| plain(Field { rate: -field.rate, ..field }));
    let [_, short] = hot(8, 8, |field| plain(Field { steps: field.steps - 1, ..field }));
    for (name, mutant) in [("stale", start), ("torus", torus), ("sign", sign), ("short", short)] {
        assert_ne!(mutant, expected, "{name}");
    }
}
