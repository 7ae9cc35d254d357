//! IR to WGSL text and bindings; shader reflection and checks with naga; no device.
//!
//! * [`generate()`] writes one shader per unit of a kernel, with the plain data that a host needs
//!   to bind and dispatch it.
//! * [`reflect()`] parses and validates any WGSL text and lists what it declares, so that shaders
//!   are checked where there is no driver.
//! * [`check_against`] matches a hand-tuned shader with its kernel, by name. Authors of
//!   `shaders/<stem>.wgsl` find the scheme there; [`expand_includes`] and [`prelude`] complete
//!   their text.
//! * [`translate()`] shows a shader as SPIR-V, MSL or HLSL.
//!
//! Nothing here knows wgpu: what comes out is text and data.
#![forbid(unsafe_code)]

pub mod check;
mod generate;
mod include;
mod reflect;
mod translate;

pub use check::{
    BindingError, BindingPlan, MemberFrom, PlanNames, Planned, PlannedBinding, PlannedMember,
    check_against, prelude,
};
pub use generate::{
    Access, Binding, BindingKind, DeviceScalars, Dispatch, EntryPoint, Features, Grid,
    GridTooLarge, Limits, LoopBudget, ReduceResult, Request, Role, Stored, UniformField,
    UniformLayout, UniformValue, UnitShader, Unsupported, generate, written_out,
};
pub use include::{FragmentForm, IncludeError, expand_includes};
pub use reflect::{
    Element, MAX_SOURCE, Needs, ReflectedBinding, ReflectedEntry, ReflectedKind, Reflection,
    ShaderError, Snippet, UniformMember, reflect,
};
pub use translate::{Target, translate};
