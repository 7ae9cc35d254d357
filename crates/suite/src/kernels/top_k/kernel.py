"""The k rows of a matrix with the largest products with a vector; of equal ones the first rows."""

from crossover import i32, prange, real, zeros


def top_k(best: real[:], indices: i32[:], rows: real[:, :], query: real[:]):
    n, dimension = rows.shape
    scores = zeros(real, n)
    for row in prange(n):
        score = real(0.0)
        for j in prange(dimension):
            score += rows[row, j] * query[j]
        scores[row] = score
    for rank in range(best.shape[0]):
        largest = real(-1.0)
        at = -1
        for row in prange(n):
            if scores[row] > largest:
                largest = scores[row]
                at = row
        best[rank] = largest
        indices[rank] = at
        # Scores are not negative: this one is out.
        scores[at] = -1.0
