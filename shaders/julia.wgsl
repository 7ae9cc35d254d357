// Julia set: one invocation per pixel, TILE_COLUMNS x TILE_ROWS pixels per workgroup.
//
// The invocations of a subgroup run until the last of them leaves. Pixels that lie together leave at
// similar steps, so a tile keeps more lanes busy than a piece of a row does. Invocations are counted
// along the rows of a tile: of tiles 8 pixels across, a subgroup of 32 takes 8 x 4 pixels, one of 64
// takes 8 x 8.

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

@compute @workgroup_size(TILE_COLUMNS, TILE_ROWS)
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
