// K minimum values: hashes below a limit go to buckets by their leading part, each bucket is sorted
// by one invocation, and a prefix sum over the buckets says where its hashes belong. The limit
// keeps nearly all hashes of a long stream out of memory altogether.

// include: murmur3

struct Params {
    n: i32,
    kept_0: u32,
    buckets: u32,
    // Largest hash that is looked at, and how many hashes share a bucket.
    limit: u32,
    width: u32,
    // Invocations of the grid: the distance between two keys of one invocation.
    stride: u32,
}

@group(0) @binding(0) var<storage, read_write> kept: array<i32>;
@group(0) @binding(1) var<storage, read_write> counts: array<atomic<u32>>;
// Room for 64 hashes per bucket.
@group(0) @binding(2) var<storage, read_write> slots: array<u32>;
// Per 64 buckets: how many hashes, then how many before.
@group(0) @binding(3) var<storage, read_write> sums: array<u32>;
@group(0) @binding(4) var<storage, read_write> estimate: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;

var<workgroup> partial: array<u32, 256>;

@compute @workgroup_size(256)
fn collect(@builtin(global_invocation_id) id: vec3<u32>) {
    let n = u32(max(params.n, 0));
    for (var i = id.x; i < n; i += params.stride) {
        let h = murmur3(decimal_key(i), 0u) ^ 0x80000000u;
        if h <= params.limit {
            let bucket = h / params.width;
            let slot = atomicAdd(&counts[bucket], 1u);
            if slot < 64u {
                slots[(bucket * 64u) + slot] = h;
            }
        }
    }
}

// Inclusive sums over 64 invocations.
fn scan_64(local: u32, own: u32) -> u32 {
    partial[local] = own;
    workgroupBarrier();
    for (var span = 1u; span < 64u; span <<= 1u) {
        var before = 0u;
        if local >= span {
            before = partial[local - span];
        }
        workgroupBarrier();
        partial[local] += before;
        workgroupBarrier();
    }
    return partial[local];
}

@compute @workgroup_size(64)
fn sort(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    // There are 64 buckets per workgroup and no half group.
    let start = id.x * 64u;
    let count = min(atomicLoad(&counts[id.x]), 64u);
    var end = start;
    for (var i = start; i < (start + count); i += 1u) {
        let x = slots[i];
        var at = end;
        loop {
            if at == start {
                break;
            }
            if !(slots[at - 1u] > x) {
                break;
            }
            at -= 1u;
        }
        var known = false;
        if at > start {
            known = slots[at - 1u] == x;
        }
        if !known {
            for (var last = end; last > at; last -= 1u) {
                slots[last] = slots[last - 1u];
            }
            slots[at] = x;
            end += 1u;
        }
    }
    let own = end - start;
    let through = scan_64(local, own);
    // Both in one word: hashes of the group before this bucket, and its own.
    atomicStore(&counts[id.x], ((through - own) << 16u) | own);
    if local == 63u {
        sums[id.x / 64u] = through;
    }
}

@compute @workgroup_size(256)
fn join(@builtin(local_invocation_index) local: u32) {
    let groups = params.buckets / 64u;
    let share = (groups + 255u) / 256u;
    let from_ = min(local * share, groups);
    let to = min(from_ + share, groups);
    var own = 0u;
    for (var group = from_; group < to; group += 1u) {
        own += sums[group];
    }
    partial[local] = own;
    workgroupBarrier();
    for (var span = 1u; span < 256u; span <<= 1u) {
        var before = 0u;
        if local >= span {
            before = partial[local - span];
        }
        workgroupBarrier();
        partial[local] += before;
        workgroupBarrier();
    }
    var before = partial[local] - own;
    for (var group = from_; group < to; group += 1u) {
        let count = sums[group];
        sums[group] = before;
        before += count;
    }
}

@compute @workgroup_size(64)
fn gather(@builtin(global_invocation_id) id: vec3<u32>) {
    let word = atomicLoad(&counts[id.x]);
    let first = sums[id.x / 64u] + (word >> 16u);
    for (var i = 0u; i < (word & 0xffffu); i += 1u) {
        let at = first + i;
        if at >= params.kept_0 {
            break;
        }
        let h = slots[(id.x * 64u) + i];
        kept[at] = bitcast<i32>(h ^ 0x80000000u);
        if at == (params.kept_0 - 2u) {
            estimate[0] = (f32(params.kept_0 - 1u) * 4294967296.0) / f32(h);
        }
    }
}
