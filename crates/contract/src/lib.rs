//! What a kernel and a backend owe each other; the parser of `kernel.toml`.
//!
//! It holds no kernel and no backend: the suite makes [`Kernel`]s, the backends implement
//! [`Backend`], the harness brings them together, and none of the three knows the others.
#![forbid(unsafe_code)]

mod answer;
mod arguments;
mod backend;
mod case;
mod definition;
mod formula;
mod judge;
mod kernel;
mod plan;
mod policy;
mod shown;
#[cfg(test)]
mod testing;

pub use answer::{AnswerOutcome, Probe, ProbeError, judge_answer};
pub use arguments::ArgumentError;
pub use backend::{Adapter, Backend, Failure, Outcome, Phase, Prepared, Promise, Target, Variant};
pub use case::{CUSTOM_SIZE, CaseError, CaseRequest};
pub use definition::{
    Answer, AnswerRule, ArgumentSpec, Block, Definition, DefinitionError, Derived, Instance,
    Mutant, MutantFile, Number, Parameter, Pass, Philox, PhiloxKind, Picture, PictureScale,
    PolicyKind, PolicySpec, Requirement, ReturnFrom, Setting, TunedPlan,
};
pub use formula::{Formula, FormulaError};
pub use judge::{Judge, PolicyError};
pub use kernel::{
    Case, Kernel, KernelCode, NativeCall, NativeError, NativeRun, NativeVariant, SourceText,
};
pub use plan::PlanError;
pub use policy::{Allowed, AllowedElements, AllowedFunction, Measured, PolicyInput};
pub use shown::{
    CanonicalForm, ChartAxis, ChartFunction, ChartSpec, Determinism, DeterminismClass, Estimate,
    EstimateFunction, EstimateSpec, FactSpec, Mark, ResultView, RowPoints, Series,
};
