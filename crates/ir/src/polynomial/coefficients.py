"""Computes the constants of polynomial.py, and rewrites them there: `python3 coefficients.py`.

Polynomials are minimax ones in the weighted sense that the function at hand needs (relative to its
value), by Remez' exchange algorithm (Muller, Elementary Functions, chapter 3) with 45 digits, each
coefficient rounded once to its type. The error before that rounding stands beside each. Needs mpmath.
"""
import struct
from pathlib import Path

from mpmath import cos, erf, erfc, exp, expm1, floor, log, lu_solve, matrix, mp, mpf, pi, sin, sqrt, atanh

mp.dps = 45
BEGIN, END = "# Computed by coefficients.py.\n", "# To here.\n"
# Points of an interval on which an error is looked at.
GRID = 600


def exchange(f, lo, hi, degree, weight):
    """Coefficients, lowest first, of the polynomial whose largest |weight * (p - f)| on the interval
    is least, and that error."""
    count = degree + 2
    node = lambda share: (lo + hi) / 2 - (hi - lo) / 2 * cos(pi * share)
    points = [node(mpf(2 * i + 1) / (2 * count)) for i in range(count)]
    grid = [node(mpf(i) / GRID) for i in range(GRID + 1)]
    wanted, weights = [f(x) for x in grid], [weight(x) for x in grid]
    best = None
    for _ in range(8):
        system, right = matrix(count, count), matrix(count, 1)
        for i, x in enumerate(points):
            for j in range(degree + 1):
                system[i, j] = x**j * weight(x)
            system[i, degree + 1] = (-1) ** i
            right[i] = f(x) * weight(x)
        solved = list(lu_solve(system, right))
        level = abs(solved.pop())
        value = lambda x: sum(c * x**j for j, c in enumerate(solved))
        errors = [(value(x) - y) * w for x, y, w in zip(grid, wanted, weights)]
        worst = max(abs(e) for e in errors)
        if best is None or worst < best[1]:
            best = solved, worst
        peaks = extremes(errors)
        while len(peaks) > count:
            peaks.pop(0 if abs(errors[peaks[0]]) < abs(errors[peaks[-1]]) else -1)
        if len(peaks) < count or worst < level * mpf("1.001"):
            break
        points = [grid[k] for k in peaks]
    return best


def extremes(errors):
    """The place of the largest error in each run of one sign."""
    peaks, start = [], 0
    for k in range(1, len(errors) + 1):
        if k == len(errors) or errors[k] * errors[start] <= 0:
            peaks.append(max(range(start, k), key=lambda t: abs(errors[t])))
            start = k
    return peaks


def rounded(value, bits):
    """To the nearest f32 or f64, as a Python float."""
    return struct.unpack("f", struct.pack("f", float(value)))[0] if bits == 32 else float(value)


def constant(name, value, bits):
    return f"{name}: f{bits} = {rounded(value, bits)!r}\n"


def polynomial(name, bits, f, lo, hi, degree, weight, of):
    coefficients, error = exchange(f, mpf(lo), mpf(hi), degree, weight)
    text = f"# {of}: 2^{float(log(error, 2)):.1f}\n"
    return text + "".join(constant(f"{name}{bits}_{i}", c, bits) for i, c in enumerate(coefficients))


def parts(name, value, bits, widths):
    """The value as a sum: parts of so many bits each, and what is left, rounded."""
    text = ""
    for i, width in enumerate(widths):
        scale = mpf(2) ** (width - 1 - floor(log(value, 2)))
        part = floor(value * scale) / scale
        text += constant(f"{name}{bits}_{i}", part, bits)
        value -= part
    return text + constant(f"{name}{bits}_{len(widths)}", value, bits)


def near_zero(f, at_zero):
    """The function with its value at 0, where the formula would divide 0 by 0."""
    return lambda x: f(x) if abs(x) > mpf(10) ** -15 else mpf(at_zero)


def exponential(bits, degree):
    half = log(2) / 2 * mpf("1.0001")
    f = near_zero(lambda r: (expm1(r) - r) / r**2, mpf(1) / 2)
    return polynomial("EXP", bits, f, -half, half, degree, lambda r: r**2, "(e^r - 1 - r) / r^2, times r^2")


def logarithm(bits, degree):
    # s = f / (2 + f) for 1 + f from the root of 1/2 to the root of 2.
    end = ((sqrt(mpf(2)) - 1) / (sqrt(mpf(2)) + 1)) ** 2 * mpf("1.0001")
    f = near_zero(lambda z: (2 * atanh(sqrt(z)) - 2 * sqrt(z)) / sqrt(z) ** 3, mpf(2) / 3)
    return polynomial("LOG", bits, f, 0, end, degree, lambda z: z / 2, "(2 atanh(s) / s - 2) / s^2 in s^2, times s^2 / 2")


def sine(bits, degree):
    end = (pi / 4 * mpf("1.0001")) ** 2
    f = near_zero(lambda z: (sin(sqrt(z)) / sqrt(z) - 1) / z, -mpf(1) / 6)
    return polynomial("SIN", bits, f, 0, end, degree, lambda z: z, "(sin(x) / x - 1) / x^2 in x^2, times x^2")


def cosine(bits, degree):
    end = (pi / 4 * mpf("1.0001")) ** 2
    f = near_zero(lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2, mpf(1) / 24)
    return polynomial("COS", bits, f, 0, end, degree, lambda z: z**2, "(cos(x) - 1 + x^2 / 2) / x^4 in x^2, times x^4")


def error_function(bits, degree):
    f = near_zero(lambda z: erf(sqrt(z)) / sqrt(z) - 1, 2 / sqrt(pi) - 1)
    return polynomial("ERF", bits, f, 0, 1, degree, lambda z: mpf(1), "erf(x) / x - 1 in x^2, for x <= 1")


def tail_f32(degree):
    f = lambda x: -log(erfc(x))
    weight = lambda x: erfc(x) / erf(x)
    return polynomial("TAIL", 32, f, 1, 4, degree, weight, "-log(erfc(x)) for x from 1 to 4, times erfc(x) / erf(x)")


def tail_f64(degree):
    centre = mpf("2.5")
    x = lambda t: centre * (1 + t) / (1 - t)
    t = lambda x: (x - centre) / (x + centre)
    f = lambda at: erfc(x(at)) * exp(x(at) ** 2)
    weight = lambda at: exp(-x(at) ** 2) / erf(x(at))
    of = "erfc(x) e^(x^2) in t = (x - 2.5) / (x + 2.5) for x from 1 to 6, times e^(-x^2) / erf(x)"
    return polynomial("TAIL", 64, f, t(mpf(1)), t(mpf(6)), degree, weight, of)


def constants():
    text = parts("LN2_", log(2), 32, [15]) + parts("LN2_", log(2), 64, [40])
    text += parts("QUARTER", pi / 2, 64, [30, 30, 30])
    for bits in 32, 64:
        text += constant(f"LOG2_E{bits}", 1 / log(2), bits)
    text += constant("PER_QUARTER64", 2 / pi, 64)
    text += exponential(32, 4) + exponential(64, 9) + logarithm(32, 2) + logarithm(64, 6)
    # In f32 sine and cosine are computed in f64.
    text += sine(64, 5) + cosine(64, 5)
    text += sine(64, 2).replace("SIN64", "SIN32") + cosine(64, 2).replace("COS64", "COS32")
    text += error_function(32, 6) + error_function(64, 11) + tail_f32(6) + tail_f64(10)
    return text


if __name__ == "__main__":
    path = Path(__file__).with_name("polynomial.py")
    before, _, rest = path.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(before + BEGIN + constants() + END + after)
