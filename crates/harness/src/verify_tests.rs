//! Planted errors: whatever is wrong with an output, the comparison says so.

use std::collections::BTreeMap;

use crossover_contract::{
    Case, Definition, Judge, Kernel, KernelCode, Measured, PolicyInput, SourceText,
};
use crossover_values::{Array, DType, Param, ParamKind, Role, Scalar, Signature, Value};

use super::*;

fn floats(values: &[f64]) -> Value {
    let mut array = Array::zeros(DType::F64, &[values.len() / 2, 2]);
    for (index, value) in values.iter().enumerate() {
        array.set(index, Scalar::F64(*value));
    }
    Value::Array(array)
}

fn outputs(values: &[f64], scalar: i32) -> Outputs {
    vec![("u".into(), floats(values)), ("result".into(), Value::Scalar(Scalar::I32(scalar)))]
}

fn exact(reference: &Outputs, got: &Outputs) -> Verdict {
    compare_outputs(reference, got, Rule::Exact, "the reference").unwrap()
}

fn reason(verdict: Verdict) -> String {
    match verdict {
        Verdict::Verified(_) => panic!("a planted error was verified"),
        Verdict::Wrong { reason, .. } => reason,
    }
}

const GOOD: [f64; 4] = [1.0, 2.0, f64::NAN, -0.0];

#[test]
fn equal_outputs_are_verified_and_counted_whole() {
    let verdict = exact(&outputs(&GOOD, 7), &outputs(&GOOD, 7));
    let Verdict::Verified(verified) = verdict else { panic!("{verdict:?}") };
    assert_eq!(verified.proof().compared, 5);
    assert_eq!(verified.proof().worst_used, 0.0);
    assert_eq!(verified.proof().digest.len(), 64);
}

#[test]
fn one_wrong_element_anywhere_is_wrong() {
    for at in 0..4 {
        let mut bad = GOOD;
        bad[at] = 9.0;
        let place = format!("u[{}, {}] is 9.0", at / 2, at % 2);
        let reason = reason(exact(&outputs(&GOOD, 7), &outputs(&bad, 7)));
        assert!(reason.contains("1 of 5") && reason.contains(&place), "{reason}");
    }
    let reason = reason(exact(&outputs(&GOOD, 7), &outputs(&GOOD, 8)));
    assert!(reason.contains("result is 8, allowed is 7"), "{reason}");
}

#[test]
fn missing_short_extra_and_swapped_outputs_are_wrong() {
    let good = outputs(&GOOD, 7);
    let missing = reason(exact(&good, &good[..1].to_vec()));
    assert!(missing.contains("`result` is missing"), "{missing}");
    let short = reason(exact(&good, &outputs(&GOOD[..2], 7)));
    assert!(short.contains("1 x 2 elements of f64, the reference has 2 x 2"), "{short}");
    let mut extra = good.clone();
    extra.push(("v".into(), Value::Scalar(Scalar::I32(0))));
    assert!(reason(exact(&good, &extra)).contains("`v` is none of the kernel's"));
    let swapped = vec![good[1].clone(), good[0].clone()];
    assert!(reason(exact(&good, &swapped)).contains("out of order"));
    let mut twice = good.clone();
    twice.push(good[0].clone());
    assert!(reason(exact(&good, &twice)).contains("out of order"));
    let mut other = good.clone();
    other[1].1 = Value::Scalar(Scalar::U32(7));
    assert!(reason(exact(&good, &other)).contains("a scalar of u32"));
}

#[test]
fn at_most_ten_elements_are_shown_of_many() {
    let (good, bad) = (vec![0.0; 100], vec![1.0; 100]);
    let verdict = exact(&outputs(&good, 0), &outputs(&bad, 0));
    let Verdict::Wrong { proof: Some(proof), reason } = verdict else { panic!() };
    assert_eq!((proof.unexplained, proof.differences.len()), (100, 10));
    assert!(reason.starts_with("100 of 101 elements are not allowed"), "{reason}");
    assert_eq!(proof.differences[3].index, [1, 1]);
}

fn kernel(policies: &str) -> Kernel {
    let definition = format!(
        "title = \"t\"\nsummary = \"s\"\n[[instances]]\ndtype = \"f64\"\nentry = \"e\"\n\
         [parameters]\n[sizes.small]\n[arguments]\n{policies}"
    );
    Kernel {
        stem: "t".into(),
        source: SourceText { path: "t.py".into(), text: String::new() },
        modules: BTreeMap::new(),
        definition: Definition::parse("kernel.toml", &definition).unwrap(),
        shader: None,
        shader_library: BTreeMap::new(),
        code: KernelCode::new(&[]).with_policies(&[("undecided", |_| Box::new(Undecided))]),
    }
}

struct Undecided;

impl crossover_contract::AllowedElements for Undecided {
    fn element(&self, _output: &str, index: usize, reference: Scalar) -> Allowed {
        let Some(value) = reference.as_integer().and_then(|v| i64::try_from(v).ok()) else {
            return Allowed::Exact;
        };
        if index == 0 { Allowed::Set(vec![value, value + 2]) } else { Allowed::Exact }
    }
}

/// Any finite elements, whose sum may be off by one.
struct Summed;

impl crossover_contract::AllowedElements for Summed {
    fn element(&self, _: &str, _: usize, _: Scalar) -> Allowed {
        Allowed::Within(f64::MAX)
    }

    fn measure(&self, reference: &[(String, Value)], got: &[(String, Value)]) -> Option<Measured> {
        let sum = |outputs: &[(String, Value)]| -> f64 {
            let value = |index| element(&outputs[0].1, index).map_or(f64::NAN, Scalar::as_f64);
            (0..len(&outputs[0].1)).map(value).sum()
        };
        let (reference, got) = (sum(reference), sum(got));
        Some(Measured { name: "sum".into(), reference, got, bound: 1.0 })
    }
}

