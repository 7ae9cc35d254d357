//! Known sizes, sequences and probes, every variant at odd sizes, and mutants that must differ.

use std::collections::BTreeMap;

use crossover_contract::{Allowed, Answer, CaseRequest, Promise, ResultView, judge_answer};
use crossover_values::compare;

use super::*;
use crate::testing::Subject;

fn subject() -> Subject {
    Subject::of("hash_table", DType::U32)
}

/// Outputs with the table sorted, as they are compared.
fn sorted(mut outputs: Vec<Value>) -> Vec<Value> {
    if let Value::Array(table) = &outputs[0] {
        outputs[0] = Value::Array(table.sorted());
    }
    outputs
}

fn assert_variants_agree(set: &[(&str, f64)]) {
    let subject = subject();
    let case = subject.case(set);
    let expected = sorted(subject.run(subject.variant("scalar"), &case));
    let is_mixed = case.parameters["hash"] == 0.0;
    for variant in VARIANTS.iter().filter(|variant| is_mixed || variant.name != "hashbrown") {
        assert_eq!(variant.promise, Promise::Exact);
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let got = sorted(pool.install(|| subject.run(variant, &case)));
            for (expected, got) in expected.iter().zip(&got) {
                let differences = compare::differences(expected, got).unwrap();
                assert_eq!(differences, [0; 0], "{} {set:?} {threads} threads", variant.name);
            }
        }
    }
}

#[test]
fn variants_agree_at_odd_sizes_loads_and_hashes() {
    for stored in [1.0, 2.0, 5.0, 6.0, 7.0, 21.0, 22.0, 23.0, 1001.0] {
        for load in [1.0, 8.0, 11.0] {
            assert_variants_agree(&[("stored", stored), ("load", load)]);
            assert_variants_agree(&[("stored", stored), ("load", load), ("hash", 1.0)]);
        }
    }
    assert_variants_agree(&[("stored", 676.0), ("hash", 2.0)]);
    assert_variants_agree(&[("stored", 12_003.0)]);
}

/// Every answer of the definition, by the plain loop, in the case that it names.
#[test]
fn listed_answers_hold_in_their_cases() {
    let subject = subject();
    let mut by_case = BTreeMap::<String, Vec<&Answer>>::new();
    for answer in &subject.kernel.definition.answers {
        by_case.entry(format!("{:?}", answer.at)).or_default().push(answer);
    }
    assert_eq!(by_case.len(), 4);
    for answers in by_case.into_values() {
        let set = answers[0].at.clone();
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
fn a_table_grows_by_four_and_later_by_two() {
    let sizes: Vec<(usize, usize)> = table::growths(100_000, 8).collect();
    let known = [6, 22, 86, 342, 1366, 5462, 21_846, 87_382];
    assert_eq!(sizes.iter().map(|&(filled, _)| filled).collect::<Vec<_>>(), known);
    assert_eq!(sizes.last(), Some(&(87_382, 262_144)));
    assert_eq!(table::last_size(5, 8), 8);
}

/// The most slots that any case may have are those of the definition's formula.
#[test]
fn tables_fit_the_array_that_is_given() {
    let subject = subject();
    for load in 1..=11 {
        for stored in [1, 2, 6, 7, 100, 49_999, 50_001, 60_000, 90_000, 400_000, 1_000_000] {
            let set = [("stored", f64::from(stored)), ("load", f64::from(load))];
            let slots = subject.case(&set).parameters["slots"];
            let size = table::last_size(stored as usize, load as usize) as f64;
            assert!(size <= slots, "{stored} keys, load {load}: {size} in {slots}");
        }
    }
}

/// What the report shows.
#[test]
fn what_is_shown_of_good_and_bad_hashes() {
    let subject = subject();
    let shown = |set: &[(&str, f64)]| {
        let case = subject.case(set);
        let view = ResultView { case: &case, dtype: DType::U32, outputs: &[] };
        let lengths = shown::lengths(&view);
        let keys: f64 = lengths[0].points.iter().map(|point| point[1]).sum();
        assert_eq!(keys, case.parameters["stored"]);
        (shown::probes(&view).unwrap(), shown::entropy(&view).unwrap(), lengths)
    };
    let (probes, entropy, _) = shown(&[("stored", 100_000.0)]);
    assert!(probes.relative_error().abs() < 0.02, "{probes:?}");
    assert!((-0.05..0.0).contains(&entropy.relative_error()), "{entropy:?}");
    let (probes, entropy, lengths) = shown(&[("stored", 676.0), ("hash", 1.0)]);
    assert!(probes.truth == 1.0 && entropy.relative_error().abs() < 1e-12, "{entropy:?}");
    assert_eq!(lengths[0].points, [[1.0, 676.0]]);
    let (probes, entropy, _) = shown(&[("stored", 676.0), ("hash", 2.0)]);
    assert_eq!((probes.truth * 676.0, entropy.estimate), (229_866.0, 0.0));
}

#[test]
fn mutants_differ() {
    let mixed = |key| Mixed { seed: 0 }.hash(key);
    let keys: Vec<u32> = (0..1000).collect();
    let (right, moved) = Table::growing(&keys, 8, mixed);
    assert!(keys.iter().all(|&key| right.find(key).is_there) && !right.find(1000).is_there);
    assert_eq!(moved, 6 + 22 + 86 + 342);
    let other_seed = |key| Mixed { seed: 1 }.hash(key);
    assert_ne!(right.slots(), Table::growing(&keys, 8, other_seed).0.slots());
    // A deleted key that leaves an empty slot cuts sequences that lead past it.
    let mut table = Table::reserved(&[0, 1, 2], 8, |_| 42);
    table.delete(0);
    assert!(table.find(2).is_there && !table.find(0).is_there);
    assert_eq!(table.find(2).probes, 3);
}
