// Julia set: one invocation per pixel, tiles of 8 x 8.
//
// Invocations of a tile leave the loop together or not: pixels that lie together leave at similar
// steps, so a square tile keeps more lanes of a subgroup busy than a piece of a row does.

struct Params {
    c_re: real,
    c_im: real,
    max_iterations: i32,
    counts_0: u32,
    counts_1: u32,
}

@group(0) @binding(0) var<storage, read_write> counts: array<i32>;
@group(0) @binding(1) var<storage, read> x: array<real>;
@group(0) @binding(2) var<storage, read> y: array<real>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(8, 8)
fn julia(@builtin(global_invocation_id) id: vec3<u32>) {
    let row = id.y;
    let column = id.x;
    if (row >= params.counts_0) || (column >= params.counts_1) {
        return;
    }
    var a = x[column];
    var b = y[row];
    var n = 0;
    loop {
        let aa = a * a;
        let bb = b * b;
        if (n >= params.max_iterations) || ((aa + bb) >= real(4.0)) {
            break;
        }
        let ab = a * b;
        a = (aa - bb) + params.c_re;
        b = (ab + ab) + params.c_im;
        n += 1;
    }
    counts[(row * params.counts_1) + column] = n;
}
