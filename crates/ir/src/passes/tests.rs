//! Passes as text.

use super::*;
use crate::{Code, Stmt, Unit, parse, print, reference, units, validate};
use crossover_values::{Array, DType, Scalar, Value};

/// The spans of the first region's last axis, or of the first loop in it, as text.
fn spans_of(text: &str) -> String {
    let module = validate(parse(text).unwrap()).unwrap();
    let Unit::Region(region) = units(&module.kernels[0])[0] else { panic!("a region") };
    let mut inner = None;
    for stmt in &region.code.body {
        stmt.walk(&mut |stmt| {
            if let (Stmt::For { var, body, .. }, None) = (stmt, inner) {
                inner = Some((*var, body));
            }
        });
    }
    let last = region.axes.last().unwrap();
    let (var, body) = inner.unwrap_or((last.index, &region.code.body));
    let code: &Code = &region.code;
    let Some(found) = spans(code, var, body) else { return "none".to_owned() };
    let guards: Vec<String> = found.guards.iter().map(ToString::to_string).collect();
    let (inside, plain) = (found.inside.len(), found.plain.len());
    format!("{}\n{inside} inside, {plain} plain", guards.join("\n"))
}

fn region(header: &str, body: &str) -> String {
    format!(
        "kernel k {{
          array @u: f32[:]
          array @v: f32[:, :]
          var %n: i32
          params (@u, @v, %n)
          host {{
            v0: i32 = const 0
            v1: i32 = extent @u 0
            region {{
              var %i: i32
              {header}
              axis %i = v0 to v1 step 1
              body {{ v0: i32 = get %i {body} }}
            }}
            return ()
          }}
        }}"
    )
}

