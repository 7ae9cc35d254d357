//! Counted loops inside of scalar code, run in lanes in place, against the direct evaluator: trip
//! counts around chunks and blocks, reductions of each kind, loops in order that are independent
//! and that are not, errors in each part.

mod common;

use common::{array_of, compiled_with, in_lanes};
use crossover_cranelift::Lanes;
use crossover_values::{DType, Scalar, Value};

/// Runs a kernel on cases and demands the evaluator's outputs or its error.
fn agree(text: &str, cases: impl IntoIterator<Item = Vec<Value>>) {
    let all = [Lanes::Off, Lanes::Paying, Lanes::All, Lanes::Inner];
    let ways = all.map(|lanes| (in_lanes(lanes), 1));
    let threaded = (in_lanes(Lanes::All), 2);
    common::agree(text, &[ways.as_slice(), &[threaded]].concat(), cases);
}

/// Whether an inner loop of a kernel has lanes where all can.
fn has_lanes(text: &str) -> bool {
    compiled_with(text, &in_lanes(Lanes::Inner)).lanes().contains("; inner loop over")
}

/// A region over `i`, whose body has the loop `for j in lo[i] .. hi[i]`; `more` declares, `head`
/// and `tail` stand around the loop. Inside, `v10` is `j`.
fn kernel(dtype: DType, more: &str, head: &str, parallel: &str, body: &str, tail: &str) -> String {
    let body = dense(&format!(
        "v0: i32 = get %i
         v1: i32 = load @lo [v0]
         v2: i32 = load @hi [v0]
         v3: {dtype} = load @out [v0]
         set %s = v3
         {head}
         for %j = v1 to v2 step 1 {parallel} {{
           v10: i32 = get %j
           {body}
         }}
         {tail}"
    ));
    format!(
        "kernel k {{
          array @out: {dtype}[:] array @x: {dtype}[:] array @y: {dtype}[:]
          array @a: i32[:] array @lo: i32[:] array @hi: i32[:]
          params (@out, @x, @y, @a, @lo, @hi)
          host {{
            v0: i32 = const 0
            v1: i32 = extent @lo 0
            region {{
              var %i: i32 var %j: i32 var %s: {dtype} var %t: {dtype} var %q: i32 {more}
              axis %i = v0 to v1 step 1
              body {{ {body} }}
            }}
            return ()
          }}
        }}"
    )
}

/// Numbers values in the order in which they are evaluated, as the text form demands.
fn dense(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let defined = words.iter().filter_map(|word| word.strip_suffix(':'));
    let order: Vec<&str> = defined.filter(|word| word.starts_with('v')).collect();
    let number = |word: &str| {
        let place = order.iter().position(|it| *it == word);
        place.map_or(word.to_owned(), |place| format!("v{place}"))
    };
    let renamed = words.iter().map(|word| {
        let name = word.trim_matches(|c: char| !c.is_alphanumeric());
        if name.is_empty() { (*word).to_owned() } else { word.replace(name, &number(name)) }
    });
    renamed.collect::<Vec<String>>().join(" ")
}

/// Elements of the arrays that inner loops run over.
const LEN: usize = 9000;

/// Bounds of inner loops: empty ones, around vectors, chunks and blocks, at both ends.
fn bounds() -> Vec<(i32, i32)> {
    let mut bounds = vec![(0, 0), (5, 3), (7, 7), (-4, -9)];
    for n in [1, 2, 3, 4, 7, 8, 15, 16, 17, 19, 31, 32, 33, 50, 100] {
        bounds.extend([(3, n + 3), (LEN as i32 - n, LEN as i32)]);
    }
    bounds
}

fn scalar(dtype: DType, i: usize) -> Scalar {
    let bits = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let float = (bits >> 11) as f64 / (1_u64 << 53) as f64 * 3.0 - 1.0;
    match dtype {
        DType::F32 => Scalar::F32(float as f32),
        DType::F64 => Scalar::F64(float),
        DType::Bool => Scalar::Bool(!i.is_multiple_of(5)),
        other => Scalar::from_bits(other, bits >> if other.size() == 4 { 20 } else { 8 }),
    }
}

