// Sum of sines: a workgroup sums one block, its invocations taking every 256th term; the sums of the
// blocks are then joined. Angles are reduced in integers, so the polynomial sees a quarter turn.

// include: mul_high
// include: group_sum

alias Sum = real;
const GROUP: u32 = 256u;
const BLOCK: u32 = 2048u;

struct Params {
    n: i32,
    blocks_0: u32,
    // Workgroups of the pass that joins.
    groups: u32,
}

@group(0) @binding(0) var<storage, read_write> blocks: array<real>;
@group(0) @binding(1) var<storage, read_write> sums: array<real>;
@group(0) @binding(2) var<storage, read_write> total: array<real>;
@group(0) @binding(3) var<uniform> params: Params;

// The angle i as a fraction of a turn, in 2^-64: i times 2^64 / (2 pi).
fn turned(i: u32) -> vec2<u32> {
    let low = 0x9391054au;
    return vec2<u32>((i * 0x28be60dbu) + mul_high(i, low), i * low);
}

fn sine(i: u32) -> real {
    let angle = turned(i);
    let other = (angle.x + 0x40000000u) >= 0x80000000u;
    let high = select(angle.x, angle.x ^ 0x7fffffffu, other);
    let low = select(angle.y, ~angle.y, other);
    // In f32 the lower word is below what the upper one is rounded by.
    let x = (real(bitcast<i32>(high)) + (real(low) * real(2.3283064365386962890625e-10)))
        * real(9.31322574615478515625e-10);
    let s = x * x;
    var sum = real(6.0669357311061956671014457e-12);
    sum = real(-6.6880351098114672324782263e-10) + (s * (sum + (s * tail(s))));
    sum = real(5.6921729219679268117752553e-8) + (s * sum);
    sum = real(-3.5988432352120853404585400e-6) + (s * sum);
    sum = real(1.6044118478735982187266087e-4) + (s * sum);
    sum = real(-4.6817541353186881006854639e-3) + (s * sum);
    sum = real(7.9692626246167045120505549e-2) + (s * sum);
    sum = real(-0.64596409750624625365575656) + (s * sum);
    sum = real(1.5707963267948966192313217) + (s * sum);
    return x * sum;
}

// What f32 has no digits for.
fn tail(s: real) -> real {
    return real(-4.3770654673137422771842713e-14)
        + (s * (real(2.5714228928604738661538660e-16) + (s * real(-1.2538995405354576653400733e-18))));
}

@compute @workgroup_size(GROUP)
fn sum_blocks(
    lane: Lane,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let n = u32(max(params.n, 0));
    let block = (group.y * groups.x) + group.x;
    var own = real(0.0);
    for (var turn = 0u; turn < BLOCK / GROUP; turn += 1u) {
        let i = ((block * BLOCK) + (turn * GROUP)) + lane.index;
        if i < n {
            own += sine(i);
        }
    }
    let sum = group_sum(lane, own);
    if (lane.index == 0u) && (block < params.blocks_0) {
        blocks[block] = sum;
    }
}

@compute @workgroup_size(GROUP)
fn join(
    lane: Lane,
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(workgroup_id) group: vec3<u32>,
) {
    var own = real(0.0);
    for (var block = id.x; block < params.blocks_0; block += params.groups * GROUP) {
        own += blocks[block];
    }
    let sum = group_sum(lane, own);
    if lane.index == 0u {
        sums[group.x] = sum;
    }
}

@compute @workgroup_size(GROUP)
fn finish(lane: Lane) {
    var own = real(0.0);
    if lane.index < params.groups {
        own = sums[lane.index];
    }
    let sum = group_sum(lane, own);
    if lane.index == 0u {
        total[0] = sum;
    }
}
