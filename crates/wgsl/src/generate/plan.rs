//! What the generator hands out: shader text with the plain data a host needs to run it.
//!
//! Nothing here names a GPU library; a backend translates it into the plan of its host.

use crossover_ir::{ArrayId, Kernel, VarId};
use crossover_values::DType;
use std::collections::{BTreeMap, BTreeSet};

/// What the adapter has beyond the core of WGSL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// `f64` in shaders.
    pub f64: bool,
}

/// Limits that the text must respect; the default is what every WebGPU device has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Storage buffers of one compute stage.
    pub storage_buffers: u32,
    /// Bytes of workgroup memory.
    pub workgroup_bytes: u32,
    /// Invocations of one workgroup.
    pub workgroup_invocations: u32,
    /// Bytes of one uniform binding.
    pub uniform_bytes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            storage_buffers: 8,
            workgroup_bytes: 16_384,
            workgroup_invocations: 256,
            uniform_bytes: 65_536,
        }
    }
}

/// One unit of a kernel as a shader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitShader {
    /// The WGSL text.
    pub source: String,
    /// `Main` first; `Finish` follows if the unit reduces.
    pub entry_points: Vec<EntryPoint>,
    /// All in group 0, by ascending index. Every entry point is made for all of them.
    pub bindings: Vec<Binding>,
    /// How iterations map to workgroups of `Main`.
    pub grid: Grid,
    /// The reductions of the unit, in the order of its code.
    pub reduces: Vec<ReduceResult>,
    /// What the loops of the text cost an adapter that counts them.
    pub loop_budget: LoopBudget,
}

/// One entry point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryPoint {
    /// Its name.
    pub name: String,
    /// Invocations of a workgroup along x, y and z.
    pub workgroup_size: [u32; 3],
    /// When it runs.
    pub role: Role,
}

/// When an entry point runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Over the grid, in one dispatch or several.
    Main,
    /// Once, one workgroup, after all dispatches of `Main`: folds the partials and the value
    /// before the loop, and writes the device scalars.
    Finish,
}

/// One binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Bind group, always 0.
    pub group: u32,
    /// Index in the group.
    pub index: u32,
    /// Name of the variable in the text.
    pub name: String,
    /// What is bound.
    pub kind: BindingKind,
}

/// What a binding holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BindingKind {
    /// The array that a name of the kernel is bound to.
    Array {
        /// The name.
        array: ArrayId,
        /// What the unit does with it.
        access: Access,
        /// Element type in the kernel.
        element: DType,
        /// How elements lie in the buffer.
        stored_as: Stored,
    },
    /// The uniform block.
    Uniform(UniformLayout),
    /// The device-kept scalars of this storage class: one slot each, see [`DeviceScalars`].
    DeviceScalars(Stored),
    /// Partials of reductions, one per workgroup and slot: `slots * partials` elements, where
    /// `partials` is the number of workgroups of the whole grid ([`Grid::groups`]).
    ReducePartials {
        /// Element class.
        stored_as: Stored,
        /// Slots per workgroup.
        slots: u32,
    },
}

/// What a unit does with an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Only reads.
    Read,
    /// Writes, and maybe reads.
    ReadWrite,
    /// Reads and writes whole words by atomics.
    Atomic,
}

/// How elements lie in a storage buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stored {
    /// One 32-bit word each: `i32`, `u32`, `f32`.
    Word32,
    /// Four to a little-endian word, as host memory has them: `u8` and `bool`. The buffer is
    /// rounded up to whole words.
    PackedU8,
    /// Eight bytes each: `f64`.
    F64,
    /// Two 32-bit words each, the low one first: `i64`, `u64`.
    TwoWords,
}

impl Stored {
    /// The classes of scalars.
    pub const SCALARS: [Stored; 3] = [Stored::Word32, Stored::F64, Stored::TwoWords];

