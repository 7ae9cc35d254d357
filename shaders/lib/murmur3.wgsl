// MurmurHash3_x86_32 (Austin Appleby, public domain) of short keys held in registers.

// A key of at most twelve bytes: its words as the hash reads them, zero beyond its end.
struct Key {
    words: vec3<u32>,
    length: u32,
}

// The decimal digits of a number. They come from the last to the first; each pushes those behind it
// one byte up, so that the first ends in the lowest byte.
fn decimal_key(value: u32) -> Key {
    var words = vec3<u32>(0u, 0u, 0u);
    var length = 0u;
    var rest = value;
    loop {
        let quotient = rest / 10u;
        let digit = 48u + (rest - (quotient * 10u));
        words = vec3<u32>(
            (words.x << 8u) | digit,
            (words.y << 8u) | (words.x >> 24u),
            (words.z << 8u) | (words.y >> 24u),
        );
        length += 1u;
        rest = quotient;
        if rest == 0u {
            break;
        }
    }
    return Key(words, length);
}

fn murmur3_scramble(word: u32) -> u32 {
    let k = word * 0xcc9e2d51u;
    return ((k << 15u) | (k >> 17u)) * 0x1b873593u;
}

fn murmur3_step(h: u32, word: u32) -> u32 {
    let mixed = h ^ murmur3_scramble(word);
    return (((mixed << 13u) | (mixed >> 19u)) * 5u) + 0xe6546b64u;
}

fn murmur3(key: Key, seed: u32) -> u32 {
    var h = seed;
    var tail = key.words.x;
    if key.length >= 4u {
        h = murmur3_step(h, key.words.x);
        tail = key.words.y;
    }
    if key.length >= 8u {
        h = murmur3_step(h, key.words.y);
        tail = key.words.z;
    }
    if key.length >= 12u {
        h = murmur3_step(h, key.words.z);
        tail = 0u;
    }
    h ^= murmur3_scramble(tail);
    h ^= key.length;
    h = (h ^ (h >> 16u)) * 0x85ebca6bu;
    h = (h ^ (h >> 13u)) * 0xc2b2ae35u;
    return h ^ (h >> 16u);
}
