//! Declarations and entry points around the lane code.

use std::collections::BTreeSet;

use crossover_ir::{ReduceScope, Region, Unit};
use crossover_values::{DType, Scalar};

use super::body::{Body, scratch_type};
use super::context::{ArrayText, Context};
use super::helper::Helper;
use super::literal::{literal, type_name};
use super::passes::{finish, reduce_main};
use super::plan::{Access, Binding, BindingKind, EntryPoint, Grid, Role, Stored, UniformValue};
use super::uses::blocks;
use super::words;

/// Lanes of a workgroup of a flat map.
pub(crate) const FLAT: u32 = 64;
/// Edge of a tile: divergent lanes of an image are nearer to each other in a square.
const TILE: u32 = 8;

/// Whether a region runs in tiles: two axes and nothing to reduce.
pub(crate) fn tiled(region: &Region) -> bool {
    region.axes.len() == 2
        && !region.code.reduces.iter().any(|reduce| reduce.scope == ReduceScope::Region)
}

/// A unit's text and its shape.
pub(crate) struct Assembled {
    /// The WGSL text.
    pub source: String,
    /// Entry points, `Main` first.
    pub entry_points: Vec<EntryPoint>,
    /// The grid of `Main`.
    pub grid: Grid,
}

/// Writes the whole text.
pub(crate) fn assemble(cx: &Context<'_>, bindings: &[Binding]) -> Assembled {
    let mut body = Body::new(cx);
    for block in blocks(&cx.unit) {
        body.block(block);
    }
    let mut helpers = std::mem::take(&mut body.helpers);
    let (grid, lanes) = shape(cx);
    let mut entries = String::new();
    let mut entry_points =
        vec![EntryPoint { name: "main".to_owned(), workgroup_size: lanes, role: Role::Main }];
    match (&cx.unit, cx.reductions.list.is_empty()) {
        (Unit::Serial(_), _) => entries.push_str(SERIAL_MAIN),
        (Unit::Region(region), true) => entries.push_str(&map_main(cx, region, &mut helpers)),
        (Unit::Region(region), false) => {
            entries.push_str(&reduce_main(cx, region, &mut helpers));
            entries.push('\n');
            entries.push_str(&finish(cx, &mut helpers));
            entry_points.push(EntryPoint {
                name: "finish".to_owned(),
                workgroup_size: [FLAT, 1, 1],
                role: Role::Finish,
            });
        }
    }
    let mut source = title(cx);
    source.push_str(&declarations(cx, bindings));
    source.push_str(&variables(cx, &mut helpers));
    source.push_str(&helper_text(&helpers));
    source.push_str(&array_functions(cx));
    source.push_str(&lane_function(cx, &body));
    source.push('\n');
    source.push_str(&entries);
    Assembled { source, entry_points, grid }
}

fn shape(cx: &Context<'_>) -> (Grid, [u32; 3]) {
    match &cx.unit {
        Unit::Serial(_) => (Grid::Single, [1, 1, 1]),
        Unit::Region(region) if tiled(region) => {
            (Grid::Tiles { rows: TILE, columns: TILE }, [TILE, TILE, 1])
        }
        Unit::Region(_) if cx.reductions.list.is_empty() => {
            (Grid::Flat { per_group: FLAT }, [FLAT, 1, 1])
        }
        Unit::Region(_) => {
            let spread = cx.reductions.spread;
            (Grid::Flat { per_group: spread.lanes() * spread.run() }, [spread.lanes(), 1, 1])
        }
    }
}

fn title(cx: &Context<'_>) -> String {
    let span = cx.unit.span();
    let kind = if matches!(cx.unit, Unit::Region(_)) { "parallel loop" } else { "serial section" };
    let line = cx.request.sources.get(span.file as usize).and_then(|source| {
        let before = source.text.get(..span.start as usize)?;
        (span != crossover_ir::Span::default()).then(|| before.matches('\n').count() + 1)
    });
    let place = line.map_or(String::new(), |line| format!(", line {line}"));
    let name: String =
        cx.request.kernel.name.chars().filter(|c| c.is_alphanumeric() || *c == '_').collect();
    format!("// Kernel {name}: {kind}{place}.\n\n")
}

