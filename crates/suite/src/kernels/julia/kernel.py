"""Julia set: how many steps of z <- z*z + c each point of the plane stays inside |z| < 2."""

from crossover import i32, prange, real


def julia(
    counts: i32[:, :], x: real[:], y: real[:], c_re: real, c_im: real, max_iterations: i32
):
    height, width = counts.shape
    for row in prange(height):
        for column in prange(width):
            a = x[column]
            b = y[row]
            n = 0
            while n < max_iterations and a * a + b * b < 4.0:
                next_a = a * a - b * b + c_re
                b = a * b + b * a + c_im
                a = next_a
                n += 1
            counts[row, column] = n
