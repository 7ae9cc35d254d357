//! Definite assignment: which names have a value on every path to here (rule 3).

use crate::typed::LocalId;

/// Whether each name is assigned on every path to a place; `None` where no path leads. Names past
/// the end are not.
#[derive(Clone, Debug)]
pub(super) struct Flow(Option<Vec<bool>>);

impl Flow {
    /// The start of a function.
    pub(super) fn start() -> Flow {
        Flow(Some(Vec::new()))
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
            assigned.resize(assigned.len().max(local + 1), false);
            assigned[local] = true;
        }
    }

    /// Whether a name surely has a value.
    pub(super) fn has(&self, local: LocalId) -> bool {
        self.0.as_ref().is_none_or(|assigned| assigned.get(local) == Some(&true))
    }

    /// Where two paths meet.
    pub(super) fn join(self, other: Flow) -> Flow {
        match (self.0, other.0) {
            (None, other) => Flow(other),
            (this, None) => Flow(this),
            (Some(this), Some(other)) => {
                let both = this.into_iter().zip(other).map(|(this, other)| this && other);
                Flow(Some(both.collect()))
            }
        }
    }
}
