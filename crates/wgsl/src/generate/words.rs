//! 64-bit integers as `vec2<u32>`, low word first, so that bytes lie as in host memory.
//!
//! What the words cannot compute apart calls a routine of the IR's library; its lane code becomes
//! a function as a unit's does, with operands and result in place of arrays. No routine loops, so
//! none counts in a loop budget.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use crossover_ir::words64::{is_wide, library, routine_name};
use crossover_ir::{Kernel, KernelParam, Op, Unit, units};
use crossover_values::{DType, Scalar};

use super::body::Body;
use super::context::Context;
use super::helper::Helper;
use super::literal::type_name;
use super::ops::Arg;
use super::uses::blocks;
use super::{Features, Limits, Request};

/// The expression of an op with a 64-bit integer among its operands or as its result; `None` if
/// the text is that of any other type.
pub(crate) fn expression(
    op: Op,
    result: DType,
    args: &[Arg],
    helpers: &mut BTreeSet<Helper>,
) -> Option<String> {
    let (first, rest) = args.split_first()?;
    let (a, from) = (&first.text, first.dtype);
    if let Some(text) = by_power_of_two(op, args, helpers) {
        return Some(text);
    }
    if let Some(name) = routine_name(op, from, result) {
        let mut operands = vec![a.clone()];
        match op {
            Op::Shl | Op::Shr => operands.extend(rest.iter().map(low_word)),
            _ => operands.extend(rest.iter().map(|arg| arg.text.clone())),
        }
        return Some(call(name, &operands, helpers));
    }
    let b = rest.first().map(|arg| arg.text.as_str()).unwrap_or_default();
    match op {
        Op::Eq if is_wide(from) => Some(format!("all({a} == {b})")),
        Op::Ne if is_wide(from) => Some(format!("any({a} != {b})")),
        Op::Abs if is_wide(from) => Some(a.clone()),
        Op::CastWrap | Op::Bitcast => match (is_wide(from), result) {
            (true, to) if is_wide(to) => Some(a.clone()),
            (true, DType::I32) => Some(format!("bitcast<i32>({a}.x)")),
            (true, _) => Some(format!("{a}.x")),
            (false, to) if is_wide(to) => Some(format!("vec2<u32>(u32({a}), 0u)")),
            (false, _) => None,
        },
        _ => None,
    }
}

/// Floor division by a power of two is a shift, and its remainder a mask, for signed types too.
fn by_power_of_two(op: Op, args: &[Arg], helpers: &mut BTreeSet<Helper>) -> Option<String> {
    let [a, b] = args else { return None };
    let divisor = b.constant.filter(|_| is_wide(a.dtype)).and_then(Scalar::as_integer)?;
    if divisor <= 0 || divisor & (divisor - 1) != 0 {
        return None;
    }
    match op {
        Op::DivFloor => {
            let name = routine_name(Op::Shr, a.dtype, a.dtype)?;
            Some(call(name, &[a.text.clone(), format!("{}u", divisor.trailing_zeros())], helpers))
        }
        Op::RemFloor => Some(format!("({} & {})", a.text, pair((divisor - 1) as u64))),
        _ => None,
    }
}

fn call(name: &'static str, operands: &[String], helpers: &mut BTreeSet<Helper>) -> String {
    helpers.insert(Helper::Words(name));
    format!("{name}({})", operands.join(", "))
}

/// Sum of two values of any type that has one.
pub(crate) fn sum(dtype: DType, a: &str, b: &str, helpers: &mut BTreeSet<Helper>) -> String {
    match routine_name(Op::Add, dtype, dtype) {
        Some(name) => call(name, &[a.to_owned(), b.to_owned()], helpers),
        None => format!("({a} + {b})"),
    }
}

/// Difference of two values of any type that has one.
pub(crate) fn difference(dtype: DType, a: &str, b: &str, helpers: &mut BTreeSet<Helper>) -> String {
    match routine_name(Op::Sub, dtype, dtype) {
        Some(name) => call(name, &[a.to_owned(), b.to_owned()], helpers),
        None => format!("({a} - {b})"),
    }
}

/// Product of two values of any type that has one.
pub(crate) fn product(dtype: DType, a: &str, b: &str, helpers: &mut BTreeSet<Helper>) -> String {
    match routine_name(Op::Mul, dtype, dtype) {
        Some(name) => call(name, &[a.to_owned(), b.to_owned()], helpers),
        None => format!("({a} * {b})"),
    }
}

/// `Lt`, `Gt` or `Eq` of two values of any ordered type.
pub(crate) fn compare(
    op: Op,
    dtype: DType,
    a: &str,
    b: &str,
    helpers: &mut BTreeSet<Helper>,
) -> String {
    if let Some(name) = routine_name(op, dtype, DType::Bool) {
        return call(name, &[a.to_owned(), b.to_owned()], helpers);
    }
    match op {
        Op::Lt => format!("({a} < {b})"),
        Op::Gt => format!("({a} > {b})"),
        _ if is_wide(dtype) => format!("all({a} == {b})"),
        _ => format!("({a} == {b})"),
    }
}

