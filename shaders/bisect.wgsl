// Search in a sorted array: one search per invocation at a time, needles side by side in memory.
//
// All searches begin with the same eight levels of the same tree of middles. Each workgroup copies
// those 255 elements once into its own memory, in the order of the tree, so that only the lower
// levels wait for the device's memory. An interval that is empty ends a search, so what the copy
// holds for empty ones is never compared.

struct Params {
    elements_0: u32,
    needles_0: u32,
    steps_0: u32,
    // Invocations of the grid: the distance between two needles of one invocation.
    stride: u32,
    form: i32,
}

@group(0) @binding(0) var<storage, read_write> index: array<u32>;
@group(0) @binding(1) var<storage, read_write> steps: array<u32>;
@group(0) @binding(2) var<storage, read> elements: array<u32>;
@group(0) @binding(3) var<storage, read> needles: array<u32>;
@group(0) @binding(4) var<uniform> params: Params;

const NODES: u32 = 256u;
const THREE_WAY: i32 = 1;
const LINEAR: i32 = 2;
const NEAREST: i32 = 3;

// Node k has the children 2k and 2k + 1; the root is 1.
var<workgroup> top: array<u32, NODES>;

// Elements low <= i < high are undecided; node is their middle's place in the tree.
struct Range {
    low: u32,
    high: u32,
    node: u32,
}

fn root() -> Range {
    return Range(0u, params.elements_0, 1u);
}

fn middle(range: Range) -> u32 {
    return (range.low + range.high) / 2u;
}

// The half in which the lower bound lies, if the middle is below the needle or not.
fn half(range: Range, is_below: bool) -> Range {
    let at = middle(range);
    return Range(
        select(range.low, at + 1u, is_below),
        select(at, range.high, is_below),
        (2u * range.node) + select(0u, 1u, is_below),
    );
}

// The interval of a node: the bits of its number below the first are the way to it.
fn range_of(node: u32) -> Range {
    var range = root();
    for (var level = firstLeadingBit(node); level > 0u; level -= 1u) {
        if range.low < range.high {
            range = half(range, ((node >> (level - 1u)) & 1u) == 1u);
        }
    }
    return range;
}

fn lower_bound(x: u32, count: ptr<function, u32>) -> u32 {
    var range = root();
    while (range.low < range.high) {
        if range.node < NODES {
            range = half(range, top[range.node] < x);
        } else {
            range = half(range, elements[middle(range)] < x);
        }
        *count += 1u;
    }
    return range.low;
}

// Iterations of the loop that stops on equality.
fn three_way_steps(x: u32) -> u32 {
    var range = root();
    var count = 0u;
    while (range.low < range.high) {
        let value = elements[middle(range)];
        count += 1u;
        if value == x {
            break;
        }
        range = half(range, value < x);
    }
    return count;
}

// What the form asks for, from the lower bound: elements differ, so it says all.
fn asked(at: u32, x: u32) -> u32 {
    let n = params.elements_0;
    if params.form == THREE_WAY {
        return select(n, at, elements[min(at, n - 1u)] == x);
    }
    if params.form == NEAREST {
        let below = elements[max(at, 1u) - 1u];
        let above = elements[min(at, n - 1u)];
        let is_lower = (at == n) || ((x - below) <= (above - x));
        return select(at, at - 1u, is_lower && (at > 0u));
    }
    return at;
}

@compute @workgroup_size(WORKGROUP)
fn search(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    for (var node = local + 1u; node < NODES; node += WORKGROUP) {
        let range = range_of(node);
        top[node] = elements[min(middle(range), params.elements_0 - 1u)];
    }
    workgroupBarrier();
    for (var k = id.x; k < params.needles_0; k += params.stride) {
        let x = needles[k];
        var count = 0u;
        let at = lower_bound(x, &count);
        index[k] = asked(at, x);
        if k < params.steps_0 {
            if params.form == THREE_WAY {
                count = three_way_steps(x);
            } else if params.form == LINEAR {
                count = min(at + 1u, params.elements_0);
            }
            steps[k] = count;
        }
    }
}
