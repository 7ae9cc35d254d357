//! One run's state, and the two things it asks of workers: prepare a case, make a call.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crossover_contract::{Failure, Judge, PolicyInput};
use crossover_record::{Chart, PictureFile};
use crossover_values::{ParamKind, Signature, Value, npy};

use crate::Observer;
use crate::canonical::canonical;
use crate::history::History;
use crate::plan::PlannedCase;
use crate::pool::{Incarnation, Pool};
use crate::process::WorkerKey;
use crate::protocol::{Ask, KernelSpec, Prepare, Ran, Reply};
use crate::run::Options;
use crate::verify::{Outputs, Rule};

/// Bytes of an output's file beyond its elements: an `.npy` header is far below.
const HEADER_BYTES: u64 = 1 << 16;

/// What all parts of a run share.
pub(crate) struct Session<'a> {
    pub(crate) pool: Pool<'a>,
    pub(crate) private: &'a Path,
    pub(crate) options: &'a Options,
    pub(crate) observer: &'a mut dyn Observer,
    pub(crate) reference: WorkerKey,
    pub(crate) stand_in: Option<WorkerKey>,
    pub(crate) history: History,
    pub(crate) pictures: Vec<(PictureFile, Vec<u8>)>,
    pub(crate) charts: Vec<Chart>,
    pub(crate) begun: Instant,
    /// Whether the case at hand is the first of its kernel and instance.
    pub(crate) first_case: bool,
    next_slot: u64,
}

/// A case whose inputs are on disk.
pub(crate) struct CaseState<'p> {
    pub(crate) number: usize,
    pub(crate) planned: &'p PlannedCase,
    pub(crate) signature: &'p Signature,
    pub(crate) arguments: Vec<Value>,
    pub(crate) files: Vec<PathBuf>,
    pub(crate) truth: Option<Truth>,
    judges: Option<Vec<Judge>>,
}

/// The outputs that a case's rows are compared against.
pub(crate) struct Truth {
    pub(crate) outputs: Outputs,
    pub(crate) by: WorkerKey,
    pub(crate) described: String,
    pub(crate) ready: Ready,
    pub(crate) ran: Ran,
}

/// What a worker holds ready.
#[derive(Clone, Debug)]
pub(crate) struct Ready {
    pub(crate) slot: u64,
    pub(crate) incarnation: Option<Incarnation>,
    pub(crate) phases: Vec<(String, u64)>,
}

impl<'p> CaseState<'p> {
    /// Makes the arguments of a case and writes them for the workers.
    pub(crate) fn new(
        number: usize,
        planned: &'p PlannedCase,
        folder: &Path,
    ) -> Result<CaseState<'p>, Failure> {
        let failed = |reason: String| Failure::Failed(reason);
        let signature = planned.subject.signatures.get(&planned.dtype);
        let signature = signature.ok_or_else(|| failed("the kernel has no signature".into()))?;
        let definition = &planned.subject.kernel.definition;
        let arguments = definition.arguments(signature, &planned.case);
        let arguments = arguments.map_err(|error| failed(error.to_string()))?;
        let files = write_arguments(&arguments, folder)?;
        Ok(CaseState { number, planned, signature, arguments, files, truth: None, judges: None })
    }

    /// The rule for bounded variants; its judges are made once per case.
    pub(crate) fn bounded(&mut self) -> Result<Rule<'_>, Failure> {
        if self.judges.is_none() {
            let PlannedCase { subject, dtype, case, .. } = self.planned;
            let arguments = &self.arguments;
            let input = PolicyInput { case, dtype: *dtype, arguments };
            let outputs = self.signature.outputs();
            let judges = outputs
                .iter()
                .map(|(output, _)| Judge::new(&subject.kernel, &input, output))
                .collect::<Result<Vec<Judge>, _>>();
            self.judges = Some(judges.map_err(|error| Failure::Failed(error.to_string()))?);
        }
        Ok(Rule::Bounded(self.judges.as_deref().unwrap_or_default()))
    }

    /// Whether [`CaseState::bounded`] has made the judges.
    pub(crate) fn is_judged(&self) -> bool {
        self.judges.is_some()
    }

    /// The rule for bounded variants if [`CaseState::bounded`] has made it.
    pub(crate) fn made_rule(&self, exact: bool) -> Rule<'_> {
        match &self.judges {
            Some(judges) if !exact => Rule::Bounded(judges),
            Some(_) | None => Rule::Exact,
        }
    }
}

/// Writes arguments as `.npy` files, one per parameter.
pub(crate) fn write_arguments(arguments: &[Value], folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::Failed(format!("the arguments cannot be written for the workers: {error}"))
    };
    fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    let write = |(position, value): (usize, &Value)| {
        let path = folder.join(format!("argument{position}.npy"));
        npy::write(&path, value).map_err(|error| failed(&error))?;
        Ok(path)
    };
    arguments.iter().enumerate().map(write).collect()
}

