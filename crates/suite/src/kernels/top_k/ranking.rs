//! Ways to find the best of scores that are all there.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use ndarray::{ArrayView1, ArrayView2};

use super::score::{all, score};
use super::{Ranked, Search};
use crate::arguments::Real;

/// The ranking: the larger score first, of equals the first row.
pub(super) fn order<T: Real>(a: &Ranked<T>, b: &Ranked<T>) -> Ordering {
    match (a.before(b), b.before(a)) {
        (true, _) => Ordering::Less,
        (_, true) => Ordering::Greater,
        _ => Ordering::Equal,
    }
}

/// As the reference: a pass over all scores per rank.
pub(super) fn rounds<T: Real>(search: Search<'_, T>) -> Vec<Ranked<T>> {
    let mut scores = all(search);
    let mut found = Vec::with_capacity(search.k);
    for _ in 0..search.k {
        let mut best = Ranked { score: T::from_f64(-1.0), row: 0 };
        for ranked in &scores {
            if ranked.score > best.score {
                best = *ranked;
            }
        }
        scores[best.row].score = T::from_f64(-1.0);
        found.push(best);
    }
    found
}

/// More than was asked for: the order of all.
pub(super) fn sorted<T: Real>(search: Search<'_, T>) -> Vec<Ranked<T>> {
    let mut scores = all(search);
    scores.sort_unstable_by(order);
    scores.truncate(search.k);
    scores
}

/// Linear time: what is before rank k on one side, then the order of those.
pub(super) fn parted<T: Real>(search: Search<'_, T>) -> Vec<Ranked<T>> {
    part(all(search), search.k)
}

fn part<T: Real>(mut scores: Vec<Ranked<T>>, k: usize) -> Vec<Ranked<T>> {
    if k < scores.len() {
        scores.select_nth_unstable_by(k, order);
        scores.truncate(k);
    }
    scores.sort_unstable_by(order);
    scores
}

/// One for the heap, by the ranking: the greatest is the last of the best.
struct Entry<T>(Ranked<T>);

impl<T: Real> Ord for Entry<T> {
    fn cmp(&self, other: &Entry<T>) -> Ordering {
        order(&other.0, &self.0)
    }
}

impl<T: Real> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Entry<T>) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Real> PartialEq for Entry<T> {
    fn eq(&self, other: &Entry<T>) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T: Real> Eq for Entry<T> {}

/// A heap whose top is the one to beat.
pub(super) fn heap<T: Real>(search: Search<'_, T>) -> Vec<Ranked<T>> {
    let mut heap = BinaryHeap::with_capacity(search.k + 1);
    for (row, elements) in search.rows.chunks_exact(search.query.len()).enumerate() {
        heap.push(Reverse(Entry(Ranked { score: score(elements, search.query), row })));
        if heap.len() > search.k {
            heap.pop();
        }
    }
    heap.into_sorted_vec().into_iter().map(|Reverse(Entry(ranked))| ranked).collect()
}

/// The library's product, which sums in an order of its own.
pub(super) fn library<T: Real>(search: Search<'_, T>) -> Vec<Ranked<T>> {
    let dimension = search.query.len();
    let shape = (search.rows.len() / dimension, dimension);
    let rows = ArrayView2::from_shape(shape, search.rows);
    let scores = rows.map(|rows| rows.dot(&ArrayView1::from(search.query)));
    let ranked = |(row, &score): (usize, &T)| Ranked { score, row };
    let scores = scores.map(|scores| scores.iter().enumerate().map(ranked).collect());
    part(scores.unwrap_or_default(), search.k)
}
