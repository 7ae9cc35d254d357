// An invocation's place in its workgroup. An entry point takes a parameter `lane: Lane` and hands
// it to the fragments that need it; what it holds is their affair.

struct Lane {
    @builtin(local_invocation_index) index: u32,
}

// A number from 0 to GROUP - 1 that is this invocation's own. What is numbered by it lies in the
// order of `group_scan`.
fn lane_place(lane: Lane) -> u32 {
    return lane.index;
}
