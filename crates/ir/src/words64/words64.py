"""64-bit integers on pairs of 32-bit words, the low word first.

Every entry is one routine: the parameters but the last are its operands, the last is its result,
and an iteration computes one value. Nothing here loops, so a routine costs an adapter that counts
loop iterations none. Floats of 64 bits occur only where one is converted.
"""
from crossover import bitcast, bool, count_leading_zeros, count_trailing_zeros, f32, f64, floor, i32, mul_high, popcount, prange, u32

# The weight of the high word, 2^32.
WORD: f64 = 4294967296.0
# Twice this many times, the least float is 1.
POWER_537: f64 = 4.4989137945431964e161


def plus(a0: u32, a1: u32, b0: u32, b1: u32) -> tuple[u32, u32]:
    low = a0 + b0
    return low, a1 + b1 + u32(low < a0)


def minus(a0: u32, a1: u32, b0: u32, b1: u32) -> tuple[u32, u32]:
    return a0 - b0, a1 - b1 - u32(a0 < b0)


def times(a0: u32, a1: u32, b0: u32, b1: u32) -> tuple[u32, u32]:
    return a0 * b0, mul_high(a0, b0) + a0 * b1 + a1 * b0


def negative(a1: u32) -> bool:
    return a1 >= 2147483648


def negated_if(c: bool, a0: u32, a1: u32) -> tuple[u32, u32]:
    """Two's complement: all bits turned over, and one added."""
    mask = 0 - u32(c)
    low, high = plus(a0 ^ mask, a1 ^ mask, u32(c), 0)
    return low, high


def less(a0: u32, a1: u32, b0: u32, b1: u32) -> bool:
    return (a1 < b1) | ((a1 == b1) & (a0 < b0))


def less_signed(a0: u32, a1: u32, b0: u32, b1: u32) -> bool:
    """With the sign bits turned over, signed order is unsigned order."""
    return less(a0, a1 ^ 2147483648, b0, b1 ^ 2147483648)


def left(a0: u32, a1: u32, count: u32) -> tuple[u32, u32]:
    """By `count` modulo 64. What leaves the low word goes right in two steps: a shift by 32 is
    a shift by none."""
    low = a0 << count
    high = (a1 << count) | ((a0 >> 1) >> (31 - (count & 31)))
    far = (count & 32) != 0
    return 0 if far else low, low if far else high


def right(a0: u32, a1: u32, fill: u32, count: u32) -> tuple[u32, u32]:
    """By `count` modulo 64; `fill` is the word above, all zeros or all ones."""
    low = (a0 >> count) | ((a1 << 1) << (31 - (count & 31)))
    high = (a1 >> count) | ((fill << 1) << (31 - (count & 31)))
    far = (count & 32) != 0
    return high if far else low, fill if far else high


def leading(a0: u32, a1: u32) -> u32:
    return count_leading_zeros(a1) if a1 != 0 else 32 + count_leading_zeros(a0)


def high_product(a0: u32, a1: u32, b0: u32, b1: u32) -> tuple[u32, u32]:
    """The upper half of the 128-bit product, word by word. A product of words and one word more
    fit two words, so nothing carries beyond the pairs."""
    mid0, mid1 = plus(a1 * b0, mul_high(a1, b0), mul_high(a0, b0), 0)
    cross0, cross1 = plus(a0 * b1, mul_high(a0, b1), mid0, 0)
    top0, top1 = plus(a1 * b1, mul_high(a1, b1), mid1, 0)
    r0, r1 = plus(top0, top1, cross1, 0)
    return r0, r1


def high_product_signed(a0: u32, a1: u32, b0: u32, b1: u32) -> tuple[u32, u32]:
    """The unsigned one less the operand beside each negative one (Hacker's Delight, 8-3)."""
    r0, r1 = high_product(a0, a1, b0, b1)
    of_a = 0 - (a1 >> 31)
    of_b = 0 - (b1 >> 31)
    r0, r1 = minus(r0, r1, b0 & of_a, b1 & of_a)
    r0, r1 = minus(r0, r1, a0 & of_b, a1 & of_b)
    return r0, r1


def digit(top: u32, next: u32, v1: u32, v0: u32) -> u32:
    """One digit of 16 bits of (top, next) / (v1, v0), v1 at least 2^15, top below (v1, v0). The
    estimate from v1 alone is at most two too large (Knuth, Algorithm D)."""
    q = top // v1
    r = top - q * v1
    if q > 65535 or q * v0 > ((r << 16) | next):
        q -= 1
        r += v1
        if r < 65536 and (q > 65535 or q * v0 > ((r << 16) | next)):
            q -= 1
    return q


