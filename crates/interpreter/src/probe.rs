//! What the observing variants of the dispatch loop keep: counts, and who touched which element.

use std::collections::BTreeMap;

use crate::memory::Width;

/// How an element is touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// It is read.
    Read,
    /// It is written.
    Write,
}

/// Counts and accesses of one launch.
#[derive(Debug, Default)]
pub(crate) struct Probe {
    /// Executions of each instruction.
    pub(crate) counts: Vec<u64>,
    /// Per touched element: who wrote it, and who read it.
    touched: BTreeMap<(u8, u16, u64), Touched>,
    /// The first conflict.
    pub(crate) conflict: Option<Conflict>,
}

/// Iterations that touched an element. Of the readers the first two suffice: whoever writes is
/// another iteration than one of them.
#[derive(Clone, Copy, Debug, Default)]
struct Touched {
    writer: Option<u64>,
    readers: [Option<u64>; 2],
}

/// Two iterations that touch one element, one of them writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Conflict {
    /// The table of the array.
    pub(crate) width: Width,
    /// Its slot there.
    pub(crate) slot: u16,
    /// Flat index of the element.
    pub(crate) element: u64,
    /// The earlier iteration.
    pub(crate) first: u64,
    /// The later one.
    pub(crate) second: u64,
}

impl Probe {
    /// A probe for code of this many instructions.
    pub(crate) fn new(instructions: usize) -> Probe {
        Probe { counts: vec![0; instructions], ..Probe::default() }
    }

    /// Notes an access; `false` if another iteration's access forbids it.
    pub(crate) fn touch(
        &mut self,
        iteration: u64,
        width: Width,
        slot: u16,
        element: u64,
        access: Access,
    ) -> bool {
        let touched = self.touched.entry((width as u8, slot, element)).or_default();
        let other = |seen: &Option<u64>| seen.filter(|&seen| seen != iteration);
        let mut clash = other(&touched.writer);
        match access {
            Access::Read if touched.readers[0].is_none() => touched.readers[0] = Some(iteration),
            Access::Read if touched.readers[0] != Some(iteration) => {
                touched.readers[1] = touched.readers[1].or(Some(iteration));
            }
            Access::Read => {}
            Access::Write => {
                clash = clash.or_else(|| touched.readers.iter().find_map(other));
                touched.writer = Some(iteration);
            }
        }
        if let Some(first) = clash {
            self.conflict = Some(Conflict { width, slot, element, first, second: iteration });
        }
        clash.is_none()
    }
}
