//! The truth of each case: the interpreter's outputs, or its stand-in's where it would take long.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use crossover_backends::{REFERENCE, STAND_IN};
use crossover_contract::{Backend, Case, Failure, Target};
use crossover_harness::verify::{Outputs, Verdict};
use crossover_harness::{Called, call_in_process, verify_in_process};
use crossover_values::DType;

use super::timing::work_ratio;
use super::{Line, SMALL};

/// Where the interpreter would take longer, the stand-in is the reference.
const LONGEST_REFERENCE: Duration = Duration::from_secs(5);

/// What a case is compared with.
pub(crate) struct Truth {
    /// The outputs.
    pub(crate) outputs: Outputs,
    /// Largest number of loop back edges of one invocation, if the interpreter ran.
    pub(crate) back_edges: Option<Vec<u64>>,
    wall: Duration,
}

/// References that were needed so far: each is run once.
pub(crate) struct References<'a> {
    interpreter: &'a dyn Backend,
    stand_in: &'a dyn Backend,
    found: BTreeMap<(String, DType, String), Result<Rc<Truth>, Failure>>,
}

impl<'a> References<'a> {
    pub(crate) fn new(all: &'a [Box<dyn Backend>]) -> References<'a> {
        let find = |(name, _): (&str, &str)| {
            all.iter().find(|b| b.name() == name).expect("a backend of the table").as_ref()
        };
        References {
            interpreter: find(REFERENCE),
            stand_in: find(STAND_IN),
            found: BTreeMap::new(),
        }
    }

    /// The truth of a case.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn get(&mut self, line: &Line<'_>, case: &Case) -> Result<Rc<Truth>, Failure> {
        let key = (line.kernel.stem.clone(), line.dtype, case.size.clone());
        if let Some(found) = self.found.get(&key) {
            return found.clone();
        }
        let found = self.find(line, case).map(Rc::new);
        self.found.insert(key, found.clone());
        found
    }

    fn find(&mut self, line: &Line<'_>, case: &Case) -> Result<Truth, Failure> {
        if case.size == SMALL {
            return truth(self.interpreter, &of(line, case, REFERENCE.1), line);
        }
        let small = line.case(SMALL).map_err(Failure::Failed)?;
        let proved = self.get(line, &small)?;
        let expected = proved.wall.mul_f64(work_ratio(line.kernel, &small, case));
        if expected <= LONGEST_REFERENCE {
            return truth(self.interpreter, &of(line, case, REFERENCE.1), line);
        }
        let target = of(line, &small, STAND_IN.1);
        let outputs = Some(&proved.outputs);
        let (verdict, _, _) = verify_in_process(self.stand_in, &target, line.signature, outputs)?;
        match verdict {
            Verdict::Verified(_) => truth(self.stand_in, &of(line, case, STAND_IN.1), line),
            Verdict::Wrong { reason, .. } => {
                let (backend, variant) = STAND_IN;
                let reason = format!("{backend} {variant} cannot stand in: {reason}");
                Err(Failure::Failed(reason))
            }
        }
    }
}

fn of<'a>(line: &Line<'a>, case: &'a Case, variant: &'a str) -> Target<'a> {
    Target { variant, adapter: None, threads: 1, ..line.target(case, None) }
}

fn truth(backend: &dyn Backend, target: &Target<'_>, line: &Line<'_>) -> Result<Truth, Failure> {
    let start = std::time::Instant::now();
    let called = call_in_process(backend, target, line.signature)?;
    let wall = start.elapsed();
    let Called { outputs, back_edges, .. } = called;
    Ok(Truth { outputs, back_edges, wall })
}