fn column(dtype: DType, salt: usize, n: usize) -> Value {
    let all: Vec<Scalar> = (0..n).map(|i| scalar(dtype, i * 3 + salt)).collect();
    Value::Array(array_of(dtype, &all))
}

fn ints(values: impl IntoIterator<Item = i32>) -> Value {
    let all: Vec<Scalar> = values.into_iter().map(Scalar::I32).collect();
    Value::Array(array_of(DType::I32, &all))
}

/// Arguments of [`kernel`]; `a` counts backwards.
fn arguments(dtype: DType, bounds: &[(i32, i32)]) -> Vec<Value> {
    let rows = bounds.len().max(LEN);
    vec![
        column(dtype, 1, rows),
        column(dtype, 2, LEN),
        column(dtype, 7, LEN),
        ints((0..LEN as i32).rev()),
        ints(bounds.iter().map(|it| it.0)),
        ints(bounds.iter().map(|it| it.1)),
    ]
}

/// Trip counts around the blocks of float sums.
fn long_bounds() -> Vec<(i32, i32)> {
    [4080, 4095, 4096, 4097, 4111, 8193].into_iter().map(|n| (1, n + 1)).collect()
}

/// The arguments with all bounds, and ones in which the last inner loops leave the arrays.
fn cases(dtype: DType) -> Vec<Vec<Value>> {
    let good = bounds();
    let mut out = Vec::new();
    for bad in [(-1, 20), (-3, 2), (LEN as i32 - 17, LEN as i32 + 1), (0, LEN as i32 + 9)] {
        out.push([good.as_slice(), &[bad]].concat());
    }
    let all = [good].into_iter().chain(out);
    all.map(|bounds| arguments(dtype, &bounds)).collect()
}

const KEEP: &str = "v90: i32 = get %s store @out [v0] = v90";

fn keep(dtype: DType) -> String {
    KEEP.replace("i32", &dtype.to_string())
}

#[test]
fn reductions_of_every_kind() {
    for dtype in [DType::F32, DType::F64, DType::I32, DType::U32, DType::I64, DType::U64] {
        for op in ["add", "min", "max", "or", "xor", "and"] {
            if dtype.is_float() && matches!(op, "or" | "xor" | "and") {
                continue;
            }
            let more = format!("reduce r0 = {op} {dtype} loop %s");
            let body = format!(
                "v11: {dtype} = load @x [v10] v12: {dtype} = load @y [v10]
                 v13: {dtype} = mul v11 v12 reduce r0 v13"
            );
            let text = kernel(dtype, &more, "", "parallel (r0)", &body, &keep(dtype));
            assert!(has_lanes(&text), "{op} {dtype}");
            agree(&text, cases(dtype));
            if dtype.is_float() {
                agree(&text, [arguments(dtype, &long_bounds())]);
            }
        }
    }
}

#[test]
fn truth_values_and_conditions() {
    for op in ["or", "xor", "and"] {
        let more = format!("reduce r0 = {op} bool loop %s");
        let body = "v11: bool = load @x [v10] reduce r0 v11";
        agree(
            &kernel(DType::Bool, &more, "", "parallel (r0)", body, &keep(DType::Bool)),
            cases(DType::Bool),
        );
    }
    for dtype in [DType::F32, DType::F64, DType::I32, DType::U64] {
        for (op, second) in [("add", "max"), ("min", "add")] {
            let more =
                format!("reduce r0 = {op} {dtype} loop %s reduce r1 = {second} {dtype} loop %t");
            // Some lanes go on with the next iteration, some contribute twice.
            let body = format!(
                "v11: {dtype} = load @x [v10] v12: {dtype} = load @y [v10]
                 v13: bool = lt v11 v12
                 if v13 {{ reduce r0 v12 continue }}
                 reduce r1 v11 v14: {dtype} = add v11 v12 reduce r1 v14"
            );
            let tail = format!(
                "v90: {dtype} = get %s v91: {dtype} = get %t v92: {dtype} = add v90 v91
                 store @out [v0] = v92"
            );
            let text = kernel(dtype, &more, "set %t = v3", "parallel (r0, r1)", &body, &tail);
            assert!(has_lanes(&text), "{op} {second} {dtype}");
            agree(&text, cases(dtype));
        }
    }
}

