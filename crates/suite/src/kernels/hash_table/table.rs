//! Open addressing with perturbed probe sequences, on one thread.

/// A slot without a key.
pub(super) const EMPTY: u32 = 0;

/// A slot whose key was deleted.
pub(super) const TOMBSTONE: u32 = u32::MAX;

/// Slots of a new table.
const FIRST_SIZE: usize = 8;

/// murmur3-32 of a key's four bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mixed {
    pub(super) seed: u32,
}

impl Mixed {
    /// The hash of a key.
    #[inline(always)]
    pub(super) fn hash(self, key: u32) -> u32 {
        let block = key.wrapping_mul(0xCC9E_2D51).rotate_left(15).wrapping_mul(0x1B87_3593);
        let h = (self.seed ^ block).rotate_left(13).wrapping_mul(5).wrapping_add(0xE654_6B64) ^ 4;
        let h = (h ^ (h >> 16)).wrapping_mul(0x85EB_CA6B);
        let h = (h ^ (h >> 13)).wrapping_mul(0xC2B2_AE35);
        h ^ (h >> 16)
    }
}

/// A place in a probe sequence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    i: u32,
    perturb: u32,
}

impl Place {
    /// Where the sequence of a hash begins.
    #[inline(always)]
    pub(super) fn first(hash: u32) -> Place {
        Place { i: hash, perturb: hash }
    }

    /// The place after this one: all slots come, and the hash's upper bits enter by and by.
    #[inline(always)]
    pub(super) fn next(self) -> Place {
        let i = self.i.wrapping_mul(5).wrapping_add(self.perturb).wrapping_add(1);
        Place { i, perturb: self.perturb >> 5 }
    }

    /// The slot of a table of `mask + 1`, a power of two.
    #[inline(always)]
    pub(super) fn slot(self, mask: usize) -> usize {
        self.i as usize & mask
    }
}

/// Whether a table of `size` with so many keys grows, and to what size: the power of two above four
/// times the keys, later twice, and at least to twice its own.
fn grown(size: usize, filled: usize, load: usize) -> Option<usize> {
    if filled * 12 < size * load {
        return None;
    }
    let factor = if filled <= 50_000 { 4 } else { 2 };
    Some((factor * filled + 1).next_power_of_two().max(2 * size))
}

/// After how many keys a table grows, and to what size, in order.
pub(super) fn growths(stored: usize, load: usize) -> impl Iterator<Item = (usize, usize)> {
    let after = move |size: usize| {
        let filled = (size * load).div_ceil(12);
        let grown = grown(size, filled, load).filter(|_| filled <= stored)?;
        Some((filled, grown))
    };
    std::iter::successors(after(FIRST_SIZE), move |&(_, size)| after(size))
}

/// The size of the table once all keys are in.
pub(super) fn last_size(stored: usize, load: usize) -> usize {
    growths(stored, load).last().map_or(FIRST_SIZE, |(_, size)| size)
}

/// A key's word was found, or not, after so many probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Search {
    pub(super) is_there: bool,
    pub(super) probes: u32,
    pub(super) slot: usize,
}

/// A table: a power of two of slots, each [`EMPTY`], [`TOMBSTONE`] or a key plus one.
#[derive(Debug)]
pub(super) struct Table<H> {
    slots: Vec<u32>,
    hash: H,
}

impl<H: Fn(u32) -> u32 + Copy> Table<H> {
    /// All keys in order, in a table that grows; and how often a key was moved by that.
    pub(super) fn growing(keys: &[u32], load: usize, hash: H) -> (Table<H>, usize) {
        let mut table = Table { slots: vec![EMPTY; FIRST_SIZE], hash };
        let mut moved = 0;
        for (&key, filled) in keys.iter().zip(1..) {
            table.put(key + 1);
            if let Some(size) = grown(table.slots.len(), filled, load) {
                let smaller = std::mem::replace(&mut table.slots, vec![EMPTY; size]);
                for word in smaller.into_iter().filter(|&word| word != EMPTY) {
                    table.put(word);
                }
                moved += filled;
            }
        }
        (table, moved)
    }

    /// All keys in order, in a table of the size it will have at the end.
    pub(super) fn reserved(keys: &[u32], size: usize, hash: H) -> Table<H> {
        let mut table = Table { slots: vec![EMPTY; size], hash };
        for key in keys {
            table.put(key + 1);
        }
        table
    }

    /// The slots.
    pub(super) fn slots(&self) -> &[u32] {
        &self.slots
    }

    #[inline(always)]
    fn put(&mut self, word: u32) {
        let mask = self.slots.len() - 1;
        let mut place = Place::first((self.hash)(word - 1));
        loop {
            let slot = &mut self.slots[place.slot(mask)];
            if *slot == EMPTY || *slot == word {
                *slot = word;
                return;
            }
            place = place.next();
        }
    }

    /// Looks for a key.
    #[inline(always)]
    pub(super) fn find(&self, key: u32) -> Search {
        self.find_from(key + 1, Place::first((self.hash)(key)), 1)
    }

    #[inline(always)]
    fn find_from(&self, word: u32, mut place: Place, mut probes: u32) -> Search {
        let mask = self.slots.len() - 1;
        loop {
            let slot = place.slot(mask);
            let there = self.slots[slot];
            if there == word || there == EMPTY {
                return Search { is_there: there == word, probes, slot };
            }
            place = place.next();
            probes += 1;
        }
    }

    /// Puts a tombstone in the place of a key.
    pub(super) fn delete(&mut self, key: u32) {
        let search = self.find(key);
        if search.is_there {
            self.slots[search.slot] = TOMBSTONE;
        }
    }

    /// Writes 1 for each item that is there, else 0, and gives the probes of those that are.
    pub(super) fn look_up(&self, items: &[u32], found: &mut [u32]) -> u32 {
        let mut probes = 0;
        for (found, &item) in found.iter_mut().zip(items) {
            let search = self.find(item);
            *found = u32::from(search.is_there);
            probes += if search.is_there { search.probes } else { 0 };
        }
        probes
    }

    /// The same with the first probes of 16 items before any of them is judged: their loads wait
    /// together, and no branch depends on them; only keys that met another one go on by themselves.
    pub(super) fn look_up_in_groups(&self, items: &[u32], found: &mut [u32]) -> u32 {
        const GROUP: usize = 16;
        let mask = self.slots.len() - 1;
        let (groups, rest) = items.as_chunks::<GROUP>();
        let (marks, rest_found) = found.as_chunks_mut::<GROUP>();
        let mut probes = 0;
        for (marks, items) in marks.iter_mut().zip(groups) {
            let places = items.map(|item| Place::first((self.hash)(item)));
            let there = places.map(|place| self.slots[place.slot(mask)]);
            let mut open = 0_u32;
            for (lane, &there) in there.iter().enumerate() {
                let is_there = there == items[lane] + 1;
                marks[lane] = u32::from(is_there);
                probes += u32::from(is_there);
                open |= u32::from(!is_there && there != EMPTY) << lane;
            }
            while open != 0 {
                let lane = open.trailing_zeros() as usize;
                let search = self.find_from(items[lane] + 1, places[lane].next(), 2);
                marks[lane] = u32::from(search.is_there);
                probes += if search.is_there { search.probes } else { 0 };
                open &= open - 1;
            }
        }
        probes + self.look_up(rest, rest_found)
    }
}
