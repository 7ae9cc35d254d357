"""Search in a sorted array: for each needle where it stands, and after how many iterations."""

from crossover import i32, prange, u32

# The values of `form`, in the order of its choices.
LOWER_BOUND: i32 = 0
THREE_WAY: i32 = 1
LINEAR: i32 = 2


def _lower_bound(a: u32[:], x: u32) -> tuple[i32, i32]:
    """The first element that is not below x: the loop has one comparison and no early end."""
    low = 0
    high = a.shape[0]
    steps = 0
    while low < high:
        middle = (low + high) // 2
        if a[middle] < x:
            low = middle + 1
        else:
            high = middle
        steps += 1
    return low, steps


def _three_way(a: u32[:], x: u32) -> tuple[i32, i32]:
    """The element equal to x, found early by luck; the array's length if there is none."""
    low = 0
    high = a.shape[0]
    at = high
    steps = 0
    while low < high:
        middle = (low + high) // 2
        value = a[middle]
        steps += 1
        if value == x:
            at = middle
            break
        if value < x:
            low = middle + 1
        else:
            high = middle
    return at, steps


def _linear(a: u32[:], x: u32) -> tuple[i32, i32]:
    """The first element that is not below x, by looking at all before it."""
    at = 0
    steps = 0
    while at < a.shape[0]:
        steps += 1
        if a[at] >= x:
            break
        at += 1
    return at, steps


def _nearest(a: u32[:], x: u32) -> tuple[i32, i32]:
    """The element at the least distance from x, the lower one of two."""
    at, steps = _lower_bound(a, x)
    if at == a.shape[0]:
        at -= 1
    elif at > 0 and x - a[at - 1] <= a[at] - x:
        at -= 1
    return at, steps


def bisect(index: u32[:], steps: u32[:], elements: u32[:], needles: u32[:], form: i32):
    for k in prange(needles.shape[0]):
        x = needles[k]
        at = 0
        count = 0
        if form == LOWER_BOUND:
            at, count = _lower_bound(elements, x)
        elif form == THREE_WAY:
            at, count = _three_way(elements, x)
        elif form == LINEAR:
            at, count = _linear(elements, x)
        else:
            at, count = _nearest(elements, x)
        index[k] = u32(at)
        if k < steps.shape[0]:
            steps[k] = u32(count)
