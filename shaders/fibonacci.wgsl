// Pieces of the Fibonacci stream: an invocation finds its first two terms by doubling, then goes
// through its share; a workgroup adds up in shared memory, one atomic per workgroup joins them.

struct Params {
    terms: u32,
    limit: u32,
    // Terms of one invocation.
    share: u32,
}

@group(0) @binding(0) var<storage, read_write> small: array<u32>;
@group(0) @binding(1) var<storage, read_write> odd: array<atomic<u32>>;
@group(0) @binding(2) var<storage, read_write> total: array<atomic<u32>>;
@group(0) @binding(3) var<uniform> params: Params;

var<workgroup> group_odd: atomic<u32>;
var<workgroup> group_total: atomic<u32>;

// F(index) and F(index + 1) modulo 2^32.
fn terms_at(index: u32) -> vec2<u32> {
    var pair = vec2<u32>(0u, 1u);
    for (var bit = 32u - countLeadingZeros(index); bit > 0u; bit -= 1u) {
        let even_next = pair.x * ((2u * pair.y) - pair.x);
        let odd_next = (pair.x * pair.x) + (pair.y * pair.y);
        if ((index >> (bit - 1u)) & 1u) == 1u {
            pair = vec2<u32>(odd_next, even_next + odd_next);
        } else {
            pair = vec2<u32>(even_next, odd_next);
        }
    }
    return pair;
}

@compute @workgroup_size(256)
fn stream(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let first = id.x * params.share;
    if first < params.terms {
        let end = min(params.terms, first + params.share);
        var pair = terms_at(first + 1u);
        var own_odd = 0u;
        var own = 0u;
        for (var k = first; k < end; k += 1u) {
            own_odd += pair.x & 1u;
            own += pair.x;
            pair = vec2<u32>(pair.y, pair.x + pair.y);
        }
        atomicAdd(&group_odd, own_odd);
        atomicAdd(&group_total, own);
    }
    workgroupBarrier();
    if local == 0u {
        atomicAdd(&odd[0], atomicLoad(&group_odd));
        atomicAdd(&total[0], atomicLoad(&group_total));
    }
}

@compute @workgroup_size(1)
fn small_terms() {
    var pair = vec2<u32>(1u, 1u);
    var count = 0u;
    while pair.x <= params.limit {
        count += pair.x & 1u;
        pair = vec2<u32>(pair.y, pair.x + pair.y);
    }
    small[0] = count;
}
