"""Growth of lists that are appended to: capacities, reallocations, elements moved."""

from crossover import prange, u32


def _grown(capacity: u32) -> u32:
    """The capacity after one append to a full list."""
    n = capacity + 1
    return n + (n >> 3) + (3 if n < 9 else 6)


def list_growth(
    growth: u32[:], capacity: u32[:], reallocations: u32[:], moved: u32[:], lengths: u32[:]
):
    for i in prange(lengths.shape[0]):
        room = u32(0)
        count = u32(0)
        copied = u32(0)
        while room < lengths[i]:
            copied += room
            room = _grown(room)
            count += 1
        capacity[i] = room
        reallocations[i] = count
        moved[i] = copied
    room = u32(0)
    for k in range(growth.shape[0]):
        room = _grown(room)
        growth[k] = room