/// The same in parentheses, for an `if`.
pub(crate) fn condition(
    op: Op,
    dtype: DType,
    a: &str,
    b: &str,
    helpers: &mut BTreeSet<Helper>,
) -> String {
    let test = compare(op, dtype, a, b, helpers);
    if is_wide(dtype) { format!("({test})") } else { test }
}

/// `Min` or `Max` of two wide values; `None` for other types.
pub(crate) fn extreme(
    op: Op,
    dtype: DType,
    a: &str,
    b: &str,
    helpers: &mut BTreeSet<Helper>,
) -> Option<String> {
    let name = routine_name(op, dtype, dtype)?;
    Some(call(name, &[a.to_owned(), b.to_owned()], helpers))
}

/// A number of iterations, a `u32`, as a value of the type of an index.
pub(crate) fn from_count(dtype: DType, count: &str) -> String {
    match dtype {
        DType::U32 => count.to_owned(),
        wide if is_wide(wide) => format!("vec2<u32>({count}, 0u)"),
        other => format!("{}({count})", type_name(other)),
    }
}

/// The low 32 bits of an integer, as a `u32`.
pub(crate) fn low_word(arg: &Arg) -> String {
    match arg.constant.and_then(Scalar::as_integer) {
        Some(value) => format!("{}u", value as u32),
        None if is_wide(arg.dtype) => format!("{}.x", arg.text),
        None if arg.dtype == DType::U32 => arg.text.clone(),
        None => format!("u32({})", arg.text),
    }
}

/// A constant.
pub(crate) fn pair(bits: u64) -> String {
    format!("vec2<u32>({}u, {}u)", bits as u32, bits >> 32)
}

/// A routine as WGSL.
struct Function {
    text: String,
    needs: Vec<Helper>,
}

static FUNCTIONS: LazyLock<BTreeMap<&'static str, Function>> = LazyLock::new(|| {
    let kernels = library().kernels.iter();
    kernels.filter_map(|kernel| Some((kernel.name.as_str(), function(kernel)?))).collect()
});

/// Declaration of a routine.
pub(crate) fn text(name: &str) -> String {
    FUNCTIONS.get(name).map(|function| function.text.clone()).unwrap_or_default()
}

/// Helpers that a routine calls.
pub(crate) fn needs(name: &str) -> Vec<Helper> {
    FUNCTIONS.get(name).map(|function| function.needs.clone()).unwrap_or_default()
}

/// `None` would be a kernel of another shape than the library's; a test looks for every routine.
fn function(kernel: &Kernel) -> Option<Function> {
    let kept = BTreeSet::new();
    let features = Features { f64: true };
    let limits = Limits::default();
    let request = Request { kernel, sources: &[], device_kept: &kept, features, limits };
    let unit: Unit<'_> = units(kernel).into_iter().next()?;
    let mut cx = Context::new(&request, unit).ok()?;
    cx.routine = true;
    let mut body = Body::new(&cx);
    blocks(&cx.unit).into_iter().for_each(|block| body.block(block));
    let mut names = Vec::new();
    for param in &kernel.params {
        let KernelParam::Array(array) = param else { return None };
        let ArrayOf { ty, name } = of(&cx, kernel, array.0 as usize)?;
        names.push((name, ty));
    }
    let (result, result_ty) = names.pop()?;
    let operands: Vec<String> = names.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
    let mut text = format!("fn {}({}) -> {result_ty} {{\n", kernel.name, operands.join(", "));
    text.push_str(&format!("    var {result}: {result_ty};\n"));
    text.push_str(&super::entry::locals(&cx, &body));
    text.push_str(&body.lines.text);
    text.push_str(&format!("    return {result};\n}}\n"));
    Some(Function { text, needs: body.helpers.into_iter().collect() })
}

struct ArrayOf {
    ty: &'static str,
    name: String,
}

fn of(cx: &Context<'_>, kernel: &Kernel, at: usize) -> Option<ArrayOf> {
    let array = kernel.arrays.get(at)?;
    let wide = array.rank == 2;
    let ty = if wide { type_name(DType::U64) } else { type_name(array.dtype) };
    let text = cx.arrays.get(&crossover_ir::ArrayId(at as u32))?;
    Some(ArrayOf { ty, name: text.name.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_routine_of_the_library_is_a_function_without_loops() {
        let kernels = &library().kernels;
        assert_eq!(FUNCTIONS.len(), kernels.len());
        for kernel in kernels {
            let text = text(&kernel.name);
            assert!(!text.contains("loop") && !text.contains("for ("), "{text}");
        }
    }
}
