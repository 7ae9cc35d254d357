//! Which names must not mean one array (rule 8 of the language).

use super::{Unit, UnitId, units};
use crate::analysis::accesses;
use crate::{ArrayId, Kernel, Region};

/// Of every unit the names that must not mean one array while it runs.
///
/// It belongs to a kernel as it was written. A pass may remove a write that never happens, and
/// the names of it are an error all the same.
#[derive(Clone, Debug)]
pub struct Apart(Vec<Vec<(ArrayId, ArrayId)>>);

impl Apart {
    /// Pairs of the names that each region uses, one of which it writes.
    pub fn of(kernel: &Kernel) -> Apart {
        let pairs = |unit: &Unit<'_>| match unit {
            Unit::Region(region) => pairs(region),
            Unit::Serial(_) => Vec::new(),
        };
        Apart(units(kernel).iter().map(pairs).collect())
    }

    pub(super) fn unit(&self, unit: UnitId) -> &[(ArrayId, ArrayId)] {
        &self.0[unit.0]
    }
}

fn pairs(region: &Region) -> Vec<(ArrayId, ArrayId)> {
    let accesses = accesses(&region.code);
    let used: Vec<ArrayId> = accesses.all().into_iter().collect();
    let mut pairs = Vec::new();
    for (position, first) in used.iter().enumerate() {
        let later = used[position + 1..].iter().map(|second| (*first, *second));
        pairs.extend(later.filter(|(a, b)| accesses.changes(*a) || accesses.changes(*b)));
    }
    pairs
}
