//! Variants against trial division, the counts of the book, the counter that nobody locks, and
//! mutants that must differ.

use std::sync::Barrier;

use crossover_values::{Array, Value};

use super::*;
use crate::testing::Subject;

fn subject() -> Subject {
    Subject::of("histogram", DType::U32)
}

fn numbers(value: &Value) -> Vec<u32> {
    match value {
        Value::Array(Array::U32(array)) => array.iter().copied().collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn variants_agree_at_odd_sizes() {
    for n in [100.0, 101.0, 120.0, 121.0, 122.0, 32_767.0, 32_768.0, 65_537.0, 100_001.0] {
        let set = [("n", n), ("workers", 5.0), ("increments", 777.0)];
        subject().assert_exact_variants(&set);
    }
}

#[test]
fn the_book_s_histogram() {
    let subject = subject();
    let case = subject.case(&[("n", 1e7)]);
    let outputs = subject.run(subject.variant("privatised"), &case);
    let bins = numbers(&outputs[0]);
    assert_eq!(bins.iter().filter(|&&bin| bin > 0).count(), 446);
    assert_eq!([bins[2], bins[3], bins[5]], [4_999_998, 1_666_666, 666_666]);
    assert_eq!(bins.iter().sum::<u32>(), 9_335_419);
    assert_eq!(numbers(&outputs[1]), [4000]);
}

#[test]
fn an_unlocked_counter_loses_updates() {
    const WORKERS: usize = 4;
    let (counter, together) = (AtomicU32::new(0), Barrier::new(WORKERS));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                for _ in 0..10 {
                    // The worst interleaving, made sure of: all read, then all write.
                    let seen = counter.load(Ordering::Relaxed);
                    together.wait();
                    counter.store(seen + 1, Ordering::Relaxed);
                    together.wait();
                }
            });
        }
    });
    assert_eq!(counter.into_inner(), 10, "of 40 increments");
    assert_eq!(raised_by_all(4, 10), 40);
}

#[test]
fn mutants_differ() {
    let right = |n| {
        let mut bins = vec![0; 201];
        by_division(&mut bins, n);
        bins
    };
    assert_ne!(right(39_999), right(40_000), "last number left out");
    // Marks in ascending order keep the largest prime, not the smallest.
    let mut ascending = sieve::primes(201);
    ascending.reverse();
    let mut bins = vec![0; 201];
    counted(&mut bins, 40_000, |bins, _, n| sieve::count_in_one(bins, &ascending, n));
    assert_ne!(bins, right(40_000), "largest factor");
    assert_eq!(right(40_000).iter().sum::<u32>(), bins.iter().sum());
}
