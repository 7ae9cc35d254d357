// Radix sort, eight bits per pass, lowest first. Each pass has three steps:
//
// `count`     a workgroup counts the digits of a tile of 1,024 keys in its own memory;
// `add_up`    a workgroup per digit turns the counts of all tiles into where, among the keys of that
//             digit, each tile's begin;
// `move_keys` a workgroup orders its tile by the digit in its own memory, two bits at a time, and
//             writes runs of keys of one digit to places that lie together.
//
// All steps keep keys of one digit in the order in which they come, so that a pass does not undo the
// passes before it. The passes read and write: keys, spare, ordered, spare, ordered.

// include: group_scan

alias Scan = vec4<u32>;
const GROUP: u32 = 256u;
const KEYS_EACH: u32 = 4u;
const TILE: u32 = GROUP * KEYS_EACH;

struct Params {
    keys_0: u32,
    tiles: u32,
    // 0 to 3: which eight bits.
    digit: u32,
}

@group(0) @binding(0) var<storage, read> keys: array<u32>;
@group(0) @binding(1) var<storage, read_write> ordered: array<u32>;
@group(0) @binding(2) var<storage, read_write> spare: array<u32>;
// A row of tiles for each digit.
@group(0) @binding(3) var<storage, read_write> counts: array<u32>;
// Keys of each digit.
@group(0) @binding(4) var<storage, read_write> firsts: array<u32>;
@group(0) @binding(5) var<uniform> params: Params;

var<workgroup> tally: array<atomic<u32>, 256>;
var<workgroup> tile_keys: array<u32, TILE>;
var<workgroup> tile_starts: array<u32, 256>;
var<workgroup> digit_starts: array<u32, 256>;

fn load(i: u32) -> u32 {
    if params.digit == 0u {
        return keys[i];
    }
    if params.digit == 2u {
        return ordered[i];
    }
    return spare[i];
}

fn store(i: u32, key: u32) {
    if (params.digit & 1u) == 0u {
        spare[i] = key;
    } else {
        ordered[i] = key;
    }
}

fn digit_of(key: u32) -> u32 {
    return (key >> (8u * params.digit)) & 255u;
}

@compute @workgroup_size(GROUP)
fn count(
    @builtin(local_invocation_index) local: u32,
    @builtin(workgroup_id) group: vec3<u32>,
) {
    for (var k = 0u; k < KEYS_EACH; k += 1u) {
        let i = (group.x * TILE) + (k * GROUP) + local;
        if i < params.keys_0 {
            atomicAdd(&tally[digit_of(load(i))], 1u);
        }
    }
    workgroupBarrier();
    counts[(local * params.tiles) + group.x] = atomicLoad(&tally[local]);
}

@compute @workgroup_size(GROUP)
fn add_up(lane: Lane, @builtin(workgroup_id) group: vec3<u32>) {
    let place = lane_place(lane);
    var carried = 0u;
    for (var first = 0u; first < params.tiles; first += GROUP) {
        let tile = first + place;
        var own = 0u;
        if tile < params.tiles {
            own = counts[(group.x * params.tiles) + tile];
        }
        let scanned = group_scan(lane, Scan(own, 0u, 0u, 0u));
        if tile < params.tiles {
            counts[(group.x * params.tiles) + tile] = carried + scanned.before.x;
        }
        carried += scanned.total.x;
    }
    if place == 0u {
        firsts[group.x] = carried;
    }
}

// Which of the four values of two bits: 1 there, 0 elsewhere.
fn one_at(bits: u32) -> Scan {
    return vec4<u32>(vec4<u32>(0u, 1u, 2u, 3u) == vec4<u32>(bits));
}

// Orders the tile by two bits, keys with the same ones staying in order.
fn split(lane: Lane, shift: u32) {
    let place = lane_place(lane);
    var own: array<u32, KEYS_EACH>;
    var sum = Scan();
    for (var k = 0u; k < KEYS_EACH; k += 1u) {
        own[k] = tile_keys[(place * KEYS_EACH) + k];
        sum += one_at((own[k] >> shift) & 3u);
    }
    let scanned = group_scan(lane, sum);
    let total = scanned.total;
    let smaller = Scan(0u, total.x, total.x + total.y, (total.x + total.y) + total.z);
    var next = smaller + scanned.before;
    workgroupBarrier();
    for (var k = 0u; k < KEYS_EACH; k += 1u) {
        let here = one_at((own[k] >> shift) & 3u);
        let at = dot(next, here);
        tile_keys[at] = own[k];
        next += here;
    }
    workgroupBarrier();
}

@compute @workgroup_size(GROUP)
fn move_keys(lane: Lane, @builtin(workgroup_id) group: vec3<u32>) {
    let place = lane_place(lane);
    let first = group.x * TILE;
    for (var k = 0u; k < KEYS_EACH; k += 1u) {
        let i = first + (k * GROUP) + place;
        // Fillers are the largest keys and come last, so they stay behind the others.
        tile_keys[(k * GROUP) + place] = select(0xffffffffu, load(i), i < params.keys_0);
    }
    workgroupBarrier();
    for (var half = 0u; half < 4u; half += 1u) {
        split(lane, (8u * params.digit) + (2u * half));
    }
    // Where the keys of each digit begin, in the output and in the tile.
    let scanned = group_scan(lane, Scan(firsts[place], 0u, 0u, 0u));
    digit_starts[place] = scanned.before.x + counts[(place * params.tiles) + group.x];
    for (var k = 0u; k < KEYS_EACH; k += 1u) {
        let at = (k * GROUP) + place;
        let digit = digit_of(tile_keys[at]);
        if (at == 0u) || (digit_of(tile_keys[max(at, 1u) - 1u]) != digit) {
            tile_starts[digit] = at;
        }
    }
    workgroupBarrier();
    for (var k = 0u; k < KEYS_EACH; k += 1u) {
        let at = (k * GROUP) + place;
        if (first + at) < params.keys_0 {
            let key = tile_keys[at];
            let digit = digit_of(key);
            store(digit_starts[digit] + (at - tile_starts[digit]), key);
        }
    }
}
