"""Is one large number prime: its smallest factor, by trial division with odd divisors."""

from crossover import i32, min, prange, u32, u64

NONE: u32 = 0xFFFFFFFF

# Divisors of one lane. Few, because a division of 64 bits may itself be a loop on a GPU.
PER_LANE: u32 = 64

# Policies as `kernel.toml` numbers them.
PREFIX: i32 = 1
BLOCK: i32 = 3


def _root(n: u64) -> u64:
    """The largest r with r * r <= n, by Newton's iteration from above."""
    r = n
    next = n // 2 + 1
    while next < r:
        r = next
        next = (r + n // r) // 2
    return r


def prime_verify(high: u32, low: u32, policy: i32, prefix: u32, block: u32) -> u32:
    """The smallest factor of high * 2**32 + low below itself, or 0 if there is none.

    The policies that decide between regions are followed: `prefix` and `block`. What a lane sees
    of another inside a region depends on their order, so `poll` is here the same as `none`.
    """
    n = (u64(high) << 32) | u64(low)
    divisors = u32((_root(n) - 1) // 2)
    factor = NONE
    if n % 2 == 0 and n > 2:
        factor = u32(2)
    done = u32(0)
    while done < divisors and factor == NONE:
        batch = divisors - done
        if policy == PREFIX and done == 0:
            batch = min(batch, prefix)
        if policy == BLOCK:
            batch = min(batch, block)
        end = done + batch
        for lane in prange((batch + PER_LANE - 1) // PER_LANE):
            first = done + u32(lane) * PER_LANE
            for k in range(first, min(first + PER_LANE, end)):
                d = 2 * k + 3
                if n % u64(d) == 0:
                    factor = min(factor, d)
                    break
        done = end
    return u32(0) if factor == NONE else factor
