// Membership of tokens: texts are made into a sorted array, then each invocation bisects for its
// needles. Every step waits for the one before, and 20 of them from memory would be all there is to
// see; so each workgroup first copies 256 tokens, evenly apart, to its own memory, where the first
// eight steps are cheap.

// include: philox

struct Params {
    n: u32,
    held_0: u32,
    // Tokens between two that are copied.
    step: u32,
    // Invocations of the grid: the distance between two needles of one invocation.
    stride: u32,
}

@group(0) @binding(0) var<storage, read_write> held: array<u32>;
@group(0) @binding(1) var<storage, read> draws: array<u32>;
// A token: four words of text, the first letter highest, zero beyond its end.
@group(0) @binding(2) var<storage, read_write> sorted_tokens: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> total: array<atomic<u32>>;
@group(0) @binding(4) var<uniform> params: Params;

var<workgroup> leaders: array<vec4<u32>, 256>;
var<workgroup> own: atomic<u32>;

// The text with a letter (0 to 25) at a place.
fn put(text: vec4<u32>, place: u32, letter: u32) -> vec4<u32> {
    let word = (97u + letter) << (24u - (8u * (place & 3u)));
    let here = vec4<u32>(0u, 1u, 2u, 3u) == vec4<u32>(place >> 2u);
    return text | select(vec4<u32>(0u), vec4<u32>(word), here);
}

// As the reference makes it.
fn token(i: u32, n: u32, spoilt: bool) -> vec4<u32> {
    let start = countLeadingZeros(n - i) - countLeadingZeros(n);
    var state = (start + 1u) * 0x9e3779b9u;
    var text = put(vec4<u32>(0u), 0u, start);
    text = put(text, 1u, (state >> 8u) % 26u);
    text = put(text, 2u, (state >> 14u) % 26u);
    text = put(text, 3u, (state >> 20u) % 26u);
    var at = 4u;
    var rest = i;
    var power = 390625u;
    for (var place = 0u; place < 5u; place += 1u) {
        var digit = rest / power;
        rest -= digit * power;
        power /= 25u;
        if (place == 4u) && spoilt {
            digit = 25u;
        }
        text = put(text, at, digit);
        at += 1u;
        state = (state ^ digit) * 0x01000193u;
        if (place < 4u) && (((state >> 13u) & 1u) == 1u) {
            text = put(text, at, (state >> 16u) % 26u);
            at += 1u;
        }
    }
    let letters = (state >> 20u) & 3u;
    for (var letter = 0u; letter < letters; letter += 1u) {
        state = (state * 0x01000193u) + 1u;
        text = put(text, at, (state >> 16u) % 26u);
        at += 1u;
    }
    return text;
}

fn at_most(a: vec4<u32>, b: vec4<u32>) -> bool {
    let c = select(a.w <= b.w, a.z < b.z, a.z != b.z);
    let d = select(c, a.y < b.y, a.y != b.y);
    return select(d, a.x < b.x, a.x != b.x);
}

@compute @workgroup_size(256)
fn make(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x < params.n {
        sorted_tokens[id.x] = token(id.x, params.n, false);
    }
}

@compute @workgroup_size(256)
fn look_up(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    var parts = (params.n + (params.step - 1u)) / params.step;
    if (local * params.step) < params.n {
        leaders[local] = sorted_tokens[local * params.step];
    }
    workgroupBarrier();
    var found = 0u;
    for (var needle = id.x; needle < params.held_0; needle += params.stride) {
        let draw = draws[needle];
        let text = token(mul_high(draw, params.n), params.n, (draw & 1u) == 1u);
        // The last part that does not begin behind the needle.
        var part = 0u;
        for (var left = parts; left > 1u;) {
            let half = left / 2u;
            if at_most(leaders[part + half], text) {
                part += half;
            }
            left -= half;
        }
        var low = part * params.step;
        var size = min(params.step, params.n - low);
        while size > 1u {
            let half = size / 2u;
            if at_most(sorted_tokens[low + half], text) {
                low += half;
            }
            size -= half;
        }
        let same = select(0u, 1u, all(sorted_tokens[low] == text));
        held[needle] = same;
        found += same;
    }
    atomicAdd(&own, found);
    workgroupBarrier();
    if local == 0u {
        atomicAdd(&total[0], atomicLoad(&own));
    }
}
