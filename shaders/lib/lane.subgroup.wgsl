// An invocation's place in its workgroup, where the device has subgroups: which subgroup, and
// which of its lanes. How the local index maps to subgroups is the driver's choice, so order goes
// by the place, not by the index.

struct Lane {
    @builtin(local_invocation_index) index: u32,
    @builtin(subgroup_id) subgroup: u32,
    @builtin(num_subgroups) subgroups: u32,
    @builtin(subgroup_size) subgroup_size: u32,
    @builtin(subgroup_invocation_id) rank: u32,
}

// A number from 0 to GROUP - 1 that is this invocation's own, for subgroups that are full: the size
// of a workgroup is a multiple of the size of a subgroup. What is numbered by it lies in the order
// of `group_scan`.
fn lane_place(lane: Lane) -> u32 {
    return (lane.subgroup * lane.subgroup_size) + lane.rank;
}
