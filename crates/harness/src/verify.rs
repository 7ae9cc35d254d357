//! The comparison: every element of every output, against the reference's and what is allowed.
//!
//! A row starts as not verified, and [`Verified`] is the only way out: its field is private to
//! this file, and only a comparison that looked at everything and found nothing makes one.

use crossover_contract::{Allowed, Judge, Measured, PolicyError};
use crossover_record::{Difference, Proof};
use crossover_values::{Scalar, Signature, Value, compare};
use sha2::{Digest, Sha256};

/// Elements shown of those that are not allowed.
const SHOWN: usize = 10;

/// Outputs by name, in the order of [`Signature::outputs`].
pub type Outputs = Vec<(String, Value)>;

/// What demands are made of outputs.
#[derive(Clone, Copy)]
pub enum Rule<'a> {
    /// Bit equality, NaN being equal to NaN.
    Exact,
    /// What the kernel's policy allows: one judge per output, in order.
    Bounded(&'a [Judge]),
}

/// The proof that outputs were compared whole and are allowed.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    proof: Proof,
}

impl Verified {
    /// What was compared.
    pub fn proof(&self) -> &Proof {
        &self.proof
    }
}

/// What came of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Everything was compared and is allowed.
    Verified(Verified),
    /// Elements are not allowed, or there was no way to compare them.
    Wrong {
        /// What was compared; `None` if an output was missing, left over or of another shape.
        proof: Option<Box<Proof>>,
        /// What is wrong, with the first elements.
        reason: String,
    },
}

/// Compares outputs with the reference's. `described` names the reference for the proof.
///
/// # Errors
/// [`PolicyError`] if a policy cannot be applied.
pub fn compare_outputs(
    reference: &Outputs,
    got: &Outputs,
    rule: Rule<'_>,
    described: &str,
) -> Result<Verdict, PolicyError> {
    if let Some(reason) = unlike(reference, got) {
        return Ok(Verdict::Wrong { proof: None, reason });
    }
    let mut count = Count::default();
    for (position, ((name, expected), (_, got))) in reference.iter().zip(got).enumerate() {
        let judge = match rule {
            Rule::Exact => None,
            Rule::Bounded(judges) => judges.get(position),
        };
        match judge {
            Some(judge) => count.judged(name, expected, got, judge)?,
            None => count.exact(name, expected, got),
        }
    }
    if let Rule::Bounded(judges) = rule {
        // One policy may judge several outputs; what it measures is of all of them.
        let mut measures: Vec<Measured> =
            judges.iter().filter_map(|judge| judge.measure(reference, got)).collect();
        measures.dedup_by(|a, b| a.name == b.name);
        measures.into_iter().for_each(|measured| count.measured(measured));
    }
    let proof = Proof {
        compared: count.compared,
        worst_used: count.worst_used,
        undecided: count.undecided,
        differing: count.differing,
        unexplained: count.unexplained,
        policy: policy_names(rule),
        exact: matches!(rule, Rule::Exact),
        reference: described.to_owned(),
        digest: digest(got),
        differences: count.shown,
    };
    Ok(if proof.unexplained == 0 {
        Verdict::Verified(Verified { proof })
    } else {
        let reason = explain(&proof);
        Verdict::Wrong { proof: Some(Box::new(proof)), reason }
    })
}

/// Accepts the reference's own outputs: complete by the signature, and by definition equal to
/// themselves. Known answers and the other backends are what can prove them wrong.
pub fn accept_reference(outputs: &Outputs, signature: &Signature, described: &str) -> Verdict {
    if let Some(reason) = incomplete(outputs, signature) {
        return Verdict::Wrong { proof: None, reason };
    }
    let proof = Proof {
        compared: outputs.iter().map(|(_, value)| len(value) as u64).sum(),
        worst_used: 0.0,
        undecided: 0,
        differing: 0,
        unexplained: 0,
        policy: "reference".to_owned(),
        exact: true,
        reference: described.to_owned(),
        digest: digest(outputs),
        differences: Vec::new(),
    };
    Verdict::Verified(Verified { proof })
}

