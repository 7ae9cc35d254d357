// Heat on a ring that one workgroup keeps on chip: the field is read once, goes through many steps,
// and is written once.
//
// What a step costs there is its barrier, not its arithmetic. So an invocation owns four cells and
// takes four steps between two barriers: it reads four cells on either side too, computes what its
// own cells will need of them (twelve cells, then ten, eight, six, four), and only its own are
// shared again. The ring lies in two halves, one read and one written, so one barrier does.
//
// CELLS is the length of the ring, WORKGROUP a quarter of it.

struct Params {
    rate: real,
    // Steps of this dispatch.
    todo: u32,
}

@group(0) @binding(0) var<storage, read_write> u: array<real>;
@group(0) @binding(1) var<uniform> params: Params;

var<workgroup> ring: array<real, 2u * CELLS>;

// Twelve neighbouring cells. The outer ones become meaningless from the ends inward, one per step.
struct Window {
    west: vec4<real>,
    own: vec4<real>,
    east: vec4<real>,
}

// The four cells from `first` on, around the ring.
fn around(half: u32, first: u32) -> vec4<real> {
    let at = (vec4<u32>(0u, 1u, 2u, 3u) + first) % CELLS;
    return vec4<real>(ring[half + at.x], ring[half + at.y], ring[half + at.z], ring[half + at.w]);
}

fn window(half: u32, first: u32) -> Window {
    // Four rings before the cell is before it by four cells at least, and never below zero.
    let before = (first + (4u * CELLS)) - 4u;
    return Window(around(half, before), around(half, first), around(half, first + 4u));
}

fn cells(here: vec4<real>, west: vec4<real>, east: vec4<real>) -> vec4<real> {
    return here + (params.rate * ((west + east) - (real(2.0) * here)));
}

fn advance(w: Window) -> Window {
    return Window(
        cells(w.west, w.west.xxyz, vec4<real>(w.west.yzw, w.own.x)),
        cells(w.own, vec4<real>(w.west.w, w.own.xyz), vec4<real>(w.own.yzw, w.east.x)),
        cells(w.east, vec4<real>(w.own.w, w.east.xyz), w.east.yzww),
    );
}

// Shares an invocation's cells; the last one has fewer than four if CELLS is no multiple of four.
fn share(half: u32, first: u32, own: vec4<real>) {
    ring[half + first] = own.x;
    if (first + 1u) < CELLS {
        ring[(half + first) + 1u] = own.y;
    }
    if (first + 2u) < CELLS {
        ring[(half + first) + 2u] = own.z;
    }
    if (first + 3u) < CELLS {
        ring[(half + first) + 3u] = own.w;
    }
}

@compute @workgroup_size(WORKGROUP)
fn diffuse(@builtin(local_invocation_index) local: u32) {
    let first = 4u * local;
    for (var cell = local; cell < CELLS; cell += WORKGROUP) {
        ring[cell] = u[cell];
    }
    workgroupBarrier();
    var base = 0u;
    var left = params.todo;
    while left >= 4u {
        let w = advance(advance(advance(advance(window(base, first)))));
        base = CELLS - base;
        share(base, first, w.own);
        workgroupBarrier();
        left -= 4u;
    }
    if left > 0u {
        var w = advance(window(base, first));
        if left > 1u {
            w = advance(w);
        }
        if left > 2u {
            w = advance(w);
        }
        base = CELLS - base;
        share(base, first, w.own);
        workgroupBarrier();
    }
    for (var cell = local; cell < CELLS; cell += WORKGROUP) {
        u[cell] = ring[base + cell];
    }
}
