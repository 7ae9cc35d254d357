//! Units in the IR's text form: every statement kind, inner parallel loops, several axes, and the
//! comments that lead back to the source.

mod common;

use std::collections::BTreeSet;

use common::checked;
use crossover_ir::{Kernel, Module, Source, Unit, VarId, parse, units};
use crossover_wgsl::{Features, Limits, Request, UnitShader, generate, reflect};

fn kernel(text: &str) -> Kernel {
    parse(text).unwrap_or_else(|error| panic!("{error}")).kernels.remove(0)
}

/// The shaders of all units of a kernel whose variables are all kept on the device.
fn shaders(kernel: &Kernel) -> Vec<UnitShader> {
    let kept: Vec<u32> = (0..kernel.vars.len() as u32).collect();
    units(kernel).into_iter().map(|unit| checked(kernel, &kept, unit)).collect()
}

#[test]
fn every_statement_kind_is_valid() {
    let everything = kernel(include_str!("../../ir/tests/modules/everything.ir"));
    let shaders = shaders(&everything);
    assert_eq!(shaders.len(), 2);
    let text: Vec<&str> = shaders.iter().map(|shader| shader.source.as_str()).collect();
    insta::assert_snapshot!(text.join("\n// ----\n\n"));
}

const THREE_AXES: &str = r#"
kernel three {
  array @v: f32[:]
  var %n: i32
  params (@v, %n)
  returns ()
  host {
    v0: i32 = const 0
    v1: i32 = get %n
    region {
      var %i: i32
      var %j: i32
      var %k: i32
      var %row: i32
      axis %i = v0 to v1 step 1 {
        v0: i32 = get %i
        v1: i32 = host %n
        v2: i32 = mul v0 v1
        set %row = v2
      }
      axis %j = v0 to v1 step 2 {
      }
      axis %k = v1 to v0 step -1
      body {
        v3: i32 = get %row
        v4: i32 = get %j
        v5: i32 = add v3 v4
        v6: i32 = get %k
        v7: i32 = add v5 v6
        v8: f32 = cast_nearest v7
        store @v [v7] = v8
      }
    }
    return ()
  }
}
"#;

#[test]
fn three_axes_and_their_prefixes() {
    let mut three = kernel(THREE_AXES);
    // The bounds are values of the host; only the code of the unit matters here.
    three.name = "three".to_owned();
    let unit = units(&three)[0];
    let shader = checked(&three, &[], unit);
    insta::assert_snapshot!(shader.source);
}

#[test]
fn comments_lead_back_to_the_source() {
    let text = "def f(v: f32[:]):\n    for i in prange(8):\n        v[i] = 1.0 # \u{2028}x\n";
    let at = text.find("v[i]").unwrap();
    let ir = format!(
        "source \"f.py\"\nkernel f {{\n array @v: f32[:]\n params (@v)\n returns ()\n host {{
  v0: i32 = const 0
  v1: i32 = const 8
  region !0:{}..{} {{ var %i: i32 axis %i = v0 to v1 step 1 body {{
    v0: i32 = get %i
    v1: f32 = const 1.0
    store @v [v0] = v1 !0:{at}..{}
  }} }}
  return ()
 }} }}",
        at - 9,
        at - 8,
        at + 4
    );
    let module: Module = parse(&ir).unwrap_or_else(|error| panic!("{error}"));
    let sources = [Source { path: "f.py".to_owned(), text: text.to_owned() }];
    let device_kept: BTreeSet<VarId> = BTreeSet::new();
    let request = Request {
        kernel: &module.kernels[0],
        sources: &sources,
        device_kept: &device_kept,
        features: Features::default(),
        limits: Limits::default(),
    };
    let unit: Unit<'_> = units(&module.kernels[0])[0];
    let shader = generate(&request, unit).unwrap();
    assert!(reflect(&shader.source).is_ok(), "{}", shader.source);
    let lines: Vec<&str> = shader.source.lines().collect();
    let comment = lines.iter().position(|line| line.contains("// line 3: v[i] = 1.0")).unwrap();
    assert_eq!(lines[comment + 1].trim(), "v[i] = 1.0f;");
    assert!(lines[0].ends_with("line 2."), "{}", lines[0]);
}
