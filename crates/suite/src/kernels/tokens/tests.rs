//! The texts, every structure at odd sizes, their facts, wrong versions.

use std::collections::BTreeMap;

use super::*;
use crate::testing::Subject;

fn subject() -> Subject {
    Subject::of("tokens", DType::U32)
}

fn texts(n: u32) -> Vec<Text> {
    (0..n).map(|i| text::token(i, n, false)).collect()
}

fn set<S: TokenSet>(n: u32) -> S {
    S::build(texts(n)).unwrap()
}

#[test]
fn variants_agree_at_odd_sizes() {
    for (n, q) in [(1, 5), (2, 9), (3, 17), (255, 31), (257, 4_097), (5_003, 10_007)] {
        subject().assert_exact_variants(&[("n", f64::from(n)), ("q", f64::from(q))]);
    }
}

#[test]
fn tokens_are_in_order_and_spoilt_ones_are_none() {
    for n in [1, 2, 1_000, 60_000] {
        let tokens = texts(n);
        assert!(tokens.windows(2).all(|pair| pair[0] < pair[1]), "{n}");
        for i in (0..n).step_by(7) {
            assert!(tokens.binary_search(&text::token(i, n, true)).is_err(), "{i} of {n}");
        }
    }
    let last = text::token(MOST_TOKENS - 1, MOST_TOKENS, false);
    assert!((9..=16).contains(&text::length(last)));
}

#[test]
fn tokens_are_letters_with_skewed_beginnings() {
    let tokens = texts(10_000);
    let letters = tokens.iter().flat_map(|&t| text::bytes(t)[..text::length(t)].to_vec());
    assert!(letters.clone().all(|letter| letter.is_ascii_lowercase()));
    let mean = letters.count() as f64 / 10_000.0;
    assert!((11.0..13.5).contains(&mean), "{mean}");
    let first = tokens.iter().filter(|&&t| text::bytes(t)[0] == b'a').count();
    assert!((1_500..6_000).contains(&first), "{first}");
    assert_eq!(&text::bytes(text::token(1, 2_000, false))[..12], b"alhjaaaabznr");
}

#[test]
fn structures_hold_all_tokens_and_no_beginning_of_one() {
    fn check<S: TokenSet>() {
        let set = set::<S>(3_001);
        for token in texts(3_001) {
            assert!(set.holds(token));
            let shorter = token & !(0xFF << token.trailing_zeros().next_multiple_of(8).max(8) >> 8);
            let shorter = if shorter == token { token & (Text::MAX << 64) } else { shorter };
            assert!(!set.holds(shorter), "{:?}", text::bytes(shorter));
        }
    }
    check::<sorted::Slots>();
    check::<sorted::Packed>();
    check::<hashed::StandardSet>();
    check::<hashed::Table>();
    check::<automaton::Trie>();
    check::<automaton::Minimal>();
}

#[test]
fn a_token_may_be_the_beginning_of_another() {
    let tokens: Vec<Text> = [&b"a"[..], b"ab", b"abc", b"b"]
        .map(|letters| {
            let mut text = [0; 16];
            text[..letters.len()].copy_from_slice(letters);
            Text::from_be_bytes(text)
        })
        .to_vec();
    let trie = automaton::Trie::build(tokens.clone()).unwrap();
    let minimal = automaton::Minimal::build(tokens.clone()).unwrap();
    for &token in &tokens {
        assert!(trie.holds(token) && minimal.holds(token));
    }
    let absent = tokens[2] | Text::from(b'd') << 96;
    assert!(!trie.holds(absent) && !minimal.holds(absent));
}

#[test]
fn every_variant_reports_its_facts() {
    let subject = subject();
    let case = subject.case(&[]);
    let mut bytes = BTreeMap::new();
    for variant in VARIANTS {
        let mut arguments = subject.arguments(&case);
        let mut call = NativeCall {
            dtype: DType::U32,
            arguments: &mut arguments,
            returned: Vec::new(),
            threads: 1,
            parameters: &case.parameters,
            facts: BTreeMap::new(),
        };
        (variant.run)(&mut call).unwrap();
        assert_eq!(call.facts.len(), 4, "{}", variant.name);
        assert!(call.facts.values().all(|&fact| fact > 0.0), "{:?}", call.facts);
        bytes.insert(variant.name, call.facts["bytes_per_token"]);
    }
    assert_eq!(bytes["scalar"], 16.0);
    assert!(bytes["automaton"] < bytes["trie"] && bytes["trie"] < bytes["hash_table"], "{bytes:?}");
}

#[test]
fn wrong_versions_differ() {
    let tokens = texts(2_000);
    let spoilt = text::token(1_000, 2_000, true);
    let near = |other: &Text| (other ^ spoilt) >> 64 == 0;
    assert!(tokens.iter().any(near), "the ends of texts must be compared");
    let all_but_last = sorted::Slots::build(tokens[..1_999].to_vec()).unwrap();
    assert!(!all_but_last.holds(tokens[1_999]), "a token left out");
}
