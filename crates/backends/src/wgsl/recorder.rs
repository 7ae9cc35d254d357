//! Host level on a GPU: the host-level interpreter runs here, and regions become recorded
//! dispatches instead of results (rule 9 of the language).
//!
//! Scalars that the device keeps stay there until host code reads one; that read is a wait, counted
//! as the phase `sync`.

use std::collections::BTreeMap;
use std::time::Instant;

use crossover_gpu::{Arg, BufferId, Dispatch, GpuError, PipelineId, Session, Step};
use crossover_ir::{AxisRange, Device, HostState, Region, Serial, Span, Stmt, Trap, UnitId, VarId};
use crossover_values::{DType, Scalar};
use crossover_wgsl::{
    BindingKind, DeviceScalars, GridTooLarge, Role, Stored, UniformLayout, UniformValue, UnitShader,
};

use super::transfer::{CallClock, put_scalar, scalar_at};

/// Workgroups of one dispatch at most, so that one dispatch is a small part of the time that a
/// driver allows.
const MAX_GROUPS: u32 = 1 << 16;

/// One unit, ready to dispatch.
#[derive(Debug)]
pub(crate) struct ReadyUnit {
    pub(crate) shader: UnitShader,
    /// Pipelines of the shader's entry points, in their order.
    pub(crate) pipelines: Vec<PipelineId>,
}

/// Buffers that live as long as the prepared kernel.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    /// Device-kept scalars by class.
    pub(crate) scalars: BTreeMap<Stored, BufferId>,
    /// Partials by unit and binding.
    partials: BTreeMap<(usize, u32), BufferId>,
    /// Arrays made by the kernel that no call uses now, by size.
    free: BTreeMap<u64, Vec<BufferId>>,
    /// Arrays made by the kernel in this call.
    in_use: Vec<(u64, BufferId)>,
}

impl Pool {
    /// A pool with the buffers of the device scalars.
    pub(crate) fn new(scalars: BTreeMap<Stored, BufferId>) -> Pool {
        Pool { scalars, ..Pool::default() }
    }

    /// Takes the arrays of the last call back.
    pub(crate) fn end_call(&mut self) {
        for (bytes, buffer) in self.in_use.drain(..) {
            self.free.entry(bytes).or_default().push(buffer);
        }
    }
}

/// Why a recording ended.
#[derive(Debug)]
pub(crate) enum RecordError {
    /// A run-time error of host code.
    Trap(Trap),
    /// The device.
    Gpu(GpuError),
    /// A region has more iterations than a device counts.
    Grid(GridTooLarge),
    /// The kernel and its shaders do not fit: a defect of the generator.
    Defect(&'static str),
}

impl From<Trap> for RecordError {
    fn from(trap: Trap) -> RecordError {
        RecordError::Trap(trap)
    }
}

impl From<GpuError> for RecordError {
    fn from(error: GpuError) -> RecordError {
        RecordError::Gpu(error)
    }
}

/// The device that records.
#[derive(Debug)]
pub(crate) struct Recorder<'p> {
    pub(crate) session: &'p mut Session,
    pub(crate) units: &'p [ReadyUnit],
    pub(crate) slots: &'p DeviceScalars,
    pub(crate) pool: &'p mut Pool,
    pub(crate) clock: &'p mut CallClock,
    /// Types of the host variables.
    pub(crate) var_types: &'p [DType],
    /// Device scalars as last read, until something is dispatched again.
    pub(crate) read: BTreeMap<Stored, Vec<u8>>,
}

type State = HostState<BufferId>;

impl Recorder<'_> {
    fn launch(
        &mut self,
        unit: UnitId,
        axes: &[AxisRange],
        state: &mut State,
    ) -> Result<(), RecordError> {
        let ready = self.units.get(unit.0).ok_or(RecordError::Defect("a unit has no shader"))?;
        let counts = axes.iter().map(|axis| axis.count).collect::<Vec<u64>>();
        let limit = self.session.device().info().limits.max_groups_per_dimension;
        let grid = ready.shader.grid;
        let groups = grid.groups(&counts).map_err(RecordError::Grid)?;
        let dispatches = grid.dispatches(&counts, limit, MAX_GROUPS).map_err(RecordError::Grid)?;
        self.read.clear();
        for (entry, &pipeline) in ready.shader.entry_points.iter().zip(&ready.pipelines) {
            let once = [crossover_wgsl::Dispatch { groups: [1, 1, 1], first: [0, 0] }];
            let list = match entry.role {
                Role::Main => dispatches.as_slice(),
                Role::Finish => once.as_slice(),
            };
            for dispatch in list {
                let launch = Launch { unit, groups, axes, first: dispatch.first };
                let args = self.args(&ready.shader, &launch, state)?;
                let step = Dispatch { pipeline, args, grid: dispatch.groups };
                self.session.record(Step::Dispatch(step))?;
            }
        }
        Ok(())
    }

    fn args(
        &mut self,
        shader: &UnitShader,
        launch: &Launch<'_>,
        state: &State,
    ) -> Result<Vec<Arg>, RecordError> {
        let mut args = Vec::with_capacity(shader.bindings.len());
        for binding in &shader.bindings {
            args.push(match &binding.kind {
                BindingKind::Array { array, .. } => {
                    let bound = state.arrays.get(array.0 as usize).and_then(Option::as_ref);
                    let bound = bound.ok_or(RecordError::Defect("an array is not bound"))?;
                    Arg::Buffer(bound.buffer)
                }
                BindingKind::Uniform(layout) => Arg::Uniform(uniform(layout, launch, state)?),
                BindingKind::DeviceScalars(stored) => Arg::Buffer(self.scalars(*stored)?),
                BindingKind::ReducePartials { stored_as, slots } => {
                    let bytes = u64::from(*slots) * u64::from(launch.groups) * stored_as.width();
                    Arg::Buffer(self.partials((launch.unit.0, binding.index), bytes)?)
                }
            });
        }
        Ok(args)
    }

    fn scalars(&self, stored: Stored) -> Result<BufferId, RecordError> {
        let buffer = self.pool.scalars.get(&stored).copied();
        buffer.ok_or(RecordError::Defect("device scalars have no buffer"))
    }

    fn partials(&mut self, key: (usize, u32), bytes: u64) -> Result<BufferId, RecordError> {
        if let Some(&buffer) = self.pool.partials.get(&key) {
            if self.session.buffer_bytes(buffer)? >= bytes {
                return Ok(buffer);
            }
            self.session.release(buffer)?;
        }
        let buffer = self.session.create_buffer("partials of a reduction", bytes)?;
        self.pool.partials.insert(key, buffer);
        Ok(buffer)
    }
}

