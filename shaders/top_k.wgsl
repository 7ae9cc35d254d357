// The k best of n scores. `score`: eight rows per workgroup, 32 neighbours along a row each, their
// parts added by a tree. `preselect`: the k best of 1,024 scores per workgroup, each invocation with
// four of them in registers: k rounds of a tree that keeps the better of two. `select_best`: the same
// over what the workgroups found. Nothing is marked as taken: rows are ranked by score and place, a
// total order, and a round looks for the best of those behind the last one found.

struct Params {
    rows_0: u32,
    rows_1: u32,
    best_0: u32,
    groups: u32,
}

@group(0) @binding(0) var<storage, read_write> best: array<real>;
@group(0) @binding(1) var<storage, read_write> indices: array<i32>;
@group(0) @binding(2) var<storage, read> rows: array<real>;
@group(0) @binding(3) var<storage, read> query: array<real>;
@group(0) @binding(4) var<storage, read_write> scores: array<real>;
@group(0) @binding(5) var<storage, read_write> candidates: array<real>;
@group(0) @binding(6) var<storage, read_write> places: array<u32>;
@group(0) @binding(7) var<uniform> params: Params;

const NONE: u32 = 0xffffffffu;

var<workgroup> values: array<real, 256>;
var<workgroup> owners: array<u32, 256>;

struct Ranked {
    score: real,
    row: u32,
}

fn before(a: Ranked, b: Ranked) -> bool {
    return (a.score > b.score) || ((a.score == b.score) && (a.row < b.row));
}

fn better(a: Ranked, b: Ranked) -> Ranked {
    if before(b, a) {
        return b;
    }
    return a;
}

fn is_behind(score: real, row: u32, last: Ranked) -> bool {
    return (score < last.score) || ((score == last.score) && (row > last.row));
}

// The best of what all invocations hold.
fn best_of_all(local: u32, own: Ranked) -> Ranked {
    workgroupBarrier();
    values[local] = own.score;
    owners[local] = own.row;
    workgroupBarrier();
    for (var span = 128u; span > 0u; span >>= 1u) {
        if local < span {
            let mine = Ranked(values[local], owners[local]);
            let other = Ranked(values[local + span], owners[local + span]);
            let winner = better(mine, other);
            values[local] = winner.score;
            owners[local] = winner.row;
        }
        workgroupBarrier();
    }
    return Ranked(values[0], owners[0]);
}

@compute @workgroup_size(256)
fn score(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let lane = local % 32u;
    let row = (((group.y * grid.x) + group.x) * 8u) + (local / 32u);
    var own = real(0.0);
    if row < params.rows_0 {
        let first = row * params.rows_1;
        for (var j = lane; j < params.rows_1; j += 32u) {
            own += rows[first + j] * query[j];
        }
    }
    values[local] = own;
    workgroupBarrier();
    for (var span = 16u; span > 0u; span >>= 1u) {
        if lane < span {
            values[local] += values[local + span];
        }
        workgroupBarrier();
    }
    if (lane == 0u) && (row < params.rows_0) {
        scores[row] = values[local];
    }
}

@compute @workgroup_size(256)
fn preselect(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    var own: array<Ranked, 4>;
    for (var q = 0u; q < 4u; q += 1u) {
        let row = (group.x * 1024u) + (q * 256u) + local;
        own[q] = Ranked(real(-1.0), NONE);
        if row < params.rows_0 {
            own[q] = Ranked(scores[row], row);
        }
    }
    var last = Ranked(real(3.0e38), 0u);
    for (var rank = 0u; rank < params.best_0; rank += 1u) {
        var mine = Ranked(real(-1.0), NONE);
        for (var q = 0u; q < 4u; q += 1u) {
            if is_behind(own[q].score, own[q].row, last) {
                mine = better(mine, own[q]);
            }
        }
        last = best_of_all(local, mine);
        if local == 0u {
            let at = (group.x * params.best_0) + rank;
            candidates[at] = last.score;
            places[at] = last.row;
        }
    }
}

@compute @workgroup_size(256)
fn select_best(@builtin(local_invocation_index) local: u32) {
    let count = params.groups * params.best_0;
    var last = Ranked(real(3.0e38), 0u);
    for (var rank = 0u; rank < params.best_0; rank += 1u) {
        var mine = Ranked(real(-1.0), NONE);
        for (var at = local; at < count; at += 256u) {
            if is_behind(candidates[at], places[at], last) {
                mine = better(mine, Ranked(candidates[at], places[at]));
            }
        }
        last = best_of_all(local, mine);
        if local == 0u {
            best[rank] = last.score;
            indices[rank] = i32(last.row);
        }
    }
}
