//! Recorded steps into command buffers and submissions, paced so that none holds the device long.

use std::time::Instant;

use crate::{
    clock::Clock,
    error::GpuError,
    plan::{Arg, BufferId, Dispatch, Step},
    session::{InFlight, Session},
};

/// What tells bind groups apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct GroupKey {
    layout: usize,
    args: Vec<GroupArg>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum GroupArg {
    Buffer(BufferId),
    Uniform { chunk: usize, bytes: u64 },
}

impl GroupKey {
    /// Whether the group binds a buffer.
    pub(crate) fn uses(&self, id: BufferId) -> bool {
        self.args.contains(&GroupArg::Buffer(id))
    }
}

/// A step with everything looked up.
enum Ready {
    Launch {
        pipeline: wgpu::ComputePipeline,
        group: wgpu::BindGroup,
        offsets: Vec<u32>,
        grid: [u32; 3],
    },
    Copy {
        from: wgpu::Buffer,
        from_offset: u64,
        to: wgpu::Buffer,
        to_offset: u64,
        bytes: u64,
    },
    Clear(wgpu::Buffer),
}

impl Session {
    /// Submits every recorded step. Does not wait for them, save that no more than two submissions
    /// are under way at a time.
    ///
    /// # Errors
    /// [`GpuError::Validation`] if a dispatch binds one buffer in ways that exclude each other;
    /// any error of the device. The recorded steps are gone then.
    pub fn flush(&mut self) -> Result<(), GpuError> {
        self.device.check()?;
        if self.pending.is_empty() {
            return Ok(());
        }
        self.finish_uploads()?;
        let steps = std::mem::take(&mut self.pending);
        let dispatches = std::mem::take(&mut self.pending_dispatches);
        let start = Instant::now();
        let mut ready = Vec::with_capacity(steps.len());
        for step in &steps {
            ready.push(self.ready(step)?);
        }
        self.device.scoped(0, || self.uniforms.upload(&self.device))?;
        let mark = self.clock.as_ref().map(Clock::mark);
        let done = self.submit(&ready, start);
        if let (Err(_), Some(clock), Some(mark)) = (&done, &mut self.clock, mark) {
            clock.rewind(mark);
        }
        let (index, submitted) = done?;
        self.phases.submissions += 1;
        self.phases.dispatches += u64::from(dispatches);
        self.in_flight.push_back(InFlight { index, submitted, dispatches });
        while self.in_flight.len() > 2 {
            self.await_oldest()?;
        }
        Ok(())
    }

    /// Encodes and submits, and says when it was submitted.
    fn submit(
        &mut self,
        ready: &[Ready],
        encoding_since: Instant,
    ) -> Result<(wgpu::SubmissionIndex, Instant), GpuError> {
        let commands = self.encode(ready)?;
        // While the device works, encoding costs nothing beside it.
        if self.busy.is_none() {
            self.phases.encode += encoding_since.elapsed();
        }
        let submitted = Instant::now();
        self.busy.get_or_insert(submitted);
        let index = self.device.scoped(0, || self.device.queue.submit([commands]))?;
        Ok((index, submitted))
    }

    /// Submits every recorded step and waits until all work is done.
    ///
    /// # Errors
    /// [`GpuError::Timeout`] if a submission takes longer than the device's limit; any error of
    /// the device.
    pub fn sync(&mut self) -> Result<(), GpuError> {
        self.flush()?;
        self.finish_uploads()?;
        while !self.in_flight.is_empty() {
            self.await_oldest()?;
        }
        if let Some(since) = self.busy.take() {
            self.phases.dispatch += since.elapsed();
        }
        self.uniforms.trim();
        Ok(())
    }

    /// Waits for one submission and learns from it how many dispatches the next may hold.
    fn await_oldest(&mut self) -> Result<(), GpuError> {
        let Some(oldest) = self.in_flight.pop_front() else { return Ok(()) };
        self.device.wait(Some(oldest.index))?;
        let now = Instant::now();
        let began = self.last_done.map_or(oldest.submitted, |done| done.max(oldest.submitted));
        self.last_done = Some(now);
        if oldest.dispatches > 0 {
            let each = (now - began).as_secs_f64() / f64::from(oldest.dispatches);
            let fitting = (self.pace.target.as_secs_f64() / each.max(1e-9)).min(1e9) as u32;
            let grown = self.batch.saturating_mul(4);
            self.batch = fitting.min(grown).clamp(1, self.pace.max_batch.max(1));
        }
        Ok(())
    }

