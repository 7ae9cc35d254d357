//! Buffers, pipelines and recorded steps on one device, with the time that each purpose took.

use std::{
    collections::{HashMap, VecDeque},
    time::Instant,
};

use crate::{
    buffers::Buffer,
    clock::Clock,
    device::Device,
    encode::GroupKey,
    error::GpuError,
    memory,
    phases::Phases,
    pipeline::{Pipelines, aliased, check_args},
    plan::{Arg, BufferId, Dispatch, Init, Pace, PipelineId, Plan, Shader, Step},
    uniforms::{Uniforms, check_size},
};

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
    /// Since when the device has work.
    pub(crate) busy: Option<Instant>,
    pub(crate) uploads_pending: bool,
    pub(crate) staging: Option<wgpu::Buffer>,
    /// Bytes of all buffers, as promised to the caller.
    pub(crate) live_bytes: u64,
    /// Memory that the machine had to give when the session began.
    pub(crate) baseline: Option<u64>,
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
            baseline: memory::available(),
        })
    }

    /// The device.
    pub fn device(&self) -> &Device {
        &self.device
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

    /// Records a step; submits when enough have gathered.
    ///
    /// # Errors
    /// [`GpuError`] if the step names what does not exist, reaches out of a buffer, brings other
    /// arguments than its pipeline binds, binds one buffer twice and writes to it, or has a grid
    /// over the adapter's limit ([`crate::split_grid`] and [`crate::fold_grid`] help); any error of
    /// the device.
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
        let shader = &self.pipelines.get(dispatch.pipeline)?.shader;
        check_args(shader, dispatch)?;
        for arg in &dispatch.args {
            match arg {
                Arg::Buffer(id) => drop(self.buffer(*id)?),
                Arg::Uniform(bytes) => check_size(&self.device, bytes)?,
            }
        }
        if let Some((id, first, second)) = aliased(shader, dispatch) {
            let (entry, buffer) = (shader.entry.clone(), self.buffer(id)?.name.clone());
            return Err(GpuError::Aliased { entry, buffer, first, second });
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
