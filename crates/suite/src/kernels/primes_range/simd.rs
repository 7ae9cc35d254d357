//! Several divisors of one number per vector: the number leaves with the vector that holds a
//! divisor of it, so at most a vector's lanes run in vain. With several numbers per vector all
//! lanes would wait for the one that is prime.

use fearless_simd::{Level, dispatch, prelude::*};

use super::Tally;
use super::divisors::Divisors;

/// Vectors between two looks at the outcome, once the small divisors are through.
const BURST: usize = 4;

macro_rules! tally {
    ($tally:ident, $lanes:ident, $number:ident, $vector:ident) => {
        /// [`Divisors::tally`] with vectors of divisors.
        pub(super) fn $tally(divisors: &Divisors<$number>, first: $number, last: $number) -> Tally {
            #[inline(always)]
            fn of<S: Simd>(
                simd: S,
                divisors: &Divisors<$number>,
                first: $number,
                last: $number,
            ) -> Tally {
                simd.vectorize(
                    #[inline(always)]
                    || {
                        divisors.tally(
                            first,
                            last,
                            #[inline(always)]
                            |divisors, n, in_use| $lanes(simd, divisors, n, in_use),
                        )
                    },
                )
            }
            dispatch!(Level::new(), simd => of(simd, divisors, first, last))
        }

        /// Whether one of the first `in_use` divisors divides n, and how many lanes were spent.
        #[inline(always)]
        fn $lanes<S: Simd>(
            simd: S,
            divisors: &Divisors<$number>,
            n: $number,
            in_use: usize,
        ) -> (bool, u64) {
            let width = S::$vector::LEN;
            let number = S::$vector::simd_from(simd, n);
            let (inverses, limits) = (&divisors.inverses[..in_use], &divisors.limits[..in_use]);
            let divides = |at: usize| {
                let inverse = S::$vector::from_slice(simd, &inverses[at..at + width]);
                let limit = S::$vector::from_slice(simd, &limits[at..at + width]);
                (number * inverse).simd_le(limit)
            };
            let mut at = 0;
            // Most numbers leave here.
            while at < in_use.min(BURST * width) / width * width {
                let any = divides(at).any_true();
                at += width;
                if any {
                    return (true, at as u64);
                }
            }
            while at + BURST * width <= in_use {
                let low = divides(at) | divides(at + width);
                let high = divides(at + 2 * width) | divides(at + 3 * width);
                at += BURST * width;
                if (low | high).any_true() {
                    return (true, at as u64);
                }
            }
            while at + width <= in_use {
                let any = divides(at).any_true();
                at += width;
                if any {
                    return (true, at as u64);
                }
            }
            let rest = inverses[at..].iter().zip(&limits[at..]);
            let any = rest.fold(false, |any, (&inverse, &limit)| {
                any | (n.wrapping_mul(inverse) <= limit)
            });
            (any, in_use as u64)
        }
    };
}

tally!(tally_u32, lanes_u32, u32, u32s);
tally!(tally_u64, lanes_u64, u64, u64s);
