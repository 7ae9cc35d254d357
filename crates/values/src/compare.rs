//! Comparators: where two arrays differ, and by how much.
//!
//! A comparator looks at every element of both sides and treats another length, shape or dtype as
//! a difference of its own; none stops at the shorter side.

use crate::{Array, DType, Scalar, Value};

/// Two values cannot be compared element by element.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// One is a scalar, the other an array, or the dtypes differ.
    #[error("expected {expected}, got {got}")]
    Kind {
        /// What the reference is.
        expected: String,
        /// What came.
        got: String,
    },
    /// The extents differ.
    #[error("expected shape {expected:?}, got {got:?}")]
    Shape {
        /// Extents of the reference.
        expected: Vec<usize>,
        /// Extents of what came.
        got: Vec<usize>,
    },
}

/// Whether two scalars are the same value to a reader of results: the same bits, or both NaN.
pub fn same(a: Scalar, b: Scalar) -> bool {
    match (a, b) {
        (Scalar::F32(a), Scalar::F32(b)) if a.is_nan() && b.is_nan() => true,
        (Scalar::F64(a), Scalar::F64(b)) if a.is_nan() && b.is_nan() => true,
        (a, b) => a == b,
    }
}

/// Indices (flat, ascending) of the elements that are not [`same`]; a scalar has index 0.
///
/// # Errors
/// [`Mismatch`] if kind, dtype or shape differ.
pub fn differences(expected: &Value, got: &Value) -> Result<Vec<usize>, Mismatch> {
    match (expected, got) {
        (Value::Scalar(a), Value::Scalar(b)) if a.dtype() == b.dtype() => {
            Ok(if same(*a, *b) { Vec::new() } else { vec![0] })
        }
        (Value::Array(a), Value::Array(b)) if a.dtype() == b.dtype() => {
            if a.shape() != b.shape() {
                let (expected, got) = (a.shape().to_vec(), b.shape().to_vec());
                return Err(Mismatch::Shape { expected, got });
            }
            Ok(array_differences(a, b))
        }
        (expected, got) => {
            let kind = |value: &Value| match value {
                Value::Scalar(scalar) => format!("a scalar of {}", scalar.dtype()),
                Value::Array(array) => format!("an array of {}", array.dtype()),
            };
            Err(Mismatch::Kind { expected: kind(expected), got: kind(got) })
        }
    }
}

fn array_differences(expected: &Array, got: &Array) -> Vec<usize> {
    if expected.bytes() == got.bytes() {
        return Vec::new();
    }
    let differs = |&index: &usize| match (expected.get(index), got.get(index)) {
        (Some(a), Some(b)) => !same(a, b),
        _ => true,
    };
    (0..expected.len()).filter(differs).collect()
}

/// Number of representable values between two floats of one type: 0 if [`same`], 1 for neighbours
/// (`-0.0` and `0.0` are neighbours); `None` if exactly one is NaN, or for other types.
pub fn ulp_distance(a: Scalar, b: Scalar) -> Option<u64> {
    /// Orders the bit patterns of a float like its values.
    fn ordered(bits: u64, width: u32) -> i128 {
        let sign = 1_u64 << (width - 1);
        let magnitude = i128::from(bits & (sign - 1));
        if bits & sign == 0 { magnitude } else { -magnitude - 1 }
    }
    if same(a, b) {
        return Some(0);
    }
    let (width, nan) = match (a, b) {
        (Scalar::F32(a), Scalar::F32(b)) => (32, a.is_nan() || b.is_nan()),
        (Scalar::F64(a), Scalar::F64(b)) => (64, a.is_nan() || b.is_nan()),
        _ => return None,
    };
    let distance = (ordered(a.to_bits(), width) - ordered(b.to_bits(), width)).unsigned_abs();
    (!nan).then(|| u64::try_from(distance).unwrap_or(u64::MAX))
}

/// Unit roundoff as FLOAT rules use it, with no rounding mode promised: 2^-23 for `f32`, 2^-52 for
/// `f64`, 0 for other types.
pub fn unit_roundoff(dtype: DType) -> f64 {
    match dtype {
        DType::F32 => f64::from(f32::EPSILON),
        DType::F64 => f64::EPSILON,
        DType::Bool | DType::U8 | DType::I32 | DType::U32 | DType::I64 | DType::U64 => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(values: &[f32]) -> Value {
        let mut array = Array::zeros(DType::F32, &[values.len()]);
        for (index, value) in values.iter().enumerate() {
            array.set(index, Scalar::F32(*value));
        }
        Value::Array(array)
    }

    #[test]
    fn planted_differences_are_found_wherever_they_are() {
        let base = vec![1.0_f32; 100];
        for at in [0, 1, 50, 99] {
            let mut other = base.clone();
            other[at] = f32::from_bits(1.0_f32.to_bits() + 1);
            assert_eq!(differences(&array(&base), &array(&other)), Ok(vec![at]));
        }
        assert_eq!(differences(&array(&base), &array(&base)), Ok(vec![]));
    }

    #[test]
    fn nan_equals_nan_and_signed_zeros_differ() {
        let quiet = f32::from_bits(0x7fc0_0001);
        assert_eq!(differences(&array(&[f32::NAN]), &array(&[quiet])), Ok(vec![]));
        assert_eq!(differences(&array(&[0.0]), &array(&[-0.0])), Ok(vec![0]));
        assert_eq!(differences(&array(&[f32::NAN]), &array(&[1.0])), Ok(vec![0]));
    }

    #[test]
    fn a_shorter_side_is_no_match() {
        let short = differences(&array(&[1.0, 2.0]), &array(&[1.0]));
        assert!(matches!(short, Err(Mismatch::Shape { .. })));
        let other = Value::Array(Array::zeros(DType::I32, &[2]));
        assert!(matches!(differences(&array(&[0.0, 0.0]), &other), Err(Mismatch::Kind { .. })));
        let scalar = Value::Scalar(Scalar::F32(1.0));
        assert!(matches!(differences(&array(&[1.0]), &scalar), Err(Mismatch::Kind { .. })));
    }

    #[test]
    fn ulps_count_representable_values() {
        let next = f32::from_bits(1.0_f32.to_bits() + 1);
        assert_eq!(ulp_distance(Scalar::F32(1.0), Scalar::F32(next)), Some(1));
        assert_eq!(ulp_distance(Scalar::F32(-0.0), Scalar::F32(0.0)), Some(1));
        assert_eq!(ulp_distance(Scalar::F64(f64::NAN), Scalar::F64(0.0)), None);
        assert_eq!(ulp_distance(Scalar::F64(f64::MAX), Scalar::F64(f64::MAX)), Some(0));
        assert_eq!(ulp_distance(Scalar::I32(1), Scalar::I32(2)), None);
    }
}
