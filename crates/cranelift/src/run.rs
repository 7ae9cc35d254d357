//! Running a compiled kernel: the CPU as a device of host level.

use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::compile::CompiledUnit;
use crate::jit::{Code, Inputs};
use crate::layout::{self, status};
use crate::reduction::{self, BLOCK, Gathered};
use crate::schedule::{self, Team, Work};
use crate::site::Failure;
use crate::{Outcome, RunError};
use crossover_ir::{
    Argument, AxisRange, Bound, Code as LaneCode, Device, HostState, Kernel, KernelParam, Output,
    Region, Serial, Span, Trap, TrapKind, UnitId, VarId,
};
use crossover_values::{Array, DType, ParamKind, Scalar, Value};

/// Arrays from this many bytes on are asked for in a way that can fail.
const LARGE: u64 = 1 << 26;

/// Handle of an array: its index in [`Cpu::buffers`], counted to know when no name means it.
pub(crate) type Handle = Rc<usize>;

/// The CPU of one run.
pub(crate) struct Cpu<'r> {
    pub(crate) kernel: &'r Kernel,
    pub(crate) code: &'r Code,
    pub(crate) units: &'r [CompiledUnit],
    pub(crate) team: Option<&'r Team>,
    pub(crate) cancel: &'r AtomicBool,
    pub(crate) memory_limit: u64,
    /// Memory of arrays. Arguments come first and are never dropped.
    pub(crate) buffers: Vec<Option<Array>>,
    /// Handles of the arrays made by the kernel.
    pub(crate) made: Vec<Handle>,
}

/// Why a chunk ended early.
enum Stop {
    Failed(Failure),
    Cancelled,
}

impl Device for Cpu<'_> {
    type Buffer = Handle;
    type Error = RunError;

    fn zeros(&mut self, dtype: DType, shape: &[u64], span: Span) -> Result<Handle, RunError> {
        self.drop_unbound();
        let elements = shape.iter().try_fold(1_u64, |total, extent| total.checked_mul(*extent));
        let bytes = elements.and_then(|elements| elements.checked_mul(dtype.size() as u64));
        let live: u64 = self.buffers.iter().flatten().map(byte_size).sum();
        let needed = bytes.and_then(|bytes| bytes.checked_add(live));
        let limit = self.memory_limit.min(isize::MAX as u64);
        let needed = needed.unwrap_or(u64::MAX);
        let bytes = bytes.unwrap_or(u64::MAX);
        let refused =
            || bytes > LARGE && Vec::<u8>::new().try_reserve_exact(bytes as usize).is_err();
        if needed > limit || refused() {
            let kind = TrapKind::MemoryLimit { needed, limit };
            return Err(Trap { kind, span, iteration: None }.into());
        }
        let shape: Vec<usize> = shape.iter().map(|extent| *extent as usize).collect();
        self.buffers.push(Some(Array::zeros(dtype, &shape)));
        let handle = Rc::new(self.buffers.len() - 1);
        self.made.push(Rc::clone(&handle));
        Ok(handle)
    }

    fn region(
        &mut self,
        unit: UnitId,
        region: &Region,
        axes: &[AxisRange],
        state: &mut HostState<Handle>,
    ) -> Result<(), RunError> {
        let total = AxisRange::total(axes).unwrap_or(u64::MAX);
        let code = &region.code;
        let names = &self.units[unit.0].layout.names;
        let inputs = Inputs::new(names, axes, state, &mut self.buffers, self.cancel);
        let launch = Launch {
            kernel: self.kernel,
            machine: self.code,
            unit: unit.0,
            compiled: &self.units[unit.0],
            code,
            inputs,
            cancel: self.cancel,
        };
        let in_blocks = launch.compiled.layout.in_blocks();
        let cost = launch.compiled.cost;
        let work = if in_blocks {
            Work { pieces: total.div_ceil(BLOCK), cost: cost.saturating_mul(BLOCK) }
        } else {
            Work { pieces: total, cost }
        };
        let results = schedule::run_chunks(work, self.team, |start, end| {
            if in_blocks { launch.blocks(start, end, total) } else { launch.chunk(start, end) }
        });
        drop(launch);
        let results = results.map_err(|stop| self.stopped(unit, code, stop, state, true))?;
        let mut gathered = reduction::start(code, &self.units[unit.0].layout);
        for later in results {
            reduction::append(code, &mut gathered, later);
        }
        reduction::assign(code, gathered, state);
        Ok(())
    }

    fn serial(
        &mut self,
        unit: UnitId,
        serial: &Serial,
        state: &mut HostState<Handle>,
    ) -> Result<(), RunError> {
        let layout = &self.units[unit.0].layout;
        let mut lane = vec![0; layout.words];
        let inputs = Inputs::new(&layout.names, &[], state, &mut self.buffers, self.cancel);
        let status = self.code.call(unit.0, &inputs, &mut lane, 0, 1);
        if let Err(stop) = check(status, &lane) {
            return Err(self.stopped(unit, &serial.code, stop, state, false));
        }
        for (var, word) in &layout.assigned {
            let dtype = self.kernel.vars[var.0 as usize].dtype;
            state.vars[var.0 as usize] = Some(Scalar::from_bits(dtype, lane[*word]));
        }
        Ok(())
    }

    fn fetch(&mut self, var: VarId, _state: &mut HostState<Handle>) -> Result<Scalar, RunError> {
        // Nothing is kept back: a variable without a value was assigned on no path.
        Ok(Scalar::from_bits(self.kernel.vars[var.0 as usize].dtype, 0))
    }

    fn step(&mut self, _span: Span) -> Result<(), RunError> {
        if self.cancel.load(Ordering::Relaxed) { Err(RunError::Cancelled) } else { Ok(()) }
    }
}