/// One launch of a unit.
struct Launch<'a> {
    unit: UnitId,
    groups: u32,
    axes: &'a [AxisRange],
    first: [u32; 2],
}

/// The bytes of a unit's uniform block.
fn uniform(
    layout: &UniformLayout,
    launch: &Launch<'_>,
    state: &State,
) -> Result<Vec<u8>, RecordError> {
    let mut bytes = vec![0_u8; layout.size as usize];
    for field in &layout.fields {
        let value = uniform_value(field.what, field.dtype, launch, state)?;
        put_scalar(&mut bytes, field.offset as usize, value);
    }
    Ok(bytes)
}

fn uniform_value(
    what: UniformValue,
    dtype: DType,
    launch: &Launch<'_>,
    state: &State,
) -> Result<Scalar, RecordError> {
    let axis = |k: u32| {
        let axis = launch.axes.get(k as usize);
        axis.ok_or(RecordError::Defect("a unit has fewer axes than its shader"))
    };
    // Indices wrap to the type of the field, as the shader's own arithmetic does.
    let wrapped = |value: i128| Scalar::from_bits(dtype, value as u64);
    Ok(match what {
        UniformValue::First(k) => {
            wrapped(launch.first.get(k as usize).copied().unwrap_or(0).into())
        }
        UniformValue::AxisLo(k) => wrapped(axis(k)?.lo),
        UniformValue::AxisCount(k) => wrapped(axis(k)?.count.into()),
        UniformValue::Partials => wrapped(launch.groups.into()),
        UniformValue::ArrayExtent(array, k) => {
            let bound = state.arrays.get(array.0 as usize).and_then(Option::as_ref);
            let extent = bound.and_then(|bound| bound.shape.get(k as usize));
            wrapped((*extent.ok_or(RecordError::Defect("an extent is not known"))?).into())
        }
        UniformValue::HostScalar(var) => {
            let value = state.vars.get(var.0 as usize).copied().flatten();
            value.ok_or(RecordError::Defect("a host scalar is not known"))?
        }
    })
}

impl Device for Recorder<'_> {
    type Buffer = BufferId;
    type Error = RecordError;

    fn zeros(&mut self, dtype: DType, shape: &[u64], _: Span) -> Result<BufferId, RecordError> {
        let bytes = shape.iter().fold(dtype.size() as u64, |bytes, &e| bytes.saturating_mul(e));
        let kept = self.pool.free.get_mut(&bytes).and_then(Vec::pop);
        let buffer = match kept {
            Some(buffer) => {
                self.session.record(Step::Clear { buffer })?;
                buffer
            }
            None => self.session.create_buffer("zeros", bytes)?,
        };
        self.pool.in_use.push((bytes, buffer));
        Ok(buffer)
    }

    fn region(
        &mut self,
        unit: UnitId,
        region: &Region,
        axes: &[AxisRange],
        state: &mut State,
    ) -> Result<(), RecordError> {
        self.launch(unit, axes, state)?;
        for reduce in &region.code.reduces {
            if reduce.scope == crossover_ir::ReduceScope::Region {
                for var in reduce.payload.iter().chain([&reduce.target]) {
                    state.vars[var.0 as usize] = None;
                }
            }
        }
        Ok(())
    }

    fn serial(
        &mut self,
        unit: UnitId,
        serial: &Serial,
        state: &mut State,
    ) -> Result<(), RecordError> {
        self.launch(unit, &[], state)?;
        // What it assigns is kept by the device; what the host read of it before is old now.
        for statement in &serial.code.body {
            statement.walk(&mut |inner| {
                if let Stmt::HostSet { var, .. } = inner {
                    state.vars[var.0 as usize] = None;
                }
            });
        }
        Ok(())
    }

    fn fetch(&mut self, var: VarId, _: &mut State) -> Result<Scalar, RecordError> {
        let (stored, slot) =
            self.slots.slot(var).ok_or(RecordError::Defect("a scalar is kept nowhere"))?;
        if !self.read.contains_key(&stored) {
            let buffer = self.scalars(stored)?;
            let start = Instant::now();
            let bytes = self.session.download(buffer)?;
            self.clock.waited(start.elapsed());
            self.read.insert(stored, bytes);
        }
        let dtype = self.var_types[var.0 as usize];
        let offset = slot as usize * stored.width() as usize;
        let value = self.read.get(&stored).and_then(|bytes| scalar_at(bytes, offset, dtype));
        value.ok_or(RecordError::Defect("a scalar's slot is missing"))
    }

    fn step(&mut self, _: Span) -> Result<(), RecordError> {
        Ok(())
    }
}