def by_word(u1: u32, u0: u32, v: u32) -> u32:
    """The two words (u1, u0) over one word, u1 below v: two digits of 16 bits."""
    s = count_leading_zeros(v)
    d = v << s
    d1 = d >> 16
    d0 = d & 65535
    u = (u1 << s) | ((u0 >> 1) >> (31 - s))
    low = u0 << s
    q1 = digit(u, low >> 16, d1, d0)
    rest = ((u << 16) | (low >> 16)) - q1 * d
    q0 = digit(rest, low & 65535, d1, d0)
    return (q1 << 16) | q0


def not_zero(b0: u32, b1: u32) -> u32:
    """The low word of a divisor, 1 for 0: WGSL's division by zero gives the dividend, and its
    remainder 0."""
    return b0 | u32((b0 | b1) == 0)


def quotient(a0: u32, a1: u32, b0: u32, b1: u32) -> tuple[u32, u32]:
    """Unsigned. A divisor of one word takes a high digit and the rest; one of two words is
    estimated by its upper 32 bits, which is at most one too large (Hacker's Delight, 9-5)."""
    q0: u32 = 0
    q1: u32 = 0
    if (a1 | b1) == 0:
        q0 = a0 // b0
    else:
        n = count_leading_zeros(b1)
        wide = b1 != 0
        high: u32 = 0
        if not wide and a1 >= b0:
            high = a1 // b0
        upper = (a1 >> 1) if wide else a1 - high * b0
        lower = ((a0 >> 1) | (a1 << 31)) if wide else a0
        divisor = ((b1 << n) | ((b0 >> 1) >> (31 - (n & 31)))) if wide else b0
        q0 = by_word(upper, lower, divisor)
        q1 = high
        if wide:
            q0 = q0 >> (31 - n)
            q0 -= u32(q0 != 0)
            p0, p1 = times(q0, 0, b0, b1)
            r0, r1 = minus(a0, a1, p0, p1)
            q0 += u32(not less(r0, r1, b0, b1))
    return q0, q1


def rest_of(a0: u32, a1: u32, b0: u32, b1: u32, q0: u32, q1: u32) -> tuple[u32, u32]:
    p0, p1 = times(q0, q1, b0, b1)
    r0, r1 = minus(a0, a1, p0, p1)
    return r0, r1


def quotient_floor(a0: u32, a1: u32, b0: u32, b1: u32) -> tuple[u32, u32]:
    """Of a and b of different signs, with a not 0, it is -1 - (|a| - 1) // |b|."""
    down = negative(a1 ^ b1) and (a0 | a1) != 0
    n0, n1 = negated_if(negative(a1), a0, a1)
    d0, d1 = negated_if(negative(b1), b0, b1)
    n0, n1 = minus(n0, n1, u32(down), 0)
    q0, q1 = quotient(n0, n1, d0, d1)
    mask = 0 - u32(down)
    return q0 ^ mask, q1 ^ mask


def quotient_trunc(a0: u32, a1: u32, b0: u32, b1: u32) -> tuple[u32, u32]:
    n0, n1 = negated_if(negative(a1), a0, a1)
    d0, d1 = negated_if(negative(b1), b0, b1)
    q0, q1 = quotient(n0, n1, d0, d1)
    q0, q1 = negated_if(negative(a1 ^ b1), q0, q1)
    return q0, q1


def bits_of_f32(a0: u32, a1: u32) -> u32:
    """The nearest float of an unsigned value, ties to even, put together bit by bit: what WGSL
    rounds it may round either way."""
    n = leading(a0, a1)
    m0, m1 = left(a0, a1, n)
    # 24 bits are kept. `rest` holds those below, the highest first; its lowest says whether any
    # bit further down is set. A carry out of the fraction is one more in the exponent.
    rest = (m1 << 24) | u32(m0 != 0)
    up = rest > 2147483648 or (rest == 2147483648 and (m1 & 256) != 0)
    bits = ((189 - n) << 23) + (m1 >> 8) + u32(up)
    return bits if (a0 | a1) != 0 else 0


def from_f32(x: u32, over: u32) -> tuple[u32, u32]:
    """The size of a finite float by its bits, toward zero; `over` is the exponent from which on
    the caller takes something else."""
    exponent = (x >> 23) & 255
    r0: u32 = 0
    r1: u32 = 0
    if exponent >= 127 and exponent < over:
        r0, r1 = right(0, ((x & 8388607) | 8388608) << 8, 0, 190 - exponent)
    return r0, r1