impl Cpu<'_> {
    /// Drops arrays made by the kernel that no name means any more.
    fn drop_unbound(&mut self) {
        let buffers = &mut self.buffers;
        self.made.retain(|handle| {
            let bound = Rc::strong_count(handle) > 1;
            if !bound {
                buffers[**handle] = None;
            }
            bound
        });
    }

    fn stopped(
        &self,
        unit: UnitId,
        code: &LaneCode,
        stop: Stop,
        state: &HostState<Handle>,
        in_region: bool,
    ) -> RunError {
        let failure = match stop {
            Stop::Cancelled => return RunError::Cancelled,
            Stop::Failed(failure) => failure,
        };
        let site = &self.units[unit.0].sites[failure.site as usize];
        let extent = |array: crossover_ir::ArrayId, axis: u32| {
            let bound = state.arrays[array.0 as usize].as_ref();
            bound.map_or(0, |bound| bound.shape[axis as usize])
        };
        let iteration = in_region.then_some(failure.iteration);
        site.trap(self.kernel, code, failure, iteration, extent).into()
    }

    /// Puts arrays back into the arguments, and gives the returned values.
    pub(crate) fn give_back(
        mut self,
        output: Result<Output<Handle>, RunError>,
        arguments: &mut [Value],
    ) -> Result<Outcome, RunError> {
        let arrays = self.kernel.params.iter().enumerate().filter_map(|(position, param)| {
            matches!(param, KernelParam::Array(_)).then_some(position)
        });
        let arrays: Vec<usize> = arrays.collect();
        match output {
            Err(error) => {
                for (buffer, position) in arrays.into_iter().enumerate() {
                    arguments[position] = Value::Array(self.take(buffer, 1));
                }
                Err(error)
            }
            Ok(output) => {
                let mut uses = vec![0; self.buffers.len()];
                for bound in &output.params {
                    uses[*bound.buffer] += 1;
                }
                for returned in &output.returned {
                    if let Argument::Array(bound) = returned {
                        uses[*bound.buffer] += 1;
                    }
                }
                let mut take = |buffer: usize| {
                    let array = self.take(buffer, uses[buffer]);
                    uses[buffer] -= 1;
                    Value::Array(array)
                };
                for (bound, position) in output.params.iter().zip(arrays) {
                    arguments[position] = take(*bound.buffer);
                }
                let returned = output.returned.into_iter().map(|value| match value {
                    Argument::Scalar(scalar) => Value::Scalar(scalar),
                    Argument::Array(bound) => take(*bound.buffer),
                });
                Ok(Outcome { returned: returned.collect() })
            }
        }
    }

    /// The array behind a handle that is asked for `uses` times from now on: the last one gets
    /// the memory, others a copy.
    fn take(&mut self, buffer: usize, uses: usize) -> Array {
        let slot = &mut self.buffers[buffer];
        let array = if uses > 1 { slot.clone() } else { slot.take() };
        array.expect("a bound array is kept until its last use")
    }
}