/// A loop inside of the loop in lanes, with a bound for all and with one of its own per lane.
#[test]
fn loops_inside() {
    for (bound, name) in [("v20: i32 = const 3", "uniform"), ("v20: i32 = and v10 v19", "varying")]
    {
        let body = format!(
            "v19: i32 = const 3 v21: i32 = const 0 {bound}
             v11: f32 = load @x [v10] set %t = v11
             for %q = v21 to v20 step 1 {{
               v22: f32 = get %t v23: f32 = mul v22 v11 v24: f32 = add v23 v11 set %t = v24
               v25: f32 = const 0.5 v26: bool = gt v24 v25
               if v26 {{ break }}
             }}
             v27: f32 = get %t reduce r0 v27"
        );
        let more = "reduce r0 = add f32 loop %s";
        let text = kernel(DType::F32, more, "", "parallel (r0)", &body, &keep(DType::F32));
        assert!(has_lanes(&text), "{name}");
        agree(&text, cases(DType::F32));
    }
}

/// Loops in order whose iterations touch their own elements alone.
#[test]
fn independent_loops_in_order() {
    for dtype in [DType::F32, DType::F64, DType::I32, DType::U64] {
        let saxpy = format!(
            "v11: {dtype} = load @x [v10] v12: {dtype} = load @y [v10] v13: {dtype} = mul v3 v12
             v14: {dtype} = add v11 v13 store @x [v10] = v14"
        );
        let backwards = format!(
            "v11: i32 = load @a [v10] v12: {dtype} = load @y [v11] set %t = v12
             v13: {dtype} = get %t store @x [v10] = v13"
        );
        let guarded = format!(
            "v11: {dtype} = load @x [v10] v12: {dtype} = load @y [v10] v13: bool = lt v11 v12
             if v13 {{ store @x [v10] = v12 }} else {{ continue }}
             v15: {dtype} = add v11 v12 store @x [v10] = v15"
        );
        for body in [&saxpy, &backwards, &guarded] {
            let text = kernel(dtype, "", "", "", body, "");
            assert!(has_lanes(&text), "{text}");
            agree(&text, cases(dtype));
        }
    }
}

/// What goes from iteration to iteration, by a variable or by memory, stays in order.
#[test]
fn dependent_loops_in_order() {
    let dtype = DType::I32;
    for body in [
        "v11: i32 = get %s v12: i32 = load @x [v10] v13: i32 = sub v12 v11 set %s = v13",
        "v11: i32 = const 1 v12: i32 = add v10 v11 v13: i32 = load @x [v10] store @x [v12] = v13",
        "v11: i32 = load @a [v10] v12: i32 = load @x [v10] store @x [v11] = v12",
        "v11: i32 = const 0 v12: i32 = load @x [v10] store @y [v11] = v12",
        "v11: i32 = const 3 v12: i32 = div_floor v10 v11 v13: i32 = load @x [v10]
         store @y [v12] = v13",
        "v11: i32 = const 0 v12: i32 = const 4 v19: i32 = load @a [v10]
         for %q = v11 to v12 step 1 {
           v13: i32 = get %q v14: i32 = sub v10 v13 v15: i32 = const 8999 v16: i32 = and v14 v15
           v17: i32 = load @x [v16] v18: i32 = add v17 v19 store @x [v16] = v18 }",
        "v11: i32 = load @x [v10] v12: bool = gt v11 v3 if v12 { break } store @y [v10] = v11",
    ] {
        let text = kernel(dtype, "", "", "", body, &keep(dtype));
        assert!(!has_lanes(&text), "{text}");
        agree(&text, cases(dtype));
    }
}

