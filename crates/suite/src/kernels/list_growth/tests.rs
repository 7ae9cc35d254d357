//! Variants at the rungs themselves, one below and one above; the book's numbers.

use super::*;
use crate::testing::Subject;

#[test]
fn variants_agree_on_every_length() {
    let subject = Subject::of("list_growth", DType::U32);
    for (lists, longest) in [(1.0, 1.0), (7.0, 3.0), (300.0, 300.0), (1001.0, 1e8), (5000.0, 77.0)]
    {
        subject.assert_exact_variants(&[("lists", lists), ("longest", longest)]);
    }
    subject.assert_exact_variants(&[("steps", 128.0)]);
}

#[test]
fn the_ladder_of_the_book() {
    let mut room = 0;
    let first: Vec<u32> = (0..10)
        .map(|_| {
            room = grown(room);
            room
        })
        .collect();
    assert_eq!(first, [4, 8, 16, 25, 35, 46, 58, 72, 88, 106]);
    let (mut capacity, mut reallocations, mut moved) = ([0; 1], [0; 1], [0; 1]);
    walk(Lists {
        lengths: &[100_000],
        capacity: &mut capacity,
        reallocations: &mut reallocations,
        moved: &mut moved,
    });
    assert_eq!((capacity, reallocations, moved), ([103_050], [65], [820_970]));
}

#[test]
fn the_chart_follows_the_lengths() {
    let subject = Subject::of("list_growth", DType::U32);
    let case = subject.case(&[("lists", 10.0), ("longest", 100.0)]);
    let outputs = subject.run(subject.variant("scalar"), &case);
    let outputs = vec![("capacity".to_owned(), outputs[1].clone())];
    let view = ResultView { case: &case, dtype: DType::U32, outputs: &outputs };
    let series = over_allocation(&view);
    assert_eq!(series[0].points[0], [10.0, 16.0]);
    assert_eq!(series[0].points[9], [100.0, 106.0]);
    assert!(over_allocation(&ResultView { outputs: &[], ..view }).is_empty());
}

/// Native mutants: what a comparison must tell from the right thing.
mod mutants {
    use super::*;

    fn rungs(grown: impl Fn(u32) -> u32) -> u32 {
        (0..65).fold(0, |room, _| grown(room))
    }

    #[test]
    fn rules_that_are_nearly_the_same() {
        let right = rungs(grown);
        assert_eq!(right, 103_050);
        assert_ne!(rungs(|room| room + 1 + ((room + 1) >> 3) + 6), right);
        assert_ne!(rungs(|room| room + 1 + (room >> 3) + if room < 8 { 3 } else { 6 }), right);
    }
}
