"""Sum of squares of a vector, in the order of sums that the language defines."""

from crossover import prange, real


def norm2(v: real[:]) -> real:
    total = real(0.0)
    for i in prange(v.shape[0]):
        total += v[i] * v[i]
    return total
