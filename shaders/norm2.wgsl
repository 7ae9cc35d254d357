// Sum of squares in two passes of one shape: each invocation sums a strided part, then a tree in
// shared memory makes one value per workgroup; a single workgroup sums those. The longest chain of
// additions is the strided part and two trees of depth 8, far below the n of a running sum.

struct Params {
    v_0: u32,
    // Workgroups of the first pass, and so values of the second.
    groups: u32,
}

@group(0) @binding(0) var<storage, read> v: array<real>;
@group(0) @binding(1) var<storage, read_write> partials: array<real>;
@group(0) @binding(2) var<storage, read_write> total: array<real>;
@group(0) @binding(3) var<uniform> params: Params;

var<workgroup> sums: array<real, 256>;

fn fold(local: u32) {
    workgroupBarrier();
    for (var span = 128u; span > 0u; span >>= 1u) {
        if local < span {
            sums[local] = sums[local] + sums[local + span];
        }
        workgroupBarrier();
    }
}

@compute @workgroup_size(256)
fn squares(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
    @builtin(workgroup_id) group: vec3<u32>,
) {
    var own = real(0.0);
    for (var i = id.x; i < params.v_0; i += params.groups * 256u) {
        own += v[i] * v[i];
    }
    sums[local] = own;
    fold(local);
    if local == 0u {
        partials[group.x] = sums[0];
    }
}

@compute @workgroup_size(256)
fn finish(@builtin(local_invocation_index) local: u32) {
    var own = real(0.0);
    for (var i = local; i < params.groups; i += 256u) {
        own += partials[i];
    }
    sums[local] = own;
    fold(local);
    if local == 0u {
        total[0] = sums[0];
    }
}
