//! Variants against each other at lengths around their pieces, known counts, and mutants.

use crossover_values::{DType, Value};

use super::*;
use crate::testing::Subject;

fn subject() -> Subject {
    Subject::of("text_match", DType::U32)
}

fn counts(variant: &str, set: &[(&str, f64)]) -> Vec<u32> {
    let subject = subject();
    let outputs = subject.run(subject.variant(variant), &subject.case(set));
    let [Value::Array(Array::U32(counts)), _] = &outputs[..] else { panic!("counts and text") };
    counts.iter().copied().collect()
}

#[test]
fn variants_agree_at_odd_sizes() {
    for n in [1.0, 2.0, 5.0, 6.0, 63.0, 64.0, 65.0, 4095.0, 4096.0, 4101.0, 70_001.0, 200_003.0] {
        subject().assert_exact_variants(&[("n", n)]);
    }
    subject().assert_exact_variants(&[("n", 9999.0), ("patterns", 1.0)]);
}

#[test]
fn known_counts() {
    for variant in VARIANTS {
        let counts = counts(variant.name, &[("n", 1e6)]);
        assert_eq!(counts[..4], [3849, 15_411, 3887, 279], "{}", variant.name);
    }
}

/// A way to count, from the text and the patterns.
type Way = fn(&[u8], &[&[u8]]) -> Result<Vec<u32>, NativeError>;

#[test]
fn occurrences_may_overlap_and_cross_pieces() {
    let text = vec![b'a'; 150_000];
    let patterns: [&[u8]; 4] = [b"aaaaaa", b"a", b"aab", b"aaaaaa"];
    let expected = [149_995, 150_000, 0, 149_995];
    let ways: [Way; 8] = [
        search::plain,
        search::memmem,
        search::aho_corasick,
        automaton::one_chain,
        automaton::four_chains,
        automaton::in_pieces,
        bits::counts,
        bits::in_pieces,
    ];
    for (at, way) in ways.into_iter().enumerate() {
        assert_eq!(way(&text, &patterns).unwrap(), expected, "{at}");
    }
    // Letters beyond those of the generator, and a pattern that is another's suffix.
    let text = b"she sells sea shells; ushers hear hers".repeat(40);
    let patterns: [&[u8]; 5] = [b"she", b"he", b"hers", b"s", b"xyz"];
    let expected = search::plain(&text, &patterns).unwrap();
    assert_eq!(expected[..3], [120, 200, 80]);
    for (at, way) in ways.into_iter().enumerate() {
        assert_eq!(way(&text, &patterns).unwrap(), expected, "{at}");
    }
}

#[test]
fn lengths_that_do_not_fit_are_refused() {
    assert!(cut(b"abcdef", 3, &[3, 1]).is_ok());
    assert!(cut(b"abcdef", 3, &[3, 0]).is_err());
    assert!(cut(b"abcdef", 3, &[4, 1]).is_err());
    assert!(cut(b"abcdef", 3, &[-1, 1]).is_err());
}

#[test]
fn mutants_differ() {
    let text = b"abababab";
    let overlapping = search::memmem(text, &[b"abab"]).unwrap();
    assert_eq!(overlapping, [3]);
    assert_ne!(memchr::memmem::find_iter(text, b"abab").count(), 3, "overlaps left out");
}
