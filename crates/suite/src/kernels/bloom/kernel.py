"""A Bloom filter: n keys are put into an array of bits, then these and n others are looked up."""

from common import decimal, murmur3_pair
from crossover import array, atomic_or, i32, popcount, prange, u8, u32


def _hashes(i: u32) -> tuple[u32, u32]:
    """Two hashes of key i; all its places are made of them."""
    key = array(u8, 12)
    length = decimal(key, i)
    h1, h2 = murmur3_pair(key, length, 0, 1)
    return h1, h2


def _holds(bits: u32[:], i: u32, size: u32, hashes: u32) -> bool:
    h1, h2 = _hashes(i)
    left = hashes
    while left > 0:
        at = h1 % size
        if (bits[at >> 5] >> (at & 31)) & 1 == 0:
            return False
        h1 += h2
        left -= 1
    return True


def bloom(bits: u32[:], n: i32, size: u32, hashes: u32) -> tuple[u32, u32, u32]:
    """Bits set, keys put in and not found (never any), keys found that were never put in."""
    for word in prange(bits.shape[0]):
        bits[word] = 0
    for i in prange(n):
        h1, h2 = _hashes(u32(i))
        for k in range(hashes):
            at = h1 % size
            atomic_or(bits, at >> 5, u32(1) << (at & 31))
            h1 += h2
    bits_set = u32(0)
    for word in prange(bits.shape[0]):
        bits_set += popcount(bits[word])
    lost = u32(0)
    false_positives = u32(0)
    for i in prange(2 * n):
        held = _holds(bits, u32(i), size, hashes)
        lost += u32(1) if i < n and not held else u32(0)
        false_positives += u32(1) if i >= n and held else u32(0)
    return bits_set, lost, false_positives
