"""What several kernels import: a random stream by index, and a hash of bytes."""

from crossover import i32, mul_high, u8, u32

# Philox4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC11.
PHILOX_M0: u32 = 0xD2511F53
PHILOX_M1: u32 = 0xCD9E8D57
PHILOX_W0: u32 = 0x9E3779B9
PHILOX_W1: u32 = 0xBB67AE85

# MurmurHash3_x86_32, Austin Appleby, public domain.
MURMUR_C1: u32 = 0xCC9E2D51
MURMUR_C2: u32 = 0x1B873593


def philox(index: u32, key_low: u32, key_high: u32) -> tuple[u32, u32, u32, u32]:
    """The four random words of counter (index, 0, 0, 0): a function of the index, so that every
    backend draws the same stream in any order."""
    w0 = index
    w1 = u32(0)
    w2 = u32(0)
    w3 = u32(0)
    k0 = key_low
    k1 = key_high
    for step in range(10):
        low0 = PHILOX_M0 * w0
        low1 = PHILOX_M1 * w2
        high0 = mul_high(PHILOX_M0, w0)
        high1 = mul_high(PHILOX_M1, w2)
        w0 = high1 ^ w1 ^ k0
        w1 = low1
        w2 = high0 ^ w3 ^ k1
        w3 = low0
        k0 += PHILOX_W0
        k1 += PHILOX_W1
    return w0, w1, w2, w3


def murmur3_block(word: u32) -> u32:
    """Mixes one word of the key before it enters the hash."""
    k = word * MURMUR_C1
    k = (k << 15) | (k >> 17)
    return k * MURMUR_C2


def decimal(key: u8[:], value: u32) -> i32:
    """Writes the decimal digits of `value` to the front of `key`, which has room for ten, and gives
    their number."""
    length = 1
    bound = u32(10)
    while length < 10 and value >= bound:
        length += 1
        bound = bound * 10
    rest = value
    for i in range(length):
        key[length - 1 - i] = 48 + rest % 10
        rest = rest // 10
    return length


def _murmur3_word(key: u8[:], at: i32) -> u32:
    """The four bytes of the key from `at` on, the first one lowest."""
    return key[at] | (key[at + 1] << 8) | (key[at + 2] << 16) | (key[at + 3] << 24)


def _murmur3_tail(key: u8[:], start: i32, end: i32) -> u32:
    """The bytes behind the last whole word, of which there are less than four."""
    tail = u32(0)
    for i in range(start, end):
        tail = tail | (key[i] << (8 * (i - start)))
    return tail


def _murmur3_step(h: u32, block: u32) -> u32:
    h = h ^ block
    h = (h << 13) | (h >> 19)
    return h * 5 + 0xE6546B64


def _murmur3_finish(h: u32, length: i32) -> u32:
    h = h ^ u32(length)
    h = (h ^ (h >> 16)) * 0x85EBCA6B
    h = (h ^ (h >> 13)) * 0xC2B2AE35
    return h ^ (h >> 16)


def murmur3(key: u8[:], length: i32, seed: u32) -> u32:
    """murmur3-32 of the first `length` bytes of `key`."""
    h = seed
    blocks = length // 4
    for block in range(blocks):
        h = _murmur3_step(h, murmur3_block(_murmur3_word(key, 4 * block)))
    tail = _murmur3_tail(key, 4 * blocks, length)
    return _murmur3_finish(h ^ murmur3_block(tail), length)


def murmur3_pair(key: u8[:], length: i32, seed1: u32, seed2: u32) -> tuple[u32, u32]:
    """murmur3-32 of the first `length` bytes of `key` under two seeds, in one pass over the key."""
    h1 = seed1
    h2 = seed2
    blocks = length // 4
    for block in range(blocks):
        mixed = murmur3_block(_murmur3_word(key, 4 * block))
        h1 = _murmur3_step(h1, mixed)
        h2 = _murmur3_step(h2, mixed)
    tail = murmur3_block(_murmur3_tail(key, 4 * blocks, length))
    return _murmur3_finish(h1 ^ tail, length), _murmur3_finish(h2 ^ tail, length)
