//! Calls under Criterion's clock: which part of a call is timed, how long, how often.

use std::fmt;
use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode, Throughput};
use crossover_contract::{Case, Failure, Kernel, Outcome, Prepared};
use crossover_harness::Called;
use crossover_values::Value;

/// Samples, where calls are short enough for all of them.
const SAMPLES: usize = 30;
/// Criterion takes no fewer.
const FEWEST_SAMPLES: usize = 10;
/// Wall time of the samples of one case; with [`WARM_UP`] it makes 3 s.
const MEASUREMENT: Duration = Duration::from_millis(2500);
/// Wall time before the first sample.
const WARM_UP: Duration = Duration::from_millis(500);
/// Resamples of Criterion's bootstrap: enough for 30 samples, in a tenth of the time of its default.
const RESAMPLES: usize = 10_000;

/// Which time is reported.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// Device time, by timestamps that the passport trusts.
    Device,
    /// Wall time of the call, arguments on the host to results on the host.
    Wall,
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Clock::Device => "device time",
            Clock::Wall => "wall time",
        })
    }
}

/// What one call costs.
#[derive(Clone, Copy)]
pub(crate) struct Call {
    /// What is reported of it.
    pub(crate) timed: Duration,
    /// Wall time of the call.
    pub(crate) wall: Duration,
    /// Wall time of an iteration: the call, and its copy of the arguments.
    pub(crate) iteration: Duration,
}

/// A verified variant, ready to be called.
pub(crate) struct Timer {
    prepared: Box<dyn Prepared>,
    arguments: Vec<Value>,
    clock: Clock,
}

impl Timer {
    pub(crate) fn new(called: Called) -> Timer {
        let Called { prepared, arguments, .. } = called;
        Timer { prepared, arguments, clock: Clock::Wall }
    }

    pub(crate) fn arguments(&self) -> &[Value] {
        &self.arguments
    }

    pub(crate) fn clock(&self) -> Clock {
        self.clock
    }

    /// Calls once to see what a call costs, and whether the backend tells device time.
    pub(crate) fn trial(&mut self) -> Result<Call, Failure> {
        let start = Instant::now();
        let outcome = self.prepared.run(self.arguments.clone())?;
        let iteration = start.elapsed();
        self.clock = if device(&outcome) > Some(0) { Clock::Device } else { Clock::Wall };
        let wall = Duration::from_nanos(outcome.wall_ns);
        Ok(Call { timed: self.read(&outcome), wall, iteration })
    }

    /// The time of so many calls. Kernels write in place, so each gets arguments of its own; making
    /// them is not part of the time.
    fn calls(&mut self, count: u64) -> Duration {
        let mut total = Duration::ZERO;
        for _ in 0..count {
            let arguments = self.arguments.clone();
            match self.prepared.run(arguments) {
                Ok(outcome) => total += self.read(&outcome),
                // Proved a moment ago: no time that goes on from here would mean anything.
                Err(failure) => panic!("a verified variant failed while it was timed: {failure}"),
            }
        }
        total
    }

    fn read(&self, outcome: &Outcome) -> Duration {
        let device = match self.clock {
            Clock::Device => device(outcome),
            Clock::Wall => None,
        };
        Duration::from_nanos(device.unwrap_or(outcome.wall_ns).max(1))
    }
}

fn device(outcome: &Outcome) -> Option<u64> {
    outcome.phases.iter().find(|phase| phase.name == "device").map(|phase| phase.ns)
}

/// Has Criterion time a case.
///
/// Criterion counts the time that is reported to it, but the limit is one of wall time: device time
/// may be a small part of it.
pub(crate) fn time(
    criterion: &mut Criterion,
    group: &str,
    name: &str,
    throughput: Throughput,
    call: Call,
    timer: &mut Timer,
) {
    let share = (call.timed.as_secs_f64() / call.iteration.as_secs_f64().max(1e-9)).min(1.0);
    let budget = |wall: Duration| wall.mul_f64(share).max(Duration::from_nanos(1));
    let calls = MEASUREMENT.as_secs_f64() / call.iteration.as_secs_f64().max(1e-9);
    let mut group = criterion.benchmark_group(group);
    group
        .sampling_mode(SamplingMode::Flat)
        .sample_size((calls as usize).clamp(FEWEST_SAMPLES, SAMPLES))
        .warm_up_time(budget(WARM_UP))
        .measurement_time(budget(MEASUREMENT))
        .nresamples(RESAMPLES)
        .throughput(throughput);
    group.bench_function(name, |bencher| bencher.iter_custom(|count| timer.calls(count)));
    group.finish();
}

/// Operations per call where `kernel.toml` counts them, else bytes, else elements of the arguments.
pub(crate) fn throughput(kernel: &Kernel, case: &Case, arguments: &[Value]) -> Throughput {
    let elements = || {
        let arrays = arguments.iter().filter_map(Value::as_array);
        arrays.map(|array| array.len() as u64).sum::<u64>().max(1)
    };
    match work(kernel, case) {
        Some(("bytes", bytes)) => Throughput::Bytes(bytes as u64),
        Some((_, operations)) => Throughput::Elements(operations as u64),
        None => Throughput::Elements(elements()),
    }
}

/// How much more work one case is than another; 1 where `kernel.toml` does not say.
pub(crate) fn work_ratio(kernel: &Kernel, small: &Case, large: &Case) -> f64 {
    match (work(kernel, small), work(kernel, large)) {
        (Some((_, small)), Some((_, large))) if small > 0.0 => large / small,
        _ => 1.0,
    }
}

fn work<'a>(kernel: &Kernel, case: &Case) -> Option<(&'a str, f64)> {
    ["flops", "integer_ops", "bytes"].into_iter().find_map(|name| {
        let value = kernel.definition.work.get(name)?.value(&case.parameters).ok()?;
        (value >= 1.0).then_some((name, value))
    })
}
