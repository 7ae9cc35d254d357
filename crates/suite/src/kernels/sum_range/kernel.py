"""Sum of a range of integers."""

from crossover import prange, u32, u64


def sum_range(n: u32) -> u64:
    total = u64(0)
    for i in prange(n):
        total += u64(i)
    return total
