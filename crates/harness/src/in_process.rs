//! Verification without workers, for tests and benchmarks: the same comparison in this process.

use crossover_contract::{Backend, Failure, Judge, PolicyInput, Prepared, Promise, Target};
use crossover_record::AnswerCheck;
use crossover_values::{Signature, Value};

use crate::answers::check_answers;
use crate::canonical::canonical;
use crate::verify::{Outputs, Rule, Verdict, accept_reference, compare_outputs};

/// A variant that was prepared and called once in this process.
pub struct Called {
    /// What was prepared, ready for further calls.
    pub prepared: Box<dyn Prepared>,
    /// What every call gets a copy of, outputs poisoned.
    pub arguments: Vec<Value>,
    /// The first call's outputs.
    pub outputs: Outputs,
    /// Largest number of loop back edges of one invocation, per region and serial section, if
    /// counted.
    pub back_edges: Option<Vec<u64>>,
}

impl std::fmt::Debug for Called {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Called").field("outputs", &self.outputs.len()).finish_non_exhaustive()
    }
}

/// Prepares a variant and calls it once.
///
/// # Errors
/// [`Failure`] of the preparation or of the call, or if the arguments cannot be made.
pub fn call_in_process(
    backend: &dyn Backend,
    target: &Target<'_>,
    signature: &Signature,
) -> Result<Called, Failure> {
    let arguments = target.kernel.definition.arguments(signature, target.case);
    let arguments = arguments.map_err(|error| Failure::Failed(error.to_string()))?;
    let mut prepared = backend.prepare(target)?;
    let outcome = prepared.run(arguments.clone())?;
    let outputs = canonical(&target.kernel.definition, outcome.outputs);
    let back_edges = outcome.back_edges;
    Ok(Called { prepared, arguments, outputs, back_edges })
}

/// Prepares a variant, calls it once, and compares its outputs with the reference's by what the
/// variant promises; known answers included. With `reference` `None` the variant is the reference
/// itself.
///
/// # Errors
/// [`Failure`] if there is nothing to compare.
pub fn verify_in_process(
    backend: &dyn Backend,
    target: &Target<'_>,
    signature: &Signature,
    reference: Option<&Outputs>,
) -> Result<(Verdict, Vec<AnswerCheck>, Called), Failure> {
    let called = call_in_process(backend, target, signature)?;
    let variants = backend.variants(target.kernel, target.dtype);
    let variant = variants.into_iter().find(|variant| variant.name == target.variant);
    let variant =
        variant.ok_or_else(|| Failure::Failed(format!("no variant `{}`", target.variant)))?;
    let failed = |error: &dyn std::fmt::Display| Failure::Failed(error.to_string());
    let judges = match (variant.promise, reference) {
        (Promise::Bounded, Some(_)) => Some(judges(target, signature, &called.arguments)?),
        (Promise::Exact, _) | (Promise::Bounded, None) => None,
    };
    let rule = judges.as_deref().map_or(Rule::Exact, Rule::Bounded);
    let truth = reference.unwrap_or(&called.outputs);
    let verdict = match reference {
        Some(truth) => {
            compare_outputs(truth, &called.outputs, rule, "the reference in this process")
                .map_err(|error| failed(&error))?
        }
        None => accept_reference(&called.outputs, signature, "itself"),
    };
    let answers = match &verdict {
        Verdict::Wrong { proof: None, .. } => Vec::new(),
        Verdict::Verified(_) | Verdict::Wrong { .. } => {
            check_answers(target.kernel, target.case, target.dtype, truth, &called.outputs, rule)
                .map_err(|error| failed(&error))?
        }
    };
    Ok((verdict, answers, called))
}

fn judges(
    target: &Target<'_>,
    signature: &Signature,
    arguments: &[Value],
) -> Result<Vec<Judge>, Failure> {
    let input = PolicyInput { case: target.case, dtype: target.dtype, arguments };
    let outputs = signature.outputs();
    let judges = outputs.iter().map(|(output, _)| Judge::new(target.kernel, &input, output));
    judges.collect::<Result<Vec<_>, _>>().map_err(|error| Failure::Failed(error.to_string()))
}
