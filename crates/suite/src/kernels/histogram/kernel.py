"""Composites by their smallest factor, and a counter that all workers want."""

from crossover import atomic_add, i32, prange, u32


def _smallest_factor(i: u32) -> u32:
    """The smallest factor of i > 1, or 0 for a prime."""
    if i % 2 == 0:
        return 2 if i > 2 else 0
    if i % 3 == 0:
        return 3 if i > 3 else 0
    d = u32(5)
    while d * d <= i:
        if i % d == 0:
            return d
        if i % (d + 2) == 0:
            return d + 2
        d += 6
    return 0


def histogram(bins: u32[:], counter: u32[:], n: i32, workers: i32, increments: i32):
    for k in prange(bins.shape[0]):
        bins[k] = 0
    counter[0] = 0
    for i in prange(3, n):
        factor = _smallest_factor(u32(i))
        if factor > 0:
            atomic_add(bins, factor, 1)
    for worker in prange(workers):
        for k in range(increments):
            atomic_add(counter, 0, 1)
