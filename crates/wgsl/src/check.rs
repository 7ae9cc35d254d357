//! Hand-tuned shaders: how `shaders/<stem>.wgsl` meets its kernel.
//!
//! # For authors
//!
//! Bindings are found by *name* in the shader, never listed anywhere else. All are in group 0;
//! their indices are free.
//!
//! * A **storage variable** is named like an array parameter of the kernel, or like a scratch
//!   buffer of the pass plan (`scratch` in `kernel.toml`). An array parameter is declared as
//!   `array<T>` with the parameter's element type, or `array<atomic<T>>` for `i32` and `u32`.
//!   `u8` and `bool` arrays are `array<u32>` (or atomic): four elements to a word, the first in
//!   its lowest byte. 64-bit integers are `array<vec2<u32>>`, low word first, or `array<i64>`,
//!   `array<u64>` where the adapter has them. Scratch buffers may have any element. A parameter
//!   that the kernel only reads is declared `var<storage, read>`; every array that the kernel
//!   writes appears in some binding. Buffers that swap names between passes stay under the name
//!   of their declaration.
//! * One **uniform** struct. Its members, in any order, are: scalar parameters, by name and of
//!   their type (`bool` as `u32`); extents, as `<array>_0` and `<array>_1` of type `u32` or `i32`;
//!   variables of the pass plan (`uniforms`), scalars of 32 bits or `f64`; and members whose name
//!   begins with `pad`, which are zero.
//! * A shader for kernels that are generic in `real` writes `real` wherever the kernel does and
//!   has no `alias` line for it: the host prepends [`prelude`] of the instance.
//! * Lines `// include: name` bring in `shaders/lib/name.wgsl`, or beside it `name.u64.wgsl` for that
//!   instance, or `name.subgroup.wgsl` where the device has subgroups.

use std::collections::{BTreeMap, BTreeSet};

use crossover_values::{DType, Param, ParamKind, Role, Signature};

use crate::generate::Stored;
use crate::reflect::{Element, ReflectedBinding, ReflectedKind, Reflection, UniformMember};

/// The text that goes before a hand-written shader: what `real` is, for an instance in floats, and
/// the constants of the plan. It ends without a line break, so that the shader's own line numbers
/// stay.
pub fn prelude(real: DType, constants: &BTreeMap<String, u32>) -> String {
    let mut text = String::new();
    if real.is_float() {
        text.push_str(&format!("alias real = {real}; "));
    }
    for (name, value) in constants {
        text.push_str(&format!("const {name}: u32 = {value}u; "));
    }
    text
}

/// Names that the pass plan adds to those of the signature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanNames {
    /// Scratch buffers.
    pub scratch: BTreeSet<String>,
    /// Uniform members that the plan computes.
    pub uniforms: BTreeSet<String>,
}

/// What the host binds to a shader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindingPlan {
    /// All bindings by index, all of group 0. [`crate::ReflectedEntry::uses`] says which an entry
    /// point needs.
    pub bindings: Vec<PlannedBinding>,
}

/// One binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedBinding {
    /// Index in group 0.
    pub index: u32,
    /// Name in the shader.
    pub name: String,
    /// What is bound.
    pub what: Planned,
}

/// What is bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Planned {
    /// An array parameter.
    Param {
        /// Its position in [`Signature::params`].
        param: usize,
        /// Whether the shader may write it.
        writable: bool,
        /// How its elements lie in the buffer.
        stored_as: Stored,
    },
    /// A scratch buffer of the plan.
    Scratch {
        /// Whether the shader may write it.
        writable: bool,
    },
    /// The uniform block.
    Uniform {
        /// Bytes.
        size: u32,
        /// Its members by offset.
        members: Vec<PlannedMember>,
    },
}

/// A member of the uniform block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedMember {
    /// Its name.
    pub name: String,
    /// Its type in the shader: what the host writes.
    pub dtype: DType,
    /// Byte offset.
    pub offset: u32,
    /// Where its value comes from.
    pub from: MemberFrom,
}

/// Where a uniform member's value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberFrom {
    /// A scalar parameter, by position.
    Scalar(usize),
    /// An extent of an array parameter.
    Extent {
        /// The parameter's position.
        param: usize,
        /// The axis.
        axis: usize,
    },
    /// A variable of the pass plan.
    Plan,
    /// Zero.
    Padding,
}

