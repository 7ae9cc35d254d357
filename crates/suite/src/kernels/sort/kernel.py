"""Radix sort: four stable passes over eight bits each, the lowest first."""

from crossover import array, i32, prange, u32, zeros

DIGITS: i32 = 256


def _pass(source: u32[:], target: u32[:], counts: u32[:, :], firsts: u32[:], shift: i32):
    """Moves keys to where their digit belongs, in the order in which they come. Each lane has a run
    of the source: it counts its digits, learns where those of each digit begin, and moves them."""
    n = source.shape[0]
    lanes = counts.shape[1]
    run = (n + lanes - 1) // lanes
    for lane in prange(lanes):
        own = array(u32, DIGITS)
        for i in range(min(n, lane * run), min(n, (lane + 1) * run)):
            own[(source[i] >> shift) & 255] += 1
        for digit in range(DIGITS):
            counts[digit, lane] = own[digit]
    # Within a digit, the runs one after the other.
    for digit in prange(DIGITS):
        before: u32 = 0
        for lane in range(lanes):
            count = counts[digit, lane]
            counts[digit, lane] = before
            before += count
        firsts[digit] = before
    # The digits one after the other.
    total: u32 = 0
    for digit in range(DIGITS):
        count = firsts[digit]
        firsts[digit] = total
        total += count
    for lane in prange(lanes):
        next = array(u32, DIGITS)
        for digit in range(DIGITS):
            next[digit] = firsts[digit] + counts[digit, lane]
        for i in range(min(n, lane * run), min(n, (lane + 1) * run)):
            key = source[i]
            digit = (key >> shift) & 255
            target[next[digit]] = key
            next[digit] += 1


def sort(ordered: u32[:], keys: u32[:]):
    n = keys.shape[0]
    spare = zeros(u32, n)
    other = zeros(u32, n)
    firsts = zeros(u32, DIGITS)
    # Short runs for few keys, at most 2,048 runs for many.
    run = max(256, (n + 2047) // 2048)
    counts = zeros(u32, DIGITS, (n + run - 1) // run)
    _pass(keys, spare, counts, firsts, 0)
    _pass(spare, other, counts, firsts, 8)
    _pass(other, spare, counts, firsts, 16)
    _pass(spare, ordered, counts, firsts, 24)
