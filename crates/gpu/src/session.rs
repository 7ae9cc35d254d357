//! Buffers, pipelines and recorded steps on one device, with the time that each purpose took.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use crate::{
    adapters::AdapterKind,
    clock::Clock,
    device::Device,
    encode::GroupKey,
    error::GpuError,
    memory,
    phases::Phases,
    pipeline::{Pipelines, check_args},
    plan::{Arg, BufferId, Dispatch, Init, Pace, PipelineId, Plan, Shader, Step},
    readback::map_and_read,
    uniforms::Uniforms,
};

/// Bytes that move between host and device at a time: bounds the memory that a transfer takes on
/// top of the buffer.
const TRANSFER: usize = 64 << 20;

/// Buffers, pipelines and steps of one computation on a device.
///
/// Steps are recorded by [`Session::record`] and submitted in batches; [`Session::sync`] waits
/// for them. Uploads and downloads keep their place in the order of the steps. After any error of
/// a device ([`GpuError::Timeout`], [`GpuError::Lost`]) the session is of no more use.
#[derive(Debug)]
pub struct Session {
    pub(crate) device: Device,
    pub(crate) buffers: Vec<Option<Buffer>>,
    pub(crate) pipelines: Pipelines,
    pub(crate) groups: HashMap<GroupKey, wgpu::BindGroup>,
    pub(crate) uniforms: Uniforms,
    pub(crate) pending: Vec<Step>,
    pub(crate) pending_dispatches: u32,
    pub(crate) pace: Pace,
    pub(crate) batch: u32,
    pub(crate) in_flight: VecDeque<InFlight>,
    pub(crate) last_done: Option<Instant>,
    pub(crate) clock: Option<Clock>,
    pub(crate) phases: Phases,
    /// Since when the device has work, and the encoding time up to then.
    pub(crate) busy: Option<(Instant, Duration)>,
    pub(crate) uploads_pending: bool,
    staging: Option<wgpu::Buffer>,
    live_bytes: u64,
}

/// A buffer with its size as asked for; the device's may be up to 15 bytes larger.
#[derive(Debug)]
pub(crate) struct Buffer {
    pub(crate) name: String,
    pub(crate) raw: wgpu::Buffer,
    pub(crate) bytes: u64,
}

impl Buffer {
    /// What a binding shows: the bytes in whole words, so that `arrayLength` is that of the array
    /// for 4-byte elements, or 16 bytes of an empty buffer, since a binding cannot be empty.
    pub(crate) fn bound_bytes(&self) -> u64 {
        if self.bytes == 0 { 16 } else { self.bytes.next_multiple_of(4) }
    }
}

/// A submission that nobody has waited for.
#[derive(Debug)]
pub(crate) struct InFlight {
    pub(crate) index: wgpu::SubmissionIndex,
    pub(crate) submitted: Instant,
    pub(crate) dispatches: u32,
}

/// A [`Plan`] on a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// One per entry of [`Plan::buffers`].
    pub buffers: Vec<BufferId>,
    /// One per entry of [`Plan::shaders`].
    pub pipelines: Vec<PipelineId>,
    /// The plan's steps with the session's ids.
    pub steps: Vec<Step>,
}

impl Session {
    /// A session with nothing in it. Timestamps are taken if the device can.
    ///
    /// # Errors
    /// [`GpuError`] if the device is lost or has no memory for the timestamps.
    pub fn new(device: &Device, pace: Pace) -> Result<Session, GpuError> {
        device.check()?;
        Ok(Session {
            clock: Clock::new(device)?,
            device: device.clone(),
            buffers: Vec::new(),
            pipelines: Pipelines::default(),
            groups: HashMap::new(),
            uniforms: Uniforms::default(),
            pending: Vec::new(),
            pending_dispatches: 0,
            batch: pace.first_batch.clamp(1, pace.max_batch.max(1)),
            pace,
            in_flight: VecDeque::new(),
            last_done: None,
            phases: Phases::default(),
            busy: None,
            uploads_pending: false,
            staging: None,
            live_bytes: 0,
        })
    }

