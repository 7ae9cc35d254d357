//! The machine and its adapters as they stood when the run was made.

use serde::{Deserialize, Serialize};

/// The machine of a run. What the system does not tell is empty, never guessed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Operating system and its version.
    pub os: String,
    /// Architecture: `x86_64`, `aarch64`, ….
    pub arch: String,
    /// The processor's own name.
    pub cpu_model: String,
    /// Logical processors that this process may use.
    pub cores: usize,
    /// Caches of the first processor, from the innermost outwards.
    pub caches: Vec<Cache>,
    /// Main memory in bytes.
    pub memory_bytes: u64,
    /// The compiler that built Crossover.
    pub rustc: Option<String>,
}

/// One cache of a processor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cache {
    /// Level, 1 is the innermost.
    pub level: u32,
    /// `Data`, `Instruction` or `Unified`.
    pub kind: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// An adapter of a backend, with what it was found to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adapter {
    /// Backend that listed it.
    pub backend: String,
    /// Short stable name, unique on the machine.
    pub slug: String,
    /// Full name.
    pub name: String,
    /// Driver and version.
    pub driver: String,
    /// Kind of device in words: `software`, `discrete GPU`, ….
    pub kind: String,
    /// Whether it is a software implementation; such a one is never ranked as a GPU.
    pub software: bool,
    /// Results of the canaries that ran when it was opened; empty if it was not opened.
    pub passport: Vec<Canary>,
}

/// One canary: a small program that shows what an adapter does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Canary {
    /// What was asked.
    pub name: String,
    /// What came.
    pub result: String,
}
