//! The right algorithm for "is it prime": Miller's test with the twelve first primes as bases, which
//! proves every number of 64 bits (Sorenson, Webster, "Strong pseudoprimes to twelve prime bases",
//! Mathematics of Computation 86, 2017). It does not tell a factor, so composites are
//! divided by vectors.

use std::ops::Range;

use super::simd;

const BASES: [u64; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];

/// [`simd::predicted`] for composites, nothing for primes.
pub(super) fn search(n: u64, range: Range<u64>) -> Option<u64> {
    if is_prime(n) { None } else { simd::predicted(n, range) }
}

/// Whether an odd number above 2 is prime.
pub(super) fn is_prime(n: u64) -> bool {
    let twos = (n - 1).trailing_zeros();
    let odd = (n - 1) >> twos;
    BASES.iter().all(|&base| base % n == 0 || passes(n, base, odd, twos))
}

/// Whether n is a strong probable prime to a base; n - 1 is odd · 2^twos.
fn passes(n: u64, base: u64, odd: u64, twos: u32) -> bool {
    let mut x = power(base % n, odd, n);
    if x == 1 || x == n - 1 {
        return true;
    }
    (1..twos).any(|_| {
        x = product(x, x, n);
        x == n - 1
    })
}

fn product(a: u64, b: u64, n: u64) -> u64 {
    // Below n, so it fits.
    (u128::from(a) * u128::from(b) % u128::from(n)) as u64
}

fn power(base: u64, exponent: u64, n: u64) -> u64 {
    let (mut result, mut square, mut exponent) = (1, base, exponent);
    while exponent > 0 {
        if exponent % 2 == 1 {
            result = product(result, square, n);
        }
        square = product(square, square, n);
        exponent /= 2;
    }
    result
}
