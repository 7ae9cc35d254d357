//! Shapes, flow and guards of the forms that kernels take.

use super::{Guard, LaneLoop, LaneStmt, Refusal, Shape, analyse, print_lanes};
use crate::{HostNode, ValueId, parse, validate};

/// A kernel of one region over `%i` from 0 to the extent of `@a`; `more` declares variables of the
/// body, a reduction or scratch arrays.
fn text(more: &str, body: &str) -> String {
    format!(
        "kernel k {{ array @a: i32[:] array @b: i32[:] array @x: f32[:] array @h: u32[:]
         var %n: i32 var %s: f32 params (@a, @b, @x, @h, %n) host {{
         v0: i32 = const 0 v1: i32 = extent @a 0 v2: f32 = const 0.0 set %s = v2
         region {{ var %i: i32 {more} axis %i = v0 to v1 step 1 body {{
         v0: i32 = get %i v1: i32 = host %n v2: i32 = const 1 {body} }} }} return () }} }}"
    )
}

fn analysed(more: &str, body: &str) -> Result<(LaneLoop, String), Refusal> {
    let text = text(more, body);
    let module = validate(parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}")));
    let module = module.unwrap_or_else(|error| panic!("{error}\n{text}"));
    let kernel = &module.kernels[0];
    let region = kernel.host.iter().find_map(|node| match node {
        HostNode::Region(region) => Some(region),
        _ => None,
    });
    let region = region.expect("the kernel has a region");
    let lanes = analyse(region)?;
    let text = print_lanes(kernel, &region.code, &lanes);
    Ok((lanes, text))
}

fn lanes(more: &str, body: &str) -> LaneLoop {
    analysed(more, body).unwrap_or_else(|refusal| panic!("{refusal}")).0
}

const ITERATE: &str = "v3: i32 = const 0 set %c = v3
    v4: f32 = load @x [v0] set %z = v4
    loop { v5: f32 = get %z v6: f32 = const 4.0 v7: bool = lt v5 v6
           v8: i32 = get %c v9: bool = lt v8 v1 v10: bool = and v7 v9
           } while v10 {
             v11: f32 = get %z v12: f32 = mul v11 v11 set %z = v12
             v13: i32 = get %c v14: i32 = add v13 v2 set %c = v14 }
    v15: i32 = get %c store @a [v0] = v15";

