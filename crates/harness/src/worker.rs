//! The worker's side: reads requests from standard input, serves them from a table of backends,
//! writes responses to standard output.
//!
//! A worker lives as long as its standard input is open. A thread of its own watches that, so that
//! a kernel that never returns cannot outlive the harness that asked for it.

use std::collections::BTreeMap;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crossover_contract::{Backend, Case, Failure, Kernel, Phase, Prepared, Target};
use crossover_values::{Param, ParamKind, Signature, Value, npy};

use crate::lines::read_line;
use crate::protocol::{
    AdapterCard, Ask, FailureKind, KernelSpec, MAX_LINE_BYTES, PROTOCOL, Prepare, Ran, Reply,
    Request, Response, UNKNOWN_ID,
};
use crate::{HarnessError, memory};

/// How long a worker may go on with a request after its standard input has closed.
const GRACE: Duration = Duration::from_secs(1);

/// Exit status of a worker that was busy when its standard input closed.
const ORPHANED: i32 = 3;

/// A request, or the response to a line that is none.
type Incoming = Result<Request, Response>;

/// Finds kernels for a worker.
pub trait KernelProvider: Sync {
    /// The kernel, mutated if the spec says so.
    ///
    /// # Errors
    /// Why there is none.
    fn kernel(&self, spec: &KernelSpec) -> Result<Arc<Kernel>, String>;
}

/// Serves requests until `input` ends. If a request is still being served a second after that, the
/// whole process exits: this function is for processes that do nothing else.
///
/// # Errors
/// [`HarnessError::Worker`] if `output` cannot be written.
pub fn serve<R, W>(
    backends: &[Box<dyn Backend>],
    kernels: &dyn KernelProvider,
    input: R,
    mut output: W,
) -> Result<(), HarnessError>
where
    R: Read + Send + 'static,
    W: Write,
{
    let (sender, requests) = channel();
    let watch = Arc::new(Watch::default());
    let watching = Arc::clone(&watch);
    thread::spawn(move || read_requests(input, sender, &watching));
    let mut service = Service { backends, kernels, slots: BTreeMap::new() };
    let served = answer_all(&mut service, &requests, &mut output);
    // Letting go of a device waits for its work; the watching thread does not wait that long.
    drop(service);
    watch.finish();
    served
}

fn answer_all(
    service: &mut Service<'_>,
    requests: &Receiver<Incoming>,
    output: &mut impl Write,
) -> Result<(), HarnessError> {
    for request in requests {
        let response = match request {
            Ok(Request { id, ask }) => {
                Response { id, reply: service.answer(ask).unwrap_or_else(refused) }
            }
            Err(unread) => unread,
        };
        // The leading line break ends whatever a library may have printed without one.
        let line = serde_json::to_string(&response).map_err(|error| HarnessError::Worker {
            action: "write a response",
            reason: error.to_string(),
        })?;
        write!(output, "\n{line}\n").and_then(|()| output.flush()).map_err(|error| {
            HarnessError::Worker { action: "write a response", reason: error.to_string() }
        })?;
    }
    Ok(())
}

/// Tells the watching thread that the serving one is through.
#[derive(Default)]
struct Watch {
    finished: Mutex<bool>,
    changed: Condvar,
}

impl Watch {
    fn finish(&self) {
        let mut finished = self.finished.lock().unwrap_or_else(PoisonError::into_inner);
        *finished = true;
        self.changed.notify_all();
    }

    fn exit_unless_finished(&self) {
        let finished = self.finished.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(finished, GRACE, |finished| !*finished);
        if !waited.is_ok_and(|(finished, _)| *finished) {
            std::process::exit(ORPHANED);
        }
    }
}

fn read_requests(input: impl Read, sender: Sender<Incoming>, watch: &Watch) {
    let mut input = BufReader::new(input);
    while let Ok(Some(line)) = read_line(&mut input, MAX_LINE_BYTES) {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let incoming = serde_json::from_slice(&line).map_err(|error| unread(&line, &error));
        if sender.send(incoming).is_err() {
            break;
        }
    }
    // Without a sender the serving thread ends behind the last request that was read.
    drop(sender);
    watch.exit_unless_finished();
}

/// The response to a line that is no request, with the line's number if it has one.
fn unread(line: &[u8], error: &serde_json::Error) -> Response {
    let value: Option<serde_json::Value> = serde_json::from_slice(line).ok();
    let id = value.and_then(|value| value.get("id")?.as_u64()).unwrap_or(UNKNOWN_ID);
    let reason = format!("the worker cannot read the request: {error}");
    Response { id, reply: Reply::Refused { failure: FailureKind::Failed, reason } }
}

struct Service<'a> {
    backends: &'a [Box<dyn Backend>],
    kernels: &'a dyn KernelProvider,
    slots: BTreeMap<u64, Slot>,
}