def is_nan(x: u32) -> bool:
    return (x & 2147483647) > 2139095040


def from_f64(x: f64) -> tuple[u32, u32]:
    """A whole number, at least 0 and below 2^64: every step is exact."""
    high = floor(x / WORD)
    return u32(x - high * WORD), u32(high)


def add_u64(a: u32[:, :], b: u32[:, :], r: u32[:, :]):
    for i in prange(r.shape[0]):
        r[i, 0], r[i, 1] = plus(a[i, 0], a[i, 1], b[i, 0], b[i, 1])


def sub_u64(a: u32[:, :], b: u32[:, :], r: u32[:, :]):
    for i in prange(r.shape[0]):
        r[i, 0], r[i, 1] = minus(a[i, 0], a[i, 1], b[i, 0], b[i, 1])


def mul_u64(a: u32[:, :], b: u32[:, :], r: u32[:, :]):
    for i in prange(r.shape[0]):
        r[i, 0], r[i, 1] = times(a[i, 0], a[i, 1], b[i, 0], b[i, 1])


def mul_high_u64(a: u32[:, :], b: u32[:, :], r: u32[:, :]):
    for i in prange(r.shape[0]):
        r[i, 0], r[i, 1] = high_product(a[i, 0], a[i, 1], b[i, 0], b[i, 1])


def mul_high_i64(a: u32[:, :], b: u32[:, :], r: u32[:, :]):
    for i in prange(r.shape[0]):
        r[i, 0], r[i, 1] = high_product_signed(a[i, 0], a[i, 1], b[i, 0], b[i, 1])


def neg_u64(a: u32[:, :], r: u32[:, :]):
    for i in prange(r.shape[0]):
        r[i, 0], r[i, 1] = minus(0, 0, a[i, 0], a[i, 1])


def abs_i64(a: u32[:, :], r: u32[:, :]):
    for i in prange(r.shape[0]):
        r[i, 0], r[i, 1] = negated_if(negative(a[i, 1]), a[i, 0], a[i, 1])


def div_u64(a: u32[:, :], b: u32[:, :], r: u32[:, :]):
    for i in prange(r.shape[0]):
        b0 = not_zero(b[i, 0], b[i, 1])
        r[i, 0], r[i, 1] = quotient(a[i, 0], a[i, 1], b0, b[i, 1])


def rem_u64(a: u32[:, :], b: u32[:, :], r: u32[:, :]):
    for i in prange(r.shape[0]):
        b0 = not_zero(b[i, 0], b[i, 1])
        q0, q1 = quotient(a[i, 0], a[i, 1], b0, b[i, 1])
        r[i, 0], r[i, 1] = rest_of(a[i, 0], a[i, 1], b0, b[i, 1], q0, q1)


def div_floor_i64(a: u32[:, :], b: u32[:, :], r: u32[:, :]):
    for i in prange(r.shape[0]):
        b0 = not_zero(b[i, 0], b[i, 1])
        r[i, 0], r[i, 1] = quotient_floor(a[i, 0], a[i, 1], b0, b[i, 1])


def rem_floor_i64(a: u32[:, :], b: u32[:, :], r: u32[:, :]):
    for i in prange(r.shape[0]):
        b0 = not_zero(b[i, 0], b[i, 1])
        q0, q1 = quotient_floor(a[i, 0], a[i, 1], b0, b[i, 1])
        r[i, 0], r[i, 1] = rest_of(a[i, 0], a[i, 1], b0, b[i, 1], q0, q1)


def div_trunc_i64(a: u32[:, :], b: u32[:, :], r: u32[:, :]):
    for i in prange(r.shape[0]):
        b0 = not_zero(b[i, 0], b[i, 1])
        r[i, 0], r[i, 1] = quotient_trunc(a[i, 0], a[i, 1], b0, b[i, 1])


def rem_trunc_i64(a: u32[:, :], b: u32[:, :], r: u32[:, :]):
    for i in prange(r.shape[0]):
        b0 = not_zero(b[i, 0], b[i, 1])
        q0, q1 = quotient_trunc(a[i, 0], a[i, 1], b0, b[i, 1])
        r[i, 0], r[i, 1] = rest_of(a[i, 0], a[i, 1], b0, b[i, 1], q0, q1)


