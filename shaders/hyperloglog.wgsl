// HyperLogLog: the maximum of a rank per register.
//
// Up to 4,096 registers fit workgroup memory: each workgroup fills its own and joins them to the
// array once, so the device's memory sees one atomic per register and workgroup instead of one per
// key. More registers are written at once, and a key that does not raise its register, as nearly
// all do not, costs a load and no atomic maximum.

// include: murmur3

struct Params {
    n: i32,
    p: u32,
    // Invocations of the grid: the distance between two keys of one invocation.
    stride: u32,
}

@group(0) @binding(0) var<storage, read_write> registers: array<atomic<u32>>;
@group(0) @binding(1) var<storage, read_write> ranks: array<atomic<u32>>;
@group(0) @binding(2) var<storage, read_write> estimate: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

var<workgroup> own: array<atomic<u32>, PRIVATE>;
var<workgroup> own_ranks: array<atomic<u32>, 33>;

@compute @workgroup_size(256)
fn clear(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x < REGISTERS {
        atomicStore(&registers[id.x], 0u);
    }
    if id.x < 33u {
        atomicStore(&ranks[id.x], 0u);
    }
}

fn raise(slot: u32, rank: u32) {
    if rank > atomicLoad(&registers[slot]) {
        atomicMax(&registers[slot], rank);
    }
}

@compute @workgroup_size(256)
fn insert(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let n = u32(max(params.n, 0));
    for (var i = id.x; i < n; i += params.stride) {
        let h = murmur3(decimal_key(i), 0u);
        let slot = h & (REGISTERS - 1u);
        let rest = h >> params.p;
        let rank = select(countTrailingZeros(rest) + 1u, 32u, rest == 0u);
        if REGISTERS == PRIVATE {
            if rank > atomicLoad(&own[slot]) {
                atomicMax(&own[slot], rank);
            }
        } else {
            raise(slot, rank);
        }
    }
    workgroupBarrier();
    if REGISTERS == PRIVATE {
        for (var slot = local; slot < PRIVATE; slot += 256u) {
            raise(slot, atomicLoad(&own[slot]));
        }
    }
}

@compute @workgroup_size(256)
fn count_ranks(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    if id.x < REGISTERS {
        atomicAdd(&own_ranks[atomicLoad(&registers[id.x])], 1u);
    }
    workgroupBarrier();
    if local < 33u {
        atomicAdd(&ranks[local], atomicLoad(&own_ranks[local]));
    }
}

@compute @workgroup_size(1)
fn finish() {
    let m = f32(REGISTERS);
    var harmonic = 0.0;
    var weight = 1.0;
    for (var rank = 0u; rank < 33u; rank += 1u) {
        harmonic += f32(atomicLoad(&ranks[rank])) * weight;
        weight *= 0.5;
    }
    let empty = f32(atomicLoad(&ranks[0]));
    var value = (((0.7213 / (1.0 + (1.079 / m))) * m) * m) / harmonic;
    if (value <= (2.5 * m)) && (empty > 0.0) {
        value = m * log(m / empty);
    }
    estimate[0] = value;
}
