"""Membership of tokens in a sorted array: bisection over words of text."""

from crossover import array, count_leading_zeros, mul_high, prange, u32, zeros

# 25^4: what the first of five digits counts.
TOP: u32 = 390625


def _token(i: u32, n: u32, absent: u32) -> tuple[u32, u32, u32, u32]:
    """The text of token i of n as four words, first letter highest, zero beyond its end: ascending
    in i. With `absent` 1 a text that no token has."""
    text = array(u32, 4)
    # Half of all tokens begin with a, a quarter with b, and so on; three more letters follow.
    start = count_leading_zeros(n - i) - count_leading_zeros(n)
    state = (start + 1) * 0x9E3779B9
    text[0] = (97 + start) << 24 | (97 + (state >> 8) % 26) << 16
    text[0] = text[0] | (97 + (state >> 14) % 26) << 8 | (97 + (state >> 20) % 26)
    at = u32(4)
    # Five digits of i, from a to y. Behind each of the first four may stand a letter that depends
    # on those before it alone, so the order of texts is the order of i.
    rest = i
    power = TOP
    for place in range(5):
        digit = rest // power
        rest -= digit * power
        power = power // 25
        if place == 4 and absent == 1:
            digit = 25
        text[at >> 2] = text[at >> 2] | ((97 + digit) << (24 - 8 * (at & 3)))
        at += 1
        state = (state ^ digit) * 0x01000193
        if place < 4 and (state >> 13) & 1 == 1:
            text[at >> 2] = text[at >> 2] | ((97 + (state >> 16) % 26) << (24 - 8 * (at & 3)))
            at += 1
    # None to three letters at the end.
    for letter in range((state >> 20) & 3):
        state = state * 0x01000193 + 1
        text[at >> 2] = text[at >> 2] | ((97 + (state >> 16) % 26) << (24 - 8 * (at & 3)))
        at += 1
    return text[0], text[1], text[2], text[3]


def _below(ordered: u32[:, :], row: u32, a: u32, b: u32, c: u32, d: u32) -> bool:
    """Whether a token stands before a text."""
    if ordered[row, 0] != a:
        return ordered[row, 0] < a
    if ordered[row, 1] != b:
        return ordered[row, 1] < b
    if ordered[row, 2] != c:
        return ordered[row, 2] < c
    return ordered[row, 3] < d


def tokens(held: u32[:], draws: u32[:], n: u32) -> u32:
    """Marks which needles are tokens and gives their number."""
    sorted_tokens = zeros(u32, n, 4)
    for i in prange(n):
        a, b, c, d = _token(i, n, 0)
        sorted_tokens[i, 0] = a
        sorted_tokens[i, 1] = b
        sorted_tokens[i, 2] = c
        sorted_tokens[i, 3] = d
    found = u32(0)
    for needle in prange(held.shape[0]):
        a, b, c, d = _token(mul_high(draws[needle], n), n, draws[needle] & 1)
        low = u32(0)
        size = n
        while size > 1:
            half = size // 2
            if _below(sorted_tokens, low + half - 1, a, b, c, d):
                low += half
            size -= half
        same = sorted_tokens[low, 0] == a and sorted_tokens[low, 1] == b
        same = same and sorted_tokens[low, 2] == c and sorted_tokens[low, 3] == d
        held[needle] = u32(same)
        found += u32(same)
    return found
