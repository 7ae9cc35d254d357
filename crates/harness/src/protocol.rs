//! The messages between the harness and a worker: one JSON object per line, see docs/PROTOCOL.md.
//!
//! Numbers of kernels never travel in JSON, which has neither NaN nor all 64-bit integers: every
//! argument and output, scalars included, is an `.npy` file that a message names.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crossover_values::{DType, Signature};
use serde::{Deserialize, Serialize};

/// Name and version of the protocol, as a worker describes itself.
pub const PROTOCOL: &str = "crossover-worker/1";

/// Longest line that either side reads, in bytes; a kernel's source of 1 MiB fits with its escapes.
pub const MAX_LINE_BYTES: usize = 16 << 20;

/// The `id` of a response to a line that has none; requests count from 1.
pub const UNKNOWN_ID: u64 = 0;

/// One line to a worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Repeated in the response.
    pub id: u64,
    /// What is asked.
    #[serde(flatten)]
    pub ask: Ask,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "lowercase")]
pub enum Ask {
    /// What protocol the worker speaks, and which adapters a backend has.
    Describe {
        /// The backend.
        backend: String,
    },
    /// Open an adapter and run its canaries.
    Passport {
        /// The backend.
        backend: String,
        /// Slug of the adapter.
        adapter: String,
    },
    /// Make a variant ready to run one case.
    Prepare(Box<Prepare>),
    /// One call of what was prepared.
    Run {
        /// The slot.
        slot: u64,
        /// Folder that takes the outputs, one `<name>.npy` each; without it they are dropped.
        outputs: Option<PathBuf>,
    },
    /// Forget what was prepared.
    Release {
        /// The slot.
        slot: u64,
    },
}

/// Everything that a backend needs to make a variant ready, for programs that know neither the
/// suite nor `kernel.toml` too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prepare {
    /// Number under which later requests call what was prepared.
    pub slot: u64,
    /// Backend.
    pub backend: String,
    /// Variant.
    pub variant: String,
    /// Slug of the adapter, for backends that have some.
    pub adapter: Option<String>,
    /// Threads to use, at least 1.
    pub threads: usize,
    /// Which kernel.
    pub kernel: KernelSpec,
    /// Text of the reference in the kernel language.
    pub source: String,
    /// Instance.
    pub dtype: DType,
    /// Name of the entry function of the instance.
    pub entry: String,
    /// What the entry takes and gives back.
    pub signature: Signature,
    /// Name of the size.
    pub size: String,
    /// Value of every parameter of the case.
    pub parameters: BTreeMap<String, f64>,
    /// Seed of the case.
    pub seed: u64,
    /// Largest number of loop back edges of one invocation, per region and serial section, if
    /// counted.
    pub back_edges: Option<Vec<u64>>,
    /// Limit of one wait for a device, in seconds.
    pub wait_limit_s: f64,
    /// One `.npy` file per parameter of the signature, in its order; outputs come poisoned.
    pub arguments: Vec<PathBuf>,
}

/// Which kernel is meant; the worker's [`crate::worker::KernelProvider`] finds it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KernelSpec {
    /// Its stem.
    pub stem: String,
    /// The user's `.py` file; without it the kernel is one of the suite.
    pub path: Option<PathBuf>,
    /// Name of the mutant to make of it.
    pub mutant: Option<String>,
}

/// One line from a worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// The request's.
    pub id: u64,
    /// What came of it.
    #[serde(flatten)]
    pub reply: Reply,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "response", rename_all = "lowercase")]
pub enum Reply {
    /// To `describe`.
    Described {
        /// Protocol spoken; anything but [`PROTOCOL`] is refused.
        protocol: String,
        /// Adapters of the backend; empty for one that has none.
        adapters: Vec<AdapterCard>,
    },
    /// To `passport`.
    Passport {
        /// Canaries by name with their results.
        canaries: Vec<(String, String)>,
    },
    /// To `prepare`.
    Prepared {
        /// Phases with their nanoseconds, in order.
        phases: Vec<(String, u64)>,
    },
    /// To `run`.
    Ran(Ran),
    /// To `release`.
    Released,
    /// To any request that gave nothing.
    Refused {
        /// Which kind.
        failure: FailureKind,
        /// Why, with the cure.
        reason: String,
    },
}

/// What one call gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ran {
    /// Wall time of the call in nanoseconds.
    pub wall_ns: u64,
    /// Parts of the call with their nanoseconds, in order.
    pub phases: Vec<(String, u64)>,
    /// Largest number of loop back edges of one invocation, per region and serial section, if
    /// counted.
    pub back_edges: Option<Vec<u64>>,
    /// Names of the outputs written.
    pub outputs: Vec<String>,
    /// Peak memory of the process so far, in bytes, where the system reports it.
    pub peak_memory_bytes: Option<u64>,
    /// What the variant reports beside its outputs; finite numbers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, f64>,
}

/// An adapter as a worker lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdapterCard {
    /// Short stable name, unique on the machine.
    pub slug: String,
    /// Full name.
    pub name: String,
    /// Driver and version.
    pub driver: String,
    /// Whether it is a software implementation.
    pub software: bool,
}

/// Why a request gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FailureKind {
    /// This machine, adapter or kernel cannot do it.
    Unavailable,
    /// It should have worked and did not.
    Failed,
    /// The device is gone; the harness ends the process.
    Lost,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_flat_objects_that_read_back() {
        let request = Request { id: 7, ask: Ask::Run { slot: 3, outputs: None } };
        let line = serde_json::to_string(&request).unwrap();
        assert_eq!(line, r#"{"id":7,"request":"run","slot":3,"outputs":null}"#);
        assert_eq!(serde_json::from_str::<Request>(&line).unwrap(), request);
        let ran = Ran {
            wall_ns: u64::MAX,
            phases: vec![("run".into(), 5)],
            back_edges: None,
            outputs: vec!["counts".into()],
            peak_memory_bytes: Some(1),
            facts: BTreeMap::from([("bytes".to_owned(), 64.0)]),
        };
        let response = Response { id: 7, reply: Reply::Ran(ran) };
        let line = serde_json::to_string(&response).unwrap();
        assert!(line.starts_with(r#"{"id":7,"response":"ran","wall_ns":18446744073709551615"#));
        assert_eq!(serde_json::from_str::<Response>(&line).unwrap(), response);
    }

    #[test]
    fn parameters_arrive_bit_for_bit() {
        for value in [0.1 + 0.2, 5e-324, f64::MAX, 1.0 / 3.0, 0.005, 123_456_789.123_456_78] {
            let line = serde_json::to_string(&value).unwrap();
            let back: f64 = serde_json::from_str(&line).unwrap();
            assert_eq!(back.to_bits(), f64::to_bits(value), "{line}");
        }
    }

    #[test]
    fn every_line_of_the_document_is_a_message() {
        let document = include_str!("../../../docs/PROTOCOL.md");
        let blocks =
            document.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
        let (mut requests, mut responses) = (0, 0);
        for line in blocks.flat_map(str::lines) {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            let again = if value.get("request").is_some() {
                requests += 1;
                serde_json::to_value(serde_json::from_str::<Request>(line).unwrap()).unwrap()
            } else {
                responses += 1;
                serde_json::to_value(serde_json::from_str::<Response>(line).unwrap()).unwrap()
            };
            assert_eq!(again, value, "the line has all fields and no others");
        }
        assert_eq!((requests, responses), (5, 6));
        assert!(document.contains(PROTOCOL));
    }
}
