//! Compiled kernels: what callers hold and run.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use crossover_ir::analysis::expand_inner_reductions;
use crossover_ir::{
    Apart, Argument, Bound, Kernel, KernelParam, Module, Span, Trap, TrapKind, Unit as IrUnit,
    Valid, run_host, units,
};
use crossover_values::{Array, ParamKind, Scalar, Value};

use crate::assemble;
use crate::device::{Handle, Vm};
use crate::error::{CompileError, RunError};
use crate::lanes::{self, LaneUnit, NoLanes};
use crate::lower::Watched;
use crate::unit::Unit;

/// A kernel as bytecode.
#[derive(Debug)]
pub struct Program {
    pub(crate) module: Valid<Module>,
    pub(crate) kernel: usize,
    apart: Apart,
    /// Code of each region and serial section.
    pub(crate) units: Vec<Unit>,
    /// The same code with reports of loop back edges; made when first needed.
    watched: OnceLock<Vec<Unit>>,
    /// The regions in lanes, or why not; empty if nothing runs in lanes.
    pub(crate) lanes: Vec<Option<Result<LaneUnit, NoLanes>>>,
}

/// What a run observes and which limits it keeps. The default observes nothing and has no limits.
#[derive(Debug, Default)]
pub struct Options<'a> {
    /// Ends the run with [`TrapKind::StepBudget`] after this many steps: host nodes, iterations of
    /// regions and of loops.
    pub step_budget: Option<u64>,
    /// Ends the run with [`TrapKind::MemoryLimit`] before arrays, arguments included, would take
    /// more bytes.
    pub memory_limit: Option<u64>,
    /// Counts what is executed.
    pub profile: Option<&'a mut Profile>,
    /// Checks that no two iterations of a region touch one element of which one writes it
    /// (rule 16 of the language); slow.
    pub check_independence: bool,
    /// Counts loop back edges ([`Outcome::back_edges`]).
    pub count_back_edges: bool,
    /// Ends the run with [`RunError::Cancelled`] soon after it is set.
    pub cancel: Option<&'a AtomicBool>,
}

impl Options<'_> {
    /// Whether nothing is asked for that only the scalar machine counts.
    pub(crate) fn lanes(&self) -> bool {
        let counts = self.profile.is_some() || self.check_independence || self.count_back_edges;
        !counts && self.step_budget.is_none()
    }

    fn watched(&self) -> Watched {
        if self.step_budget.is_some() || self.cancel.is_some() || self.count_back_edges {
            Watched::Yes
        } else {
            Watched::No
        }
    }
}

/// Exact counts of one or more runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Per source line: (file, an index into the module's sources; line, from 1).
    pub lines: BTreeMap<(u32, u32), LineCount>,
    /// Executed instructions by opcode.
    pub opcodes: BTreeMap<&'static str, u64>,
}

/// Counts of one line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineCount {
    /// How often the line ran: the largest number of evaluations of anything on it. Of a loop's
    /// line this is how often its condition was tested.
    pub evaluations: u64,
    /// Executed instructions with a part on the line, one that stands for parts of several lines
    /// counted on the first.
    pub instructions: u64,
}

/// What a run gave.
#[derive(Debug)]
pub struct Outcome {
    /// The returned values in order.
    pub returned: Vec<Value>,
    /// Of every unit, in the order of [`crossover_ir::units`], the largest number of loop back
    /// edges of one iteration or of the section; 0 unless [`Options::count_back_edges`].
    pub back_edges: Vec<u64>,
    /// Number of regions that ran.
    pub regions: u64,
    /// Number of serial sections that ran.
    pub serials: u64,
}

/// Compiles one kernel of a module.
///
/// # Errors
/// If there is no such kernel, or a part of it is too large.
pub fn compile(module: &Valid<Module>, kernel: usize) -> Result<Program, CompileError> {
    let kernels = module.kernels.len();
    if kernel >= kernels {
        return Err(CompileError::NoKernel { kernel, kernels });
    }
    let module = expand_inner_reductions(module);
    let units = compile_units(&module.kernels[kernel], Watched::No)?;
    let apart = Apart::of(&module.kernels[kernel]);
    Ok(Program { module, kernel, apart, units, watched: OnceLock::new(), lanes: Vec::new() })
}

/// Compiles one kernel of a module to run in lanes: regions as blocks of iterations where the
/// analysis allows it, all else as [`compile`] does. Results and errors are the same, bit for bit.
///
/// A run that counts, checks or limits steps runs in scalar form.
///
/// # Errors
/// As for [`compile`].
pub fn compile_lanes(module: &Valid<Module>, kernel: usize) -> Result<Program, CompileError> {
    let mut program = compile(module, kernel)?;
    let kernel = program.kernel();
    let in_lanes = |(unit, code): (IrUnit<'_>, &Unit)| match unit {
        IrUnit::Region(region) => Some(lanes::compile(kernel, region, code)),
        IrUnit::Serial(_) => None,
    };
    program.lanes = units(kernel).into_iter().zip(&program.units).map(in_lanes).collect();
    Ok(program)
}

