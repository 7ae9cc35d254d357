"""exp, log, sin, cos, tanh and erf by polynomials: one entry per function and type, of which an
iteration computes one value.

Straight code: no loop, no branch, no call, no fused product, no cast between integers and floats; so
a lane computes the bits of a scalar. Polynomials are summed by pairs (Estrin), for their latency.
Where both sides of a choice are common, it is made on the bits: machine code has a move for that,
and for floats only a branch.
"""
from crossover import abs, bitcast, f32, f64, max, min, prange, u32, u64

SIGN32: u32 = 0x80000000
SIGN64: u64 = 0x8000000000000000

# 1.5 times 2 to the width of the fraction: added, it leaves a number rounded to an integer, which
# stands in the low bits. With a bias (or two) added the low bits are those of an exponent.
INTEGER64: f64 = 6755399441055744.0
BIASED32: f32 = 12582912.0 + 127.0
BIASED64: f64 = 6755399441055744.0 + 1023.0
TWICE32: f32 = 12582912.0 + 254.0
TWICE64: f64 = 6755399441055744.0 + 2046.0

# Bits of 1, of the root of 1/2, of a fraction all ones, of an infinity, of a NaN.
ONE32: u32 = 0x3F800000
ONE64: u64 = 0x3FF0000000000000
ROOT32: u32 = 0x3F3504F3
ROOT64: u64 = 0x3FE6A09E667F3BCD
FRACTION32: u32 = 0x007FFFFF
FRACTION64: u64 = 0x000FFFFFFFFFFFFF
INFINITY32: u32 = 0x7F800000
INFINITY64: u64 = 0x7FF0000000000000
NAN32: u32 = 0x7FC00000
NAN64: u64 = 0x7FF8000000000000

