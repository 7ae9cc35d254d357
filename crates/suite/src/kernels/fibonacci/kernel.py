"""Fibonacci numbers as a stream: how many of the first ones are odd, and their sum."""

from crossover import i32, prange, u32


def _at(index: u32) -> tuple[u32, u32]:
    """F(index) and F(index + 1) modulo 2**32, by doubling the index bit by bit."""
    a = u32(0)
    b = u32(1)
    for step in range(32):
        even = a * (2 * b - a)
        odd = a * a + b * b
        if (index >> (31 - step)) & 1 == 1:
            a, b = odd, even + odd
        else:
            a, b = even, odd
    return a, b


def fibonacci(terms: u32, chunk: u32, limit: u32) -> tuple[u32, u32, u32]:
    """Odd terms up to `limit`; odd terms among the first `terms` of 1, 1, 2, 3, 5, ...; the sum of
    those terms modulo 2**32. The carries of a sum never reach its lowest bit, so the parity of a
    term modulo 2**32 is the term's own."""
    small = u32(0)
    a = u32(1)
    b = u32(1)
    while a <= limit:
        small += a & 1
        a, b = b, a + b
    odd = u32(0)
    total = u32(0)
    for piece in prange((terms + chunk - 1) // chunk):
        first = u32(piece) * chunk
        x, y = _at(first + 1)
        for k in range(min(chunk, terms - first)):
            odd += x & 1
            total += x
            x, y = y, x + y
    return small, odd, total
