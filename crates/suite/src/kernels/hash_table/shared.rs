//! The table shared by threads: a slot belongs to whoever exchanges its emptiness for a key.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use rayon::prelude::*;

use super::table::{EMPTY, Place, Search, TOMBSTONE};
use super::{Job, Report};

/// Items of one parallel task: some hundred microseconds.
const ITEMS_PER_TASK: usize = 8192;

/// Answers the questions of a job with all threads of the current pool. The phases follow each
/// other, and the pool's joins order them; within one, no key's place depends on another's value,
/// so relaxed operations suffice.
pub(super) fn answer<H: Fn(u32) -> u32 + Copy + Sync>(
    job: Job<'_>,
    size: usize,
    hash: H,
) -> Report {
    let shared =
        Shared { slots: (0..size).into_par_iter().map(|_| AtomicU32::new(EMPTY)).collect(), hash };
    let stored = &job.items[..job.stored];
    stored.par_chunks(ITEMS_PER_TASK).for_each(|keys| keys.iter().for_each(|&key| shared.put(key)));
    let probes = shared.look_up(job.items, job.found);
    let deleted = job.items[..job.stored / 4 * 4].par_chunks(ITEMS_PER_TASK);
    deleted.for_each(|items| items.iter().step_by(4).for_each(|&item| shared.delete(item)));
    shared.look_up(job.items, job.kept);
    let words = job.table[..size].par_iter_mut().zip(&shared.slots);
    words.with_min_len(ITEMS_PER_TASK).for_each(|(word, slot)| *word = slot.load(Relaxed));
    Report { probes, bytes: size_of_val(&*shared.slots), reinserts: 0 }
}

struct Shared<H> {
    slots: Vec<AtomicU32>,
    hash: H,
}

impl<H: Fn(u32) -> u32 + Copy + Sync> Shared<H> {
    #[inline(always)]
    fn put(&self, key: u32) {
        let mask = self.slots.len() - 1;
        let mut place = Place::first((self.hash)(key));
        loop {
            let slot = &self.slots[place.slot(mask)];
            match slot.compare_exchange(EMPTY, key + 1, Relaxed, Relaxed) {
                Ok(_) => return,
                Err(word) if word == key + 1 => return,
                Err(_) => place = place.next(),
            }
        }
    }

    #[inline(always)]
    fn find(&self, key: u32) -> Search {
        let mask = self.slots.len() - 1;
        let (mut place, mut probes) = (Place::first((self.hash)(key)), 1);
        loop {
            let slot = place.slot(mask);
            let word = self.slots[slot].load(Relaxed);
            if word == key + 1 || word == EMPTY {
                return Search { is_there: word != EMPTY, probes, slot };
            }
            place = place.next();
            probes += 1;
        }
    }

    fn delete(&self, key: u32) {
        let search = self.find(key);
        if search.is_there {
            self.slots[search.slot].store(TOMBSTONE, Relaxed);
        }
    }

    fn look_up(&self, items: &[u32], found: &mut [u32]) -> u32 {
        let tasks = found.par_chunks_mut(ITEMS_PER_TASK).zip(items.par_chunks(ITEMS_PER_TASK));
        let of_task = |(found, items): (&mut [u32], &[u32])| {
            let mut probes = 0;
            for (found, &item) in found.iter_mut().zip(items) {
                let search = self.find(item);
                *found = u32::from(search.is_there);
                probes += if search.is_there { search.probes } else { 0 };
            }
            probes
        };
        tasks.map(of_task).sum()
    }
}
