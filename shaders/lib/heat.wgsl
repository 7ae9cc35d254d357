// What tiles of the heat equation share: the grids, which part of a tile it owns, and how a strip is
// written. A shader that includes it has the constants TILE_ROWS, TILE_COLUMNS and DEPTH, the fragment
// `strips`, and its own `put`, which writes one cell if the tile owns it.

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

// Writes what the tile owns of a strip: `column` and `row`, of its first cell, count in the tile.
fn put_strip(tile_row: u32, tile_column: u32, row: u32, column: u32, own: Strip) {
    if (column < DEPTH) || (column >= (DEPTH + OWN_COLUMNS)) {
        return;
    }
    let owned = (tile_column + column) - DEPTH;
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
