// Sum of squares in two passes of one shape: each invocation sums a strided part, and its workgroup
// makes one value of those; a single workgroup sums the values. The longest chain of additions is
// the strided part and twice that of a workgroup's sum, far below the n of a running sum.
//
// What an element and a sum are depends on the instance: floats, or u32 summed in two words.

// include: squares

const GROUP: u32 = 256u;

struct Params {
    v_0: u32,
    // Workgroups of the first pass, and so values of the second.
    groups: u32,
}

@group(0) @binding(0) var<storage, read> v: array<Element>;
@group(0) @binding(1) var<storage, read_write> partials: array<Total>;
@group(0) @binding(2) var<storage, read_write> total: array<Total>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(GROUP)
fn squares(
    lane: Lane,
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(workgroup_id) group: vec3<u32>,
) {
    var own = Total();
    for (var i = id.x; i < params.v_0; i += params.groups * GROUP) {
        own = and_square(own, v[i]);
    }
    let sum = of_group(lane, own);
    if lane.index == 0u {
        partials[group.x] = sum;
    }
}

@compute @workgroup_size(GROUP)
fn finish(lane: Lane) {
    var own = Total();
    for (var i = lane.index; i < params.groups; i += GROUP) {
        own = joined(own, partials[i]);
    }
    let sum = of_group(lane, own);
    if lane.index == 0u {
        total[0] = sum;
    }
}