/// What was prepared, with the arguments that every call gets a copy of.
struct Slot {
    prepared: Box<dyn Prepared>,
    arguments: Vec<Value>,
}

impl Service<'_> {
    fn answer(&mut self, ask: Ask) -> Result<Reply, Failure> {
        match ask {
            Ask::Describe { backend } => {
                let adapters = self.backend(&backend)?.adapters()?;
                let adapters = adapters.into_iter().map(|adapter| AdapterCard {
                    slug: adapter.slug,
                    name: adapter.name,
                    driver: adapter.driver,
                    software: adapter.software,
                });
                Ok(Reply::Described { protocol: PROTOCOL.to_owned(), adapters: adapters.collect() })
            }
            Ask::Passport { backend, adapter } => {
                let canaries = self.backend(&backend)?.passport(&adapter)?;
                Ok(Reply::Passport { canaries })
            }
            Ask::Prepare(prepare) => self.prepare(*prepare),
            Ask::Run { slot, outputs } => self.run(slot, outputs.as_deref()),
            Ask::Release { slot } => {
                self.slots.remove(&slot);
                Ok(Reply::Released)
            }
        }
    }

    fn backend(&self, name: &str) -> Result<&dyn Backend, Failure> {
        let found = self.backends.iter().find(|backend| backend.name() == name);
        found
            .map(|backend| &**backend)
            .ok_or_else(|| Failure::Failed(format!("the worker has no backend `{name}`")))
    }

    fn prepare(&mut self, prepare: Prepare) -> Result<Reply, Failure> {
        let backend = self.backend(&prepare.backend)?;
        let kernel = self.kernels.kernel(&prepare.kernel).map_err(Failure::Failed)?;
        let case = Case { size: prepare.size, parameters: prepare.parameters, seed: prepare.seed };
        let arguments = read_arguments(&prepare.signature, &prepare.arguments)?;
        let prepared = backend.prepare(&Target {
            kernel: &kernel,
            dtype: prepare.dtype,
            variant: &prepare.variant,
            adapter: prepare.adapter.as_deref(),
            threads: prepare.threads,
            case: &case,
            back_edges: prepare.back_edges.as_deref(),
            wait_limit_s: prepare.wait_limit_s,
        })?;
        let phases = named(prepared.phases());
        self.slots.insert(prepare.slot, Slot { prepared, arguments });
        Ok(Reply::Prepared { phases })
    }

    fn run(&mut self, slot: u64, outputs: Option<&Path>) -> Result<Reply, Failure> {
        let slot = self.slots.get_mut(&slot);
        let slot = slot.ok_or_else(|| Failure::Failed("nothing is prepared".to_owned()))?;
        // A fresh copy for each call poisons the outputs and restores what is read and written;
        // the timed interval begins inside of `run`.
        let outcome = slot.prepared.run(slot.arguments.clone())?;
        let mut written = Vec::new();
        if let Some(folder) = outputs {
            for (name, value) in &outcome.outputs {
                npy::write(&folder.join(format!("{name}.npy")), value)
                    .map_err(|error| Failure::Failed(format!("output `{name}`: {error}")))?;
                written.push(name.clone());
            }
        }
        Ok(Reply::Ran(Ran {
            wall_ns: outcome.wall_ns,
            phases: named(&outcome.phases),
            back_edges: outcome.back_edges,
            outputs: written,
            peak_memory_bytes: memory::peak_bytes(),
            facts: outcome.facts.into_iter().filter(|(_, value)| value.is_finite()).collect(),
        }))
    }
}

fn read_arguments(signature: &Signature, files: &[PathBuf]) -> Result<Vec<Value>, Failure> {
    if files.len() != signature.params.len() {
        let (files, params) = (files.len(), signature.params.len());
        return Err(Failure::Failed(format!("{files} argument files for {params} parameters")));
    }
    let read = |(param, file): (&Param, &PathBuf)| {
        let dtype = match param.kind {
            ParamKind::Scalar(dtype) | ParamKind::Array { dtype, .. } => dtype,
        };
        npy::read(file, dtype)
            .map_err(|error| Failure::Failed(format!("argument `{}`: {error}", param.name)))
    };
    signature.params.iter().zip(files).map(read).collect()
}

pub(crate) fn named(phases: &[Phase]) -> Vec<(String, u64)> {
    phases.iter().map(|phase| (phase.name.to_owned(), phase.ns)).collect()
}

fn refused(failure: Failure) -> Reply {
    let failure_kind = match failure {
        Failure::Unavailable(_) => FailureKind::Unavailable,
        Failure::Failed(_) => FailureKind::Failed,
        Failure::Lost(_) => FailureKind::Lost,
    };
    Reply::Refused { failure: failure_kind, reason: failure.to_string() }
}
