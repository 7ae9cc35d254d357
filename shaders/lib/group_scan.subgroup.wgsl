// Prefix sums over a workgroup, for devices with subgroups: each subgroup scans its lanes without
// memory or barrier, and every invocation adds up the sums of the subgroups before its own. What
// is declared by who includes it stands in `group_scan.wgsl`.

// include: lane

// One per subgroup; as many as invocations, because the size of a subgroup is the driver's choice.
var<workgroup> group_scans: array<Scan, GROUP>;

struct Scanned {
    before: Scan,
    total: Scan,
}

fn group_scan(lane: Lane, value: Scan) -> Scanned {
    var before = subgroupExclusiveAdd(value);
    let of_subgroup = subgroupAdd(value);
    // Those of the call before may still read.
    workgroupBarrier();
    if lane.rank == 0u {
        group_scans[lane.subgroup] = of_subgroup;
    }
    workgroupBarrier();
    var total = Scan();
    for (var subgroup = 0u; subgroup < lane.subgroups; subgroup += 1u) {
        let sum = group_scans[subgroup];
        if subgroup < lane.subgroup {
            before += sum;
        }
        total += sum;
    }
    return Scanned(before, total);
}
