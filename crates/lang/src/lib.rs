//! The kernel language (typed Python subset) to IR, with diagnostics.
#![forbid(unsafe_code)]
