"""Chains of dependent loads: each hop reads where to go next."""

from crossover import i32, min, prange, u32

# Hops of a chain in one region, so that no lane loops longer however long the chain is.
ROUND: i32 = 2048


def pointer_walk(place: u32[:], next: u32[:], hops: i32):
    """Moves each place `hops` times along `next`."""
    done = 0
    while done < hops:
        steps = min(ROUND, hops - done)
        for chain in prange(place.shape[0]):
            at = place[chain]
            for hop in range(steps):
                at = next[at]
            place[chain] = at
        done += steps
