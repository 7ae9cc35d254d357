//! Every variant against the plain loop and the known sums.

use std::collections::BTreeMap;

use crossover_contract::NativeCall;
use crossover_values::{DType, Value};

use super::*;
use crate::testing::Subject;

pub(super) fn subject(dtype: DType) -> Subject {
    Subject::of("julia", dtype)
}

pub(super) fn counts(value: &Value) -> Vec<i32> {
    array::<i32>(value, 0).unwrap().to_vec()
}

fn sum(dtype: DType, w: f64) -> i64 {
    let subject = subject(dtype);
    let outputs = subject.run(subject.variant("simd"), &subject.case(&[("w", w)]));
    counts(&outputs[0]).into_iter().map(i64::from).sum()
}

#[test]
fn variants_agree_at_odd_sizes() {
    for dtype in [DType::F32, DType::F64] {
        for w in [1.0, 2.0, 7.0, 16.0, 17.0, 64.0, 129.0] {
            subject(dtype).assert_exact_variants(&[("w", w)]);
        }
        for max_iterations in [1.0, 2.0, 15.0, 301.0] {
            let set = [("w", 33.0), ("max_iterations", max_iterations)];
            subject(dtype).assert_exact_variants(&set);
        }
        subject(dtype).assert_exact_variants(&[("w", 40.0), ("c_re", 3.0), ("c_im", -4.0)]);
        subject(dtype).assert_exact_variants(&[("w", 40.0), ("c_re", 0.0), ("c_im", 0.0)]);
    }
}

#[test]
fn known_sums() {
    let sums = [64.0, 100.0, 500.0].map(|w| (sum(DType::F64, w), sum(DType::F32, w)));
    assert_eq!(sums, [(141_804, 141_806), (334_236, 334_234), (8_306_884, 8_308_586)]);
}

#[test]
fn wrong_arguments_are_errors() {
    let subject = subject(DType::F32);
    let case = subject.case(&[]);
    for variant in VARIANTS {
        let refuse = |dtype: DType, arguments: &mut [Value]| {
            let returned = Vec::new();
            let (parameters, facts) = (&case.parameters, BTreeMap::new());
            let mut call = NativeCall { dtype, arguments, returned, threads: 1, parameters, facts };
            (variant.run)(&mut call).unwrap_err()
        };
        let mut arguments = subject.arguments(&case);
        assert_eq!(refuse(DType::I32, &mut arguments), NativeError::Instance(DType::I32));
        refuse(DType::F64, &mut arguments);
        refuse(DType::F32, &mut arguments[..5]);
        arguments.swap(0, 1);
        refuse(DType::F32, &mut arguments);
    }
}

/// Native mutants: what a comparison must tell from the right thing.
mod mutants {
    use super::*;

    fn differs(mutant: impl Fn(&Rule<f64>, f64, f64) -> i32) -> bool {
        let subject = subject(DType::F64);
        let case = subject.case(&[("w", 200.0)]);
        let mut arguments = subject.arguments(&case);
        let mut call = NativeCall {
            dtype: DType::F64,
            arguments: &mut arguments,
            returned: Vec::new(),
            threads: 1,
            parameters: &case.parameters,
            facts: BTreeMap::new(),
        };
        let plane = plane::<f64>(&mut call).unwrap();
        let pixels = plane.y.iter().flat_map(|&y| plane.x.iter().map(move |&x| (x, y)));
        pixels.into_iter().any(|(x, y)| mutant(&plane.rule, x, y) != plane.rule.count(x, y))
    }

    #[test]
    fn threshold() {
        assert!(!differs(|rule, x, y| rule.count(x, y)));
        assert!(differs(|rule, x, y| {
            let (mut a, mut b, mut n) = (x, y, 0);
            while n < rule.max_iterations && a * a + b * b < 4.001 {
                (a, b) = (a * a - b * b + rule.c_re, a * b + b * a + rule.c_im);
                n += 1;
            }
            n
        }));
    }

    #[test]
    fn one_step_short() {
        assert!(differs(|rule, x, y| {
            Rule { max_iterations: rule.max_iterations - 1, ..*rule }.count(x, y)
        }));
    }
}

/// The claim that the shader's tiles rest on: lanes of a group of 32 that are busy, until the last
/// of them leaves, by the form of the group.
#[test]
fn pixels_of_a_tile_leave_more_nearly_together_than_those_of_a_row() {
    let subject = subject(DType::F64);
    let w = 1000;
    let outputs = subject.run(subject.variant("simd"), &subject.case(&[("w", w as f64)]));
    let counts = counts(&outputs[0]);
    let busy = |columns: usize, rows: usize| {
        let (mut steps, mut slots) = (0_i64, 0_i64);
        for row in (0..w - w % rows).step_by(rows) {
            for column in (0..w - w % columns).step_by(columns) {
                let tile = (0..rows).flat_map(|r| &counts[(row + r) * w + column..][..columns]);
                let tile: Vec<i64> = tile.map(|&count| i64::from(count)).collect();
                steps += tile.iter().sum::<i64>();
                slots += 32 * tile.iter().max().unwrap();
            }
        }
        steps as f64 / slots as f64
    };
    let (row, tile) = (busy(32, 1), busy(8, 4));
    assert!((0.63..0.65).contains(&row) && (0.72..0.74).contains(&tile), "{row} {tile}");
}