fn declarations(cx: &Context<'_>, bindings: &[Binding]) -> String {
    let mut text = String::new();
    if !cx.uniform.fields.is_empty() {
        text.push_str("struct Params {\n");
        for field in &cx.uniform.fields {
            let ty = if field.dtype == DType::Bool { "u32" } else { type_name(field.dtype) };
            text.push_str(&format!("    {}: {ty},\n", field.name));
        }
        text.push_str("}\n\n");
    }
    for Binding { index, name, kind, .. } in bindings {
        let (space, ty) = match kind {
            BindingKind::Uniform(_) => ("uniform", "Params".to_owned()),
            BindingKind::Array { array, access, .. } => {
                let space =
                    if *access == Access::Read { "storage, read" } else { "storage, read_write" };
                let element =
                    cx.arrays.get(array).map_or("u32".to_owned(), ArrayText::element_text);
                (space, format!("array<{element}>"))
            }
            BindingKind::DeviceScalars(stored_as)
            | BindingKind::ReducePartials { stored_as, .. } => {
                let element = match stored_as {
                    Stored::F64 => "f64",
                    Stored::TwoWords => type_name(DType::U64),
                    Stored::Word32 | Stored::PackedU8 => "u32",
                };
                ("storage, read_write", format!("array<{element}>"))
            }
        };
        text.push_str(&format!("@group(0) @binding({index}) var<{space}> {name}: {ty};\n"));
    }
    text.push('\n');
    text
}

/// Private accumulators and their workgroup memory.
fn variables(cx: &Context<'_>, helpers: &mut BTreeSet<Helper>) -> String {
    let lanes = cx.reductions.spread.lanes();
    let mut text = String::new();
    for reduction in &cx.reductions.list {
        let (name, ty) = (&reduction.name, reduction.ty());
        text.push_str(&format!("var<private> acc_{name}: {ty};\n"));
        text.push_str(&format!("var<workgroup> shared_{name}: array<{ty}, {lanes}>;\n"));
        if reduction.at.is_some() {
            text.push_str(&format!("var<private> acc_{name}_at: u32;\n"));
            text.push_str(&format!("var<workgroup> shared_{name}_at: array<u32, {lanes}>;\n"));
        }
        for (position, slot) in reduction.payload.iter().enumerate() {
            let ty = type_name(slot.dtype);
            text.push_str(&format!("var<private> acc_{name}_{position}: {ty};\n"));
        }
        // Identities that are infinite need a helper.
        let _ = reduction.identity(helpers);
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

fn helper_text(helpers: &BTreeSet<Helper>) -> String {
    let mut all = helpers.clone();
    let mut open: Vec<Helper> = helpers.iter().copied().collect();
    while let Some(helper) = open.pop() {
        open.extend(helper.needs().into_iter().filter(|needed| all.insert(*needed)));
    }
    let mut text = String::new();
    for helper in all {
        text.push_str(&helper.text());
        text.push('\n');
    }
    text
}

/// Access to packed bytes, and strong compare-exchange.
fn array_functions(cx: &Context<'_>) -> String {
    let mut text = String::new();
    for (id, array) in &cx.arrays {
        let name = &array.name;
        if array.stored_as == Stored::PackedU8 {
            let word = if array.packed_store() {
                format!("atomicLoad(&{name}[index >> 2u])")
            } else {
                format!("{name}[index >> 2u]")
            };
            let byte = format!("(({word} >> ((index & 3u) * 8u)) & 255u)");
            let (ty, value) = if array.element == DType::Bool {
                ("bool", format!("({byte} != 0u)"))
            } else {
                ("u32", byte)
            };
            text.push_str(&format!(
                "fn load_{name}(index: u32) -> {ty} {{\n    return {value};\n}}\n\n"
            ));
        }
        if array.packed_store() {
            // Two steps: no other lane touches this byte, and each step leaves the others alone.
            text.push_str(&format!(
                "fn store_{name}(index: u32, value: u32) {{
    let shift = ((index & 3u) * 8u);
    atomicAnd(&{name}[index >> 2u], ~(255u << shift));
    atomicOr(&{name}[index >> 2u], ((value & 255u) << shift));
}}

"
            ));
        }
        if cx.uses.exchanges.contains(id) {
            let ty = type_name(array.element);
            text.push_str(&format!(
                "fn exchange_if_{name}(index: u32, expected: {ty}, desired: {ty}) -> {ty} {{
    var old = expected;
    loop {{
        let result = atomicCompareExchangeWeak(&{name}[index], expected, desired);
        old = result.old_value;
        if (result.exchanged || (old != expected)) {{
            break;
        }}
    }}
    return old;
}}

"
            ));
        }
    }
    text
}

