// Heat on a torus: one step per dispatch, one invocation per cell, neighbours along a row next to
// each other in memory. The grids change names after each step; nothing is copied.

struct Params {
    rate: real,
    u_0: u32,
    u_1: u32,
}

@group(0) @binding(0) var<storage, read> u: array<real>;
@group(0) @binding(1) var<storage, read_write> v: array<real>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(32, 8)
fn diffuse(@builtin(global_invocation_id) id: vec3<u32>) {
    let row = id.y;
    let column = id.x;
    let rows = params.u_0;
    let columns = params.u_1;
    if (row >= rows) || (column >= columns) {
        return;
    }
    // A select costs less than a remainder, on every adapter tried.
    let north = select(row, rows, row == 0u) - 1u;
    let south = select(row + 1u, 0u, (row + 1u) == rows);
    let west = select(column, columns, column == 0u) - 1u;
    let east = select(column + 1u, 0u, (column + 1u) == columns);
    let line = row * columns;
    let here = u[line + column];
    let vertical = u[(north * columns) + column] + u[(south * columns) + column];
    let around = (vertical + u[line + west]) + u[line + east];
    v[line + column] = here + (params.rate * (around - (real(4.0) * here)));
}
