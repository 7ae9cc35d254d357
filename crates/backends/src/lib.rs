//! One file per backend: adapts the engines to the contract.
#![forbid(unsafe_code)]
