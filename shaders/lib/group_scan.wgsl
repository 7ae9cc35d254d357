// Prefix sums over a workgroup, in workgroup memory. Who includes this declares
//     alias Scan = u32;         // a scalar or vector of numbers
//     const GROUP: u32 = 256u;  // invocations of the workgroup, a power of two
// At most GROUP / 4 loop iterations, in this form or with subgroups.

// include: lane

var<workgroup> group_scans: array<Scan, GROUP>;

struct Scanned {
    // The sum of the values of all places before this one.
    before: Scan,
    // The sum of all.
    total: Scan,
}

// All of the workgroup call it together; the order is that of `lane_place`.
fn group_scan(lane: Lane, value: Scan) -> Scanned {
    // Those of the call before may still read.
    workgroupBarrier();
    group_scans[lane.index] = value;
    workgroupBarrier();
    for (var span = 1u; span < GROUP; span <<= 1u) {
        var left = Scan();
        if lane.index >= span {
            left = group_scans[lane.index - span];
        }
        workgroupBarrier();
        group_scans[lane.index] += left;
        workgroupBarrier();
    }
    var before = Scan();
    if lane.index > 0u {
        before = group_scans[lane.index - 1u];
    }
    return Scanned(before, group_scans[GROUP - 1u]);
}
