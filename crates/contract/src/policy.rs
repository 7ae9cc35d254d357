//! How far an output may be from the reference: the one interface between a kernel's policy and
//! whoever compares.

use crossover_values::{DType, Scalar, Value};

use crate::Case;

/// What a policy function gets to see.
#[derive(Clone, Copy, Debug)]
pub struct PolicyInput<'a> {
    /// The case.
    pub case: &'a Case,
    /// The instance.
    pub dtype: DType,
    /// The arguments as the kernel got them, in the order of the signature.
    pub arguments: &'a [Value],
}

/// A function of a kernel that says what each element of an output may be.
pub type AllowedFunction = fn(&PolicyInput<'_>) -> Box<dyn AllowedElements>;

/// The allowed values of an output's elements.
pub trait AllowedElements: Send + Sync {
    /// What element `index` (flat, row-major) of `output` may be, when the reference has
    /// `reference` there.
    fn element(&self, output: &str, index: usize, reference: Scalar) -> Allowed;

    /// A number made of all outputs together, when the elements alone do not say whether a result is
    /// good: the loss that a training without order reaches. Outputs come by name, the reference's
    /// first; they have the same shapes.
    fn measure(&self, _: &[(String, Value)], _: &[(String, Value)]) -> Option<Measured> {
        None
    }
}

/// A measure of all outputs, and how far it may be from the reference's.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// What it is.
    pub name: String,
    /// Of the reference's outputs.
    pub reference: f64,
    /// Of the outputs that are judged.
    pub got: f64,
    /// Largest distance allowed.
    pub bound: f64,
}

/// The allowed values of one element.
#[derive(Clone, Debug, PartialEq)]
pub enum Allowed {
    /// Only the reference's bits.
    Exact,
    /// Any value whose distance from the reference is at most this.
    Within(f64),
    /// One of these integers; more than one means that a branch is undecided.
    Set(Vec<i64>),
    /// Any integer of the range, both ends included: the horizon of the error was passed.
    Range(i64, i64),
}
