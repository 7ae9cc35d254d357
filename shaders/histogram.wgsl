// Smallest factors, counted. A workgroup sieves one segment of numbers after the other in its own
// memory and counts into bins of its own, by the rank of the factor among the primes; at the end
// it adds them to those of all. The two bins that get two numbers in three stay in registers.

// include: group_sum
// include: group_scan

alias Sum = vec2<u32>;
alias Scan = u32;
const GROUP: u32 = 256u;
const SEGMENT: u32 = 2048u;

// Primes that are sieved by all invocations together: their multiples are many.
const SMALL: u32 = 16u;

// Of a number that no prime up to the root divides, but for itself.
const NONE: u32 = 0xffffffffu;

struct Params {
    n: i32,
    workers: i32,
    increments: i32,
    root: u32,
    segments: u32,
    // Workgroups that count.
    groups: u32,
}

@group(0) @binding(0) var<storage, read_write> bins: array<atomic<u32>>;
@group(0) @binding(1) var<storage, read_write> counter: array<atomic<u32>>;
// The number of primes up to the root, then the primes.
@group(0) @binding(2) var<storage, read_write> primes: array<u32>;
@group(0) @binding(3) var<uniform> params: Params;

// Rank of the smallest factor of each number of the segment.
var<workgroup> smallest: array<atomic<u32>, SEGMENT>;
// There are 1,229 primes up to the root of the largest n.
var<workgroup> own_bins: array<atomic<u32>, 1232>;

fn is_prime(candidate: u32) -> bool {
    var prime = (candidate > 1u) && ((candidate == 2u) || (candidate % 2u != 0u));
    for (var d = 3u; prime && (d * d <= candidate); d += 2u) {
        prime = candidate % d != 0u;
    }
    return prime;
}

// Clears the bins and lists the primes up to the root, in order.
@compute @workgroup_size(GROUP)
fn prepare(lane: Lane) {
    var found = 0u;
    for (var row = 0u; row <= params.root; row += GROUP) {
        let candidate = row + lane_place(lane);
        let inside = candidate <= params.root;
        let prime = inside && is_prime(candidate);
        if inside {
            atomicStore(&bins[candidate], 0u);
        }
        let scanned = group_scan(lane, select(0u, 1u, prime));
        if prime {
            primes[(found + scanned.before) + 1u] = candidate;
        }
        found += scanned.total;
    }
    if lane.index == 0u {
        primes[0] = found;
        atomicStore(&counter[0], 0u);
    }
}

// Marks multiples of a prime in the segment: from its square on, since smaller ones have smaller
// factors, beginning with multiple `turn` and in steps of so many.
fn mark(rank: u32, start: u32, turn: u32, turns: u32) {
    let prime = primes[rank + 1u];
    let first = max(prime * prime, ((start + (prime - 1u)) / prime) * prime) - start;
    for (var m = first + (turn * prime); m < SEGMENT; m += turns * prime) {
        atomicMin(&smallest[m], rank);
    }
}

@compute @workgroup_size(GROUP)
fn count(lane: Lane, @builtin(workgroup_id) group: vec3<u32>) {
    let n = u32(max(params.n, 0));
    let known = primes[0];
    var twos_and_threes = vec2<u32>(0u, 0u);
    for (var segment = group.x; segment < params.segments; segment += params.groups) {
        let start = segment * SEGMENT;
        for (var j = lane.index; j < SEGMENT; j += GROUP) {
            atomicStore(&smallest[j], NONE);
        }
        workgroupBarrier();
        for (var rank = 0u; rank < min(SMALL, known); rank += 1u) {
            mark(rank, start, lane.index, GROUP);
        }
        for (var rank = SMALL + lane.index; rank < known; rank += GROUP) {
            mark(rank, start, 0u, 1u);
        }
        workgroupBarrier();
        for (var j = lane.index; j < SEGMENT; j += GROUP) {
            let rank = select(NONE, atomicLoad(&smallest[j]), start + j < n);
            twos_and_threes += vec2<u32>(select(0u, 1u, rank == 0u), select(0u, 1u, rank == 1u));
            if (rank > 1u) && (rank != NONE) {
                atomicAdd(&own_bins[rank], 1u);
            }
        }
        workgroupBarrier();
    }
    let few = group_sum(lane, twos_and_threes);
    if lane.index == 0u {
        atomicAdd(&bins[2], few.x);
        atomicAdd(&bins[3], few.y);
    }
    for (var b = 2u + lane.index; b < known; b += GROUP) {
        let own = atomicLoad(&own_bins[b]);
        if own > 0u {
            atomicAdd(&bins[primes[b + 1u]], own);
        }
    }
}

// Every worker wants the same counter.
@compute @workgroup_size(64)
fn contend(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x < u32(max(params.workers, 0)) {
        for (var k = 0i; k < params.increments; k += 1i) {
            atomicAdd(&counter[0], 1u);
        }
    }
}
