//! Launches: registers and memory tables of a unit are filled, its code runs, results go back.

use crossover_ir::fold::{BLOCK, PARTIALS, Pairwise, fold_partials};

use super::*;
use crate::lanes::Iterations;
use crate::memory::{Memory, Width};
use crate::opcode::{Inst, Target};
use crate::probe::Probe;
use crate::unit::{Input, TrapSite};
use crate::vm::{COUNTED, Exit, FLAT, PLAIN, TRACKED, execute};

/// Iterations of a region that run before budget and cancellation are looked at again.
const WATCHED_CHUNK: u64 = BLOCK;

impl Vm<'_> {
    pub(super) fn launch_serial(
        &mut self,
        unit: UnitId,
        state: &mut HostState<Handle>,
    ) -> Result<(), RunError> {
        let mut launch = Launch::new(self, unit, state);
        launch.registers[usize::from(FLAT)] = 0;
        let result = launch.execute();
        launch.finish();
        self.note_back_edges(unit);
        result.map_err(|exit| self.failed(unit, exit, state, false))?;
        self.outputs(unit, state);
        Ok(())
    }

    pub(super) fn launch_region(
        &mut self,
        unit: UnitId,
        axes: &[AxisRange],
        state: &mut HostState<Handle>,
    ) -> Result<(), RunError> {
        let total = AxisRange::total(axes).expect("the caller checked that it fits");
        let watched = self.step_budget != u64::MAX || self.watch.cancel.is_some();
        let mut machine = self.lanes.take();
        let lanes = self.program.lanes.get(unit.0).and_then(Option::as_ref);
        let lanes = lanes.and_then(|lanes| lanes.as_ref().ok());
        let mut launch = Launch::new(self, unit, state);
        let mut in_lanes = match (&mut machine, lanes) {
            (Some(machine), Some(lanes)) if lanes.fits(launch.unit) && launch.patched.is_none() => {
                let input = |input| input_bits(input, state);
                Some(machine.launch(unit.0, lanes, axes, input))
            }
            _ => None,
        };
        let ordered = !launch.unit.folds.is_empty();
        let chunk = match (ordered, watched) {
            (true, _) => BLOCK,
            (false, true) => WATCHED_CHUNK,
            (false, false) => total,
        };
        let mut sums: Vec<Pairwise<Scalar>> =
            launch.unit.folds.iter().map(|_| Pairwise::default()).collect();
        launch.set_axes(axes);
        let mut start = 0;
        let mut result = Ok(());
        while start < total && result.is_ok() {
            let end = total.min(start.saturating_add(chunk));
            launch.clear_partials();
            let piece = Iterations { start, end };
            result = launch
                .watch
                .spend(end - start)
                .map_err(Failure::from)
                .and_then(|()| launch.iterations(axes, piece, in_lanes.as_mut()));
            launch.fold_partials(&mut sums);
            start = end;
        }
        launch.finish();
        self.note_back_edges(unit);
        self.lanes = machine;
        result.map_err(|exit| self.failed(unit, exit, state, true))?;
        for (fold, sum) in self.units[unit.0].folds.iter().zip(sums) {
            let folded = sum.finish(|a, b| fold.op.combine(a, b));
            let target = &mut state.vars[fold.target.0 as usize];
            if let (Some(before), Some(folded)) = (*target, folded) {
                *target = Some(fold.op.combine(before, folded));
            }
        }
        self.outputs(unit, state);
        Ok(())
    }

    /// Keeps the largest count of a launch as that of its unit.
    fn note_back_edges(&mut self, unit: UnitId) {
        let launch = std::mem::take(&mut self.watch.max_back_edges);
        let most = &mut self.back_edges[unit.0];
        *most = launch.max(*most);
    }

    /// Reads the host variables that the unit assigned.
    fn outputs(&mut self, unit: UnitId, state: &mut HostState<Handle>) {
        for (register, var) in &self.units[unit.0].outputs {
            let dtype = self.program.kernel().vars[var.0 as usize].dtype;
            let bits = self.registers[usize::from(*register)];
            state.vars[var.0 as usize] = Some(Scalar::from_bits(dtype, bits));
        }
    }

    /// The error for code of a unit that did not reach its end.
    fn failed(
        &self,
        unit: UnitId,
        exit: Failure,
        state: &HostState<Handle>,
        region: bool,
    ) -> RunError {
        let unit = &self.units[unit.0];
        let iteration = region.then_some(self.registers[usize::from(FLAT)]);
        match exit {
            Failure::Exit(Exit::Trap(position)) => {
                let anchor = unit.origins[position].first().expect("what traps has an origin");
                let info = &unit.anchors[*anchor as usize];
                let kind = self.trap_kind(&unit.code[position], &info.trap, state);
                Trap { kind, span: info.span, iteration }.into()
            }
            Failure::Dependence(position, kind) => {
                let anchor = unit.origins[position].first().expect("accesses have an origin");
                let span = unit.anchors[*anchor as usize].span;
                Trap { kind, span, iteration }.into()
            }
            Failure::Exit(exit) => self.stopped(exit, unit.span, None),
        }
    }

    /// The error for an exit that is no trap of the code.
    pub(super) fn stopped(&self, exit: Exit, span: Span, iteration: Option<u64>) -> RunError {
        match exit {
            Exit::Cancelled => RunError::Cancelled,
            Exit::Done | Exit::Trap(_) | Exit::Dependence(_) | Exit::Budget => {
                let kind = TrapKind::StepBudget { limit: self.step_budget };
                Trap { kind, span, iteration }.into()
            }
        }
    }

    fn trap_kind(&self, inst: &Inst, site: &TrapSite, state: &HostState<Handle>) -> TrapKind {
        let operand =
            |register: u16, dtype| Scalar::from_bits(dtype, self.registers[usize::from(register)]);
        match site {
            TrapSite::Division(dtype) => {
                TrapKind::DivisionByZero { dividend: operand(inst.a, *dtype) }
            }
            TrapSite::Cast { from, to } => TrapKind::cast_range(operand(inst.a, *from), *to),
            TrapSite::Scratch { name, dtype, len } => TrapKind::OutOfBounds {
                array: name.clone(),
                axis: 0,
                index: operand(inst.a, *dtype),
                extent: u64::from(*len),
            },
            TrapSite::Index { array, dtypes } => {
                let name = self.program.kernel().arrays[array.0 as usize].name.clone();
                let bound = state.arrays[array.0 as usize].as_ref();
                let shape = &bound.expect("the validator proves that names are bound").shape;
                let registers = [inst.a, inst.b];
                let outside =
                    |axis: &usize| self.registers[usize::from(registers[*axis])] >= shape[*axis];
                let axis = (0..dtypes.len()).find(outside).unwrap_or(0);
                TrapKind::OutOfBounds {
                    array: name,
                    axis: axis as u32,
                    index: operand(registers[axis], dtypes[axis]),
                    extent: shape[axis],
                }
            }
            TrapSite::Explicit(code) => TrapKind::Explicit { code: *code },
            TrapSite::Never => unreachable!("opcodes that trap are emitted with a site"),
        }
    }
}

