"""out = a * b + c: in one pass, or as array expressions that keep every intermediate result."""

from crossover import i32, prange, real, zeros


def fused_axpy(out: real[:], a: real[:], b: real[:], c: real[:], form: i32):
    n = out.shape[0]
    if form == 0:
        for i in prange(n):
            out[i] = a[i] * b[i] + c[i]
    else:
        products = zeros(real, n)
        sums = zeros(real, n)
        for i in prange(n):
            products[i] = a[i] * b[i]
        for i in prange(n):
            sums[i] = products[i] + c[i]
        for i in prange(n):
            out[i] = sums[i]
