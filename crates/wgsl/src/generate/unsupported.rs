//! Why a unit has no shader, in words that follow "unavailable: ".

use crossover_ir::Op;

/// Why a unit has no shader.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// The adapter has no `f64`.
    #[error("the adapter has no f64, and `{what}` is one")]
    NeedsF64 {
        /// A variable, array or expression.
        what: String,
    },
    /// WGSL has this function for `f32` only.
    #[error("WGSL has no `{}` for f64", .0.info().name)]
    F64Function(Op),
    /// More storage buffers than the adapter binds at once.
    #[error("one dispatch needs {needed} storage buffers, the adapter binds {limit}")]
    TooManyBindings {
        /// Buffers needed.
        needed: u32,
        /// Buffers allowed.
        limit: u32,
    },
    /// The uniform block is too large.
    #[error("the uniform block needs {needed} bytes, the adapter has {limit}")]
    UniformTooLarge {
        /// Bytes needed.
        needed: u32,
        /// Bytes allowed.
        limit: u32,
    },
    /// The reductions need too much workgroup memory.
    #[error("the reductions need {needed} bytes of workgroup memory, the adapter has {limit}")]
    WorkgroupMemory {
        /// Bytes needed.
        needed: u32,
        /// Bytes allowed.
        limit: u32,
    },
    /// The workgroup is larger than the adapter allows.
    #[error("a workgroup needs {needed} invocations, the adapter has {limit}")]
    WorkgroupTooLarge {
        /// Invocations needed.
        needed: u32,
        /// Invocations allowed.
        limit: u32,
    },
    /// A unit writes a scalar that the analysis does not keep on the device.
    #[error("`{name}` is written by a dispatch but not kept on the device")]
    NotDeviceKept {
        /// The variable.
        name: String,
    },
    /// An array is used both by atomics and as packed bytes, or by atomics on floats.
    #[error("WGSL has no atomics on `{name}`, an array of {dtype}")]
    AtomicElement {
        /// The array.
        name: String,
        /// Its element type.
        dtype: crossover_values::DType,
    },
}
