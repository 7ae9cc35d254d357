"""Days whose largest sample lies more than six standard deviations above the mean. Mean and spread
come from one pass over the samples, which are drawn and forgotten; parts of a day are merged."""

from common import philox
from crossover import i32, prange, real, u32, zeros

# Parts of a day: lanes for parallel hardware, and loops short enough for every driver.
CHUNKS: i32 = 64


def _sample(index: u32, key_low: u32, key_high: u32) -> i32:
    """The sum of four random bytes less its mean, and once a week a spike."""
    w0, w1, w2, w3 = philox(index, key_low, key_high)
    if w1 % 604800 == 0:
        return 6000
    return i32((w0 & 255) + (w0 >> 8 & 255) + (w0 >> 16 & 255) + (w0 >> 24)) - 510


def anomaly(
    flags: i32[:],
    largest: i32[:],
    mean: real[:],
    variance: real[:],
    samples: i32,
    first: u32,
    key_low: u32,
    key_high: u32,
):
    days = flags.shape[0]
    counts = zeros(real, days, CHUNKS)
    means = zeros(real, days, CHUNKS)
    squares = zeros(real, days, CHUNKS)
    tops = zeros(i32, days, CHUNKS)
    for day in prange(days):
        for chunk in prange(CHUNKS):
            begin = samples * chunk // CHUNKS
            end = samples * (chunk + 1) // CHUNKS
            start = first + u32(day) * u32(samples)
            count = real(0.0)
            own_mean = real(0.0)
            own_squares = real(0.0)
            top = -510
            for s in range(begin, end):
                x = _sample(start + u32(s), key_low, key_high)
                top = max(top, x)
                count += 1.0
                delta = real(x) - own_mean
                own_mean += delta / count
                own_squares += delta * (real(x) - own_mean)
            counts[day, chunk] = count
            means[day, chunk] = own_mean
            squares[day, chunk] = own_squares
            tops[day, chunk] = top
    for day in prange(days):
        half = CHUNKS // 2
        while half > 0:
            for j in range(half):
                count = counts[day, j]
                other = counts[day, j + half]
                both = count + other
                delta = means[day, j + half] - means[day, j]
                apart = delta * delta * count * other / both
                means[day, j] += delta * other / both
                squares[day, j] = squares[day, j] + squares[day, j + half] + apart
                counts[day, j] = both
                tops[day, j] = max(tops[day, j], tops[day, j + half])
            half //= 2
        day_variance = squares[day, 0] / counts[day, 0]
        above = real(tops[day, 0]) - means[day, 0]
        flags[day] = 1 if above > 0.0 and above * above > 36.0 * day_variance else 0
        largest[day] = tops[day, 0]
        mean[day] = means[day, 0]
        variance[day] = day_variance
