//! Values between the host and a session: which buffer holds what, bytes both ways, phases.

use std::time::{Duration, Instant};

use crossover_contract::{Failure, Phase};
use crossover_gpu::{BufferId, GpuError, Phases, Session};
use crossover_values::{Array, DType, Scalar, Value};

use crate::outputs::{nanoseconds, phase};

/// Buffers of array arguments, kept between calls: one per parameter that is an array.
#[derive(Debug, Default)]
pub(crate) struct ArgumentBuffers {
    buffers: Vec<Option<BufferId>>,
}

impl ArgumentBuffers {
    /// The buffers for these arguments; made anew where none of the right size is kept.
    pub(crate) fn for_arguments(
        &mut self,
        session: &mut Session,
        arguments: &[Value],
    ) -> Result<Vec<Option<BufferId>>, GpuError> {
        self.buffers.resize(arguments.len(), None);
        for (position, argument) in arguments.iter().enumerate() {
            let Value::Array(array) = argument else { continue };
            let bytes = array.bytes().len() as u64;
            let kept = match self.buffers[position] {
                Some(buffer) => session.buffer_bytes(buffer)? == bytes,
                None => false,
            };
            if !kept {
                if let Some(old) = self.buffers[position].take() {
                    session.release(old)?;
                }
                let name = format!("argument {position}");
                self.buffers[position] = Some(session.create_buffer(&name, bytes)?);
            }
        }
        Ok(self.buffers.clone())
    }
}

/// The array that a buffer holds.
pub(crate) fn download(
    session: &mut Session,
    buffer: BufferId,
    dtype: DType,
    shape: &[usize],
) -> Result<Array, Failure> {
    let mut bytes = session.download(buffer).map_err(|error| super::failure(&error))?;
    let needed = shape.iter().product::<usize>() * dtype.size();
    bytes.truncate(needed);
    Array::from_bytes(dtype, shape, &bytes).ok_or_else(|| {
        let got = bytes.len();
        Failure::Failed(format!("{got} bytes came back for an array of {needed}"))
    })
}

/// A scalar at a byte offset.
pub(crate) fn scalar_at(bytes: &[u8], offset: usize, dtype: DType) -> Option<Scalar> {
    let width = dtype.size().max(4);
    let field = bytes.get(offset..offset + width)?;
    let mut word = [0_u8; 8];
    word[..width].copy_from_slice(field);
    Some(Scalar::from_bits(dtype, u64::from_le_bytes(word)))
}

/// Writes a scalar at a byte offset; a `bool` as a 32-bit 0 or 1.
pub(crate) fn put_scalar(bytes: &mut [u8], offset: usize, value: Scalar) {
    let width = value.dtype().size().max(4);
    bytes[offset..offset + width].copy_from_slice(&value.to_bits().to_le_bytes()[..width]);
}

/// The clock of one call: phases of the session, waits of host level, the rest.
#[derive(Debug)]
pub(crate) struct CallClock {
    start: Instant,
    sync: Duration,
    syncs: u32,
}

impl CallClock {
    /// Starts the call; what the session did before belongs to no call.
    pub(crate) fn start(session: &mut Session) -> Result<CallClock, GpuError> {
        session.take_phases()?;
        Ok(CallClock { start: Instant::now(), sync: Duration::ZERO, syncs: 0 })
    }

    /// Counts a wait of host level for the device.
    pub(crate) fn waited(&mut self, time: Duration) {
        self.sync += time;
        self.syncs += 1;
    }

    /// Ends the call: its wall time and its phases.
    pub(crate) fn finish(
        &self,
        phases: &Phases,
        trusted: bool,
        wall: Duration,
    ) -> (u64, Vec<Phase>) {
        let used = phases.named().into_iter().filter(|(_, time)| !time.is_zero());
        let mut list = used.map(|(name, time)| phase(name, time)).collect::<Vec<Phase>>();
        if self.syncs > 0 {
            list.push(phase("sync", self.sync));
        }
        if let Some(device) = phases.device.filter(|_| trusted) {
            list.push(phase("device", device));
        }
        (nanoseconds(wall), list)
    }

    /// Wall time so far.
    pub(crate) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_survive_the_way_through_bytes() {
        let mut bytes = vec![0_u8; 24];
        let scalars = [Scalar::Bool(true), Scalar::I32(-2), Scalar::F64(-0.5), Scalar::F32(1.5)];
        for (scalar, offset) in scalars.into_iter().zip([0, 4, 8, 16]) {
            put_scalar(&mut bytes, offset, scalar);
        }
        for (scalar, offset) in scalars.into_iter().zip([0, 4, 8, 16]) {
            assert_eq!(scalar_at(&bytes, offset, scalar.dtype()), Some(scalar));
        }
        assert_eq!(scalar_at(&bytes, 21, DType::F32), None);
    }
}
