// The smallest odd factor of a number of two words. Workgroups take consecutive pieces of the
// divisors, the invocations of one stride over its piece, and what they find meets in one word as a
// maximum of complements: the smallest factor wins, whatever the order.

// include: words64

struct Params {
    high: u32,
    low: u32,
    policy: i32,
    prefix: u32,
    // Odd numbers from 3 to the root.
    divisors: u32,
    // Divisors of one invocation.
    share: u32,
    // Divisions between two looks at the flag.
    poll: u32,
}

@group(0) @binding(0) var<storage, read_write> found: atomic<u32>;
@group(0) @binding(1) var<storage, read_write> answer: array<u32>;
@group(0) @binding(2) var<uniform> params: Params;

// Policies as `kernel.toml` numbers them.
const PREFIX: i32 = 1;
const POLL: i32 = 2;
const BLOCK: i32 = 3;

fn number() -> vec2<u32> {
    return vec2<u32>(params.low, params.high);
}

// Tries the divisors first, first + WORKGROUP, ... below `end`; `looking`: whether to leave when a
// smaller factor is known.
fn search(first: u32, end: u32, looking: bool) {
    let n = number();
    // The first look comes with the first division.
    var until_look = 1u;
    for (var k = first; k < end; k += WORKGROUP) {
        let d = (2u * k) + 3u;
        if looking {
            until_look -= 1u;
            if until_look == 0u {
                if atomicLoad(&found) > (0xffffffffu - d) {
                    break;
                }
                until_look = params.poll;
            }
        }
        if divides(d, n) && ((n.y != 0u) || (d < n.x)) {
            atomicMax(&found, 0xffffffffu - d);
            break;
        }
    }
}

@compute @workgroup_size(WORKGROUP)
fn first_divisors(@builtin(local_invocation_index) local: u32) {
    if params.policy == PREFIX {
        search(local, min(min(params.prefix, params.divisors), 262144u), false);
    }
}

@compute @workgroup_size(WORKGROUP)
fn all_divisors(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let first = (group.x * WORKGROUP) * params.share;
    // With `block` the flag is read once per workgroup; `prefix` asks only whether its own pass
    // has found something, which is below every divisor of a later workgroup.
    if (params.policy == PREFIX) || (params.policy == BLOCK) {
        let known = atomicLoad(&found);
        if (known != 0u) && ((0xffffffffu - known) <= ((2u * first) + 3u)) {
            return;
        }
    }
    let end = min(params.divisors, first + (WORKGROUP * params.share));
    search(first + local, end, params.policy == POLL);
}

@compute @workgroup_size(1)
fn finish() {
    let known = atomicLoad(&found);
    var factor = select(0u, 0xffffffffu - known, known != 0u);
    if (params.low & 1u) == 0u {
        factor = 2u;
    }
    answer[0] = factor;
}
