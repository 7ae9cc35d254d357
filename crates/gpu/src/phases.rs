//! What a session's time went into.

use std::time::Duration;

/// Time by purpose, disjoint, as the host saw it; the device's own count beside.
///
/// A driver may put off compiling a shader to its first dispatch (llvmpipe does), so the first
/// run of a pipeline is part of the cold cost even where `compile` is small.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Phases {
    /// Shader modules and pipelines.
    pub compile: Duration,
    /// Buffers.
    pub allocate: Duration,
    /// Bytes from the host, until they are on the device.
    pub upload: Duration,
    /// Bind groups, uniforms and command buffers, as long as the device has nothing to do.
    pub encode: Duration,
    /// From a first submission until all work was done, encoding of the rest included.
    pub dispatch: Duration,
    /// Bytes back to the host.
    pub readback: Duration,
    /// Sum of the timestamps around passes: inside `dispatch`, not beside it. `None` without
    /// timestamps, or if their sum was above `dispatch`, or if a pass went without.
    pub device: Option<Duration>,
    /// Timestamp pairs that were thrown away because they ran backwards or stood still, or all if
    /// their sum was above `dispatch`.
    pub discarded: u32,
    /// Compute passes.
    pub passes: u32,
    /// Submissions with dispatches, copies or clears.
    pub submissions: u32,
    /// Dispatches.
    pub dispatches: u64,
}

impl Phases {
    /// The phases with their names, in the order of the work. `device` is not among them.
    pub fn named(&self) -> [(&'static str, Duration); 6] {
        [
            ("compile", self.compile),
            ("allocate", self.allocate),
            ("upload", self.upload),
            ("encode", self.encode),
            ("dispatch", self.dispatch),
            ("readback", self.readback),
        ]
    }
}
