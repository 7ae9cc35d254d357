//! Constants as WGSL text, exact in every bit that WGSL can express.

use std::collections::BTreeSet;

use crossover_values::{DType, Scalar};

use super::helper::Helper;

/// The WGSL type of a scalar.
pub(crate) fn type_name(dtype: DType) -> &'static str {
    match dtype {
        DType::Bool => "bool",
        DType::I32 => "i32",
        DType::U8 | DType::U32 => "u32",
        DType::I64 | DType::U64 => "vec2<u32>",
        DType::F32 => "f32",
        DType::F64 => "f64",
    }
}

/// A constant. WGSL has no literal for an infinity or NaN: those go through a private variable
/// that holds the bits, since a constant expression may not yield them.
pub(crate) fn literal(value: Scalar, helpers: &mut BTreeSet<Helper>) -> String {
    match value {
        Scalar::Bool(value) => value.to_string(),
        Scalar::I32(i32::MIN) => "i32(-2147483648)".to_owned(),
        Scalar::I32(value) if value < 0 => format!("({value}i)"),
        Scalar::I32(value) => format!("{value}i"),
        Scalar::U32(value) => format!("{value}u"),
        Scalar::I64(value) => super::words::pair(value as u64),
        Scalar::U64(value) => super::words::pair(value),
        Scalar::F32(value) if value.is_finite() => finite(format!("{value:?}"), "f"),
        Scalar::F64(value) if value.is_finite() => finite(format!("{value:?}"), "lf"),
        Scalar::F32(value) => non_finite(value.to_bits(), helpers),
        // No f64 bit pattern can be written; the infinities and a quiet NaN convert.
        Scalar::F64(value) => format!("f64({})", non_finite((value as f32).to_bits(), helpers)),
    }
}

fn finite(digits: String, suffix: &str) -> String {
    if digits.starts_with('-') {
        format!("({digits}{suffix})")
    } else {
        format!("{digits}{suffix}")
    }
}

fn non_finite(bits: u32, helpers: &mut BTreeSet<Helper>) -> String {
    helpers.insert(Helper::Bits(bits));
    format!("bitcast<f32>(bits_{bits:08x})")
}