/// What a signature promises and outputs lack, or the other way round.
pub fn incomplete(outputs: &Outputs, signature: &Signature) -> Option<String> {
    let promised = signature.outputs();
    for (name, kind) in &promised {
        match outputs.iter().find(|(got, _)| got == name) {
            None => return Some(format!("output `{name}` is missing")),
            Some((_, value)) if value.kind() != *kind => {
                return Some(format!("output `{name}` is a {:?}, not a {kind:?}", value.kind()));
            }
            Some(_) => {}
        }
    }
    let extra = outputs.iter().find(|(got, _)| !promised.iter().any(|(name, _)| name == got));
    extra
        .map(|(name, _)| format!("output `{name}` is none of the kernel's"))
        .or_else(|| (outputs.len() != promised.len()).then(|| "an output came twice".to_owned()))
}

/// SHA-256 over names, dtypes, shapes and bytes, in hexadecimal.
pub fn digest(outputs: &Outputs) -> String {
    let mut hash = Sha256::new();
    for (name, value) in outputs {
        hash.update(format!("{name}:{:?}:", value.kind()));
        match value {
            Value::Scalar(scalar) => hash.update(scalar.to_bits().to_le_bytes()),
            Value::Array(array) => {
                hash.update(format!("{:?}:", array.shape()));
                hash.update(array.bytes());
            }
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn len(value: &Value) -> usize {
    value.as_array().map_or(1, crossover_values::Array::len)
}

pub(crate) fn element(value: &Value, index: usize) -> Option<Scalar> {
    match value {
        Value::Scalar(scalar) => (index == 0).then_some(*scalar),
        Value::Array(array) => array.get(index),
    }
}

/// Why outputs cannot be compared element by element.
fn unlike(reference: &Outputs, got: &Outputs) -> Option<String> {
    for (name, expected) in reference {
        let Some((_, value)) = got.iter().find(|(got, _)| got == name) else {
            return Some(format!("output `{name}` is missing"));
        };
        let shape = |value: &Value| value.as_array().map(|array| array.shape().to_vec());
        if value.kind() != expected.kind() || shape(value) != shape(expected) {
            let (is, expected) = (describe(value), describe(expected));
            return Some(format!("output `{name}` is {is}, the reference has {expected}"));
        }
    }
    let extra = got.iter().find(|(name, _)| !reference.iter().any(|(known, _)| known == name));
    if let Some((name, _)) = extra {
        return Some(format!("output `{name}` is none of the kernel's"));
    }
    let order = reference.iter().zip(got).all(|((a, _), (b, _))| a == b);
    (!order || reference.len() != got.len()).then(|| "outputs are out of order".to_owned())
}

fn describe(value: &Value) -> String {
    match value {
        Value::Scalar(scalar) => format!("a scalar of {}", scalar.dtype()),
        Value::Array(array) => {
            format!("{} elements of {}", shape_text(array.shape()), array.dtype())
        }
    }
}

fn shape_text(shape: &[usize]) -> String {
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" x ")
}

#[derive(Default)]
struct Count {
    compared: u64,
    worst_used: f64,
    undecided: u64,
    differing: u64,
    unexplained: u64,
    shown: Vec<Difference>,
}

impl Count {
    fn exact(&mut self, name: &str, expected: &Value, got: &Value) {
        self.compared += len(expected) as u64;
        // Kinds and shapes were found equal, so a mismatch cannot come up here; were it to, no
        // element would count as compared.
        let Ok(differing) = compare::differences(expected, got) else {
            self.unexplained += 1;
            return;
        };
        for index in differing {
            self.not_allowed(name, expected, got, index, &Allowed::Exact);
        }
    }

    fn judged(
        &mut self,
        name: &str,
        expected: &Value,
        got: &Value,
        judge: &Judge,
    ) -> Result<(), PolicyError> {
        for index in 0..len(expected) {
            let (Some(reference), Some(value)) = (element(expected, index), element(got, index))
            else {
                self.unexplained += 1;
                continue;
            };
            self.compared += 1;
            let allowed = judge.element(name, index, reference)?;
            self.undecided += u64::from(allowed.is_undecided());
            if compare::same(reference, value) {
                continue;
            }
            if allowed.contains(reference, value) {
                self.differing += 1;
                self.worst_used = self.worst_used.max(allowed.used(reference, value));
            } else {
                self.not_allowed(name, expected, got, index, &allowed);
            }
        }
        Ok(())
    }

    fn measured(&mut self, measured: Measured) {
        let Measured { name, reference, got, bound } = measured;
        let distance = (got - reference).abs();
        let used = if distance == 0.0 { 0.0 } else { distance / bound };
        self.worst_used = self.worst_used.max(if used.is_finite() { used } else { f64::MAX });
        if distance <= bound {
            return;
        }
        self.unexplained += 1;
        // First, for the elements are many.
        let shown = Difference {
            output: name,
            index: Vec::new(),
            reference: reference.to_string(),
            allowed: format!("{reference} +- {bound:e}"),
            got: got.to_string(),
        };
        self.shown.insert(0, shown);
        self.shown.truncate(SHOWN);
    }

    fn not_allowed(
        &mut self,
        name: &str,
        expected: &Value,
        got: &Value,
        index: usize,
        allowed: &Allowed,
    ) {
        self.unexplained += 1;
        let (Some(reference), Some(value)) = (element(expected, index), element(got, index)) else {
            return;
        };
        let used = allowed.used(reference, value);
        // JSON has no infinity: a share without a bound to share is given as the largest float.
        self.worst_used =
            self.worst_used.max(if used.is_finite() { used.max(1.0) } else { f64::MAX });
        if self.shown.len() < SHOWN {
            self.shown.push(Difference {
                output: name.to_owned(),
                index: expected.as_array().map(|a| unravel(index, a.shape())).unwrap_or_default(),
                reference: reference.to_string(),
                allowed: describe_allowed(allowed, reference),
                got: value.to_string(),
            });
        }
    }
}

fn unravel(mut index: usize, shape: &[usize]) -> Vec<usize> {
    let mut axes: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&extent| {
            let at = index % extent.max(1);
            index /= extent.max(1);
            at
        })
        .collect();
    axes.reverse();
    axes
}

fn describe_allowed(allowed: &Allowed, reference: Scalar) -> String {
    match allowed {
        Allowed::Exact => reference.to_string(),
        Allowed::Within(bound) => format!("{reference} +- {bound:e}"),
        Allowed::Set(values) => {
            let values: Vec<String> = values.iter().map(i64::to_string).collect();
            format!("one of {}", values.join(", "))
        }
        Allowed::Range(lo, hi) => format!("{lo} to {hi}"),
    }
}

fn policy_names(rule: Rule<'_>) -> String {
    match rule {
        Rule::Exact => "exact".to_owned(),
        Rule::Bounded(judges) => {
            let mut names: Vec<&str> = judges.iter().map(Judge::policy).collect();
            names.dedup();
            names.join("; ")
        }
    }
}

/// The sentence of a wrong comparison; the elements themselves stand in the proof.
fn explain(proof: &Proof) -> String {
    let count = proof.unexplained;
    let elements = if count == 1 { "element is" } else { "elements are" };
    let head = format!("{count} of {} {elements} not allowed", proof.compared);
    match proof.differences.first() {
        None => head,
        Some(first) => {
            let at: Vec<String> = first.index.iter().map(usize::to_string).collect();
            let place = if at.is_empty() {
                first.output.clone()
            } else {
                format!("{}[{}]", first.output, at.join(", "))
            };
            format!("{head}: {place} is {}, allowed is {}", first.got, first.allowed)
        }
    }
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
