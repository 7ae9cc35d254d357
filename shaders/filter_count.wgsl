// Which i are divisible by 3: counted as they pass by, or written to a list in order and counted
// there. The list is made by compaction: count per tile, prefix sum of the counts, then every
// workgroup writes its tile from its place on, by prefix sums of its own.

// include: group_sum
// include: group_scan

alias Sum = vec2<u32>;
alias Scan = u32;
const GROUP: u32 = 256u;

// Numbers of one invocation in one turn: neighbours, so that its part of the list is one piece.
const OWN: u32 = 8u;

struct Params {
    n: i32,
    tiles: u32,
    // Turns of GROUP * OWN numbers in a tile.
    turns: u32,
    // Invocations of the lazy pass.
    stride: u32,
    // Workgroups that read the list.
    readers: u32,
}

@group(0) @binding(0) var<storage, read_write> counted: array<atomic<u32>>;
// How many each tile keeps; then where its part of the list begins.
@group(0) @binding(1) var<storage, read_write> tile_counts: array<u32>;
@group(0) @binding(2) var<storage, read_write> members: array<u32>;
@group(0) @binding(3) var<uniform> params: Params;

// 2863311531 is the inverse of 3 modulo 2^32: the product is i / 3 where 3 divides i, and above
// (2^32 - 1) / 3 elsewhere.
fn keep(i: u32) -> bool {
    return (i * 2863311531u) <= 1431655765u;
}

// Adds a workgroup's count and sum to those of all.
fn join(lane: Lane, own: vec2<u32>) {
    let all = group_sum(lane, own);
    if lane.index == 0u {
        atomicAdd(&counted[0], all.x);
        atomicAdd(&counted[1], all.y);
    }
}

@compute @workgroup_size(GROUP)
fn lazy(lane: Lane, @builtin(global_invocation_id) id: vec3<u32>) {
    let n = u32(max(params.n, 0));
    var own = vec2<u32>(0u, 0u);
    for (var i = id.x; i < n; i += params.stride) {
        own += select(vec2<u32>(0u, 0u), vec2<u32>(1u, i), keep(i));
    }
    join(lane, own);
}

@compute @workgroup_size(GROUP)
fn count_tiles(lane: Lane, @builtin(workgroup_id) group: vec3<u32>) {
    let n = u32(max(params.n, 0));
    let end = min(n, (group.x + 1u) * (params.turns * (GROUP * OWN)));
    var own = 0u;
    for (var i = group.x * (params.turns * (GROUP * OWN)) + lane.index; i < end; i += GROUP) {
        own += select(0u, 1u, keep(i));
    }
    let all = group_sum(lane, vec2<u32>(own, 0u));
    if lane.index == 0u {
        tile_counts[group.x] = all.x;
    }
}

// One workgroup: each invocation has 16 neighbouring tiles.
@compute @workgroup_size(GROUP)
fn place_tiles(lane: Lane) {
    let first = lane_place(lane) * 16u;
    let end = min(params.tiles, first + 16u);
    var own = 0u;
    for (var tile = first; tile < end; tile += 1u) {
        own += tile_counts[tile];
    }
    let scanned = group_scan(lane, own);
    var at = scanned.before;
    for (var tile = first; tile < end; tile += 1u) {
        let count = tile_counts[tile];
        tile_counts[tile] = at;
        at += count;
    }
    if lane.index == 0u {
        atomicStore(&counted[0], scanned.total);
    }
}

@compute @workgroup_size(GROUP)
fn write_tiles(lane: Lane, @builtin(workgroup_id) group: vec3<u32>) {
    let n = u32(max(params.n, 0));
    var at = tile_counts[group.x];
    for (var turn = 0u; turn < params.turns; turn += 1u) {
        let row = (group.x * params.turns) + turn;
        let first = (row * (GROUP * OWN)) + (lane_place(lane) * OWN);
        let end = min(n, first + OWN);
        var own = 0u;
        for (var i = first; i < end; i += 1u) {
            own += select(0u, 1u, keep(i));
        }
        let scanned = group_scan(lane, own);
        var mine = at + scanned.before;
        for (var i = first; i < end; i += 1u) {
            if keep(i) {
                members[mine] = i;
                mine += 1u;
            }
        }
        at += scanned.total;
    }
}

// The length is known since the tiles have their places; the sum is read from the list.
@compute @workgroup_size(GROUP)
fn read_list(lane: Lane, @builtin(global_invocation_id) id: vec3<u32>) {
    let length = atomicLoad(&counted[0]);
    var total = 0u;
    for (var k = id.x; k < length; k += params.readers * GROUP) {
        total += members[k];
    }
    join(lane, vec2<u32>(0u, total));
}