/// One region being run.
struct Launch<'l> {
    kernel: &'l Kernel,
    machine: &'l Code,
    unit: usize,
    compiled: &'l CompiledUnit,
    code: &'l LaneCode,
    inputs: Inputs<'l>,
    cancel: &'l AtomicBool,
}

impl Launch<'_> {
    fn chunk(&self, start: u64, end: u64) -> Result<Vec<Gathered>, Stop> {
        let layout = &self.compiled.layout;
        let mut lane = vec![0; layout.words];
        let mut gathered = reduction::start(self.code, layout);
        self.call(&mut lane, start, end, &mut gathered)?;
        Ok(gathered)
    }

    /// Runs blocks `first..end`, one call each.
    fn blocks(&self, first: u64, end: u64, total: u64) -> Result<Vec<Gathered>, Stop> {
        let layout = &self.compiled.layout;
        let mut lane = vec![0; layout.words];
        let mut gathered = reduction::start(self.code, layout);
        for block in first..end {
            reduction::prepare(self.code, layout, &mut lane);
            let start = block * BLOCK;
            self.call(&mut lane, start, total.min(start + BLOCK), &mut gathered)?;
        }
        Ok(gathered)
    }

    fn call(
        &self,
        lane: &mut [u64],
        start: u64,
        end: u64,
        gathered: &mut [Gathered],
    ) -> Result<(), Stop> {
        if self.cancel.load(Ordering::Relaxed) {
            return Err(Stop::Cancelled);
        }
        let status = self.machine.call(self.unit, &self.inputs, lane, start, end);
        check(status, lane)?;
        reduction::absorb(self.code, &self.compiled.layout, self.kernel, lane, gathered);
        Ok(())
    }
}

fn check(status: u32, lane: &[u64]) -> Result<(), Stop> {
    match status {
        status::DONE => Ok(()),
        status::CANCELLED => Err(Stop::Cancelled),
        _ => Err(Stop::Failed(Failure {
            site: lane[layout::FAILED_SITE],
            payload: lane[layout::FAILED_PAYLOAD],
            iteration: lane[layout::FAILED_ITERATION],
        })),
    }
}

/// Tests arguments against a kernel's parameters.
pub(crate) fn check_arguments(kernel: &Kernel, arguments: &[Value]) -> Result<(), RunError> {
    if arguments.len() != kernel.params.len() {
        let (given, expected) = (arguments.len(), kernel.params.len());
        return Err(RunError::ArgumentCount { given, expected });
    }
    for (position, (param, argument)) in kernel.params.iter().zip(arguments).enumerate() {
        let expected = match param {
            KernelParam::Scalar(var) => ParamKind::Scalar(kernel.vars[var.0 as usize].dtype),
            KernelParam::Array(array) => {
                let name = &kernel.arrays[array.0 as usize];
                ParamKind::Array { dtype: name.dtype, rank: name.rank as usize }
            }
        };
        if argument.kind() != expected {
            let given = argument.kind();
            return Err(RunError::ArgumentKind { position, given, expected });
        }
        let extents = argument.as_array().map_or(&[][..], Array::shape);
        if let Some(extent) = extents.iter().copied().find(|extent| *extent > i32::MAX as usize) {
            return Err(RunError::ArgumentExtent { position, extent });
        }
    }
    Ok(())
}

/// Takes the arrays out of the arguments: the buffers, and the arguments of host level.
pub(crate) fn take_arguments(
    arguments: &mut [Value],
) -> (Vec<Option<Array>>, Vec<Argument<Handle>>) {
    let mut buffers = Vec::new();
    let mut taken = Vec::with_capacity(arguments.len());
    for argument in arguments {
        taken.push(match argument {
            Value::Scalar(scalar) => Argument::Scalar(*scalar),
            Value::Array(array) => {
                let dtype = array.dtype();
                let shape = array.shape().iter().map(|extent| *extent as u64).collect();
                let empty = Array::zeros(DType::U8, &[0]);
                buffers.push(Some(std::mem::replace(array, empty)));
                let buffer = Rc::new(buffers.len() - 1);
                Argument::Array(Bound { buffer, dtype, shape })
            }
        });
    }
    (buffers, taken)
}

fn byte_size(array: &Array) -> u64 {
    (array.len() * array.dtype().size()) as u64
}
