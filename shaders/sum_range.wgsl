// Sum of a range in two words: a share per invocation, a tree per workgroup, two atomics to join
// the workgroups.

// include: words64

struct Params {
    n: u32,
    // Numbers of one invocation.
    share: u32,
}

@group(0) @binding(0) var<storage, read_write> total: array<atomic<u32>>;
@group(0) @binding(1) var<uniform> params: Params;

var<workgroup> sums: array<vec2<u32>, 256>;

@compute @workgroup_size(256)
fn sum(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let first = id.x * params.share;
    let end = min(params.n, first + params.share);
    var own = vec2<u32>(0u, 0u);
    for (var i = first; i < end; i += 1u) {
        own = plus_word(own, i);
    }
    sums[local] = own;
    workgroupBarrier();
    for (var span = 128u; span > 0u; span >>= 1u) {
        if local < span {
            sums[local] = plus_words(sums[local], sums[local + span]);
        }
        workgroupBarrier();
    }
    if local == 0u {
        own = sums[0];
        // Additions to the low word happen one after the other; each that overflows carries once.
        let old = atomicAdd(&total[0], own.x);
        atomicAdd(&total[1], own.y + select(0u, 1u, old > (0xffffffffu - own.x)));
    }
}
