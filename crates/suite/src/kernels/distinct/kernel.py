"""How many different ids there are among many: by a hash set, by sorting, by a list."""

from crossover import atomic_compare_exchange, i32, prange, u32, zeros

# The values of `form`, in the order of its choices; the last one is the list.
SET: i32 = 0
SORT: i32 = 1

EMPTY: u32 = 0


def _is_new(table: u32[:], id: u32, mask: u32) -> bool:
    """Puts an id into the set, next to where its product by the golden ratio points; whether it was
    not there."""
    h = id * 0x9E3779B1
    slot = (h ^ (h >> 15)) & mask
    while True:
        old = atomic_compare_exchange(table, slot, EMPTY, id + 1)
        if old == EMPTY or old == id + 1:
            break
        slot = (slot + 1) & mask
    return old == EMPTY


def _by_set(words: u32[:], shift: i32) -> u32:
    n = words.shape[0]
    size = 16
    while size < 2 * n:
        size *= 2
    table = zeros(u32, size)
    count: u32 = 0
    for i in prange(n):
        if _is_new(table, words[i] >> shift, u32(size - 1)):
            count += 1
    return count


def _by_sort(words: u32[:], shift: i32) -> u32:
    """A bitonic network, whose pairs do not depend on what is compared; then ids that differ from
    the one before."""
    n = words.shape[0]
    size = 1
    while size < n:
        size *= 2
    ids = zeros(u32, size)
    for i in prange(size):
        ids[i] = words[i] >> shift if i < n else 0xFFFFFFFF
    run = 2
    while run <= size:
        distance = run // 2
        while distance > 0:
            for pair in prange(size // 2):
                low = pair // distance * 2 * distance + pair % distance
                high = low + distance
                a = ids[low]
                b = ids[high]
                if (a > b) == (low & run == 0):
                    ids[low] = b
                    ids[high] = a
            distance //= 2
        run *= 2
    count: u32 = 0
    for i in prange(n):
        if i == 0 or ids[i] != ids[max(i - 1, 0)]:
            count += 1
    return count


def _by_list(words: u32[:], shift: i32) -> u32:
    """An id is new if none before it is the same."""
    count: u32 = 0
    for i in prange(words.shape[0]):
        id = words[i] >> shift
        before = 0
        while before < i and words[before] >> shift != id:
            before += 1
        if before == i:
            count += 1
    return count


def distinct(words: u32[:], bits: i32, form: i32) -> u32:
    shift = 32 - bits
    count: u32 = 0
    if form == SET:
        count = _by_set(words, shift)
    elif form == SORT:
        count = _by_sort(words, shift)
    else:
        count = _by_list(words, shift)
    return count
