// Sum of squares in two passes of one shape: each invocation sums a strided part, and its workgroup
// makes one value of those; a single workgroup sums the values. The longest chain of additions is
// the strided part and twice that of a workgroup's sum, far below the n of a running sum.

// include: group_sum

alias Sum = real;
const GROUP: u32 = 256u;

struct Params {
    v_0: u32,
    // Workgroups of the first pass, and so values of the second.
    groups: u32,
}

@group(0) @binding(0) var<storage, read> v: array<real>;
@group(0) @binding(1) var<storage, read_write> partials: array<real>;
@group(0) @binding(2) var<storage, read_write> total: array<real>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(GROUP)
fn squares(
    lane: Lane,
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(workgroup_id) group: vec3<u32>,
) {
    var own = real(0.0);
    for (var i = id.x; i < params.v_0; i += params.groups * GROUP) {
        own += v[i] * v[i];
    }
    let sum = group_sum(lane, own);
    if lane.index == 0u {
        partials[group.x] = sum;
    }
}

@compute @workgroup_size(GROUP)
fn finish(lane: Lane) {
    var own = real(0.0);
    for (var i = lane.index; i < params.groups; i += GROUP) {
        own += partials[i];
    }
    let sum = group_sum(lane, own);
    if lane.index == 0u {
        total[0] = sum;
    }
}
