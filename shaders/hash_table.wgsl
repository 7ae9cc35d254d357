// Hash table with open addressing: one invocation per key and loop round, slots claimed by
// compare-exchange. The table has its last size from the start, so nothing is inserted twice; the
// growths that the reference makes are worked out by one invocation and written down.

struct Params {
    stored: i32,
    load: i32,
    hash: i32,
    seed: u32,
    growth_0: u32,
    items_0: u32,
    starts_0: u32,
    sequence_1: u32,
    // Invocations of the grid.
    stride: u32,
}

@group(0) @binding(0) var<storage, read_write> table: array<atomic<u32>>;
@group(0) @binding(1) var<storage, read_write> found: array<u32>;
@group(0) @binding(2) var<storage, read_write> kept: array<u32>;
@group(0) @binding(3) var<storage, read_write> growth: array<u32>;
@group(0) @binding(4) var<storage, read_write> sequence: array<u32>;
@group(0) @binding(5) var<storage, read> items: array<u32>;
@group(0) @binding(6) var<storage, read> starts: array<u32>;
@group(0) @binding(7) var<storage, read_write> probes: array<atomic<u32>>;
// The number of slots at the end.
@group(0) @binding(8) var<storage, read_write> size_at_end: array<u32>;
@group(0) @binding(9) var<uniform> params: Params;

const EMPTY: u32 = 0u;
const TOMBSTONE: u32 = 0xffffffffu;
const MIXED: i32 = 0;
const IDENTITY: i32 = 1;

var<workgroup> group_probes: atomic<u32>;

fn rotated(x: u32, count: u32) -> u32 {
    return (x << count) | (x >> (32u - count));
}

fn hash_of(key: u32) -> u32 {
    if params.hash == IDENTITY {
        return key;
    }
    if params.hash != MIXED {
        return 42u;
    }
    var h = params.seed ^ (rotated(key * 0xcc9e2d51u, 15u) * 0x1b873593u);
    h = ((rotated(h, 13u) * 5u) + 0xe6546b64u) ^ 4u;
    h = (h ^ (h >> 16u)) * 0x85ebca6bu;
    h = (h ^ (h >> 13u)) * 0xc2b2ae35u;
    return h ^ (h >> 16u);
}

fn next(i: u32, perturb: u32) -> u32 {
    return ((5u * i) + perturb) + 1u;
}

struct Found {
    slot: u32,
    is_there: bool,
    probes: u32,
}

fn find(word: u32) -> Found {
    let mask = size_at_end[0] - 1u;
    var i = hash_of(word - 1u);
    var perturb = i;
    var count = 1u;
    var there = atomicLoad(&table[i & mask]);
    while ((there != EMPTY) && (there != word)) {
        i = next(i, perturb);
        perturb >>= 5u;
        there = atomicLoad(&table[i & mask]);
        count += 1u;
    }
    return Found(i & mask, there == word, count);
}

fn put(word: u32) {
    let mask = size_at_end[0] - 1u;
    var i = hash_of(word - 1u);
    var perturb = i;
    loop {
        let seen = atomicCompareExchangeWeak(&table[i & mask], EMPTY, word);
        if seen.exchanged || (seen.old_value == word) {
            break;
        }
        // A weak exchange may fail on an empty slot: that one is tried again.
        if seen.old_value != EMPTY {
            i = next(i, perturb);
            perturb >>= 5u;
        }
    }
}

// How the reference's table grows.
fn grow() {
    let stored = u32(params.stored);
    let load = u32(params.load);
    for (var k = 0u; k < (2u * params.growth_0); k += 1u) {
        growth[k] = 0u;
    }
    var size = 8u;
    var growths = 0u;
    var filled = 0u;
    while (filled < stored) {
        filled = min(stored, ((size * load) + 11u) / 12u);
        if (filled * 12u) >= (size * load) {
            let wanted = select(2u, 4u, filled <= 50000u) * filled;
            // The power of two above it, and at least twice the size.
            size = max(2u * size, 2u << firstLeadingBit(wanted));
            growth[2u * growths] = filled;
            growth[(2u * growths) + 1u] = size;
            growths += 1u;
        }
    }
    size_at_end[0] = size;
}

@compute @workgroup_size(256)
fn prepare(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x == 0u {
        grow();
    }
    if (id.x > 0u) && (id.x <= params.starts_0) {
        var i = starts[id.x - 1u];
        var perturb = i;
        for (var k = 0u; k < params.sequence_1; k += 1u) {
            sequence[((id.x - 1u) * params.sequence_1) + k] = i & 7u;
            i = next(i, perturb);
            perturb >>= 5u;
        }
    }
}

@compute @workgroup_size(256)
fn insert(@builtin(global_invocation_id) id: vec3<u32>) {
    for (var k = id.x; k < u32(params.stored); k += params.stride) {
        put(items[k] + 1u);
    }
}

@compute @workgroup_size(256)
fn look_up(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    var own = 0u;
    for (var k = id.x; k < params.items_0; k += params.stride) {
        let seen = find(items[k] + 1u);
        found[k] = select(0u, 1u, seen.is_there);
        own += select(0u, seen.probes, seen.is_there);
    }
    if params.hash != MIXED {
        atomicAdd(&group_probes, own);
        workgroupBarrier();
        if local == 0u {
            atomicAdd(&probes[0], atomicLoad(&group_probes));
        }
    }
}

@compute @workgroup_size(256)
fn delete_some(@builtin(global_invocation_id) id: vec3<u32>) {
    for (var k = id.x; k < (u32(params.stored) / 4u); k += params.stride) {
        let found_at = find(items[4u * k] + 1u);
        if found_at.is_there {
            atomicStore(&table[found_at.slot], TOMBSTONE);
        }
    }
}

@compute @workgroup_size(256)
fn look_up_again(@builtin(global_invocation_id) id: vec3<u32>) {
    for (var k = id.x; k < params.items_0; k += params.stride) {
        let seen = find(items[k] + 1u);
        kept[k] = select(0u, 1u, seen.is_there);
    }
}
