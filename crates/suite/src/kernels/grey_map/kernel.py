"""Counts to shades of grey: the largest count becomes 255, the others their share, rounded down."""

from crossover import prange, u8, u32


def grey_map(pixels: u8[:, :], counts: u32[:, :]):
    rows, columns = counts.shape
    top: u32 = 1
    for row in prange(rows):
        for column in prange(columns):
            top = max(top, counts[row, column])
    for row in prange(rows):
        for column in prange(columns):
            pixels[row, column] = counts[row, column] * 255 // top