/// How a shader and a signature differ.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BindingError {
    /// A binding outside group 0.
    #[error("`{name}` is in group {group}; all bindings are in group 0")]
    Group {
        /// The variable.
        name: String,
        /// Its group.
        group: u32,
    },
    /// Two variables at one index.
    #[error("`{first}` and `{second}` are both at binding {index}")]
    SameIndex {
        /// One variable.
        first: String,
        /// The other.
        second: String,
        /// The index.
        index: u32,
    },
    /// A storage variable that nothing is named like.
    #[error("storage variable `{name}` is neither an array parameter nor a scratch buffer; those are: {}", .known.join(", "))]
    UnknownArray {
        /// The variable.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// A storage variable of the wrong element type.
    #[error(
        "storage variable `{name}` holds {found}, the parameter is an array of {expected}, which is {wanted} here"
    )]
    ElementType {
        /// The variable.
        name: String,
        /// What the shader declares.
        found: String,
        /// The parameter's element type.
        expected: DType,
        /// What it may be declared as.
        wanted: String,
    },
    /// A storage variable named like a scalar parameter.
    #[error(
        "storage variable `{name}` is a scalar of the kernel; it belongs in the uniform struct"
    )]
    ScalarAsArray {
        /// The variable.
        name: String,
    },
    /// A parameter that the kernel only reads is writable in the shader.
    #[error("`{name}` is only read by the kernel: declare it `var<storage, read>`")]
    WritableInput {
        /// The variable.
        name: String,
    },
    /// An array that the kernel writes is not in the shader.
    #[error("the kernel writes `{name}`, and no storage variable has this name")]
    MissingOutput {
        /// The parameter.
        name: String,
    },
    /// More than one uniform variable.
    #[error("`{first}` and `{second}` are both uniform; there is one uniform struct")]
    TwoUniforms {
        /// One variable.
        first: String,
        /// The other.
        second: String,
    },
    /// A uniform that is no struct.
    #[error("uniform `{name}` is no struct")]
    NoStruct {
        /// The variable.
        name: String,
    },
    /// A uniform member that nothing is named like.
    #[error("uniform member `{name}` is no scalar parameter, extent (`<array>_<axis>`) or variable of the plan; those are: {}", .known.join(", "))]
    UnknownMember {
        /// The member.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// A uniform member of the wrong type.
    #[error("uniform member `{name}` is {found}, it must be {wanted}")]
    MemberType {
        /// The member.
        name: String,
        /// What the shader declares.
        found: String,
        /// What it must be.
        wanted: String,
    },
    /// A texture, sampler or the like.
    #[error("`{name}` is neither a storage nor a uniform buffer")]
    OtherResource {
        /// The variable.
        name: String,
    },
}

/// Checks a shader's bindings against the signature of its kernel and the names of its plan.
/// The scheme is in the header of this module.
///
/// # Errors
/// The first difference.
pub fn check_against(
    reflection: &Reflection,
    signature: &Signature,
    plan: &PlanNames,
) -> Result<BindingPlan, BindingError> {
    let mut bindings: Vec<PlannedBinding> = Vec::new();
    let mut uniform: Option<&str> = None;
    for binding in &reflection.bindings {
        let name = binding.name.clone();
        if binding.group != 0 {
            return Err(BindingError::Group { name, group: binding.group });
        }
        let index = binding.index;
        if let Some(other) = bindings.iter().find(|other| other.index == index) {
            let first = other.name.clone();
            return Err(BindingError::SameIndex { first, second: name, index });
        }
        let what = match &binding.kind {
            ReflectedKind::Storage { writable, element } => {
                storage(binding, *writable, element, signature, plan)?
            }
            ReflectedKind::Uniform { size, members } => {
                if let Some(first) = uniform.replace(&binding.name) {
                    let first = first.to_owned();
                    return Err(BindingError::TwoUniforms { first, second: name });
                }
                if members.is_empty() {
                    return Err(BindingError::NoStruct { name });
                }
                let member = |found: &UniformMember| member(found, signature, plan);
                let members = members.iter().map(member).collect::<Result<_, _>>()?;
                Planned::Uniform { size: *size, members }
            }
            ReflectedKind::Other => return Err(BindingError::OtherResource { name }),
        };
        bindings.push(PlannedBinding { index, name, what });
    }
    let is_array = |param: &&Param| matches!(param.kind, ParamKind::Array { .. });
    let outputs = signature.params.iter().filter(is_array).filter(|param| param.role.is_output());
    for param in outputs {
        if !bindings.iter().any(|binding| binding.name == param.name) {
            return Err(BindingError::MissingOutput { name: param.name.clone() });
        }
    }
    Ok(BindingPlan { bindings })
}

