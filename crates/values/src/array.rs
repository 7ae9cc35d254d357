//! A dense, row-major array of one dtype.

use std::cmp::Ordering;

use bytemuck::Pod;
use ndarray::{ArrayD, IxDyn};

use crate::{DType, Scalar};

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

    /// The same elements in ascending order, in the same shape; NaN by their bits (IEEE total
    /// order).
    pub fn sorted(&self) -> Array {
        fn by<T: Clone>(a: &ArrayD<T>, order: impl Fn(&T, &T) -> Ordering) -> ArrayD<T> {
            let mut elements: Vec<T> = a.iter().cloned().collect();
            elements.sort_unstable_by(order);
            let mut elements = elements.into_iter();
            a.map(|old| elements.next().unwrap_or_else(|| old.clone()))
        }
        match self {
            Array::Bool(a) => Array::Bool(by(a, Ord::cmp)),
            Array::U8(a) => Array::U8(by(a, Ord::cmp)),
            Array::I32(a) => Array::I32(by(a, Ord::cmp)),
            Array::U32(a) => Array::U32(by(a, Ord::cmp)),
            Array::I64(a) => Array::I64(by(a, Ord::cmp)),
            Array::U64(a) => Array::U64(by(a, Ord::cmp)),
            Array::F32(a) => Array::F32(by(a, f32::total_cmp)),
            Array::F64(a) => Array::F64(by(a, f64::total_cmp)),
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

    /// An array from its bytes in memory order (row-major, native endianness); a byte of a `bool`
    /// that is not 0 reads as true. `None` unless there are exactly as many bytes as the shape
    /// needs.
    pub fn from_bytes(dtype: DType, shape: &[usize], bytes: &[u8]) -> Option<Array> {
        fn elements<T: Pod>(shape: &[usize], bytes: &[u8]) -> Option<ArrayD<T>> {
            let elements = bytemuck::pod_collect_to_vec::<u8, T>(bytes);
            ArrayD::from_shape_vec(IxDyn(shape), elements).ok()
        }
        let needed = shape.iter().try_fold(dtype.size(), |bytes, &e| bytes.checked_mul(e))?;
        if bytes.len() != needed {
            return None;
        }
        Some(match dtype {
            DType::Bool => Array::Bool(elements::<u8>(shape, bytes)?.mapv(|byte| byte != 0)),
            DType::U8 => Array::U8(elements(shape, bytes)?),
            DType::I32 => Array::I32(elements(shape, bytes)?),
            DType::U32 => Array::U32(elements(shape, bytes)?),
            DType::I64 => Array::I64(elements(shape, bytes)?),
            DType::U64 => Array::U64(elements(shape, bytes)?),
            DType::F32 => Array::F32(elements(shape, bytes)?),
            DType::F64 => Array::F64(elements(shape, bytes)?),
        })
    }

    /// Element `index` of the flat, row-major order (a `u8` as `u32`); `None` beyond the end.
    pub fn get(&self, index: usize) -> Option<Scalar> {
        fn at<T: Copy>(array: &ArrayD<T>, index: usize) -> Option<T> {
            array.as_slice().expect("arrays are kept in standard layout").get(index).copied()
        }
        match self {
            Array::Bool(a) => at(a, index).map(Scalar::Bool),
            Array::U8(a) => at(a, index).map(|value| Scalar::U32(value.into())),
            Array::I32(a) => at(a, index).map(Scalar::I32),
            Array::U32(a) => at(a, index).map(Scalar::U32),
            Array::I64(a) => at(a, index).map(Scalar::I64),
            Array::U64(a) => at(a, index).map(Scalar::U64),
            Array::F32(a) => at(a, index).map(Scalar::F32),
            Array::F64(a) => at(a, index).map(Scalar::F64),
        }
    }

    /// Sets element `index` of the flat order to the bits of `value`; a `u8` keeps the low eight.
    ///
    /// # Panics
    /// If `index` is beyond the end or `value` is not of the element's loaded type.
    pub fn set(&mut self, index: usize, value: Scalar) {
        fn put<T>(array: &mut ArrayD<T>, index: usize, value: T) {
            array.as_slice_mut().expect("arrays are kept in standard layout")[index] = value;
        }
        match (self, value) {
            (Array::Bool(a), Scalar::Bool(value)) => put(a, index, value),
            (Array::U8(a), Scalar::U32(value)) => put(a, index, value as u8),
            (Array::I32(a), Scalar::I32(value)) => put(a, index, value),
            (Array::U32(a), Scalar::U32(value)) => put(a, index, value),
            (Array::I64(a), Scalar::I64(value)) => put(a, index, value),
            (Array::U64(a), Scalar::U64(value)) => put(a, index, value),
            (Array::F32(a), Scalar::F32(value)) => put(a, index, value),
            (Array::F64(a), Scalar::F64(value)) => put(a, index, value),
            (array, value) => panic!("{} set to {value} of {}", array.dtype(), value.dtype()),
        }
    }

    /// Fills the array with values that no kernel should leave behind: NaN, or a sentinel of the
    /// repeated byte `0xA5` (`true` for `bool`, which has no spare value).
    pub fn poison(&mut self) {
        match self {
            Array::Bool(a) => a.fill(true),
            Array::U8(a) => a.fill(0xA5),
            Array::I32(a) => a.fill(0xA5A5_A5A5_u32 as i32),
            Array::U32(a) => a.fill(0xA5A5_A5A5),
            Array::I64(a) => a.fill(0xA5A5_A5A5_A5A5_A5A5_u64 as i64),
            Array::U64(a) => a.fill(0xA5A5_A5A5_A5A5_A5A5),
            Array::F32(a) => a.fill(f32::NAN),
            Array::F64(a) => a.fill(f64::NAN),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_set_and_read_in_row_major_order() {
        let mut array = Array::zeros(DType::I32, &[2, 3]);
        array.set(4, Scalar::I32(-7));
        assert_eq!(array.get(4), Some(Scalar::I32(-7)));
        assert!(matches!(&array, Array::I32(a) if a[[1, 1]] == -7));
        assert_eq!(array.get(6), None);
    }

    #[test]
    fn bytes_and_back() {
        for dtype in DType::ALL {
            let mut array = Array::zeros(dtype, &[2, 3]);
            array.set(5, Scalar::from_bits(dtype, 0x0101_0101_0101_0101));
            let back = Array::from_bytes(dtype, &[2, 3], array.bytes()).unwrap();
            assert_eq!((back.dtype(), back.bytes()), (dtype, array.bytes()));
            assert!(Array::from_bytes(dtype, &[3, 3], array.bytes()).is_none());
        }
    }

    #[test]
    fn poison_reaches_every_element() {
        for dtype in DType::ALL {
            let mut array = Array::zeros(dtype, &[5]);
            let zero = array.get(0);
            array.poison();
            assert!((0..5).all(|index| array.get(index) != zero), "{dtype}");
        }
    }

    #[test]
    fn sorted_keeps_the_shape_and_every_element() {
        let mut array = Array::zeros(DType::I32, &[2, 3]);
        for (index, value) in [5, -1, 3, 3, 0, -7].into_iter().enumerate() {
            array.set(index, Scalar::I32(value));
        }
        let sorted = array.sorted();
        let elements: Vec<_> = (0..6).filter_map(|i| sorted.get(i)).collect();
        assert_eq!(sorted.shape(), [2, 3]);
        assert_eq!(elements, [-7, -1, 0, 3, 3, 5].map(Scalar::I32));
    }
}
