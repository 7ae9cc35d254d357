// Growth of lists. Every list walks the same ladder of capacities, only to different rungs: a
// workgroup writes the ladder down once in shared memory, and each invocation searches it for its
// lists in eight steps instead of walking up a hundred rungs.

struct Params {
    lengths_0: u32,
    growth_0: u32,
    // Workgroups of the grid.
    groups: u32,
    longest: u32,
}

@group(0) @binding(0) var<storage, read_write> growth: array<u32>;
@group(0) @binding(1) var<storage, read_write> capacity: array<u32>;
@group(0) @binding(2) var<storage, read_write> reallocations: array<u32>;
@group(0) @binding(3) var<storage, read_write> moved: array<u32>;
@group(0) @binding(4) var<storage, read> lengths: array<u32>;
@group(0) @binding(5) var<uniform> params: Params;

// More rungs than any length of the kernel's range needs.
const RUNGS: u32 = 128u;

var<workgroup> ladder: array<u32, 128>;
// Elements moved on the way to each rung.
var<workgroup> moves: array<u32, 128>;

fn grown(capacity: u32) -> u32 {
    let n = capacity + 1u;
    return (n + (n >> 3u)) + select(6u, 3u, n < 9u);
}

fn write_ladder(first_group: bool) {
    var room = 0u;
    var copied = 0u;
    for (var rung = 0u; rung < RUNGS; rung += 1u) {
        let before = room;
        room = grown(before);
        copied += before;
        ladder[rung] = room;
        moves[rung] = copied;
        if first_group && (rung < params.growth_0) {
            growth[rung] = room;
        }
    }
}

@compute @workgroup_size(256)
fn grow(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
    @builtin(workgroup_id) group: vec3<u32>,
) {
    if local == 0u {
        write_ladder(group.x == 0u);
    }
    workgroupBarrier();
    for (var i = id.x; i < params.lengths_0; i += params.groups * 256u) {
        let length = lengths[i];
        // How many rungs are too short: the largest number whose last rung is.
        var count = 0u;
        for (var bit = 64u; bit > 0u; bit >>= 1u) {
            let probe = count + bit;
            if ladder[probe - 1u] < length {
                count = probe;
            }
        }
        // One more is needed, but for a list that was never appended to.
        let grew = length > 0u;
        capacity[i] = select(0u, ladder[count], grew);
        moved[i] = select(0u, moves[count], grew);
        reallocations[i] = select(0u, count + 1u, grew);
    }
}
