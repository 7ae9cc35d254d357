// out = a * b + c in one pass. Four elements per invocation keep several loads in flight; they lie a
// workgroup apart, so that in each of the four the invocations of a subgroup read a run of memory.

struct Params {
    out_0: u32,
}

@group(0) @binding(0) var<storage, read> a: array<real>;
@group(0) @binding(1) var<storage, read> b: array<real>;
@group(0) @binding(2) var<storage, read> c: array<real>;
@group(0) @binding(3) var<storage, read_write> out: array<real>;
@group(0) @binding(4) var<uniform> params: Params;

fn element(i: u32) {
    if i < params.out_0 {
        out[i] = (a[i] * b[i]) + c[i];
    }
}

@compute @workgroup_size(256)
fn fused(
    @builtin(local_invocation_index) local: u32,
    @builtin(workgroup_id) group: vec3<u32>,
) {
    let first = (group.x * 1024u) + local;
    element(first);
    element(first + 256u);
    element(first + 512u);
    element(first + 768u);
}
