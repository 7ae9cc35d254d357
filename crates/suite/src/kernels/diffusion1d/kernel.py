"""Heat on a ring: explicit steps of the three-point stencil, one region per step."""

from crossover import i32, prange, real, zeros


def diffusion1d(u: real[:], steps: i32, rate: real):
    cells = u.shape[0]
    v = zeros(real, cells)
    for step in range(steps):
        for i in prange(cells):
            west = (i - 1) % cells
            east = (i + 1) % cells
            v[i] = u[i] + rate * (u[west] + u[east] - 2.0 * u[i])
        u, v = v, u
