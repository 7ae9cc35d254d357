// Heat on a torus, several steps per dispatch: a workgroup brings a tile and DEPTH cells around it on
// chip, takes up to DEPTH steps there, and writes the part that still means something. Memory is
// walked once instead of DEPTH times, for cells at the rim of tiles that are computed twice.

// include: strips

struct Params {
    rate: real,
    u_0: u32,
    u_1: u32,
    // Steps of this dispatch.
    todo: u32,
}

@group(0) @binding(0) var<storage, read> u: array<real>;
@group(0) @binding(1) var<storage, read_write> v: array<real>;
@group(0) @binding(2) var<uniform> params: Params;

// Rows and columns that a tile writes.
const OWN_ROWS: u32 = TILE_ROWS - (2u * DEPTH);
const OWN_COLUMNS: u32 = TILE_COLUMNS - (2u * DEPTH);

fn cells(here: vec4<real>, around: vec4<real>) -> vec4<real> {
    return here + (params.rate * (around - (real(4.0) * here)));
}

// The cell of a column that is some rows below the first of a strip, around the torus.
fn take(top: u32, below: u32, column: u32) -> real {
    return u[(((top + below) % params.u_0) * params.u_1) + column];
}

// Writes a cell if the tile owns it: `row` counts in the tile, `column` in the grid.
fn put(tile_row: u32, row: u32, column: u32, value: real) {
    if (row >= DEPTH) && (row < (DEPTH + OWN_ROWS)) && (((tile_row + row) - DEPTH) < params.u_0) {
        v[(((tile_row + row) - DEPTH) * params.u_1) + column] = value;
    }
}

@compute @workgroup_size(64, 4)
fn diffuse(
    @builtin(local_invocation_id) id: vec3<u32>,
    @builtin(workgroup_id) group: vec3<u32>,
) {
    let local = id.xy;
    let at = strip_at(local);
    let row = local.y * STRIP;
    // First row and column that the tile writes; it begins DEPTH before them. Eight times around the
    // torus is far enough ahead to stay above zero: DEPTH is at most 8.
    let tile_row = group.y * OWN_ROWS;
    let tile_column = group.x * OWN_COLUMNS;
    let top = ((tile_row + row) + (8u * params.u_0)) - DEPTH;
    let column = (((tile_column + local.x) + (8u * params.u_1)) - DEPTH) % params.u_1;
    var own = Strip(
        vec4<real>(
            take(top, 0u, column),
            take(top, 1u, column),
            take(top, 2u, column),
            take(top, 3u, column),
        ),
        vec4<real>(
            take(top, 4u, column),
            take(top, 5u, column),
            take(top, 6u, column),
            take(top, 7u, column),
        ),
    );
    for (var step = 0u; step < params.todo; step += 1u) {
        share(at, own);
        workgroupBarrier();
        let sums = around(local, own);
        own = Strip(cells(own.upper, sums.upper), cells(own.lower, sums.lower));
        workgroupBarrier();
    }
    if (local.x < DEPTH) || (local.x >= (DEPTH + OWN_COLUMNS)) {
        return;
    }
    let owned = (tile_column + local.x) - DEPTH;
    if owned >= params.u_1 {
        return;
    }
    put(tile_row, row, owned, own.upper.x);
    put(tile_row, row + 1u, owned, own.upper.y);
    put(tile_row, row + 2u, owned, own.upper.z);
    put(tile_row, row + 3u, owned, own.upper.w);
    put(tile_row, row + 4u, owned, own.lower.x);
    put(tile_row, row + 5u, owned, own.lower.y);
    put(tile_row, row + 6u, owned, own.lower.z);
    put(tile_row, row + 7u, owned, own.lower.w);
}
