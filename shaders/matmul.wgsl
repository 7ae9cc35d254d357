// Matrix product: a workgroup makes a tile of 64 x 64 elements of c. For 16 values of k at a time it
// brings a tile of a and one of b into workgroup memory, each element read once from memory and used
// 64 times; each invocation keeps 4 x 4 sums in registers, so that two vectors read from workgroup
// memory are worth sixteen products.

struct Params {
    a_0: u32,
    a_1: u32,
    b_1: u32,
}

@group(0) @binding(0) var<storage, read> a: array<real>;
@group(0) @binding(1) var<storage, read> b: array<real>;
@group(0) @binding(2) var<storage, read_write> c: array<real>;
@group(0) @binding(3) var<uniform> params: Params;

const TILE: u32 = 64u;
const DEPTH: u32 = 16u;

// Vectors of four rows of a, at [k][rows ^ k]: written along k and read along rows, they lie in
// different banks either way. Vectors of four columns of b, at [k][columns]. With f64 the two are
// 16 KiB, all that every adapter has.
var<workgroup> a_tile: array<vec4<real>, 256>;
var<workgroup> b_tile: array<vec4<real>, 256>;

fn a_at(row: u32, k: u32) -> real {
    if (row < params.a_0) && (k < params.a_1) {
        return a[(row * params.a_1) + k];
    }
    return real(0.0);
}

fn b_at(k: u32, column: u32) -> real {
    if (k < params.a_1) && (column < params.b_1) {
        return b[(k * params.b_1) + column];
    }
    return real(0.0);
}

fn store(row: u32, column: u32, sums: vec4<real>) {
    if row >= params.a_0 {
        return;
    }
    let at = (row * params.b_1) + column;
    if column < params.b_1 {
        c[at] = sums.x;
    }
    if (column + 1u) < params.b_1 {
        c[at + 1u] = sums.y;
    }
    if (column + 2u) < params.b_1 {
        c[at + 2u] = sums.z;
    }
    if (column + 3u) < params.b_1 {
        c[at + 3u] = sums.w;
    }
}

@compute @workgroup_size(16, 16)
fn multiply(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    // What this invocation brings: four rows of a at one k, sixteen neighbours along k; four
    // columns of b at one k, sixteen neighbours along the row.
    let near = index % DEPTH;
    let far = index / DEPTH;
    let a_row = (group.y * TILE) + (4u * far);
    let b_column = (group.x * TILE) + (4u * near);
    var sums0 = vec4<real>(real(0.0));
    var sums1 = vec4<real>(real(0.0));
    var sums2 = vec4<real>(real(0.0));
    var sums3 = vec4<real>(real(0.0));
    for (var first = 0u; first < params.a_1; first += DEPTH) {
        let a_k = first + near;
        a_tile[(near * DEPTH) + (far ^ near)] = vec4<real>(
            a_at(a_row, a_k),
            a_at(a_row + 1u, a_k),
            a_at(a_row + 2u, a_k),
            a_at(a_row + 3u, a_k),
        );
        let b_k = first + far;
        b_tile[index] = vec4<real>(
            b_at(b_k, b_column),
            b_at(b_k, b_column + 1u),
            b_at(b_k, b_column + 2u),
            b_at(b_k, b_column + 3u),
        );
        workgroupBarrier();
        for (var k = 0u; k < DEPTH; k += 1u) {
            let rows = a_tile[(k * DEPTH) + (local.y ^ k)];
            let columns = b_tile[(k * DEPTH) + local.x];
            sums0 += rows.x * columns;
            sums1 += rows.y * columns;
            sums2 += rows.z * columns;
            sums3 += rows.w * columns;
        }
        workgroupBarrier();
    }
    let row = (group.y * TILE) + (4u * local.y);
    let column = (group.x * TILE) + (4u * local.x);
    store(row, column, sums0);
    store(row + 1u, column, sums1);
    store(row + 2u, column, sums2);
    store(row + 3u, column, sums3);
}
