//! The IR of small kernels, as text: what inlining, levels, laziness and reductions become.

use crossover_lang::{Options, Sources, compile};

/// The IR's text without the line that names the source.
fn ir(text: &str) -> String {
    let module = compile(&Sources::single("k.py", text), &Options::default())
        .unwrap_or_else(|error| panic!("{error}"));
    let printed = crossover_ir::print(&module);
    printed.lines().skip_while(|line| !line.starts_with("kernel")).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_flat_nest_is_one_region_with_a_prefix() {
    insta::assert_snapshot!(ir("
def flat(a: i32[:, :], b: i32[:]):
    for i in prange(a.shape[0]):
        x = b[i]
        for j in prange(a.shape[1]):
            a[i, j] = x
"));
}

#[test]
fn an_inner_prange_with_its_own_reduction_stays_in_the_lane() {
    insta::assert_snapshot!(ir("
def rows(a: real[:, :], out: real[:]) -> i32:
    n = 0
    for i in prange(a.shape[0]):
        s = real(0.0)
        for j in prange(a.shape[1]):
            s += a[i, j]
            n += 1
        out[i] = s
    return n
"));
}

#[test]
fn early_returns_become_branches() {
    insta::assert_snapshot!(ir("
def _sign(x: i32) -> i32:
    if x < 0:
        return -1
    if x > 0:
        return 1
    return 0

def signs(a: i32[:]):
    for i in prange(a.shape[0]):
        a[i] = _sign(a[i])
"));
}

#[test]
fn a_return_in_a_loop_sets_a_flag() {
    insta::assert_snapshot!(ir("
def _find(a: i32[:], x: i32) -> i32:
    for i in range(a.shape[0]):
        if a[i] == x:
            return i
    return -1

def find(a: i32[:], b: i32[:]):
    for i in prange(b.shape[0]):
        b[i] = _find(a, b[i])
"));
}

#[test]
fn host_level_is_split_into_sections() {
    insta::assert_snapshot!(ir("
def phases(a: i32[:]) -> i32:
    a[0] = 1
    x = a[1]
    y = x + 1
    while a[0] < y:
        for i in prange(a.shape[0]):
            a[i] += 1
    return y
"));
}

#[test]
fn laziness_is_structured_only_where_a_side_can_fail() {
    insta::assert_snapshot!(ir("
def lazy(a: i32[:], i: i32, n: i32) -> i32:
    if 0 <= i < n and n > 3 and a[i] > 0:
        return a[i] if i != 2 else n
    return i if n > 0 else 1
"));
}

#[test]
fn reductions_with_payload_take_one_contribution() {
    insta::assert_snapshot!(ir("
def argmax(a: real[:]) -> i32:
    best = real(0.0)
    at = -1
    for i in prange(a.shape[0]):
        if a[i] * a[i] > best:
            best = a[i] * a[i]
            at = i
    return at
"));
}
