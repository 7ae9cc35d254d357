// Primes of a range. Work per number differs by a factor of thousands, so it is split in two: a
// sift by small divisors, one invocation per number, after which one number in four is left; then
// the divisors of each that is left are shared by a workgroup. No invocation waits for a neighbour
// with a prime, and the order of the list does not show in sums of integers.

// include: words64

struct Params {
    first_low: u32,
    first_high: u32,
    count: u32,
    // Largest divisor: the root of the last number.
    root: u32,
    // Workgroups of the second pass.
    groups: u32,
}

@group(0) @binding(0) var<storage, read_write> survivors: array<u32>;
@group(0) @binding(1) var<storage, read_write> length: atomic<u32>;
@group(0) @binding(2) var<storage, read_write> found: atomic<u32>;
@group(0) @binding(3) var<storage, read_write> total: array<atomic<u32>>;
@group(0) @binding(4) var<uniform> params: Params;

// Largest divisor of the sift.
const SMALL: u32 = 61u;

var<workgroup> group_length: atomic<u32>;
var<workgroup> group_base: u32;
// Whether a divisor was found, for three numbers in turn: the flag of the number after the next is
// cleared while this one is read, so one barrier per number is enough.
var<workgroup> hit: array<atomic<u32>, 3>;

fn number(offset: u32) -> vec2<u32> {
    return plus_word(vec2<u32>(params.first_low, params.first_high), offset);
}

// Adds to the sum of two words. Additions to the low word happen one after the other, and each
// that overflows carries once.
fn add_to_total(own_low: u32, own_high: u32) {
    let old = atomicAdd(&total[0], own_low);
    atomicAdd(&total[1], own_high + select(0u, 1u, old > (0xffffffffu - own_low)));
}

// Whether an odd number is left after division by small odd numbers.
fn survives(n: vec2<u32>) -> bool {
    if (n.y == 0u) && (n.x < 3u) {
        return false;
    }
    var left = true;
    for (var d = 3u; d <= SMALL; d += 2u) {
        if (n.y == 0u) && ((d * d) > n.x) {
            break;
        }
        if divides(d, n) {
            left = false;
            break;
        }
    }
    return left;
}

// Whether d divides n and is not n itself.
fn divides_properly(d: u32, n: vec2<u32>) -> bool {
    return divides(d, n) & ((n.y != 0u) | (d < n.x));
}

// Four divisors of an invocation between two looks at what the others found. Those beyond the root
// are in vain and do no harm.
fn one_of_four_divides(d: u32, n: vec2<u32>) -> bool {
    let step = 2u * WORKGROUP;
    let first = divides_properly(d, n) | divides_properly(d + step, n);
    let second = divides_properly(d + (2u * step), n) | divides_properly(d + (3u * step), n);
    return first | second;
}

@compute @workgroup_size(64)
fn sift(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    // The odd number of this invocation, as a distance from the first number.
    let offset = (2u * id.x) + (1u - (params.first_low & 1u));
    let left = (offset < params.count) && survives(number(offset));
    var place = 0u;
    if left {
        place = atomicAdd(&group_length, 1u);
    }
    workgroupBarrier();
    if local == 0u {
        group_base = atomicAdd(&length, atomicLoad(&group_length));
    }
    workgroupBarrier();
    if left {
        survivors[group_base + place] = offset;
    }
    // The even prime.
    if (id.x == 0u) && (params.first_high == 0u) && (params.first_low <= 2u) {
        if (params.first_low + params.count) > 2u {
            atomicAdd(&found, 1u);
            add_to_total(2u, 0u);
        }
    }
}

@compute @workgroup_size(WORKGROUP)
fn divide(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    if local == 0u {
        group_base = atomicLoad(&length);
    }
    let listed = workgroupUniformLoad(&group_base);
    var turn = 0u;
    var own_found = 0u;
    var own = vec2<u32>(0u, 0u);
    for (var slot = group.x; slot < listed; slot += params.groups) {
        let n = number(survivors[slot]);
        for (var d = (SMALL + 2u) + (2u * local); d <= params.root; d += 8u * WORKGROUP) {
            // Another invocation has found a divisor.
            if atomicLoad(&hit[turn]) != 0u {
                break;
            }
            if one_of_four_divides(d, n) {
                atomicStore(&hit[turn], 1u);
            }
        }
        workgroupBarrier();
        if atomicLoad(&hit[turn]) == 0u {
            own_found += 1u;
            own = plus_words(own, n);
        }
        if local == 0u {
            atomicStore(&hit[(turn + 2u) % 3u], 0u);
        }
        turn = (turn + 1u) % 3u;
    }
    if (local == 0u) && (own_found > 0u) {
        atomicAdd(&found, own_found);
        add_to_total(own.x, own.y);
    }
}
