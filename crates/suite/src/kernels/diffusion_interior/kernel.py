"""Heat on a plate: explicit steps of the five-point stencil; the border keeps what it has."""

from crossover import i32, prange, real, zeros


def diffusion_interior(u: real[:, :], steps: i32, rate: real):
    rows, columns = u.shape
    v = zeros(real, rows, columns)
    for row in prange(rows):
        for column in prange(columns):
            v[row, column] = u[row, column]
    for step in range(steps):
        for row in prange(1, rows - 1):
            for column in prange(1, columns - 1):
                around = (
                    u[row - 1, column] + u[row + 1, column] + u[row, column - 1] + u[row, column + 1]
                )
                v[row, column] = u[row, column] + rate * (around - 4.0 * u[row, column])
        u, v = v, u