/// The function that runs one iteration, or the serial section.
fn lane_function(cx: &Context<'_>, body: &Body<'_>) -> String {
    let mut text = String::new();
    match &cx.unit {
        Unit::Serial(_) => text.push_str("fn section() {\n"),
        Unit::Region(region) => {
            let mut parameters = Vec::new();
            if cx.reductions.list.iter().any(|reduction| reduction.at.is_some()) {
                parameters.push("at: u32".to_owned());
            }
            for axis in &region.axes {
                let index = axis.index.0 as usize;
                let ty = type_name(cx.code.vars[index].dtype);
                parameters.push(format!("{}: {ty}", cx.vars[index]));
            }
            text.push_str(&format!("fn iteration({}) {{\n", parameters.join(", ")));
        }
    }
    text.push_str(&locals(cx, body));
    text.push_str(&body.lines.text);
    text.push_str("}\n");
    text
}

/// Declarations of the lane variables and scratch arrays that the statements use.
pub(crate) fn locals(cx: &Context<'_>, body: &Body<'_>) -> String {
    let mut text = String::new();
    for var in &body.vars {
        let index = var.0 as usize;
        if !cx.is_axis(*var) {
            let ty = type_name(cx.code.vars[index].dtype);
            text.push_str(&format!("    var {}: {ty};\n", cx.vars[index]));
        }
    }
    for &index in &body.scratch {
        let scratch = &cx.code.scratch[index];
        let ty = scratch_type(scratch.dtype, scratch.len);
        text.push_str(&format!("    var {}: {ty};\n", cx.scratch[index]));
    }
    text
}

/// The index of an axis from its iteration number.
fn axis_index(
    cx: &Context<'_>,
    region: &Region,
    axis: usize,
    number: &str,
    helpers: &mut BTreeSet<Helper>,
) -> String {
    let dtype = cx.code.vars[region.axes[axis].index.0 as usize].dtype;
    let lo = cx.uniform(UniformValue::AxisLo(axis as u32));
    let number = words::from_count(dtype, number);
    let step = region.axes[axis].step;
    if step == 1 {
        return words::sum(dtype, &lo, &number, helpers);
    }
    let step = literal(Scalar::from_bits(dtype, step as u64), helpers);
    let distance = words::product(dtype, &number, &step, helpers);
    words::sum(dtype, &lo, &distance, helpers)
}

/// The call that runs iteration `at` of a flat grid.
pub(crate) fn call_at(cx: &Context<'_>, region: &Region, helpers: &mut BTreeSet<Helper>) -> String {
    let count = |axis: usize| cx.uniform(UniformValue::AxisCount(axis as u32));
    let numbers = match region.axes.len() {
        1 => vec!["at".to_owned()],
        2 => vec![format!("(at / {})", count(1)), format!("(at % {})", count(1))],
        _ => vec![
            format!("(at / ({} * {}))", count(1), count(2)),
            format!("((at / {}) % {})", count(2), count(1)),
            format!("(at % {})", count(2)),
        ],
    };
    let mut arguments = Vec::new();
    if cx.reductions.list.iter().any(|reduction| reduction.at.is_some()) {
        arguments.push("at".to_owned());
    }
    for (axis, number) in numbers.iter().enumerate().take(region.axes.len()) {
        arguments.push(axis_index(cx, region, axis, number, helpers));
    }
    format!("iteration({});", arguments.join(", "))
}

/// Iterations of the region in all.
pub(crate) fn total(cx: &Context<'_>, region: &Region) -> String {
    let counts =
        (0..region.axes.len()).map(|axis| cx.uniform(UniformValue::AxisCount(axis as u32)));
    let product = counts.reduce(|all, count| format!("({all} * {count})"));
    product.unwrap_or_else(|| "1u".to_owned())
}

const SERIAL_MAIN: &str = "\
@compute @workgroup_size(1)
fn main() {
    section();
}
";

fn map_main(cx: &Context<'_>, region: &Region, helpers: &mut BTreeSet<Helper>) -> String {
    let first = cx.uniform(UniformValue::First(0));
    if !tiled(region) {
        let (total, call) = (total(cx, region), call_at(cx, region, helpers));
        return format!(
            "@compute @workgroup_size({FLAT})
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {{
    let at = (({first} + (((group.y * groups.x) + group.x) * {FLAT}u)) + lane);
    if (at < {total}) {{
        {call}
    }}
}}
"
        );
    }
    let column = cx.uniform(UniformValue::First(1));
    let rows = cx.uniform(UniformValue::AxisCount(0));
    let columns = cx.uniform(UniformValue::AxisCount(1));
    let row_index = axis_index(cx, region, 0, "at.y", helpers);
    let column_index = axis_index(cx, region, 1, "at.x", helpers);
    format!(
        "@compute @workgroup_size({TILE}, {TILE})
fn main(@builtin(global_invocation_id) lane: vec3<u32>) {{
    let at = (lane.xy + vec2<u32>({column}, {first}));
    if ((at.x < {columns}) && (at.y < {rows})) {{
        iteration({row_index}, {column_index});
    }}
}}
"
    )
}
