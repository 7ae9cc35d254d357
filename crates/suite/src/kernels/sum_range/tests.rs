//! Variants at odd lengths, and the formula.

use super::*;
use crate::testing::Subject;

#[test]
fn variants_agree_at_odd_lengths() {
    let subject = Subject::of("sum_range", DType::U64);
    for n in [1.0, 2.0, 31.0, 32.0, 33.0, 1000.0, 1_048_577.0, 3_333_333.0] {
        subject.assert_exact_variants(&[("n", n)]);
    }
}

#[test]
fn known_sums() {
    assert_eq!(kept(0..1_000_000), 499_999_500_000);
    assert_eq!(vectors(0..1_000_000), 499_999_500_000);
    assert_eq!(vectors(10..77), iterator(10..77));
    // Beyond what f64 would keep.
    assert_eq!(closed_form(0..2_147_483_648), 2_305_843_008_139_952_128);
}

/// Native mutants: what a comparison must tell from the right thing.
mod mutants {
    use super::*;

    #[test]
    fn a_sum_of_32_bits() {
        let narrow = (0..100_000_u32).fold(0_u32, u32::wrapping_add);
        assert_ne!(u64::from(narrow), kept(0..100_000));
    }

    #[test]
    fn a_formula_that_includes_the_end() {
        assert_ne!(closed_form(0..101), kept(0..100));
    }
}
