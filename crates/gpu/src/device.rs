//! An open device: error scopes around every call, a limit on every wait, and an end state after
//! which nothing is used any more.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    adapters::{AdapterInfo, enumerate},
    error::{GpuError, OpenError},
};

/// What a caller cannot do without, and how long it will wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needs {
    /// 64-bit floats in shaders.
    pub f64: bool,
    /// Longest wait for the device before it is given up.
    pub wait_limit: Duration,
}

impl Default for Needs {
    fn default() -> Needs {
        Needs { f64: false, wait_limit: Duration::from_secs(20) }
    }
}

/// Which adapter to open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice<'a> {
    /// By [`AdapterInfo::slug`].
    Slug(&'a str),
    /// By [`AdapterInfo::index`].
    Index(usize),
}

/// An open device. Clones are handles of the same device.
///
/// After a timeout or a loss every call returns [`GpuError::Lost`]. Work that ran over its limit
/// cannot be stopped, and letting go of a device waits for its work; so after a timeout the
/// device is deliberately never let go of, and only the end of the process ends it.
#[derive(Clone, Debug)]
pub struct Device {
    pub(crate) raw: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    info: AdapterInfo,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    /// Why the device must not be used any more.
    ended: Mutex<Option<String>>,
    /// Errors that no scope caught.
    stray: Mutex<Vec<String>>,
    wait_limit: Mutex<Duration>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while one of these locks is held, and their contents are valid at any time.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Device {
    /// Opens an adapter with every useful feature that it has and its own limits.
    ///
    /// # Errors
    /// [`OpenError`] if there is no such adapter, if it lacks what `needs` asks for, or if the
    /// driver refuses.
    pub fn open(choice: Choice<'_>, needs: &Needs) -> Result<Device, OpenError> {
        let (adapter, info) = find(choice)?;
        if needs.f64 && !info.f64 {
            return Err(OpenError::Missing { slug: info.slug, feature: "64-bit floats" });
        }
        let useful =
            wgpu::Features::SHADER_F64 | wgpu::Features::TIMESTAMP_QUERY | wgpu::Features::SUBGROUP;
        // A software driver's memory is that of the machine: large blocks kept for later hurt.
        let memory_hints = if info.is_software() {
            wgpu::MemoryHints::MemoryUsage
        } else {
            wgpu::MemoryHints::Performance
        };
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("crossover"),
            required_features: adapter.features() & useful,
            required_limits: adapter.limits(),
            experimental_features: wgpu::ExperimentalFeatures::disabled(),
            memory_hints,
            trace: wgpu::Trace::Off,
        };
        let (raw, queue) = pollster::block_on(adapter.request_device(&descriptor))
            .map_err(|e| OpenError::Refused { slug: info.slug.clone(), message: chain(&e) })?;
        let state = Arc::new(State {
            ended: Mutex::new(None),
            stray: Mutex::new(Vec::new()),
            wait_limit: Mutex::new(needs.wait_limit),
        });
        watch(&raw, &state);
        Ok(Device { raw, queue, info, state })
    }

    /// The adapter behind this device.
    pub fn info(&self) -> &AdapterInfo {
        &self.info
    }

    /// Longest wait before the device is given up.
    pub fn wait_limit(&self) -> Duration {
        *lock(&self.state.wait_limit)
    }

    /// Changes the longest wait, for this device and its clones.
    pub fn set_wait_limit(&self, limit: Duration) {
        *lock(&self.state.wait_limit) = limit;
    }

    /// Why the device is not used any more, if it is not.
    pub fn ended(&self) -> Option<String> {
        lock(&self.state.ended).clone()
    }

    /// An error unless the device can be used.
    ///
    /// # Errors
    /// [`GpuError::Lost`] after a loss or a timeout; what the driver reported outside of any call
    /// since the last check, as [`GpuError::Driver`].
    pub fn check(&self) -> Result<(), GpuError> {
        if let Some(reason) = self.ended() {
            return Err(GpuError::Lost { reason });
        }
        let stray = std::mem::take(&mut *lock(&self.state.stray));
        if stray.is_empty() { Ok(()) } else { Err(GpuError::Driver { message: stray.join("; ") }) }
    }

    /// Runs calls of the interface and returns what went wrong in them. `bytes` is what they
    /// allocate, for the message.
    pub(crate) fn scoped<T>(&self, bytes: u64, calls: impl FnOnce() -> T) -> Result<T, GpuError> {
        self.check()?;
        let validation = self.raw.push_error_scope(wgpu::ErrorFilter::Validation);
        let memory = self.raw.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let internal = self.raw.push_error_scope(wgpu::ErrorFilter::Internal);
        let value = calls();
        let internal = pollster::block_on(internal.pop());
        let memory = pollster::block_on(memory.pop());
        let validation = pollster::block_on(validation.pop());
        let error = memory.or(internal).or(validation);
        if error.is_some() {
            // A lost device shows first as an error of whatever call came next; its own notice
            // arrives at the next poll.
            self.poll(wgpu::PollType::Poll)?.ok();
        }
        if let Some(reason) = self.ended() {
            return Err(GpuError::Lost { reason });
        }
        match error {
            None => Ok(value),
            Some(wgpu::Error::OutOfMemory { .. }) => {
                Err(GpuError::OutOfMemory { bytes, available: crate::memory::available() })
            }
            Some(error @ wgpu::Error::Validation { .. }) => {
                Err(GpuError::Validation { message: error.to_string() })
            }
            Some(error @ wgpu::Error::Internal { .. }) => {
                Err(GpuError::Driver { message: error.to_string() })
            }
        }
    }

