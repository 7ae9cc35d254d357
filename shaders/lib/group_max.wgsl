// The largest value of a workgroup, by a tree in workgroup memory. Who includes this declares
//     const GROUP: u32 = 256u;  // invocations of the workgroup, a power of two
// At most log2(GROUP) + 1 loop iterations.

var<workgroup> group_maxima: array<u32, GROUP>;

// The largest of all `value`s, for every invocation. All of the workgroup call it together.
fn group_max(local: u32, value: u32) -> u32 {
    // Those of the call before may still read.
    workgroupBarrier();
    group_maxima[local] = value;
    workgroupBarrier();
    for (var span = GROUP / 2u; span > 0u; span >>= 1u) {
        if local < span {
            group_maxima[local] = max(group_maxima[local], group_maxima[local + span]);
        }
        workgroupBarrier();
    }
    return group_maxima[0];
}
