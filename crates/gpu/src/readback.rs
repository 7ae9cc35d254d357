//! Bytes from a device to the host.

use std::sync::mpsc;

use crate::{device::Device, error::GpuError};

/// Maps the front of a staging buffer, once all submitted work is done, and copies it out.
pub(crate) fn map_and_read(
    device: &Device,
    staging: &wgpu::Buffer,
    into: &mut [u8],
) -> Result<(), GpuError> {
    let slice = staging.slice(..(into.len() as u64).next_multiple_of(4));
    let (sender, receiver) = mpsc::channel();
    device.scoped(0, || {
        slice.map_async(wgpu::MapMode::Read, move |result| {
            // The receiver is gone only if the wait failed, and then nobody asks.
            let _ = sender.send(result.is_ok());
        });
    })?;
    device.wait(None)?;
    let mapped = receiver.try_recv().unwrap_or(false);
    if !mapped {
        let message = "a buffer could not be mapped for reading".to_owned();
        return Err(GpuError::Driver { message });
    }
    let view = slice
        .get_mapped_range()
        .map_err(|error| GpuError::Driver { message: error.to_string() })?;
    into.copy_from_slice(&view[..into.len()]);
    drop(view);
    staging.unmap();
    Ok(())
}
