// Darts at a quarter of a disc: each invocation throws several, a workgroup adds its hits up in
// shared memory, and one atomic per workgroup joins them. Integers: any order gives the same sum.

// include: philox

struct Params {
    n: i32,
    key_low: u32,
    key_high: u32,
    // Invocations of the grid: the distance between two darts of one invocation.
    stride: u32,
}

@group(0) @binding(0) var<storage, read_write> hits: array<atomic<u32>>;
@group(0) @binding(1) var<uniform> params: Params;

var<workgroup> group_hits: array<u32, 256>;

@compute @workgroup_size(256)
fn darts(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let n = u32(max(params.n, 0));
    let key = vec2<u32>(params.key_low, params.key_high);
    var own = 0u;
    for (var i = id.x; i < n; i += params.stride) {
        let words = philox(i, key);
        let x = words.x >> 16u;
        let y = words.y >> 16u;
        own += select(0u, 1u, (y * y) <= (4294836225u - (x * x)));
    }
    group_hits[local] = own;
    workgroupBarrier();
    for (var span = 128u; span > 0u; span >>= 1u) {
        if local < span {
            group_hits[local] += group_hits[local + span];
        }
        workgroupBarrier();
    }
    if local == 0u {
        atomicAdd(&hits[0], group_hits[0]);
    }
}