def shl_u64(a: u32[:, :], count: u32[:], r: u32[:, :]):
    for i in prange(r.shape[0]):
        r[i, 0], r[i, 1] = left(a[i, 0], a[i, 1], count[i])


def shr_u64(a: u32[:, :], count: u32[:], r: u32[:, :]):
    for i in prange(r.shape[0]):
        r[i, 0], r[i, 1] = right(a[i, 0], a[i, 1], 0, count[i])


def shr_i64(a: u32[:, :], count: u32[:], r: u32[:, :]):
    for i in prange(r.shape[0]):
        fill = 0 - (a[i, 1] >> 31)
        r[i, 0], r[i, 1] = right(a[i, 0], a[i, 1], fill, count[i])


def lt_u64(a: u32[:, :], b: u32[:, :], r: bool[:]):
    for i in prange(r.shape[0]):
        r[i] = less(a[i, 0], a[i, 1], b[i, 0], b[i, 1])


def lt_i64(a: u32[:, :], b: u32[:, :], r: bool[:]):
    for i in prange(r.shape[0]):
        r[i] = less_signed(a[i, 0], a[i, 1], b[i, 0], b[i, 1])


def le_u64(a: u32[:, :], b: u32[:, :], r: bool[:]):
    for i in prange(r.shape[0]):
        r[i] = not less(b[i, 0], b[i, 1], a[i, 0], a[i, 1])


def le_i64(a: u32[:, :], b: u32[:, :], r: bool[:]):
    for i in prange(r.shape[0]):
        r[i] = not less_signed(b[i, 0], b[i, 1], a[i, 0], a[i, 1])


def gt_u64(a: u32[:, :], b: u32[:, :], r: bool[:]):
    for i in prange(r.shape[0]):
        r[i] = less(b[i, 0], b[i, 1], a[i, 0], a[i, 1])


def gt_i64(a: u32[:, :], b: u32[:, :], r: bool[:]):
    for i in prange(r.shape[0]):
        r[i] = less_signed(b[i, 0], b[i, 1], a[i, 0], a[i, 1])


def ge_u64(a: u32[:, :], b: u32[:, :], r: bool[:]):
    for i in prange(r.shape[0]):
        r[i] = not less(a[i, 0], a[i, 1], b[i, 0], b[i, 1])


def ge_i64(a: u32[:, :], b: u32[:, :], r: bool[:]):
    for i in prange(r.shape[0]):
        r[i] = not less_signed(a[i, 0], a[i, 1], b[i, 0], b[i, 1])


def min_u64(a: u32[:, :], b: u32[:, :], r: u32[:, :]):
    for i in prange(r.shape[0]):
        second = less(b[i, 0], b[i, 1], a[i, 0], a[i, 1])
        r[i, 0] = b[i, 0] if second else a[i, 0]
        r[i, 1] = b[i, 1] if second else a[i, 1]


def min_i64(a: u32[:, :], b: u32[:, :], r: u32[:, :]):
    for i in prange(r.shape[0]):
        second = less_signed(b[i, 0], b[i, 1], a[i, 0], a[i, 1])
        r[i, 0] = b[i, 0] if second else a[i, 0]
        r[i, 1] = b[i, 1] if second else a[i, 1]


def max_u64(a: u32[:, :], b: u32[:, :], r: u32[:, :]):
    for i in prange(r.shape[0]):
        second = less(a[i, 0], a[i, 1], b[i, 0], b[i, 1])
        r[i, 0] = b[i, 0] if second else a[i, 0]
        r[i, 1] = b[i, 1] if second else a[i, 1]


def max_i64(a: u32[:, :], b: u32[:, :], r: u32[:, :]):
    for i in prange(r.shape[0]):
        second = less_signed(a[i, 0], a[i, 1], b[i, 0], b[i, 1])
        r[i, 0] = b[i, 0] if second else a[i, 0]
        r[i, 1] = b[i, 1] if second else a[i, 1]


def popcount_u64(a: u32[:, :], r: u32[:, :]):
    for i in prange(r.shape[0]):
        r[i, 0] = popcount(a[i, 0]) + popcount(a[i, 1])
        r[i, 1] = 0


def clz_u64(a: u32[:, :], r: u32[:, :]):
    for i in prange(r.shape[0]):
        r[i, 0] = leading(a[i, 0], a[i, 1])
        r[i, 1] = 0


