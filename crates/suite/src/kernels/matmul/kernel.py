"""Product of two matrices: each element the sum of its products in the order of k."""

from crossover import prange, real


def matmul(c: real[:, :], a: real[:, :], b: real[:, :]):
    rows, inner = a.shape
    columns = b.shape[1]
    for i in prange(rows):
        for j in prange(columns):
            total = real(0.0)
            for k in range(inner):
                total += a[i, k] * b[k, j]
            c[i, j] = total
