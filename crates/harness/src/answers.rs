//! Known answers of a row: looked up in its outputs, judged by what the row was allowed.

use std::collections::BTreeMap;

use crossover_contract::{Allowed, Answer, Case, Kernel, judge_answer};
use crossover_record::{AnswerCheck, AnswerValue};
use crossover_values::{DType, compare};

use crate::HarnessError;
use crate::verify::{Outputs, Rule};

/// Judges every known answer that the case has.
///
/// # Errors
/// [`HarnessError::Answer`] if an answer cannot be looked up in the outputs.
pub fn check_answers(
    kernel: &Kernel,
    case: &Case,
    dtype: DType,
    reference: &Outputs,
    got: &Outputs,
    rule: Rule<'_>,
) -> Result<Vec<AnswerCheck>, HarnessError> {
    let answers = kernel.definition.answers_for(case, dtype);
    answers
        .into_iter()
        .map(|answer| check(kernel, case, dtype, answer, reference, got, rule))
        .collect()
}

fn check(
    kernel: &Kernel,
    case: &Case,
    dtype: DType,
    answer: &Answer,
    reference: &Outputs,
    got: &Outputs,
    rule: Rule<'_>,
) -> Result<AnswerCheck, HarnessError> {
    let refused = |reason: &str| HarnessError::AnswerOutput {
        kernel: kernel.stem.clone(),
        answer: answer.name.clone(),
        output: answer.output.clone(),
        reason: reason.to_owned(),
    };
    let find = |outputs: &Outputs| outputs.iter().position(|(name, _)| *name == answer.output);
    let position = find(reference).ok_or_else(|| refused("the kernel has no such output"))?;
    let (name, expected) = &reference[position];
    let found = find(got).ok_or_else(|| refused("the row has no such output"))?;
    let allowed = |index, element| match rule {
        Rule::Exact => Allowed::Exact,
        // A judge whose formula fails has failed the comparison already; no answer is let through
        // on its account.
        Rule::Bounded(judges) => judges
            .get(position)
            .and_then(|judge| judge.element(name, index, element).ok())
            .unwrap_or(Allowed::Exact),
    };
    let outcome =
        judge_answer(answer, &got[found].1, expected, &allowed, slack(answer, case, dtype)?)
            .map_err(|source| HarnessError::Answer {
                kernel: kernel.stem.clone(),
                answer: answer.name.clone(),
                source,
            })?;
    Ok(AnswerCheck {
        name: outcome.name,
        expected: value(&outcome.expected),
        got: value(&outcome.got),
        ok: outcome.ok,
    })
}

/// The answer's slack for a case; `u` is the unit roundoff of the instance.
fn slack(answer: &Answer, case: &Case, dtype: DType) -> Result<f64, HarnessError> {
    let Some(formula) = &answer.slack else { return Ok(0.0) };
    let mut names: BTreeMap<String, f64> = case.parameters.clone();
    names.insert("u".to_owned(), compare::unit_roundoff(dtype));
    formula
        .value(&names)
        .map_err(|source| HarnessError::Slack { answer: answer.name.clone(), source })
}

/// The number in a text, with all its digits.
fn value(text: &str) -> AnswerValue {
    if let Ok(integer) = text.parse::<i128>() {
        AnswerValue::of_integer(integer)
    } else if let Ok(float) = text.parse::<f64>() {
        AnswerValue::of_float(float)
    } else {
        AnswerValue::Text(text.to_owned())
    }
}

/// The sentence of a row whose comparison held and whose known answers do not.
pub(crate) fn failed_answer(answers: &[AnswerCheck]) -> Option<String> {
    let wrong = answers.iter().find(|answer| !answer.ok)?;
    Some(format!("known answer `{}`: expected {}, got {}", wrong.name, wrong.expected, wrong.got))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits() {
        assert_eq!(value("333332833333500000"), AnswerValue::Integer(333_332_833_333_500_000));
        assert_eq!(value("13.52"), AnswerValue::Float(13.52));
        assert_eq!(value("NaN"), AnswerValue::Text("NaN".into()));
    }

    #[test]
    fn the_first_wrong_answer_is_named() {
        let check = |ok| AnswerCheck {
            name: "sum".into(),
            expected: AnswerValue::Integer(1000),
            got: AnswerValue::Integer(if ok { 1000 } else { 999 }),
            ok,
        };
        assert_eq!(failed_answer(&[check(true)]), None);
        let reason = failed_answer(&[check(true), check(false)]).unwrap();
        assert_eq!(reason, "known answer `sum`: expected 1,000, got 999");
    }
}
