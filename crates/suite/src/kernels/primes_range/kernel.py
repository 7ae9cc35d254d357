"""Primes of a range by trial division with odd divisors: how many there are, and their sum."""

from crossover import i32, prange, u32, u64, zeros

# Divisors of one round lie in a span of this length. A round is a region of its own, so that no
# lane divides longer than 240 times in it, however large the numbers are.
SPAN: i32 = 480


def primes_range_u32(first: u32, last: u32) -> tuple[u32, u64]:
    count = i32(last - first) + 1
    composite = zeros(u32, count)
    for i in prange(count):
        n = first + u32(i)
        if n < 2 or (n > 2 and n % 2 == 0):
            composite[i] = 1
    low: u32 = 3
    while low <= last // low:
        stop = low + u32(SPAN)
        for i in prange(count):
            n = first + u32(i)
            if composite[i] == 0:
                d = low
                while d < stop:
                    # Compared by the quotient: a square of d might not fit.
                    q = n // d
                    if q < d:
                        break
                    if q * d == n:
                        composite[i] = 1
                        break
                    d += 2
        low = stop
    found = u32(0)
    total = u64(0)
    for i in prange(count):
        if composite[i] == 0:
            found += 1
            total += u64(first) + u64(i)
    return found, total


def primes_range_u64(first: u64, last: u64) -> tuple[u32, u64]:
    count = i32(last - first) + 1
    composite = zeros(u32, count)
    for i in prange(count):
        n = first + u64(i)
        if n < 2 or (n > 2 and n % 2 == 0):
            composite[i] = 1
    low: u64 = 3
    while low <= last // low:
        stop = low + u64(SPAN)
        for i in prange(count):
            n = first + u64(i)
            if composite[i] == 0:
                d = low
                while d < stop:
                    quotient = n // d
                    if quotient < d:
                        break
                    if quotient * d == n:
                        composite[i] = 1
                        break
                    d += 2
        low = stop
    found = u32(0)
    total = u64(0)
    for i in prange(count):
        if composite[i] == 0:
            found += 1
            total += first + u64(i)
    return found, total
