//! From a selection to rows: which kernel, instance, size, backend, variant and adapter.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crossover_contract::{Backend, Case, Failure, Kernel, Setting, Variant};
use crossover_values::{DType, Signature};

use crate::cases::{AskedCase, Lacking, Pictures, cases, check_sweeps};
use crate::fit::{Unfit, fitting};
use crate::protocol::{AdapterCard, KernelSpec};
use crate::sweep::MAX_CASES;
use crate::{HarnessError, Sweep};

/// A kernel with all that the harness cannot find out itself.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The kernel.
    pub kernel: Arc<Kernel>,
    /// How workers find it.
    pub spec: KernelSpec,
    /// Signature of each instance's entry.
    pub signatures: BTreeMap<DType, Signature>,
}

/// One line of the caller's table of backends.
#[derive(Clone, Copy)]
pub struct TableLine<'a> {
    /// The backend.
    pub backend: &'a dyn Backend,
    /// What its results count for.
    pub duty: Duty<'a>,
}

/// What the results of a backend count for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty<'a> {
    /// They are compared.
    Compared,
    /// Those of this variant are the truth.
    Reference(&'a str),
    /// Those of this variant take the reference's place where that one would take too long, once
    /// they were found bit-equal at a smaller size.
    StandIn(&'a str),
}

/// What to run. Empty lists select everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// Instances.
    pub dtypes: Vec<DType>,
    /// Names of sizes that every kernel must have.
    pub sizes: Vec<String>,
    /// Sizes where none are named; a kernel without any of them runs its first.
    pub default_sizes: Vec<String>,
    /// Parameters set by hand, on top of the first size.
    pub set: BTreeMap<String, Setting>,
    /// Parameters swept, on top of the sizes named, or of the first default size; several make
    /// the product.
    pub sweeps: Vec<Sweep>,
    /// Seed instead of the kernels' own.
    pub seed: Option<u64>,
    /// Backends.
    pub backends: Vec<String>,
    /// Variants.
    pub variants: Vec<String>,
    /// Slugs of adapters; overrides `adapter_choice`.
    pub adapters: Vec<String>,
    /// Which adapters where none are named.
    pub adapter_choice: AdapterChoice,
    /// Threads for threaded variants, at least 1.
    pub threads: usize,
}

/// Which of a backend's adapters take part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AdapterChoice {
    /// All of them.
    #[default]
    All,
    /// Hardware, or else the first software one.
    Preferred,
}

/// Adapters of each backend by name, or why they cannot be listed.
pub type Adapters = BTreeMap<String, Result<Vec<AdapterCard>, Failure>>;

/// What will be run.
#[derive(Debug, Default)]
pub struct Plan {
    /// The cases, in the order in which they run.
    pub cases: Vec<PlannedCase>,
    /// Kernels that were left out because they lack a swept parameter, by parameter.
    pub lacking: BTreeMap<String, Vec<String>>,
    /// Cases that were left out because the type of their instance cannot hold them.
    pub unfit: Vec<Unfit>,
}

/// One kernel instance at one size, and the rows that share its inputs and its reference.
#[derive(Debug)]
pub struct PlannedCase {
    /// The kernel.
    pub subject: Subject,
    /// Instance.
    pub dtype: DType,
    /// Parameters and seed.
    pub case: Case,
    /// Bytes of one set of arguments.
    pub bytes: u64,
    /// Which of its pictures a record carries.
    pub pictures: Pictures,
    /// Rows in the order in which they are shown.
    pub rows: Vec<PlannedRow>,
}

/// One row before it ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedRow {
    /// Backend.
    pub backend: String,
    /// Variant.
    pub variant: Variant,
    /// Slug of the adapter, for backends that have some.
    pub adapter: Option<String>,
    /// Threads it uses.
    pub threads: usize,
    /// Why it cannot run, where that is known before.
    pub refused: Option<Failure>,
}

impl Plan {
    /// Number of rows.
    pub fn row_count(&self) -> usize {
        self.cases.iter().map(|case| case.rows.len()).sum()
    }
}

/// The known name nearest to `name`, if it is near enough to have been meant.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known.into_iter().map(|other| (strsim::jaro_winkler(name, other), other));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= 0.75).then_some(best.1)
}

/// Refuses a name that is not among the known ones.
///
/// # Errors
/// [`HarnessError::Unknown`] with the nearest name.
pub fn require_known<'a>(
    what: &'static str,
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Result<(), HarnessError> {
    let known: Vec<&str> = known.into_iter().collect();
    if known.contains(&name) {
        return Ok(());
    }
    Err(HarnessError::Unknown {
        what,
        name: name.to_owned(),
        nearest: nearest(name, known.iter().copied()).map(str::to_owned),
        known: known.into_iter().map(str::to_owned).collect(),
    })
}

