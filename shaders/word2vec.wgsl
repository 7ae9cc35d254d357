// Skip-gram steps: 32 invocations per pair, each with every 32nd element of its rows, so that
// neighbours read neighbours; two pairs per workgroup. The word's row stays in registers. All targets
// of a pair are multiplied at once, so that their dot products share three barriers: each invocation
// puts its part of each into workgroup memory, then adds eight parts of one, then one adds four.
// include: exp

struct Params {
    rate: real,
    batch: u32,
    centres_1: u32,
    targets_1: u32,
    inputs_1: u32,
    table_0: u32,
}

@group(0) @binding(0) var<storage, read_write> inputs: array<real>;
@group(0) @binding(1) var<storage, read_write> outputs: array<real>;
@group(0) @binding(2) var<storage, read_write> table: array<real>;
@group(0) @binding(3) var<storage, read> centres: array<i32>;
@group(0) @binding(4) var<storage, read> targets: array<i32>;
@group(0) @binding(5) var<uniform> params: Params;

// A row of parts is 33 long: what the eight readers of a column read lies in different banks.
const PITCH: u32 = 33u;

// [pair of the workgroup][target][lane].
var<workgroup> parts: array<real, 528>;
// [pair][target][quarter].
var<workgroup> quarters: array<real, 64>;
// [pair][target].
var<workgroup> steps: array<real, 16>;

@compute @workgroup_size(256)
fn fill_table(@builtin(global_invocation_id) id: vec3<u32>) {
    let i = id.x;
    if i >= params.table_0 {
        return;
    }
    let x = real(6.0) - (real(i) * real(0.012));
    table[i] = real(1.0) / (real(1.0) + exp_of(x));
}

fn sigmoid(f: real) -> real {
    if f >= real(6.0) {
        return real(1.0);
    }
    if f <= real(-6.0) {
        return real(0.0);
    }
    return table[min(u32((f + real(6.0)) * real(83.33333333333333)), 999u)];
}

@compute @workgroup_size(64)
fn learn(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let lane = local % 32u;
    let slot = local / 32u;
    let in_batch = (group.x * 2u) + slot;
    let exists = in_batch < params.centres_1;
    // A pair beyond the batch reads the last one's rows and writes nothing.
    let pair = (params.batch * params.centres_1) + min(in_batch, params.centres_1 - 1u);
    let samples = params.targets_1;
    let dimension = params.inputs_1;
    let word = u32(centres[pair]) * dimension;
    var own: array<real, 4>;
    for (var q = 0u; q < 4u; q += 1u) {
        let d = lane + (32u * q);
        if d < dimension {
            own[q] = inputs[word + d];
        }
    }
    for (var k = 0u; k < samples; k += 1u) {
        let row = u32(targets[(pair * samples) + k]) * dimension;
        var part = real(0.0);
        for (var q = 0u; q < 4u; q += 1u) {
            let d = lane + (32u * q);
            if d < dimension {
                part += own[q] * outputs[row + d];
            }
        }
        parts[(((slot * 8u) + k) * PITCH) + lane] = part;
    }
    workgroupBarrier();
    let target_of_lane = lane / 4u;
    if target_of_lane < samples {
        let at = (((slot * 8u) + target_of_lane) * PITCH) + (8u * (lane % 4u));
        var sum = real(0.0);
        for (var m = 0u; m < 8u; m += 1u) {
            sum += parts[at + m];
        }
        quarters[local] = sum;
    }
    workgroupBarrier();
    if lane < samples {
        let at = (slot * 32u) + (4u * lane);
        let f = (quarters[at] + quarters[at + 1u]) + (quarters[at + 2u] + quarters[at + 3u]);
        let label = select(real(0.0), real(1.0), lane == 0u);
        steps[(slot * 8u) + lane] = (label - sigmoid(f)) * params.rate;
    }
    workgroupBarrier();
    if !exists {
        return;
    }
    for (var q = 0u; q < 4u; q += 1u) {
        let d = lane + (32u * q);
        if d < dimension {
            var change = real(0.0);
            for (var k = 0u; k < samples; k += 1u) {
                let at = (u32(targets[(pair * samples) + k]) * dimension) + d;
                let g = steps[(slot * 8u) + k];
                let output = outputs[at];
                change += g * output;
                outputs[at] = output + (g * own[q]);
            }
            inputs[word + d] = own[q] + change;
        }
    }
}
