//! The cases of a selection: sizes, parameters set by hand, sweeps; each refused before any work
//! starts if it cannot be.

use std::collections::BTreeMap;

use crossover_contract::{CUSTOM_SIZE, Case, CaseError, CaseRequest, Kernel, Setting};
use crossover_record::size_name;

use crate::plan::{Selection, Subject, require_known};
use crate::sweep::{MAX_CASES, THREADS};
use crate::{HarnessError, Sweep};

/// Most threads that can be asked for.
pub const MAX_THREADS: u32 = 1024;

/// A case of a kernel with what is asked of its rows.
#[derive(Clone, Debug)]
pub(crate) struct AskedCase {
    pub(crate) case: Case,
    /// Threads of threaded variants.
    pub(crate) threads: usize,
    /// Whether variants without threads take part: they do so at the first number of threads only.
    pub(crate) unthreaded: bool,
    /// Which of its pictures a record carries.
    pub(crate) pictures: Pictures,
}

/// Which pictures of a case a record carries: a long sweep would fill it with images of one thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pictures {
    /// All: of a named size, and at the ends of a sweep.
    #[default]
    All,
    /// Those of wrong answers alone: between the ends of a sweep.
    Wrong,
}

/// Kernels without a swept parameter, by parameter.
pub(crate) type Lacking = BTreeMap<String, Vec<String>>;

/// Tells which kernels cannot be swept.
///
/// # Errors
/// A sweep of what is no parameter of any kernel, of the seed, of something swept or set twice.
pub(crate) fn check_sweeps(
    subjects: &[Subject],
    selection: &Selection,
) -> Result<Lacking, HarnessError> {
    let mut lacking = Lacking::new();
    for (position, sweep) in selection.sweeps.iter().enumerate() {
        let name = &sweep.name;
        let refused = |reason: &str| {
            Err(HarnessError::Sweep { name: name.clone(), reason: reason.to_owned() })
        };
        if name == "seed" {
            return refused("the seed is no axis; set it by --seed");
        }
        if selection.sweeps[..position].iter().any(|earlier| earlier.name == *name) {
            return refused("it is swept twice; write one sweep with all its values");
        }
        if selection.set.contains_key(name) {
            return refused("it is set to one value too");
        }
        if name == THREADS {
            continue;
        }
        let parameters =
            subjects.iter().flat_map(|subject| subject.kernel.definition.parameters.keys());
        let known: std::collections::BTreeSet<&str> = parameters.map(String::as_str).collect();
        require_known("parameter", name, known.into_iter().chain([THREADS]))?;
        let without = subjects.iter().filter(|subject| !has(&subject.kernel, name));
        let without: Vec<String> = without.map(|subject| subject.kernel.stem.clone()).collect();
        if !without.is_empty() {
            lacking.insert(name.clone(), without);
        }
    }
    Ok(lacking)
}

fn has(kernel: &Kernel, parameter: &str) -> bool {
    kernel.definition.parameters.contains_key(parameter)
}

/// The cases of a kernel in the order asked for; of several sweeps the last turns fastest.
///
/// # Errors
/// A size that is not known, too many cases, values that the kernel refuses.
pub(crate) fn cases(
    subject: &Subject,
    selection: &Selection,
) -> Result<Vec<AskedCase>, HarnessError> {
    let kernel = &*subject.kernel;
    let sizes = sizes(kernel, selection)?;
    let points: Vec<(&str, Vec<Setting>)> = selection
        .sweeps
        .iter()
        .map(|sweep| (sweep.name.as_str(), settings(kernel, sweep)))
        .collect();
    let lengths = points.iter().map(|(_, points)| points.len());
    let count = lengths.fold(sizes.len(), usize::saturating_mul);
    if count > MAX_CASES {
        let kernel = kernel.stem.clone();
        return Err(HarnessError::TooManyCases { kernel, count, limit: MAX_CASES });
    }
    let first_threads = points.iter().find(|(name, _)| *name == THREADS).map(|(_, all)| &all[0]);
    let mut cases = Vec::new();
    let combinations = product(&points);
    for size in &sizes {
        for (at, combination) in combinations.iter().enumerate() {
            let mut case = one(kernel, size, combination, selection, first_threads)?;
            let end = at == 0 || at + 1 == combinations.len();
            case.pictures = if end { Pictures::All } else { Pictures::Wrong };
            cases.push(case);
        }
    }
    Ok(cases)
}