    /// The device.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Makes a buffer of zeros that shaders may bind as storage. Sizes need not be multiples of
    /// anything; an empty buffer can be bound too.
    ///
    /// # Errors
    /// [`GpuError::LimitExceeded`] if one binding cannot show all of it,
    /// [`GpuError::OutOfMemory`] if the driver or, for drivers that use the machine's memory, the
    /// operating system has not enough.
    pub fn create_buffer(&mut self, name: &str, bytes: u64) -> Result<BufferId, GpuError> {
        let start = Instant::now();
        // Any element type, f64 vectors included, fits at least once.
        let size = bytes.max(1).checked_next_multiple_of(16).unwrap_or(u64::MAX);
        let limits = &self.device.info().limits;
        for (what, limit) in [
            ("the size of a buffer in bytes", limits.max_buffer_size),
            ("the size of a storage binding in bytes", limits.max_storage_binding),
        ] {
            if bytes > limit || size > limits.max_buffer_size {
                return Err(GpuError::LimitExceeded { what, needed: bytes, limit });
            }
        }
        self.check_memory(size)?;
        let raw = self.device.scoped(bytes, || {
            self.device.raw.create_buffer(&wgpu::BufferDescriptor {
                label: Some(name),
                size,
                usage: wgpu::BufferUsages::STORAGE
                    | wgpu::BufferUsages::COPY_SRC
                    | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            })
        })?;
        self.live_bytes += size;
        self.buffers.push(Some(Buffer { name: name.to_owned(), raw, bytes }));
        self.phases.allocate += start.elapsed();
        Ok(BufferId(self.buffers.len() - 1))
    }

    /// Whether the machine has the memory, where the device takes it from there. Buffers that
    /// were made but not yet touched do not show in what the system calls available.
    fn check_memory(&self, size: u64) -> Result<(), GpuError> {
        let shared = match self.device.info().kind {
            AdapterKind::Software | AdapterKind::Integrated => true,
            AdapterKind::Discrete | AdapterKind::Virtual | AdapterKind::Other => false,
        };
        if !shared {
            return Ok(());
        }
        match memory::available() {
            Some(available) if size.saturating_add(self.untouched()) > available => {
                Err(GpuError::OutOfMemory { bytes: size, available: Some(available) })
            }
            _ => Ok(()),
        }
    }

    /// Bytes of buffers that no submission can have touched yet.
    fn untouched(&self) -> u64 {
        if self.phases.submissions == 0 && !self.uploads_pending { self.live_bytes } else { 0 }
    }

    /// Gives a buffer back. Recorded steps that use it still run.
    ///
    /// # Errors
    /// [`GpuError::UnknownBuffer`], or what [`Session::flush`] returns.
    pub fn release(&mut self, id: BufferId) -> Result<(), GpuError> {
        self.buffer(id)?;
        self.flush()?;
        if let Some(buffer) = self.buffers[id.0].take() {
            self.live_bytes -= buffer.raw.size();
        }
        self.groups.retain(|key, _| !key.uses(id));
        Ok(())
    }

    /// Size of a buffer in bytes, as it was asked for.
    ///
    /// # Errors
    /// [`GpuError::UnknownBuffer`].
    pub fn buffer_bytes(&self, id: BufferId) -> Result<u64, GpuError> {
        Ok(self.buffer(id)?.bytes)
    }

    pub(crate) fn buffer(&self, id: BufferId) -> Result<&Buffer, GpuError> {
        self.buffers.get(id.0).and_then(Option::as_ref).ok_or(GpuError::UnknownBuffer(id))
    }

    /// Compiles an entry point, or finds it compiled.
    ///
    /// # Errors
    /// [`GpuError::ShaderCompile`] with the compiler's messages; [`GpuError::Validation`] if the
    /// bindings are not those of the shader; [`GpuError::LimitExceeded`].
    pub fn pipeline(&mut self, shader: &Shader) -> Result<PipelineId, GpuError> {
        let start = Instant::now();
        let id = self.pipelines.compile(&self.device, shader);
        self.phases.compile += start.elapsed();
        id
    }

    /// Fills a buffer from the host, after every step recorded so far.
    ///
    /// # Errors
    /// [`GpuError::Range`] unless there are as many bytes as the buffer has; any error of the
    /// device.
    pub fn upload(&mut self, id: BufferId, bytes: &[u8]) -> Result<(), GpuError> {
        self.flush()?;
        let buffer = self.buffer(id)?;
        if bytes.len() as u64 != buffer.bytes {
            return Err(GpuError::Range {
                buffer: buffer.name.clone(),
                offset: 0,
                bytes: bytes.len() as u64,
                size: buffer.bytes,
            });
        }
        let start = Instant::now();
        let raw = buffer.raw.clone();
        let whole = bytes.len() - bytes.len() % 4;
        let mut offset = 0_u64;
        for part in bytes[..whole].chunks(TRANSFER) {
            self.device
                .scoped(part.len() as u64, || self.device.queue.write_buffer(&raw, offset, part))?;
            offset += part.len() as u64;
            self.uploads_pending = true;
            if part.len() == TRANSFER {
                // Lets go of the interface's own copy before the next is made.
                self.device.queue.submit([]);
                self.device.wait(None)?;
            }
        }
        if whole < bytes.len() {
            let mut word = [0_u8; 4];
            word[..bytes.len() - whole].copy_from_slice(&bytes[whole..]);
            self.device.scoped(4, || self.device.queue.write_buffer(&raw, whole as u64, &word))?;
            self.uploads_pending = true;
        }
        self.phases.upload += start.elapsed();
        Ok(())
    }