/// Scratch arrays of the code around are one for all lanes.
#[test]
fn scratch_arrays_of_the_code_around() {
    let dtype = DType::F32;
    let body = "v11: f32 = load @x [v10] v12: f32 = load $c [v10] v13: f32 = mul v11 v3
        v14: f32 = add v12 v13 store $c [v10] = v14 store @y [v10] = v14";
    let tail = "v80: i32 = const 5 v81: f32 = load $c [v80] store @out [v0] = v81";
    let text = kernel(dtype, "scratch $c: f32[40]", "clear $c", "", body, tail);
    assert!(has_lanes(&text), "{text}");
    let short: Vec<(i32, i32)> =
        bounds().into_iter().filter(|it| it.1 <= 40 && it.0 >= 0).collect();
    let outside = [short.as_slice(), &[(30, 41)]].concat();
    agree(&text, [arguments(dtype, &short), arguments(dtype, &outside)]);
    // Uniform, affine and other indices.
    let body = "v20: i32 = const 7 v11: f32 = load $c [v20] v21: i32 = load @a [v10]
        v22: i32 = const 31 v23: i32 = and v21 v22 v12: f32 = load $c [v23]
        v13: f32 = load @y [v10] v14: f32 = add v11 v12 v15: f32 = add v13 v14
        reduce r0 v15";
    let head = "clear $c v70: i32 = const 0 v71: i32 = const 32
        for %q = v70 to v71 step 1 { v72: i32 = get %q v73: f32 = load @x [v72]
          store $c [v72] = v73 }";
    let more = "scratch $c: f32[32] reduce r0 = add f32 loop %s";
    let text = kernel(dtype, more, head, "parallel (r0)", body, &keep(dtype));
    assert!(has_lanes(&text), "{text}");
    agree(&text, cases(dtype));
}

/// The first iteration that fails is the one that is told, whatever lanes stand beside it.
#[test]
fn errors_inside() {
    let dtype = DType::I32;
    // `a` counts backwards to 0: the last element divides by zero.
    let divide = "v11: i32 = load @a [v10] v12: i32 = load @x [v10] v13: i32 = div_floor v12 v11
        reduce r0 v13";
    let gather = "v11: i32 = load @a [v10] v12: i32 = const 8990 v13: i32 = sub v11 v12
        v14: i32 = load @x [v13] reduce r0 v14";
    let told = "v11: i32 = load @a [v10] v12: i32 = const 4000 v13: bool = lt v11 v12
        trap 7 if v13 v14: i32 = load @x [v10] reduce r0 v14";
    for body in [divide, gather, told] {
        let more = "reduce r0 = add i32 loop %s";
        let text = kernel(dtype, more, "", "parallel (r0)", body, &keep(dtype));
        assert!(has_lanes(&text), "{text}");
        agree(&text, cases(dtype));
        let each = bounds().into_iter().map(|it| arguments(dtype, &[(0, 2), it]));
        agree(&text, each);
    }
}

/// Neighbours that wrap and clamp: guards end spans inside of the loop.
#[test]
fn guards_inside() {
    let body = "v11: i32 = const 1 v12: i32 = add v10 v11 v13: i32 = const 4500
        v14: i32 = rem_floor v12 v13 v15: f32 = load @x [v14] v16: i32 = sub v10 v11
        v17: i32 = const 0 v18: i32 = max v16 v17 v19: f32 = load @x [v18]
        v20: f32 = add v15 v19 v21: i32 = const 60 v22: bool = lt v10 v21
        if v22 { reduce r0 v15 } else { reduce r0 v20 }";
    let more = "reduce r0 = add f32 loop %s";
    let text = kernel(DType::F32, more, "", "parallel (r0)", body, &keep(DType::F32));
    assert!(has_lanes(&text), "{text}");
    agree(&text, cases(DType::F32));
    let store = body
        .replace("reduce r0 v15", "store @y [v10] = v15")
        .replace("reduce r0 v20", "store @y [v10] = v20");
    agree(&kernel(DType::F32, "", "", "parallel ()", &store, ""), cases(DType::F32));
}