#[test]
fn a_measure_judges_what_the_elements_leave_open() {
    let mut kernel = kernel(
        "[[policies]]\nname = \"sum\"\nkind = \"function\"\nfunction = \"summed\"\nreason = \"r\"\n",
    );
    kernel.code = KernelCode::new(&[]).with_policies(&[("summed", |_| Box::new(Summed))]);
    let judges = [judge(&kernel, "u"), judge(&kernel, "result")];
    let compare = |got: &[f64]| {
        compare_outputs(&outputs(&[1.0, 2.0], 7), &outputs(got, 7), Rule::Bounded(&judges), "r")
            .unwrap()
    };
    let Verdict::Verified(verified) = compare(&[2.5, 1.0]) else { panic!("the sum is near") };
    assert_eq!((verified.proof().worst_used, verified.proof().differing), (0.5, 2));
    let Verdict::Wrong { proof: Some(proof), reason } = compare(&[2.5, 2.0]) else { panic!() };
    assert!(reason.contains("sum is 4.5, allowed is 3 +- 1e0"), "{reason}");
    assert_eq!((proof.unexplained, proof.worst_used), (1, 1.5));
    assert!(matches!(compare(&[f64::NAN, 2.0]), Verdict::Wrong { .. }));
}

fn judge(kernel: &Kernel, output: &str) -> Judge {
    let case = Case { size: "small".into(), parameters: BTreeMap::new(), seed: 0 };
    let input = PolicyInput { case: &case, dtype: DType::F64, arguments: &[] };
    Judge::new(kernel, &input, output).unwrap()
}

#[test]
fn a_bound_is_used_by_its_share_and_not_passed() {
    let kernel =
        kernel("[[policies]]\nname = \"tight\"\nkind = \"formula\"\nbound = 0.5\nreason = \"r\"\n");
    let judges = [judge(&kernel, "u"), judge(&kernel, "result")];
    let compare = |got: &[f64]| {
        compare_outputs(&outputs(&[1.0, 2.0], 7), &outputs(got, 7), Rule::Bounded(&judges), "r")
            .unwrap()
    };
    let Verdict::Verified(verified) = compare(&[1.25, 2.0]) else { panic!("within the bound") };
    let proof = verified.proof();
    assert_eq!((proof.worst_used, proof.differing, proof.exact), (0.5, 1, false));
    assert_eq!(proof.policy, "tight");
    assert!(reason(compare(&[1.0, 2.75])).contains("u[0, 1] is 2.75, allowed is 2.0 +- 5e-1"));
    assert!(reason(compare(&[f64::NAN, 2.0])).contains("u[0, 0] is NaN"));
    assert!(reason(compare(&[f64::INFINITY, 2.0])).contains("u[0, 0] is inf"));
    let Verdict::Wrong { proof: Some(proof), .. } = compare(&[2.0, 2.0]) else { panic!() };
    assert_eq!(proof.worst_used, 2.0);
}

#[test]
fn an_undecided_element_may_be_either_and_is_counted() {
    let kernel = kernel(
        "[[policies]]\nname = \"band\"\nkind = \"function\"\nfunction = \"undecided\"\n\
         reason = \"r\"\n",
    );
    let integers = |values: [i32; 2]| -> Outputs {
        let mut array = Array::zeros(DType::I32, &[2]);
        values.iter().enumerate().for_each(|(index, v)| array.set(index, Scalar::I32(*v)));
        vec![("counts".into(), Value::Array(array))]
    };
    let judges = [judge(&kernel, "counts")];
    let compare = |got| {
        compare_outputs(&integers([5, 6]), &integers(got), Rule::Bounded(&judges), "r").unwrap()
    };
    let Verdict::Verified(verified) = compare([7, 6]) else { panic!("one of the set") };
    assert_eq!((verified.proof().undecided, verified.proof().differing), (1, 1));
    assert!(reason(compare([6, 6])).contains("counts[0] is 6, allowed is one of 5, 7"));
    assert!(reason(compare([5, 8])).contains("counts[1] is 8"));
}

#[test]
fn a_reference_must_be_complete() {
    let array = ParamKind::Array { dtype: DType::F64, rank: 2 };
    let signature = Signature {
        params: vec![Param { name: "u".into(), kind: array, role: Role::Out }],
        returns: vec![ParamKind::Scalar(DType::I32)],
    };
    let good = outputs(&GOOD, 7);
    assert!(matches!(accept_reference(&good, &signature, "r"), Verdict::Verified(_)));
    let missing = accept_reference(&good[..1].to_vec(), &signature, "r");
    assert!(reason(missing).contains("`result` is missing"));
    let mut other = good.clone();
    other[0].1 = Value::Scalar(Scalar::F64(1.0));
    assert!(reason(accept_reference(&other, &signature, "r")).contains("`u` is"));
}

#[test]
fn digests_tell_names_shapes_and_values_apart() {
    let base = digest(&outputs(&GOOD, 7));
    assert_eq!(base, digest(&outputs(&GOOD, 7)));
    assert_ne!(base, digest(&outputs(&GOOD, 8)));
    let mut renamed = outputs(&GOOD, 7);
    renamed[0].0 = "v".into();
    assert_ne!(base, digest(&renamed));
    let long = vec![("u".to_owned(), Value::Array(Array::zeros(DType::F64, &[4, 1])))];
    let wide = vec![("u".to_owned(), Value::Array(Array::zeros(DType::F64, &[1, 4])))];
    assert_ne!(digest(&long), digest(&wide));
}
