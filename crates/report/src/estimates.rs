//! What a kernel's variants say beside times: estimates with their true values, and facts.

use std::collections::BTreeSet;

use crossover_record::{AnswerValue, FactCard, KernelCard, Row};
use serde::Serialize;

use crate::format;
use crate::kernels::variant_name;

/// One estimate; variants that say the same share a line.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct EstimateView {
    pub name: String,
    pub estimate: String,
    pub truth: String,
    pub relative_error: String,
    pub variants: String,
}

/// The facts of a case: a column per fact, a line per row that reports some.
#[derive(Debug, Serialize)]
pub(crate) struct FactsView {
    /// Name, unit, what it is.
    pub columns: Vec<[String; 3]>,
    pub lines: Vec<(String, Vec<String>)>,
}

/// The estimates of a case.
pub(crate) fn estimates(rows: &[&Row]) -> Vec<EstimateView> {
    let mut views: Vec<(EstimateView, Vec<String>)> = Vec::new();
    for row in rows {
        for check in &row.estimates {
            let view = EstimateView {
                name: check.name.clone(),
                estimate: check.estimate.to_string(),
                truth: check.truth.to_string(),
                relative_error: percent(&check.relative_error),
                variants: String::new(),
            };
            match views.iter_mut().find(|(known, _)| *known == view) {
                Some((_, variants)) => variants.push(variant_name(row)),
                None => views.push((view, vec![variant_name(row)])),
            }
        }
    }
    let join = |(view, variants): (EstimateView, Vec<String>)| EstimateView {
        variants: variants.join(", "),
        ..view
    };
    views.into_iter().map(join).collect()
}

fn percent(error: &AnswerValue) -> String {
    match error {
        AnswerValue::Float(value) => format!("{:+.3} %", 100.0 * value),
        AnswerValue::Integer(value) => format!("{:+} %", 100 * i128::from(*value)),
        AnswerValue::Unsigned(value) => format!("{:+} %", 100 * i128::from(*value)),
        AnswerValue::Text(text) => text.clone(),
    }
}

/// The facts of a case, if a row of it reports any.
pub(crate) fn facts(rows: &[&Row], card: Option<&KernelCard>) -> Option<FactsView> {
    let names: BTreeSet<&String> = rows.iter().flat_map(|row| row.facts.keys()).collect();
    if names.is_empty() {
        return None;
    }
    let card_of = |name: &String| card.and_then(|card| card.facts.get(name));
    let column = |name: &&String| {
        let FactCard { doc, unit } =
            card_of(name).cloned().unwrap_or(FactCard { doc: String::new(), unit: String::new() });
        [(*name).clone(), unit, doc]
    };
    let columns: Vec<[String; 3]> = names.iter().map(column).collect();
    let with_facts = rows.iter().filter(|row| !row.facts.is_empty());
    let lines = with_facts.map(|row| {
        let cell = |[name, unit, _]: &[String; 3]| {
            row.facts.get(name).map(|value| format::fact(*value, unit)).unwrap_or_default()
        };
        (variant_name(row), columns.iter().map(cell).collect())
    });
    let lines = lines.collect();
    Some(FactsView { columns, lines })
}