# Computed by coefficients.py.
LN2_32_0: f32 = 0.693145751953125
LN2_32_1: f32 = 1.428606765330187e-06
LN2_64_0: f64 = 0.6931471805592082
LN2_64_1: f64 = 7.371002565167799e-13
QUARTER64_0: f64 = 1.570796325802803
QUARTER64_1: f64 = 9.920935791635221e-10
QUARTER64_2: f64 = 5.17018297889025e-19
QUARTER64_3: f64 = 2.9038559739793605e-28
LOG2_E32: f32 = 1.4426950216293335
LOG2_E64: f64 = 1.4426950408889634
PER_QUARTER64: f64 = 0.6366197723675814
# (e^r - 1 - r) / r^2, times r^2: 2^-28.3
EXP32_0: f32 = 0.5
EXP32_1: f32 = 0.166665181517601
EXP32_2: f32 = 0.04166620597243309
EXP32_3: f32 = 0.00836888886988163
EXP32_4: f32 = 0.001395049737766385
# (e^r - 1 - r) / r^2, times r^2: 2^-58.0
EXP64_0: f64 = 0.5000000000000012
EXP64_1: f64 = 0.166666666666667
EXP64_2: f64 = 0.04166666666651541
EXP64_3: f64 = 0.008333333333307217
EXP64_4: f64 = 0.0013888888947017428
EXP64_5: f64 = 0.0001984126991735879
EXP64_6: f64 = 2.4801489940787947e-05
EXP64_7: f64 = 2.755721631932406e-06
EXP64_8: f64 = 2.7631280803116233e-07
EXP64_9: f64 = 2.5117856395826074e-08
# (2 atanh(s) / s - 2) / s^2 in s^2, times s^2 / 2: 2^-30.2
LOG32_0: f32 = 0.6666677594184875
LOG32_1: f32 = 0.3997753858566284
LOG32_2: f32 = 0.29871857166290283
# (2 atanh(s) / s - 2) / s^2 in s^2, times s^2 / 2: 2^-59.5
LOG64_0: f64 = 0.6666666666666734
LOG64_1: f64 = 0.39999999999414326
LOG64_2: f64 = 0.2857142874247595
LOG64_3: f64 = 0.2222219856325413
LOG64_4: f64 = 0.18183564882245182
LOG64_5: f64 = 0.15314035381953117
LOG64_6: f64 = 0.14796110331388546
# (sin(x) / x - 1) / x^2 in x^2, times x^2: 2^-58.0
SIN64_0: f64 = -0.16666666666666632
SIN64_1: f64 = 0.008333333333322413
SIN64_2: f64 = -0.00019841269829807865
SIN64_3: f64 = 2.7557313691941534e-06
SIN64_4: f64 = -2.5050758119152935e-08
SIN64_5: f64 = 1.5896795873775974e-10
# (cos(x) - 1 + x^2 / 2) / x^4 in x^2, times x^4: 2^-64.2
COS64_0: f64 = 0.0416666666666666
COS64_1: f64 = -0.0013888888888874125
COS64_2: f64 = 2.4801587289482344e-05
COS64_3: f64 = -2.7557314352377933e-07
COS64_4: f64 = 2.0875723279083273e-09
COS64_5: f64 = -1.1359648088324223e-11
# (sin(x) / x - 1) / x^2 in x^2, times x^2: 2^-28.1
SIN32_0: f64 = -0.166666549363888
SIN32_1: f64 = 0.008332177671916562
SIN32_2: f64 = -0.0001951723308907352
# (cos(x) - 1 + x^2 / 2) / x^4 in x^2, times x^4: 2^-33.3
COS32_0: f64 = 0.041666646854759695
COS32_1: f64 = -0.0013887366917199196
COS32_2: f64 = 2.443838022031275e-05
# erf(x) / x - 1 in x^2, for x <= 1: 2^-29.7
ERF32_0: f32 = 0.12837916612625122
ERF32_1: f32 = -0.3761262595653534
ERF32_2: f32 = 0.11283600330352783
ERF32_3: f32 = -0.026854444295167923
ERF32_4: f32 = 0.005189535208046436
ERF32_5: f32 = -0.0008020841050893068
ERF32_6: f32 = 7.889117841841653e-05
# erf(x) / x - 1 in x^2, for x <= 1: 2^-57.0
ERF64_0: f64 = 0.12837916709551256
ERF64_1: f64 = -0.3761263890318355
ERF64_2: f64 = 0.11283791670945253
ERF64_3: f64 = -0.026866170643276233
ERF64_4: f64 = 0.005223977607423621
ERF64_5: f64 = -0.0008548325989705853
ERF64_6: f64 = 0.00012055295320815185
ERF64_7: f64 = -1.4924744670342449e-05
ERF64_8: f64 = 1.6447517773201075e-06
ERF64_9: f64 = -1.6209176697240427e-07
ERF64_10: f64 = 1.3722979850269634e-08
ERF64_11: f64 = -7.801195822297999e-10
# -log(erfc(x)) for x from 1 to 4, times erfc(x) / erf(x): 2^-29.8
TAIL32_0: f32 = 0.00034152224543504417
TAIL32_1: f32 = 1.1270891427993774
TAIL32_2: f32 = 0.638144850730896
TAIL32_3: f32 = 0.10310673713684082
TAIL32_4: f32 = -0.021838052198290825
TAIL32_5: f32 = 0.0029476541094481945
TAIL32_6: f32 = -0.000186378660146147
# erfc(x) e^(x^2) in t = (x - 2.5) / (x + 2.5) for x from 1 to 6, times e^(-x^2) / erf(x): 2^-55.6
TAIL64_0: f64 = 0.2108063640611469
TAIL64_1: f64 = -0.3717367339492697
TAIL64_2: f64 = 0.2517131932061692
TAIL64_3: f64 = -0.12503305245383028
TAIL64_4: f64 = 0.03992254007835905
TAIL64_5: f64 = -0.003993684327414014
TAIL64_6: f64 = -0.0026422835018186236
TAIL64_7: f64 = 0.0008759188146368615
TAIL64_8: f64 = 0.00022673177339846602
TAIL64_9: f64 = -0.00013656070627057916
TAIL64_10: f64 = -5.1021997629180693e-05
# To here.


def _grown_f32(r: f32) -> f32:
    """e^r - 1 for |r| up to ln(2) / 2."""
    s = r * r
    return r + s * ((EXP32_0 + r * EXP32_1) + s * ((EXP32_2 + r * EXP32_3) + s * EXP32_4))


