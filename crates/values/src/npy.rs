//! Values as `.npy` files: how arrays travel to workers and how `--save` leaves them.
//!
//! A scalar is an array without axes. Files are little-endian, C order.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use ndarray::{ArrayD, IxDyn};
use npyz::WriterBuilder;

use crate::{Array, DType, Scalar, Value, with_array};

/// A `.npy` file could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum NpyError {
    /// The file system refused.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
    /// The file holds something else than was asked for.
    #[error("{path}: expected an array of {expected}, found {found}")]
    Kind {
        /// The file.
        path: PathBuf,
        /// The dtype asked for.
        expected: DType,
        /// What the header says.
        found: String,
    },
}

/// Writes a value.
///
/// # Errors
/// [`NpyError::Io`].
pub fn write(path: &Path, value: &Value) -> Result<(), NpyError> {
    write_unwrapped(path, value).map_err(|error| NpyError::Io { path: path.to_owned(), error })
}

/// Reads a value of a known dtype; a file without axes gives a scalar.
///
/// # Errors
/// [`NpyError`].
pub fn read(path: &Path, dtype: DType) -> Result<Value, NpyError> {
    let io = |error| NpyError::Io { path: path.to_owned(), error };
    let file = File::open(path).map_err(io)?;
    let npy = npyz::NpyFile::new(BufReader::new(file)).map_err(io)?;
    let shape = npy.shape().iter().map(|&extent| extent as usize).collect::<Vec<usize>>();
    let header = npy.dtype().descr();
    if header.trim_matches('\'').get(1..) != Some(type_code(dtype)) {
        let found = header.to_string();
        return Err(NpyError::Kind { path: path.to_owned(), expected: dtype, found });
    }
    let array = read_array(npy, dtype, &shape).map_err(io)?;
    Ok(if shape.is_empty() && dtype != DType::U8 {
        Value::Scalar(array.get(0).expect("an array without axes has one element"))
    } else {
        Value::Array(array)
    })
}

const fn type_code(dtype: DType) -> &'static str {
    match dtype {
        DType::Bool => "b1",
        DType::U8 => "u1",
        DType::I32 => "i4",
        DType::U32 => "u4",
        DType::I64 => "i8",
        DType::U64 => "u8",
        DType::F32 => "f4",
        DType::F64 => "f8",
    }
}

fn write_unwrapped(path: &Path, value: &Value) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    match value {
        Value::Array(array) => {
            let shape = array.shape().iter().map(|&extent| extent as u64).collect::<Vec<u64>>();
            with_array!(array, a => write_elements(&mut file, &shape, a.iter().copied())?);
        }
        Value::Scalar(scalar) => write_scalar(&mut file, *scalar)?,
    }
    // Not synced: these files pass values on or are made again; records do their own syncing.
    file.flush()
}

fn write_scalar(file: &mut impl Write, scalar: Scalar) -> io::Result<()> {
    match scalar {
        Scalar::Bool(value) => write_elements(file, &[], [value]),
        Scalar::I32(value) => write_elements(file, &[], [value]),
        Scalar::U32(value) => write_elements(file, &[], [value]),
        Scalar::I64(value) => write_elements(file, &[], [value]),
        Scalar::U64(value) => write_elements(file, &[], [value]),
        Scalar::F32(value) => write_elements(file, &[], [value]),
        Scalar::F64(value) => write_elements(file, &[], [value]),
    }
}

fn write_elements<T: npyz::AutoSerialize>(
    file: impl Write,
    shape: &[u64],
    elements: impl IntoIterator<Item = T>,
) -> io::Result<()> {
    let mut writer =
        npyz::WriteOptions::new().default_dtype().shape(shape).writer(file).begin_nd()?;
    writer.extend(elements)?;
    writer.finish()
}

fn read_array(npy: npyz::NpyFile<impl Read>, dtype: DType, shape: &[usize]) -> io::Result<Array> {
    Ok(match dtype {
        DType::Bool => Array::Bool(elements(npy, shape)?),
        DType::U8 => Array::U8(elements(npy, shape)?),
        DType::I32 => Array::I32(elements(npy, shape)?),
        DType::U32 => Array::U32(elements(npy, shape)?),
        DType::I64 => Array::I64(elements(npy, shape)?),
        DType::U64 => Array::U64(elements(npy, shape)?),
        DType::F32 => Array::F32(elements(npy, shape)?),
        DType::F64 => Array::F64(elements(npy, shape)?),
    })
}

fn elements<T: npyz::Deserialize>(
    npy: npyz::NpyFile<impl Read>,
    shape: &[usize],
) -> io::Result<ArrayD<T>> {
    if npy.order() == npyz::Order::Fortran && shape.len() > 1 {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "Fortran order; expected C order"));
    }
    let elements = npy.into_vec::<T>()?;
    ArrayD::from_shape_vec(IxDyn(shape), elements)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(value: &Value, dtype: DType) -> Value {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("value.npy");
        write(&path, value).unwrap();
        read(&path, dtype).unwrap()
    }

    #[test]
    fn arrays_of_every_dtype_come_back_bit_for_bit() {
        for dtype in DType::ALL {
            let mut array = Array::zeros(dtype, &[3, 2]);
            for index in 0..6 {
                array.set(index, Scalar::from_bits(dtype, 0x7ff8_0001_8000_0001 + index as u64));
            }
            let back = round_trip(&Value::Array(array.clone()), dtype);
            let back = back.as_array().unwrap();
            assert_eq!((back.shape(), back.bytes()), (array.shape(), array.bytes()), "{dtype}");
        }
    }

    #[test]
    fn scalars_come_back() {
        let value = Scalar::U64(u64::MAX - 1);
        let back = round_trip(&Value::Scalar(value), DType::U64);
        assert!(matches!(back, Value::Scalar(scalar) if scalar == value));
    }

    #[test]
    fn another_dtype_and_a_torn_file_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("value.npy");
        write(&path, &Value::Array(Array::zeros(DType::F32, &[100]))).unwrap();
        assert!(matches!(read(&path, DType::I32), Err(NpyError::Kind { .. })));
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        assert!(matches!(read(&path, DType::F32), Err(NpyError::Io { .. })));
        assert!(matches!(read(&folder.path().join("none"), DType::F32), Err(NpyError::Io { .. })));
    }
}
