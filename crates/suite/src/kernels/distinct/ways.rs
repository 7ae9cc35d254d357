//! Ways to count what differs.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use hashbrown::HashTable;
use rayon::prelude::*;

use super::{Counted, Ids};

/// Ids of one parallel task: some hundred microseconds.
const IDS_PER_TASK: usize = 1 << 16;

/// Bits of a word of marks.
const WORD: u32 = u32::BITS;

/// An id is new if none of the different ones so far is the same.
pub(super) fn list(ids: Ids<'_>) -> Counted {
    let mut different = Vec::new();
    for id in ids.iter() {
        if !different.contains(&id) {
            different.push(id);
        }
    }
    Counted { ids: different.len() as u32, bytes: different.capacity() * size_of::<u32>() }
}

/// The reference's set: open addressing, one slot after the other, id plus one in a slot.
pub(super) fn set(ids: Ids<'_>) -> Counted {
    let size = (2 * ids.words.len()).next_power_of_two().max(16);
    let mut table = vec![0_u32; size];
    let mut count = 0;
    for id in ids.iter() {
        let h = product(id);
        let mut slot = (h ^ (h >> 15)) as usize & (size - 1);
        while table[slot] != 0 && table[slot] != id + 1 {
            slot = (slot + 1) & (size - 1);
        }
        count += u32::from(table[slot] == 0);
        table[slot] = id + 1;
    }
    Counted { ids: count, bytes: size_of_val(&*table) }
}

/// By the golden ratio.
#[inline(always)]
const fn product(id: u32) -> u32 {
    id.wrapping_mul(0x9E37_79B1)
}

/// Sorted, equal ids are neighbours.
pub(super) fn sort(ids: Ids<'_>) -> Counted {
    let mut sorted: Vec<u32> = ids.iter().collect();
    sorted.sort_unstable();
    let different = sorted.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let count = different as u32 + u32::from(!sorted.is_empty());
    Counted { ids: count, bytes: size_of_val(&*sorted) }
}

/// The standard library's set.
pub(super) fn std_set(ids: Ids<'_>) -> Counted {
    let set: HashSet<u32> = ids.iter().collect();
    // A slot has a byte of control beside it, and one of eight stays empty.
    let bytes = (set.capacity() * 8).div_ceil(7) * (size_of::<u32>() + 1);
    Counted { ids: set.len() as u32, bytes }
}

/// The table behind it, with a hash as cheap as that of [`set`].
pub(super) fn library_set(ids: Ids<'_>) -> Counted {
    // The upper half has the tag, the lower the slot; both are the product's upper bits.
    let hash = |id: &u32| u64::from(*id).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(32);
    let mut set = HashTable::<u32>::new();
    for id in ids.iter() {
        let _ = set.entry(hash(&id), |there| *there == id, hash).or_insert(id);
    }
    Counted { ids: set.len() as u32, bytes: set.allocation_size() }
}

/// A bit per id that there may be.
pub(super) fn bits(ids: Ids<'_>) -> Counted {
    let mut marks = vec![0_u32; words_of(ids.bits)];
    for id in ids.iter() {
        marks[(id / WORD) as usize] |= 1 << (id % WORD);
    }
    let count = marks.iter().map(|mark| mark.count_ones()).sum();
    Counted { ids: count, bytes: size_of_val(&*marks) }
}

/// The same bits set by all threads of the current pool. A bit that is set is only read: words that
/// many want stay shared between the cores' caches.
pub(super) fn shared_bits(ids: Ids<'_>) -> Counted {
    let marks: Vec<AtomicU32> = (0..words_of(ids.bits)).map(|_| AtomicU32::new(0)).collect();
    ids.words.par_chunks(IDS_PER_TASK).for_each(|words| {
        for &word in words {
            let id = ids.of(word);
            let (mark, bit) = (&marks[(id / WORD) as usize], 1 << (id % WORD));
            if mark.load(Relaxed) & bit == 0 {
                mark.fetch_or(bit, Relaxed);
            }
        }
    });
    let count = marks.par_chunks(IDS_PER_TASK);
    let count =
        count.map(|marks| -> u32 { marks.iter().map(|m| m.load(Relaxed).count_ones()).sum() });
    Counted { ids: count.sum(), bytes: size_of_val(&*marks) }
}

/// Words with a bit for every id.
const fn words_of(bits: u32) -> usize {
    (1 << bits as usize) / WORD as usize + 1
}
