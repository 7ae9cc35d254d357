//! Definite assignment: which names have a value on every path to here (rule 3).

use std::collections::BTreeSet;

use crate::typed::LocalId;

/// Names assigned on every path to a place; `None` where no path leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flow(Option<BTreeSet<LocalId>>);

impl Flow {
    /// The start of a function.
    pub(super) fn start() -> Flow {
        Flow(Some(BTreeSet::new()))
    }

    /// A place that no path leads to.
    pub(super) fn unreachable() -> Flow {
        Flow(None)
    }

    /// Whether a path leads here.
    pub(super) fn is_reachable(&self) -> bool {
        self.0.is_some()
    }

    /// A name gets a value.
    pub(super) fn assign(&mut self, local: LocalId) {
        if let Some(assigned) = &mut self.0 {
            assigned.insert(local);
        }
    }

    /// Whether a name surely has a value.
    pub(super) fn has(&self, local: LocalId) -> bool {
        self.0.as_ref().is_none_or(|assigned| assigned.contains(&local))
    }

    /// Where two paths meet.
    pub(super) fn join(self, other: Flow) -> Flow {
        match (self.0, other.0) {
            (None, other) => Flow(other),
            (this, None) => Flow(this),
            (Some(this), Some(other)) => Flow(Some(this.intersection(&other).copied().collect())),
        }
    }
}
