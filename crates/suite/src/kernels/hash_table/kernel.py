"""A hash table with open addressing: keys inserted with growth, looked up, deleted, looked up."""

from common import murmur3_block
from crossover import atomic_compare_exchange, i32, prange, u32, zeros

# What a slot holds: nothing, a deleted key, or a key plus one.
EMPTY: u32 = 0
TOMBSTONE: u32 = 0xFFFFFFFF

# The values of `hash`, in the order of its choices; the last one is a constant.
MIXED: i32 = 0
IDENTITY: i32 = 1


def _hash(key: u32, hash: i32, seed: u32) -> u32:
    """murmur3-32 of the key's four bytes, or one of two hashes that are easy to see through."""
    if hash == IDENTITY:
        return key
    if hash != MIXED:
        return 42
    h = seed ^ murmur3_block(key)
    h = (h << 13) | (h >> 19)
    h = (h * 5 + 0xE6546B64) ^ 4
    h = (h ^ (h >> 16)) * 0x85EBCA6B
    h = (h ^ (h >> 13)) * 0xC2B2AE35
    return h ^ (h >> 16)


def _next(i: u32, perturb: u32) -> tuple[u32, u32]:
    """The place after this one in a probe sequence. It goes through all slots, and the hash's upper
    bits enter one after the other, so that keys that meet once soon part."""
    return 5 * i + perturb + 1, perturb >> 5


def _put(table: u32[:], word: u32, mask: u32, hash: i32, seed: u32):
    """Inserts a word into the first empty slot of its sequence; a word that is there stays there."""
    i = _hash(word - 1, hash, seed)
    perturb = i
    while True:
        old = atomic_compare_exchange(table, i & mask, EMPTY, word)
        if old == EMPTY or old == word:
            break
        i, perturb = _next(i, perturb)


def _delete(table: u32[:], word: u32, mask: u32, hash: i32, seed: u32):
    """Puts a tombstone in a word's place, so that sequences that lead past it still do."""
    i = _hash(word - 1, hash, seed)
    perturb = i
    while True:
        old = atomic_compare_exchange(table, i & mask, word, TOMBSTONE)
        if old == EMPTY or old == word:
            break
        i, perturb = _next(i, perturb)


def _find(table: u32[:], word: u32, mask: u32, hash: i32, seed: u32) -> tuple[u32, u32]:
    """Whether a word is there (1 or 0), and in how many slots it was looked for."""
    i = _hash(word - 1, hash, seed)
    perturb = i
    probes: u32 = 1
    there = table[i & mask]
    while there != EMPTY and there != word:
        i, perturb = _next(i, perturb)
        there = table[i & mask]
        probes += 1
    return (u32(1) if there == word else u32(0)), probes


def _grown(size: i32, filled: i32) -> i32:
    """The size after growth: the power of two above four times the keys, later twice."""
    factor = 4 if filled <= 50000 else 2
    grown = 2 * size
    while grown <= factor * filled:
        grown *= 2
    return grown


def hash_table(
    table: u32[:],
    found: u32[:],
    kept: u32[:],
    growth: u32[:, :],
    sequence: u32[:, :],
    items: u32[:],
    starts: u32[:],
    stored: i32,
    load: i32,
    hash: i32,
    seed: u32,
) -> u32:
    for k in prange(starts.shape[0]):
        i = starts[k]
        perturb = i
        for step in range(sequence.shape[1]):
            sequence[k, step] = i & 7
            i, perturb = _next(i, perturb)
    for k in prange(growth.shape[0]):
        growth[k, 0] = 0
        growth[k, 1] = 0
    spare = zeros(u32, table.shape[0])

    # A batch is what fits until the table grows: all of it at once, in any order.
    size = 8
    filled = 0
    growths = 0
    while filled < stored:
        until = min(stored, (size * load + 11) // 12)
        for k in prange(filled, until):
            _put(table, items[k] + 1, u32(size - 1), hash, seed)
        filled = until
        if filled * 12 >= size * load:
            grown = _grown(size, filled)
            for slot in prange(grown):
                spare[slot] = EMPTY
            for slot in prange(size):
                word = table[slot]
                if word != EMPTY:
                    _put(spare, word, u32(grown - 1), hash, seed)
            table, spare = spare, table
            size = grown
            growth[growths, 0] = u32(filled)
            growth[growths, 1] = u32(size)
            growths += 1

    mask = u32(size - 1)
    # How many probes a mixed hash needs depends on the order of the inserts; with every key in a
    # slot of its own, or all in one sequence, it does not.
    probes: u32 = 0
    for k in prange(items.shape[0]):
        there, walked = _find(table, items[k] + 1, mask, hash, seed)
        found[k] = there
        if hash != MIXED:
            probes += walked * there
    for k in prange(stored // 4):
        _delete(table, items[4 * k] + 1, mask, hash, seed)
    for k in prange(items.shape[0]):
        there, walked = _find(table, items[k] + 1, mask, hash, seed)
        kept[k] = there
    return probes
