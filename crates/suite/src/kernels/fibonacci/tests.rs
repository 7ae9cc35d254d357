//! Variants at odd lengths, and the closed forms against the stream.

use super::*;
use crate::testing::Subject;

#[test]
fn variants_agree_at_odd_lengths() {
    let subject = Subject::of("fibonacci", DType::U32);
    for terms in [1.0, 2.0, 3.0, 1000.0, 5001.0, 70_000.0, 1_048_577.0, 3_000_001.0] {
        subject.assert_exact_variants(&[("terms", terms)]);
    }
}

#[test]
fn known_answers() {
    assert_eq!((odd_up_to(5000), odd_up_to(1), odd_up_to(4181)), (13, 2, 13));
    assert_eq!(stream(0..5000), Tally { odd: 3334, total: 174_561_078 });
    assert_eq!(stream(0..20).total, 17_710);
}

#[test]
fn the_middle_of_the_stream_is_the_stream() {
    assert_eq!((terms_at(0), terms_at(1), terms_at(10)), ([0, 1], [1, 1], [55, 89]));
    let mut joined = stream(0..700);
    joined += stream(700..1500);
    assert_eq!(joined, stream(0..1500));
}

/// Native mutants: what a comparison must tell from the right thing.
mod mutants {
    use super::*;

    #[test]
    fn a_sum_that_forgets_its_first_term() {
        assert_ne!(closed_form(0..5000).total.wrapping_add(1), stream(0..5000).total);
    }

    #[test]
    fn saturation_instead_of_wrapping() {
        let saturated = (0..60).fold((1_u32, 1_u32, 0_u32), |(a, b, sum), _| {
            (b, a.saturating_add(b), sum.saturating_add(a))
        });
        assert_ne!(saturated.2, stream(0..60).total);
    }
}
