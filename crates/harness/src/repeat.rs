//! Repeated calls: the class of determinism that a kernel declares, put to the test.
//!
//! A variant that has to be bit-equal to the reference has shown with its first comparison that it
//! does not depend on threads or tiles; for it one more call is enough. A bounded variant of class
//! *same* is called with another number of threads too.

use std::time::Duration;

use crossover_contract::{DeterminismClass, Failure};
use crossover_record::{Repetition, Status};

use crate::plan::PlannedCase;
use crate::process::WorkerKey;
use crate::protocol::Ran;
use crate::rows::LiveRow;
use crate::session::{CaseState, Ready, Session};
use crate::verify::{Outputs, digest};

/// A row whose first call took longer is not repeated.
const REPEATED_BELOW: Duration = Duration::from_secs(2);

impl Session<'_> {
    /// Calls a verified row again and compares what it gives with what the first call gave.
    pub(crate) fn repeat(
        &mut self,
        state: &CaseState<'_>,
        live: &mut LiveRow,
        key: &WorkerKey,
        ready: &Ready,
        first: &Ran,
    ) -> Result<(), Failure> {
        if live.row.status != Status::Verified {
            return Ok(());
        }
        let PlannedCase { subject, rows, .. } = state.planned;
        let class = subject.kernel.definition.determinism.of(&key.backend, &key.variant);
        let planned = &rows[live.planned];
        let mut repetition = Repetition {
            class: class.name().to_owned(),
            calls: 1,
            threads: vec![planned.threads],
            equal: true,
        };
        if Duration::from_nanos(first.wall_ns) <= REPEATED_BELOW {
            let (_, again) = self.call_whole(state, key, ready)?;
            self.compare(state, live, &again, class, &mut repetition)?;
            let bounded = live.row.proof.as_ref().is_some_and(|proof| !proof.exact);
            if planned.variant.threaded && bounded && class == DeterminismClass::Same {
                let threads = if planned.threads == 1 { 2 } else { 1 };
                let spec = subject.spec.clone();
                let other = self.prepare(state, &spec, key, threads, &state.files)?;
                let (_, again) = self.call_whole(state, key, &other)?;
                self.release(key, &other);
                repetition.threads.push(threads);
                self.compare(state, live, &again, class, &mut repetition)?;
            }
        }
        live.row.repetition = Some(repetition);
        Ok(())
    }

    fn compare(
        &mut self,
        state: &CaseState<'_>,
        live: &mut LiveRow,
        again: &Outputs,
        class: DeterminismClass,
        repetition: &mut Repetition,
    ) -> Result<(), Failure> {
        repetition.calls += 1;
        let proof = live.row.proof.as_ref();
        if proof.is_some_and(|proof| proof.digest == digest(again)) {
            return Ok(());
        }
        repetition.equal = false;
        let exact = proof.is_some_and(|proof| proof.exact);
        self.judge(state, live, again, exact)?;
        let row = &mut live.row;
        if row.status == Status::Wrong {
            row.reason = format!("call {}: {}", repetition.calls, row.reason);
        } else if class != DeterminismClass::Varies {
            row.status = Status::Wrong;
            row.reason = format!(
                "call {} gave other bits than the first; the kernel declares `{}` for this variant",
                repetition.calls,
                class.name()
            );
        }
        Ok(())
    }
}
