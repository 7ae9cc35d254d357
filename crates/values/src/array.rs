//! A dense, row-major array of one dtype.

use ndarray::{ArrayD, IxDyn};

use crate::DType;

/// A dense array in row-major (C) order. Every variant holds a standard-layout `ndarray` whose
/// memory is contiguous from its first element; the constructors and `.npy` reader keep it so.
#[derive(Clone, Debug)]
pub enum Array {
    /// Elements of `bool`.
    Bool(ArrayD<bool>),
    /// Elements of `u8`.
    U8(ArrayD<u8>),
    /// Elements of `i32`.
    I32(ArrayD<i32>),
    /// Elements of `u32`.
    U32(ArrayD<u32>),
    /// Elements of `i64`.
    I64(ArrayD<i64>),
    /// Elements of `u64`.
    U64(ArrayD<u64>),
    /// Elements of `f32`.
    F32(ArrayD<f32>),
    /// Elements of `f64`.
    F64(ArrayD<f64>),
}

/// Runs `$body` with `$a` bound to the `ArrayD` inside, whatever its element type.
#[macro_export]
macro_rules! with_array {
    ($array:expr, $a:ident => $body:expr) => {
        match $array {
            $crate::Array::Bool($a) => $body,
            $crate::Array::U8($a) => $body,
            $crate::Array::I32($a) => $body,
            $crate::Array::U32($a) => $body,
            $crate::Array::I64($a) => $body,
            $crate::Array::U64($a) => $body,
            $crate::Array::F32($a) => $body,
            $crate::Array::F64($a) => $body,
        }
    };
}

impl Array {
    /// An array of zeros (`false` for `bool`) with the given extents.
    pub fn zeros(dtype: DType, shape: &[usize]) -> Array {
        let dim = IxDyn(shape);
        match dtype {
            DType::Bool => Array::Bool(ArrayD::from_elem(dim, false)),
            DType::U8 => Array::U8(ArrayD::zeros(dim)),
            DType::I32 => Array::I32(ArrayD::zeros(dim)),
            DType::U32 => Array::U32(ArrayD::zeros(dim)),
            DType::I64 => Array::I64(ArrayD::zeros(dim)),
            DType::U64 => Array::U64(ArrayD::zeros(dim)),
            DType::F32 => Array::F32(ArrayD::zeros(dim)),
            DType::F64 => Array::F64(ArrayD::zeros(dim)),
        }
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        match self {
            Array::Bool(_) => DType::Bool,
            Array::U8(_) => DType::U8,
            Array::I32(_) => DType::I32,
            Array::U32(_) => DType::U32,
            Array::I64(_) => DType::I64,
            Array::U64(_) => DType::U64,
            Array::F32(_) => DType::F32,
            Array::F64(_) => DType::F64,
        }
    }

    /// Extents, outermost axis first.
    pub fn shape(&self) -> &[usize] {
        with_array!(self, a => a.shape())
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        with_array!(self, a => a.len())
    }

    /// Whether the array has no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements as bytes in memory order (row-major, native endianness).
    pub fn bytes(&self) -> &[u8] {
        with_array!(self, a => bytemuck::cast_slice(
            a.as_slice().expect("arrays are kept in standard layout")
        ))
    }
}
