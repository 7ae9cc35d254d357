//! The variant `generated`: shaders from the IR, dispatches recorded by running host level.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use crossover_contract::{Failure, Outcome, Phase, Prepared, Target};
use crossover_gpu::{Binding, BindingKind as GpuBinding, BufferId, Session, Shader};
use crossover_ir::{
    Apart, Argument, Bound, Kernel, KernelParam, Module, Unit, Valid, VarId, analysis, run_host,
    units, validate,
};
use crossover_values::{DType, Scalar, Signature, Value};
use crossover_wgsl::{Access, BindingKind, DeviceScalars, Features, Limits, Request, UnitShader};

use super::adapter::Opened;
use super::recorder::{Pool, ReadyUnit, RecordError, Recorder};
use super::transfer::{ArgumentBuffers, CallClock, download, put_scalar};
use crate::budget::{Need, needs};
use crate::front::{self, module_signature};
use crate::outputs::{outputs, phase};

/// A kernel with its generated shaders on a device.
pub(crate) struct Generated {
    opened: Arc<Opened>,
    module: Valid<Module>,
    apart: Apart,
    signature: Signature,
    units: Vec<ReadyUnit>,
    slots: DeviceScalars,
    var_types: Vec<DType>,
    session: Session,
    arguments: ArgumentBuffers,
    pool: Pool,
    phases: Vec<Phase>,
}

/// Module and shaders of a kernel, without a device.
pub(crate) struct Shaders {
    /// The kernel in its form for a GPU.
    pub(crate) module: Valid<Module>,
    /// Its signature.
    pub(crate) signature: Signature,
    /// One per region and serial section.
    pub(crate) units: Vec<UnitShader>,
    slots: DeviceScalars,
    /// The kernel as it was before.
    own: Kernel,
}

/// Generates the shaders of an instance.
///
/// # Errors
/// What the kernel needs that WGSL or the adapter lacks.
pub(crate) fn shaders(
    module: &Valid<Module>,
    features: Features,
    limits: Limits,
) -> Result<Shaders, Failure> {
    let signature = module_signature(module);
    let own = module.kernels[0].clone();
    let module = for_gpu(module)?;
    let kernel = &module.kernels[0];
    let device_kept: BTreeSet<VarId> = analysis::device_kept(kernel);
    let request =
        Request { kernel, sources: &module.sources, device_kept: &device_kept, features, limits };
    let generate = |unit: Unit<'_>| {
        crossover_wgsl::generate(&request, unit)
            .map_err(|reason| Failure::Unavailable(reason.to_string()))
    };
    let shaders = units(kernel).into_iter().map(generate).collect::<Result<Vec<_>, _>>()?;
    let slots = DeviceScalars::of(kernel, &device_kept);
    Ok(Shaders { signature, units: shaders, slots, own, module: module.clone() })
}

fn for_gpu(module: &Valid<Module>) -> Result<Valid<Module>, Failure> {
    let expanded = analysis::expand_inner_reductions(module);
    let kernels = expanded.kernels.iter().map(analysis::for_gpu).collect();
    let module = Module { sources: expanded.sources.clone(), kernels };
    validate(module).map_err(|error| Failure::Failed(format!("internal error: {error}")))
}

/// Makes the generated shaders of a target ready.
///
/// # Errors
/// What is unavailable, refused by the adapter's limits, or failed.
pub(crate) fn prepare(opened: &Arc<Opened>, target: &Target<'_>) -> Result<Generated, Failure> {
    let (module, parse) = front::timed_compile(target.kernel, target.dtype)?;
    let info = opened.device.info();
    let start = Instant::now();
    let limits = Limits {
        storage_buffers: info.limits.max_storage_buffers,
        workgroup_bytes: info.limits.max_group_memory,
        workgroup_invocations: info.limits.max_invocations_per_group,
        uniform_bytes: u32::try_from(info.limits.max_uniform_binding).unwrap_or(u32::MAX),
    };
    let shaders = shaders(&module, Features { f64: info.f64 }, limits)?;
    check_loops(opened, &shaders, target)?;
    let lower = start.elapsed();
    let mut session = Session::new(&opened.device, crossover_gpu::Pace::default())
        .map_err(|error| super::failure(&error))?;
    let units = ready(&mut session, shaders.units)?;
    let pool = scalar_buffers(&mut session, &shaders.slots)?;
    let made = session.take_phases().map_err(|error| super::failure(&error))?;
    let phases = vec![phase("parse", parse), phase("lower", lower), phase("compile", made.compile)];
    let kernel = &shaders.module.kernels[0];
    Ok(Generated {
        opened: Arc::clone(opened),
        signature: shaders.signature,
        var_types: kernel.vars.iter().map(|var| var.dtype).collect(),
        apart: Apart::of(kernel),
        module: shaders.module,
        units,
        slots: shaders.slots,
        session,
        arguments: ArgumentBuffers::default(),
        pool,
        phases,
    })
}

