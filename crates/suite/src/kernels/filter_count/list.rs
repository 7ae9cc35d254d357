//! The filter that writes its list down before anyone looks at it.

use rayon::prelude::*;

use super::{Kept, Numbers, keep, simd, tasks};

/// Room behind a part of a list for a vector that is stored whole: the widest there is.
const SLACK: usize = 16;

/// A list in memory.
pub(super) struct List {
    members: Vec<u32>,
}

impl List {
    /// Memory that it holds.
    pub(super) fn bytes(&self) -> usize {
        self.members.capacity() * size_of::<u32>()
    }

    /// Reads it from end to end.
    pub(super) fn read(&self) -> Kept {
        let sum = self.members.iter().fold(0_u32, |sum, &i| sum.wrapping_add(i));
        Kept { count: self.members.len() as u32, sum }
    }
}

/// Pushed one by one; the vector doubles when it is full.
pub(super) fn grown(numbers: Numbers) -> List {
    let mut members = Vec::new();
    for i in numbers.from..numbers.to {
        if keep(i) {
            members.push(i);
        }
    }
    List { members }
}

/// Numbers whose list is packed in a buffer that stays in the first cache.
const NUMBERS_PER_BLOCK: u32 = 1 << 12;

/// Packed by vectors into a small buffer, whose filled part is then appended.
pub(super) fn packed(numbers: Numbers) -> List {
    let most = (numbers.to - numbers.from).div_ceil(3) as usize;
    let mut members = Vec::with_capacity(most);
    let mut buffer = vec![0; NUMBERS_PER_BLOCK as usize + SLACK];
    let mut from = numbers.from;
    while from < numbers.to {
        let to = numbers.to.min(from + NUMBERS_PER_BLOCK);
        let length = simd::pack(Numbers { from, to }, &mut buffer);
        members.extend_from_slice(&buffer[..length]);
        from = to;
    }
    List { members }
}

/// Each task counts its members, a prefix sum gives each its place, and each writes there.
pub(super) fn placed(numbers: Numbers) -> List {
    let counts: Vec<usize> = tasks(numbers).map(|task| simd::kept(task).count as usize).collect();
    let mut members = vec![0; counts.iter().sum()];
    let mut parts = Vec::with_capacity(counts.len());
    let mut rest = members.as_mut_slice();
    for count in counts {
        let (part, others) = rest.split_at_mut(count);
        parts.push(part);
        rest = others;
    }
    tasks(numbers).zip(parts).for_each(|(task, part)| {
        part.copy_from_slice(&packed(task).members);
    });
    List { members }
}
