//! Where the bytes of uniforms live: a few buffers, each content once, found by dynamic offset.
//!
//! A recorded kernel launches hundreds of dispatches that differ in a step number or in nothing;
//! a buffer and a bind group for each would cost more than the work.

use std::collections::HashMap;

use crate::{device::Device, error::GpuError};

/// Size of one buffer of uniforms in bytes, and so the largest uniform.
const CHUNK: usize = 64 << 10;
/// Distinct contents after which the store starts anew at the next standstill.
const MANY: usize = 1 << 14;

/// Where a content lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Which buffer.
    pub(crate) chunk: usize,
    /// First byte.
    pub(crate) offset: u32,
    /// Size of the binding.
    pub(crate) bytes: u64,
}

#[derive(Debug)]
struct Chunk {
    raw: wgpu::Buffer,
    content: Vec<u8>,
    uploaded: usize,
}

/// The store.
#[derive(Debug, Default)]
pub(crate) struct Uniforms {
    chunks: Vec<Chunk>,
    filling: usize,
    places: HashMap<Vec<u8>, Place>,
}

impl Uniforms {
    /// Finds or makes the place of a content that passed [`check_size`].
    pub(crate) fn place(&mut self, device: &Device, bytes: &[u8]) -> Result<Place, GpuError> {
        if let Some(place) = self.places.get(bytes) {
            return Ok(*place);
        }
        let size = padded(bytes);
        if self.chunks.get(self.filling).is_some_and(|c| c.content.len() + size > CHUNK) {
            self.filling += 1;
        }
        if self.filling == self.chunks.len() {
            self.chunks.push(Chunk { raw: buffer(device)?, content: Vec::new(), uploaded: 0 });
        }
        let align = device.raw.limits().min_uniform_buffer_offset_alignment as usize;
        let chunk = &mut self.chunks[self.filling];
        let offset = chunk.content.len();
        chunk.content.extend_from_slice(bytes);
        chunk.content.resize((offset + size).next_multiple_of(align).min(CHUNK), 0);
        let place = Place {
            chunk: self.filling,
            offset: u32::try_from(offset).expect("a chunk is far below 4 GiB"),
            bytes: size as u64,
        };
        self.places.insert(bytes.to_vec(), place);
        Ok(place)
    }

    /// The buffer of a place.
    pub(crate) fn buffer(&self, chunk: usize) -> &wgpu::Buffer {
        &self.chunks[chunk].raw
    }

    /// Queues what was placed since the last call, one write per buffer.
    pub(crate) fn upload(&mut self, device: &Device) {
        for chunk in &mut self.chunks {
            if chunk.uploaded < chunk.content.len() {
                let fresh = &chunk.content[chunk.uploaded..];
                device.queue.write_buffer(&chunk.raw, chunk.uploaded as u64, fresh);
                chunk.uploaded = chunk.content.len();
            }
        }
    }

    /// Forgets contents if there are many. The device must be at a standstill, with no step
    /// waiting that has a place already.
    pub(crate) fn trim(&mut self) {
        if self.places.len() > MANY {
            self.places.clear();
            self.filling = 0;
            for chunk in &mut self.chunks {
                chunk.content.clear();
                chunk.uploaded = 0;
            }
        }
    }
}

/// Uniform structs are laid out in steps of 16 bytes.
fn padded(bytes: &[u8]) -> usize {
    bytes.len().next_multiple_of(16).max(16)
}

/// Whether a uniform can be bound.
pub(crate) fn check_size(device: &Device, bytes: &[u8]) -> Result<(), GpuError> {
    let needed = padded(bytes) as u64;
    let limit = (CHUNK as u64).min(device.info().limits.max_uniform_binding);
    if needed > limit {
        let what = "the size of a uniform in bytes";
        return Err(GpuError::LimitExceeded { what, needed, limit });
    }
    Ok(())
}

fn buffer(device: &Device) -> Result<wgpu::Buffer, GpuError> {
    device.scoped(CHUNK as u64, || {
        device.raw.create_buffer(&wgpu::BufferDescriptor {
            label: Some("uniforms"),
            size: CHUNK as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        })
    })
}
