"""The sum of sin(i) over i = 0, 1, 2, …, with the sine written out: the argument is reduced in
integers, exactly, and a polynomial does the rest. So no backend's own sine is asked beyond where it
promises anything."""

from crossover import bitcast, i32, mul_high, prange, real, u32

# Terms of one lane, which are also what is compared: a wrong term hides in no longer sum.
BLOCK: i32 = 2048

# 2**64 / (2 pi) in two words: i times it, modulo 2**64, is the angle i as a fraction of a turn.
TURN_HIGH: u32 = 0x28BE60DB
TURN_LOW: u32 = 0x9391054A

# (-1)**k (pi/2)**(2k+1) / (2k+1)!: the sine of a quarter turn's fraction.
C0: real = 1.5707963267948966192313217
C1: real = -0.64596409750624625365575656
C2: real = 0.079692626246167045120505549
C3: real = -0.0046817541353186881006854639
C4: real = 0.00016044118478735982187266087
C5: real = -0.0000035988432352120853404585400
C6: real = 0.000000056921729219679268117752553
C7: real = -0.00000000066880351098114672324782263
C8: real = 0.0000000000060669357311061956671014457
C9: real = -0.000000000000043770654673137422771842713
C10: real = 0.00000000000000025714228928604738661538660
C11: real = -0.0000000000000000012538995405354576653400733

# Units of the upper word of a folded angle in a quarter turn.
QUARTER: real = 1 / 1073741824
# Units of the lower word in one of the upper.
LOWER: real = 1 / 4294967296


def _folded(i: u32) -> tuple[u32, u32]:
    """An angle between minus and plus a quarter turn with the same sine as i, in 2**-64 turns."""
    low = i * TURN_LOW
    high = i * TURN_HIGH + mul_high(i, TURN_LOW)
    if high + 0x40000000 >= 0x80000000:
        # The other half: sin(x) = sin(half a turn - x); complements do for negation, but for one.
        high = high ^ 0x7FFFFFFF
        low = ~low
    return high, low


def _sine_f32(i: u32) -> real:
    high, low = _folded(i)
    x = real(bitcast(i32, high)) * QUARTER
    s = x * x
    odd = C4 + s * (C5 + s * (C6 + s * C7))
    return x * (C0 + s * (C1 + s * (C2 + s * (C3 + s * odd))))


def _sine_f64(i: u32) -> real:
    high, low = _folded(i)
    x = (real(bitcast(i32, high)) + real(low) * LOWER) * QUARTER
    s = x * x
    odd = C7 + s * (C8 + s * (C9 + s * (C10 + s * C11)))
    odd = C3 + s * (C4 + s * (C5 + s * (C6 + s * odd)))
    return x * (C0 + s * (C1 + s * (C2 + s * odd)))


def _total(blocks: real[:]) -> real:
    """The sum of all blocks: in a loop of its own, for 4,096 iterations of a sum are one thread's."""
    total = real(0.0)
    for block in prange(blocks.shape[0]):
        total += blocks[block]
    return total


def sin_sum_f32(blocks: real[:], n: i32) -> real:
    for block in prange(blocks.shape[0]):
        own = real(0.0)
        for i in range(block * BLOCK, min(n, (block + 1) * BLOCK)):
            own += _sine_f32(u32(i))
        blocks[block] = own
    total = _total(blocks)
    return total


def sin_sum_f64(blocks: real[:], n: i32) -> real:
    for block in prange(blocks.shape[0]):
        own = real(0.0)
        for i in range(block * BLOCK, min(n, (block + 1) * BLOCK)):
            own += _sine_f64(u32(i))
        blocks[block] = own
    total = _total(blocks)
    return total