/// Why a launch failed.
pub(super) enum Failure {
    /// The loop ended early.
    Exit(Exit),
    /// Two iterations depend on each other at an instruction.
    Dependence(usize, TrapKind),
}

impl From<Exit> for Failure {
    fn from(exit: Exit) -> Failure {
        Failure::Exit(exit)
    }
}

/// One launch of a unit: parts of the machine, borrowed apart.
pub(super) struct Launch<'l, 'r> {
    program: &'r Program,
    unit_id: UnitId,
    pub(super) unit: &'r Unit,
    /// Code with slots renumbered, where two names are one array.
    patched: Option<Vec<Inst>>,
    pub(super) registers: &'l mut Registers,
    pub(super) memory: Memory<'l>,
    pub(super) watch: &'l mut Watch<'r>,
    counts: Option<&'l mut Counts<'r>>,
    probe: Probe,
    track: bool,
}

impl<'l, 'r> Launch<'l, 'r> {
    fn new(vm: &'l mut Vm<'r>, id: UnitId, state: &HostState<Handle>) -> Launch<'l, 'r> {
        let unit = &vm.units[id.0];
        for (register, input) in &unit.inputs {
            vm.registers[usize::from(*register)] = input_bits(*input, state);
        }
        let (memory, patched) = tables(unit, &mut vm.arrays, state);
        let track = vm.check_independence;
        let observes = track || vm.counts.is_some();
        Launch {
            program: vm.program,
            unit_id: id,
            unit,
            patched,
            registers: &mut vm.registers,
            memory,
            watch: &mut vm.watch,
            counts: vm.counts.as_mut(),
            probe: Probe::new(if observes { unit.code.len() } else { 0 }),
            track,
        }
    }

    /// What stays the same for all iterations.
    fn set_axes(&mut self, axes: &[AxisRange]) {
        for (level, (axis, regs)) in axes.iter().zip(&self.unit.axes).enumerate() {
            let stride = axes[level + 1..].iter().map(|inner| inner.count).product();
            self.registers[usize::from(regs.first)] = index_bits(regs.dtype, axis.at(0));
            self.registers[usize::from(regs.stride)] = stride;
        }
    }

    /// Index variables and bounds for the iterations `start..end`.
    pub(super) fn set_range(&mut self, axes: &[AxisRange], start: u64, end: u64) {
        self.registers[usize::from(FLAT)] = start;
        let mut run = 0..end;
        for (level, (axis, regs)) in axes.iter().zip(&self.unit.axes).enumerate() {
            let stride: u64 = axes[level + 1..].iter().map(|inner| inner.count).product();
            // The run of this axis began at `run.start`.
            let position = (start - run.start) / stride;
            self.registers[usize::from(regs.index)] = index_bits(regs.dtype, axis.at(position));
            self.registers[usize::from(regs.bound)] = run.end;
            run.start += position * stride;
            run.end = end.min(run.start + stride);
        }
    }

