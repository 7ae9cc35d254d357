// The sum over a workgroup, for devices with subgroups: each subgroup adds up its lanes without
// memory or barrier, and every invocation adds up the few sums of the subgroups. What is declared
// by who includes it stands in `group_sum.wgsl`.

// include: lane

// One per subgroup; as many as invocations, because the size of a subgroup is the driver's choice.
var<workgroup> group_sums: array<Sum, GROUP>;

fn group_sum(lane: Lane, value: Sum) -> Sum {
    let of_subgroup = subgroupAdd(value);
    // Those of the call before may still read.
    workgroupBarrier();
    if lane.rank == 0u {
        group_sums[lane.subgroup] = of_subgroup;
    }
    workgroupBarrier();
    var total = Sum();
    for (var subgroup = 0u; subgroup < lane.subgroups; subgroup += 1u) {
        total += group_sums[subgroup];
    }
    return total;
}
