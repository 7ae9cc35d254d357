// Heat on a plate whose border is never written, several steps per dispatch in tiles: as on the
// torus, but cells of the border and beyond keep what they are.

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

// A cell of the grid, or the nearest one: what lies beyond the border is never used, but must be
// read from somewhere.
fn take(row: i32, column: i32) -> real {
    let bounded = clamp(row, 0, i32(params.u_0) - 1);
    return u[(u32(bounded) * params.u_1) + u32(column)];
}

// Whether each of four rows from `top` on is the first, the last, or beyond.
fn on_border(top: i32) -> vec4<bool> {
    let row = vec4<i32>(0, 1, 2, 3) + top;
    return (row <= vec4<i32>(0)) | (row >= vec4<i32>(i32(params.u_0) - 1));
}

@compute @workgroup_size(64, 4)
fn diffuse(
    @builtin(local_invocation_id) id: vec3<u32>,
    @builtin(workgroup_id) group: vec3<u32>,
) {
    let local = id.xy;
    let at = strip_at(local);
    let row = local.y * STRIP;
    // First row and column that the tile writes; it begins DEPTH before them.
    let tile_row = group.y * OWN_ROWS;
    let tile_column = group.x * OWN_COLUMNS;
    let top = i32(tile_row + row) - i32(DEPTH);
    let here = i32(tile_column + local.x) - i32(DEPTH);
    let column = clamp(here, 0, i32(params.u_1) - 1);
    let side = vec4<bool>((here <= 0) || (here >= (i32(params.u_1) - 1)));
    let keep_upper = side | on_border(top);
    let keep_lower = side | on_border(top + 4);
    var own = Strip(
        vec4<real>(
            take(top, column),
            take(top + 1, column),
            take(top + 2, column),
            take(top + 3, column),
        ),
        vec4<real>(
            take(top + 4, column),
            take(top + 5, column),
            take(top + 6, column),
            take(top + 7, column),
        ),
    );
    for (var step = 0u; step < params.todo; step += 1u) {
        share(at, own);
        workgroupBarrier();
        let sums = around(local, own);
        own = Strip(
            select(cells(own.upper, sums.upper), own.upper, keep_upper),
            select(cells(own.lower, sums.lower), own.lower, keep_lower),
        );
        workgroupBarrier();
    }
    put_strip(tile_row, tile_column, row, local.x, own);
}
