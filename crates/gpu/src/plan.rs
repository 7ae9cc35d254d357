//! What a device is asked to do: buffers, pipelines, and steps in order.
//!
//! One set of types for hand-written shaders, whose steps come from a table, and for generated
//! ones, whose steps are recorded while the host level of a kernel runs. Loops and the swapping of
//! buffers are expanded by the caller: a step names the buffers it uses, and equal sets of buffers
//! share one bind group.

use std::time::Duration;

/// A buffer of a [`crate::Session`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BufferId(pub(crate) usize);

/// A compiled entry point of a [`crate::Session`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PipelineId(pub(crate) usize);

/// How a shader sees a binding of group 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BindingKind {
    /// `var<storage, read>`.
    StorageRead,
    /// `var<storage, read_write>`.
    StorageReadWrite,
    /// `var<uniform>`; its bytes come with each dispatch.
    Uniform,
}

/// One `@group(0) @binding(slot)` of a shader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Binding {
    /// Number in the shader text.
    pub slot: u32,
    /// How the shader sees it.
    pub kind: BindingKind,
}

/// Everything a pipeline is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Shader {
    /// WGSL text.
    pub source: String,
    /// Entry point in it.
    pub entry: String,
    /// The bindings that this entry point uses, all of group 0. [`Dispatch::args`] follow their
    /// order.
    pub bindings: Vec<Binding>,
    /// Values of `override` constants.
    pub constants: Vec<(String, f64)>,
}

/// What a dispatch puts at a binding.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Arg {
    /// A whole buffer.
    Buffer(BufferId),
    /// Bytes of a uniform. Equal contents are stored once.
    Uniform(Vec<u8>),
}

/// One launch of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispatch {
    /// What to run.
    pub pipeline: PipelineId,
    /// One per entry of [`Shader::bindings`], in that order.
    pub args: Vec<Arg>,
    /// Workgroups along x, y, z. One with a 0 does nothing.
    pub grid: [u32; 3],
}

/// One thing for the device to do. Steps take effect in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Launches a pipeline.
    Dispatch(Dispatch),
    /// Copies bytes between two different buffers; offsets and length are multiples of 4.
    Copy {
        /// Source.
        from: BufferId,
        /// First byte there.
        from_offset: u64,
        /// Target.
        to: BufferId,
        /// First byte there.
        to_offset: u64,
        /// How many bytes.
        bytes: u64,
    },
    /// Fills a buffer with zero bytes.
    Clear {
        /// The buffer.
        buffer: BufferId,
    },
}

/// What a buffer of a [`Plan`] holds at first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Init {
    /// Zero bytes.
    Zeros,
    /// These bytes, as many as the buffer has.
    Bytes(Vec<u8>),
}

/// A buffer of a [`Plan`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BufferSpec {
    /// For error messages.
    pub name: String,
    /// Size.
    pub bytes: u64,
    /// First content.
    pub init: Init,
}

/// A whole computation as data. Its steps name buffers and pipelines by [`Plan::buffer`] and
/// [`Plan::pipeline`]; [`crate::Session::load`] puts it on a device.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Buffers.
    pub buffers: Vec<BufferSpec>,
    /// Pipelines.
    pub shaders: Vec<Shader>,
    /// Steps in order.
    pub steps: Vec<Step>,
}

impl Plan {
    /// Adds a buffer.
    pub fn buffer(&mut self, name: &str, bytes: u64, init: Init) -> BufferId {
        self.buffers.push(BufferSpec { name: name.to_owned(), bytes, init });
        BufferId(self.buffers.len() - 1)
    }

    /// Adds a pipeline.
    pub fn pipeline(&mut self, shader: Shader) -> PipelineId {
        self.shaders.push(shader);
        PipelineId(self.shaders.len() - 1)
    }
}

