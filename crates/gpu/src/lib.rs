//! The wgpu host: adapters, buffers, pass plans, timestamps, readback.
//!
//! It gets WGSL text, bindings and steps, and knows no kernel, no IR and no code generator. A
//! device can hang, be lost, run out of memory or compute wrongly, so every wait has a limit,
//! every call is watched, and a device shows its [`passport`](passport()) before it is believed.
//!
//! Shader modules are always the checked kind: indices and loops are bounded by the compiler.
//!
//! ```
//! use crossover_gpu::{
//!     Arg, Binding, BindingKind, Choice, Device, Dispatch, Needs, Pace, Session, Shader, Step,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let device = match Device::open(Choice::Index(0), &Needs::default()) {
//!     Ok(device) => device,
//!     Err(why) => return Ok(eprintln!("{why}")),
//! };
//! let mut session = Session::new(&device, Pace::default())?;
//! let double = session.pipeline(&Shader {
//!     source: "@group(0) @binding(0) var<storage, read_write> data: array<u32>;
//!         @compute @workgroup_size(4) fn double(@builtin(global_invocation_id) id: vec3<u32>) {
//!             if (id.x < arrayLength(&data)) { data[id.x] *= 2u; }
//!         }".into(),
//!     entry: "double".into(),
//!     bindings: vec![Binding { slot: 0, kind: BindingKind::StorageReadWrite }],
//!     constants: vec![],
//! })?;
//! let data = session.create_buffer("data", 8)?;
//! session.upload(data, &[3, 0, 0, 0, 4, 0, 0, 0])?;
//! let step = Dispatch { pipeline: double, args: vec![Arg::Buffer(data)], grid: [1, 1, 1] };
//! session.record(Step::Dispatch(step))?;
//! assert_eq!(session.download(data)?, [6, 0, 0, 0, 8, 0, 0, 0]);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod adapters;
mod buffers;
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
