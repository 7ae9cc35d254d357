//! Smallest factors of all numbers of a segment: every prime marks its multiples, the smallest
//! prime last, so that it is the one that stays.

use std::cell::RefCell;

/// Numbers of a segment: 64 KiB of marks, which stay in the second cache and mostly in the first.
const SEGMENT: usize = 1 << 15;

/// Primes below `end`, ascending.
pub(super) fn primes(end: usize) -> Vec<u16> {
    let mut composite = vec![false; end];
    let mut primes = Vec::new();
    for i in 2..end {
        if !composite[i] {
            primes.push(i as u16);
            (i * i..end).step_by(i).for_each(|multiple| composite[multiple] = true);
        }
    }
    primes
}

/// Segments that hold the numbers up to n.
pub(super) fn segments(n: u32) -> u32 {
    n / SEGMENT as u32 + 1
}

/// Hands out the smallest factors of the numbers of a segment up to n, 0 for a prime (and for 0
/// and 1), in memory that the thread keeps.
pub(super) fn with_factors(primes: &[u16], segment: u32, n: u32, use_factors: impl FnOnce(&[u16])) {
    thread_local!(static MARKS: RefCell<Vec<u16>> = const { RefCell::new(Vec::new()) });
    MARKS.with_borrow_mut(|marks| {
        marks.clear();
        let start = segment as usize * SEGMENT;
        marks.resize(SEGMENT.min(n as usize + 1 - start), 0);
        mark(marks, primes, start);
        use_factors(marks);
    });
}

fn mark(marks: &mut [u16], primes: &[u16], start: usize) {
    let end = start + marks.len();
    for &prime in primes.iter().rev() {
        let p = usize::from(prime);
        // Below its square a prime is no smallest factor but of itself.
        let first = (p * p).max(start.div_ceil(p) * p);
        if first >= end {
            continue;
        }
        for mark in marks[first - start..].iter_mut().step_by(p) {
            *mark = prime;
        }
    }
}

/// Counts in the table itself: each second addition waits for the one to the same bin before.
pub(super) fn count_in_one(bins: &mut [u32], primes: &[u16], n: u32) {
    for segment in 0..segments(n) {
        with_factors(primes, segment, n, |factors| {
            for &factor in factors {
                bins[usize::from(factor)] += 1;
            }
        });
    }
}

/// Counts in four tables in turn, so that neighbours do not wait for each other.
pub(super) fn count_in_four(bins: &mut [u32], primes: &[u16], n: u32) {
    let mut tables = [(); 4].map(|()| vec![0; bins.len()]);
    for segment in 0..segments(n) {
        with_factors(primes, segment, n, |factors| add_to_four(&mut tables, factors));
    }
    for table in tables {
        bins.iter_mut().zip(table).for_each(|(bin, count)| *bin += count);
    }
}

pub(super) fn add_to_four([a, b, c, d]: &mut [Vec<u32>; 4], factors: &[u16]) {
    let fours = factors.chunks_exact(4);
    for &factor in fours.remainder() {
        a[usize::from(factor)] += 1;
    }
    for four in fours {
        a[usize::from(four[0])] += 1;
        b[usize::from(four[1])] += 1;
        c[usize::from(four[2])] += 1;
        d[usize::from(four[3])] += 1;
    }
}
