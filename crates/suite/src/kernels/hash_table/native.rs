//! The hash table in Rust: growing key by key, sized from the start, lookups in groups, the field's
//! library, slots claimed by threads.
//!
//! All answer the same questions. The layout of the growing table is the reference's own; that of the
//! others differs, and is compared sorted.

mod shared;
mod shown;
mod table;
#[cfg(test)]
mod tests;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};
use crossover_values::{DType, Scalar, Value};
use hashbrown::HashTable;

use self::table::{Mixed, TOMBSTONE, Table};
use crate::arguments::{array, array_mut, scalar};

pub(crate) const CODE: KernelCode = KernelCode::new(VARIANTS)
    .with_estimates(&[
        ("probes", shown::probes),
        ("entropy", shown::entropy),
        ("load", shown::load),
    ])
    .with_charts(&[("lengths", shown::lengths)]);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact("scalar", "key by key, growing as the reference does", |call| {
        run(call, Way::Growing)
    }),
    NativeVariant::exact("reserved", "as large as it will be from the start", |call| {
        run(call, Way::Reserved)
    }),
    NativeVariant::exact("in_flight", "reserved, and 16 lookups begun before one ends", |call| {
        run(call, Way::InFlight)
    }),
    NativeVariant::exact("hashbrown", "the library's table, 16 slots compared at once", |call| {
        run(call, Way::Library)
    }),
    NativeVariant::exact("threads", "reserved, slots claimed by compare-exchange", |call| {
        run(call, Way::Threads)
    })
    .threaded(),
];

/// How the questions are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Growing,
    Reserved,
    InFlight,
    Library,
    Threads,
}

/// What is asked, and where the answers go.
#[derive(Debug)]
struct Job<'a> {
    /// Takes the slots at the end; comes empty.
    table: &'a mut [u32],
    /// Per item: 1 if found before the deletion.
    found: &'a mut [u32],
    /// Per item: 1 if found after it.
    kept: &'a mut [u32],
    items: &'a [u32],
    /// How many of the items are inserted.
    stored: usize,
    /// Twelfths of the slots at which the table grows.
    load: usize,
}

/// What a way reports beside its answers.
#[derive(Clone, Copy, Debug, Default)]
struct Report {
    /// Probes of the first lookup of all keys that are there.
    probes: u32,
    /// Bytes of the table.
    bytes: usize,
    /// Keys inserted once more.
    reinserts: usize,
}

fn run(call: &mut NativeCall<'_>, way: Way) -> Result<(), NativeError> {
    if call.dtype != DType::U32 {
        return Err(NativeError::Instance(call.dtype));
    }
    let given = call.arguments.len();
    let [table, found, kept, growth, sequence, items, starts, stored, load, hash, seed] =
        &mut *call.arguments
    else {
        let position = given.min(10);
        return Err(NativeError::Argument { position, expected: "one of eleven arguments" });
    };
    let load = scalar::<i32>(load, 8)?.clamp(1, 11) as usize;
    let stored = usize::try_from(scalar::<i32>(stored, 7)?).unwrap_or(0);
    write_growth(array_mut(growth, 3)?, stored, load);
    write_sequences(array_mut(sequence, 4)?, array(starts, 6)?);
    let job = Job {
        table: array_mut(table, 0)?,
        found: array_mut(found, 1)?,
        kept: array_mut(kept, 2)?,
        items: array(items, 5)?,
        stored,
        load,
    };
    let places = job.found.len().min(job.kept.len());
    if job.items.len() < stored || places < job.items.len() {
        return Err(NativeError::Argument { position: 5, expected: "all keys that are stored" });
    }
    let (hash, seed) = (scalar::<i32>(hash, 9)?, scalar::<u32>(seed, 10)?);
    if way == Way::Library && hash != 0 {
        let reason = "the library has its own probe sequences, so its probes are not these";
        return Err(NativeError::Refused(reason.to_owned()));
    }
    let mixed = Mixed { seed };
    let report = match hash {
        0 => Report { probes: 0, ..answer(job, way, move |key| mixed.hash(key)) },
        1 => answer(job, way, |key| key),
        _ => answer(job, way, |_| 42),
    };
    call.facts.insert("structure", report.bytes as f64);
    call.facts.insert("reinserts", report.reinserts as f64);
    call.returned = vec![Value::Scalar(Scalar::U32(report.probes))];
    Ok(())
}