/// A grid whose last axis has few iterations: lanes are of the axis before.
#[test]
fn short_last_axes() {
    let grid = |bounds: [i32; 2], step: i32, more: &str, body: &str| {
        let [lo, hi] = bounds;
        let nest = dense(&format!(
            "axis %i = v90 to v91 step 1 {{
               v50: i32 = get %i v51: i32 = load @x [v50] set %t = v51 }}
             axis %c = v92 to v93 step {step}
             body {{ v0: i32 = get %i v1: i32 = get %c {body} }}"
        ));
        let text = format!(
            "kernel k {{
              array @out: i32[:] array @x: i32[:] array @y: i32[:]
              var %s: i32
              params (@out, @x, @y, %s) returns (i32)
              host {{
                v90: i32 = const 0 v91: i32 = extent @x 0
                v92: i32 = const {lo} v93: i32 = const {hi}
                region {{ var %i: i32 var %c: i32 var %t: i32 {more} {nest} }}
                v94: i32 = get %s return (v94)
              }}
            }}"
        );
        [0, 1, 2, 3, 4]
            .iter()
            .fold(text, |text, it| text.replace(&format!("v9{it}"), &format!("v{it}")))
    };
    let add = "v2: i32 = load @y [v0] v3: i32 = mul v2 v1 v4: i32 = get %t v5: i32 = add v3 v4
        reduce r0 v5";
    let sum = "reduce r0 = add i32 region %s";
    let store = "v2: i32 = load @y [v0] v3: i32 = const 3 v4: i32 = mul v0 v3
        v5: i32 = add v4 v1 v6: i32 = sub v2 v1 store @out [v5] = v6";
    let divide = "v2: i32 = load @y [v0] v3: i32 = sub v2 v1 v4: i32 = div_floor v2 v3
        reduce r0 v4";
    for (bounds, step, more, body) in [
        ([0, 3], 1, sum, add),
        ([0, 3], 1, "", store),
        ([0, 3], 1, sum, divide),
        ([5, -2], -3, sum, divide),
        ([-1, 2], 2, sum, add),
    ] {
        let text = grid(bounds, step, more, body);
        let shown = compiled_with(&text, &in_lanes(Lanes::All)).lanes();
        assert!(shown.contains("for %c"), "{shown}");
        let of = |n: usize, fails: Option<usize>| {
            let y = (0..n).map(|i| if Some(i) == fails { 2 } else { 100 + i as i32 % 7 });
            let out = Value::Array(array_of(DType::I32, &vec![Scalar::I32(0); 3 * n]));
            let start = Value::Scalar(Scalar::I32(-5));
            vec![out, column(DType::I32, 4, n), ints(y), start]
        };
        let lengths = [0, 1, 3, 8, 16, 17, 35, 100];
        let good = lengths.into_iter().map(|n| of(n, None));
        let bad = [0, 7, 8, 15, 16, 33, 99].into_iter().map(|i| of(100, Some(i)));
        agree(&text, good.chain(bad));
    }
}

/// Counters of the other narrow type, up to its end.
#[test]
fn unsigned_counters() {
    let body = "v11: f32 = load @x [v10] v12: f32 = load @y [v10] v13: f32 = mul v11 v12
        store @y [v10] = v13 reduce r0 v13";
    let more = "reduce r0 = add f32 loop %s";
    let mut text = kernel(DType::F32, more, "", "parallel (r0)", body, &keep(DType::F32));
    for (signed, unsigned) in [
        ("array @lo: i32[:] array @hi: i32[:]", "array @lo: u32[:] array @hi: u32[:]"),
        ("i32 = load @lo", "u32 = load @lo"),
        ("i32 = load @hi", "u32 = load @hi"),
        ("%j: i32", "%j: u32"),
        ("i32 = get %j", "u32 = get %j"),
    ] {
        assert!(text.contains(signed), "{signed} in {text}");
        text = text.replace(signed, unsigned);
    }
    assert!(has_lanes(&text), "{text}");
    let good: Vec<(i32, i32)> = bounds().into_iter().filter(|it| it.0 >= 0).collect();
    // The last ones are beyond the arrays, at the end of the type.
    let bad = [(LEN as i32 - 20, LEN as i32 + 1), (-40, -1), (-1, 5)];
    let bad = bad.map(|it| [good.as_slice(), &[it]].concat());
    let cases = bad.into_iter().chain([good]).map(|bounds| {
        let mut arguments = arguments(DType::F32, &bounds);
        let unsigned = |bound: i32| Scalar::U32(bound as u32);
        let lo: Vec<Scalar> = bounds.iter().map(|it| unsigned(it.0)).collect();
        let hi: Vec<Scalar> = bounds.iter().map(|it| unsigned(it.1)).collect();
        arguments[4] = Value::Array(array_of(DType::U32, &lo));
        arguments[5] = Value::Array(array_of(DType::U32, &hi));
        arguments
    });
    agree(&text, cases);
}