    /// Class of a scalar; a `bool` is a word of 0 or 1.
    pub const fn scalar(dtype: DType) -> Stored {
        match dtype {
            DType::Bool | DType::U8 | DType::I32 | DType::U32 | DType::F32 => Stored::Word32,
            DType::F64 => Stored::F64,
            DType::I64 | DType::U64 => Stored::TwoWords,
        }
    }

    /// Bytes of a scalar of this class.
    pub const fn width(self) -> u64 {
        match self {
            Stored::Word32 | Stored::PackedU8 => 4,
            Stored::F64 | Stored::TwoWords => 8,
        }
    }
}

/// The uniform block of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UniformLayout {
    /// Fields by ascending offset.
    pub fields: Vec<UniformField>,
    /// Bytes, a multiple of 16.
    pub size: u32,
}

/// One field of the uniform block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UniformField {
    /// What the host writes there.
    pub what: UniformValue,
    /// Type; `bool` is a `u32` of 0 or 1.
    pub dtype: DType,
    /// Name in the text.
    pub name: String,
    /// Byte offset.
    pub offset: u32,
}

/// What a uniform field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UniformValue {
    /// First iteration of this dispatch ([`Dispatch::first`]): of a flat grid the flattened
    /// index (`First(0)`), of tiles the row (`First(0)`) and the column (`First(1)`).
    First(u32),
    /// First index of an axis, wrapped to the index's type.
    AxisLo(u32),
    /// Iterations of an axis, a `u32`.
    AxisCount(u32),
    /// Workgroups of the whole grid ([`Grid::groups`]), a `u32`.
    Partials,
    /// Extent of an array, an `i32`.
    ArrayExtent(ArrayId, u32),
    /// A host-known scalar.
    HostScalar(VarId),
}

/// How iterations map to workgroups of `Main`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grid {
    /// One workgroup of one invocation: a serial section.
    Single,
    /// The flattened index in runs of `per_group` iterations; workgroups count along x, then y.
    Flat {
        /// Iterations of one workgroup.
        per_group: u32,
    },
    /// Two axes in tiles; x counts tiles of columns (last axis), y of rows.
    Tiles {
        /// Rows of a tile.
        rows: u32,
        /// Columns of a tile.
        columns: u32,
    },
}

/// One dispatch of `Main`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dispatch {
    /// Workgroups along x, y and z.
    pub groups: [u32; 3],
    /// Values of [`UniformValue::First`].
    pub first: [u32; 2],
}

/// A grid that 32-bit flattened indices cannot count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{iterations} iterations are over the {limit} that one region counts on a device")]
pub struct GridTooLarge {
    /// Iterations asked for.
    pub iterations: u128,
    /// Iterations allowed.
    pub limit: u64,
}

/// Room above the last iteration, so that the surplus invocations of the last dispatch do not
/// wrap around.
const MAX_ITERATIONS: u64 = (1 << 32) - (1 << 20);

impl Grid {
    /// Workgroups that cover the iterations, at least 1.
    ///
    /// # Errors
    /// If the iterations are more than a 32-bit index counts.
    pub fn groups(&self, counts: &[u64]) -> Result<u32, GridTooLarge> {
        let iterations = counts.iter().map(|&count| u128::from(count)).product::<u128>();
        if iterations > u128::from(MAX_ITERATIONS) {
            return Err(GridTooLarge { iterations, limit: MAX_ITERATIONS });
        }
        let total = iterations as u64;
        let groups = match *self {
            Grid::Single => 1,
            Grid::Flat { per_group } => total.div_ceil(u64::from(per_group)),
            Grid::Tiles { rows, columns } => {
                let [height, width] = two(counts);
                height.div_ceil(u64::from(rows)) * width.div_ceil(u64::from(columns))
            }
        };
        Ok(groups.max(1) as u32)
    }

