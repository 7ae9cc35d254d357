//! Kernels of the suite and small ones in the kernel language, from source to checked WGSL.

mod common;

use std::collections::BTreeMap;

use crossover_ir::{Unit, analysis, units};
use crossover_lang::{File, Options, Sources, compile};
use crossover_values::DType;
use crossover_wgsl::{
    Features, Grid, Limits, Request, Target, UnitShader, Unsupported, generate, reflect, translate,
};

/// The shaders of a kernel's units, each checked by naga and translated to SPIR-V.
fn shaders(text: &str, real: DType, features: Features) -> Vec<Result<UnitShader, Unsupported>> {
    let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
    let common = file("common.py", include_str!("../../suite/src/common.py"));
    let modules = BTreeMap::from([("common".to_owned(), common)]);
    let sources = Sources { main: file("kernel.py", text), modules };
    let options = Options { real: Some(real), ..Options::default() };
    let module = compile(&sources, &options).unwrap_or_else(|error| panic!("{error}"));
    let module = analysis::expand_inner_reductions(&module);
    let kernel = &analysis::for_gpu(&module.kernels[0]);
    let device_kept = analysis::device_kept(kernel);
    let request = Request {
        kernel,
        sources: &module.sources,
        device_kept: &device_kept,
        features,
        limits: Limits::default(),
    };
    let shader = |unit: Unit<'_>| {
        let shader = generate(&request, unit)?;
        if let Err(error) = reflect(&shader.source) {
            panic!("{error}\n{}", shader.source);
        }
        for entry in &shader.entry_points {
            let spirv = translate(&shader.source, Target::SpirV, &entry.name);
            assert!(spirv.is_ok(), "{spirv:?}");
        }
        Ok(shader)
    };
    units(kernel).into_iter().map(shader).collect()
}

/// The shader of a kernel's only region, in `f32`.
fn one(text: &str) -> UnitShader {
    let all = shaders(text, DType::F32, Features::default());
    let all = all.into_iter().map(|shader| shader.unwrap_or_else(|error| panic!("{error}")));
    let mut regions: Vec<UnitShader> = all.filter(|shader| shader.grid != Grid::Single).collect();
    assert_eq!(regions.len(), 1);
    regions.remove(0)
}

const JULIA: &str = include_str!("../../suite/src/kernels/julia/kernel.py");
const DIFFUSION: &str = include_str!("../../suite/src/kernels/diffusion2d/kernel.py");
const DARTS: &str = include_str!("../../suite/src/kernels/pi_darts/kernel.py");
const NORM: &str = include_str!("../../suite/src/kernels/norm2/kernel.py");

#[test]
fn julia() {
    insta::assert_snapshot!(one(JULIA).source);
}

#[test]
fn diffusion2d() {
    insta::assert_snapshot!(one(DIFFUSION).source);
}

#[test]
fn pi_darts() {
    let shader = one(DARTS);
    // The ten rounds are written out, so no loop is left to count.
    assert_eq!(shader.loop_budget.iterations, 16);
    insta::assert_snapshot!(shader.source);
}

#[test]
fn norm2() {
    insta::assert_snapshot!(one(NORM).source);
}

#[test]
fn f64_needs_the_adapter_and_says_so() {
    for text in [JULIA, DIFFUSION, NORM] {
        for shader in shaders(text, DType::F64, Features { f64: true }) {
            let shader = shader.unwrap_or_else(|error| panic!("{error}"));
            assert!(reflect(&shader.source).is_ok_and(|found| found.needs.f64));
        }
        let without = shaders(text, DType::F64, Features::default());
        for shader in without {
            let error = shader.expect_err("f64 without the feature");
            assert!(matches!(error, Unsupported::NeedsF64 { .. }), "{error}");
        }
    }
}

#[test]
fn histogram_by_atomics_over_bytes() {
    let shader = one("
from crossover import atomic_add, i32, prange, u8, u32

def histogram(bins: u32[:], data: u8[:]):
    for i in prange(data.shape[0]):
        atomic_add(bins, data[i], u32(1))
");
    insta::assert_snapshot!(shader.source);
}

#[test]
fn scratch_inner_prange_and_bytes() {
    let shader = one("
from crossover import array, f32, i32, prange, u8, u32

def smooth(out: u8[:], v: f32[:, :]):
    for row in prange(v.shape[0]):
        window = array(f32, 8)
        total = f32(0.0)
        for column in prange(v.shape[1]):
            window[column % 8] = v[row, column]
            total += v[row, column]
        best = window[0]
        for k in range(1, 8):
            best = max(best, window[k])
        if total > 0.0:
            out[row] = u32(best / total)
");
    insta::assert_snapshot!(shader.source);
}

#[test]
fn serial_sections_and_arguments() {
    let all = shaders(
        "
from crossover import i32, prange, real

def peak(v: real[:], where: i32[:]) -> real:
    best = v[0]
    at = 0
    for i in prange(v.shape[0]):
        if v[i] > best:
            best = v[i]
            at = i
    where[0] = at
    return best
",
        DType::F32,
        Features::default(),
    );
    let text: Vec<String> = all
        .into_iter()
        .map(|shader| shader.unwrap_or_else(|error| panic!("{error}")).source)
        .collect();
    insta::assert_snapshot!(text.join("\n// ----\n\n"));
}

/// Arrays, host scalars, loop variables, reductions and an argument of 64 bits.
const WIDE: &str = "
from crossover import i64, prange, u64

def wide(out: i64[:], scale: i64) -> tuple[u64, i64, i64]:
    total: u64 = 0
    best: i64 = -1
    at: i64 = -1
    for i in prange(i64(out.shape[0])):
        inner: i64 = 0
        for k in range(i64(0), scale, 3):
            inner += k % (i + 1)
        out[i] = inner * scale + out[i] // 16
        total += u64(inner)
        if inner > best:
            best = inner
            at = i
    return total, best, at
";

#[test]
fn wide_integers_are_pairs_of_words() {
    let shader = one(WIDE);
    assert!(reflect(&shader.source).is_ok_and(|found| !found.needs.int64));
    insta::assert_snapshot!(shader.source);
}

#[test]
fn what_is_not_wide_needs_no_library() {
    for text in [JULIA, DIFFUSION, DARTS, NORM] {
        let source = one(text).source;
        assert!(!source.contains("_u64") && !source.contains("_i64"), "{source}");
    }
}
