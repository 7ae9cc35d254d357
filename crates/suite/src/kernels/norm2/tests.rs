//! Exact variants against the plain one, all against the known sum, and mutants that must differ.

use crossover_values::{DType, Scalar, Value};

use super::*;
use crate::testing::Subject;

fn subject(dtype: DType) -> Subject {
    Subject::of("norm2", dtype)
}

fn total(subject: &Subject, variant: &str, n: f64) -> f64 {
    let case = subject.case(&[("n", n)]);
    match &subject.run(subject.variant(variant), &case)[..] {
        [Value::Scalar(Scalar::F32(total))] => f64::from(*total),
        [Value::Scalar(Scalar::F64(total))] => *total,
        other => panic!("{other:?}"),
    }
}

#[test]
fn exact_variants_agree_at_odd_sizes() {
    for dtype in [DType::F32, DType::F64, DType::U64] {
        for n in [1.0, 15.0, 16.0, 17.0, 4095.0, 4097.0, 12_289.0, 100_003.0] {
            subject(dtype).assert_exact_variants(&[("n", n)]);
        }
    }
}

#[test]
fn every_variant_gives_the_known_sum() {
    for variant in VARIANTS {
        assert_eq!(total(&subject(DType::F64), variant.name, 1000.0), 332_833_500.0);
        let f32 = total(&subject(DType::F32), variant.name, 1000.0);
        assert!((f32 / 332_833_500.0 - 1.0).abs() < 1e-5, "{}: {f32}", variant.name);
    }
}

#[test]
fn the_order_is_the_language_s() {
    // Sizes that show in the order: 0.1 is not exact, so another order has other bits.
    let v = vec![0.1_f32; 9000];
    let long = vec![0.1_f32; 50_000];
    assert_eq!(order::fold_blocks(simd::sums_f32(&long)).to_bits(), order::sum(&long).to_bits());
    let block = |len: usize| {
        let mut partials = [0.0_f32; 16];
        (0..len).for_each(|i| partials[i % 16] += 0.1 * 0.1);
        for half in [8, 4, 2, 1] {
            (0..half).for_each(|j| partials[j] += partials[j + half]);
        }
        partials[0]
    };
    let expected = (block(4096) + block(4096)) + block(9000 - 8192);
    assert_eq!(order::sum(&v).to_bits(), expected.to_bits());
    assert_ne!(running_sum(&v).to_bits(), expected.to_bits(), "the test shows no order");
}

#[test]
fn vectors_keep_the_order_at_any_alignment() {
    let f32s: Vec<f32> = (0..30_000).map(|i| (i as f32).sin()).collect();
    let f64s: Vec<f64> = (0..30_000).map(|i| f64::from(i).sin()).collect();
    let u32s: Vec<u32> = (0..30_000).map(|i| u32::MAX - i).collect();
    for from in 0..=16 {
        for to in [from, from + 40, 4096, 4097, 8192 + from, 12_288 + from, 29_999] {
            let sum = order::fold_blocks(simd::sums_f32(&f32s[from..to]));
            assert_eq!(sum.to_bits(), order::sum(&f32s[from..to]).to_bits(), "{from} {to}");
            let sum = order::fold_blocks(simd::sums_f64(&f64s[from..to]));
            assert_eq!(sum.to_bits(), order::sum(&f64s[from..to]).to_bits(), "{from} {to}");
            assert_eq!(simd::exact(&u32s[from..to]), exact::sum(&u32s[from..to]), "{from} {to}");
        }
    }
}

#[test]
fn f32_shows_why_order_matters() {
    let exact = 333_332_833_333_500_000.0;
    let error = |variant| (total(&subject(DType::F32), variant, 1e6) / exact - 1.0).abs();
    assert!(error("scalar") < 1e-6);
    assert!((1e-5..1e-3).contains(&error("loop")));
}

#[test]
fn running_sums_of_f32_end_where_no_bound_judges_them() {
    let subject = subject(DType::F32);
    let case = subject.case(&[("n", 1_048_577.0)]);
    for variant in ["loop", "iterator"] {
        let mut call = NativeCall {
            dtype: DType::F32,
            arguments: &mut subject.arguments(&case),
            returned: Vec::new(),
            threads: 1,
            parameters: &case.parameters,
            facts: Default::default(),
        };
        let refused = (subject.variant(variant).run)(&mut call);
        assert!(matches!(refused, Err(NativeError::Refused(_))), "{variant}");
    }
}

#[test]
fn whole_numbers_have_the_exact_sum() {
    let subject = subject(DType::U64);
    let case = subject.case(&[("n", 1e6)]);
    for variant in VARIANTS.iter().filter(|variant| variant.is_for(DType::U64)) {
        let outputs = subject.run(variant, &case);
        let [Value::Scalar(total)] = outputs[..] else { panic!("one scalar") };
        assert_eq!(total, Scalar::U64(333_332_833_333_500_000), "{}", variant.name);
    }
    // Beyond 64 bits it goes on modulo 2^64.
    assert_eq!(exact::sum(&[u32::MAX; 3]), u64::from(u32::MAX).pow(2).wrapping_mul(3));
}

#[test]
fn mutants_differ() {
    let v: Vec<f64> = (0..1003).map(f64::from).collect();
    let right = order::sum(&v);
    assert_ne!(order::sum(&v[..v.len() - v.len() % 16]), right, "tail left out");
    assert_ne!(
        v.chunks_exact(16).map(|c| c.iter().map(|x| x * x).sum::<f64>()).sum::<f64>(),
        right
    );
    assert_ne!(v.iter().sum::<f64>(), right, "not squared");
}
