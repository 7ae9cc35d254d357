// Morris counters. A counter is sequential, but an event changes it only if its word ends in as many
// zeros as the exponent says, and soon hardly any does: a workgroup draws 256 events at once, finds
// the first that raises a counter, raises it, and looks again behind that one, until none is left.

// include: philox

struct Params {
    n: i32,
    key_low: u32,
    key_high: u32,
    // First event of the pass.
    first: u32,
}

@group(0) @binding(0) var<storage, read_write> exponents: array<u32>;
@group(0) @binding(1) var<uniform> params: Params;

const TILE = 256u;
// Events of one pass.
const PASS = 1048576u;

var<workgroup> earliest: array<atomic<u32>, 3>;
var<workgroup> found: vec3<u32>;

// Zeros at the end of each word; 32 for 0.
fn zeros_of(words: vec3<u32>) -> vec3<u32> {
    return countTrailingZeros(words);
}

@compute @workgroup_size(256)
fn count(
    @builtin(workgroup_id) group_id: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let base = 3u * group_id.x;
    let n = u32(max(params.n, 0));
    let end = min(n, params.first + PASS);
    let key = vec2<u32>(params.key_low, params.key_high + group_id.x);
    var exponents_now = vec3<u32>(0u);
    if params.first > 0u {
        exponents_now = vec3<u32>(exponents[base], exponents[base + 1u], exponents[base + 2u]);
    }
    if local < 3u {
        atomicStore(&earliest[local], TILE);
    }
    workgroupBarrier();
    for (var tile = params.first; tile < end; tile += TILE) {
        let zeros = zeros_of(philox(tile + local, key).xyz);
        // Events of the tile that are still to be looked at, per counter.
        var from_ = vec3<u32>(0u);
        loop {
            let here = (vec3<u32>(local) >= from_) & (exponents_now < vec3<u32>(32u));
            let raises = here & (zeros >= exponents_now);
            if (tile + local) < end {
                if raises.x {
                    atomicMin(&earliest[0], local);
                }
                if raises.y {
                    atomicMin(&earliest[1], local);
                }
                if raises.z {
                    atomicMin(&earliest[2], local);
                }
            }
            workgroupBarrier();
            if local == 0u {
                found = vec3<u32>(
                    atomicLoad(&earliest[0]),
                    atomicLoad(&earliest[1]),
                    atomicLoad(&earliest[2]),
                );
                atomicStore(&earliest[0], TILE);
                atomicStore(&earliest[1], TILE);
                atomicStore(&earliest[2], TILE);
            }
            let hit = workgroupUniformLoad(&found);
            let raised = hit < vec3<u32>(TILE);
            exponents_now += select(vec3<u32>(0u), vec3<u32>(1u), raised);
            from_ = select(from_, hit + vec3<u32>(1u), raised);
            if all(hit == vec3<u32>(TILE)) {
                break;
            }
        }
    }
    if local == 0u {
        exponents[base] = exponents_now.x;
        exponents[base + 1u] = exponents_now.y;
        exponents[base + 2u] = exponents_now.z;
    }
}