def ctz_u64(a: u32[:, :], r: u32[:, :]):
    for i in prange(r.shape[0]):
        low = count_trailing_zeros(a[i, 0])
        r[i, 0] = low if a[i, 0] != 0 else 32 + count_trailing_zeros(a[i, 1])
        r[i, 1] = 0


def i64_from_i32(a: i32[:], r: u32[:, :]):
    for i in prange(r.shape[0]):
        r[i, 0] = u32(a[i])
        r[i, 1] = u32(a[i] >> 31)


def f32_from_u64(a: u32[:, :], r: f32[:]):
    for i in prange(r.shape[0]):
        r[i] = bitcast(f32, bits_of_f32(a[i, 0], a[i, 1]))


def f32_from_i64(a: u32[:, :], r: f32[:]):
    for i in prange(r.shape[0]):
        m0, m1 = negated_if(negative(a[i, 1]), a[i, 0], a[i, 1])
        r[i] = bitcast(f32, bits_of_f32(m0, m1) | (a[i, 1] & 2147483648))


def u64_from_f32(a: f32[:], r: u32[:, :]):
    for i in prange(r.shape[0]):
        x = bitcast(u32, a[i])
        r0, r1 = from_f32(x, 191)
        # A number above the range gives its end, one below it and no number give 0.
        over = 0 - u32(x >= 1602224128)
        none = 0 - u32(negative(x) or is_nan(x))
        r[i, 0] = (r0 | over) & ~none
        r[i, 1] = (r1 | over) & ~none


def i64_from_f32(a: f32[:], r: u32[:, :]):
    for i in prange(r.shape[0]):
        x = bitcast(u32, a[i])
        r0, r1 = from_f32(x, 190)
        r0, r1 = negated_if(negative(x), r0, r1)
        if (x & 2147483647) >= 1593835520:
            end = u32(is_nan(x)) - 1
            r0 = (end + (x >> 31)) & end
            r1 = (2147483647 + (x >> 31)) & end
        r[i, 0], r[i, 1] = r0, r1


def f64_from_u64(a: u32[:, :], r: f64[:]):
    for i in prange(r.shape[0]):
        r[i] = f64(a[i, 1]) * WORD + f64(a[i, 0])


def f64_from_i64(a: u32[:, :], r: f64[:]):
    for i in prange(r.shape[0]):
        r[i] = f64(i32(a[i, 1])) * WORD + f64(a[i, 0])


def u64_from_f64(a: f64[:], r: u32[:, :]):
    for i in prange(r.shape[0]):
        inside = a[i] >= 1.0 and a[i] < 18446744073709551616.0
        r0, r1 = from_f64(floor(a[i]) if inside else 0.0)
        over = 0 - u32(a[i] >= 18446744073709551616.0)
        r[i, 0] = r0 | over
        r[i, 1] = r1 | over


def i64_from_f64(a: f64[:], r: u32[:, :]):
    for i in prange(r.shape[0]):
        size = abs(a[i])
        below = a[i] < 0.0
        inside = size < 9223372036854775808.0
        r0, r1 = from_f64(floor(size) if inside else 0.0)
        r0, r1 = negated_if(below, r0, r1)
        if size >= 9223372036854775808.0:
            r0 = 0 if below else 4294967295
            r1 = 2147483648 if below else 2147483647
        r[i, 0], r[i, 1] = r0, r1


def power_up(x: f64, exponent: u32, bit: u32, factor: f64) -> f64:
    return x * factor if (exponent & bit) != 0 else x


def f64_of_bits_u64(a: u32[:, :], r: f64[:]):
    """By arithmetic, exact at every step: WGSL has no way from words to the bits of an `f64`."""
    for i in prange(r.shape[0]):
        exponent = (a[i, 1] >> 20) & 2047
        x = f64(a[i, 1] & 1048575) * WORD + f64(a[i, 0])
        if exponent != 0:
            x += 4503599627370496.0
        # x is below 2^53; times 2^(exponent - 1075), by halves so that nothing leaves the range.
        power = max(exponent, 1)
        if power >= 1075:
            up = power - 1075
            x = power_up(x, up, 512, 1.3407807929942597e154)
            x = power_up(x, up, 256, 1.157920892373162e77)
            x = power_up(x, up, 128, 3.402823669209385e38)
            x = power_up(x, up, 64, 18446744073709551616.0)
            x = power_up(x, up, 32, 4294967296.0)
            x = power_up(x, up, 16, 65536.0)
            x = power_up(x, up, 8, 256.0)
            x = power_up(x, up, 4, 16.0)
            x = power_up(x, up, 2, 4.0)
            x = power_up(x, up, 1, 2.0)
        else:
            down = 1075 - power
            x = power_up(x, down, 1, 0.5)
            x = power_up(x, down, 2, 0.25)
            x = power_up(x, down, 4, 0.0625)
            x = power_up(x, down, 8, 0.00390625)
            x = power_up(x, down, 16, 0.0000152587890625)
            x = power_up(x, down, 32, 2.3283064365386963e-10)
            x = power_up(x, down, 64, 5.421010862427522e-20)
            x = power_up(x, down, 128, 2.938735877055719e-39)
            x = power_up(x, down, 256, 8.636168555094445e-78)
            x = power_up(x, down, 512, 7.458340731200207e-155)
            x = power_up(x, down, 1024, 7.458340731200207e-155)
            x = power_up(x, down, 1024, 7.458340731200207e-155)
        # The largest exponent has overflowed to infinity.
        if exponent == 2047 and ((a[i, 1] & 1048575) | a[i, 0]) != 0:
            x -= x
        r[i] = -x if negative(a[i, 1]) else x


