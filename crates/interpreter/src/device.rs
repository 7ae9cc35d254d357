//! The interpreter as a device: arrays live here, regions and serial sections run here.

use std::rc::Rc;

use crossover_ir::{
    Argument, AxisRange, Bound, Device, HostState, Region, Serial, Span, Trap, TrapKind, UnitId,
    VarId,
};
use crossover_values::{Array, DType, Scalar, Value};

use crate::error::RunError;
use crate::lanes::Machine;
use crate::memory::{Registers, new_registers};
use crate::profile::Counts;
use crate::program::{Options, Outcome, Program, empty_array};
use crate::unit::Unit;
use crate::vm::Watch;

mod iterations;
mod launch;

/// Handle of an array. When the host state holds no clone of it, nobody can reach the array any
/// more and its memory is freed at the next allocation.
#[derive(Clone, Debug)]
pub(crate) struct Handle(Rc<usize>);

impl PartialEq for Handle {
    fn eq(&self, other: &Handle) -> bool {
        self.0 == other.0
    }
}

impl Eq for Handle {}

/// Bytes above which an allocation is tried before it is made: failing to make it would abort.
const LARGE: u64 = 64 << 20;

/// An array of a run.
struct Owned {
    handle: Handle,
    array: Array,
}

/// The state of a run.
pub(crate) struct Vm<'r> {
    program: &'r Program,
    units: &'r [Unit],
    arrays: Vec<Owned>,
    next_handle: usize,
    registers: Box<Registers>,
    watch: Watch<'r>,
    /// Largest number of loop back edges of one iteration, per unit.
    back_edges: Vec<u64>,
    step_budget: u64,
    memory_limit: Option<u64>,
    check_independence: bool,
    counts: Option<Counts<'r>>,
    regions: u64,
    serials: u64,
    /// What regions in lanes need; `None` if none runs in lanes.
    lanes: Option<Machine>,
}

impl<'r> Vm<'r> {
    /// A machine for one run.
    pub(crate) fn new(
        program: &'r Program,
        units: &'r [Unit],
        options: &'r mut Options<'_>,
    ) -> Vm<'r> {
        let step_budget = options.step_budget.unwrap_or(u64::MAX);
        let in_lanes = options.lanes() && !program.lanes.is_empty();
        let lanes = in_lanes.then(|| Machine::new(program.lanes.len()));
        let watch =
            Watch { steps: step_budget, cancel: options.cancel, back_edges: 0, max_back_edges: 0 };
        Vm {
            program,
            units,
            arrays: Vec::new(),
            next_handle: 0,
            registers: new_registers(),
            watch,
            back_edges: vec![0; units.len()],
            step_budget,
            memory_limit: options.memory_limit,
            check_independence: options.check_independence,
            counts: options.profile.as_deref_mut().map(|profile| Counts::new(program, profile)),
            regions: 0,
            serials: 0,
            lanes,
        }
    }

    /// Takes an argument: scalars are copied, arrays move here.
    pub(crate) fn take(&mut self, argument: &mut Value) -> Argument<Handle> {
        match argument {
            Value::Scalar(scalar) => Argument::Scalar(*scalar),
            Value::Array(array) => {
                let array = std::mem::replace(array, empty_array());
                let shape = array.shape().iter().map(|extent| *extent as u64).collect();
                let dtype = array.dtype();
                Argument::Array(Bound { buffer: self.own(array), dtype, shape })
            }
        }
    }

    fn own(&mut self, array: Array) -> Handle {
        let handle = Handle(Rc::new(self.next_handle));
        self.next_handle += 1;
        self.arrays.push(Owned { handle: handle.clone(), array });
        handle
    }

    /// Gives arrays back: each moves out, and is copied only if it is asked for again later.
    pub(crate) fn give_back(&mut self, handles: &[&Handle]) -> Vec<Array> {
        let mut given = Vec::with_capacity(handles.len());
        for (position, handle) in handles.iter().enumerate() {
            let place = self.arrays.iter().position(|owned| owned.handle == **handle);
            let owned = &mut self.arrays[place.expect("an array lives as long as its handle")];
            given.push(if handles[position + 1..].contains(handle) {
                owned.array.clone()
            } else {
                std::mem::replace(&mut owned.array, empty_array())
            });
        }
        given
    }

    /// Ends the run: counts go into the profile.
    pub(crate) fn finish(&mut self) {
        if let Some(counts) = self.counts.take() {
            counts.finish(self.units);
        }
    }

    /// What the run gave.
    pub(crate) fn outcome(self, returned: Vec<Value>) -> Outcome {
        Outcome {
            returned,
            back_edges: self.back_edges,
            regions: self.regions,
            serials: self.serials,
        }
    }

    /// Fails if arrays with `more` bytes beside would be over the limit.
    pub(crate) fn check_memory(&self, more: u64, span: Span) -> Result<(), RunError> {
        let Some(limit) = self.memory_limit else { return Ok(()) };
        let held = self.arrays.iter().map(|owned| owned.array.bytes().len() as u64).sum::<u64>();
        let needed = held.saturating_add(more);
        if needed > limit {
            let kind = TrapKind::MemoryLimit { needed, limit };
            return Err(Trap { kind, span, iteration: None }.into());
        }
        Ok(())
    }

    /// Takes steps of host level from the budget.
    fn spend(&mut self, steps: u64, span: Span) -> Result<(), RunError> {
        self.watch.spend(steps).map_err(|exit| self.stopped(exit, span, None))
    }
}

