//! Questions to whole workgroups: shared memory, barriers, atomics, layout.

use crate::{
    error::GpuError,
    passport::{Canary, Probe, bytes_of},
};

const SOURCE: &str = "
@group(0) @binding(0) var<storage, read> points: array<vec3<f32>>;
@group(0) @binding(1) var<storage, read_write> answer: array<atomic<u32>>;
var<workgroup> tile: array<u32, 64>;
var<workgroup> dirty: atomic<u32>;

@compute @workgroup_size(64)
fn main(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3<u32>,
) {
    // Before anything is written: what does the memory hold?
    if (tile[lane] != 0u) { atomicAdd(&dirty, 1u); }
    workgroupBarrier();
    if (lane == 0u) { atomicAdd(&answer[0], atomicLoad(&dirty)); }

    // A tree of sums: a barrier that lets anyone through early gives another total.
    tile[lane] = lane + group.x;
    workgroupBarrier();
    for (var width = 32u; width > 0u; width >>= 1u) {
        if (lane < width) { tile[lane] += tile[lane + width]; }
        workgroupBarrier();
    }
    if (lane == 0u) { atomicAdd(&answer[1], tile[0]); }

    // Every invocation of every workgroup, in one place.
    atomicAdd(&answer[2], 1u);
    atomicMax(&answer[3], group.x * 64u + lane);

    if (lane == 0u && group.x == 0u) {
        atomicStore(&answer[4], u32(points[1].x));
        atomicStore(&answer[5], u32(points[1].z));
    }
}";

const GROUPS: u32 = 64;

/// Asks them.
pub(super) fn ask(probe: &mut Probe) -> Result<Vec<Canary>, GpuError> {
    // A vec3 takes the room of a vec4; the fourth number is nobody's.
    let points = [1_f32, 2.0, 3.0, 99.0, 4.0, 5.0, 6.0, 99.0];
    let bytes = probe.ask(SOURCE, "main", &[bytes_of(&points)], 24, GROUPS)?;
    Ok(judge(&bytemuck::pod_collect_to_vec(&bytes)))
}

fn judge(answers: &[u32]) -> Vec<Canary> {
    // Per group, 0 + 1 + … + 63, and 64 times its own number.
    let sums = 2016 * GROUPS + 64 * (GROUPS * (GROUPS - 1) / 2);
    let names = [
        ("words of workgroup memory not zero at first", 0),
        ("sums by trees with barriers", sums),
        ("atomic additions", 64 * GROUPS),
        ("largest number by atomic max", 64 * GROUPS - 1),
        ("x of the second vec3", 4),
        ("z of the second vec3", 6),
    ];
    let rows = names.iter().zip(answers);
    rows.map(|((name, expected), got)| Canary::new(name, expected, got, expected == got)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_is_judged_by_itself() {
        let right = [0, 258_048, 4096, 4095, 4, 6];
        assert!(judge(&right).iter().all(|c| c.ok), "{:?}", judge(&right));
        for place in 0..right.len() {
            let mut wrong = right;
            wrong[place] += 1;
            let broken: Vec<bool> = judge(&wrong).iter().map(|c| !c.ok).collect();
            assert_eq!(broken.iter().filter(|b| **b).count(), 1);
            assert!(broken[place]);
        }
    }
}