def _grown_f64(r: f64) -> f64:
    s = r * r
    w = s * s
    low = (EXP64_0 + r * EXP64_1) + s * (EXP64_2 + r * EXP64_3)
    high = (EXP64_4 + r * EXP64_5) + s * (EXP64_6 + r * EXP64_7) + w * (EXP64_8 + r * EXP64_9)
    return r + s * (low + w * high)


def _rest_f32(x: f32, n: f32) -> f32:
    """x - n ln(2), the first product exact (Cody and Waite)."""
    return (x - n * LN2_32_0) - n * LN2_32_1


def _rest_f64(x: f64, n: f64) -> f64:
    return (x - n * LN2_64_0) - n * LN2_64_1


def exp_f32(a: f32[:], r: f32[:]):
    """Below -104 the result is 0, above 89 infinite. A NaN passes both bounds. The power of two is
    the product of two, so that a subnormal result is rounded once."""
    for i in prange(r.shape[0]):
        x = max(min(a[i], 89.0), -104.0)
        shifted = x * LOG2_E32 + TWICE32
        bits = bitcast(u32, shifted)
        half = bits >> 1
        y = 1.0 + _grown_f32(_rest_f32(x, shifted - TWICE32))
        r[i] = y * bitcast(f32, half << 23) * bitcast(f32, (bits - half) << 23)


def exp_f64(a: f64[:], r: f64[:]):
    for i in prange(r.shape[0]):
        x = max(min(a[i], 710.0), -746.0)
        shifted = x * LOG2_E64 + TWICE64
        bits = bitcast(u64, shifted)
        half = bits >> 1
        y = 1.0 + _grown_f64(_rest_f64(x, shifted - TWICE64))
        r[i] = y * bitcast(f64, half << 52) * bitcast(f64, (bits - half) << 52)


def log_f32(a: f32[:], r: f32[:]):
    """x = 2^k (1 + f), from the root of 1/2 to the root of 2; log(1 + f) = 2 atanh(s), summed
    nearly as fdlibm does: f is exact, and only what is small beside it is rounded before it is
    added."""
    for i in prange(r.shape[0]):
        x = a[i]
        small = x < 1.17549435082229e-38
        bits = bitcast(u32, x * 8388608.0 if small else x) + (ONE32 - ROOT32)
        bias: f32 = 8388758.0 if small else 8388735.0
        k = bitcast(f32, (bits >> 23) | 0x4B000000) - bias
        f = bitcast(f32, (bits & FRACTION32) + ROOT32) - 1.0
        s = f / (f + 2.0)
        z = s * s
        square = 0.5 * f * f
        first = square - (s * square + k * LN2_32_1)
        y = k * LN2_32_0 - ((first - s * z * (LOG32_0 + z * (LOG32_1 + z * LOG32_2))) - f)
        infinite = bitcast(f32, INFINITY32)
        edge = -infinite if x == 0.0 else bitcast(f32, NAN32)
        inside = y if x < infinite else x
        r[i] = inside if x > 0.0 else edge


def log_f64(a: f64[:], r: f64[:]):
    for i in prange(r.shape[0]):
        x = a[i]
        small = x < 2.2250738585072014e-308
        bits = bitcast(u64, x * 4503599627370496.0 if small else x) + (ONE64 - ROOT64)
        bias: f64 = 4503599627371571.0 if small else 4503599627371519.0
        k = bitcast(f64, (bits >> 52) | 0x4330000000000000) - bias
        f = bitcast(f64, (bits & FRACTION64) + ROOT64) - 1.0
        s = f / (f + 2.0)
        z = s * s
        w = z * z
        square = 0.5 * f * f
        first = square - (s * square + k * LN2_64_1)
        low = (LOG64_0 + z * LOG64_1) + w * (LOG64_2 + z * LOG64_3)
        rest = low + w * w * ((LOG64_4 + z * LOG64_5) + w * LOG64_6)
        y = k * LN2_64_0 - ((first - s * z * rest) - f)
        infinite = bitcast(f64, INFINITY64)
        edge = -infinite if x == 0.0 else bitcast(f64, NAN64)
        inside = y if x < infinite else x
        r[i] = inside if x > 0.0 else edge


