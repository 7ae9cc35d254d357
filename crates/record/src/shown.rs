//! What rows and runs carry beside times and proofs: estimates, repetitions, charts, what a kernel
//! says of itself.

use std::collections::BTreeMap;

use crossover_values::DType;
use serde::{Deserialize, Serialize};

use crate::AnswerValue;

/// What an estimator said of a row's outputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EstimateCheck {
    /// What is estimated.
    pub name: String,
    /// The estimate.
    pub estimate: AnswerValue,
    /// The true value.
    pub truth: AnswerValue,
    /// (estimate - truth) / |truth|.
    pub relative_error: AnswerValue,
}

/// What repeated calls of a row showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repetition {
    /// The class that the kernel declares for the variant: `same`, `same per setting` or `varies`.
    pub class: String,
    /// Calls whose outputs were compared with each other; 1 if a repetition would have taken too
    /// long.
    pub calls: u32,
    /// Numbers of threads used in them.
    pub threads: Vec<usize>,
    /// Whether all of them gave the same bits, in canonical form.
    pub equal: bool,
}

/// What a kernel says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KernelCard {
    /// Its stem.
    pub stem: String,
    /// One line that names it.
    pub title: String,
    /// What it computes and where it comes from.
    pub summary: String,
    /// Parameters that are axes of its story, with what sweeping them shows.
    pub axes: BTreeMap<String, String>,
    /// Names of the choices of parameters that have some.
    pub choices: BTreeMap<String, Vec<String>>,
    /// What its variants report beside outputs.
    pub facts: BTreeMap<String, FactCard>,
    /// Why its outputs are not the same in every run; empty if they are.
    pub determinism: String,
}

/// What a fact is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactCard {
    /// What it is.
    pub doc: String,
    /// Its unit.
    pub unit: String,
}

/// A chart of a kernel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chart {
    /// The kernel.
    pub kernel: String,
    /// The instance.
    pub dtype: DType,
    /// The size.
    pub size: String,
    /// Its name.
    pub name: String,
    /// What is seen.
    pub caption: String,
    /// How points are drawn.
    pub mark: ChartMark,
    /// The horizontal axis.
    pub x: ChartAxis,
    /// The vertical axis.
    pub y: ChartAxis,
    /// Lines, rows of bars or clouds of points. Empty for a chart over rows.
    pub series: Vec<ChartSeries>,
    /// One point per verified row of the case: names of facts, or `time`, the median in seconds.
    pub rows: Option<[String; 2]>,
}

/// How the points of a chart are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChartMark {
    /// Joined by lines.
    Line,
    /// Bars from zero.
    Bars,
    /// Single points.
    Points,
}

/// An axis of a chart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChartAxis {
    /// What it is, with its unit.
    pub label: String,
    /// Whether its scale is logarithmic.
    pub log: bool,
}

/// One series of a chart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChartSeries {
    /// Its name in the legend.
    pub name: String,
    /// Points, x before y; all finite.
    pub points: Vec<[f64; 2]>,
}