#[test]
fn a_wrapped_neighbour_has_a_span() {
    let text = region(
        "var %west: i32",
        "v1: i32 = const 1 v2: i32 = sub v0 v1 v3: i32 = host %n v4: i32 = rem_floor v2 v3
         set %west = v4 v5: i32 = get %west v6: f32 = load @u [v5] store @u [v0] = v6",
    );
    insta::assert_snapshot!(spans_of(&text), @r#"
1i -1 >= 0
-1i +1host0 +0 >= 0
0i -1host0 +2147483647 >= 0
-1i +1extent0.0 -1 >= 0
2 inside, 1 plain
"#);
}

#[test]
fn rows_and_strides_have_spans() {
    let text = region(
        "var %j: i32",
        "v1: i32 = host %n for %j = v0 to v1 step 1 {
           v2: i32 = get %j v3: i32 = const 4 v4: i32 = mul v2 v3 v5: i32 = add v4 v0
           v6: f32 = load @v [v0, v5] v7: i32 = const 3 v8: i32 = mul v2 v7
           v9: f32 = load @u [v8] v10: f32 = add v6 v9 store @v [v2, v0] = v10 }",
    );
    insta::assert_snapshot!(spans_of(&text), @r#"
0i +1v0 +0 >= 0
0i +1extent1.0 -1v0 -1 >= 0
4i +1v0 +0 >= 0
-4i +1extent1.1 -1v0 -1 >= 0
1i +0 >= 0
-1i +1extent1.0 -1 >= 0
0i +1extent1.1 -1v0 -1 >= 0
4 inside, 0 plain
"#);
}

#[test]
fn what_an_iteration_changes_is_no_term() {
    let text = region(
        "var %at: i32 var %j: i32",
        "set %at = v0 v1: i32 = host %n for %j = v0 to v1 step 1 {
           v2: i32 = get %at v3: f32 = load @u [v2]
           v4: bool = lt v2 v1
           if v4 { v5: i32 = get %j set %at = v5 }
           v6: i32 = get %at v7: f32 = load @u [v6] v8: f32 = add v3 v7 store @u [v2] = v8 }",
    );
    insta::assert_snapshot!(spans_of(&text), @r#"
none
"#);
}

/// A module after [`simplify`], still valid and with the same results.
fn simplified(text: &str, arguments: &[Value]) -> String {
    let module = validate(parse(text).unwrap()).unwrap();
    let simple = simplify(&module).into_inner();
    let simple =
        validate(simple.clone()).unwrap_or_else(|error| panic!("{error}\n{}", print(&simple)));
    let [before, after] =
        [&module, &simple].map(|it| format!("{:?}", reference::run(it, 0, arguments)));
    assert_eq!(before, after);
    let text = print(&simple);
    let body = text.find("body {").unwrap_or(0);
    text[body..].lines().map(str::trim).collect::<Vec<_>>().join("\n")
}

fn arguments() -> Vec<Value> {
    vec![
        Value::Array(Array::zeros(DType::F32, &[5])),
        Value::Array(Array::zeros(DType::F32, &[5, 5])),
        Value::Scalar(Scalar::I32(3)),
    ]
}

#[test]
fn short_loops_become_straight_code_with_constants() {
    let text = region(
        "var %power: i32 var %rest: i32 var %j: i32",
        "v1: i32 = const 25 set %power = v1 set %rest = v0 v2: i32 = const 0 v3: i32 = const 3
         for %j = v2 to v3 step 1 {
           v4: i32 = get %rest v5: i32 = get %power v6: i32 = div_floor v4 v5 set %rest = v6
           v7: i32 = const 5 v8: i32 = div_floor v5 v7 set %power = v8
           v9: i32 = get %j v10: bool = eq v9 v3 if v10 { return }
         }
         v11: i32 = get %rest v12: f32 = cast_nearest v11 store @u [v0] = v12",
    );
    insta::assert_snapshot!(simplified(&text, &arguments()), @r#"
body {
v0: i32 = get %i
v1: i32 = const 25
set %power = v1
set %rest = v0
v2: i32 = const 0
v3: i32 = const 3
v4: i32 = get %rest
v5: i32 = const 25
v6: i32 = div_floor v4 v5
set %rest = v6
v7: i32 = const 5
v8: i32 = const 5
set %power = v8
v9: i32 = const 0
v10: bool = const false
v11: i32 = get %rest
v12: i32 = const 5
v13: i32 = div_floor v11 v12
set %rest = v13
v14: i32 = const 5
v15: i32 = const 1
set %power = v15
v16: i32 = const 1
v17: bool = const false
v18: i32 = get %rest
v19: i32 = const 1
v20: i32 = div_floor v18 v19
set %rest = v20
v21: i32 = const 5
v22: i32 = const 0
set %power = v22
v23: i32 = const 2
v24: bool = const false
v25: i32 = get %rest
v26: f32 = cast_nearest v25
store @u [v0] = v26
}
}
return ()
}
}
"#);
}

#[test]
fn a_division_by_a_constant_zero_stays() {
    let text = region(
        "var %j: i32",
        "v1: i32 = const 0 v2: i32 = const 7 v3: i32 = div_floor v2 v1 v4: f32 = cast_nearest v3
         store @u [v0] = v4",
    );
    assert!(simplified(&text, &arguments()).contains("div_floor"));
}

#[test]
fn small_branches_become_selections() {
    let text = region(
        "var %count: i32 var %other: i32",
        "set %count = v0 v1: i32 = const 2 v2: i32 = rem_floor v0 v1 v3: bool = eq v2 v1
         if v3 { v4: i32 = get %count v5: i32 = add v4 v1 set %count = v5 }
         if v3 { set %other = v1 } else { set %other = v0 }
         v6: i32 = get %count v7: i32 = get %other v8: i32 = add v6 v7
         v9: f32 = cast_nearest v8 store @u [v0] = v9",
    );
    let simple = simplified(&text, &arguments());
    assert!(!simple.contains("if"), "{simple}");
    insta::assert_snapshot!(simple, @r#"
body {
v0: i32 = get %i
set %count = v0
v1: i32 = const 2
v2: i32 = rem_floor v0 v1
v3: bool = eq v2 v1
v4: i32 = get %count
v5: i32 = add v4 v1
v6: i32 = get %count
v7: i32 = select v3 v5 v6
set %count = v7
v8: i32 = select v3 v1 v0
set %other = v8
v9: i32 = get %count
v10: i32 = get %other
v11: i32 = add v9 v10
v12: f32 = cast_nearest v11
store @u [v0] = v12
}
}
return ()
}
}
"#);
}

