//! What a kernel takes and gives back.

use serde::{Deserialize, Serialize};

use crate::{Array, DType, Scalar};

/// The signature of one kernel entry in one dtype instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Parameters in the order of the source.
    pub params: Vec<Param>,
    /// Returned values in order; their output names are `result` for one, else `result0`, ….
    pub returns: Vec<ParamKind>,
}

/// One parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Param {
    /// Its name in the source, and the name of the output if it is one.
    pub name: String,
    /// Scalar or array.
    pub kind: ParamKind,
    /// How the kernel uses it; derived from the IR. Scalars are always [`Role::In`].
    pub role: Role,
}

/// The type of a parameter or of a returned value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ParamKind {
    /// A scalar of this type.
    Scalar(DType),
    /// A row-major array.
    Array {
        /// Element type.
        dtype: DType,
        /// Number of axes, 1 or 2.
        rank: usize,
    },
}

/// How a kernel uses an array parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Only read.
    In,
    /// Only written.
    Out,
    /// Read and written.
    InOut,
}

impl Role {
    /// Whether the parameter is an output of the kernel.
    pub const fn is_output(self) -> bool {
        matches!(self, Role::Out | Role::InOut)
    }
}

impl Signature {
    /// Output names with their kinds: written array parameters in order, then returned values.
    pub fn outputs(&self) -> Vec<(String, ParamKind)> {
        let written = self.params.iter().filter(|param| param.role.is_output());
        let written = written.map(|param| (param.name.clone(), param.kind));
        let single = self.returns.len() == 1;
        let returned = self.returns.iter().enumerate().map(|(position, kind)| {
            let name = if single { "result".to_owned() } else { format!("result{position}") };
            (name, *kind)
        });
        written.chain(returned).collect()
    }
}

/// An argument or an output.
#[derive(Clone, Debug)]
pub enum Value {
    /// A scalar.
    Scalar(Scalar),
    /// An array.
    Array(Array),
}

impl Value {
    /// The kind of the value.
    pub fn kind(&self) -> ParamKind {
        match self {
            Value::Scalar(scalar) => ParamKind::Scalar(scalar.dtype()),
            Value::Array(array) => {
                ParamKind::Array { dtype: array.dtype(), rank: array.shape().len() }
            }
        }
    }

    /// The array inside, if it is one.
    pub fn as_array(&self) -> Option<&Array> {
        match self {
            Value::Array(array) => Some(array),
            Value::Scalar(_) => None,
        }
    }
}
