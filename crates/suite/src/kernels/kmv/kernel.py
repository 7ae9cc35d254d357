"""K minimum values: the k smallest distinct hashes of a stream tell how many keys it has."""

from common import decimal, murmur3
from crossover import array, atomic_add, f32, i32, prange, u8, u32, zeros

LAST: u32 = 2**32 - 1
# The buckets are cut into so many parts for their prefix sum.
PARTS: i32 = 64


def _order(i: u32) -> u32:
    """The hash of key i, such that unsigned order is the order of the signed hashes."""
    key = array(u8, 12)
    length = decimal(key, i)
    return murmur3(key, length, 0) ^ 0x80000000


def _sort(found: u32[:], start: u32, count: u32) -> u32:
    """Sorts a bucket in place, equal hashes once, and gives how many are left."""
    end = start
    for i in range(start, start + count):
        x = found[i]
        at = end
        while at > start and found[at - 1] > x:
            at -= 1
        if at == start or found[at - 1] != x:
            last = end
            while last > at:
                found[last] = found[last - 1]
                last -= 1
            found[at] = x
            end += 1
    return end - start


def _sum_before(counts: u32[:], sums: u32[:]) -> u32:
    """Each count becomes the sum of those before it; gives the sum of all."""
    share = (counts.shape[0] + PARTS - 1) // PARTS
    for part in prange(PARTS):
        s = u32(0)
        for j in range(part * share, min((part + 1) * share, counts.shape[0])):
            s += counts[j]
        sums[part] = s
    total = u32(0)
    for part in range(PARTS):
        in_part = sums[part]
        sums[part] = total
        total += in_part
    for part in prange(PARTS):
        s = sums[part]
        for j in range(part * share, min((part + 1) * share, counts.shape[0])):
            count = counts[j]
            counts[j] = s
            s += count
    return total


def kmv(kept: i32[:], n: i32) -> f32:
    k = kept.shape[0]
    hashes = zeros(u32, n)
    for i in prange(n):
        hashes[i] = _order(u32(i))
    buckets = 64
    while buckets * 4 < k:
        buckets = buckets * 2
    starts = zeros(u32, buckets)
    counts = zeros(u32, buckets)
    sums = zeros(u32, PARTS)
    found = zeros(u32, n)
    # Hashes are spread evenly: the k smallest lie below about k/n of their range. Should the margin
    # ever be too small, the limit grows and all is done again.
    wanted = u32(k + k // 4 + 64)
    limit = LAST // u32(n) * wanted if wanted < u32(n) else LAST
    different = u32(0)
    second = u32(0)
    while different < u32(k):
        width = limit // u32(buckets) + 1
        for j in prange(buckets):
            starts[j] = 0
            counts[j] = 0
        for i in prange(n):
            if hashes[i] <= limit:
                atomic_add(starts, hashes[i] // width, 1)
        placed = _sum_before(starts, sums)
        for i in prange(n):
            if hashes[i] <= limit:
                bucket = hashes[i] // width
                found[starts[bucket] + atomic_add(counts, bucket, 1)] = hashes[i]
        for j in prange(buckets):
            counts[j] = _sort(found, starts[j], counts[j])
        different = _sum_before(counts, sums)
        # The second largest kept says how far k - 2 hashes reach, of 2^32.
        second = u32(0)
        for j in prange(buckets):
            first = counts[j]
            after = counts[j + 1] if j + 1 < buckets else different
            for at in range(first, min(after, u32(k))):
                x = found[starts[j] + (at - first)]
                kept[at] = i32(x ^ 0x80000000)
                if at == u32(k - 2):
                    second += x
        limit = limit * 2 if limit <= LAST // 2 else LAST
    return f32(k - 1) * 4294967296.0 / f32(second)
