//! What a shader declares, found by naga: entry points, bindings, memory, features.
//!
//! This parses and validates any WGSL text, generated or hand-written, so that a shader is
//! checked where there is no driver.

use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{AddressSpace, Handle, Module, StorageAccess, TypeInner};

use crossover_values::DType;

/// Longest text that is parsed, in bytes.
pub const MAX_SOURCE: usize = 1 << 20;

/// What a shader declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reflection {
    /// Compute entry points in the order of the text.
    pub entry_points: Vec<ReflectedEntry>,
    /// Bound variables by group and index.
    pub bindings: Vec<ReflectedBinding>,
    /// What the adapter must have.
    pub needs: Needs,
}

/// One compute entry point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReflectedEntry {
    /// Its name.
    pub name: String,
    /// Invocations of a workgroup along x, y and z.
    pub workgroup_size: [u32; 3],
    /// Bytes of workgroup memory that it uses.
    pub workgroup_bytes: u32,
    /// Group and index of each binding that it uses.
    pub uses: Vec<(u32, u32)>,
}

/// One bound variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReflectedBinding {
    /// Bind group.
    pub group: u32,
    /// Index in the group.
    pub index: u32,
    /// Name of the variable.
    pub name: String,
    /// What it is.
    pub kind: ReflectedKind,
}

/// What a bound variable is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReflectedKind {
    /// A storage buffer.
    Storage {
        /// Whether the shader may write to it.
        writable: bool,
        /// Its content.
        element: Element,
    },
    /// A uniform buffer.
    Uniform {
        /// Bytes.
        size: u32,
        /// Members of the struct; empty if it is no struct.
        members: Vec<UniformMember>,
    },
    /// A texture, sampler or anything else that a kernel has no use for.
    Other,
}

/// Content of a storage buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Element {
    /// A run-time sized array of plain scalars.
    Plain(DType),
    /// A run-time sized array of atomics.
    Atomic(DType),
    /// Anything else, as WGSL writes it.
    Other(String),
}

/// A member of a uniform struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UniformMember {
    /// Its name.
    pub name: String,
    /// Its type, if it is a scalar.
    pub dtype: Option<DType>,
    /// Its type as WGSL writes it.
    pub type_text: String,
    /// Byte offset.
    pub offset: u32,
}

/// What a shader needs beyond the core of WGSL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// 64-bit floats.
    pub f64: bool,
    /// 16-bit floats.
    pub f16: bool,
    /// 64-bit integers.
    pub int64: bool,
    /// Subgroup operations.
    pub subgroups: bool,
}

/// Why a text is no shader.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShaderError {
    /// The text is longer than [`MAX_SOURCE`].
    #[error("the shader has {bytes} bytes, over the limit of {MAX_SOURCE}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// It does not parse.
    #[error("{0}")]
    Parse(Snippet),
    /// It parses, but breaks a rule of WGSL.
    #[error("{0}")]
    Invalid(Snippet),
    /// It has no compute entry point of this name.
    #[error("the shader has no entry point `{wanted}`; it has: {}", .present.join(", "))]
    NoEntryPoint {
        /// The name asked for.
        wanted: String,
        /// The names there are.
        present: Vec<String>,
    },
    /// A target language cannot express it.
    #[error("{target} cannot express the shader: {reason}")]
    Target {
        /// The language.
        target: &'static str,
        /// The writer's reason.
        reason: String,
    },
}

/// A message with its place in the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{rendered}")]
pub struct Snippet {
    /// The message alone.
    pub message: String,
    /// Line and column, counted from 1.
    pub place: Option<(u32, u32)>,
    /// Message, line of the text and marks, for a terminal without colours.
    pub rendered: String,
}

/// Parses and validates a shader and lists what it declares.
///
/// # Errors
/// The first thing that is wrong with the text.
pub fn reflect(source: &str) -> Result<Reflection, ShaderError> {
    let (module, info) = parse(source)?;
    let mut bindings: Vec<ReflectedBinding> = module
        .global_variables
        .iter()
        .filter_map(|(_, variable)| {
            let place = variable.binding?;
            Some(ReflectedBinding {
                group: place.group,
                index: place.binding,
                name: variable.name.clone().unwrap_or_default(),
                kind: kind(&module, variable),
            })
        })
        .collect();
    bindings.sort_by_key(|binding| (binding.group, binding.index));
    let entry_points = module.entry_points.iter().enumerate().map(|(at, entry)| {
        let used = |(handle, variable): (Handle<naga::GlobalVariable>, _)| {
            (!info.get_entry_point(at)[handle].is_empty()).then_some(variable)
        };
        let used: Vec<&naga::GlobalVariable> =
            module.global_variables.iter().filter_map(used).collect();
        let shared = used.iter().filter(|variable| variable.space == AddressSpace::WorkGroup);
        let size = |variable: &&naga::GlobalVariable| {
            module.types[variable.ty].inner.try_size(module.to_ctx()).unwrap_or(0)
        };
        let places = used.iter().filter_map(|variable| variable.binding);
        ReflectedEntry {
            name: entry.name.clone(),
            workgroup_size: entry.workgroup_size,
            workgroup_bytes: shared.map(size).fold(0, u32::saturating_add),
            uses: places.map(|place| (place.group, place.binding)).collect(),
        }
    });
    let entry_points = entry_points.collect();
    Ok(Reflection { entry_points, bindings, needs: needs(&module) })
}

