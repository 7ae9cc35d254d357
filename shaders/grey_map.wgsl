// Shades of grey in two passes: the largest count, then the pixels, four to a word.
//
// A division by a number that is the same for all is a product with its reciprocal, but a shader's
// floats round as they like: the guess is checked in integers and is off by one at most. WGSL's
// reciprocal is within 2.5 ulp, its products and conversions within one, and a pixel is at most
// 255, so the guess is within 255 * 2^-20 of the quotient.

const GROUP: u32 = 256u;

// include: group_max

struct Params {
    counts_0: u32,
    counts_1: u32,
    // Invocations of the first pass.
    stride: u32,
}

@group(0) @binding(0) var<storage, read> counts: array<u32>;
@group(0) @binding(1) var<storage, read_write> pixels: array<u32>;
@group(0) @binding(2) var<storage, read_write> top: array<atomic<u32>>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(256)
fn peak(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let n = params.counts_0 * params.counts_1;
    var own = 0u;
    for (var i = id.x; i < n; i += params.stride) {
        own = max(own, counts[i]);
    }
    let largest = group_max(local, own);
    if local == 0u {
        atomicMax(&top[0], largest);
    }
}

// count * 255 / largest, rounded down.
fn shaded(count: u32, largest: u32, reciprocal: f32) -> u32 {
    let scaled = count * 255u;
    let guess = u32(f32(scaled) * reciprocal);
    let rest = i32(scaled - (guess * largest));
    if rest < 0 {
        return guess - 1u;
    }
    return select(guess, guess + 1u, rest >= i32(largest));
}

@compute @workgroup_size(256)
fn shade(@builtin(global_invocation_id) id: vec3<u32>) {
    let n = params.counts_0 * params.counts_1;
    let first = id.x * 4u;
    if first >= n {
        return;
    }
    let largest = max(atomicLoad(&top[0]), 1u);
    let reciprocal = 1.0 / f32(largest);
    var word = shaded(counts[first], largest, reciprocal);
    if (first + 1u) < n {
        word |= shaded(counts[first + 1u], largest, reciprocal) << 8u;
    }
    if (first + 2u) < n {
        word |= shaded(counts[first + 2u], largest, reciprocal) << 16u;
    }
    if (first + 3u) < n {
        word |= shaded(counts[first + 3u], largest, reciprocal) << 24u;
    }
    pixels[id.x] = word;
}