fn storage(
    binding: &ReflectedBinding,
    writable: bool,
    element: &Element,
    signature: &Signature,
    plan: &PlanNames,
) -> Result<Planned, BindingError> {
    let name = binding.name.clone();
    let found = signature.params.iter().position(|param| param.name == name);
    let Some(position) = found else {
        if plan.scratch.contains(&name) {
            return Ok(Planned::Scratch { writable });
        }
        let arrays = signature.params.iter().filter_map(|param| match param.kind {
            ParamKind::Array { .. } => Some(param.name.clone()),
            ParamKind::Scalar(_) => None,
        });
        let known = arrays.chain(plan.scratch.iter().cloned()).collect();
        return Err(BindingError::UnknownArray { name, known });
    };
    let param = &signature.params[position];
    let ParamKind::Array { dtype, .. } = param.kind else {
        return Err(BindingError::ScalarAsArray { name });
    };
    let stored_as = match dtype {
        DType::Bool | DType::U8 => Stored::PackedU8,
        other => Stored::scalar(other),
    };
    if !accepts(dtype, element) {
        let found = match element {
            Element::Plain(found) => format!("array<{found}>"),
            Element::Atomic(found) => format!("array<atomic<{found}>>"),
            Element::Other(text) => text.clone(),
        };
        let wanted = wanted(dtype);
        return Err(BindingError::ElementType { name, found, expected: dtype, wanted });
    }
    if writable && param.role == Role::In {
        return Err(BindingError::WritableInput { name });
    }
    Ok(Planned::Param { param: position, writable, stored_as })
}

fn accepts(dtype: DType, element: &Element) -> bool {
    match (dtype, element) {
        (DType::Bool | DType::U8, Element::Plain(found) | Element::Atomic(found)) => {
            *found == DType::U32
        }
        (DType::I64 | DType::U64, Element::Other(text)) => text == "array<vec2<u32>>",
        (dtype, Element::Plain(found)) => dtype == *found,
        (DType::I32 | DType::U32, Element::Atomic(found)) => dtype == *found,
        (_, _) => false,
    }
}

fn wanted(dtype: DType) -> String {
    match dtype {
        DType::Bool | DType::U8 => "array<u32> or array<atomic<u32>>".to_owned(),
        DType::I32 | DType::U32 => format!("array<{dtype}> or array<atomic<{dtype}>>"),
        DType::I64 | DType::U64 => format!("array<vec2<u32>> or array<{dtype}>"),
        DType::F32 | DType::F64 => format!("array<{dtype}>"),
    }
}

fn member(
    found: &UniformMember,
    signature: &Signature,
    plan: &PlanNames,
) -> Result<PlannedMember, BindingError> {
    let sources = sources(signature, plan);
    let source = sources.get(&found.name).cloned().or_else(|| {
        found.name.starts_with("pad").then_some((MemberFrom::Padding, ANY_SCALAR.to_vec()))
    });
    let name = found.name.clone();
    let Some((from, allowed)) = source else {
        return Err(BindingError::UnknownMember { name, known: sources.into_keys().collect() });
    };
    match found.dtype.filter(|dtype| allowed.contains(dtype)) {
        Some(dtype) => Ok(PlannedMember { name, dtype, offset: found.offset, from }),
        None => {
            let wanted: Vec<&str> = allowed.iter().map(|dtype| dtype.name()).collect();
            let (found, wanted) = (found.type_text.clone(), wanted.join(" or "));
            Err(BindingError::MemberType { name, found, wanted })
        }
    }
}

const ANY_SCALAR: [DType; 4] = [DType::U32, DType::I32, DType::F32, DType::F64];

/// Every name that a uniform member may have, with the types it may have. A parameter's own name
/// goes before an extent, an extent before a variable of the plan.
fn sources(signature: &Signature, plan: &PlanNames) -> BTreeMap<String, (MemberFrom, Vec<DType>)> {
    let mut all = BTreeMap::new();
    for name in &plan.uniforms {
        all.insert(name.clone(), (MemberFrom::Plan, ANY_SCALAR.to_vec()));
    }
    for (position, param) in signature.params.iter().enumerate() {
        if let ParamKind::Array { rank, .. } = param.kind {
            for axis in 0..rank {
                let from = MemberFrom::Extent { param: position, axis };
                let allowed = vec![DType::U32, DType::I32];
                all.insert(format!("{}_{axis}", param.name), (from, allowed));
            }
        }
    }
    for (position, param) in signature.params.iter().enumerate() {
        if let ParamKind::Scalar(dtype) = param.kind {
            let dtype = if dtype == DType::Bool { DType::U32 } else { dtype };
            all.insert(param.name.clone(), (MemberFrom::Scalar(position), vec![dtype]));
        }
    }
    all
}
