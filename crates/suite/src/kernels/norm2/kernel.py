"""Sum of squares of a vector: of floats, in the order of sums that the language defines, and of
whole numbers, where every order gives the same."""

from crossover import prange, real, u32, u64


def norm2(v: real[:]) -> real:
    total = real(0.0)
    for i in prange(v.shape[0]):
        total += v[i] * v[i]
    return total


def norm2_exact(v: u32[:]) -> u64:
    """Modulo 2**64."""
    n = v.shape[0]
    total = u64(0)
    for i in prange(n):
        x = u64(v[i])
        total += x * x
    return total
