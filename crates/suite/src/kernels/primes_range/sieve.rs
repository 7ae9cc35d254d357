//! The sieve of Eratosthenes over segments that stay in the innermost cache: what is to be done
//! about the problem instead of dividing faster.

use super::divisors::odd_primes;
use super::number::Number;
use super::{Range, Tally};

/// Odd numbers of a segment, a byte each.
const SEGMENT: usize = 1 << 15;

/// Counts the primes of a range.
pub(super) fn count<N: Number>(range: Range<N>) -> Tally {
    let (first, last) = (range.first.to_u64(), range.last.to_u64());
    let mut tally = Tally::default();
    if first <= 2 && 2 <= last {
        tally.add_prime(2);
    }
    let primes = odd_primes(last.isqrt());
    let start = first.max(3) | 1;
    if start > last {
        return tally;
    }
    // Positions count odd numbers from `start`. Of each prime, the position of its next multiple:
    // at first its square, or the first odd multiple of the range.
    let mut next: Vec<u64> =
        primes.iter().map(|&p| (first_multiple(p, start) - start) / 2).collect();
    let positions = (last - start) / 2 + 1;
    let mut composite = vec![false; SEGMENT];
    for from in (0..positions).step_by(SEGMENT) {
        let length = (positions - from).min(SEGMENT as u64);
        let segment = &mut composite[..length as usize];
        segment.fill(false);
        for (&prime, next) in primes.iter().zip(&mut next) {
            let end = from + length;
            let mut at = *next;
            while at < end {
                segment[(at - from) as usize] = true;
                at += prime;
            }
            *next = at;
        }
        for (at, _) in segment.iter().enumerate().filter(|(_, composite)| !**composite) {
            tally.add_prime(start + 2 * (from + at as u64));
        }
    }
    tally
}

/// The least odd multiple of an odd prime that is at least `start` and the prime's square.
fn first_multiple(prime: u64, start: u64) -> u64 {
    let quotient = start.div_ceil(prime).max(prime);
    (quotient | 1) * prime
}
