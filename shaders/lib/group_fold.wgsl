// What a workgroup's values come to under any join of two, by a tree in workgroup memory: for what
// is no plain sum. Who includes this declares
//     struct Folded { … }                                 // or an alias
//     fn fold_join(a: Folded, b: Folded) -> Folded { … }  // associative but for rounding
//     const GROUP: u32 = 256u;  // invocations of the workgroup, a power of two
// log2(GROUP) loop iterations.

// include: lane

var<workgroup> group_folds: array<Folded, GROUP>;

// For every invocation; all of the workgroup call it together.
fn group_fold(lane: Lane, value: Folded) -> Folded {
    // Those of the call before may still read.
    workgroupBarrier();
    group_folds[lane.index] = value;
    workgroupBarrier();
    for (var span = GROUP / 2u; span > 0u; span >>= 1u) {
        if lane.index < span {
            let joined = fold_join(group_folds[lane.index], group_folds[lane.index + span]);
            group_folds[lane.index] = joined;
        }
        workgroupBarrier();
    }
    return group_folds[0];
}
