//! The kernels.
#![forbid(unsafe_code)]