    fn ready(&mut self, step: &Step) -> Result<Ready, GpuError> {
        Ok(match step {
            Step::Dispatch(dispatch) => self.ready_dispatch(dispatch)?,
            Step::Copy { from, from_offset, to, to_offset, bytes } => Ready::Copy {
                from: self.buffer(*from)?.raw.clone(),
                from_offset: *from_offset,
                to: self.buffer(*to)?.raw.clone(),
                to_offset: *to_offset,
                bytes: *bytes,
            },
            Step::Clear { buffer } => Ready::Clear(self.buffer(*buffer)?.raw.clone()),
        })
    }

    fn ready_dispatch(&mut self, dispatch: &Dispatch) -> Result<Ready, GpuError> {
        let mut offsets = Vec::new();
        let mut args = Vec::with_capacity(dispatch.args.len());
        for arg in &dispatch.args {
            args.push(match arg {
                Arg::Buffer(id) => GroupArg::Buffer(*id),
                Arg::Uniform(bytes) => {
                    let place = self.uniforms.place(&self.device, bytes)?;
                    offsets.push(place.offset);
                    GroupArg::Uniform { chunk: place.chunk, bytes: place.bytes }
                }
            });
        }
        let pipeline = self.pipelines.get(dispatch.pipeline)?;
        // Dynamic offsets go by the number of the binding, arguments by the caller's order.
        let slots = pipeline.shader.bindings.iter();
        let mut numbered: Vec<(u32, u32)> = slots
            .zip(&args)
            .filter(|(_, arg)| matches!(arg, GroupArg::Uniform { .. }))
            .map(|(binding, _)| binding.slot)
            .zip(offsets)
            .collect();
        numbered.sort_unstable();
        let raw = pipeline.raw.clone();
        let key = GroupKey { layout: pipeline.layout, args };
        let group = match self.groups.get(&key) {
            Some(group) => group.clone(),
            None => {
                let group = self.make_group(dispatch, &key)?;
                self.groups.insert(key, group.clone());
                group
            }
        };
        let offsets = numbered.into_iter().map(|(_, offset)| offset).collect();
        Ok(Ready::Launch { pipeline: raw, group, offsets, grid: dispatch.grid })
    }

    fn make_group(&self, dispatch: &Dispatch, key: &GroupKey) -> Result<wgpu::BindGroup, GpuError> {
        let pipeline = self.pipelines.get(dispatch.pipeline)?;
        let mut entries = Vec::with_capacity(key.args.len());
        for (binding, arg) in pipeline.shader.bindings.iter().zip(&key.args) {
            let (buffer, size) = match arg {
                GroupArg::Buffer(id) => {
                    let buffer = self.buffer(*id)?;
                    (&buffer.raw, buffer.bound_bytes())
                }
                GroupArg::Uniform { chunk, bytes } => (self.uniforms.buffer(*chunk), *bytes),
            };
            entries.push(wgpu::BindGroupEntry {
                binding: binding.slot,
                resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer,
                    offset: 0,
                    size: std::num::NonZeroU64::new(size),
                }),
            });
        }
        self.device.scoped(0, || {
            self.device.raw.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some(&pipeline.shader.entry),
                layout: &self.pipelines.layout(key.layout).group,
                entries: &entries,
            })
        })
    }

    /// Neighbouring launches share a pass: the interface orders their memory accesses, and
    /// timestamps bound passes.
    fn encode(&mut self, steps: &[Ready]) -> Result<wgpu::CommandBuffer, GpuError> {
        let launch = |step: &Ready| matches!(step, Ready::Launch { .. });
        let Session { device, clock, phases, .. } = self;
        device.scoped(0, || {
            let mut encoder = device.raw.create_command_encoder(&Default::default());
            for run in steps.chunk_by(|a, b| launch(a) && launch(b)) {
                if run.first().is_some_and(launch) {
                    phases.passes += 1;
                    let timestamp_writes = clock.as_mut().and_then(|clock| clock.pass());
                    let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                        label: None,
                        timestamp_writes,
                    });
                    run.iter().for_each(|step| encode_launch(&mut pass, step));
                } else {
                    run.iter().for_each(|step| encode_transfer(&mut encoder, step));
                }
            }
            encoder.finish()
        })
    }
}

fn encode_launch(pass: &mut wgpu::ComputePass<'_>, step: &Ready) {
    match step {
        Ready::Launch { pipeline, group, offsets, grid: [x, y, z] } => {
            pass.set_pipeline(pipeline);
            pass.set_bind_group(0, group, offsets);
            pass.dispatch_workgroups(*x, *y, *z);
        }
        Ready::Copy { .. } | Ready::Clear(_) => {}
    }
}

fn encode_transfer(encoder: &mut wgpu::CommandEncoder, step: &Ready) {
    match step {
        Ready::Copy { from, from_offset, to, to_offset, bytes } => {
            encoder.copy_buffer_to_buffer(from, *from_offset, to, *to_offset, *bytes);
        }
        Ready::Clear(buffer) => encoder.clear_buffer(buffer, 0, None),
        Ready::Launch { .. } => {}
    }
}
