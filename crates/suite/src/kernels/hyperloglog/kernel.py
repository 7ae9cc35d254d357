"""HyperLogLog: how many distinct keys a stream has, from one small register per class of hashes."""

from common import decimal, murmur3
from crossover import array, atomic_add, atomic_max, count_trailing_zeros, f32, i32, log, prange, u8, u32

# Ranks are 0 (an empty register) to 32.
RANKS: i32 = 33


def _estimate(ranks: u32[:], m: f32) -> f32:
    """The estimate of registers of which `ranks[r]` hold rank r."""
    harmonic = f32(0.0)
    weight = f32(1.0)
    for rank in range(RANKS):
        harmonic += f32(ranks[rank]) * weight
        weight = weight * 0.5
    raw = 0.7213 / (1.0 + 1.079 / m) * m * m / harmonic
    if raw <= 2.5 * m and ranks[0] > 0:
        # Few keys: empty registers tell more than ranks do. The logarithm is the natural one.
        return m * log(m / f32(ranks[0]))
    return raw


def hyperloglog(registers: u32[:], ranks: u32[:], n: i32, p: u32) -> f32:
    m = registers.shape[0]
    for j in prange(m):
        registers[j] = 0
    for rank in prange(RANKS):
        ranks[rank] = 0
    for i in prange(n):
        key = array(u8, 12)
        length = decimal(key, u32(i))
        h = murmur3(key, length, 0)
        rest = h >> p
        rank = u32(32) if rest == 0 else u32(count_trailing_zeros(rest)) + 1
        atomic_max(registers, h & u32(m - 1), rank)
    for j in prange(m):
        atomic_add(ranks, registers[j], 1)
    return _estimate(ranks, f32(m))
