"""Morris counters: counts up to 2^255 in one byte, about."""

from common import philox
from crossover import i32, prange, u32

# Events of one round: lanes go on from the state that the round before left.
ROUND: i32 = 256


def _count(exponent: u32, word: u32) -> u32:
    """One event: the exponent grows if the low `exponent` bits of a random word are all 0."""
    grows = exponent < 32 and word & ((u32(1) << exponent) - 1) == 0
    return exponent + 1 if grows else exponent


def morris(exponents: u32[:], n: i32, key_low: u32, key_high: u32):
    groups = exponents.shape[0] // 3
    for counter in prange(exponents.shape[0]):
        exponents[counter] = 0
    for first in range(0, n, ROUND):
        for group in prange(groups):
            a = exponents[3 * group]
            b = exponents[3 * group + 1]
            c = exponents[3 * group + 2]
            for i in range(first, min(first + ROUND, n)):
                w0, w1, w2, w3 = philox(u32(i), key_low, key_high + u32(group))
                a = _count(a, w0)
                b = _count(b, w1)
                c = _count(c, w2)
            exponents[3 * group] = a
            exponents[3 * group + 1] = b
            exponents[3 * group + 2] = c
