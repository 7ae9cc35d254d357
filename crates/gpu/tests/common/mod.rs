//! Runs a test on every adapter of the machine, one device at a time, and says on which.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crossover_gpu::{
    AdapterInfo, Arg, Binding, BindingKind, BufferId, Choice, Device, Dispatch, NO_DRIVER_CURE,
    Needs, OpenError, PipelineId, Shader, Step, adapters,
};

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Software drivers use every core: two devices at a time would only disturb each other's limits.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `body` with every adapter. Without any, the absence itself is the test: the list is empty
/// and the error names the cure.
pub(crate) fn on_every_adapter(name: &str, mut body: impl FnMut(&AdapterInfo, Device)) {
    let _alone = alone();
    let all = adapters();
    for info in &all {
        eprintln!("{name}: runs on {} ({})", info.slug, info.driver_info);
        let device = Device::open(Choice::Slug(&info.slug), &Needs::default());
        body(info, device.expect("an adapter that is listed can be opened"));
    }
    if all.is_empty() {
        let error = Device::open(Choice::Index(0), &Needs::default()).err();
        assert_eq!(error, Some(OpenError::NoAdapter));
        let text = OpenError::NoAdapter.to_string();
        assert!(text.contains(NO_DRIVER_CURE) && text.contains("apt-get install"), "{text}");
    }
    eprintln!("{name}: ran on {} adapters", all.len());
}

/// A shader with its bindings numbered from 0.
#[allow(dead_code, reason = "not every test file makes shaders")]
pub(crate) fn shader(source: &str, entry: &str, kinds: &[BindingKind]) -> Shader {
    let bindings = (0..).zip(kinds).map(|(slot, kind)| Binding { slot, kind: *kind }).collect();
    Shader { source: source.into(), entry: entry.into(), bindings, constants: Vec::new() }
}

/// A dispatch of buffers alone.
#[allow(dead_code, reason = "not every test file dispatches")]
pub(crate) fn launch(pipeline: PipelineId, buffers: &[BufferId], grid: [u32; 3]) -> Step {
    let args = buffers.iter().map(|id| Arg::Buffer(*id)).collect();
    Step::Dispatch(Dispatch { pipeline, args, grid })
}
