//! The two passes of a reduction as entry points.
//!
//! The first runs a lane's iterations in order and folds the workgroup's lanes in a tree; the
//! second folds the workgroups' partials by adjacent pairs and adds the value before the loop.

use std::collections::BTreeSet;

use crossover_ir::{Op, ReduceOp, Region};

use super::context::{Context, from_word, partials_name, to_word};
use super::entry::{FLAT, call_at, total};
use super::helper::Helper;
use super::plan::UniformValue;
use super::reduce::{Reduction, Slot, Spread, combine};
use super::words::{compare, condition};

/// The first pass: iterations of a lane in order, then the tree.
pub(crate) fn reduce_main(
    cx: &Context<'_>,
    region: &Region,
    helpers: &mut BTreeSet<Helper>,
) -> String {
    let spread = cx.reductions.spread;
    let (lanes, run) = (spread.lanes(), spread.run());
    let per_group = lanes * run;
    let first = cx.uniform(UniformValue::First(0));
    let (total, call) = (total(cx, region), call_at(cx, region, helpers));
    let at = match spread {
        Spread::Language => {
            "(((start + ((lane / 16u) * 4096u)) + (step * 16u)) + (lane % 16u))".to_owned()
        }
        Spread::Strided(_) => format!("((start + (step * {lanes}u)) + lane)"),
    };
    let mut clear = String::new();
    let mut share = String::new();
    for reduction in &cx.reductions.list {
        let name = &reduction.name;
        clear.push_str(&format!("    acc_{name} = {};\n", reduction.identity(helpers)));
        share.push_str(&format!("    shared_{name}[lane] = acc_{name};\n"));
        if reduction.at.is_some() {
            clear.push_str(&format!("    acc_{name}_at = 4294967295u;\n"));
            share.push_str(&format!("    shared_{name}_at[lane] = acc_{name}_at;\n"));
        }
    }
    let tree = tree(cx, spread, helpers);
    let write: String = cx.reductions.list.iter().map(|r| write_partial(cx, r)).collect();
    format!(
        "@compute @workgroup_size({lanes})
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {{
    let total = {total};
    let start = ({first} + (((group.y * groups.x) + group.x) * {per_group}u));
{clear}    for (var step = 0u; (step < {run}u); step = (step + 1u)) {{
        let at = {at};
        if (at >= total) {{
            break;
        }}
        {call}
    }}
{share}    workgroupBarrier();
{tree}    let slot = (start / {per_group}u);
    if (start < total) {{
{write}    }}
}}
"
    )
}

/// Folds workgroup memory into lane 0.
fn tree(cx: &Context<'_>, spread: Spread, helpers: &mut BTreeSet<Helper>) -> String {
    let joins: String =
        cx.reductions.list.iter().map(|reduction| join_shared(reduction, helpers)).collect();
    match spread {
        Spread::Language => format!(
            "    // The sixteen partials of a block by halves, then the blocks by adjacent pairs.
    for (var stride = 8u; (stride > 0u); stride = (stride >> 1u)) {{
        if ((lane % 16u) < stride) {{
{joins}        }}
        workgroupBarrier();
    }}
    for (var stride = 16u; (stride < {lanes}u); stride = (stride << 1u)) {{
        if ((lane % (stride << 1u)) == 0u) {{
{joins}        }}
        workgroupBarrier();
    }}
",
            lanes = spread.lanes()
        ),
        Spread::Strided(_) => format!(
            "    for (var stride = {half}u; (stride > 0u); stride = (stride >> 1u)) {{
        if (lane < stride) {{
{joins}        }}
        workgroupBarrier();
    }}
",
            half = spread.lanes() / 2
        ),
    }
}

/// Whether the contribution `b` beats `a`: strictly better, or equal and earlier.
fn beats(
    reduction: &Reduction,
    b: (&str, &str),
    a: (&str, &str),
    helpers: &mut BTreeSet<Helper>,
) -> String {
    let dtype = reduction.reduce.dtype;
    let ((b, b_at), (a, a_at)) = (b, a);
    let better = compare(better(reduction.reduce.op), dtype, b, a, helpers);
    let equal = compare(Op::Eq, dtype, b, a, helpers);
    format!("({better} || ({equal} && ({b_at} < {a_at})))")
}

/// The strict order of a minimum or maximum with an argument.
fn better(op: ReduceOp) -> Op {
    if op == ReduceOp::ArgMin { Op::Lt } else { Op::Gt }
}

fn join_shared(reduction: &Reduction, helpers: &mut BTreeSet<Helper>) -> String {
    let shared = format!("shared_{}", reduction.name);
    let (a, b) = (format!("{shared}[lane]"), format!("{shared}[lane + stride]"));
    if reduction.at.is_none() {
        return format!("            {a} = {};\n", combine(&reduction.reduce, &a, &b, helpers));
    }
    let (a_at, b_at) = (format!("{shared}_at[lane]"), format!("{shared}_at[lane + stride]"));
    let test = beats(reduction, (&b, &b_at), (&a, &a_at), helpers);
    format!(
        "            if ({test}) {{
                {a} = {b};
                {a_at} = {b_at};
            }}
