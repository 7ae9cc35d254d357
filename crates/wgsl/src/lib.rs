//! IR to WGSL text and bindings; shader reflection and checks with naga; no device.
#![forbid(unsafe_code)]

mod generate;
mod reflect;

pub use generate::{
    Access, Binding, BindingKind, DeviceScalars, Dispatch, EntryPoint, Features, Grid,
    GridTooLarge, Limits, LoopBudget, ReduceResult, Request, Role, Stored, UniformField,
    UniformLayout, UniformValue, UnitShader, Unsupported, generate,
};
pub use reflect::{
    Element, MAX_SOURCE, Needs, ReflectedBinding, ReflectedEntry, ReflectedKind, Reflection,
    ShaderError, Snippet, UniformMember, reflect,
};