/// The need of a dispatch is what one iteration of its region needs, times the iterations of an
/// invocation, with what the text adds.
fn check_loops(opened: &Opened, shaders: &Shaders, target: &Target<'_>) -> Result<(), Failure> {
    let needs = needs(&shaders.own, &shaders.module.kernels[0], target.back_edges);
    for (shader, Need { back_edges, trips }) in shaders.units.iter().zip(needs) {
        let budget = shader.loop_budget;
        let need = back_edges.map(|edges| {
            // One more for each loop that is entered; no loop runs without being counted itself.
            let each = edges.saturating_mul(2).saturating_add(1);
            u64::from(budget.iterations).saturating_mul(each).saturating_add(budget.extra.into())
        });
        opened.check_loops("a dispatch of the kernel", need, trips)?;
    }
    Ok(())
}

fn ready(session: &mut Session, shaders: Vec<UnitShader>) -> Result<Vec<ReadyUnit>, Failure> {
    let compile = |shader: UnitShader| {
        let bindings =
            shader.bindings.iter().map(|b| Binding { slot: b.index, kind: gpu_kind(&b.kind) });
        let bindings = bindings.collect::<Vec<_>>();
        let pipeline = |entry: &crossover_wgsl::EntryPoint| {
            session.pipeline(&Shader {
                source: shader.source.clone(),
                entry: entry.name.clone(),
                bindings: bindings.clone(),
                constants: Vec::new(),
            })
        };
        let pipelines = shader.entry_points.iter().map(pipeline).collect::<Result<_, _>>();
        let pipelines = pipelines.map_err(|error| super::failure(&error))?;
        Ok(ReadyUnit { shader, pipelines })
    };
    shaders.into_iter().map(compile).collect()
}

const fn gpu_kind(kind: &BindingKind) -> GpuBinding {
    match kind {
        BindingKind::Array { access: Access::Read, .. } => GpuBinding::StorageRead,
        BindingKind::Array { access: Access::ReadWrite | Access::Atomic, .. }
        | BindingKind::DeviceScalars(_)
        | BindingKind::ReducePartials { .. } => GpuBinding::StorageReadWrite,
        BindingKind::Uniform(_) => GpuBinding::Uniform,
    }
}

fn scalar_buffers(session: &mut Session, slots: &DeviceScalars) -> Result<Pool, Failure> {
    let mut buffers = BTreeMap::new();
    for (&class, vars) in &slots.classes {
        let bytes = vars.len() as u64 * class.width();
        let buffer = session.create_buffer("device scalars", bytes);
        buffers.insert(class, buffer.map_err(|error| super::failure(&error))?);
    }
    Ok(Pool::new(buffers))
}

impl Prepared for Generated {
    fn phases(&self) -> &[Phase] {
        &self.phases
    }

    fn run(&mut self, arguments: Vec<Value>) -> Result<Outcome, Failure> {
        let result = self.call(arguments);
        self.pool.end_call();
        result
    }
}

impl Generated {
    fn call(&mut self, arguments: Vec<Value>) -> Result<Outcome, Failure> {
        let gpu = |error| super::failure(&error);
        let buffers = self.arguments.for_arguments(&mut self.session, &arguments).map_err(gpu)?;
        // What is only written goes up outside the timed interval: it is poison, not input.
        self.upload(&arguments, &buffers, Direction::Poison)?;
        let mut clock = CallClock::start(&mut self.session).map_err(gpu)?;
        self.upload(&arguments, &buffers, Direction::Input)?;
        self.upload_scalars(&arguments)?;
        let bound = bound_arguments(&arguments, &buffers);
        let output = self.record(&mut clock, &bound)?;
        let mut arrays = output.params.into_iter();
        let mut results = Vec::with_capacity(arguments.len());
        for (param, argument) in self.signature.params.clone().iter().zip(arguments) {
            results.push(match (argument, param.role.is_output()) {
                (Value::Scalar(scalar), _) => Value::Scalar(scalar),
                (Value::Array(array), written) => match arrays.next() {
                    Some(bound) if written => Value::Array(self.fetch(&bound)?),
                    _ => Value::Array(array),
                },
            });
        }
        let mut returned = Vec::new();
        for value in output.returned {
            returned.push(match value {
                Argument::Scalar(scalar) => Value::Scalar(scalar),
                Argument::Array(bound) => Value::Array(self.fetch(&bound)?),
            });
        }
        let wall = clock.elapsed();
        let phases = self.session.take_phases().map_err(gpu)?;
        let trusted = self.opened.passport.timestamps.trusted;
        let (wall_ns, phases) = clock.finish(&phases, trusted, wall);
        let outputs = outputs(&self.signature, results, returned)?;
        Ok(Outcome { outputs, wall_ns, phases, back_edges: None, facts: BTreeMap::new() })
    }

