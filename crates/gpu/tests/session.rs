//! Buffers, dispatches, copies and limits on every adapter of the machine.

mod common;

use std::time::Duration;

use common::{launch, on_every_adapter, shader};
use crossover_gpu::{
    Arg,
    BindingKind::{StorageRead, StorageReadWrite, Uniform},
    Dispatch, GpuError, Init, Pace, Plan, Session, Step,
};

const ADD: &str = "
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;
@compute @workgroup_size(64)
fn add(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x < arrayLength(&c)) { c[id.x] = a[id.x] + b[id.x]; }
}";

const SHIFT: &str = "
struct Params { n: u32, plus: u32 }
@group(0) @binding(0) var<storage, read> source: array<u32>;
@group(0) @binding(1) var<storage, read_write> target_: array<u32>;
@group(0) @binding(2) var<uniform> params: Params;
@compute @workgroup_size(64)
fn shift(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x < params.n) { target_[id.x] = source[(id.x + 1u) % params.n] + params.plus; }
}";

fn bytes_of<T: Copy>(values: &[T], to: impl Fn(T) -> [u8; 4]) -> Vec<u8> {
    values.iter().flat_map(|v| to(*v)).collect()
}

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(4).map(|w| u32::from_ne_bytes(w.try_into().expect("chunks of 4"))).collect()
}

#[test]
fn vector_add() {
    on_every_adapter("vector_add", |_, device| {
        let mut session = Session::new(&device, Pace::default()).expect("a fresh device");
        let n = 1000_u16;
        let a: Vec<f32> = (0..n).map(f32::from).collect();
        let b: Vec<f32> = (0..n).map(|i| 0.5 * f32::from(i)).collect();
        let mut plan = Plan::default();
        let init = |values: &[f32]| Init::Bytes(bytes_of(values, f32::to_ne_bytes));
        let buffers = [
            plan.buffer("a", 4000, init(&a)),
            plan.buffer("b", 4000, init(&b)),
            plan.buffer("c", 4000, Init::Zeros),
        ];
        let add = plan.pipeline(shader(ADD, "add", &[StorageRead, StorageRead, StorageReadWrite]));
        plan.steps.push(launch(add, &buffers, [16, 1, 1]));
        let loaded = session.load(&plan).expect("the plan is sound");
        session.record_all(&loaded.steps).expect("the steps are sound");
        let c = session.download(loaded.buffers[2]).expect("the work ends");
        let expected: Vec<f32> = a.iter().zip(&b).map(|(a, b)| a + b).collect();
        assert_eq!(c, bytes_of(&expected, f32::to_ne_bytes));
        let phases = session.take_phases().expect("the work has ended");
        assert_eq!((phases.dispatches, phases.passes, phases.submissions), (1, 1, 1));
        assert!(phases.named().iter().all(|(_, time)| !time.is_zero()), "{phases:?}");
        assert!(phases.device.is_none_or(|device| device <= phases.dispatch), "{phases:?}");
    });
}

#[test]
fn ping_pong_takes_two_bind_groups_and_few_uniforms() {
    on_every_adapter("ping_pong", |_, device| {
        // No wait is so long on any machine that the batches do not grow.
        let pace = Pace { first_batch: 7, target: Duration::from_secs(60), ..Pace::default() };
        let mut session = Session::new(&device, pace).expect("a fresh device");
        let n = 130_u32;
        let kinds = [StorageRead, StorageReadWrite, Uniform];
        let shift = session.pipeline(&shader(SHIFT, "shift", &kinds)).expect("the shader is right");
        let a = session.create_buffer("a", 4 * u64::from(n)).expect("small");
        let b = session.create_buffer("b", 4 * u64::from(n)).expect("small");
        let start: Vec<u32> = (0..n).map(|i| i * i).collect();
        session.upload(a, &bytes_of(&start, u32::to_ne_bytes)).expect("the size is right");
        let mut expected = start;
        let (mut old, mut new) = (a, b);
        for step in 0..100 {
            let plus = step % 3;
            let params = bytes_of(&[n, plus], u32::to_ne_bytes);
            let args = vec![Arg::Buffer(old), Arg::Buffer(new), Arg::Uniform(params)];
            let dispatch = Dispatch { pipeline: shift, args, grid: [3, 1, 1] };
            session.record(Step::Dispatch(dispatch)).expect("the step is sound");
            (old, new) = (new, old);
            expected.rotate_left(1);
            expected.iter_mut().for_each(|v| *v += plus);
        }
        let got = session.download(old).expect("the work ends");
        assert_eq!(words(&got), expected);
        assert_eq!(session.bind_groups(), 2);
        let phases = session.take_phases().expect("the work has ended");
        assert_eq!(phases.dispatches, 100);
        assert!((2..=8).contains(&phases.submissions), "{phases:?}");
    });
}