fn compile_units(kernel: &Kernel, watched: Watched) -> Result<Vec<Unit>, CompileError> {
    units(kernel).into_iter().map(|unit| assemble::compile(kernel, unit, watched)).collect()
}

impl Program {
    /// The kernel that runs, as it was compiled.
    pub fn kernel(&self) -> &Kernel {
        &self.module.kernels[self.kernel]
    }

    /// The regions that do not run in lanes though the program was compiled for it: the place of
    /// the loop, and why.
    pub fn refusals(&self) -> Vec<(Span, String)> {
        let refused = self.lanes.iter().zip(&self.units).filter_map(|(lanes, unit)| match lanes {
            Some(Err(why)) => Some((unit.span, why.to_string())),
            Some(Ok(_)) | None => None,
        });
        refused.collect()
    }

    /// Runs the kernel. Arrays among the arguments are taken for the run; afterwards each array
    /// argument is what its parameter's name is bound to at the end (no data is copied unless two
    /// names end on one array). After an error the contents of arrays are void.
    ///
    /// # Errors
    /// A run-time error of the kernel, a limit of the options, or unfit arguments.
    pub fn run(
        &self,
        arguments: &mut [Value],
        options: &mut Options<'_>,
    ) -> Result<Outcome, RunError> {
        self.check(arguments)?;
        let units = match options.watched() {
            Watched::No => &self.units,
            Watched::Yes => self.watched_units(),
        };
        let mut vm = Vm::new(self, units, options);
        let bound: Vec<Argument<Handle>> =
            arguments.iter_mut().map(|argument| vm.take(argument)).collect();
        let result = vm
            .check_memory(0, Span::default())
            .and_then(|()| run_host(&self.module, self.kernel, &self.apart, &mut vm, &bound));
        vm.finish();
        match result {
            Ok(output) => {
                let returned = output.returned.iter().filter_map(handle);
                let handles: Vec<&Handle> =
                    output.params.iter().map(|bound| &bound.buffer).chain(returned).collect();
                let mut arrays = vm.give_back(&handles).into_iter();
                put_back(arguments, &mut arrays);
                let returned = output.returned.iter().map(|value| match value {
                    Argument::Scalar(scalar) => Value::Scalar(*scalar),
                    Argument::Array(_) => Value::Array(arrays.next().unwrap_or_else(empty_array)),
                });
                let returned = returned.collect();
                Ok(vm.outcome(returned))
            }
            Err(error) => {
                let handles: Vec<&Handle> = bound.iter().filter_map(handle).collect();
                put_back(arguments, &mut vm.give_back(&handles).into_iter());
                Err(error)
            }
        }
    }

    /// The watched code. It has a few instructions more than the plain one; where only those do
    /// not fit, the plain code runs and limits hold between regions.
    fn watched_units(&self) -> &[Unit] {
        self.watched.get_or_init(|| {
            compile_units(self.kernel(), Watched::Yes).unwrap_or_else(|_| self.units.clone())
        })
    }

    fn check(&self, arguments: &[Value]) -> Result<(), RunError> {
        let kernel = self.kernel();
        let (expected, found) = (kernel.params.len(), arguments.len());
        if expected != found {
            return Err(RunError::ArgumentCount { expected, found });
        }
        for (position, (param, argument)) in kernel.params.iter().zip(arguments).enumerate() {
            let expected = match param {
                KernelParam::Scalar(var) => ParamKind::Scalar(kernel.vars[var.0 as usize].dtype),
                KernelParam::Array(array) => {
                    let name = &kernel.arrays[array.0 as usize];
                    ParamKind::Array { dtype: name.dtype, rank: name.rank as usize }
                }
            };
            let found = argument.kind();
            if expected != found {
                return Err(RunError::ArgumentKind { position, expected, found });
            }
            let extent = argument.as_array().and_then(|array| array.shape().iter().max().copied());
            if let Some(extent) = extent.filter(|extent| *extent > 0x7fff_ffff) {
                let extent = Scalar::U64(extent as u64);
                let kind = TrapKind::BadExtent { extent };
                return Err(Trap { kind, span: Span::default(), iteration: None }.into());
            }
        }
        Ok(())
    }
}

fn handle(argument: &Argument<Handle>) -> Option<&Handle> {
    match argument {
        Argument::Array(Bound { buffer, .. }) => Some(buffer),
        Argument::Scalar(_) => None,
    }
}

/// Fills the array arguments, in order.
fn put_back(arguments: &mut [Value], arrays: &mut impl Iterator<Item = Array>) {
    let places = arguments.iter_mut().filter(|argument| matches!(argument, Value::Array(_)));
    for (place, array) in places.zip(arrays) {
        *place = Value::Array(array);
    }
}

/// A placeholder for an array that a run has taken.
pub(crate) fn empty_array() -> Array {
    Array::zeros(crossover_values::DType::Bool, &[0])
}