/// What is read in a divergent loop alone is not kept for lanes that have left; what is read
/// after it is.
#[test]
fn a_divergent_loop_keeps_what_is_read_after_it() {
    let (_, text) = analysed("var %c: i32 var %z: f32", ITERATE).unwrap();
    insta::assert_snapshot!(text, @"
    while v0 is inside axis 0 of @x
    while v0 is inside axis 0 of @a
    lanes {
      v0: i32 affine 1 = get %i
      v1: i32 uniform = host %n
      v2: i32 uniform = const 1
      v3: i32 uniform = const 0
      set %c = v3
      v4: f32 varying = load @x [v0] contiguous
      set %z = v4
      loop parts {
        v5: f32 varying = get %z
        v6: f32 uniform = const 4.0
        v7: bool varying = lt v5 v6
        v8: i32 varying = get %c
        v9: bool varying = lt v8 v1
        v10: bool varying = and v7 v9
        while v10
        v11: f32 varying = get %z
        v12: f32 varying = mul v11 v11
        set %z = v12
        v13: i32 varying = get %c
        v14: i32 varying = add v13 v2
        set %c = v14 kept
      }
      v15: i32 varying = get %c
      store @a [v0] = v15 contiguous
    }
    ");
}

#[test]
fn wrapped_and_clamped_neighbours_stay_affine() {
    let form = lanes(
        "",
        "v3: i32 = add v0 v2 v4: i32 = rem_floor v3 v1 v5: i32 = load @b [v4]
         v6: i32 = sub v0 v2 v7: i32 = const 0 v8: i32 = max v6 v7 v9: i32 = load @b [v8]
         v10: i32 = add v5 v9 store @a [v0] = v10",
    );
    for value in [4, 8] {
        assert_eq!(form.shape(ValueId(value)), Shape::Affine(1), "v{value}");
    }
    assert!(form.guards.contains(&Guard::SamePeriod { value: ValueId(4) }), "{:?}", form.guards);
    let chosen = Guard::Chosen { value: ValueId(8), chosen: ValueId(6) };
    assert!(form.guards.contains(&chosen), "{:?}", form.guards);
    assert!(form.repeatable);
}

#[test]
fn a_literal_period_shorter_than_a_span_is_not_taken_for_granted() {
    let form = lanes("", "v3: i32 = const 3 v4: i32 = rem_floor v0 v3 store @a [v0] = v4");
    assert_eq!(form.shape(ValueId(4)), Shape::Varying);
    assert!(form.guards.iter().all(|guard| !matches!(guard, Guard::SamePeriod { .. })));
}

/// A branch on a comparison with the index is uniform while the comparison stays as it is; one on
/// an element parts lanes.
#[test]
fn branches_on_the_index_do_not_part_lanes() {
    let on = |cond: &str| {
        let form = lanes("", &format!("{cond} if v4 {{ store @a [v0] = v2 }}"));
        let flow = form.body.iter().find_map(|stmt| match stmt {
            LaneStmt::If { flow, .. } => Some(*flow),
            _ => None,
        });
        flow.expect("there is a branch")
    };
    assert_eq!(on("v3: i32 = const 9 v4: bool = lt v0 v3"), super::Flow::Uniform);
    assert_eq!(on("v3: i32 = load @b [v0] v4: bool = lt v3 v2"), super::Flow::Divergent);
}

/// The counter of a loop with one bound for all is one scalar, however lanes leave the loop; a
/// variable that is set in it and read after it varies.
#[test]
fn uniform_counters_under_masks() {
    let form = lanes(
        "var %k: i32 var %last: i32",
        "v3: i32 = const 0 set %last = v3
         for %k = v3 to v1 step 1 {
           v4: i32 = get %k v5: i32 = load @b [v4] v6: i32 = add v5 v0 v7: bool = gt v6 v1
           if v7 { break }
           v8: i32 = get %k set %last = v8 }
         v9: i32 = get %last store @a [v0] = v9",
    );
    assert_eq!(form.shape(ValueId(4)), Shape::Uniform, "the counter");
    assert_eq!(form.shape(ValueId(9)), Shape::Varying, "what is left of it");
}

#[test]
fn what_cannot_be_run_again_is_refused() {
    // The second element's index may be outside after the first was counted.
    let twice = "v3: u32 = const 1 v4: i32 = load @b [v0]
        v5: u32 = atomic add @h [v4] (v3) v6: i32 = add v4 v2 v7: u32 = atomic add @h [v6] (v3)";
    assert_eq!(analysed("", twice).map(|_| ()), Err(Refusal::NotRepeatable));
    let once = "v3: u32 = const 1 v4: i32 = load @b [v0] v5: u32 = atomic add @h [v4] (v3)";
    assert!(!lanes("", once).repeatable);
    // A maximum taken twice is the same maximum.
    assert!(lanes("", &twice.replace("atomic add", "atomic max")).repeatable);
    let shown = "v3: u32 = const 1 v4: u32 = atomic add @h [v0] (v3) v5: u32 = neg v4";
    assert_eq!(analysed("", shown).map(|_| ()), Err(Refusal::OrderDependent));
}

/// The first counted loop of a kernel of one region over `%i`.
fn inner(more: &str, before: &str, parallel: &str, body: &str) -> Result<String, Refusal> {
    let body =
        format!("{before} for %j = v0 to v1 step 1 {parallel} {{ v3: i32 = get %j {body} }}");
    let text = text(&format!("var %j: i32 var %t: i32 var %f: f32 {more}"), &body);
    let module = validate(parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}")));
    let module = module.unwrap_or_else(|error| panic!("{error}\n{text}"));
    let kernel = &module.kernels[0];
    let region = kernel.host.iter().find_map(|node| match node {
        HostNode::Region(region) => Some(region),
        _ => None,
    });
    let code = &region.expect("the kernel has a region").code;
    let stmt = code.body.iter().find(|stmt| matches!(stmt, crate::Stmt::For { .. }));
    let form = super::analyse_loop(code, stmt.expect("the body has a loop"))?;
    Ok(print_lanes(kernel, code, &form))
}

/// What comes from outside of an inner loop is uniform, its scratch arrays are all lanes' own.
#[test]
fn a_loop_of_scalar_code() {
    let text = inner(
        "scratch $c: f32[64] reduce r0 = add f32 loop %f",
        "v9: f32 = const 0.0 set %f = v9 clear $c",
        "parallel (r0)",
        "v4: f32 = load @x [v3] v5: f32 = load @x [v0] v6: f32 = load $c [v3]
         v7: f32 = mul v4 v5 store $c [v3] = v7 v8: f32 = add v6 v7 reduce r0 v8",
    );
    insta::assert_snapshot!(text.unwrap(), @"
    while v3 is inside axis 0 of @x
    while v0 is inside axis 0 of @x
    lanes {
      v3: i32 affine 1 = get %j
      v4: f32 varying = load @x [v3] contiguous
      v5: f32 uniform = load @x [v0]
      v6: f32 varying = load $c [v3] contiguous
      v7: f32 varying = mul v4 v5
      store $c [v3] = v7
      v8: f32 varying = add v6 v7
      reduce r0 v8
    }
    ");
}

/// Iterations in order are independent if each has its own elements.
#[test]
fn loops_in_order() {
    let found = |body: &str| inner("", "", "", body).map(|_| ());
    let own = "v4: i32 = load @a [v3] v5: i32 = add v4 v2 store @a [v3] = v5";
    assert_eq!(found(own), Ok(()));
    // Set and read in the same iteration.
    assert_eq!(
        found("set %t = v3 v4: i32 = get %t v5: i32 = load @b [v4] store @a [v3] = v5"),
        Ok(())
    );
    let next = "v4: i32 = add v3 v2 v5: i32 = load @a [v4] store @a [v3] = v5";
    assert_eq!(found(next), Err(Refusal::Dependent));
    let same = "v4: i32 = load @b [v3] store @a [v0] = v4";
    assert_eq!(found(same), Err(Refusal::Dependent));
    let scattered = "v4: i32 = load @b [v3] store @a [v4] = v3";
    assert_eq!(found(scattered), Err(Refusal::Dependent));
    assert_eq!(inner("", "", "parallel ()", scattered).map(|_| ()), Ok(()));
}

/// An element at `j - k` is another lane's at another turn of the loop over `k`.
#[test]
fn an_index_that_changes_inside_an_iteration_is_not_its_own() {
    let body = "v4: i32 = const 3 for %k = v2 to v4 step 1 {
        v5: i32 = get %k v6: i32 = sub v3 v5 store @a [v6] = v3 }";
    assert_eq!(inner("var %k: i32", "", "", body), Err(Refusal::Dependent));
}

#[test]
fn inner_loops_that_stay_scalar() {
    let found = |more: &str, before: &str, body: &str| inner(more, before, "", body).map(|_| ());
    let sum = "v5: i32 = get %t v6: i32 = add v5 v3 set %t = v6";
    let carried = Err(Refusal::Carried { name: "t".to_owned() });
    assert_eq!(found("", "v4: i32 = const 0 set %t = v4", sum), carried);
    let first = "v4: i32 = load @b [v3] v5: bool = lt v4 v2 if v5 { break } store @a [v3] = v4";
    assert_eq!(found("", "", first), Err(Refusal::Leaves));
    let counted = "v4: u32 = const 1 v5: u32 = atomic add @h [v3] (v4)";
    assert_eq!(found("", "", counted), Err(Refusal::InnerAtomics));
    let own = "clear $c store $c [v2] = v3 v4: i32 = load $c [v2] store @a [v3] = v4";
    assert_eq!(found("scratch $c: i32[4]", "", own), Err(Refusal::InnerScratch));
    let outer = "v4: f32 = load @x [v3] reduce r0 v4";
    assert_eq!(found("reduce r0 = add f32 region %s", "", outer), Err(Refusal::OuterReduction));
    // The division may fail after an element was changed that would be read again.
    let late = "v4: i32 = load @a [v3] v5: i32 = add v4 v2 store @a [v3] = v5
        v6: i32 = div_floor v2 v4 store @b [v3] = v6";
    assert_eq!(found("", "", late), Err(Refusal::NotRepeatable));
}
