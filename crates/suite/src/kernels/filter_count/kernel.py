"""How many i below n are divisible by 3, and the sum of them: from a list that is made first, or
lazily, without one. Both give the same numbers; one needs memory."""

from crossover import i32, prange, u32, zeros

LAZY: i32 = 0

# Numbers of one lane: few enough for the loop limits of drivers.
CHUNK: i32 = 2048


def _keep(i: i32) -> bool:
    return i % 3 == 0


def _lazy(n: i32) -> tuple[u32, u32]:
    count = u32(0)
    total = u32(0)
    for i in prange(n):
        if _keep(i):
            count += 1
            total += u32(i)
    return count, total


def _listed(n: i32) -> tuple[u32, u32]:
    """Compaction: how many each chunk keeps, where its part begins, then the list in order."""
    chunks = (n + CHUNK - 1) // CHUNK
    begins = zeros(i32, chunks + 1)
    for chunk in prange(chunks):
        kept = 0
        for i in range(chunk * CHUNK, min(n, (chunk + 1) * CHUNK)):
            if _keep(i):
                kept += 1
        begins[chunk + 1] = kept
    for chunk in range(chunks):
        begins[chunk + 1] += begins[chunk]
    length = begins[chunks]
    members = zeros(i32, length)
    for chunk in prange(chunks):
        at = begins[chunk]
        for i in range(chunk * CHUNK, min(n, (chunk + 1) * CHUNK)):
            if _keep(i):
                members[at] = i
                at += 1
    total = u32(0)
    for k in prange(length):
        total += u32(members[k])
    return u32(length), total


def filter_count(n: i32, form: i32) -> tuple[u32, u32]:
    if form == LAZY:
        count, total = _lazy(n)
    else:
        count, total = _listed(n)
    return count, total
