"""Heat on a torus: explicit steps of the five-point stencil, one region per step."""

from crossover import i32, prange, real, zeros


def diffusion2d(u: real[:, :], steps: i32, rate: real):
    rows, columns = u.shape
    v = zeros(real, rows, columns)
    for step in range(steps):
        for row in prange(rows):
            north = (row - 1) % rows
            south = (row + 1) % rows
            for column in prange(columns):
                west = (column - 1) % columns
                east = (column + 1) % columns
                around = u[north, column] + u[south, column] + u[row, west] + u[row, east]
                v[row, column] = u[row, column] + rate * (around - 4.0 * u[row, column])
        u, v = v, u
