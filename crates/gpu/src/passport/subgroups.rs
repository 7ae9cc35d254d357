//! Questions to subgroups: sums, scans, and whether each invocation has a place of its own.
//!
//! Shared shader fragments come in a second form for devices with subgroups. It rests on three
//! things: a sum takes every lane once, a scan goes in the order of the lanes, and subgroups of a
//! workgroup are numbered and full. A device that breaks one gets the plain form.

use crate::{
    error::GpuError,
    passport::{Canary, Probe},
};

const SOURCE: &str = "
@group(0) @binding(0) var<storage, read_write> answer: array<atomic<u32>>;
var<workgroup> taken: array<atomic<u32>, 64>;

@compute @workgroup_size(64)
fn main(
    @builtin(local_invocation_index) index: u32,
    @builtin(subgroup_id) subgroup: u32,
    @builtin(subgroup_size) size: u32,
    @builtin(subgroup_invocation_id) rank: u32,
) {
    let sum = subgroupAdd(index);
    if (rank == 0u) { atomicAdd(&answer[0], sum); }
    if (subgroupExclusiveAdd(1u) != rank) { atomicAdd(&answer[1], 1u); }
    atomicAdd(&taken[min(subgroup * size + rank, 63u)], 1u);
    workgroupBarrier();
    if (atomicLoad(&taken[index]) == 1u) { atomicAdd(&answer[2], 1u); }
}";

const GROUPS: u32 = 32;

/// Asks them, of a device that has subgroups of these sizes.
pub(super) fn ask(probe: &mut Probe, sizes: (u32, u32)) -> Result<Vec<Canary>, GpuError> {
    let bytes = probe.ask(SOURCE, "main", &[], 12, GROUPS)?;
    Ok(judge(&bytemuck::pod_collect_to_vec(&bytes), sizes))
}

fn judge(answers: &[u32], (least, most): (u32, u32)) -> Vec<Canary> {
    let questions = [
        ("sum of lane numbers by subgroups", 2016 * GROUPS),
        ("lanes whose prefix sum is not their rank", 0),
        ("invocations with a place of their own in their subgroups", 64 * GROUPS),
    ];
    let rows = questions.iter().zip(answers);
    let canary = |((name, expected), got): (&(&str, u32), &u32)| {
        Canary::new(name, expected, got, expected == got)
            .note(&format!("subgroups of {least} to {most}"))
    };
    rows.map(canary).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_is_judged_by_itself() {
        let right = [64_512, 0, 2048];
        assert!(judge(&right, (4, 4)).iter().all(|canary| canary.ok));
        for place in 0..right.len() {
            let mut wrong = right;
            wrong[place] += 1;
            let broken: Vec<bool> = judge(&wrong, (4, 4)).iter().map(|c| !c.ok).collect();
            assert_eq!(broken.iter().filter(|broken| **broken).count(), 1);
            assert!(broken[place]);
        }
    }
}
