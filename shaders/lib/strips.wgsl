// A tile of 64 x 32 cells in workgroup memory, for stencils of the four neighbours.
//
// Each of 64 x 4 invocations owns a strip of eight rows in one column and keeps it in registers:
// neighbours within the strip cost nothing, those west and east and the two at its ends come from
// the tile. Cells at the rim of the tile are their own neighbours where the tile ends, and so mean
// nothing after a step; the part that does shrinks by one cell on each side.

const TILE_COLUMNS: u32 = 64u;
const TILE_ROWS: u32 = 32u;
const STRIP: u32 = 8u;

var<workgroup> tile: array<real, TILE_COLUMNS * TILE_ROWS>;

// Eight rows of a column.
struct Strip {
    upper: vec4<real>,
    lower: vec4<real>,
}

// Where the strip of an invocation begins in the tile.
fn strip_at(local: vec2<u32>) -> u32 {
    return ((local.y * STRIP) * TILE_COLUMNS) + local.x;
}

fn share(at: u32, strip: Strip) {
    tile[at] = strip.upper.x;
    tile[at + TILE_COLUMNS] = strip.upper.y;
    tile[at + (2u * TILE_COLUMNS)] = strip.upper.z;
    tile[at + (3u * TILE_COLUMNS)] = strip.upper.w;
    tile[at + (4u * TILE_COLUMNS)] = strip.lower.x;
    tile[at + (5u * TILE_COLUMNS)] = strip.lower.y;
    tile[at + (6u * TILE_COLUMNS)] = strip.lower.z;
    tile[at + (7u * TILE_COLUMNS)] = strip.lower.w;
}

fn strip_of(at: u32) -> Strip {
    return Strip(
        vec4<real>(
            tile[at],
            tile[at + TILE_COLUMNS],
            tile[at + (2u * TILE_COLUMNS)],
            tile[at + (3u * TILE_COLUMNS)],
        ),
        vec4<real>(
            tile[at + (4u * TILE_COLUMNS)],
            tile[at + (5u * TILE_COLUMNS)],
            tile[at + (6u * TILE_COLUMNS)],
            tile[at + (7u * TILE_COLUMNS)],
        ),
    );
}

// For each cell of a strip the sum north + south + west + east, in that order.
fn around(local: vec2<u32>, own: Strip) -> Strip {
    let at = strip_at(local);
    let west = strip_of(at - select(0u, 1u, local.x > 0u));
    let east = strip_of(at + select(0u, 1u, (local.x + 1u) < TILE_COLUMNS));
    let north = tile[at - select(0u, TILE_COLUMNS, local.y > 0u)];
    let below = select(STRIP - 1u, STRIP, ((local.y + 1u) * STRIP) < TILE_ROWS);
    let south = tile[at + (below * TILE_COLUMNS)];
    let vertical = Strip(
        vec4<real>(north, own.upper.xyz) + vec4<real>(own.upper.yzw, own.lower.x),
        vec4<real>(own.upper.w, own.lower.xyz) + vec4<real>(own.lower.yzw, south),
    );
    return Strip(
        (vertical.upper + west.upper) + east.upper,
        (vertical.lower + west.lower) + east.lower,
    );
}
