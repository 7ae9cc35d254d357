//! The table that the build script makes of the kernel folders.

use crossover_contract::{AllowedFunction, NativeVariant};

/// One kernel folder and its shader, as they were when this was built.
pub(crate) struct Embedded {
    /// Name of the folder.
    pub(crate) stem: &'static str,
    /// `kernel.py`.
    pub(crate) source: &'static str,
    /// `kernel.toml`.
    pub(crate) definition: &'static str,
    /// `README.md`.
    pub(crate) readme: &'static str,
    /// `shaders/<stem>.wgsl`.
    pub(crate) shader: &'static str,
    /// Variants of `native.rs`.
    pub(crate) native: &'static [NativeVariant],
    /// Policy functions of `native.rs`.
    pub(crate) policy_functions: &'static [(&'static str, AllowedFunction)],
}

include!(concat!(env!("OUT_DIR"), "/kernels.rs"));
