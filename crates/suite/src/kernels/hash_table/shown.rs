//! What the report shows of a table: lengths of probe sequences, how well the hash spreads keys.
//!
//! Outputs come sorted, so the layout is made anew here, key by key as the reference makes it.

use std::collections::BTreeMap;

use crossover_contract::{Estimate, ResultView, Series};

use super::table::{Mixed, Table, last_size};

/// The parameters of a case.
#[derive(Clone, Copy, Debug)]
struct Setting {
    stored: u32,
    load: usize,
    hash: f64,
    seed: u32,
}

/// Hashes of any kind, for what is not timed.
type Hash = Box<dyn Fn(u32) -> u32>;

impl Setting {
    fn of(view: &ResultView<'_>) -> Option<Setting> {
        let value = |name: &str| view.case.parameters.get(name).copied();
        Some(Setting {
            stored: value("stored")? as u32,
            load: value("load")? as usize,
            hash: value("hash")?,
            seed: view.case.seed as u32,
        })
    }

    fn hash(self) -> Hash {
        let mixed = Mixed { seed: self.seed };
        match self.hash {
            0.0 => Box::new(move |key| mixed.hash(key)),
            1.0 => Box::new(|key| key),
            _ => Box::new(|_| 42),
        }
    }

    fn slots(self) -> usize {
        last_size(self.stored as usize, self.load)
    }

    /// Probes of each key of a range, in a table with all keys.
    fn probes(self, keys: std::ops::Range<u32>) -> Vec<u32> {
        let stored: Vec<u32> = (0..self.stored).collect();
        let hash = self.hash();
        let (table, _) = Table::growing(&stored, self.load, &*hash);
        keys.map(|key| table.find(key).probes).collect()
    }
}

/// How many keys are found, and how many missed, after how many probes.
pub(super) fn lengths(view: &ResultView<'_>) -> Vec<Series> {
    let Some(setting) = Setting::of(view) else { return Vec::new() };
    let series = |name: &str, keys| {
        let mut counts = BTreeMap::<u32, u32>::new();
        for probes in setting.probes(keys) {
            *counts.entry(probes).or_default() += 1;
        }
        let points = counts.into_iter().map(|(probes, keys)| [f64::from(probes), f64::from(keys)]);
        Series { name: name.to_owned(), points: points.collect() }
    };
    let stored = setting.stored;
    vec![series("keys that are there", 0..stored), series("absent keys", stored..2 * stored)]
}

/// Probes per key that is there: what a perfectly random sequence needs in a table filled to this
/// load, (1 / a) ln (1 / (1 - a)), against those counted.
pub(super) fn probes(view: &ResultView<'_>) -> Option<Estimate> {
    let setting = Setting::of(view)?;
    let load = f64::from(setting.stored) / setting.slots() as f64;
    let probes: u64 = setting.probes(0..setting.stored).into_iter().map(u64::from).sum();
    let truth = probes as f64 / f64::from(setting.stored);
    Some(Estimate { estimate: -(-load).ln_1p() / load, truth })
}

/// Entropy of the first slots of all keys, against that of as many keys that share no slot.
pub(super) fn entropy(view: &ResultView<'_>) -> Option<Estimate> {
    let setting = Setting::of(view)?;
    let (hash, slots) = (setting.hash(), setting.slots());
    let mut buckets = vec![0_u32; slots];
    for key in 0..setting.stored {
        buckets[hash(key) as usize & (slots - 1)] += 1;
    }
    let keys = f64::from(setting.stored);
    let shares =
        buckets.into_iter().filter(|&count| count > 0).map(|count| f64::from(count) / keys);
    Some(Estimate { estimate: shares.map(|p| -p * p.log2()).sum(), truth: keys.log2() })
}

/// Keys per slot at the end, against the load at which the table grows.
pub(super) fn load(view: &ResultView<'_>) -> Option<Estimate> {
    let setting = Setting::of(view)?;
    let estimate = f64::from(setting.stored) / setting.slots() as f64;
    Some(Estimate { estimate, truth: setting.load as f64 / 12.0 })
}
