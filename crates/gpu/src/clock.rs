//! Timestamps around passes.

use std::time::Duration;

use crate::{device::Device, error::GpuError, readback::map_and_read};

/// Queries of one set; the interface allows 4096.
const CAPACITY: u32 = 4096;

/// The queries of a session.
#[derive(Debug)]
pub(crate) struct Clock {
    set: wgpu::QuerySet,
    resolve: wgpu::Buffer,
    staging: wgpu::Buffer,
    used: u32,
    missed: u32,
    /// Nanoseconds per tick.
    period: f64,
}

/// What the queries said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// First and last tick of each pass.
    pub(crate) pairs: Vec<(u64, u64)>,
    /// Passes that found no free query.
    pub(crate) missed: u32,
}

impl Clock {
    /// `None` on a device without timestamps.
    pub(crate) fn new(device: &Device) -> Result<Option<Clock>, GpuError> {
        if !device.raw.features().contains(wgpu::Features::TIMESTAMP_QUERY) {
            return Ok(None);
        }
        let size = u64::from(CAPACITY) * 8;
        let make = |usage| {
            device.raw.create_buffer(&wgpu::BufferDescriptor {
                label: Some("timestamps"),
                size,
                usage,
                mapped_at_creation: false,
            })
        };
        let clock = device.scoped(size, || Clock {
            set: device.raw.create_query_set(&wgpu::QuerySetDescriptor {
                label: Some("timestamps"),
                ty: wgpu::QueryType::Timestamp,
                count: CAPACITY,
            }),
            resolve: make(wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC),
            staging: make(wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ),
            used: 0,
            missed: 0,
            period: f64::from(device.queue.get_timestamp_period()),
        })?;
        Ok(Some(clock))
    }

    /// The time between two ticks.
    pub(crate) fn span(&self, ticks: u64) -> Duration {
        Duration::from_nanos((ticks as f64 * self.period).round() as u64)
    }

    /// Takes two queries for a pass; `None` if all are taken.
    pub(crate) fn pass(&mut self) -> Option<wgpu::ComputePassTimestampWrites<'_>> {
        if self.used + 2 > CAPACITY {
            self.missed += 1;
            return None;
        }
        let first = self.used;
        self.used += 2;
        Some(wgpu::ComputePassTimestampWrites {
            query_set: &self.set,
            beginning_of_pass_write_index: Some(first),
            end_of_pass_write_index: Some(first + 1),
        })
    }

    /// Queries taken so far.
    pub(crate) fn mark(&self) -> u32 {
        self.used
    }

    /// Gives back the queries taken since a mark: their passes were never submitted, and reading
    /// a query that nothing writes may wait for ever.
    pub(crate) fn rewind(&mut self, mark: u32) {
        self.used = mark;
    }

    /// Reads all queries taken since the last call. The device must be at a standstill.
    pub(crate) fn collect(&mut self, device: &Device) -> Result<Reading, GpuError> {
        let mut reading = Reading { pairs: Vec::new(), missed: std::mem::take(&mut self.missed) };
        let used = std::mem::take(&mut self.used);
        if used == 0 {
            return Ok(reading);
        }
        let bytes = u64::from(used) * 8;
        device.scoped(0, || {
            let mut encoder = device.raw.create_command_encoder(&Default::default());
            encoder.resolve_query_set(&self.set, 0..used, &self.resolve, 0);
            encoder.copy_buffer_to_buffer(&self.resolve, 0, &self.staging, 0, bytes);
            device.queue.submit([encoder.finish()]);
        })?;
        let mut raw = vec![0_u8; usize::try_from(bytes).expect("at most 32 KiB")];
        map_and_read(device, &self.staging, &mut raw)?;
        let ticks: &[u64] = &bytemuck::pod_collect_to_vec(&raw);
        reading.pairs = ticks.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
        Ok(reading)
    }
}