def _quarters_f64(x: f64) -> tuple[f64, f64, u64]:
    """x as a whole number of quarter turns, in the low bits of the last result, and a rest in two
    parts. The products of the first three parts of pi / 2 are exact up to 2^23 quarters, and so are
    the differences with their rounding errors (each term is a multiple of the last bit of what is
    taken from it): the rest is right to 2^-120, and no float below that many quarters is nearer than
    2^-60 to a multiple of pi / 2."""
    shifted = x * PER_QUARTER64 + INTEGER64
    n = shifted - INTEGER64
    first = x - n * QUARTER64_0
    product = n * QUARTER64_1
    second = first - product
    lost = (first - second) - product
    product = n * QUARTER64_2
    third = second - product
    lost = (lost + ((second - third) - product)) - n * QUARTER64_3
    high = third + lost
    return high, (third - high) + lost, bitcast(u64, shifted)


def _sine_f64(x: f64, rest: f64) -> f64:
    """The sine of x + rest, for |x| up to pi / 4 (fdlibm's order of operations)."""
    z = x * x
    w = z * z
    tail = SIN64_1 + z * SIN64_2 + w * (SIN64_3 + z * SIN64_4 + w * SIN64_5)
    cube = z * x
    return x - ((z * (0.5 * rest - cube * tail) - rest) - cube * SIN64_0)


def _cosine_f64(x: f64, rest: f64) -> f64:
    z = x * x
    w = z * z
    tail = COS64_0 + z * COS64_1 + w * (COS64_2 + z * COS64_3 + w * (COS64_4 + z * COS64_5))
    half = 0.5 * z
    whole = 1.0 - half
    return whole + (((1.0 - whole) - half) + (w * tail - x * rest))


def sin_f64(a: f64[:], r: f64[:]):
    for i in prange(r.shape[0]):
        x = a[i]
        high, low, quarter = _quarters_f64(abs(x))
        s = bitcast(u64, _sine_f64(high, low))
        c = bitcast(u64, _cosine_f64(high, low))
        size = s if (quarter & 1) == 0 else c
        r[i] = bitcast(f64, size ^ ((bitcast(u64, x) ^ (quarter << 62)) & SIGN64))


def cos_f64(a: f64[:], r: f64[:]):
    for i in prange(r.shape[0]):
        high, low, quarter = _quarters_f64(a[i])
        s = bitcast(u64, _sine_f64(high, low))
        c = bitcast(u64, _cosine_f64(high, low))
        size = c if (quarter & 1) == 0 else s
        r[i] = bitcast(f64, size ^ (((quarter + 1) << 62) & SIGN64))


def _quarters_f32(x: f64) -> tuple[f64, u64]:
    """In f64, where two parts do for the numbers of f32."""
    shifted = x * PER_QUARTER64 + INTEGER64
    n = shifted - INTEGER64
    return (x - n * QUARTER64_0) - n * (QUARTER64_1 + QUARTER64_2), bitcast(u64, shifted)


def _sine_f32(x: f64) -> f64:
    z = x * x
    return x + x * z * (SIN32_0 + z * (SIN32_1 + z * SIN32_2))


def _cosine_f32(x: f64) -> f64:
    z = x * x
    return 1.0 - 0.5 * z + z * z * (COS32_0 + z * (COS32_1 + z * COS32_2))


def sin_f32(a: f32[:], r: f32[:]):
    for i in prange(r.shape[0]):
        x = f64(a[i])
        rest, quarter = _quarters_f32(abs(x))
        s = bitcast(u64, _sine_f32(rest))
        c = bitcast(u64, _cosine_f32(rest))
        size = s if (quarter & 1) == 0 else c
        r[i] = f32(bitcast(f64, size ^ ((bitcast(u64, x) ^ (quarter << 62)) & SIGN64)))


def cos_f32(a: f32[:], r: f32[:]):
    for i in prange(r.shape[0]):
        rest, quarter = _quarters_f32(f64(a[i]))
        s = bitcast(u64, _sine_f32(rest))
        c = bitcast(u64, _cosine_f32(rest))
        size = c if (quarter & 1) == 0 else s
        r[i] = f32(bitcast(f64, size ^ (((quarter + 1) << 62) & SIGN64)))


