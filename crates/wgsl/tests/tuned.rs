//! Hand-written shaders: what is reflected, what is refused and in which words, what the other
//! languages get.

use std::collections::BTreeSet;

use std::collections::BTreeMap;

use crossover_values::{DType, Param, ParamKind, Role, Signature};
use crossover_wgsl::{
    BindingError, Element, MemberFrom, PlanNames, Planned, ReflectedKind, ShaderError, Stored,
    Target, check_against, prelude, reflect, translate,
};

/// A diffusion step with a scratch buffer, generic in `real`.
const DIFFUSION: &str = "\
struct Params { height: u32, grid_1: u32, pad0: u32, pad1: u32, d: real, dt: real }
@group(0) @binding(3) var<uniform> params: Params;
@group(0) @binding(0) var<storage, read_write> grid: array<real>;
@group(0) @binding(1) var<storage, read_write> next: array<real>;
var<workgroup> tile: array<real, 64>;

@compute @workgroup_size(8, 8)
fn step(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let at = ((id.y * params.grid_1) + id.x);
    tile[lane] = grid[at];
    workgroupBarrier();
    if (id.y < params.height) {
        next[at] = (tile[lane] + ((params.d * params.dt) * grid[at]));
    }
}

@compute @workgroup_size(64)
fn clear(@builtin(global_invocation_id) id: vec3<u32>) {
    next[id.x] = real(0.0);
}
";

fn array(name: &str, dtype: DType, role: Role) -> Param {
    Param { name: name.to_owned(), kind: ParamKind::Array { dtype, rank: 2 }, role }
}

fn scalar(name: &str, dtype: DType) -> Param {
    Param { name: name.to_owned(), kind: ParamKind::Scalar(dtype), role: Role::In }
}

fn signature(real: DType) -> Signature {
    let params = vec![
        array("grid", real, Role::InOut),
        array("mask", DType::U8, Role::In),
        scalar("d", real),
        scalar("dt", real),
        scalar("flag", DType::Bool),
    ];
    Signature { params, returns: Vec::new() }
}

fn plan() -> PlanNames {
    let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>();
    PlanNames { scratch: set(&["next"]), uniforms: set(&["height"]) }
}

fn of(real: DType) -> String {
    format!("{}{DIFFUSION}", prelude(real, &BTreeMap::new()))
}

#[test]
fn a_generic_shader_binds_in_both_instances() {
    for real in [DType::F32, DType::F64] {
        let reflection = reflect(&of(real)).unwrap();
        assert_eq!(reflection.needs.f64, real == DType::F64);
        assert!(!reflection.needs.subgroups && !reflection.needs.f16);
        let bound = check_against(&reflection, &signature(real), &plan()).unwrap();
        let stored_as = if real == DType::F64 { Stored::F64 } else { Stored::Word32 };
        assert_eq!(bound.bindings[0].what, Planned::Param { param: 0, writable: true, stored_as });
        assert_eq!(bound.bindings[1].what, Planned::Scratch { writable: true });
        let Planned::Uniform { size, members } = &bound.bindings[2].what else {
            panic!("no uniform")
        };
        assert_eq!(*size as usize, 16 + 2 * real.size());
        let from: Vec<_> = members.iter().map(|member| member.from.clone()).collect();
        let expected = [
            MemberFrom::Plan,
            MemberFrom::Extent { param: 0, axis: 1 },
            MemberFrom::Padding,
            MemberFrom::Padding,
            MemberFrom::Scalar(2),
            MemberFrom::Scalar(3),
        ];
        assert_eq!(from, expected);
    }
}

#[test]
fn entry_points_say_what_they_use() {
    let reflection = reflect(&of(DType::F32)).unwrap();
    let [step, clear] = reflection.entry_points.as_slice() else { panic!("two entry points") };
    assert_eq!(
        (step.name.as_str(), step.workgroup_size, step.workgroup_bytes),
        ("step", [8, 8, 1], 256)
    );
    assert_eq!(step.uses, [(0, 3), (0, 0), (0, 1)]);
    assert_eq!((clear.workgroup_bytes, clear.uses.as_slice()), (0, [(0, 1)].as_slice()));
    let ReflectedKind::Storage { writable, element } = &reflection.bindings[0].kind else {
        panic!("no storage")
    };
    assert_eq!((*writable, element), (true, &Element::Plain(DType::F32)));
}

/// The error for the shader with one text replaced.
fn planted(find: &str, replacement: &str) -> BindingError {
    let source = of(DType::F32);
    assert!(source.contains(find), "{find}");
    let reflection = reflect(&source.replace(find, replacement)).expect("still a shader");
    check_against(&reflection, &signature(DType::F32), &plan()).expect_err("a planted error")
}

