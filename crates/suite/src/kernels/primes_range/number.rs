//! What the variants ask of a number of 32 or 64 bits.

use super::divisors::Divisors;
use super::{Tally, simd};
use crate::arguments::Element;

/// An unsigned integer type of an instance.
pub(super) trait Number: Element + Ord {
    /// The number of a value that fits.
    fn from_u64(value: u64) -> Self;
    /// Its value.
    fn to_u64(self) -> u64;
    /// The number after it, modulo 2^w.
    fn next(self) -> Self;
    /// The product modulo 2^w.
    fn times(self, other: Self) -> Self;
    /// The largest quotient of a multiple of an odd divisor: (2^w - 1) / self.
    fn limit(self) -> Self;
    /// Whether it is prime, and how many divisions were needed to say so.
    fn is_prime(self) -> (bool, u64);
    /// [`Divisors::tally`] with vectors of divisors.
    fn simd_tally(divisors: &Divisors<Self>, first: Self, last: Self) -> Tally;
}

macro_rules! number {
    ($type:ident, $simd_tally:path) => {
        impl Number for $type {
            fn from_u64(value: u64) -> $type {
                value as $type
            }

            fn to_u64(self) -> u64 {
                self.into()
            }

            fn next(self) -> $type {
                self.wrapping_add(1)
            }

            #[inline(always)]
            fn times(self, other: $type) -> $type {
                self.wrapping_mul(other)
            }

            fn limit(self) -> $type {
                $type::MAX / self
            }

            #[inline]
            fn is_prime(self) -> (bool, u64) {
                if self < 3 || self % 2 == 0 {
                    return (self == 2, 0);
                }
                let root = self.isqrt();
                let mut divisor = 3;
                while divisor <= root {
                    if self % divisor == 0 {
                        return (false, u64::from((divisor - 1) / 2));
                    }
                    divisor += 2;
                }
                (true, u64::from((divisor - 3) / 2))
            }

            fn simd_tally(divisors: &Divisors<$type>, first: $type, last: $type) -> Tally {
                $simd_tally(divisors, first, last)
            }
        }
    };
}

number!(u32, simd::tally_u32);
number!(u64, simd::tally_u64);
