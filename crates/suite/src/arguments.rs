//! From the arguments of a native call to slices and numbers of the right type.
//!
//! A native variant is called with [`Value`]s; every mismatch is a [`NativeError`] that names the
//! argument, so no variant can panic on what it was given.

use std::fmt::Debug;
use std::ops::{Add, Mul, Sub};

use crossover_contract::NativeError;
use crossover_values::{Array, Scalar, Value};
use ndarray::LinalgScalar;

/// What belongs to the instance of a call: `by_instance!(call, a, b)` is `Ok(a)` for f32, `Ok(b)` for
/// f64, a third value is that of u64, and other instances are an error.
macro_rules! by_instance {
    ($call:expr, $f32:expr, $f64:expr $(, $u64:expr)? $(,)?) => {
        match $call.dtype {
            ::crossover_values::DType::F32 => Ok($f32),
            ::crossover_values::DType::F64 => Ok($f64),
            $(::crossover_values::DType::U64 => Ok($u64),)?
            other => Err(::crossover_contract::NativeError::Instance(other)),
        }
    };
}
pub(crate) use by_instance;

/// A type of array elements that native variants use.
pub(crate) trait Element: Copy + Send + Sync + Debug + PartialEq + 'static {
    /// What an array argument of this type is, for messages.
    const ARRAY: &'static str;
    /// What a scalar argument of this type is, for messages.
    const SCALAR: &'static str;

    /// The elements of an array of this type, row-major.
    fn slice(array: &Array) -> Option<&[Self]>;
    /// The elements of an array of this type, row-major.
    fn slice_mut(array: &mut Array) -> Option<&mut [Self]>;
    /// The value of a scalar of this type.
    fn from_scalar(scalar: Scalar) -> Option<Self>;
    /// The scalar of a value.
    fn into_scalar(self) -> Scalar;
}

/// The two types that `real` stands for.
pub(crate) trait Real:
    Element + LinalgScalar + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + PartialOrd
{
    /// The value rounded to the type.
    fn from_f64(value: f64) -> Self;
}

macro_rules! element {
    ($type:ty, $variant:ident, $array:literal, $scalar:literal) => {
        impl Element for $type {
            const ARRAY: &'static str = $array;
            const SCALAR: &'static str = $scalar;

            fn slice(array: &Array) -> Option<&[Self]> {
                match array {
                    Array::$variant(inner) => inner.as_slice(),
                    _ => None,
                }
            }

            fn slice_mut(array: &mut Array) -> Option<&mut [Self]> {
                match array {
                    Array::$variant(inner) => inner.as_slice_mut(),
                    _ => None,
                }
            }

            fn from_scalar(scalar: Scalar) -> Option<Self> {
                match scalar {
                    Scalar::$variant(value) => Some(value),
                    _ => None,
                }
            }

            fn into_scalar(self) -> Scalar {
                Scalar::$variant(self)
            }
        }
    };
}

element!(i32, I32, "an i32 array", "an i32");
element!(u32, U32, "a u32 array", "a u32");
element!(i64, I64, "an i64 array", "an i64");
element!(u64, U64, "a u64 array", "a u64");
element!(f32, F32, "an f32 array", "an f32");
element!(f64, F64, "an f64 array", "an f64");

impl Real for f32 {
    fn from_f64(value: f64) -> f32 {
        value as f32
    }
}

impl Real for f64 {
    fn from_f64(value: f64) -> f64 {
        value
    }
}

/// The elements of array argument `position`.
pub(crate) fn array<T: Element>(value: &Value, position: usize) -> Result<&[T], NativeError> {
    let found = value.as_array().and_then(T::slice);
    found.ok_or(NativeError::Argument { position, expected: T::ARRAY })
}

/// The elements of array argument `position`, to be written.
pub(crate) fn array_mut<T: Element>(
    value: &mut Value,
    position: usize,
) -> Result<&mut [T], NativeError> {
    let found = match value {
        Value::Array(array) => T::slice_mut(array),
        Value::Scalar(_) => None,
    };
    found.ok_or(NativeError::Argument { position, expected: T::ARRAY })
}

/// Extents of array argument `position`, which has two axes.
pub(crate) fn shape2(value: &Value, position: usize) -> Result<[usize; 2], NativeError> {
    let shape = value.as_array().map(Array::shape);
    match shape {
        Some(&[rows, columns]) => Ok([rows, columns]),
        _ => Err(NativeError::Argument { position, expected: "an array with two axes" }),
    }
}

/// The value of scalar argument `position`.
pub(crate) fn scalar<T: Element>(value: &Value, position: usize) -> Result<T, NativeError> {
    let found = match value {
        Value::Scalar(scalar) => T::from_scalar(*scalar),
        Value::Array(_) => None,
    };
    found.ok_or(NativeError::Argument { position, expected: T::SCALAR })
}
