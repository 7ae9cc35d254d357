//! What a record says of the small pictures beside it.

use crossover_values::DType;
use serde::{Deserialize, Serialize};

/// A picture of an output: an `.npy` file in the record's folder with a two-dimensional array, the
/// first axis down. A large output is reduced so that neither axis has more than 512 elements.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PictureFile {
    /// Stem of the kernel.
    pub kernel: String,
    /// Instance.
    pub dtype: DType,
    /// Size.
    pub size: String,
    /// Output that is seen.
    pub output: String,
    /// Backend whose output it is.
    pub backend: String,
    /// Variant whose output it is.
    pub variant: String,
    /// Adapter, for backends that have some.
    pub adapter: Option<String>,
    /// What the elements are.
    pub kind: PictureKind,
    /// File name, without a folder.
    pub file: String,
    /// Columns of the array in the file.
    pub width: usize,
    /// Rows of the array in the file.
    pub height: usize,
    /// Extents of the whole output, rows then columns.
    pub full: [usize; 2],
    /// What is seen.
    pub caption: String,
    /// How values map to colours.
    pub scale: PictureScale,
}

/// What the elements of a picture are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PictureKind {
    /// Values of the output as `f32`; of a reduced output every n-th one.
    Result,
    /// `u8`: 0 bit-equal to the reference, 1 different and allowed, 2 not allowed. Of a reduced
    /// output the largest of each cell, so that no differing element vanishes.
    Difference,
}

/// The colour scale of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PictureScale {
    /// Proportional.
    Linear,
    /// Logarithmic in `1 + value / smallest step`.
    Log,
}
