//! What can go wrong between the host and a GPU, as values that a caller can match on.

use std::time::Duration;

use thiserror::Error;

use crate::plan::{BufferId, PipelineId};

/// How to get an adapter on a machine that has none.
pub const NO_DRIVER_CURE: &str = "install a Vulkan driver: the vendor's for a GPU, or a software \
one (Debian and Ubuntu: `apt-get install mesa-vulkan-drivers`; Fedora: `dnf install \
mesa-vulkan-drivers`; Arch: `pacman -S vulkan-swrast`); macOS needs Metal and Windows needs \
DirectX 12, both of which come with the system";

/// An operation on a device failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GpuError {
    /// A wait ran over its limit. The device is given up: the work may still be running on it.
    #[error("the device did not finish within {:.3} s; it is not used any more", limit.as_secs_f64())]
    Timeout {
        /// The limit that was set.
        limit: Duration,
    },
    /// The device was lost, now or earlier, or was given up after a timeout.
    #[error("the device is lost: {reason}")]
    Lost {
        /// What the driver said.
        reason: String,
    },
    /// The API refused a call: a defect of the caller or of a shader's bindings.
    #[error("the GPU interface refused a call: {message}")]
    Validation {
        /// The whole explanation, causes included.
        message: String,
    },
    /// The driver failed without blaming the caller.
    #[error("the driver failed: {message}")]
    Driver {
        /// The driver's words.
        message: String,
    },
    /// Not enough memory, by the driver's word or by that of the operating system.
    #[error("{bytes} bytes do not fit in memory{}", available.map(|n| format!(": {n} are available")).unwrap_or_default())]
    OutOfMemory {
        /// What was asked for; 0 if a call other than an allocation ran out.
        bytes: u64,
        /// What there is, if that is known.
        available: Option<u64>,
    },
    /// A number is over a limit of this adapter.
    #[error("{what} is {needed}, over this adapter's limit of {limit}")]
    LimitExceeded {
        /// The quantity in words.
        what: &'static str,
        /// What was asked for.
        needed: u64,
        /// What the adapter allows.
        limit: u64,
    },
    /// A shader was not accepted.
    #[error("the shader does not compile: {message}")]
    ShaderCompile {
        /// Compiler messages with their places in the text.
        message: String,
    },
    /// A buffer id that this session never gave out.
    #[error("no buffer {0:?} in this session")]
    UnknownBuffer(BufferId),
    /// A pipeline id that this session never gave out.
    #[error("no pipeline {0:?} in this session")]
    UnknownPipeline(PipelineId),
    /// A dispatch brought other arguments than its pipeline binds.
    #[error(
        "a dispatch of `{entry}` has {found} at argument {index}, the pipeline binds {expected}"
    )]
    Arguments {
        /// Entry point of the pipeline.
        entry: String,
        /// Position of the first wrong argument.
        index: usize,
        /// What the pipeline binds there.
        expected: &'static str,
        /// What the dispatch brought.
        found: &'static str,
    },
    /// A dispatch binds one buffer twice, and writes to it: what it then reads is undefined.
    #[error(
        "a dispatch of `{entry}` has buffer `{buffer}` at arguments {first} and {second} and writes to it; give it two buffers"
    )]
    Aliased {
        /// Entry point of the pipeline.
        entry: String,
        /// Name of the buffer.
        buffer: String,
        /// Position of its first binding.
        first: usize,
        /// Position of its second binding.
        second: usize,
    },
    /// A byte range reaches past the end of a buffer, or is not a multiple of four bytes.
    #[error("bytes {offset}..{} of buffer `{buffer}` cannot be used: it has {size}, and copies on the device move multiples of 4", offset + bytes)]
    Range {
        /// Name of the buffer.
        buffer: String,
        /// First byte.
        offset: u64,
        /// Number of bytes.
        bytes: u64,
        /// Size of the buffer in bytes.
        size: u64,
    },
}

/// A device could not be opened.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OpenError {
    /// The machine has no adapter at all.
    #[error("no Vulkan, Metal or DirectX 12 adapter was found; {NO_DRIVER_CURE}")]
    NoAdapter,
    /// There are adapters, but not the one that was asked for.
    #[error("no adapter is called `{asked}`; there are: {}", known.join(", "))]
    Unknown {
        /// Slug or index that was asked for.
        asked: String,
        /// Slugs of the adapters that exist.
        known: Vec<String>,
    },
    /// The adapter lacks something that the caller cannot do without.
    #[error("adapter `{slug}` has no {feature}")]
    Missing {
        /// The adapter.
        slug: String,
        /// What it lacks, in words.
        feature: &'static str,
    },
    /// The driver refused to open the device.
    #[error("adapter `{slug}` could not be opened: {message}")]
    Refused {
        /// The adapter.
        slug: String,
        /// The driver's words.
        message: String,
    },
}