impl Device for Vm<'_> {
    type Buffer = Handle;
    type Error = RunError;

    fn zeros(&mut self, dtype: DType, shape: &[u64], span: Span) -> Result<Handle, RunError> {
        self.arrays.retain(|owned| Rc::strong_count(&owned.handle.0) > 1);
        let elements = shape.iter().try_fold(dtype.size() as u64, |n, m| n.checked_mul(*m));
        let bytes = elements.filter(|bytes| *bytes <= isize::MAX as u64);
        let Some(bytes) = bytes else {
            let limit = self.memory_limit.unwrap_or(isize::MAX as u64);
            let kind = TrapKind::MemoryLimit { needed: u64::MAX, limit };
            return Err(Trap { kind, span, iteration: None }.into());
        };
        self.check_memory(bytes, span)?;
        if bytes > LARGE && Vec::<u8>::new().try_reserve_exact(bytes as usize).is_err() {
            let limit = self.memory_limit.unwrap_or(bytes - 1);
            let kind = TrapKind::MemoryLimit { needed: bytes, limit };
            return Err(Trap { kind, span, iteration: None }.into());
        }
        let shape: Vec<usize> = shape.iter().map(|extent| *extent as usize).collect();
        Ok(self.own(Array::zeros(dtype, &shape)))
    }

    fn region(
        &mut self,
        unit: UnitId,
        _region: &Region,
        axes: &[AxisRange],
        state: &mut HostState<Handle>,
    ) -> Result<(), RunError> {
        self.regions += 1;
        self.launch_region(unit, axes, state)
    }

    fn serial(
        &mut self,
        unit: UnitId,
        _serial: &Serial,
        state: &mut HostState<Handle>,
    ) -> Result<(), RunError> {
        self.serials += 1;
        self.launch_serial(unit, state)
    }

    fn fetch(&mut self, var: VarId, state: &mut HostState<Handle>) -> Result<Scalar, RunError> {
        // Nothing is kept here: a variable without value was never set, and the validator proves
        // that such a one is not read.
        let dtype = self.program.kernel().vars[var.0 as usize].dtype;
        Ok(state.vars[var.0 as usize].unwrap_or(Scalar::from_bits(dtype, 0)))
    }

    fn step(&mut self, span: Span) -> Result<(), RunError> {
        if let Some(counts) = &mut self.counts {
            counts.host(span);
        }
        self.spend(1, span)
    }
}
