//! The running workers of a run, by what they are for. One that ends is replaced when it is next
//! needed, so that what ended it costs one row.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use crossover_contract::Failure;
use crossover_record::{Canary, WorkerUse};

use crate::process::{Broken, CURE, WorkerCommand, WorkerKey, WorkerProcess};
use crate::protocol::{Ask, PROTOCOL, Reply};
use crate::{Adapters, HarnessError, Observer, TableLine};

/// Makes the command of a worker.
pub type Commands<'a> = &'a dyn Fn(&WorkerKey) -> WorkerCommand;

/// Processes started for one key are told apart by a number that never repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Incarnation(u32);

pub(crate) struct Pool<'a> {
    commands: Commands<'a>,
    private: &'a Path,
    threads: usize,
    workers: BTreeMap<WorkerKey, WorkerProcess>,
    uses: BTreeMap<WorkerKey, WorkerUse>,
}

/// Canaries by backend and slug of the adapter.
pub type Passports = BTreeMap<(String, String), Vec<Canary>>;

impl<'a> Pool<'a> {
    pub(crate) fn new(commands: Commands<'a>, private: &'a Path, threads: usize) -> Pool<'a> {
        let (workers, uses) = (BTreeMap::new(), BTreeMap::new());
        Pool { commands, private, threads, workers, uses }
    }

    /// Asks the worker of `key`, starting it if none runs. Whatever ends the worker is a failure of
    /// this request alone.
    pub(crate) fn ask(
        &mut self,
        key: &WorkerKey,
        ask: Ask,
        limit: Duration,
    ) -> Result<Reply, Failure> {
        let worker = self.worker(key).map_err(|error| Failure::Failed(error.to_string()))?;
        let by_option = matches!(ask, Ask::Prepare(_) | Ask::Run { .. });
        let reply = worker.ask(ask, limit);
        let peak = worker.peak_memory_bytes;
        if let Some(usage) = self.uses.get_mut(key) {
            usage.peak_memory_bytes = usage.peak_memory_bytes.max(peak);
        }
        match reply {
            Ok(Err(Failure::Lost(reason))) => {
                self.workers.remove(key);
                Err(Failure::Lost(reason))
            }
            Ok(reply) => reply,
            Err(broken) => {
                self.workers.remove(key);
                let silent = matches!(broken, Broken::Silent { .. });
                let cure = if silent && by_option { format!("; {CURE}") } else { String::new() };
                Err(Failure::Failed(format!("{broken}{cure}")))
            }
        }
    }

    /// The canaries of the key's adapter.
    pub(crate) fn passport(&mut self, key: &WorkerKey, limit: Duration) -> Vec<Canary> {
        let adapter = key.adapter.clone().unwrap_or_default();
        let ask = Ask::Passport { backend: key.backend.clone(), adapter };
        let canaries = match self.ask(key, ask, limit) {
            Ok(Reply::Passport { canaries }) => canaries,
            Ok(_) => vec![("passport".to_owned(), "answered something else".to_owned())],
            Err(failure) => vec![("passport".to_owned(), failure.to_string())],
        };
        canaries.into_iter().map(|(name, result)| Canary { name, result }).collect()
    }

    /// Which process serves the key now, if one does.
    pub(crate) fn incarnation(&self, key: &WorkerKey) -> Option<Incarnation> {
        self.workers.get(key)?;
        self.uses.get(key).map(|usage| Incarnation(usage.processes))
    }

    /// Whether a process serves the key now.
    pub(crate) fn runs(&self, key: &WorkerKey) -> bool {
        self.workers.contains_key(key)
    }

    /// Ends every worker; tells what each used and what it printed that was no response.
    pub(crate) fn end(mut self, observer: &mut dyn Observer) -> Vec<WorkerUse> {
        for (key, worker) in &self.workers {
            let stray = worker.stray();
            if !stray.is_empty() {
                let WorkerKey { backend, variant, .. } = key;
                observer.note(&format!("{backend} {variant}: its worker printed: {stray}"));
            }
        }
        std::mem::take(&mut self.uses).into_values().collect()
    }

    fn worker(&mut self, key: &WorkerKey) -> Result<&mut WorkerProcess, HarnessError> {
        if !self.workers.contains_key(key) {
            let command = (self.commands)(key);
            let worker = WorkerProcess::start(&command, self.private, self.threads)?;
            let usage = self.uses.entry(key.clone()).or_insert_with(|| WorkerUse {
                backend: key.backend.clone(),
                variant: key.variant.clone(),
                adapter: key.adapter.clone(),
                peak_memory_bytes: None,
                processes: 0,
            });
            usage.processes += 1;
            self.workers.insert(key.clone(), worker);
        }
        Ok(self.workers.get_mut(key).expect("it was there or has just been inserted"))
    }
}

impl Drop for Pool<'_> {
    /// All workers are told to leave before any is waited for.
    fn drop(&mut self) {
        self.workers.values_mut().for_each(WorkerProcess::close);
    }
}

/// Lists the adapters of every backend in workers of their own, since listing them loads drivers,
/// and a driver may end the process.
///
/// # Errors
/// [`HarnessError::Io`] if there is no place for temporary files. A backend whose listing fails is
/// an entry with its reason.
pub fn list_adapters(
    table: &[TableLine<'_>],
    commands: Commands<'_>,
    limit: Duration,
) -> Result<Adapters, HarnessError> {
    let private = private_folder()?;
    let mut pool = Pool::new(commands, private.path(), 1);
    let mut adapters = Adapters::new();
    for line in table {
        let backend = line.backend.name().to_owned();
        let key = WorkerKey { backend: backend.clone(), variant: String::new(), adapter: None };
        let listed = match pool.ask(&key, Ask::Describe { backend: backend.clone() }, limit) {
            Ok(Reply::Described { protocol, adapters }) if protocol == PROTOCOL => Ok(adapters),
            Ok(Reply::Described { protocol, .. }) => Err(Failure::Failed(format!(
                "its worker speaks `{protocol}`, this version `{PROTOCOL}`"
            ))),
            Ok(_) => Err(Failure::Failed("its worker answered something else".to_owned())),
            Err(failure) => Err(failure),
        };
        adapters.insert(backend, listed);
    }
    Ok(adapters)
}

/// The canaries of every adapter that was listed, by backend and slug; each runs in a worker of its
/// own. An adapter that cannot be opened has one line that says why.
///
/// # Errors
/// [`HarnessError::Io`] if there is no place for temporary files.
pub fn list_passports(
    adapters: &Adapters,
    commands: Commands<'_>,
    limit: Duration,
) -> Result<Passports, HarnessError> {
    let private = private_folder()?;
    let mut pool = Pool::new(commands, private.path(), 1);
    let mut passports = Passports::new();
    for (backend, cards) in adapters {
        for card in cards.iter().flatten() {
            let (backend, slug) = (backend.clone(), card.slug.clone());
            let (variant, adapter) = (String::new(), Some(slug.clone()));
            let key = WorkerKey { backend: backend.clone(), variant, adapter };
            passports.insert((backend, slug), pool.passport(&key, limit));
        }
    }
    Ok(passports)
}

/// A folder that only this user can read, gone when dropped.
pub(crate) fn private_folder() -> Result<tempfile::TempDir, HarnessError> {
    tempfile::Builder::new().prefix("crossover-").tempdir().map_err(|source| HarnessError::Io {
        action: "cannot make a folder in",
        path: std::env::temp_dir(),
        source,
    })
}