/// Makes the plan of a selection.
///
/// # Errors
/// Names that are unknown, cases that are refused, cases too many, or too large for
/// `available_bytes` of memory (not checked if `None`), a selection that leaves nothing.
pub fn plan(
    subjects: &[Subject],
    table: &[TableLine<'_>],
    adapters: &Adapters,
    selection: &Selection,
    available_bytes: Option<u64>,
) -> Result<Plan, HarnessError> {
    check_names(subjects, table, adapters, selection)?;
    let lacking = check_sweeps(subjects, selection)?;
    let swept = subjects.iter().filter(|subject| !lacks(&lacking, subject));
    let mut plan = Plan::default();
    for subject in swept {
        let asked = |dtype| cases_of(subject, dtype, table, adapters, selection);
        let fitting = fitting(subject, selection, available_bytes, asked)?;
        plan.cases.extend(fitting.cases);
        plan.unfit.extend(fitting.unfit);
    }
    let count = plan.cases.len();
    if !selection.sweeps.is_empty() && count > MAX_CASES {
        let kernel = "the selection".to_owned();
        return Err(HarnessError::TooManyCases { kernel, count, limit: MAX_CASES });
    }
    plan.lacking = lacking;
    if plan.cases.is_empty() {
        let asked = [&selection.backends, &selection.variants, &selection.adapters];
        let asked: Vec<String> = asked.into_iter().flatten().cloned().collect();
        return Err(HarnessError::Empty(asked.join(", ")));
    }
    Ok(plan)
}

/// The cases of one instance that have rows, in the order asked for.
fn cases_of(
    subject: &Subject,
    dtype: DType,
    table: &[TableLine<'_>],
    adapters: &Adapters,
    selection: &Selection,
) -> Result<Vec<(AskedCase, Vec<PlannedRow>)>, HarnessError> {
    let with_rows = |asked: AskedCase| {
        let rows = rows(subject, dtype, table, adapters, selection, &asked);
        (!rows.is_empty()).then_some((asked, rows))
    };
    Ok(cases(subject, selection)?.into_iter().filter_map(with_rows).collect())
}

fn lacks(lacking: &Lacking, subject: &Subject) -> bool {
    lacking.values().flatten().any(|stem| *stem == subject.kernel.stem)
}

fn check_names(
    subjects: &[Subject],
    table: &[TableLine<'_>],
    adapters: &Adapters,
    selection: &Selection,
) -> Result<(), HarnessError> {
    let names = || table.iter().map(|line| line.backend.name());
    for backend in &selection.backends {
        require_known("backend", backend, names())?;
    }
    let dtypes: BTreeSet<DType> = subjects
        .iter()
        .flat_map(|subject| subject.kernel.definition.instances.iter())
        .map(|instance| instance.dtype)
        .collect();
    for dtype in &selection.dtypes {
        require_known("dtype", dtype.name(), dtypes.iter().map(|dtype| dtype.name()))?;
    }
    let chosen = table.iter().filter(|line| wanted(&selection.backends, line.backend.name()));
    let mut variants = Vec::new();
    for line in chosen {
        for subject in subjects {
            for instance in &subject.kernel.definition.instances {
                for variant in line.backend.variants(&subject.kernel, instance.dtype) {
                    if !variants.contains(&variant.name) {
                        variants.push(variant.name);
                    }
                }
            }
        }
    }
    for variant in &selection.variants {
        require_known("variant", variant, variants.iter().map(String::as_str))?;
    }
    // Where a backend cannot list its adapters, the name may be right: its row says why.
    if adapters.values().all(Result::is_ok) {
        let slugs = adapters.values().flatten().flatten().map(|card| card.slug.as_str());
        let slugs: Vec<&str> = slugs.collect();
        for adapter in &selection.adapters {
            require_known("adapter", adapter, slugs.iter().copied())?;
        }
    }
    Ok(())
}

fn wanted(filter: &[String], name: &str) -> bool {
    filter.is_empty() || filter.iter().any(|wanted| wanted == name)
}

fn rows(
    subject: &Subject,
    dtype: DType,
    table: &[TableLine<'_>],
    adapters: &Adapters,
    selection: &Selection,
    asked: &AskedCase,
) -> Vec<PlannedRow> {
    let mut rows = Vec::new();
    for line in table.iter().filter(|line| wanted(&selection.backends, line.backend.name())) {
        let backend = line.backend.name();
        for variant in line.backend.variants(&subject.kernel, dtype) {
            let in_case = variant.threaded || asked.unthreaded;
            if !in_case || !wanted(&selection.variants, &variant.name) {
                continue;
            }
            let threads = if variant.threaded { asked.threads } else { 1 };
            for (adapter, refused) in places(adapters.get(backend), selection) {
                let (backend, variant) = (backend.to_owned(), variant.clone());
                rows.push(PlannedRow { backend, variant, adapter, threads, refused });
            }
        }
    }
    rows
}

/// Where a backend's rows run: adapter, or why not.
fn places(
    listed: Option<&Result<Vec<AdapterCard>, Failure>>,
    selection: &Selection,
) -> Vec<(Option<String>, Option<Failure>)> {
    match listed {
        None => vec![(None, None)],
        Some(Err(reason)) if selection.adapters.is_empty() => vec![(None, Some(reason.clone()))],
        Some(Err(reason)) => {
            let asked = selection.adapters.iter();
            asked.map(|slug| (Some(slug.clone()), Some(reason.clone()))).collect()
        }
        Some(Ok(cards)) if cards.is_empty() => vec![(None, None)],
        Some(Ok(cards)) => {
            chosen(cards, selection).map(|card| (Some(card.slug.clone()), None)).collect()
        }
    }
}

fn chosen<'a>(
    cards: &'a [AdapterCard],
    selection: &'a Selection,
) -> impl Iterator<Item = &'a AdapterCard> {
    let hardware = cards.iter().any(|card| !card.software);
    let fits = move |(position, card): &(usize, &AdapterCard)| {
        if !selection.adapters.is_empty() {
            return selection.adapters.contains(&card.slug);
        }
        match selection.adapter_choice {
            AdapterChoice::All => true,
            AdapterChoice::Preferred if hardware => !card.software,
            AdapterChoice::Preferred => *position == 0,
        }
    };
    cards.iter().enumerate().filter(fits).map(|(_, card)| card)
}
