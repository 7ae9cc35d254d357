//! What the adapters of the machine answer, and what is known of two software drivers.

mod common;

use std::time::Duration;

use common::{on_every_adapter, shader};
use crossover_gpu::{
    Arg,
    BindingKind::{StorageReadWrite, Uniform},
    Device, Dispatch, Pace, Passport, Session, Step, Trips, passport,
};

#[test]
fn passports_are_issued_and_known_drivers_recognised() {
    on_every_adapter("passport", |info, device| {
        let passport = passport(&device).expect("the questions end");
        let broken: Vec<&str> = passport.broken().map(|c| c.name.as_str()).collect();
        assert!(passport.canaries.len() > 40);
        assert_eq!(passport.f64.is_some(), info.f64);
        // Far above the 0.2 s that it takes alone: other work may share the machine.
        assert!(passport.elapsed < Duration::from_secs(3), "{:?}", passport.elapsed);
        assert!(passport.timestamps.supported == info.timestamps);
        match info.slug.as_str() {
            "llvmpipe" => llvmpipe(info.f64, &passport, &broken),
            "swiftshader" => swiftshader(info.f64, &passport, &broken),
            _ => assert_eq!(passport.f32.samples, 256),
        }
    });
}

fn llvmpipe(f64: bool, passport: &Passport, broken: &[&str]) {
    assert!(f64);
    let loops = &passport.loops;
    assert_eq!((loops.budget, loops.counted, loops.nested), (Some(65_535), 65_535, 65_405));
    assert_eq!(loops.limit(Trips::Equal), Some(65_535));
    let shared = loops.limit(Trips::Varying).expect("there is a limit");
    assert!(shared <= 65_535 / 4, "{shared}");
    let loops_alone =
        broken.iter().all(|name| name.contains("loop") || name.contains("iterations"));
    assert!(loops_alone && broken.len() == 3, "{broken:?}");
}

fn swiftshader(f64: bool, passport: &Passport, broken: &[&str]) {
    assert!(!f64);
    assert_eq!(passport.loops.budget, None);
    assert_eq!(passport.loops.limit(Trips::Varying), None);
    assert!(passport.f32.is_strict(), "{:?}", passport.f32);
    assert!(broken.iter().all(|name| *name == "timestamps"), "{broken:?}");
}

const NEST: &str = "
struct Size { outer: u32, inner: u32 }
@group(0) @binding(0) var<storage, read_write> answer: array<u32>;
@group(0) @binding(1) var<uniform> size: Size;
@compute @workgroup_size(1)
fn nest() {
    var x = 1u;
    for (var o = 0u; o < size.outer; o++) {
        for (var i = 0u; i < size.inner; i++) { x = x * 1664525u + 1013904223u; }
    }
    answer[0] = x;
}";

/// Whether `outer` times `inner` steps really happen.
fn completes(device: &Device, outer: u32, inner: u32) -> bool {
    let mut session = Session::new(device, Pace::default()).expect("the device is well");
    let nest = shader(NEST, "nest", &[StorageReadWrite, Uniform]);
    let pipeline = session.pipeline(&nest).expect("the shader is right");
    let answer = session.create_buffer("answer", 4).expect("small");
    let size = [outer.to_ne_bytes(), inner.to_ne_bytes()].concat();
    let args = vec![Arg::Buffer(answer), Arg::Uniform(size)];
    let step = Dispatch { pipeline, args, grid: [1, 1, 1] };
    session.record(Step::Dispatch(step)).expect("the step is sound");
    let expected = (0..outer * inner)
        .fold(1_u32, |x, _| x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
    session.download(answer).expect("the work ends") == expected.to_ne_bytes()
}

/// The rule of [`crossover_gpu::Loops::limit`]: iterations of all loops, and one more per entry.
#[test]
fn a_nest_within_the_loop_budget_completes_and_one_beyond_does_not() {
    on_every_adapter("loop_budget", |info, device| {
        let limit = passport(&device).expect("the questions end").loops.limit(Trips::Equal);
        // 255 passes of an outer loop, each with 255 iterations and one entry: 65,535. The entry of
        // the outer loop itself is no longer missed, for nothing comes after it.
        for (inner, need) in [(254, 65_280), (255, 65_535), (256, 65_790)] {
            let expected = limit.is_none_or(|limit| need <= limit);
            assert_eq!(completes(&device, 255, inner), expected, "255 times {inner}");
        }
        assert!(info.slug != "llvmpipe" || !completes(&device, 255, 256));
    });
}
