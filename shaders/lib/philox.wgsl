// Philox4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC11.

// include: mul_high

fn philox_round(words: vec4<u32>, key: vec2<u32>) -> vec4<u32> {
    let m0 = 0xd2511f53u;
    let m1 = 0xcd9e8d57u;
    return vec4<u32>(
        (mul_high(m1, words.z) ^ words.y) ^ key.x,
        m1 * words.z,
        (mul_high(m0, words.x) ^ words.w) ^ key.y,
        m0 * words.x,
    );
}

// The four words of counter (index, 0, 0, 0). Ten rounds written out: a loop would be counted
// against the budget of drivers that end loops early.
fn philox(index: u32, key: vec2<u32>) -> vec4<u32> {
    let step = vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
    var words = vec4<u32>(index, 0u, 0u, 0u);
    words = philox_round(words, key);
    words = philox_round(words, key + step);
    words = philox_round(words, key + (2u * step));
    words = philox_round(words, key + (3u * step));
    words = philox_round(words, key + (4u * step));
    words = philox_round(words, key + (5u * step));
    words = philox_round(words, key + (6u * step));
    words = philox_round(words, key + (7u * step));
    words = philox_round(words, key + (8u * step));
    return philox_round(words, key + (9u * step));
}
