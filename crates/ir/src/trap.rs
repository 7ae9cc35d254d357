//! Run-time errors of kernels: one vocabulary for every backend that detects them.

use crossover_values::{DType, Scalar};

use crate::Span;

/// A run-time error: what went wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trap {
    /// What went wrong, with the values.
    pub kind: TrapKind,
    /// The expression or statement in the source.
    pub span: Span,
    /// Flattened index of the failing iteration inside a region.
    pub iteration: Option<u64>,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrapKind {
    /// `//` or `%` by zero.
    #[error("integer division of {dividend} by zero")]
    DivisionByZero {
        /// The left operand.
        dividend: Scalar,
    },
    /// An index outside its axis.
    #[error("index {index} is out of bounds for axis {axis} of `{array}` with {extent} elements")]
    OutOfBounds {
        /// Name of the array or scratch array.
        array: String,
        /// The axis.
        axis: u32,
        /// The index.
        index: Scalar,
        /// Number of elements on the axis.
        extent: u64,
    },
    /// A float outside the integer type it is cast to, or NaN.
    #[error("{value} does not fit `{to}`")]
    CastRange {
        /// The float.
        value: Scalar,
        /// The target type.
        to: DType,
    },
    /// Two names of one array meet in a region that writes one of them.
    #[error("aliased arrays: `{first}` and `{second}` are the same array here, and it is written")]
    AliasedArrays {
        /// First name.
        first: String,
        /// Second name.
        second: String,
    },
    /// An extent of `zeros` that is negative or above 2^31-1.
    #[error("{extent} is not an extent: an axis has 0 to 2147483647 elements")]
    BadExtent {
        /// The extent.
        extent: Scalar,
    },
    /// The step budget is used up.
    #[error("the step budget of {limit} is used up")]
    StepBudget {
        /// The budget.
        limit: u64,
    },
    /// Arrays would need more memory than allowed.
    #[error("arrays of {needed} bytes are over the memory limit of {limit} bytes")]
    MemoryLimit {
        /// Bytes asked for in all.
        needed: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// Two iterations touched one element and one of them wrote it (independence check, rule 16).
    #[error("iterations {first} and {second} both touch `{array}`[{element}], and one writes it")]
    Dependence {
        /// Name of the array.
        array: String,
        /// Flat index of the element.
        element: u64,
        /// One iteration.
        first: u64,
        /// The other.
        second: u64,
    },
    /// An explicit trap of the code.
    #[error("trap {code}")]
    Explicit {
        /// The front end's number.
        code: u32,
    },
}

impl TrapKind {
    /// The error of a float that does not fit `to`. Which NaN an operation gives, the language
    /// leaves open, so that of an error is always the same one.
    pub fn cast_range(value: Scalar, to: DType) -> TrapKind {
        let value = match value {
            Scalar::F32(x) if x.is_nan() => Scalar::F32(f32::NAN),
            Scalar::F64(x) if x.is_nan() => Scalar::F64(f64::NAN),
            other => other,
        };
        TrapKind::CastRange { value, to }
    }
}