#[test]
fn copies_clears_and_odd_sizes_keep_their_order() {
    on_every_adapter("copies", |_, device| {
        let mut session = Session::new(&device, Pace::default()).expect("a fresh device");
        let a = session.create_buffer("a", 7).expect("small");
        let b = session.create_buffer("b", 8).expect("small");
        session.upload(a, &[1, 2, 3, 4, 5, 6, 7]).expect("the size is right");
        let copy = Step::Copy { from: a, from_offset: 4, to: b, to_offset: 0, bytes: 4 };
        session.record(copy).expect("inside both");
        session.record(Step::Clear { buffer: a }).expect("there");
        assert_eq!(session.download(b).expect("ends"), [5, 6, 7, 0, 0, 0, 0, 0]);
        session.upload(b, &[9; 8]).expect("the size is right");
        assert_eq!(session.download(a).expect("ends"), [0; 7]);
        assert_eq!(session.download(b).expect("ends"), [9; 8]);
        let empty = session.create_buffer("empty", 0).expect("small");
        session.upload(empty, &[]).expect("the size is right");
        assert_eq!(session.download(empty).expect("ends"), Vec::<u8>::new());
        session.release(a).expect("there");
        assert_eq!(session.download(a), Err(GpuError::UnknownBuffer(a)));
    });
}

#[test]
fn bad_requests_are_refused_and_do_no_harm() {
    on_every_adapter("bad_requests", |info, device| {
        let mut session = Session::new(&device, Pace::default()).expect("a fresh device");
        let limit = info.limits.max_storage_binding.min(info.limits.max_buffer_size);
        let over = session.create_buffer("over", limit + 1);
        assert!(
            matches!(over, Err(GpuError::LimitExceeded { needed, limit: l, .. }) if needed > l),
            "{over:?}"
        );
        let huge = session.create_buffer("huge", u64::MAX);
        assert!(matches!(huge, Err(GpuError::LimitExceeded { .. })), "{huge:?}");

        let text = match session.pipeline(&shader("fn f() { let x: u32 = 1.5; }", "f", &[])) {
            Err(GpuError::ShaderCompile { message }) => message,
            other => panic!("a wrong shader gave {other:?}"),
        };
        assert!(text.contains("u32") && text.contains("let x"), "{text}");
        let missing =
            session.pipeline(&shader(ADD, "sub", &[StorageRead, StorageRead, StorageReadWrite]));
        assert!(matches!(missing, Err(GpuError::Validation { .. })), "{missing:?}");
        let unbound = session.pipeline(&shader(ADD, "add", &[StorageRead, StorageRead]));
        assert!(matches!(unbound, Err(GpuError::Validation { .. })), "{unbound:?}");

        let kinds = [StorageRead, StorageRead, StorageReadWrite];
        let add = session.pipeline(&shader(ADD, "add", &kinds)).expect("the shader is right");
        let a = session.create_buffer("a", 64).expect("small");
        let c = session.create_buffer("c", 64).expect("small");
        let groups = info.limits.max_groups_per_dimension + 1;
        let wide = session.record(launch(add, &[a, a, c], [1, groups, 1]));
        assert!(matches!(wide, Err(GpuError::LimitExceeded { .. })), "{wide:?}");
        let few = session.record(launch(add, &[a, a], [1, 1, 1]));
        assert!(matches!(few, Err(GpuError::Arguments { index: 2, .. })), "{few:?}");
        let outside = Step::Copy { from: a, from_offset: 60, to: c, to_offset: 0, bytes: 8 };
        assert!(matches!(session.record(outside), Err(GpuError::Range { .. })));
        let short = session.upload(a, &[0; 60]);
        assert!(matches!(short, Err(GpuError::Range { .. })), "{short:?}");

        session.upload(a, &bytes_of(&[2.5_f32; 16], f32::to_ne_bytes)).expect("the size is right");
        session.record(launch(add, &[a, a, c], [1, 1, 1])).expect("the step is sound");
        let sums = session.download(c).expect("the device is as good as new");
        assert_eq!(sums, bytes_of(&[5.0_f32; 16], f32::to_ne_bytes));
        let aliased = session.record(launch(add, &[a, c, c], [1, 1, 1]));
        let both =
            GpuError::Aliased { entry: "add".into(), buffer: "c".into(), first: 1, second: 2 };
        assert_eq!(aliased, Err(both));
        // Which of the two calls submits depends on the pace.
        let within = Step::Copy { from: a, from_offset: 0, to: a, to_offset: 32, bytes: 4 };
        let within = session.record(within).and_then(|()| session.flush());
        assert!(matches!(within, Err(GpuError::Validation { .. })), "{within:?}");
    });
}

#[test]
fn memory_that_is_not_there_is_refused_by_software_adapters() {
    on_every_adapter("memory", |info, device| {
        if !info.is_software() || !cfg!(target_os = "linux") {
            return;
        }
        let mut session = Session::new(&device, Pace::default()).expect("a fresh device");
        let limit = info.limits.max_storage_binding.min(info.limits.max_buffer_size);
        // Nothing is touched: only the sum of what was promised grows.
        let refused = (0..4096).find_map(|i| session.create_buffer(&format!("b{i}"), limit).err());
        assert!(
            matches!(refused, Some(GpuError::OutOfMemory { available: Some(_), .. })),
            "{refused:?}"
        );
    });
}