fn answer<H: Fn(u32) -> u32 + Copy + Sync>(job: Job<'_>, way: Way, hash: H) -> Report {
    let size = table::last_size(job.stored, job.load);
    match way {
        Way::Growing => {
            let (table, reinserts) = Table::growing(&job.items[..job.stored], job.load, hash);
            Report { reinserts, ..one_by_one(job, table, Table::look_up) }
        }
        Way::Reserved => {
            let table = Table::reserved(&job.items[..job.stored], size, hash);
            one_by_one(job, table, Table::look_up)
        }
        Way::InFlight => {
            let table = Table::reserved(&job.items[..job.stored], size, hash);
            one_by_one(job, table, Table::look_up_in_groups)
        }
        Way::Library => library(job, hash),
        Way::Threads => shared::answer(job, size, hash),
    }
}

/// Looks all up, deletes every fourth key of the first ones, looks all up again.
fn one_by_one<H: Fn(u32) -> u32 + Copy>(
    job: Job<'_>,
    mut table: Table<H>,
    look_up: fn(&Table<H>, &[u32], &mut [u32]) -> u32,
) -> Report {
    let probes = look_up(&table, job.items, job.found);
    for &item in deleted(job.items, job.stored) {
        table.delete(item);
    }
    look_up(&table, job.items, job.kept);
    job.table[..table.slots().len()].copy_from_slice(table.slots());
    Report { probes, bytes: size_of_val(table.slots()), reinserts: 0 }
}

/// The keys that are deleted.
fn deleted(items: &[u32], stored: usize) -> impl Iterator<Item = &u32> {
    items.iter().step_by(4).take(stored / 4)
}

/// The same questions to `hashbrown`. Its table has no tombstones that can be seen; as many are put
/// beside its keys as the reference would have.
fn library<H: Fn(u32) -> u32 + Copy>(job: Job<'_>, hash: H) -> Report {
    // The library takes its tag from the upper bits, its slot from the lower.
    let wide = |key: &u32| u64::from(hash(*key)) << 32 | u64::from(hash(*key));
    let mut table = HashTable::<u32>::new();
    for &item in &job.items[..job.stored] {
        table.insert_unique(wide(&item), item, wide);
    }
    let bytes = table.allocation_size();
    for (found, item) in job.found.iter_mut().zip(job.items) {
        *found = u32::from(table.find(wide(item), |key| key == item).is_some());
    }
    let mut tombstones = 0;
    for item in deleted(job.items, job.stored) {
        if let Ok(entry) = table.find_entry(wide(item), |key| key == item) {
            entry.remove();
            tombstones += 1;
        }
    }
    for (kept, item) in job.kept.iter_mut().zip(job.items) {
        *kept = u32::from(table.find(wide(item), |key| key == item).is_some());
    }
    let words = table.iter().map(|key| key + 1).chain(std::iter::repeat_n(TOMBSTONE, tombstones));
    job.table.iter_mut().zip(words).for_each(|(slot, word)| *slot = word);
    Report { probes: 0, bytes, reinserts: 0 }
}

/// Writes after how many keys the table grows, and to what size.
fn write_growth(growth: &mut [u32], stored: usize, load: usize) {
    growth.fill(0);
    let (rows, _) = growth.as_chunks_mut::<2>();
    for (row, (filled, size)) in rows.iter_mut().zip(table::growths(stored, load)) {
        *row = [filled as u32, size as u32];
    }
}

/// Writes the probe sequence of each hash in a table of eight slots.
fn write_sequences(sequence: &mut [u32], starts: &[u32]) {
    let length = sequence.len() / starts.len().max(1);
    for (row, &start) in sequence.chunks_exact_mut(length.max(1)).zip(starts) {
        let mut place = table::Place::first(start);
        for slot in row {
            *slot = place.slot(7) as u32;
            place = place.next();
        }
    }
}
