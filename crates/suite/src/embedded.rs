//! The table that the build script makes of the kernel folders.

use crossover_contract::KernelCode;

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
    /// What `native.rs` holds.
    pub(crate) code: KernelCode,
}

include!(concat!(env!("OUT_DIR"), "/kernels.rs"));
