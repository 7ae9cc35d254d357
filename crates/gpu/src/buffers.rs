//! Buffers of a session: made within the adapter's limits and the machine's memory, filled from the
//! host and read back.

use std::time::Instant;

use crate::{
    adapters::AdapterKind, error::GpuError, memory, plan::BufferId, readback::map_and_read,
    session::Session,
};

/// Bytes that move between host and device at a time: bounds the memory that a transfer takes on
/// top of the buffer.
const TRANSFER: usize = 64 << 20;

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

impl Session {
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
        for (what, needed, limit) in [
            ("the size of a buffer in bytes", size, limits.max_buffer_size),
            ("the size of a storage binding in bytes", bytes, limits.max_storage_binding),
        ] {
            if needed > limit {
                return Err(GpuError::LimitExceeded { what, needed, limit });
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

    /// Whether the machine has the memory, where the device takes it from there.
    ///
    /// Memory that was promised but not yet touched does not show in what the system calls
    /// available, so the sum of this session's promises is held against what there was at its
    /// beginning as well.
    fn check_memory(&self, size: u64) -> Result<(), GpuError> {
        if !uses_machine_memory(self.device.info().kind) {
            return Ok(());
        }
        let left = self.baseline.map(|all| all.saturating_sub(self.live_bytes));
        let least = left.into_iter().chain(memory::available()).min();
        match least {
            Some(available) if size > available => {
                Err(GpuError::OutOfMemory { bytes: size, available: Some(available) })
            }
            _ => Ok(()),
        }
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
}

/// Whether an adapter's memory is that of the machine.
fn uses_machine_memory(kind: AdapterKind) -> bool {
    match kind {
        AdapterKind::Software | AdapterKind::Integrated => true,
        AdapterKind::Discrete | AdapterKind::Virtual | AdapterKind::Other => false,
    }
}
