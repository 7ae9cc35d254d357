// Heat on a torus, several steps per dispatch: a workgroup brings a tile and DEPTH cells around it on
// chip, takes up to DEPTH steps there, and writes the part that still means something. Memory is
// walked once instead of DEPTH times, for cells at the rim of tiles that are computed twice.

// include: strips
// include: heat

fn cells(here: vec4<real>, around: vec4<real>) -> vec4<real> {
    return here + (params.rate * (around - (real(4.0) * here)));
}

// Writes a cell if the tile owns it: `row` counts in the tile, `column` in the grid.
fn put(tile_row: u32, row: u32, column: u32, value: real) {
    if (row >= DEPTH) && (row < (DEPTH + OWN_ROWS)) && (((tile_row + row) - DEPTH) < params.u_0) {
        v[(((tile_row + row) - DEPTH) * params.u_1) + column] = value;
    }
}

// The cell of a column that is some rows below the first of a strip, around the torus.
fn take(top: u32, below: u32, column: u32) -> real {
    return u[(((top + below) % params.u_0) * params.u_1) + column];
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
    put_strip(tile_row, tile_column, row, local.x, own);
}
