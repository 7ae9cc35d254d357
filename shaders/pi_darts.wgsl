// Darts at a quarter of a disc: each invocation throws several, a workgroup adds its hits up, and
// one atomic per workgroup joins them. Integers: any order gives the same sum.

// include: philox
// include: group_sum

alias Sum = u32;
const GROUP: u32 = 256u;

struct Params {
    n: i32,
    key_low: u32,
    key_high: u32,
    // Invocations of the grid: the distance between two darts of one invocation.
    stride: u32,
}

@group(0) @binding(0) var<storage, read_write> hits: array<atomic<u32>>;
@group(0) @binding(1) var<uniform> params: Params;

@compute @workgroup_size(GROUP)
fn darts(lane: Lane, @builtin(global_invocation_id) id: vec3<u32>) {
    let n = u32(max(params.n, 0));
    let key = vec2<u32>(params.key_low, params.key_high);
    var own = 0u;
    for (var i = id.x; i < n; i += params.stride) {
        let words = philox(i, key);
        let x = words.x >> 16u;
        let y = words.y >> 16u;
        own += select(0u, 1u, (y * y) <= (4294836225u - (x * x)));
    }
    let total = group_sum(lane, own);
    if lane.index == 0u {
        atomicAdd(&hits[0], total);
    }
}
