// Anomalous days: every invocation draws its samples of a part of a day and keeps their moments;
// moments of two sets of samples merge into those of both, in a tree per part, then per day.

// include: philox
// include: group_fold

const GROUP: u32 = 256u;

struct Params {
    samples: i32,
    first: u32,
    key_low: u32,
    key_high: u32,
    // Parts of a day: workgroups of the first pass.
    parts: u32,
}

struct Folded {
    count: real,
    mean: real,
    // Sum of squared distances from the mean.
    squares: real,
    top: i32,
}

@group(0) @binding(0) var<storage, read_write> flags: array<i32>;
@group(0) @binding(1) var<storage, read_write> largest: array<i32>;
@group(0) @binding(2) var<storage, read_write> mean: array<real>;
@group(0) @binding(3) var<storage, read_write> variance: array<real>;
@group(0) @binding(4) var<storage, read_write> moments: array<Folded>;
@group(0) @binding(5) var<uniform> params: Params;

// Two empty sets make an empty one: their count of 0 divides nothing.
fn fold_join(a: Folded, b: Folded) -> Folded {
    let both = a.count + b.count;
    let share = b.count / max(both, real(1.0));
    let delta = b.mean - a.mean;
    let apart = ((delta * delta) * a.count) * share;
    return Folded(both, a.mean + (delta * share), (a.squares + b.squares) + apart, max(a.top, b.top));
}

fn nothing() -> Folded {
    return Folded(real(0.0), real(0.0), real(0.0), -510i);
}

fn sample(index: u32) -> i32 {
    let words = philox(index, vec2<u32>(params.key_low, params.key_high));
    let bytes = (words.x & 0x00ff00ffu) + ((words.x >> 8u) & 0x00ff00ffu);
    let sum = (bytes & 0xffffu) + (bytes >> 16u);
    return select(i32(sum) - 510i, 6000i, words.y % 604800u == 0u);
}

@compute @workgroup_size(GROUP)
fn update(lane: Lane, @builtin(workgroup_id) group: vec3<u32>) {
    let samples = u32(max(params.samples, 0));
    let start = params.first + (group.y * samples);
    var own = nothing();
    for (var s = (group.x * GROUP) + lane.index; s < samples; s += params.parts * GROUP) {
        let x = sample(start + s);
        own.top = max(own.top, x);
        own.count += real(1.0);
        let delta = real(x) - own.mean;
        own.mean += delta / own.count;
        own.squares += delta * (real(x) - own.mean);
    }
    let part = group_fold(lane, own);
    if lane.index == 0u {
        moments[(params.parts * group.y) + group.x] = part;
    }
}

@compute @workgroup_size(GROUP)
fn decide(lane: Lane, @builtin(workgroup_id) group: vec3<u32>) {
    var own = nothing();
    if lane.index < params.parts {
        own = moments[(params.parts * group.x) + lane.index];
    }
    let day = group_fold(lane, own);
    if lane.index == 0u {
        let spread = day.squares / day.count;
        let above = real(day.top) - day.mean;
        let flag = (above > real(0.0)) && ((above * above) > (real(36.0) * spread));
        flags[group.x] = select(0i, 1i, flag);
        largest[group.x] = day.top;
        mean[group.x] = day.mean;
        variance[group.x] = spread;
    }
}
