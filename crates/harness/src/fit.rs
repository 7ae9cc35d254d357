//! Whether a case fits: into the type of an instance, and into this machine's memory.
//!
//! A size may lie beyond the type of one instance and not of another. It is left out for the first
//! and run for the second; refused is what fits none of the instances asked for, and what was asked
//! of an instance by its name.

use crossover_contract::{ArgumentError, Case};
use crossover_values::DType;

use crate::HarnessError;
use crate::cases::AskedCase;
use crate::plan::{PlannedCase, PlannedRow, Selection, Subject};

/// A case left out because the type of its instance cannot hold it; another instance has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Unfit {
    /// Stem of the kernel.
    pub kernel: String,
    /// The instance.
    pub dtype: DType,
    /// Name of the size.
    pub size: String,
    /// What cannot be held.
    pub reason: ArgumentError,
}

/// The cases of one kernel.
#[derive(Default)]
pub(crate) struct Fitting {
    /// Those that fit.
    pub(crate) cases: Vec<PlannedCase>,
    /// Those left out.
    pub(crate) unfit: Vec<Unfit>,
}

/// Plans the cases of a kernel that fit; `asked` gives those of an instance with their rows.
///
/// # Errors
/// What `asked` refuses; a case that fits no instance, or not the one named; too little memory.
pub(crate) fn fitting(
    subject: &Subject,
    selection: &Selection,
    available: Option<u64>,
    asked: impl Fn(DType) -> Result<Vec<(AskedCase, Vec<PlannedRow>)>, HarnessError>,
) -> Result<Fitting, HarnessError> {
    let mut fitting = Fitting::default();
    for instance in &subject.kernel.definition.instances {
        let dtype = instance.dtype;
        let named = selection.dtypes.contains(&dtype);
        if !selection.dtypes.is_empty() && !named {
            continue;
        }
        for (AskedCase { case, pictures, .. }, rows) in asked(dtype)? {
            match bytes(subject, dtype, &case, available) {
                Ok(bytes) => {
                    let subject = subject.clone();
                    let case = PlannedCase { subject, dtype, case, bytes, pictures, rows };
                    fitting.cases.push(case);
                }
                Err(HarnessError::Arguments { kernel, size, source: reason })
                    if !named && matches!(reason, ArgumentError::Value { .. }) =>
                {
                    fitting.unfit.push(Unfit { kernel, dtype, size, reason });
                }
                Err(error) => return Err(error),
            }
        }
    }
    let fits = |unfit: &&Unfit| fitting.cases.iter().any(|case| case.case.size == unfit.size);
    match fitting.unfit.iter().find(|unfit| !fits(unfit)).cloned() {
        Some(Unfit { kernel, size, reason: source, .. }) => {
            Err(HarnessError::Arguments { kernel, size, source })
        }
        None => Ok(fitting),
    }
}

/// Sets of arguments that live at once: the harness's, the worker's, the one of the call, and the
/// outputs that come back.
const COPIES: u64 = 4;

fn bytes(
    subject: &Subject,
    dtype: DType,
    case: &Case,
    available: Option<u64>,
) -> Result<u64, HarnessError> {
    let kernel = || subject.kernel.stem.clone();
    let signature = subject.signatures.get(&dtype);
    let signature =
        signature.ok_or_else(|| HarnessError::NoSignature { kernel: kernel(), dtype })?;
    let definition = &subject.kernel.definition;
    let checked = definition.check_scalars(signature, case);
    let bytes = checked.and_then(|()| definition.argument_bytes(signature, case));
    let bytes = bytes.map_err(|source| HarnessError::Arguments {
        kernel: kernel(),
        size: case.size.clone(),
        source,
    })?;
    let needed = bytes.saturating_mul(COPIES);
    match available {
        Some(available) if needed > available => Err(HarnessError::Memory {
            kernel: kernel(),
            size: case.size.clone(),
            arguments: bytes,
            needed,
            available,
        }),
        Some(_) | None => Ok(bytes),
    }
}