#[test]
fn branches_that_can_fail_or_that_touch_memory_stay() {
    let division = "v3: i32 = get %count v4: i32 = rem_floor v3 v1 set %count = v4";
    let load = "v3: f32 = load @u [v0] v4: i32 = cast_sat v3 set %count = v4";
    let only_one_side = "v3: i32 = const 1 v4: i32 = add v3 v1 set %late = v4";
    for branch in [division, load, only_one_side] {
        let text = region(
            "var %count: i32 var %late: i32",
            &format!(
                "set %count = v0 v1: i32 = host %n v2: bool = lt v0 v1 if v2 {{ {branch} }}
                 v5: i32 = get %count v6: f32 = cast_nearest v5 store @u [v0] = v6"
            ),
        );
        assert!(simplified(&text, &arguments()).contains("if"), "{branch}");
    }
}

/// A region over `%i` and `%c`, the latter from `lo` to `hi`, with a body.
fn grid(bounds: [i32; 2], more: &str, body: &str) -> String {
    let [lo, hi] = bounds;
    format!(
        "kernel k {{ array @x: f32[:] var %n: i32 var %s: f32 params (@x, %n, %s) host {{
         v0: i32 = get %n v1: i32 = const {lo} v2: i32 = const {hi}
         region {{ var %i: i32 var %c: i32 {more} axis %i = v1 to v0 step 1
         axis %c = v1 to v2 step 1 body {{ {body} }} }} return () }} }}"
    )
}

fn folded_axis(text: &str) -> (Option<ShortAxis>, String) {
    let module = validate(parse(text).unwrap()).unwrap();
    let (folded, axes) = fold_short_axes(&module, 0, |_, _, _| true);
    // What the pass writes is valid.
    validate(folded.clone().into_inner()).unwrap();
    (axes[0], print(&folded))
}

#[test]
fn a_short_last_axis_becomes_a_loop() {
    let body = "v0: i32 = get %c v1: f32 = cast_nearest v0 store @x [v0] = v1";
    let (axis, text) = folded_axis(&grid([2, 5], "", body));
    let axis = axis.unwrap();
    assert_eq!((axis.lo, axis.step, axis.count), (2, 1, 3));
    assert!(text.contains("for %c = v2 to v3 step 1 parallel ()"), "{text}");
}

#[test]
fn axes_that_stay() {
    let body = "v0: i32 = get %c v1: f32 = cast_nearest v0 store @x [v0] = v1";
    for bounds in [[0, 17], [3, 3], [4, 1]] {
        assert_eq!(folded_axis(&grid(bounds, "", body)).0, None, "{bounds:?}");
    }
    // Rule 11 counts the iterations of all axes.
    let sum = "v0: i32 = get %c v1: f32 = cast_nearest v0 reduce r0 v1";
    assert_eq!(folded_axis(&grid([0, 3], "reduce r0 = add f32 region %s", sum)).0, None);
    let ends = "v0: i32 = get %c v1: bool = eq v0 v0 if v1 { return }";
    assert_eq!(folded_axis(&grid([0, 3], "", ends)).0, None);
}

/// The comparison of a search, whose result goes through a variable.
#[test]
fn branches_on_what_was_loaded_stay() {
    let loaded = "v3: f32 = load @u [v0] v4: bool = lt v3 v3 set %below = v4";
    let computed = "v3: i32 = const 7 v4: bool = lt v1 v3 set %below = v4";
    for (made, stays) in [(loaded, true), (computed, false)] {
        let text = region(
            "var %count: i32 var %below: bool",
            &format!(
                "set %count = v0 v1: i32 = host %n v2: bool = lt v0 v1 set %below = v2 {made}
                 v5: bool = get %below
                 if v5 {{ v6: i32 = get %count v7: i32 = add v6 v1 set %count = v7 }}
                 v8: i32 = get %count v9: f32 = cast_nearest v8 store @u [v0] = v9"
            ),
        );
        assert_eq!(simplified(&text, &arguments()).contains("if"), stays, "{made}");
    }
}
