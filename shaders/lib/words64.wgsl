// Unsigned integers of 64 bits as two words, the low one first.

// The upper word of the product of two words, from four products of half words.
fn upper_product(a: u32, b: u32) -> u32 {
    let a_low = a & 0xffffu;
    let a_high = a >> 16u;
    let b_low = b & 0xffffu;
    let b_high = b >> 16u;
    let low = a_low * b_low;
    // At most 0xfffe0001 + 0xffff + 0xffff: no overflow.
    let middle = (a_high * b_low) + (low >> 16u);
    let carry = (a_low * b_high) + (middle & 0xffffu);
    return ((a_high * b_high) + (middle >> 16u)) + (carry >> 16u);
}

// n + word.
fn plus_word(n: vec2<u32>, word: u32) -> vec2<u32> {
    let low = n.x + word;
    return vec2<u32>(low, n.y + select(0u, 1u, low < word));
}

// The inverse of an odd word modulo 2^32: (3d) ^ 2 is right in five bits, and each Newton step
// doubles them.
fn inverse_of_odd(d: u32) -> u32 {
    var inverse = (3u * d) ^ 2u;
    inverse *= 2u - (d * inverse);
    inverse *= 2u - (d * inverse);
    inverse *= 2u - (d * inverse);
    return inverse;
}

// Whether the odd word d > 1 divides n. Where the upper word is not zero that takes one step of
// Montgomery's reduction: with q = low / d modulo 2^32, n - q d is a multiple of 2^32, namely of
// high minus the upper word of q d, which is below d; and 2^32 has no factor in common with d.
fn divides(d: u32, n: vec2<u32>) -> bool {
    if n.y == 0u {
        return (n.x % d) == 0u;
    }
    return (n.y % d) == upper_product(n.x * inverse_of_odd(d), d);
}

// a + b.
fn plus_words(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    return plus_word(a, b.x) + vec2<u32>(0u, b.y);
}