    /// Waits until uploads are on the device, so that their time is not taken for the dispatch's.
    pub(crate) fn finish_uploads(&mut self) -> Result<(), GpuError> {
        if std::mem::take(&mut self.uploads_pending) && self.busy.is_none() {
            let start = Instant::now();
            self.device.scoped(0, || self.device.queue.submit([]))?;
            self.device.wait(None)?;
            self.phases.upload += start.elapsed();
        }
        Ok(())
    }

    /// The bytes of a buffer, after every step recorded so far.
    ///
    /// # Errors
    /// Any error of the device, this call's or that of the work before.
    pub fn download(&mut self, id: BufferId) -> Result<Vec<u8>, GpuError> {
        self.sync()?;
        let start = Instant::now();
        let buffer = self.buffer(id)?;
        let (source, length) = (buffer.raw.clone(), buffer.bytes);
        let length = usize::try_from(length)
            .map_err(|_| GpuError::OutOfMemory { bytes: length, available: None })?;
        let mut bytes = vec![0_u8; length];
        let staging = self.staging(length.min(TRANSFER))?;
        let mut offset = 0_u64;
        for part in bytes.chunks_mut(TRANSFER) {
            let padded = (part.len() as u64).next_multiple_of(4);
            self.device.scoped(0, || {
                let mut encoder = self.device.raw.create_command_encoder(&Default::default());
                encoder.copy_buffer_to_buffer(&source, offset, &staging, 0, padded);
                self.device.queue.submit([encoder.finish()]);
            })?;
            map_and_read(&self.device, &staging, part)?;
            offset += part.len() as u64;
        }
        self.phases.readback += start.elapsed();
        Ok(bytes)
    }

    /// A staging buffer of at least so many bytes, kept for the next time.
    fn staging(&mut self, bytes: usize) -> Result<wgpu::Buffer, GpuError> {
        let size = (bytes as u64).max(4096).next_power_of_two();
        if let Some(kept) = self.staging.as_ref().filter(|kept| kept.size() >= size) {
            return Ok(kept.clone());
        }
        self.check_memory(size)?;
        let made = self.device.scoped(size, || {
            self.device.raw.create_buffer(&wgpu::BufferDescriptor {
                label: Some("staging"),
                size,
                usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
                mapped_at_creation: false,
            })
        })?;
        Ok(self.staging.insert(made).clone())
    }

    /// Records a step; submits when enough have gathered.
    ///
    /// # Errors
    /// [`GpuError`] if the step names what does not exist, reaches out of a buffer, brings other
    /// arguments than its pipeline binds, or has a grid over the adapter's limit
    /// ([`crate::split_grid`] and [`crate::fold_grid`] help); any error of the device.
    pub fn record(&mut self, step: Step) -> Result<(), GpuError> {
        match &step {
            Step::Dispatch(dispatch) => {
                self.check_dispatch(dispatch)?;
                if dispatch.grid.contains(&0) {
                    return Ok(());
                }
                self.pending_dispatches += 1;
            }
            Step::Copy { from, from_offset, to, to_offset, bytes } => {
                self.check_range(*from, *from_offset, *bytes)?;
                self.check_range(*to, *to_offset, *bytes)?;
            }
            Step::Clear { buffer } => {
                self.buffer(*buffer)?;
            }
        }
        self.pending.push(step);
        // Copies and clears count too, lest they pile up without end.
        let gathered = self.pending_dispatches >= self.batch;
        if gathered || self.pending.len() >= 4 * self.pace.max_batch as usize {
            self.flush()?;
        }
        Ok(())
    }

    /// Records steps in order.
    ///
    /// # Errors
    /// As [`Session::record`].
    pub fn record_all(&mut self, steps: &[Step]) -> Result<(), GpuError> {
        steps.iter().try_for_each(|step| self.record(step.clone()))
    }

