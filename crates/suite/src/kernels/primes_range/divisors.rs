//! Divisors with their inverses: n is a multiple of the odd d if and only if n · d⁻¹ modulo 2^w is
//! at most (2^w - 1) / d, because multiplying by the inverse permutes the numbers and maps the
//! multiples of d to their quotients. A product and a comparison instead of a division.
//! Granlund, Montgomery, "Division by Invariant Integers using Multiplication", PLDI 1994, section 9.

use super::Tally;
use super::number::Number;

/// Odd divisors in ascending order, from 3 to the root of the largest number.
pub(super) struct Divisors<N> {
    pub(super) divisors: Vec<u64>,
    /// d⁻¹ modulo 2^w.
    pub(super) inverses: Vec<N>,
    /// (2^w - 1) / d.
    pub(super) limits: Vec<N>,
}

impl<N: Number> Divisors<N> {
    /// Every odd number.
    pub(super) fn odd(last: N) -> Divisors<N> {
        Divisors::of((3..=last.to_u64().isqrt()).step_by(2))
    }

    /// The primes: a number without a prime divisor has no other.
    pub(super) fn primes(last: N) -> Divisors<N> {
        Divisors::of(odd_primes(last.to_u64().isqrt()).into_iter())
    }

    fn of(divisors: impl Iterator<Item = u64>) -> Divisors<N> {
        let divisors: Vec<u64> = divisors.collect();
        let inverses = divisors.iter().map(|&d| inverse(N::from_u64(d))).collect();
        let limits = divisors.iter().map(|&d| N::from_u64(d).limit()).collect();
        Divisors { divisors, inverses, limits }
    }

    /// Counts the primes from `first` to `last`; `test` says whether one of the first so many
    /// divisors divides a number, and how many it tried.
    #[inline(always)]
    pub(super) fn tally(
        &self,
        first: N,
        last: N,
        test: impl Fn(&Divisors<N>, N, usize) -> (bool, u64),
    ) -> Tally {
        let (first, last) = (first.to_u64(), last.to_u64());
        let mut tally = Tally::default();
        if first <= 2 && 2 <= last {
            tally.add_prime(2);
        }
        // Numbers ascend, and so does the number of divisors up to their roots.
        let mut in_use = 0;
        for n in (first.max(3) | 1..=last).step_by(2) {
            while self.divisors.get(in_use).is_some_and(|&d| d * d <= n) {
                in_use += 1;
            }
            let (composite, divisions) = test(self, N::from_u64(n), in_use);
            if !composite {
                tally.add_prime(n);
            }
            tally.divisions += divisions;
        }
        tally
    }

    /// One divisor after the other.
    #[inline(always)]
    pub(super) fn products(&self, n: N, in_use: usize) -> (bool, u64) {
        let pairs = self.inverses[..in_use].iter().zip(&self.limits[..in_use]);
        let mut divisions = 0;
        for (&inverse, &limit) in pairs {
            divisions += 1;
            if n.times(inverse) <= limit {
                return (true, divisions);
            }
        }
        (false, divisions)
    }
}

/// The inverse of an odd number modulo 2^w by Newton's iteration: d is its own inverse modulo 8,
/// and each step doubles the bits that are right: 3, 6, 12, 24, 48, 96.
fn inverse<N: Number>(d: N) -> N {
    let two_minus = |x: N| N::from_u64(2u64.wrapping_sub(x.to_u64()));
    (0..5).fold(d, |inverse, _| inverse.times(two_minus(d.times(inverse))))
}

/// The odd primes up to a limit.
pub(super) fn odd_primes(limit: u64) -> Vec<u64> {
    let limit = usize::try_from(limit).expect("the root of a number of 64 bits");
    let mut composite = vec![false; limit / 2 + 1];
    let mut primes = Vec::new();
    for d in (3..=limit).step_by(2) {
        if !composite[d / 2] {
            primes.push(d as u64);
            for multiple in (d.saturating_mul(d)..=limit).step_by(2 * d) {
                composite[multiple / 2] = true;
            }
        }
    }
    primes
}
