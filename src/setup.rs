//! What `run` and `check` share: the table of backends, the workers' command, the plan.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crossover_backends::{REFERENCE, STAND_IN, backends};
use crossover_contract::Setting;
use crossover_contract::{Backend, Failure};
use crossover_harness::sweep::THREADS;
use crossover_harness::{
    AdapterChoice, Adapters, Duty, HarnessError, Limits, Plan, Selection, Subject, TableLine,
    Unfit, WorkerCommand, WorkerKey, list_adapters, machine, plan,
};
use crossover_record::Machine;
use crossover_values::DType;

use crate::cli;
use crate::error::CommandError;
use crate::{kernels, output, table};

/// Time for a worker to list the adapters of its backend.
pub(crate) const LISTING: Duration = Duration::from_secs(60);

/// The backends, in the order of their rows, with what their results count for.
pub(crate) struct Table {
    backends: Vec<Box<dyn Backend>>,
}

impl Table {
    /// Every backend.
    pub(crate) fn new() -> Table {
        Table { backends: backends() }
    }

    /// The lines of the table.
    pub(crate) fn lines(&self) -> Vec<TableLine<'_>> {
        let duty = |name: &str| match name {
            _ if name == REFERENCE.0 => Duty::Reference(REFERENCE.1),
            _ if name == STAND_IN.0 => Duty::StandIn(STAND_IN.1),
            _ => Duty::Compared,
        };
        let backends = self.backends.iter().map(AsRef::as_ref);
        backends.map(|backend| TableLine { backend, duty: duty(backend.name()) }).collect()
    }
}

/// How workers are started: this program again.
pub(crate) fn worker_command(_: &WorkerKey) -> WorkerCommand {
    WorkerCommand { program: this_program(), args: vec!["worker".to_owned()], env: Vec::new() }
}

/// The running program: on Linux the image itself, which stays what it is where a rebuild replaces
/// the file in mid-run; elsewhere, and without `/proc`, the file it was started from.
fn this_program() -> PathBuf {
    let image = Path::new("/proc/self/exe");
    if cfg!(target_os = "linux") && image.exists() {
        return image.to_owned();
    }
    std::env::current_exe().unwrap_or_else(|_| "crossover".into())
}

/// The adapters of the backends that are asked for.
///
/// # Errors
/// [`CommandError::Harness`].
pub(crate) fn adapters(
    lines: &[TableLine<'_>],
    wanted: &[String],
) -> Result<Adapters, CommandError> {
    let wanted: Vec<TableLine<'_>> = lines
        .iter()
        .copied()
        .filter(|line| wanted.is_empty() || wanted.iter().any(|name| name == line.backend.name()))
        .collect();
    Ok(list_adapters(&wanted, &worker_command, LISTING)?)
}

/// The plan of a selection on the command line.
///
/// # Errors
/// Everything that can be wrong with the selection.
pub(crate) fn make_plan(
    selection: &cli::Selection,
    lines: &[TableLine<'_>],
    adapters: &Adapters,
    default_sizes: &[&str],
    adapter_choice: AdapterChoice,
) -> Result<Plan, CommandError> {
    let subjects = kernels::subjects(&selection.kernels)?;
    let all = selection.kernels.is_empty();
    refuse_in_vain(selection, &subjects)?;
    let selection = Selection {
        dtypes: selection.dtype.clone(),
        sizes: distinct(&selection.size),
        default_sizes: default_sizes.iter().map(|size| (*size).to_owned()).collect(),
        set: selection.set.iter().cloned().collect::<BTreeMap<String, Setting>>(),
        sweeps: selection.sweep.clone(),
        seed: selection.seed,
        backends: selection.backend.clone(),
        variants: selection.variant.clone(),
        adapters: selection.adapter.clone(),
        adapter_choice,
        threads: threads(selection),
    };
    let plan = plan(&subjects, lines, adapters, &selection, machine::available_memory())?;
    for (name, kernels) in &plan.lacking {
        let reason = format!("{} has no such parameter", kernels.join(", "));
        if !all {
            return Err(HarnessError::Sweep { name: name.clone(), reason }.into());
        }
        output::say(&format!("left out of the sweep of `{name}`: {reason}"));
    }
    for line in left_out(&plan.unfit) {
        output::say(&line);
    }
    Ok(plan)
}

/// One line per instance that is left out of cases which others of its kernel have.
fn left_out(unfit: &[Unfit]) -> Vec<String> {
    let instances = table::distinct(unfit.iter().map(|case| (&case.kernel, case.dtype)));
    let line = |(kernel, dtype): (&String, DType)| {
        let own = unfit.iter().filter(|case| case.kernel == *kernel && case.dtype == dtype);
        let own: Vec<&Unfit> = own.collect();
        let more = match own.len() - 1 {
            0 => String::new(),
            more => format!(", and of {more} more"),
        };
        format!("left out: {kernel} {dtype} of {}{more}: {}", own[0].size, own[0].reason)
    };
    instances.into_iter().map(line).collect()
}

/// Refuses what would be asked for in vain: a seed of a kernel without random inputs, one number of
/// threads beside several.
fn refuse_in_vain(selection: &cli::Selection, subjects: &[Subject]) -> Result<(), HarnessError> {
    if selection.threads.is_some() && selection.sweep.iter().any(|sweep| sweep.name == THREADS) {
        let reason = "--threads sets it to one value too".to_owned();
        return Err(HarnessError::Sweep { name: THREADS.to_owned(), reason });
    }
    if selection.seed.is_none() || selection.kernels.is_empty() {
        return Ok(());
    }
    match subjects.iter().find(|subject| !subject.kernel.definition.uses_seed()) {
        Some(subject) => Err(HarnessError::Seed { kernel: subject.kernel.stem.clone() }),
        None => Ok(()),
    }
}

/// Names without those said before: a row is run, and counted, once.
pub(crate) fn distinct(names: &[String]) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for name in names {
        if !seen.contains(name) {
            seen.push(name.clone());
        }
    }
    seen
}

/// Threads of threaded variants.
pub(crate) fn threads(selection: &cli::Selection) -> usize {
    selection.threads.map_or_else(machine::cores, |threads| threads as usize)
}

/// Limits of time.
pub(crate) fn limits(selection: &cli::Selection) -> Limits {
    let limit = Duration::from_secs_f64(selection.time_limit);
    // Half of it for the reference, which has a stand-in: as in `Limits::default`.
    Limits { prepare: limit, call: limit, reference: limit / 2, expected: limit }
}

/// This machine.
pub(crate) fn this_machine() -> Machine {
    machine::describe(option_env!("CROSSOVER_RUSTC"))
}

/// Why a backend that lists adapters has none, if one has.
pub(crate) fn missing_adapters(adapters: &Adapters) -> Vec<String> {
    let missing = adapters.iter().filter_map(|(backend, listed)| match listed {
        Err(Failure::Unavailable(reason) | Failure::Failed(reason) | Failure::Lost(reason)) => {
            Some(format!("{backend}: {reason}"))
        }
        Ok(_) => None,
    });
    missing.collect()
}