/// How steps are cut into submissions.
///
/// A driver may kill work that holds the device for seconds, and a limit on waiting is only as
/// fine as a submission. So a submission holds as many dispatches as take about `target`, measured
/// while running, starting from `first_batch`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Time that one submission should take.
    pub target: Duration,
    /// Dispatches in the first submission.
    pub first_batch: u32,
    /// Dispatches in any submission at most.
    pub max_batch: u32,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace { target: Duration::from_millis(250), first_batch: 32, max_batch: 4096 }
    }
}

/// A part of a grid that fits into one dispatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// First workgroup along x, y, z.
    pub offset: [u64; 3],
    /// Workgroups along x, y, z.
    pub grid: [u32; 3],
}

/// Cuts a grid into tiles of at most `limit` workgroups along each axis, x fastest. The shader
/// must add the offset, which the caller passes in a uniform. Empty if the grid is, or if the
/// limit is 0.
pub fn split_grid(grid: [u64; 3], limit: u32) -> Vec<Tile> {
    let step = u64::from(limit);
    if step == 0 || grid.contains(&0) {
        return Vec::new();
    }
    let starts = |axis: usize| (0..grid[axis].div_ceil(step)).map(move |i| i * step);
    let extent = |axis: usize, start: u64| {
        u32::try_from((grid[axis] - start).min(step)).expect("bounded by a u32 limit")
    };
    let mut tiles = Vec::new();
    for z in starts(2) {
        for y in starts(1) {
            for x in starts(0) {
                tiles.push(Tile {
                    offset: [x, y, z],
                    grid: [extent(0, x), extent(1, y), extent(2, z)],
                });
            }
        }
    }
    tiles
}

/// Folds a row of `groups` workgroups into two dimensions, each at most `limit`: the workgroup's
/// number is `id.y * num_workgroups.x + id.x`, and numbers from `groups` on have nothing to do.
/// `None` if even two full dimensions are not enough.
pub fn fold_grid(groups: u64, limit: u32) -> Option<[u32; 3]> {
    let limit = u64::from(limit);
    if groups <= limit {
        return Some([u32::try_from(groups).ok()?, 1, 1]);
    }
    // Equal rows leave fewer idle workgroups than full rows and a short last one.
    let rows = groups.div_ceil(limit.max(1));
    let width = groups.div_ceil(rows);
    (rows <= limit)
        .then(|| Some([u32::try_from(width).ok()?, u32::try_from(rows).ok()?, 1]))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_a_grid_once() {
        let tiles = split_grid([7, 3, 2], 3);
        let mut hits = std::collections::BTreeMap::new();
        for tile in &tiles {
            for z in 0..u64::from(tile.grid[2]) {
                for y in 0..u64::from(tile.grid[1]) {
                    for x in 0..u64::from(tile.grid[0]) {
                        let [ox, oy, oz] = tile.offset;
                        *hits.entry([ox + x, oy + y, oz + z]).or_insert(0) += 1;
                    }
                }
            }
        }
        assert_eq!(hits.len(), 7 * 3 * 2);
        assert!(hits.values().all(|n| *n == 1));
        assert_eq!(tiles.len(), 3);
        assert!(split_grid([0, 1, 1], 3).is_empty());
        assert!(split_grid([1, 1, 1], 0).is_empty());
    }

    #[test]
    fn folded_rows_cover_the_row_and_keep_the_limit() {
        for groups in [0_u64, 1, 65_535, 65_536, 1_000_000, 4_294_836_225] {
            let [x, y, z] = fold_grid(groups, 65_535).expect("fits in two dimensions");
            assert!(x <= 65_535 && y <= 65_535 && z == 1);
            assert!(u64::from(x) * u64::from(y) >= groups);
        }
        assert_eq!(fold_grid(65_536, 65_535), Some([32_768, 2, 1]));
        assert_eq!(fold_grid(4_294_836_226, 65_535), None);
        assert_eq!(fold_grid(1, 0), None);
    }
}
