//! Every variant and policy against the plain loop, around squares and at the ends of 64 bits; the
//! vectors' arithmetic where it is nearest to its limits.

use crossover_values::DType;

use super::*;
use crate::testing::Subject;

fn words(n: u64) -> [(&'static str, f64); 2] {
    [("high", (n >> 32) as f64), ("low", f64::from(n as u32))]
}

#[test]
fn variants_agree_under_every_policy() {
    let subject = Subject::of("prime_verify", DType::U64);
    let numbers =
        [3, 4, 5, 9, 15, 25, 49, 1155, 65_521 * 65_521, 4_294_967_291, 104_729 * 1_299_709];
    for n in numbers {
        for policy in [0.0, 1.0, 2.0, 3.0] {
            let settings = [("policy", policy), ("prefix", 5.0), ("poll", 7.0), ("block", 64.0)];
            subject.assert_exact_variants(&[&words(n)[..], &settings[..]].concat());
        }
    }
}

/// Factors on every lane, in the first blocks of each form and far beyond, for numbers of up to 64
/// bits.
#[test]
fn vectors_find_what_division_finds() {
    let cofactors = [3_u64, 65_537, 4_294_967_291, 1_099_511_627_689];
    for cofactor in cofactors {
        for start in [1_u64 << 14, 40_000, 10_000_019, 1_000_000_007] {
            for d in (start | 1..start + 300).step_by(2) {
                let Some(n) = d.checked_mul(cofactor) else { continue };
                let k = (d - 3) / 2;
                let range = k.saturating_sub(200)..k + 200;
                let expected = plain(n, range.clone());
                assert_eq!(simd::divided(n, range.clone()), expected, "{d} of {n}");
                assert_eq!(simd::predicted(n, range), expected, "{d} of {n}");
            }
        }
    }
}

#[test]
fn the_strong_test_proves_and_refuses() {
    let composite = [9, 2047, 3_215_031_751, 3_825_123_056_546_413_051, u64::MAX];
    let prime = [3, 37, 41, 4_294_967_291, 100_109_100_129_100_151, 18_446_744_073_709_551_557];
    assert!(composite.iter().all(|&n| !strong::is_prime(n)));
    assert!(prime.iter().all(|&n| strong::is_prime(n)));
}

#[test]
fn useful_and_wasted_divisions() {
    assert_eq!(divisors(100_109_100_129_100_151), 158_200_110);
    let n = 104_729 * 1_299_709;
    let useful = (104_729 - 1) / 2;
    let of = |policy, threads: usize| {
        let exit = Exit { policy, prefix: 100, poll: 64, block: 1024 };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let outcome = pool.install(|| policy::split(n, &exit, plain));
        assert_eq!(outcome.first.map(divisor), Some(104_729), "{policy:?}");
        assert!((useful..=divisors(n)).contains(&outcome.divisions), "{policy:?} {outcome:?}");
        outcome.divisions
    };
    for policy in [Policy::None, Policy::Prefix, Policy::Poll, Policy::Block] {
        // One worker wastes nothing.
        assert_eq!(of(policy, 1), useful, "{policy:?}");
        of(policy, 3);
    }
    // Without a look the second worker does its whole share.
    assert_eq!(of(Policy::None, 2), useful + divisors(n) - divisors(n).div_ceil(2));
}

/// Native mutants: what a comparison must tell from the right thing.
mod mutants {
    use super::*;

    #[test]
    fn a_square_passes_a_strict_root() {
        let strict = |n: u64| plain(n, 0..(n.isqrt() - 2) / 2);
        assert_ne!(strict(25), plain(25, 0..divisors(25)));
        assert_eq!(plain(25, 0..divisors(25)).map(divisor), Some(5));
    }

    #[test]
    fn plain_f64_division_is_not_exact() {
        let integral = |n: u64, d: u64| (n as f64 / d as f64).fract() == 0.0;
        let n = 100_109_100_129_100_151_u64;
        assert!((3..1000).step_by(2).any(|d| integral(n, d) && !n.is_multiple_of(d)));
    }
}
