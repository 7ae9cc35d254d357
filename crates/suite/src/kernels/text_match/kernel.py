"""How often each of many patterns occurs in a text, occurrences that overlap counted each."""

from crossover import atomic_add, i32, prange, u8, u32

# Starts looked at by one iteration.
CHUNK: i32 = 1024


def text_match(
    counts: u32[:], text: u8[:], words: u32[:], patterns: u8[:, :], lengths: i32[:]
):
    n = text.shape[0]
    # The text: the letters a, b, c and d at random.
    for i in prange(n):
        text[i] = 97 + (words[i] >> 30)
    for pattern in prange(counts.shape[0]):
        counts[pattern] = 0
    chunks = (n + CHUNK - 1) // CHUNK
    for pattern in prange(counts.shape[0]):
        for chunk in prange(chunks):
            length = lengths[pattern]
            first = chunk * CHUNK
            found = u32(0)
            for start in range(first, min(first + CHUNK, n - length + 1)):
                j = 0
                while j < length and text[start + j] == patterns[pattern, j]:
                    j += 1
                if j == length:
                    found += 1
            atomic_add(counts, pattern, found)
