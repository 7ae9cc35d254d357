//! What a device's timestamps are worth.
//!
//! They are believed only if passes never run backwards or stand still, follow one another, grow
//! with the work, and stay below the time that the host saw.

use std::time::Duration;

use crate::{
    clock::Reading,
    device::Device,
    error::GpuError,
    passport::Canary,
    plan::{Arg, Binding, BindingKind, Dispatch, Pace, PipelineId, Shader, Step},
    session::Session,
};

const SOURCE: &str = "
@group(0) @binding(0) var<storage, read_write> data: array<u32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    var x = data[id.x];
    for (var i = 0u; i < 256u; i++) { x = x * 1664525u + 1013904223u; }
    data[id.x] = x;
}";

/// Workgroups of one dispatch.
const GROUPS: u32 = 8;
/// Work of the samples, as multiples of the first.
const SCALE: [u32; 3] = [1, 4, 16];
/// Wall time that the first sample should at least have.
const UNIT: Duration = Duration::from_micros(500);
/// Most dispatches in the first sample, for devices so fast that `UNIT` is not reached.
const MOST: u32 = 64;

/// One amount of work, timed both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TickSample {
    /// Dispatches in one pass.
    pub dispatches: u32,
    /// By timestamps; `None` if the pair ran backwards or stood still.
    pub device: Option<Duration>,
    /// As the host saw it.
    pub wall: Duration,
}

/// What a device's timestamps are worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timestamps {
    /// Whether the device has any.
    pub supported: bool,
    /// Whether device time may be shown as such.
    pub trusted: bool,
    /// Why not; empty if trusted.
    pub reason: String,
    /// Smallest step seen; zero without timestamps.
    pub resolution: Duration,
    /// What the judgement rests on.
    pub samples: Vec<TickSample>,
}

impl Timestamps {
    pub(super) fn canary(&self) -> Canary {
        let got = if !self.supported {
            "none".to_owned()
        } else if self.trusted {
            format!("trusted, steps of {} ns", self.resolution.as_nanos())
        } else {
            "not trusted".to_owned()
        };
        let ok = self.trusted || !self.supported;
        Canary::new("timestamps", "forward, in order, with the work, within the wall", got, ok)
            .note(&self.reason)
    }

    fn without(reason: &str) -> Timestamps {
        Timestamps {
            supported: false,
            trusted: false,
            reason: reason.to_owned(),
            resolution: Duration::ZERO,
            samples: Vec::new(),
        }
    }
}

/// Measures and judges.
pub(super) fn qualify(device: &Device) -> Result<Timestamps, GpuError> {
    if !device.info().timestamps {
        return Ok(Timestamps::without("the adapter has none"));
    }
    let pace = Pace { first_batch: 4096, ..Pace::default() };
    let mut session = Session::new(device, pace)?;
    let bindings = vec![Binding { slot: 0, kind: BindingKind::StorageReadWrite }];
    let pipeline = session.pipeline(&Shader {
        source: SOURCE.to_owned(),
        entry: "main".to_owned(),
        bindings,
        constants: Vec::new(),
    })?;
    let buffer = session.create_buffer("ticks", u64::from(GROUPS) * 64 * 4)?;
    let step = launch(pipeline, Arg::Buffer(buffer));
    // The first dispatch may compile; its time says nothing.
    time(&mut session, &step, 1)?;
    let mut unit = 1;
    while unit < MOST && time(&mut session, &step, unit)?.1 < UNIT {
        unit *= 2;
    }
    let mut ticks = Vec::new();
    let mut samples = Vec::new();
    for scale in SCALE {
        let (reading, wall) = time(&mut session, &step, unit * scale)?;
        let pair = reading.pairs.first().copied().unwrap_or((0, 0));
        let clock = session.clock.as_ref();
        let device =
            (pair.1 > pair.0).then(|| clock.map(|clock| clock.span(pair.1 - pair.0))).flatten();
        ticks.extend([pair.0, pair.1]);
        samples.push(TickSample { dispatches: unit * scale, device, wall });
    }
    let step = ticks.windows(2).map(|w| w[1].abs_diff(w[0])).fold(0, gcd);
    let resolution = session.clock.as_ref().map_or(Duration::ZERO, |clock| clock.span(step));
    Ok(judge(&ticks, samples, resolution))
}

fn launch(pipeline: PipelineId, buffer: Arg) -> Step {
    Step::Dispatch(Dispatch { pipeline, args: vec![buffer], grid: [GROUPS, 1, 1] })
}

fn time(session: &mut Session, step: &Step, times: u32) -> Result<(Reading, Duration), GpuError> {
    for _ in 0..times {
        session.record(step.clone())?;
    }
    session.sync()?;
    let wall = std::mem::take(&mut session.phases).dispatch;
    let device = session.device.clone();
    let reading = match &mut session.clock {
        Some(clock) => clock.collect(&device)?,
        None => Reading::default(),
    };
    Ok((reading, wall))
}

fn judge(ticks: &[u64], samples: Vec<TickSample>, resolution: Duration) -> Timestamps {
    let devices: Vec<Duration> = samples.iter().filter_map(|sample| sample.device).collect();
    let first = devices.first().copied().unwrap_or_default();
    let last = devices.last().copied().unwrap_or_default();
    let reason = if devices.len() < samples.len() {
        "a pass ran backwards or took no time"
    } else if ticks.windows(2).any(|w| w[1] < w[0]) {
        "a later pass began before an earlier one ended"
    } else if samples.iter().any(|s| s.device.is_some_and(|device| device > s.wall)) {
        "a pass took longer than the host saw"
    } else if last < first * 4 {
        // 16 times the work; a quarter of that leaves room for a noisy machine.
        "they do not grow with the work"
    } else {
        ""
    };
    Timestamps {
        supported: true,
        trusted: reason.is_empty(),
        reason: reason.to_owned(),
        resolution,
        samples,
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(ticks: [u64; 6], walls: [u64; 3]) -> String {
        let samples = ticks
            .chunks(2)
            .zip(walls)
            .map(|(pair, wall)| TickSample {
                dispatches: 1,
                device: (pair[1] > pair[0]).then(|| Duration::from_nanos(pair[1] - pair[0])),
                wall: Duration::from_nanos(wall),
            })
            .collect();
        let judged = judge(&ticks, samples, Duration::from_nanos(1));
        assert_eq!(judged.trusted, judged.reason.is_empty());
        judged.reason
    }

    #[test]
    fn each_defect_is_found() {
        let walls = [200, 500, 2000];
        assert_eq!(verdict([0, 100, 200, 600, 700, 2300], walls), "");
        assert!(verdict([0, 0, 200, 600, 700, 2300], walls).contains("no time"));
        assert!(verdict([0, 100, 50, 450, 700, 2300], walls).contains("before"));
        assert!(verdict([0, 300, 400, 800, 900, 2500], walls).contains("longer"));
        assert!(verdict([0, 100, 200, 300, 400, 500], walls).contains("grow"));
    }
}
