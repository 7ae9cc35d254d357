"""Darts at a quarter of a disc: how many of n random points of the unit square hit it."""

from common import philox
from crossover import i32, prange, u32


def pi_darts(n: i32, key_low: u32, key_high: u32) -> u32:
    hits = u32(0)
    for i in prange(n):
        w0, w1, w2, w3 = philox(u32(i), key_low, key_high)
        x = w0 >> 16
        y = w1 >> 16
        # x*x + y*y <= 65535*65535, written so that nothing overflows.
        if y * y <= 4294836225 - x * x:
            hits += 1
    return hits
