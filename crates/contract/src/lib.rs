//! What a kernel and a backend owe each other; the parser of `kernel.toml`.
//!
//! It holds no kernel and no backend: the suite makes [`Kernel`]s, the backends implement
//! [`Backend`], the harness brings them together, and none of the three knows the others.
#![forbid(unsafe_code)]

mod backend;
mod definition;
mod formula;
mod kernel;
mod policy;

pub use backend::{Adapter, Backend, Failure, Outcome, Phase, Prepared, Promise, Target, Variant};
pub use definition::{
    Answer, AnswerRule, ArgumentSpec, Block, Definition, Derived, Instance, Mutant, MutantFile,
    Number, Parameter, Pass, Philox, PhiloxKind, Picture, PictureScale, PolicyKind, PolicySpec,
    Requirement, ReturnFrom, TunedPlan,
};
pub use formula::{Formula, FormulaError};
pub use kernel::{Case, Kernel, NativeCall, NativeError, NativeVariant, SourceText};
pub use policy::{Allowed, AllowedElements, AllowedFunction, PolicyInput};
