// A Bloom filter. Its bits do not fit workgroup memory, so they are set in the array itself; a bit
// that is set already, which towards the end is every second one, costs a load and no atomic.
// Looking up stops at the first bit that is not set. What is counted is added up per workgroup.

// include: murmur3

struct Params {
    n: i32,
    size: u32,
    hashes: u32,
    bits_0: u32,
    // Invocations of the grid over keys: the distance between two keys of one invocation.
    stride: u32,
}

@group(0) @binding(0) var<storage, read_write> bits: array<atomic<u32>>;
@group(0) @binding(1) var<storage, read_write> counts: array<atomic<u32>>;
@group(0) @binding(2) var<uniform> params: Params;

var<workgroup> sums: array<atomic<u32>, 2>;

@compute @workgroup_size(256)
fn clear(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    for (var word = id.x; word < params.bits_0; word += 256u * groups.x) {
        atomicStore(&bits[word], 0u);
    }
}

@compute @workgroup_size(256)
fn insert(@builtin(global_invocation_id) id: vec3<u32>) {
    let n = u32(max(params.n, 0));
    for (var i = id.x; i < n; i += params.stride) {
        let key = decimal_key(i);
        var h = murmur3(key, 0u);
        let step = murmur3(key, 1u);
        for (var k = 0u; k < params.hashes; k += 1u) {
            let place = h % params.size;
            let bit = 1u << (place & 31u);
            if (atomicLoad(&bits[place >> 5u]) & bit) == 0u {
                atomicOr(&bits[place >> 5u], bit);
            }
            h += step;
        }
    }
}

@compute @workgroup_size(256)
fn count_bits(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    var own = 0u;
    for (var i = id.x; i < params.bits_0; i += 256u * groups.x) {
        own += countOneBits(atomicLoad(&bits[i]));
    }
    atomicAdd(&sums[0], own);
    workgroupBarrier();
    if local == 0u {
        atomicAdd(&counts[0], atomicLoad(&sums[0]));
    }
}

fn holds(i: u32) -> bool {
    let key = decimal_key(i);
    var h = murmur3(key, 0u);
    let step = murmur3(key, 1u);
    var held = true;
    for (var k = 0u; k < params.hashes; k += 1u) {
        let place = h % params.size;
        if ((atomicLoad(&bits[place >> 5u]) >> (place & 31u)) & 1u) == 0u {
            held = false;
            break;
        }
        h += step;
    }
    return held;
}

@compute @workgroup_size(256)
fn look_up(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let n = u32(max(params.n, 0));
    var lost = 0u;
    var found = 0u;
    for (var i = id.x; i < n; i += params.stride) {
        lost += select(1u, 0u, holds(i));
        found += select(0u, 1u, holds(n + i));
    }
    atomicAdd(&sums[0], lost);
    atomicAdd(&sums[1], found);
    workgroupBarrier();
    if local == 0u {
        atomicAdd(&counts[1], atomicLoad(&sums[0]));
        atomicAdd(&counts[2], atomicLoad(&sums[1]));
    }
}
