// The sum over a workgroup, by a tree in workgroup memory. Who includes this declares
//     alias Sum = u32;          // a scalar or vector of numbers
//     const GROUP: u32 = 256u;  // invocations of the workgroup, a power of two
// At most GROUP / 4 loop iterations, in this form or with subgroups.

// include: lane

var<workgroup> group_sums: array<Sum, GROUP>;

// The sum of all `value`s, for every invocation. All of the workgroup call it together; in floats
// the order of the additions is the fragment's own, with chains of at most GROUP / 4.
fn group_sum(lane: Lane, value: Sum) -> Sum {
    // Those of the call before may still read.
    workgroupBarrier();
    group_sums[lane.index] = value;
    workgroupBarrier();
    for (var span = GROUP / 2u; span > 0u; span >>= 1u) {
        if lane.index < span {
            group_sums[lane.index] += group_sums[lane.index + span];
        }
        workgroupBarrier();
    }
    return group_sums[0];
}