/// Names of the sizes that cases begin from.
fn sizes(kernel: &Kernel, selection: &Selection) -> Result<Vec<String>, HarnessError> {
    let known = &kernel.definition.sizes;
    // `custom` names what `--set` makes; the parameters not set come from another size.
    let is_base = |size: &&str| selection.set.is_empty() || *size != CUSTOM_SIZE;
    let sizes = selection.sizes.iter().map(String::as_str).filter(is_base);
    let mut sizes: Vec<&str> = sizes.collect();
    let named = !sizes.is_empty();
    if !named {
        let defaults = selection.default_sizes.iter().map(String::as_str);
        let there: Vec<&str> = defaults.filter(|size| known.contains_key(*size)).collect();
        let first = known.keys().next().map(String::as_str);
        sizes = if there.is_empty() { first.into_iter().collect() } else { there };
    }
    if !selection.set.is_empty() || (!selection.sweeps.is_empty() && !named) {
        sizes.truncate(1);
    }
    for size in &sizes {
        require_known("size", size, known.keys().map(String::as_str))?;
    }
    Ok(sizes.into_iter().map(str::to_owned).collect())
}

/// The values of a sweep for a kernel.
fn settings(kernel: &Kernel, sweep: &Sweep) -> Vec<Setting> {
    let parameter = kernel.definition.parameters.get(&sweep.name);
    sweep.points.settings(parameter.is_none_or(|parameter| !parameter.real))
}

/// Every combination of values, the last parameter turning fastest.
fn product<'p>(points: &'p [(&'p str, Vec<Setting>)]) -> Vec<Vec<(&'p str, &'p Setting)>> {
    let mut combinations = vec![Vec::new()];
    for (name, settings) in points {
        let longer = |start: &Vec<(&'p str, &'p Setting)>| {
            let start = start.clone();
            settings.iter().map(move |setting| {
                let mut combination = start.clone();
                combination.push((*name, setting));
                combination
            })
        };
        combinations = combinations.iter().flat_map(longer).collect();
    }
    combinations
}

fn one(
    kernel: &Kernel,
    size: &str,
    combination: &[(&str, &Setting)],
    selection: &Selection,
    first_threads: Option<&Setting>,
) -> Result<AskedCase, HarnessError> {
    let refused = |source| HarnessError::Case { kernel: kernel.stem.clone(), source };
    let mut set = selection.set.clone();
    let mut threads = None;
    for (name, setting) in combination {
        if *name == THREADS {
            threads = Some((*setting, thread_count(setting).map_err(refused)?));
        } else {
            set.insert((*name).to_owned(), (*setting).clone());
        }
    }
    // A kernel without random inputs keeps its seed, and with it its known answers.
    let seed = selection.seed.filter(|_| kernel.definition.uses_seed());
    let request = CaseRequest { size: size.to_owned(), set, seed };
    let mut case = kernel.definition.case(&request).map_err(refused)?;
    if !combination.is_empty() {
        let base = if selection.set.is_empty() { size } else { CUSTOM_SIZE };
        let text = |(name, setting): &(&str, &Setting)| {
            let parameter = kernel.definition.parameters.get(*name);
            let number = case.parameters.get(*name).copied();
            let value = parameter.zip(number).map(|(parameter, number)| parameter.text(number));
            ((*name).to_owned(), value.unwrap_or_else(|| setting.to_string()))
        };
        let swept: Vec<(String, String)> = combination.iter().map(text).collect();
        case.size = size_name(base, &swept);
    }
    Ok(AskedCase {
        case,
        threads: threads.map_or(selection.threads.max(1), |(_, threads)| threads),
        unthreaded: threads.is_none_or(|(setting, _)| Some(setting) == first_threads),
        pictures: Pictures::All,
    })
}

/// A number of threads.
fn thread_count(setting: &Setting) -> Result<usize, CaseError> {
    let (name, doc) = (THREADS.to_owned(), "threads of threaded variants".to_owned());
    match setting {
        Setting::Name(given) => {
            let (given, known) = (given.clone(), "a number".to_owned());
            Err(CaseError::Choice { name, given, known, doc })
        }
        Setting::Number(value) if !(1.0..=f64::from(MAX_THREADS)).contains(value) => {
            let (value, max) = (*value, f64::from(MAX_THREADS));
            Err(CaseError::Range { name, value, min: 1.0, max, doc })
        }
        Setting::Number(value) if value.fract() != 0.0 => {
            Err(CaseError::Fraction { name, value: *value, doc })
        }
        Setting::Number(value) => Ok(*value as usize),
    }
}
