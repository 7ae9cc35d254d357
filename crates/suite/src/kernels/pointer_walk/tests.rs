//! Variants for numbers of walks that no group divides, and the affine map against the walk.

use super::*;
use crate::testing::Subject;

#[test]
fn variants_agree_at_odd_numbers_of_walks() {
    let subject = Subject::of("pointer_walk", DType::U32);
    for chains in [1.0, 3.0, 16.0, 33.0, 100.0] {
        for in_flight in [1.0, 7.0, 1000.0] {
            subject.assert_exact_variants(&[("chains", chains), ("in_flight", in_flight)]);
        }
    }
    subject.assert_exact_variants(&[("hops", 5000.0), ("log_cells", 4.0)]);
}

#[test]
fn the_cells_are_one_cycle() {
    let subject = Subject::of("pointer_walk", DType::U32);
    let case = subject.case(&[("log_cells", 12.0), ("chains", 1.0)]);
    let arguments = subject.arguments(&case);
    let map = Map { next: array(&arguments[1], 1).unwrap(), hops: 1 };
    let mut at = [0];
    let mut length = 0;
    loop {
        together::<1>(&mut at, map);
        length += 1;
        if at == [0] {
            break;
        }
    }
    assert_eq!(length, 4096);
}

#[test]
fn places_are_those_of_the_affine_map() {
    let subject = Subject::of("pointer_walk", DType::U32);
    let case = subject.case(&[]);
    let outputs = subject.run(subject.variant("chains_8"), &case);
    let places = array::<u32>(&outputs[0], 0).unwrap();
    let expected = (0..64_u32).map(|chain| {
        let start = chain.wrapping_mul(2_654_435_761);
        (0..200).fold(start, |x, _| x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223)) % 1024
    });
    assert_eq!(places, expected.collect::<Vec<u32>>());
}

/// Native mutants: what a comparison must tell from the right thing.
mod mutants {
    use super::*;

    #[test]
    fn a_walk_without_its_last_hop() {
        let next = [1, 2, 3, 0];
        let (mut whole, mut short) = ([0, 1], [0, 1]);
        together::<2>(&mut whole, Map { next: &next, hops: 7 });
        together::<2>(&mut short, Map { next: &next, hops: 6 });
        assert_eq!(whole, [3, 0]);
        assert_ne!(whole, short);
    }
}