def scaled_down(x: f64, exponent: u32, limit: f64, factor: f64, bit: u32) -> tuple[f64, u32]:
    far = x >= limit
    return x * factor if far else x, exponent + bit if far else exponent


def scaled_up(x: f64, exponent: u32, limit: f64, factor: f64, bit: u32) -> tuple[f64, u32]:
    far = x < limit
    return x * factor if far else x, exponent - bit if far else exponent


def bits_of_f64(a: f64[:], r: u32[:, :]):
    """The way back: scaled into [2^52, 2^53), where the fraction is a whole number."""
    for i in prange(r.shape[0]):
        x = abs(a[i])
        below = a[i] < 0.0 or (x == 0.0 and 1.0 / a[i] < 0.0)
        high: u32 = 2146959360
        low: u32 = 0
        if x > 1.7976931348623157e308:
            high = 2146435072
        elif x < 2.2250738585072014e-308:
            low, high = from_f64(x * POWER_537 * POWER_537)
        elif x == x:
            exponent: u32 = 1075
            x, exponent = scaled_down(x, exponent, 6.038339879714466e169, 7.458340731200207e-155, 512)
            x, exponent = scaled_down(x, exponent, 5.2148120994162844e92, 8.636168555094445e-78, 256)
            x, exponent = scaled_down(x, exponent, 1.532495540865889e54, 2.938735877055719e-39, 128)
            x, exponent = scaled_down(x, exponent, 8.307674973655724e34, 5.421010862427522e-20, 64)
            x, exponent = scaled_down(x, exponent, 1.9342813113834067e25, 2.3283064365386963e-10, 32)
            x, exponent = scaled_down(x, exponent, 2.9514790517935283e20, 1.52587890625e-05, 16)
            x, exponent = scaled_down(x, exponent, 1.152921504606847e18, 0.00390625, 8)
            x, exponent = scaled_down(x, exponent, 7.205759403792794e16, 0.0625, 4)
            x, exponent = scaled_down(x, exponent, 1.8014398509481984e16, 0.25, 2)
            x, exponent = scaled_down(x, exponent, 9007199254740992.0, 0.5, 1)
            x, exponent = scaled_up(x, exponent, 6.717876107567089e-139, 1.3407807929942597e154, 512)
            x, exponent = scaled_up(x, exponent, 6.717876107567089e-139, 1.3407807929942597e154, 512)
            x, exponent = scaled_up(x, exponent, 7.778769097326427e-62, 1.157920892373162e77, 256)
            x, exponent = scaled_up(x, exponent, 2.6469779601696886e-23, 3.402823669209385e38, 128)
            x, exponent = scaled_up(x, exponent, 0.00048828125, 1.8446744073709552e19, 64)
            x, exponent = scaled_up(x, exponent, 2097152.0, 4294967296.0, 32)
            x, exponent = scaled_up(x, exponent, 137438953472.0, 65536.0, 16)
            x, exponent = scaled_up(x, exponent, 35184372088832.0, 256.0, 8)
            x, exponent = scaled_up(x, exponent, 562949953421312.0, 16.0, 4)
            x, exponent = scaled_up(x, exponent, 2251799813685248.0, 4.0, 2)
            x, exponent = scaled_up(x, exponent, 4503599627370496.0, 2.0, 1)
            low, high = from_f64(x)
            high += (exponent - 1) << 20
        r[i, 0], r[i, 1] = low, high | (u32(below) << 31)