impl<'a> Session<'a> {
    pub(crate) fn new(
        pool: Pool<'a>,
        private: &'a Path,
        options: &'a Options,
        observer: &'a mut dyn Observer,
        reference: WorkerKey,
        stand_in: Option<WorkerKey>,
    ) -> Session<'a> {
        Session {
            pool,
            private,
            options,
            observer,
            reference,
            stand_in,
            history: History::default(),
            pictures: Vec::new(),
            charts: Vec::new(),
            begun: Instant::now(),
            first_case: true,
            next_slot: 0,
        }
    }

    /// Makes a variant ready for a case.
    pub(crate) fn prepare(
        &mut self,
        state: &CaseState<'_>,
        spec: &KernelSpec,
        key: &WorkerKey,
        threads: usize,
        files: &[PathBuf],
    ) -> Result<Ready, Failure> {
        self.next_slot += 1;
        let slot = self.next_slot;
        let PlannedCase { subject, dtype, case, .. } = state.planned;
        let instances = &subject.kernel.definition.instances;
        let entry = instances.iter().find(|instance| instance.dtype == *dtype);
        let back_edges = state.truth.as_ref().and_then(|truth| truth.ran.back_edges.clone());
        let prepare = Prepare {
            slot,
            backend: key.backend.clone(),
            variant: key.variant.clone(),
            adapter: key.adapter.clone(),
            threads,
            kernel: spec.clone(),
            source: subject.kernel.source.text.clone(),
            dtype: *dtype,
            entry: entry.map(|instance| instance.entry.clone()).unwrap_or_default(),
            signature: state.signature.clone(),
            size: case.size.clone(),
            parameters: case.parameters.clone(),
            seed: case.seed,
            back_edges,
            wait_limit_s: self.options.limits.call.as_secs_f64(),
            arguments: files.to_vec(),
        };
        let limit = self.options.limits.prepare;
        match self.pool.ask(key, Ask::Prepare(Box::new(prepare)), limit)? {
            Reply::Prepared { phases } => {
                Ok(Ready { slot, incarnation: self.pool.incarnation(key), phases })
            }
            other => Err(unexpected(&other)),
        }
    }

    /// One call, with its outputs.
    pub(crate) fn call_whole(
        &mut self,
        state: &CaseState<'_>,
        key: &WorkerKey,
        ready: &Ready,
    ) -> Result<(Ran, Outputs), Failure> {
        let folder = self.private.join(format!("outputs{}", ready.slot));
        let io = |error: std::io::Error| Failure::Failed(format!("{}: {error}", folder.display()));
        fs::create_dir_all(&folder).map_err(io)?;
        let result = self
            .call(key, ready, Some(folder.clone()))
            .and_then(|ran| Ok((read_outputs(state, &ran, &folder)?, ran)));
        // What is left behind goes with the private folder at the end.
        let _ = fs::remove_dir_all(&folder);
        result.map(|(outputs, ran)| (ran, outputs))
    }

    /// One call; outputs go to a folder or are dropped.
    pub(crate) fn call(
        &mut self,
        key: &WorkerKey,
        ready: &Ready,
        outputs: Option<PathBuf>,
    ) -> Result<Ran, Failure> {
        let limit = self.options.limits.call;
        match self.pool.ask(key, Ask::Run { slot: ready.slot, outputs }, limit)? {
            Reply::Ran(ran) => Ok(ran),
            other => Err(unexpected(&other)),
        }
    }

    /// Lets a worker forget a slot. A worker that cannot is replaced when it is next asked.
    pub(crate) fn release(&mut self, key: &WorkerKey, ready: &Ready) {
        if self.pool.incarnation(key) == ready.incarnation && self.pool.runs(key) {
            let limit = self.options.limits.prepare;
            let _ = self.pool.ask(key, Ask::Release { slot: ready.slot }, limit);
        }
    }
}

fn unexpected(reply: &Reply) -> Failure {
    let kind = match reply {
        Reply::Described { .. } => "described",
        Reply::Passport { .. } => "passport",
        Reply::Prepared { .. } => "prepared",
        Reply::Ran(_) => "ran",
        Reply::Released => "released",
        Reply::Refused { .. } => "refused",
    };
    Failure::Failed(format!("its worker answered `{kind}` to another request"))
}

fn read_outputs(state: &CaseState<'_>, ran: &Ran, folder: &Path) -> Result<Outputs, Failure> {
    let promised = state.signature.outputs();
    if let Some(extra) = ran.outputs.iter().find(|&got| !promised.iter().any(|(n, _)| n == got)) {
        return Err(Failure::Failed(format!("output `{extra}` is none of the kernel's")));
    }
    let mut outputs = Outputs::new();
    for (name, kind) in promised {
        if !ran.outputs.contains(&name) {
            continue;
        }
        let failed = |reason: String| Failure::Failed(format!("output `{name}`: {reason}"));
        let path = folder.join(format!("{name}.npy"));
        let bytes = fs::metadata(&path).map_err(|error| failed(error.to_string()))?.len();
        let most = state.planned.bytes.saturating_add(HEADER_BYTES);
        if bytes > most {
            return Err(failed(format!("its file has {bytes} bytes, expected at most {most}")));
        }
        let dtype = match kind {
            ParamKind::Scalar(dtype) | ParamKind::Array { dtype, .. } => dtype,
        };
        let value = npy::read(&path, dtype).map_err(|error| failed(error.to_string()))?;
        outputs.push((name, value));
    }
    Ok(canonical(&state.planned.subject.kernel.definition, outputs))
}
