// Distinct ids: one bit per id that there may be, set by whoever meets the id, then counted. An id
// whose bit is set already is only read, so that ids that come often do not queue for their word.

// include: group_sum

alias Sum = u32;
const GROUP: u32 = 256u;

struct Params {
    words_0: u32,
    bits: i32,
    // Invocations of the grid, and words of marks.
    stride: u32,
    marks_length: u32,
}

@group(0) @binding(0) var<storage, read> words: array<u32>;
@group(0) @binding(1) var<storage, read_write> marks: array<atomic<u32>>;
@group(0) @binding(2) var<storage, read_write> total: array<atomic<u32>>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(GROUP)
fn mark(@builtin(global_invocation_id) id: vec3<u32>) {
    let shift = 32u - u32(params.bits);
    for (var i = id.x; i < params.words_0; i += params.stride) {
        let id = words[i] >> shift;
        let bit = 1u << (id % 32u);
        if (atomicLoad(&marks[id / 32u]) & bit) == 0u {
            atomicOr(&marks[id / 32u], bit);
        }
    }
}

@compute @workgroup_size(GROUP)
fn count(lane: Lane, @builtin(workgroup_id) group: vec3<u32>) {
    var own = 0u;
    let first = (group.x * GROUP) + lane_place(lane);
    for (var k = first; k < params.marks_length; k += params.stride) {
        own += countOneBits(atomicLoad(&marks[k]));
    }
    let sum = group_sum(lane, own);
    if lane_place(lane) == 0u {
        atomicAdd(&total[0], sum);
    }
}
