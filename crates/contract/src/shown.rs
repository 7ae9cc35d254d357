//! What a kernel shows beside its outputs: estimates with their true values, charts, facts.

use crossover_values::{DType, Value};
use serde::Deserialize;

use crate::Case;

/// What the functions of estimates and charts get to see.
#[derive(Clone, Copy, Debug)]
pub struct ResultView<'a> {
    /// The case.
    pub case: &'a Case,
    /// The instance.
    pub dtype: DType,
    /// The outputs, by name.
    pub outputs: &'a [(String, Value)],
}

impl<'a> ResultView<'a> {
    /// The output of a name.
    pub fn output(&self, name: &str) -> Option<&'a Value> {
        self.outputs.iter().find(|(found, _)| found == name).map(|(_, value)| value)
    }
}

/// A function of a kernel that makes an estimate of its outputs; `None` if they do not have the
/// form it needs.
pub type EstimateFunction = fn(&ResultView<'_>) -> Option<Estimate>;

/// What an estimator says, and what is true.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The estimate.
    pub estimate: f64,
    /// The true value.
    pub truth: f64,
}

impl Estimate {
    /// (estimate - truth) / truth; infinite for a truth of zero that was missed.
    pub fn relative_error(&self) -> f64 {
        if self.estimate == self.truth {
            return 0.0;
        }
        (self.estimate - self.truth) / self.truth.abs()
    }
}

/// A function of a kernel that makes the series of a chart of its outputs.
pub type ChartFunction = fn(&ResultView<'_>) -> Vec<Series>;

/// A named line, row of bars or cloud of points.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// Points, x before y.
    pub points: Vec<[f64; 2]>,
}

/// An estimate that rows report: `[[estimates]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EstimateSpec {
    /// What is estimated.
    pub name: String,
    /// Function of the kernel's code.
    pub function: String,
}

/// A chart that records carry: `[[charts]]`. It has a `function`, or `rows`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChartSpec {
    /// Its name.
    pub name: String,
    /// What is seen, in one or two sentences.
    pub caption: String,
    /// Function of the kernel's code that makes the series of the reference's outputs.
    pub function: Option<String>,
    /// One point per verified row instead.
    pub rows: Option<RowPoints>,
    /// How points are drawn.
    pub mark: Mark,
    /// The horizontal axis.
    pub x: ChartAxis,
    /// The vertical axis.
    pub y: ChartAxis,
}

/// What the points of a chart over rows are: each a name of `[facts]`, or `time`, the median of
/// the row in seconds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowPoints {
    /// Horizontal.
    pub x: String,
    /// Vertical.
    pub y: String,
}

/// How the points of a chart are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// Joined by lines.
    Line,
    /// Bars from zero.
    Bars,
    /// Single points.
    Points,
}

/// An axis of a chart.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChartAxis {
    /// What it is, with its unit.
    pub label: String,
    /// Whether its scale is logarithmic.
    #[serde(default)]
    pub log: bool,
}

/// Something a variant reports beside its outputs: `[facts.<name>]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactSpec {
    /// What it is.
    pub doc: String,
    /// Its unit: `B`, `s`, `divisions`.
    pub unit: String,
}

/// Whether repeated runs give the same outputs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Determinism {
    /// The class of every variant that `variants` does not name.
    pub class: DeterminismClass,
    /// Why, for any class but `same`.
    #[serde(default)]
    pub reason: String,
    /// The class of single variants, as `backend variant`.
    #[serde(default)]
    pub variants: std::collections::BTreeMap<String, DeterminismClass>,
}

impl Determinism {
    /// The class of a variant.
    pub fn of(&self, backend: &str, variant: &str) -> DeterminismClass {
        self.variants.get(&format!("{backend} {variant}")).copied().unwrap_or(self.class)
    }
}

/// The classes of determinism.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum DeterminismClass {
    /// Every run gives the same outputs, with any number of threads and any workgroup size.
    #[default]
    #[serde(rename = "same")]
    Same,
    /// Runs with the same settings (threads, workgroup, adapter) give the same outputs.
    #[serde(rename = "same per setting")]
    SamePerSetting,
    /// Runs may differ within what verification allows.
    #[serde(rename = "varies")]
    Varies,
}

impl DeterminismClass {
    /// The name used in `kernel.toml` and in records.
    pub const fn name(self) -> &'static str {
        match self {
            DeterminismClass::Same => "same",
            DeterminismClass::SamePerSetting => "same per setting",
            DeterminismClass::Varies => "varies",
        }
    }
}

/// The form in which an output is compared whose layout depends on the order of the iterations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CanonicalForm {
    /// Its elements in ascending order.
    Sorted,
}
