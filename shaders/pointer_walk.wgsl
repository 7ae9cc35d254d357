// Chains of dependent loads, one per invocation: there is nothing to do between two loads of a chain,
// so only other chains can hide the latency. A round of hops per pass, and the places wait in memory.

struct Params {
    place_0: u32,
    // Hops of this pass.
    steps: u32,
}

@group(0) @binding(0) var<storage, read_write> place: array<u32>;
@group(0) @binding(1) var<storage, read> next: array<u32>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn walk(@builtin(global_invocation_id) id: vec3<u32>) {
    let chain = id.x;
    if chain >= params.place_0 {
        return;
    }
    var at = place[chain];
    for (var hop = 0u; hop < params.steps; hop += 1u) {
        at = next[at];
    }
    place[chain] = at;
}
