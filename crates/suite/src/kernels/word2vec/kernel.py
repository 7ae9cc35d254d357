"""Skip-gram steps with negative sampling: pairs of a batch share no row, batches follow each other."""

from crossover import array, exp, i32, prange, real

# The sigmoid is looked up: so many entries over -LIMIT to LIMIT.
LIMIT: real = 6
STEP: real = 12 / 1000
PER_UNIT: real = 1000 / 12


def _sigmoid(table: real[:], f: real) -> real:
    if f >= LIMIT:
        return 1.0
    if f <= -LIMIT:
        return 0.0
    return table[min(i32((f + LIMIT) * PER_UNIT), 999)]


def word2vec(
    inputs: real[:, :],
    outputs: real[:, :],
    table: real[:],
    centres: i32[:, :],
    targets: i32[:, :],
    rate: real,
):
    for i in prange(table.shape[0]):
        table[i] = 1.0 / (1.0 + exp(LIMIT - real(i) * STEP))
    batches, pairs = centres.shape
    samples = targets.shape[1]
    dimension = inputs.shape[1]
    for batch in range(batches):
        for pair in prange(pairs):
            word = centres[batch, pair]
            change = array(real, 128)
            for k in range(samples):
                row = targets[batch * pairs + pair, k]
                f = real(0.0)
                for d in prange(dimension):
                    f += inputs[word, d] * outputs[row, d]
                # The first target is the word's neighbour, the others are noise.
                label = real(1.0) if k == 0 else real(0.0)
                g = (label - _sigmoid(table, f)) * rate
                for d in range(dimension):
                    output = outputs[row, d]
                    change[d] += g * output
                    outputs[row, d] = output + g * inputs[word, d]
            for d in range(dimension):
                inputs[word, d] += change[d]
