//! Known counts, every variant at odd sizes, and mutants that must differ.

use crossover_contract::CaseRequest;

use super::*;
use crate::testing::Subject;

fn subject() -> Subject {
    Subject::of("distinct", DType::U32)
}

#[test]
fn variants_agree_at_odd_sizes_in_every_form() {
    for n in [1.0, 2.0, 15.0, 16.0, 17.0, 1023.0, 1025.0, 3000.0] {
        for (bits, form) in [(1.0, 0.0), (4.0, 1.0), (10.0, 2.0), (13.0, 0.0), (20.0, 1.0)] {
            subject().assert_exact_variants(&[("n", n), ("bits", bits), ("form", form)]);
        }
    }
}

/// Every answer of the definition, by every variant.
#[test]
fn listed_answers_hold_in_their_cases() {
    let subject = subject();
    for answer in &subject.kernel.definition.answers {
        let set = answer.at.clone();
        let request = CaseRequest { size: "small".to_owned(), set, seed: None };
        let case = subject.kernel.definition.case(&request).unwrap();
        for variant in VARIANTS {
            let outputs = subject.run(variant, &case);
            let [Value::Scalar(Scalar::U32(count))] = outputs[..] else { panic!("a u32") };
            let expected = format!("Integer({count})");
            assert_eq!(format!("{:?}", answer.value), expected, "{}", variant.name);
        }
    }
}

#[test]
fn mutants_differ() {
    let words: Vec<u32> = (0..10_000).map(|i| crossover_values::philox::stream(0, i)[0]).collect();
    let ids = Ids { words: &words, bits: 13, form: 0 };
    let right = ways::set(ids).ids;
    assert_eq!(right, 5749);
    assert_ne!(ways::set(Ids { bits: 12, ..ids }).ids, right, "a bit less");
    assert_ne!(ways::set(Ids { words: &words[..9_984], ..ids }).ids, right, "tail left out");
    let low: Vec<u32> = words.iter().map(|word| word << 19).collect();
    assert_ne!(ways::set(Ids { words: &low, ..ids }).ids, right, "the lower bits");
}