    fn check_dispatch(&self, dispatch: &Dispatch) -> Result<(), GpuError> {
        check_args(&self.pipelines.get(dispatch.pipeline)?.shader, dispatch)?;
        for arg in &dispatch.args {
            if let Arg::Buffer(id) = arg {
                self.buffer(*id)?;
            }
        }
        let limit = self.device.info().limits.max_groups_per_dimension;
        match dispatch.grid.iter().max() {
            Some(most) if *most > limit => Err(GpuError::LimitExceeded {
                what: "the number of workgroups along one axis",
                needed: u64::from(*most),
                limit: u64::from(limit),
            }),
            _ => Ok(()),
        }
    }

    /// A range may end inside the padding of the last word.
    fn check_range(&self, id: BufferId, offset: u64, bytes: u64) -> Result<(), GpuError> {
        let buffer = self.buffer(id)?;
        let end = buffer.bytes.next_multiple_of(4);
        let inside = offset.checked_add(bytes).is_some_and(|last| last <= end);
        if inside && offset.is_multiple_of(4) && bytes.is_multiple_of(4) {
            return Ok(());
        }
        let size = buffer.bytes;
        Err(GpuError::Range { buffer: buffer.name.clone(), offset, bytes, size })
    }

    /// Puts a plan on the device: makes its buffers, compiles its pipelines, uploads. Nothing
    /// runs until [`Session::record_all`] gets [`Loaded::steps`], as often as wanted.
    ///
    /// # Errors
    /// As the calls that it makes.
    pub fn load(&mut self, plan: &Plan) -> Result<Loaded, GpuError> {
        let mut loaded = Loaded { buffers: Vec::new(), pipelines: Vec::new(), steps: Vec::new() };
        for spec in &plan.buffers {
            let id = self.create_buffer(&spec.name, spec.bytes)?;
            if let Init::Bytes(bytes) = &spec.init {
                self.upload(id, bytes)?;
            }
            loaded.buffers.push(id);
        }
        for shader in &plan.shaders {
            loaded.pipelines.push(self.pipeline(shader)?);
        }
        for step in &plan.steps {
            loaded.steps.push(translate(step, &loaded)?);
        }
        Ok(loaded)
    }

    /// Number of bind groups in use: one per pipeline layout and set of buffers.
    pub fn bind_groups(&self) -> usize {
        self.groups.len()
    }

    /// Waits for all work, and returns the time that went into each purpose since the last call,
    /// or since the session began. Reading the timestamps is in none of the phases.
    ///
    /// # Errors
    /// Any error of the device.
    pub fn take_phases(&mut self) -> Result<Phases, GpuError> {
        self.sync()?;
        let mut phases = std::mem::take(&mut self.phases);
        if let Some(clock) = &mut self.clock {
            let reading = clock.collect(&self.device)?;
            let forward = reading.pairs.iter().filter(|(begin, end)| end > begin);
            let ticks: u64 = forward.clone().map(|(begin, end)| end - begin).sum();
            let sum = clock.span(ticks);
            let pairs = u32::try_from(reading.pairs.len()).unwrap_or(u32::MAX);
            let kept = u32::try_from(forward.count()).unwrap_or(u32::MAX);
            if sum > phases.dispatch {
                phases.discarded = pairs;
            } else {
                phases.discarded = pairs - kept;
                phases.device = (reading.missed == 0).then_some(sum);
            }
        }
        Ok(phases)
    }
}

fn translate(step: &Step, loaded: &Loaded) -> Result<Step, GpuError> {
    let buffer =
        |id: BufferId| loaded.buffers.get(id.0).copied().ok_or(GpuError::UnknownBuffer(id));
    Ok(match step {
        Step::Dispatch(dispatch) => Step::Dispatch(Dispatch {
            pipeline: *loaded
                .pipelines
                .get(dispatch.pipeline.0)
                .ok_or(GpuError::UnknownPipeline(dispatch.pipeline))?,
            args: dispatch
                .args
                .iter()
                .map(|arg| match arg {
                    Arg::Buffer(id) => buffer(*id).map(Arg::Buffer),
                    Arg::Uniform(bytes) => Ok(Arg::Uniform(bytes.clone())),
                })
                .collect::<Result<_, _>>()?,
            grid: dispatch.grid,
        }),
        Step::Copy { from, from_offset, to, to_offset, bytes } => Step::Copy {
            from: buffer(*from)?,
            from_offset: *from_offset,
            to: buffer(*to)?,
            to_offset: *to_offset,
            bytes: *bytes,
        },
        Step::Clear { buffer: id } => Step::Clear { buffer: buffer(*id)? },
    })
}
