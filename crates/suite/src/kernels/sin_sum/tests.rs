//! Variants against the plain loop at odd sizes, the sum against its closed form, the sine against
//! the library's, and mutants that must differ.

use crossover_values::{DType, Scalar};

use super::*;
use crate::testing::Subject;

fn total(dtype: DType, variant: &str, n: f64) -> f64 {
    let subject = Subject::of("sin_sum", dtype);
    let outputs = subject.run(subject.variant(variant), &subject.case(&[("n", n)]));
    match outputs.last() {
        Some(Value::Scalar(Scalar::F32(total))) => f64::from(*total),
        Some(Value::Scalar(Scalar::F64(total))) => *total,
        other => panic!("{other:?}"),
    }
}

#[test]
fn exact_variants_agree_at_odd_sizes() {
    for dtype in [DType::F64, DType::F32] {
        for n in [1.0, 2.0, 4095.0, 4097.0, 65_536.0, 70_001.0, 140_000.0] {
            Subject::of("sin_sum", dtype).assert_exact_variants(&[("n", n)]);
        }
    }
}

#[test]
fn the_sum_has_its_closed_form() {
    for n in [1.0_f64, 1000.0, 123_456.0, 1e7] {
        let closed = (n / 2.0).sin() * ((n - 1.0) / 2.0).sin() / 0.5_f64.sin();
        for variant in ["simd", "threads"] {
            let error = (total(DType::F64, variant, n) - closed).abs();
            assert!(error < 1e-9, "{variant} {n}: {error}");
        }
    }
    assert!((total(DType::F64, "simd_threads", 1e7) - 1.535_343_615_350).abs() < 1e-11);
    assert!((total(DType::F32, "simd_threads", 1e7) - 1.535_343_615_350).abs() < 0.1);
}

#[test]
fn the_sine_is_the_library_s_to_its_last_places() {
    for i in (0..200_000).chain((1 << 31)..(1 << 31) + 10_000).chain(u32::MAX - 10_000..u32::MAX) {
        let library = f64::from(i).sin();
        // An angle of up to 2^32 is known to 2^32 * 2^-65 turns.
        assert!((sine_f64(i) - library).abs() < 1e-9, "{i}");
        assert!(i > 200_000 || (sine_f64(i) - library).abs() < 1e-13, "{i}");
        assert!((f64::from(sine_f32(i)) - library).abs() < 3e-7, "{i}");
    }
}

#[test]
fn mutants_differ() {
    let far = 9_999_991_u32;
    let whole = f64::from(far) * std::f64::consts::PI.recip() * 0.5;
    let f32_reduced = (far as f32 - (whole.round() as f32) * std::f32::consts::TAU).sin();
    assert!((f64::from(f32_reduced) - f64::from(far).sin()).abs() > 1e-3, "reduced in f32");
    let upper = u64::from(far).wrapping_mul(TURN >> 32 << 32);
    assert!(folded(upper) != folded(u64::from(far).wrapping_mul(TURN)), "upper word alone");
    assert_ne!(total(DType::F64, "scalar", 9999.0), total(DType::F64, "scalar", 10_000.0));
}