"
    )
}

/// A partial in its buffer.
fn partial(cx: &Context<'_>, slot: Slot, index: &str) -> String {
    let count = cx.uniform(UniformValue::Partials);
    format!("{}[(({}u * {count}) + {index})]", partials_name(slot.stored_as), slot.at)
}

/// The group's partial: lane 0 writes the value, the lane that won writes its payload.
fn write_partial(cx: &Context<'_>, reduction: &Reduction) -> String {
    let name = &reduction.name;
    let value = to_word(reduction.reduce.dtype, &format!("shared_{name}[0]"));
    let mut text = format!(
        "        if (lane == 0u) {{\n            {} = {value};\n",
        partial(cx, reduction.value, "slot")
    );
    let Some(at) = reduction.at else {
        text.push_str("        }\n");
        return text;
    };
    text.push_str(&format!(
        "            {} = shared_{name}_at[0];\n        }}\n",
        partial(cx, at, "slot")
    ));
    if !reduction.payload.is_empty() {
        text.push_str(&format!(
            "        if ((acc_{name}_at != 4294967295u) && (acc_{name}_at == shared_{name}_at[0])) {{\n"
        ));
        for (position, slot) in reduction.payload.iter().enumerate() {
            let value = to_word(slot.dtype, &format!("acc_{name}_{position}"));
            text.push_str(&format!("            {} = {value};\n", partial(cx, *slot, "slot")));
        }
        text.push_str("        }\n");
    }
    text
}

/// The second pass: partials by adjacent pairs, an odd one carried up, then the value before.
pub(crate) fn finish(cx: &Context<'_>, helpers: &mut BTreeSet<Helper>) -> String {
    let count = cx.uniform(UniformValue::Partials);
    let joins: String =
        cx.reductions.list.iter().map(|reduction| join_partials(cx, reduction, helpers)).collect();
    let last: String =
        cx.reductions.list.iter().map(|reduction| last_step(cx, reduction, helpers)).collect();
    format!(
        "@compute @workgroup_size({FLAT})
fn finish(@builtin(local_invocation_index) lane: u32) {{
    for (var stride = 1u; (stride < {count}); stride = (stride << 1u)) {{
        for (var at = (lane * (stride << 1u)); ((at + stride) < {count}); at = (at + ({FLAT}u * (stride << 1u)))) {{
{joins}        }}
        storageBarrier();
    }}
    if (lane == 0u) {{
{last}    }}
}}
"
    )
}

fn join_partials(
    cx: &Context<'_>,
    reduction: &Reduction,
    helpers: &mut BTreeSet<Helper>,
) -> String {
    let dtype = reduction.reduce.dtype;
    let place = |slot: Slot| (partial(cx, slot, "at"), partial(cx, slot, "(at + stride)"));
    let (a, b) = place(reduction.value);
    let (a_value, b_value) = (from_word(dtype, &a), from_word(dtype, &b));
    let Some(at) = reduction.at else {
        let joined = combine(&reduction.reduce, &a_value, &b_value, helpers);
        return format!("            {a} = {};\n", to_word(dtype, &joined));
    };
    let (a_at, b_at) = place(at);
    let test = beats(reduction, (&b_value, &b_at), (&a_value, &a_at), helpers);
    let mut text = format!("            if ({test}) {{\n");
    for slot in [reduction.value, at].iter().chain(&reduction.payload) {
        let (a, b) = place(*slot);
        text.push_str(&format!("                {a} = {b};\n"));
    }
    text.push_str("            }\n");
    text
}

/// The value before the loop joins last, and the result goes to the device scalars.
fn last_step(cx: &Context<'_>, reduction: &Reduction, helpers: &mut BTreeSet<Helper>) -> String {
    let reduce = &reduction.reduce;
    let Some(target) = cx.scalar_slot(reduce.target) else { return String::new() };
    let before = from_word(reduce.dtype, &target);
    let folded_word = partial(cx, reduction.value, "0u");
    let folded = from_word(reduce.dtype, &folded_word);
    if reduction.at.is_none() {
        let result = combine(reduce, &before, &folded, helpers);
        return format!("        {target} = {};\n", to_word(reduce.dtype, &result));
    }
    let test = condition(better(reduce.op), reduce.dtype, &folded, &before, helpers);
    let mut text = format!("        if {test} {{\n            {target} = {folded_word};\n");
    for (var, slot) in reduce.payload.iter().zip(&reduction.payload) {
        if let Some(place) = cx.scalar_slot(*var) {
            text.push_str(&format!("            {place} = {};\n", partial(cx, *slot, "0u")));
        }
    }
    text.push_str("        }\n");
    text
}
