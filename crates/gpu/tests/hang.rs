//! Work that takes longer than the limit: an error in time, a device that is never used again, and
//! no waiting for it. Alone in its process, for the work goes on behind it.

mod common;

use std::time::{Duration, Instant};

use common::{launch, on_every_adapter, shader};
use crossover_gpu::{
    BindingKind::StorageReadWrite, Choice, Device, GpuError, Needs, Pace, Session, Step,
};

/// Wide, not endless: an endless loop is ended at once by drivers that bound loops.
const SPIN: &str = "
@group(0) @binding(0) var<storage, read_write> data: array<u32>;
@compute @workgroup_size(64)
fn spin(@builtin(global_invocation_id) id: vec3<u32>) {
    var x = id.x;
    for (var i = 0u; i < 2000u; i++) { x = x * 1664525u + 1013904223u; }
    if (id.x < 64u) { data[id.x] = x; }
}";

const LONG: Duration = Duration::from_millis(800);

/// Dispatches that together take at least [`LONG`], however fast the adapter.
fn long_work(session: &mut Session, step: &Step) -> u32 {
    let mut dispatches = 1;
    loop {
        let start = Instant::now();
        for _ in 0..dispatches {
            session.record(step.clone()).expect("the step is sound");
        }
        session.sync().expect("the limit is far");
        let took = start.elapsed();
        if took >= LONG {
            return dispatches;
        }
        let missing = LONG.as_secs_f64() / took.as_secs_f64().max(1e-3);
        dispatches = (f64::from(dispatches) * (1.3 * missing).clamp(1.5, 8.0)).ceil() as u32;
    }
}

#[test]
fn a_hang_is_an_error_in_time() {
    on_every_adapter("hang", |info, device| {
        // Everything in one submission: the session would cut long work into short pieces.
        let pace = Pace { target: 1000 * LONG, first_batch: 1 << 20, max_batch: 1 << 20 };
        let mut session = Session::new(&device, pace).expect("a fresh device");
        let spin = session.pipeline(&shader(SPIN, "spin", &[StorageReadWrite])).expect("right");
        let data = session.create_buffer("data", 256).expect("small");
        let groups = if info.is_software() { 256 } else { 65_535 };
        let step = launch(spin, &[data], [groups, 1, 1]);
        let dispatches = long_work(&mut session, &step);
        for _ in 0..dispatches {
            session.record(step.clone()).expect("the step is sound");
        }

        let limit = Duration::from_millis(100);
        device.set_wait_limit(limit);
        let start = Instant::now();
        assert_eq!(session.sync(), Err(GpuError::Timeout { limit }));
        let took = start.elapsed();
        assert!(took >= limit && took < LONG, "{took:?}");

        assert!(device.ended().is_some_and(|why| why.contains("0.100 s")));
        assert!(matches!(session.download(data), Err(GpuError::Lost { .. })));
        assert!(matches!(session.upload(data, &[0; 256]), Err(GpuError::Lost { .. })));
        assert!(matches!(Session::new(&device, Pace::default()), Err(GpuError::Lost { .. })));
        drop(session);
        drop(device);
        assert!(start.elapsed() < LONG, "letting go waited for the work");

        let again = Device::open(Choice::Slug(&info.slug), &Needs::default()).expect("a new one");
        assert_eq!(again.ended(), None);
    });
}
