//! Known positions and counts of every form, every variant at odd sizes, and mutants that must
//! differ.

use std::collections::BTreeMap;

use crossover_contract::{Allowed, Answer, CaseRequest, judge_answer};
use crossover_values::Value;

use super::*;
use crate::testing::Subject;

fn subject() -> Subject {
    Subject::of("bisect", DType::U32)
}

#[test]
fn variants_agree_at_odd_sizes_in_every_form() {
    for n in [1.0, 2.0, 3.0, 15.0, 16.0, 17.0, 255.0, 256.0, 257.0, 4097.0, 10_000.0] {
        for form in [0.0, 1.0, 2.0, 3.0] {
            let needles = [("m", 37.0), ("counted", 11.0)];
            let spaced = [("n", n), ("form", form), ("spacing", 10.0), needles[0], needles[1]];
            subject().assert_exact_variants(&spaced);
            subject().assert_exact_variants(&[("n", n), ("form", form), ("m", 3.0)]);
        }
    }
    subject().assert_exact_variants(&[("m", 9001.0), ("spacing", 429_496.0)]);
}

/// Every answer of the definition, by the plain loop, in the case that it names; the four needles
/// do not depend on how many follow.
#[test]
fn listed_answers_hold_in_their_cases() {
    let subject = subject();
    let mut by_case = BTreeMap::<String, Vec<&Answer>>::new();
    for answer in &subject.kernel.definition.answers {
        by_case.entry(format!("{:?}", answer.at)).or_default().push(answer);
    }
    assert_eq!(by_case.len(), 6);
    for answers in by_case.into_values() {
        let mut set = answers[0].at.clone();
        set.insert("m".to_owned(), 1000.0.into());
        let request = CaseRequest { size: "small".to_owned(), set, seed: None };
        let case = subject.kernel.definition.case(&request).unwrap();
        let outputs = subject.run(subject.variant("scalar"), &case);
        for answer in answers {
            let names = subject.signature.outputs();
            let at = names.iter().position(|(name, _)| *name == answer.output).unwrap();
            let exact = |_, _| Allowed::Exact;
            let outcome = judge_answer(answer, &outputs[at], &outputs[at], &exact, 0.0).unwrap();
            assert!(outcome.ok, "{} {:?}: {outcome:?}", answer.name, answer.at);
        }
    }
}

#[test]
fn lower_bounds_of_every_needle_between_few_elements() {
    let elements = [3, 5, 8, 13, 21, u32::MAX];
    for x in (0..30).chain([u32::MAX - 1, u32::MAX]) {
        let expected = elements.iter().filter(|&&element| element < x).count() as u32;
        let (tree, wide) = (Eytzinger::of(&elements), STree::of(&elements));
        let mut index = [0];
        let question = Question { elements: &elements, needles: &[x], form: Form::LowerBound };
        layouts::search(&wide, &question, &mut index);
        assert_eq!(loops::lower_bound(&elements, x), expected);
        assert_eq!(loops::branchless(&elements, x), expected);
        assert_eq!(loops::in_flight(&elements, &[x; 16]), [expected; 16]);
        assert_eq!(tree.lower_bounds(&[x; 16]), [expected; 16]);
        assert_eq!(index[0], expected, "{x}");
    }
}

#[test]
fn nearest_takes_the_lower_one_of_two() {
    let elements = [10, 20, 40];
    let question = |needles| Question { elements: &elements, needles, form: Form::Nearest };
    let needles = [0, 10, 14, 15, 16, 29, 30, 31, 40, 99];
    let mut index = [0; 10];
    plain(&question(&needles), &mut index);
    assert_eq!(index, [0, 0, 0, 0, 1, 1, 1, 2, 2, 2]);
}

#[test]
fn mutants_differ() {
    let subject = subject();
    let case = subject.case(&[]);
    let outputs = subject.run(subject.variant("scalar"), &case);
    let Value::Array(index) = &outputs[0] else { panic!("an array") };
    let elements: Vec<u32> = (0..10_000).collect();
    let arguments = subject.arguments(&case);
    let needles = array::<u32>(&arguments[3], 3).unwrap();
    let with = |one: &dyn Fn(u32) -> u32| -> Vec<u32> { needles.iter().map(|&x| one(x)).collect() };
    let right = <u32 as crate::arguments::Element>::slice(index).unwrap();
    assert_eq!(with(&|x| loops::lower_bound(&elements, x)), right);
    assert_ne!(with(&|x| loops::lower_bound(&elements[..9_999], x)), right, "last left out");
    assert_ne!(with(&|x| loops::lower_bound(&elements, x.wrapping_add(1))), right, "upper bound");
    assert_ne!(with(&|x| loops::three_way(&elements[1..], x)), right, "first left out");
}
