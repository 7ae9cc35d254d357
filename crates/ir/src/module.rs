//! Modules, kernels, their parameters and where they came from.

use crossover_values::{DType, ParamKind};

use crate::{HostNode, Inst, Var, VarId};

/// The kernels of one source file in one dtype instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Module {
    /// Source files; [`Span::file`] indexes this list. The first is the kernel file itself,
    /// others are files it imports from.
    pub sources: Vec<Source>,
    /// One kernel per entry.
    pub kernels: Vec<Kernel>,
}

/// One source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Path as shown in messages.
    pub path: String,
    /// Whole text.
    pub text: String,
}

/// A byte range of a source file. `Span::default()` (file 0, 0..0) means "no place".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Index into [`Module::sources`].
    pub file: u32,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// Index of an array *name* of a kernel, in [`Kernel::arrays`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ArrayId(pub u32);

/// A name that is bound to an array. Parameters are bound when the kernel starts; other names by
/// [`HostNode::Zeros`] or [`HostNode::Bind`] before their first use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrayName {
    /// Name in the source.
    pub name: String,
    /// Element type.
    pub dtype: DType,
    /// Number of axes, 1 or 2.
    pub rank: u32,
}

/// One kernel: an entry of a file, typed, with every call inlined.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    /// Name of the entry function.
    pub name: String,
    /// Parameters in source order.
    pub params: Vec<KernelParam>,
    /// Kinds of the returned values in order.
    pub returns: Vec<ParamKind>,
    /// Host-level scalar variables, scalar parameters among them.
    pub vars: Vec<Var>,
    /// Array names; array parameters among them.
    pub arrays: Vec<ArrayName>,
    /// Arena of host-level instructions.
    pub insts: Vec<Inst>,
    /// What the host does, in order.
    pub host: Vec<HostNode>,
}

/// One parameter of a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KernelParam {
    /// A scalar; it is the initial value of this host-level variable.
    Scalar(VarId),
    /// An array; it is the initial binding of this name.
    Array(ArrayId),
}