#[test]
fn planted_differences_are_named() {
    let declaration = "var<storage, read_write> grid: array<real>;";
    let unused = |name: &str, space: &str, ty: &str| {
        format!("{declaration} @group(0) @binding(7) var<{space}> {name}: {ty};")
    };
    let cases = [
        (declaration.to_owned(), unused("other", "storage", "array<f32>")),
        (declaration.to_owned(), unused("mask", "storage", "array<f32>")),
        (declaration.to_owned(), unused("mask", "storage, read_write", "array<u32>")),
        (declaration.to_owned(), unused("dt", "storage", "array<f32>")),
        (declaration.to_owned(), unused("more", "uniform", "vec4<u32>")),
        (
            declaration.to_owned(),
            format!("{declaration} @group(0) @binding(0) var<storage> mask: array<u32>;"),
        ),
        ("@group(0) @binding(1)".to_owned(), "@group(1) @binding(1)".to_owned()),
        ("grid".to_owned(), "next_".to_owned()),
        ("d: real".to_owned(), "d: u32".to_owned()),
        ("dt: real }".to_owned(), "dt: real, flag: f32 }".to_owned()),
        ("pad0: u32".to_owned(), "extra: u32".to_owned()),
        ("pad0: u32".to_owned(), "pad0: vec2<u32>".to_owned()),
    ];
    let mut text = String::new();
    for (find, replacement) in &cases {
        if find == "d: real" {
            // The expression would no longer type-check.
            let source = of(DType::F32)
                .replace("d: real, dt", "d: u32, dt")
                .replace("params.d *", "f32(params.d) *");
            let reflection = reflect(&source).unwrap();
            let error = check_against(&reflection, &signature(DType::F32), &plan()).unwrap_err();
            text.push_str(&format!("{error}\n"));
        } else {
            text.push_str(&format!("{}\n", planted(find, replacement)));
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn an_output_must_be_bound() {
    let source = "@compute @workgroup_size(1) fn main() {}";
    let reflection = reflect(source).unwrap();
    let error = check_against(&reflection, &signature(DType::F32), &plan()).unwrap_err();
    assert_eq!(error, BindingError::MissingOutput { name: "grid".to_owned() });
}

#[test]
fn errors_show_the_place_without_colour() {
    let parse = reflect("fn main() {\n    let x = ;\n}\n").unwrap_err();
    let invalid =
        reflect("fn f(x: i32) -> i32 {\n    if (x > 0i) { return 1i; }\n}\n").unwrap_err();
    let alias = reflect("@group(0) @binding(0) var<storage> a: array<real>;").unwrap_err();
    let ShaderError::Parse(snippet) = &parse else { panic!("{parse}") };
    assert_eq!(snippet.place, Some((2, 13)));
    assert!(matches!(invalid, ShaderError::Invalid(_)), "{invalid}");
    let text = format!("{parse}\n{invalid}\n{alias}");
    assert!(!text.contains('\u{1b}'));
    insta::assert_snapshot!(text);
}

#[test]
fn hostile_texts_are_errors() {
    let long = " ".repeat(crossover_wgsl::MAX_SOURCE + 1);
    assert!(matches!(reflect(&long), Err(ShaderError::TooLong { .. })));
    let deep = format!("fn f() {{ let x = {}1i{}; }}", "(".repeat(5000), ")".repeat(5000));
    assert!(matches!(reflect(&deep), Err(ShaderError::Parse(_))));
    let nested = format!("fn f() {{ {} {} }}", "if (true) {".repeat(5000), "}".repeat(5000));
    assert!(matches!(reflect(&nested), Err(ShaderError::Parse(_))));
}

#[test]
fn translations_hold_the_entry_point() {
    let source = of(DType::F32);
    let spirv = translate(&source, Target::SpirV, "clear").unwrap();
    assert!(spirv.contains("OpEntryPoint GLCompute") && spirv.contains("\"clear\""), "{spirv}");
    let msl = translate(&source, Target::Msl, "clear").unwrap();
    assert!(msl.contains("kernel void clear"), "{msl}");
    let hlsl = translate(&source, Target::Hlsl, "clear").unwrap();
    assert!(hlsl.contains("numthreads(64, 1, 1)"), "{hlsl}");
    let error = translate(&source, Target::Msl, "stop").unwrap_err();
    assert_eq!(error.to_string(), "the shader has no entry point `stop`; it has: step, clear");
    let error = translate(&of(DType::F64), Target::Msl, "clear").unwrap_err();
    assert!(matches!(error, ShaderError::Target { target: "MSL", .. }), "{error}");
}
