//! One value of a scalar type.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::DType;

/// One scalar value. There is no `u8` scalar: a load of a `u8` element gives `u32`.
///
/// `PartialEq` is bit equality: a NaN equals the same NaN, and `-0.0` differs from `0.0`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scalar {
    /// A truth value.
    Bool(bool),
    /// An `i32`.
    I32(i32),
    /// A `u32`.
    U32(u32),
    /// An `i64`.
    I64(i64),
    /// A `u64`.
    U64(u64),
    /// An `f32`.
    F32(f32),
    /// An `f64`.
    F64(f64),
}

impl Scalar {
    /// The type of the value.
    pub const fn dtype(self) -> DType {
        match self {
            Scalar::Bool(_) => DType::Bool,
            Scalar::I32(_) => DType::I32,
            Scalar::U32(_) => DType::U32,
            Scalar::I64(_) => DType::I64,
            Scalar::U64(_) => DType::U64,
            Scalar::F32(_) => DType::F32,
            Scalar::F64(_) => DType::F64,
        }
    }

    /// The value as 64 bits: integers of 32 bits and `f32` in the low half with the high half
    /// zero (an `i32` is *not* sign-extended), `bool` as 0 or 1.
    pub const fn to_bits(self) -> u64 {
        match self {
            Scalar::Bool(value) => value as u64,
            Scalar::I32(value) => value as u32 as u64,
            Scalar::U32(value) => value as u64,
            Scalar::I64(value) => value as u64,
            Scalar::U64(value) => value,
            Scalar::F32(value) => value.to_bits() as u64,
            Scalar::F64(value) => value.to_bits(),
        }
    }

    /// The inverse of [`Scalar::to_bits`]; bits above the type's width are ignored.
    /// `DType::U8` reads as a `u32` of the low eight bits.
    pub const fn from_bits(dtype: DType, bits: u64) -> Scalar {
        match dtype {
            DType::Bool => Scalar::Bool(bits & 1 != 0),
            DType::U8 => Scalar::U32((bits & 0xff) as u32),
            DType::I32 => Scalar::I32(bits as u32 as i32),
            DType::U32 => Scalar::U32(bits as u32),
            DType::I64 => Scalar::I64(bits as i64),
            DType::U64 => Scalar::U64(bits),
            DType::F32 => Scalar::F32(f32::from_bits(bits as u32)),
            DType::F64 => Scalar::F64(f64::from_bits(bits)),
        }
    }

    /// The exact value of an integer scalar; `None` for floats and `bool`.
    pub const fn as_integer(self) -> Option<i128> {
        match self {
            Scalar::I32(value) => Some(value as i128),
            Scalar::U32(value) => Some(value as i128),
            Scalar::I64(value) => Some(value as i128),
            Scalar::U64(value) => Some(value as i128),
            Scalar::Bool(_) | Scalar::F32(_) | Scalar::F64(_) => None,
        }
    }

    /// The value as `f64`: integers to nearest even, `bool` as 0 or 1.
    pub const fn as_f64(self) -> f64 {
        match self {
            Scalar::Bool(value) => value as u8 as f64,
            Scalar::I32(value) => value as f64,
            Scalar::U32(value) => value as f64,
            Scalar::I64(value) => value as f64,
            Scalar::U64(value) => value as f64,
            Scalar::F32(value) => value as f64,
            Scalar::F64(value) => value,
        }
    }
}

impl PartialEq for Scalar {
    fn eq(&self, other: &Self) -> bool {
        self.dtype() == other.dtype() && self.to_bits() == other.to_bits()
    }
}

impl Eq for Scalar {}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::Bool(value) => write!(f, "{value}"),
            Scalar::I32(value) => write!(f, "{value}"),
            Scalar::U32(value) => write!(f, "{value}"),
            Scalar::I64(value) => write!(f, "{value}"),
            Scalar::U64(value) => write!(f, "{value}"),
            Scalar::F32(value) => write!(f, "{value:?}"),
            Scalar::F64(value) => write!(f, "{value:?}"),
        }
    }
}