    /// Waits until a submission, or everything submitted so far, is done.
    pub(crate) fn wait(&self, submission: Option<wgpu::SubmissionIndex>) -> Result<(), GpuError> {
        self.check()?;
        let limit = self.wait_limit();
        let poll = wgpu::PollType::Wait { submission_index: submission, timeout: Some(limit) };
        match self.poll(poll)? {
            Ok(_) => self.check(),
            Err(wgpu::PollError::Timeout) => {
                self.give_up(limit);
                Err(GpuError::Timeout { limit })
            }
            Err(wrong @ wgpu::PollError::WrongSubmissionIndex(..)) => {
                Err(GpuError::Validation { message: wrong.to_string() })
            }
        }
    }

    fn poll(
        &self,
        how: wgpu::PollType,
    ) -> Result<Result<wgpu::PollStatus, wgpu::PollError>, GpuError> {
        // The interface panics when a device dies during a poll. It holds nothing of ours then,
        // and the device is not used again.
        catch_unwind(AssertUnwindSafe(|| self.raw.poll(how))).map_err(|_| {
            let reason = "the driver failed during a wait".to_owned();
            let reason = lock(&self.state.ended).get_or_insert(reason).clone();
            GpuError::Lost { reason }
        })
    }

    fn give_up(&self, limit: Duration) {
        let reason = format!("given up after a wait of {:.3} s", limit.as_secs_f64());
        lock(&self.state.ended).get_or_insert(reason);
        // The last handle to be dropped would block until the work ends.
        std::mem::forget((self.raw.clone(), self.queue.clone()));
    }
}

fn find(choice: Choice<'_>) -> Result<(wgpu::Adapter, AdapterInfo), OpenError> {
    let mut all = enumerate();
    if all.is_empty() {
        return Err(OpenError::NoAdapter);
    }
    let position = all.iter().position(|(_, info)| match choice {
        Choice::Slug(slug) => info.slug == slug,
        Choice::Index(index) => info.index == index,
    });
    match position {
        Some(position) => Ok(all.swap_remove(position)),
        None => Err(OpenError::Unknown {
            asked: match choice {
                Choice::Slug(slug) => slug.to_owned(),
                Choice::Index(index) => index.to_string(),
            },
            known: all.into_iter().map(|(_, info)| info.slug).collect(),
        }),
    }
}

fn watch(raw: &wgpu::Device, state: &Arc<State>) {
    // Weak, so that the device and its callbacks do not keep each other alive.
    let weak = Arc::downgrade(state);
    raw.set_device_lost_callback(move |reason, message| {
        if let Some(state) = weak.upgrade() {
            lock(&state.ended).get_or_insert(format!("{reason:?}: {message}"));
        }
    });
    let weak = Arc::downgrade(state);
    raw.on_uncaptured_error(Arc::new(move |error| {
        if let Some(state) = weak.upgrade() {
            lock(&state.stray).push(error.to_string());
        }
    }));
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Pace, Session, adapters};

    /// Software drivers do not like company.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

    #[test]
    fn a_lost_device_answers_every_call_with_the_loss() {
        let _alone = lock(&ONE_AT_A_TIME);
        for info in adapters() {
            let device = Device::open(Choice::Slug(&info.slug), &Needs::default());
            let device = device.expect("an adapter that is listed can be opened");
            let mut session = Session::new(&device, Pace::default()).expect("a fresh device");
            let buffer = session.create_buffer("data", 64).expect("small");
            device.raw.destroy();
            // The first call may still find out by itself; none may succeed or panic.
            assert!(session.download(buffer).is_err());
            assert!(device.ended().is_some());
            let next = session.upload(buffer, &[0; 64]);
            assert!(matches!(next, Err(GpuError::Lost { .. })), "{next:?}");
            assert!(matches!(session.take_phases(), Err(GpuError::Lost { .. })));
        }
    }

    #[test]
    fn errors_outside_of_any_call_are_reported_at_the_next() {
        let _alone = lock(&ONE_AT_A_TIME);
        for info in adapters() {
            let device = Device::open(Choice::Index(info.index), &Needs::default());
            let device = device.expect("an adapter that is listed can be opened");
            let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::STORAGE;
            let _ = device.raw.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size: 4,
                usage,
                mapped_at_creation: false,
            });
            assert!(matches!(device.check(), Err(GpuError::Driver { .. })));
            assert_eq!(device.check(), Ok(()));
        }
    }
}