    fn record(
        &mut self,
        clock: &mut CallClock,
        arguments: &[Argument<BufferId>],
    ) -> Result<crossover_ir::Output<BufferId>, Failure> {
        let mut recorder = Recorder {
            session: &mut self.session,
            units: &self.units,
            slots: &self.slots,
            pool: &mut self.pool,
            clock,
            var_types: &self.var_types,
            read: BTreeMap::new(),
        };
        run_host(&self.module, 0, &self.apart, &mut recorder, arguments).map_err(
            |error| match error {
                RecordError::Trap(trap) => front::trap_failure(&self.module, &trap),
                RecordError::Gpu(error) => super::failure(&error),
                RecordError::Grid(error) => Failure::Unavailable(format!("device limit: {error}")),
                RecordError::Defect(what) => Failure::Failed(format!("internal error: {what}")),
            },
        )
    }

    fn fetch(&mut self, bound: &Bound<BufferId>) -> Result<crossover_values::Array, Failure> {
        let shape = bound.shape.iter().map(|&extent| extent as usize).collect::<Vec<_>>();
        download(&mut self.session, bound.buffer, bound.dtype, &shape)
    }

    fn upload(
        &mut self,
        arguments: &[Value],
        buffers: &[Option<BufferId>],
        direction: Direction,
    ) -> Result<(), Failure> {
        let params = self.signature.params.iter().zip(arguments).zip(buffers);
        for ((param, argument), buffer) in params {
            let poison = param.role == crossover_values::Role::Out;
            if poison != (direction == Direction::Poison) {
                continue;
            }
            if let (Value::Array(array), Some(buffer)) = (argument, buffer) {
                let sent = self.session.upload(*buffer, array.bytes());
                sent.map_err(|error| super::failure(&error))?;
            }
        }
        Ok(())
    }

    /// Scalar parameters that the device keeps begin there.
    fn upload_scalars(&mut self, arguments: &[Value]) -> Result<(), Failure> {
        let initial = initial_scalars(&self.module.kernels[0], arguments);
        for (class, vars) in &self.slots.classes {
            let Some(&buffer) = self.pool.scalars.get(class) else { continue };
            let width = class.width() as usize;
            let mut bytes = vec![0_u8; vars.len() * width];
            for (slot, var) in vars.iter().enumerate() {
                if let Some(value) = initial.get(var) {
                    put_scalar(&mut bytes, slot * width, *value);
                }
            }
            self.session.upload(buffer, &bytes).map_err(|error| super::failure(&error))?;
        }
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Poison,
    Input,
}

fn initial_scalars(kernel: &Kernel, arguments: &[Value]) -> BTreeMap<VarId, Scalar> {
    let scalars = kernel.params.iter().zip(arguments).filter_map(|pair| match pair {
        (KernelParam::Scalar(var), Value::Scalar(scalar)) => Some((*var, *scalar)),
        _ => None,
    });
    scalars.collect()
}

fn bound_arguments(arguments: &[Value], buffers: &[Option<BufferId>]) -> Vec<Argument<BufferId>> {
    let bind = |(argument, buffer): (&Value, &Option<BufferId>)| match (argument, buffer) {
        (Value::Array(array), Some(buffer)) => Argument::Array(Bound {
            buffer: *buffer,
            dtype: array.dtype(),
            shape: array.shape().iter().map(|&extent| extent as u64).collect(),
        }),
        (Value::Scalar(scalar), _) => Argument::Scalar(*scalar),
        (Value::Array(_), None) => unreachable!("every array argument was given a buffer"),
    };
    arguments.iter().zip(buffers).map(bind).collect()
}