def tanh_f32(a: f32[:], r: f32[:]):
    """t / (t + 2) with t = e^(2|x|) - 1 = 2^n (e^rest - 1) + (2^n - 1): no digits cancel near 0.
    From 10 on the result is 1."""
    for i in prange(r.shape[0]):
        x = a[i]
        size = min(abs(x), 10.0)
        twice = size + size
        shifted = twice * LOG2_E32 + BIASED32
        power = bitcast(f32, bitcast(u32, shifted) << 23)
        t = power * _grown_f32(_rest_f32(twice, shifted - BIASED32)) + (power - 1.0)
        y = bitcast(u32, t / (t + 2.0))
        r[i] = bitcast(f32, y | (bitcast(u32, x) & SIGN32))


def tanh_f64(a: f64[:], r: f64[:]):
    """From 20 on the result is 1."""
    for i in prange(r.shape[0]):
        x = a[i]
        size = min(abs(x), 20.0)
        twice = size + size
        shifted = twice * LOG2_E64 + BIASED64
        power = bitcast(f64, bitcast(u64, shifted) << 52)
        t = power * _grown_f64(_rest_f64(twice, shifted - BIASED64)) + (power - 1.0)
        y = bitcast(u64, t / (t + 2.0))
        r[i] = bitcast(f64, y | (bitcast(u64, x) & SIGN64))


def _power_f32(x: f32) -> f32:
    """e^x where that is a normal number."""
    shifted = x * LOG2_E32 + BIASED32
    power = bitcast(f32, bitcast(u32, shifted) << 23)
    return power * (1.0 + _grown_f32(_rest_f32(x, shifted - BIASED32)))


def _power_f64(x: f64) -> f64:
    shifted = x * LOG2_E64 + BIASED64
    power = bitcast(f64, bitcast(u64, shifted) << 52)
    return power * (1.0 + _grown_f64(_rest_f64(x, shifted - BIASED64)))


def erf_f32(a: f32[:], r: f32[:]):
    """Below 1 a polynomial, from there 1 - e^-h(x) with a polynomial for h; from 4 on 1."""
    for i in prange(r.shape[0]):
        x = a[i]
        size = min(abs(x), 4.0)
        z = size * size
        w = z * z
        low = (ERF32_0 + z * ERF32_1) + w * (ERF32_2 + z * ERF32_3)
        high = (ERF32_4 + z * ERF32_5) + w * ERF32_6
        near = bitcast(u32, size + size * (low + w * w * high))
        low = (TAIL32_0 + size * TAIL32_1) + z * (TAIL32_2 + size * TAIL32_3)
        high = (TAIL32_4 + size * TAIL32_5) + z * TAIL32_6
        far = bitcast(u32, 1.0 - _power_f32(-(low + w * high)))
        y = near if size < 1.0 else far
        r[i] = bitcast(f32, y | (bitcast(u32, x) & SIGN32))


def erf_f64(a: f64[:], r: f64[:]):
    """Below 1 a polynomial, from there 1 - e^(-x^2) g(t) with a polynomial for g; from 6 on 1."""
    for i in prange(r.shape[0]):
        x = a[i]
        size = min(abs(x), 6.0)
        z = size * size
        w = z * z
        low = (ERF64_0 + z * ERF64_1) + w * (ERF64_2 + z * ERF64_3)
        middle = (ERF64_4 + z * ERF64_5) + w * (ERF64_6 + z * ERF64_7)
        high = (ERF64_8 + z * ERF64_9) + w * (ERF64_10 + z * ERF64_11)
        u = w * w
        near = bitcast(u64, size + size * (low + u * (middle + u * high)))
        t = (size - 2.5) / (size + 2.5)
        v = t * t
        low = (TAIL64_0 + t * TAIL64_1) + v * (TAIL64_2 + t * TAIL64_3)
        middle = (TAIL64_4 + t * TAIL64_5) + v * (TAIL64_6 + t * TAIL64_7)
        high = (TAIL64_8 + t * TAIL64_9) + v * TAIL64_10
        u = v * v
        g = low + u * (middle + u * high)
        far = bitcast(u64, 1.0 - _power_f64(-z) * g)
        y = near if size < 1.0 else far
        r[i] = bitcast(f64, y | (bitcast(u64, x) & SIGN64))
