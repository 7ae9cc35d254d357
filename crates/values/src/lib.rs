//! Dtypes, shapes, arrays, seeded generators, comparators and `.npy` files.
//!
//! The lowest crate: everything that names a value of a kernel, on any backend, uses these types.
//! It knows no kernel, no IR and no backend.
#![forbid(unsafe_code)]

mod array;
pub mod compare;
mod dtype;
pub mod npy;
pub mod philox;
mod scalar;
mod signature;

pub use array::Array;
pub use dtype::{DType, ParseDTypeError};
pub use scalar::Scalar;
pub use signature::{Param, ParamKind, Role, Signature, Value};
