//! The wgpu host: adapters, buffers, pass plans, timestamps, readback.
//!
//! It gets WGSL text, bindings and steps, and knows no kernel, no IR and no code generator. A
//! device can hang, be lost, run out of memory or compute wrongly, so every wait has a limit,
//! every call is watched, and a device shows its [`passport`](passport()) before it is believed.
//!
//! Shader modules are always the checked kind: indices and loops are bounded by the compiler.
#![forbid(unsafe_code)]

mod adapters;
mod clock;
mod device;
mod encode;
mod error;
mod memory;
mod passport;
mod phases;
mod pipeline;
mod plan;
mod readback;
mod session;
mod uniforms;

pub use adapters::{AdapterInfo, AdapterKind, AdapterLimits, adapters};
pub use device::{Choice, Device, Needs};
pub use error::{GpuError, NO_DRIVER_CURE, OpenError};
pub use passport::{
    Arithmetic, Canary, Evaluation, Loops, Passport, TickSample, Timestamps, Trips, passport,
};
pub use phases::Phases;
pub use plan::{
    Arg, Binding, BindingKind, BufferId, BufferSpec, Dispatch, Init, Pace, PipelineId, Plan,
    Shader, Step, Tile, fold_grid, split_grid,
};
pub use session::{Loaded, Session};
