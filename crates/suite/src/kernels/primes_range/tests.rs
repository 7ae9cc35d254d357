//! Every variant against the plain loop, at the edges of ranges and types, and the known counts.

use super::divisors::odd_primes;
use super::*;
use crate::testing::Subject;

#[test]
fn variants_agree_at_the_edges_of_ranges() {
    let ranges = [
        (0.0, 1.0),
        (0.0, 200.0),
        (1.0, 1.0),
        (2.0, 1.0),
        (2.0, 2.0),
        (3.0, 7.0),
        (8.0, 3.0),
        (9.0, 1.0),
        (119.0, 1003.0),
        (99_999_000.0, 2001.0),
        // The square of the largest prime below 2^16, and the end of 32 bits.
        (65_521.0 * 65_521.0 - 10.0, 21.0),
        (4_294_967_295.0, 1.0),
    ];
    for dtype in [DType::U32, DType::U64] {
        for (first, count) in ranges {
            Subject::of("primes_range", dtype)
                .assert_exact_variants(&[("first", first), ("count", count)]);
        }
    }
    for first in [4_294_967_290.0, 1e11, 1e12 + 39.0] {
        Subject::of("primes_range", DType::U64)
            .assert_exact_variants(&[("first", first), ("count", 40.0)]);
    }
}

#[test]
fn chunks_and_orders_change_nothing() {
    for order in [0.0, 1.0, 2.0] {
        for chunk in [1.0, 7.0, 399.0, 1e8] {
            let set = [("first", 1e6), ("count", 400.0), ("chunk", chunk), ("order", order)];
            Subject::of("primes_range", DType::U32).assert_exact_variants(&set);
        }
    }
}

#[test]
fn every_order_hands_out_each_piece_once() {
    for order in [Order::Ascending, Order::Descending, Order::Ends] {
        for pieces in 1..12 {
            let mut seen: Vec<u64> = (0..pieces).map(|turn| order.piece(turn, pieces)).collect();
            seen.sort_unstable();
            assert_eq!(seen, (0..pieces).collect::<Vec<u64>>(), "{order:?}");
        }
    }
}

#[test]
fn known_counts() {
    let subject = Subject::of("primes_range", DType::U32);
    let case = subject.case(&[("first", 1e8), ("count", 10_000.0)]);
    let outputs = subject.run(subject.variant("simd"), &case);
    assert_eq!(scalar::<u32>(&outputs[0], 0).unwrap(), 551);
    assert_eq!(odd_primes(65_536).len(), 6541);
    assert_eq!(odd_primes(2), [0; 0]);
}

#[test]
fn the_plain_loop_counts_its_divisions() {
    // 3, 5, 7 of 49; 3 of 51; 3, 5, 7 of 53.
    assert_eq!(plain_part(49_u32, 53).divisions, 7);
    assert_eq!(plain_part(49_u64, 53), Tally { found: 1, sum: 53, divisions: 7 });
}

/// Native mutants: what a comparison must tell from the right thing.
mod mutants {
    use super::*;

    fn sum(is_prime: impl Fn(u32) -> bool) -> u64 {
        (100_000_000..100_000_200).filter(|&n| is_prime(n)).map(u64::from).sum()
    }

    #[test]
    fn the_integral_quotient_in_f32() {
        let right = sum(|n| n.is_prime().0);
        assert_eq!(right, plain_part(100_000_000_u32, 100_000_199).sum);
        let integral =
            |n: u32| (3..=n.isqrt()).step_by(2).any(|d| (n as f32 / d as f32).fract() == 0.0);
        assert_eq!(sum(|n| n % 2 == 1 && !integral(n)), 0);
        assert_ne!(right, 0);
    }

    /// The largest number of 32 bits, 3 · 5 · 17 · 257 · 65537, has the limit itself for quotient
    /// of each of its divisors.
    #[test]
    fn a_limit_one_short() {
        let divisors = Divisors::<u32>::odd(u32::MAX);
        let short = |d: &Divisors<u32>, n: u32, in_use: usize| {
            let mut pairs = d.inverses[..in_use].iter().zip(&d.limits);
            (pairs.any(|(&inverse, &limit)| n.wrapping_mul(inverse) < limit), 0)
        };
        let found = |test| divisors.tally(u32::MAX, u32::MAX, test).found;
        assert_eq!((found(Divisors::products as fn(&_, _, _) -> _), found(short)), (0, 1));
    }
}