/// Parses and validates a text with every capability that naga knows.
///
/// # Errors
/// The first thing that is wrong with the text.
pub(crate) fn parse(source: &str) -> Result<(Module, ModuleInfo), ShaderError> {
    if source.len() > MAX_SOURCE {
        return Err(ShaderError::TooLong { bytes: source.len() });
    }
    let options =
        naga::front::wgsl::Options { parse_doc_comments: false, capabilities: Capabilities::all() };
    let module =
        naga::front::wgsl::Frontend::new_with_options(options).parse(source).map_err(|error| {
            let place = error.location(source).map(|at| (at.line_number, at.line_position));
            ShaderError::Parse(Snippet {
                message: error.message().to_owned(),
                place,
                rendered: error.emit_to_string(source),
            })
        })?;
    let info = validate(&module, Capabilities::all()).map_err(|error| {
        let place = error.location(source).map(|at| (at.line_number, at.line_position));
        ShaderError::Invalid(Snippet {
            message: chain(error.as_inner()),
            place,
            rendered: error.emit_to_string(source),
        })
    })?;
    Ok((module, info))
}

type Invalid = naga::WithSpan<naga::valid::ValidationError>;

/// Validates with these capabilities.
///
/// # Errors
/// The first rule that the module breaks, or capability that it lacks.
pub(crate) fn validate(
    module: &Module,
    capabilities: Capabilities,
) -> Result<ModuleInfo, Box<Invalid>> {
    Validator::new(ValidationFlags::all(), capabilities).validate(module).map_err(Box::new)
}

/// An error with its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// A feature is needed if the module is invalid without it.
fn needs(module: &Module) -> Needs {
    let without =
        |part: Capabilities| validate(module, Capabilities::all().difference(part)).is_err();
    Needs {
        f64: without(Capabilities::FLOAT64),
        f16: without(Capabilities::SHADER_FLOAT16),
        int64: without(Capabilities::SHADER_INT64),
        subgroups: without(Capabilities::SUBGROUP),
    }
}

fn kind(module: &Module, variable: &naga::GlobalVariable) -> ReflectedKind {
    let ty = &module.types[variable.ty];
    match variable.space {
        AddressSpace::Storage { access } => ReflectedKind::Storage {
            writable: access.contains(StorageAccess::STORE),
            element: element(module, variable.ty),
        },
        AddressSpace::Uniform => ReflectedKind::Uniform {
            size: ty.inner.try_size(module.to_ctx()).unwrap_or(0),
            members: members(module, &ty.inner),
        },
        _ => ReflectedKind::Other,
    }
}

fn element(module: &Module, ty: Handle<naga::Type>) -> Element {
    if let TypeInner::Array { base, size: naga::ArraySize::Dynamic, .. } = module.types[ty].inner {
        match module.types[base].inner {
            TypeInner::Scalar(scalar) => {
                if let Some(dtype) = dtype(scalar) {
                    return Element::Plain(dtype);
                }
            }
            TypeInner::Atomic(scalar) => {
                if let Some(dtype) = dtype(scalar) {
                    return Element::Atomic(dtype);
                }
            }
            _ => {}
        }
    }
    Element::Other(type_text(module, ty))
}

fn members(module: &Module, inner: &TypeInner) -> Vec<UniformMember> {
    let TypeInner::Struct { members, .. } = inner else { return Vec::new() };
    let member = |member: &naga::StructMember| UniformMember {
        name: member.name.clone().unwrap_or_default(),
        dtype: match module.types[member.ty].inner {
            TypeInner::Scalar(scalar) => dtype(scalar),
            _ => None,
        },
        type_text: type_text(module, member.ty),
        offset: member.offset,
    };
    members.iter().map(member).collect()
}

fn dtype(scalar: naga::Scalar) -> Option<DType> {
    use naga::ScalarKind::{Bool, Float, Sint, Uint};
    match (scalar.kind, scalar.width) {
        (Bool, _) => Some(DType::Bool),
        (Sint, 4) => Some(DType::I32),
        (Uint, 4) => Some(DType::U32),
        (Sint, 8) => Some(DType::I64),
        (Uint, 8) => Some(DType::U64),
        (Float, 4) => Some(DType::F32),
        (Float, 8) => Some(DType::F64),
        _ => None,
    }
}

/// A type as WGSL writes it, for messages.
fn type_text(module: &Module, ty: Handle<naga::Type>) -> String {
    let ty = &module.types[ty];
    let scalar = |scalar: naga::Scalar| {
        dtype(scalar)
            .map_or_else(|| format!("{:?}{}", scalar.kind, scalar.width * 8), |d| d.to_string())
    };
    match &ty.inner {
        TypeInner::Scalar(value) => scalar(*value),
        TypeInner::Atomic(value) => format!("atomic<{}>", scalar(*value)),
        TypeInner::Vector { size, scalar: value } => {
            format!("vec{}<{}>", *size as u8, scalar(*value))
        }
        TypeInner::Matrix { columns, rows, scalar: value } => {
            format!("mat{}x{}<{}>", *columns as u8, *rows as u8, scalar(*value))
        }
        TypeInner::Array { base, size, .. } => match size {
            naga::ArraySize::Constant(count) => {
                format!("array<{}, {count}>", type_text(module, *base))
            }
            _ => format!("array<{}>", type_text(module, *base)),
        },
        _ => ty.name.clone().unwrap_or_else(|| "a type without a name".to_owned()),
    }
}
