//! What kernels show beside their outputs, as records hold it: estimates, charts, their own words.

use crossover_contract::{ChartSpec, EstimateSpec, Failure, Kernel, Mark, ResultView, Series};
use crossover_record::{
    AnswerValue, Chart, ChartAxis, ChartMark, ChartSeries, EstimateCheck, FactCard, KernelCard,
};

use crate::plan::{Plan, PlannedCase};
use crate::verify::Outputs;

/// What the estimators of a kernel say of outputs.
pub(crate) fn estimates(
    case: &PlannedCase,
    outputs: &Outputs,
) -> Result<Vec<EstimateCheck>, Failure> {
    let kernel = &case.subject.kernel;
    let view = ResultView { case: &case.case, dtype: case.dtype, outputs };
    let estimate = |spec: &EstimateSpec| {
        let found = kernel.code.estimates.iter().find(|(name, _)| *name == spec.function);
        let (_, function) = found.ok_or_else(|| missing(kernel, "estimate", &spec.function))?;
        let estimate = function(&view).ok_or_else(|| {
            let name = &spec.name;
            Failure::Failed(format!("the outputs are none that `{name}` can be estimated from"))
        })?;
        Ok(EstimateCheck {
            name: spec.name.clone(),
            estimate: AnswerValue::of_float(estimate.estimate),
            truth: AnswerValue::of_float(estimate.truth),
            relative_error: AnswerValue::of_float(estimate.relative_error()),
        })
    };
    kernel.definition.estimates.iter().map(estimate).collect()
}

fn missing(kernel: &Kernel, what: &str, function: &str) -> Failure {
    let stem = &kernel.stem;
    Failure::Failed(format!("kernel `{stem}` has no {what} function `{function}` in its code"))
}

/// The charts of a case, drawn from the reference's outputs.
pub(crate) fn charts(case: &PlannedCase, outputs: &Outputs) -> Result<Vec<Chart>, Failure> {
    let specs = case.subject.kernel.definition.charts.iter();
    specs.map(|spec| chart(case, outputs, spec)).collect()
}

fn chart(case: &PlannedCase, outputs: &Outputs, spec: &ChartSpec) -> Result<Chart, Failure> {
    let kernel = &case.subject.kernel;
    let view = ResultView { case: &case.case, dtype: case.dtype, outputs };
    let series = match &spec.function {
        None => Vec::new(),
        Some(wanted) => {
            let found = kernel.code.charts.iter().find(|(name, _)| name == wanted);
            let (_, function) = found.ok_or_else(|| missing(kernel, "chart", wanted))?;
            function(&view).into_iter().map(of_series).collect()
        }
    };
    let axis = |axis: &crossover_contract::ChartAxis| ChartAxis {
        label: axis.label.clone(),
        log: axis.log,
    };
    Ok(Chart {
        kernel: kernel.stem.clone(),
        dtype: case.dtype,
        size: case.case.size.clone(),
        name: spec.name.clone(),
        caption: spec.caption.clone(),
        mark: match spec.mark {
            Mark::Line => ChartMark::Line,
            Mark::Bars => ChartMark::Bars,
            Mark::Points => ChartMark::Points,
        },
        x: axis(&spec.x),
        y: axis(&spec.y),
        series,
        rows: spec.rows.as_ref().map(|rows| [rows.x.clone(), rows.y.clone()]),
    })
}

/// Most points of a series that a record keeps.
const MAX_POINTS: usize = 2048;

/// A series as a record keeps it: finite points, thinned evenly if there are too many.
fn of_series(series: Series) -> ChartSeries {
    let finite = series.points.into_iter().filter(|point| point.iter().all(|c| c.is_finite()));
    let points: Vec<[f64; 2]> = finite.collect();
    let step = points.len().div_ceil(MAX_POINTS).max(1);
    ChartSeries { name: series.name, points: points.into_iter().step_by(step).collect() }
}

/// What the kernels of a plan say of themselves, in its order, each once.
pub(crate) fn kernel_cards(plan: &Plan) -> Vec<KernelCard> {
    let mut cards: Vec<KernelCard> = Vec::new();
    for case in &plan.cases {
        let kernel = &case.subject.kernel;
        if cards.iter().all(|card| card.stem != kernel.stem) {
            cards.push(card(kernel));
        }
    }
    cards
}

fn card(kernel: &Kernel) -> KernelCard {
    let definition = &kernel.definition;
    let parameters = definition.parameters.iter();
    let axes = parameters.clone().filter_map(|(name, p)| Some((name.clone(), p.axis.clone()?)));
    let choices = parameters.filter(|(_, p)| !p.choices.is_empty());
    let fact = |(name, fact): (&String, &crossover_contract::FactSpec)| {
        (name.clone(), FactCard { doc: fact.doc.clone(), unit: fact.unit.clone() })
    };
    KernelCard {
        stem: kernel.stem.clone(),
        title: definition.title.clone(),
        summary: definition.summary.trim().to_owned(),
        axes: axes.collect(),
        choices: choices.map(|(name, p)| (name.clone(), p.choices.clone())).collect(),
        facts: definition.facts.iter().map(fact).collect(),
        determinism: definition.determinism.reason.trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_thinned_and_kept_finite() {
        let points = (0..10_000).map(|i| [f64::from(i), if i == 3 { f64::NAN } else { 1.0 }]);
        let series = of_series(Series { name: "a".into(), points: points.collect() });
        assert!(series.points.len() <= MAX_POINTS && series.points.len() > MAX_POINTS / 2);
        assert!(series.points.iter().all(|point| point[1] == 1.0));
    }
}
