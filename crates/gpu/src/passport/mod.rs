//! Canaries: small questions with known answers that a device is asked when it is opened.
//!
//! Drivers differ in what the WGSL specification leaves open, and some break what it promises;
//! one ends loops early without a word. The answers are the adapter's passport: kept with every
//! measurement, and shown beside a mismatch.

mod arithmetic;
mod groups;
mod loops;
mod scalars;
mod subgroups;
mod ticks;

use std::time::{Duration, Instant};

pub use arithmetic::{Arithmetic, Evaluation};
pub use loops::{Loops, Trips};
pub use ticks::{TickSample, Timestamps};

use crate::{
    device::Device,
    error::GpuError,
    plan::{Arg, Binding, BindingKind, Dispatch, Pace, Shader, Step},
    session::Session,
};

/// One question with its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canary {
    /// The question: an expression, or a few words.
    pub name: String,
    /// What WGSL promises, in words or numbers; `open` where it promises nothing.
    pub expected: String,
    /// What the device said.
    pub got: String,
    /// Whether the answer keeps the promise.
    pub ok: bool,
    /// What follows from it; empty if nothing.
    pub note: String,
}

impl Canary {
    fn new(name: &str, expected: impl ToString, got: impl ToString, ok: bool) -> Canary {
        Canary {
            name: name.to_owned(),
            expected: expected.to_string(),
            got: got.to_string(),
            ok,
            note: String::new(),
        }
    }

    fn note(mut self, note: &str) -> Canary {
        self.note = note.to_owned();
        self
    }
}

/// What a device turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Passport {
    /// Every question, in the order asked.
    pub canaries: Vec<Canary>,
    /// How long loops may run.
    pub loops: Loops,
    /// How 32-bit floats are computed.
    pub f32: Arithmetic,
    /// How 64-bit floats are computed, if at all.
    pub f64: Option<Arithmetic>,
    /// Whether `fma` rounds once.
    pub fma_fused: bool,
    /// Whether f32 subnormals survive a multiplication.
    pub subnormals_kept: bool,
    /// Whether NaN compares as IEEE-754 says: unequal to everything.
    pub nan_compares: bool,
    /// Whether it has subgroups that keep every promise asked about.
    pub subgroups: bool,
    /// What its timestamps are worth.
    pub timestamps: Timestamps,
    /// How long the questions took.
    pub elapsed: Duration,
}

impl Passport {
    /// Canaries that broke a promise.
    pub fn broken(&self) -> impl Iterator<Item = &Canary> {
        self.canaries.iter().filter(|canary| !canary.ok)
    }
}

/// Asks a device everything. Takes some tens of milliseconds.
///
/// # Errors
/// Any error of the device. Wrong answers are no error: they are in the passport.
pub fn passport(device: &Device) -> Result<Passport, GpuError> {
    let start = Instant::now();
    let mut probe = Probe { session: Session::new(device, Pace::default())? };
    let scalars = scalars::ask(&mut probe)?;
    let lanes = device.info().subgroups.map_or(1, |(_, most)| most);
    let loops = loops::ask(&mut probe, lanes)?;
    let f32 = arithmetic::ask_f32(&mut probe)?;
    let f64 = match device.info().f64 {
        true => Some(arithmetic::ask_f64(&mut probe)?),
        false => None,
    };
    let mut canaries = scalars.canaries;
    canaries.extend(loops.canaries());
    canaries.extend(f32.canaries("f32"));
    canaries.extend(f64.iter().flat_map(|f64| f64.canaries("f64")));
    canaries.extend(groups::ask(&mut probe)?);
    let of_subgroups = match device.info().subgroups {
        Some(sizes) => subgroups::ask(&mut probe, sizes)?,
        None => Vec::new(),
    };
    let subgroups = !of_subgroups.is_empty() && of_subgroups.iter().all(|canary| canary.ok);
    canaries.extend(of_subgroups);
    let timestamps = ticks::qualify(device)?;
    canaries.push(timestamps.canary());
    Ok(Passport {
        canaries,
        loops,
        f32,
        f64,
        fma_fused: scalars.fma_fused,
        subnormals_kept: scalars.subnormals_kept,
        nan_compares: scalars.nan_compares,
        subgroups,
        timestamps,
        elapsed: start.elapsed(),
    })
}

/// Runs questions: input buffers, then one output.
struct Probe {
    session: Session,
}

impl Probe {
    /// Runs an entry point whose bindings are the inputs, read-only, and then an output of so many
    /// bytes, which comes back.
    fn ask(
        &mut self,
        source: &str,
        entry: &str,
        inputs: &[&[u8]],
        output: u64,
        groups: u32,
    ) -> Result<Vec<u8>, GpuError> {
        let kinds = std::iter::repeat_n(BindingKind::StorageRead, inputs.len())
            .chain([BindingKind::StorageReadWrite]);
        let shader = Shader {
            source: source.to_owned(),
            entry: entry.to_owned(),
            bindings: (0..).zip(kinds).map(|(slot, kind)| Binding { slot, kind }).collect(),
            constants: Vec::new(),
        };
        let pipeline = self.session.pipeline(&shader)?;
        let mut args = Vec::new();
        for bytes in inputs {
            let id = self.session.create_buffer("question", bytes.len() as u64)?;
            self.session.upload(id, bytes)?;
            args.push(Arg::Buffer(id));
        }
        let out = self.session.create_buffer("answer", output)?;
        args.push(Arg::Buffer(out));
        self.session.record(Step::Dispatch(Dispatch {
            pipeline,
            args: args.clone(),
            grid: [groups, 1, 1],
        }))?;
        let answer = self.session.download(out)?;
        for arg in args {
            if let Arg::Buffer(id) = arg {
                self.session.release(id)?;
            }
        }
        Ok(answer)
    }
}

/// The bytes of words.
fn bytes_of<T: bytemuck::NoUninit>(values: &[T]) -> &[u8] {
    bytemuck::cast_slice(values)
}