    fn clear_partials(&mut self) {
        for fold in &self.unit.folds {
            let first = usize::from(fold.partials);
            self.registers[first..first + PARTIALS].fill(fold.op.identity(fold.dtype).to_bits());
        }
    }

    fn fold_partials(&mut self, sums: &mut [Pairwise<Scalar>]) {
        for (fold, sum) in self.unit.folds.iter().zip(sums) {
            let partials: [Scalar; PARTIALS] = std::array::from_fn(|partial| {
                let register = usize::from(fold.partials) + partial;
                Scalar::from_bits(fold.dtype, self.registers[register])
            });
            let combine = |a, b| fold.op.combine(a, b);
            sum.push(fold_partials(&partials, combine), combine);
        }
    }

    pub(super) fn execute(&mut self) -> Result<(), Failure> {
        let code = self.patched.as_deref().unwrap_or(&self.unit.code);
        let (regs, memory) = (&mut *self.registers, &mut self.memory);
        let (watch, probe) = (&mut *self.watch, &mut self.probe);
        let exit = if self.track {
            execute::<TRACKED>(code, regs, memory, watch, probe)
        } else if self.counts.is_some() {
            execute::<COUNTED>(code, regs, memory, watch, probe)
        } else {
            execute::<PLAIN>(code, regs, memory, watch, probe)
        };
        match exit {
            Exit::Done => Ok(()),
            Exit::Dependence(position) => Err(Failure::Dependence(position, self.dependence())),
            exit => Err(exit.into()),
        }
    }

    /// The conflict that the probe found, as a trap.
    fn dependence(&self) -> TrapKind {
        let conflict = self.probe.conflict.expect("the exit says that there is one");
        let slot = |slot: &&crate::memory::Slot| {
            (slot.width, slot.index) == (conflict.width, conflict.slot)
        };
        let slot = self.unit.slots.iter().find(slot).expect("the slot is the unit's");
        let array = self.program.kernel().arrays[slot.array.0 as usize].name.clone();
        let (element, first, second) = (conflict.element, conflict.first, conflict.second);
        TrapKind::Dependence { array, element, first, second }
    }

    fn finish(self) {
        if let Some(counts) = self.counts {
            counts.unit(self.unit_id, &self.probe.counts);
        }
    }
}

/// What a register holds when a launch begins.
fn input_bits(input: Input, state: &HostState<Handle>) -> u64 {
    let bits = match input {
        Input::Const(bits) => Some(bits),
        Input::Host(var) => state.vars[var.0 as usize].map(Scalar::to_bits),
        Input::Extent(array, axis) => {
            state.arrays[array.0 as usize].as_ref().map(|bound| bound.shape[axis as usize])
        }
    };
    bits.unwrap_or(0)
}

/// The register content for an exact index.
fn index_bits(dtype: DType, index: i128) -> u64 {
    Scalar::from_bits(dtype, index as u64).to_bits()
}

/// The memory tables of a launch. Slots are positions in the tables, in order; where two names are
/// one array (then neither is written in a region, but in a serial section either may be), the
/// later one's instructions use the place of the first.
fn tables<'a>(
    unit: &Unit,
    arrays: &'a mut [Owned],
    state: &HostState<Handle>,
) -> (Memory<'a>, Option<Vec<Inst>>) {
    let mut free: Vec<(Handle, Option<&'a mut Array>, u16)> =
        arrays.iter_mut().map(|owned| (owned.handle.clone(), Some(&mut owned.array), 0)).collect();
    let mut memory = Memory::default();
    let mut places: Vec<u16> = Vec::with_capacity(unit.slots.len());
    for slot in &unit.slots {
        let bound = state.arrays[slot.array.0 as usize].as_ref();
        let buffer = &bound.expect("the validator proves that names are bound").buffer;
        let entry = free.iter_mut().find(|(handle, _, _)| handle == buffer);
        let (_, array, place) = entry.expect("a bound array lives");
        if let Some(array) = array.take() {
            *place = memory.push(array);
        }
        places.push(*place);
    }
    let same = unit.slots.iter().zip(&places).all(|(slot, place)| slot.index == *place);
    let patched = (!same).then(|| patch(unit, &places));
    (memory, patched)
}

/// The code with slots moved to their places.
fn patch(unit: &Unit, places: &[u16]) -> Vec<Inst> {
    let place = |width: Width, index: u16| {
        let slot = unit.slots.iter().position(|slot| (slot.width, slot.index) == (width, index));
        slot.map_or(index, |slot| places[slot])
    };
    let moved = |inst: &Inst| match inst.op.width() {
        Some(width) if inst.op.info().target == Target::Array => {
            Inst { t: place(width, inst.t), ..*inst }
        }
        _ => *inst,
    };
    unit.code.iter().map(moved).collect()
}