    /// The dispatches that cover `counts` iterations per axis, none with more than
    /// `max_per_axis` workgroups along an axis or about `max_groups` workgroups in all.
    ///
    /// # Errors
    /// If the iterations are more than a 32-bit index counts.
    pub fn dispatches(
        &self,
        counts: &[u64],
        max_per_axis: u32,
        max_groups: u32,
    ) -> Result<Vec<Dispatch>, GridTooLarge> {
        let groups = self.groups(counts)?;
        let (axis, most) = (max_per_axis.max(1), max_groups.max(1));
        Ok(match *self {
            Grid::Single => vec![Dispatch { groups: [1, 1, 1], first: [0, 0] }],
            Grid::Flat { per_group } => flat(groups, per_group, axis, most),
            Grid::Tiles { rows, columns } => {
                let [height, width] = two(counts);
                let down = height.div_ceil(u64::from(rows)).max(1) as u32;
                let across = width.div_ceil(u64::from(columns)).max(1) as u32;
                let across_step = across.min(axis).min(most);
                let down_step = down.min(axis).min((most / across_step).max(1));
                let mut list = Vec::new();
                for row in (0..down).step_by(down_step as usize) {
                    for column in (0..across).step_by(across_step as usize) {
                        let tiles =
                            [across_step.min(across - column), down_step.min(down - row), 1];
                        list.push(Dispatch {
                            groups: tiles,
                            first: [row * rows, column * columns],
                        });
                    }
                }
                list
            }
        })
    }
}

/// Splits a flat grid; the surplus of a dispatch of several rows is less than one workgroup a row.
fn flat(groups: u32, per_group: u32, axis: u32, most: u32) -> Vec<Dispatch> {
    let chunk = most.min(axis.saturating_mul(axis));
    let mut list = Vec::new();
    let mut done = 0;
    while done < groups {
        let now = chunk.min(groups - done);
        let rows = now.div_ceil(axis);
        // A split in the middle must cover exactly its part, or the next would run parts twice.
        let columns = if now < groups - done { (now / rows).max(1) } else { now.div_ceil(rows) };
        list.push(Dispatch {
            groups: [columns, rows, 1],
            first: [done.wrapping_mul(per_group), 0],
        });
        done += (columns * rows).min(groups - done);
    }
    list
}

fn two(counts: &[u64]) -> [u64; 2] {
    [counts.first().copied().unwrap_or(1), counts.get(1).copied().unwrap_or(1)]
}

/// Where a reduction ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReduceResult {
    /// Host variable that takes the result; device-kept.
    pub target: VarId,
    /// Host variables that take the payload; device-kept.
    pub payload: Vec<VarId>,
}

/// What the loops of the text add to those of the kernel. The interpreter counts the back edges
/// of one iteration (loops that the text unrolls among them, so the number is an upper bound); an
/// invocation of `Main` needs at most `iterations * (back edges + 1) + extra`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoopBudget {
    /// Iterations of the region that one invocation runs.
    pub iterations: u32,
    /// Loop iterations of the reduction itself.
    pub extra: u32,
}

/// Slots of the device-kept scalars of one kernel: the same in all of its units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceScalars {
    /// Variables in the buffer of each class, slot by slot; a class without any has no entry.
    pub classes: BTreeMap<Stored, Vec<VarId>>,
}

impl DeviceScalars {
    /// Lays the variables out, by ascending id.
    pub fn of(kernel: &Kernel, device_kept: &BTreeSet<VarId>) -> DeviceScalars {
        let mut slots = DeviceScalars::default();
        for &var in device_kept {
            if let Some(known) = kernel.vars.get(var.0 as usize) {
                slots.classes.entry(Stored::scalar(known.dtype)).or_default().push(var);
            }
        }
        slots
    }

    /// Storage class and slot of a variable.
    pub fn slot(&self, var: VarId) -> Option<(Stored, u32)> {
        let find = |list: &[VarId]| list.iter().position(|&v| v == var).map(|at| at as u32);
        self.classes.iter().find_map(|(class, list)| Some((*class, find(list)?)))
    }
}
