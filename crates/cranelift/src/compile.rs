//! Compiling a kernel, and what is kept of it.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use cranelift_codegen::ir::Function;
use crossover_ir::lanes::print_lanes;
use crossover_ir::passes::fold_short_axes;
use crossover_ir::{Apart, Kernel, Module, Span, Unit, Valid, ValueId, run_host, units};
use crossover_values::Value;

use crate::generate::generate;
use crate::jit::Code;
use crate::layout::Layout;
use crate::lower;
use crate::run::{self, Cpu};
use crate::schedule::Team;
use crate::site::Site;
use crate::{CompileError, Lanes, Options, Outcome, RunError, RunOptions, Threads, Timings};

/// A kernel as machine code.
pub struct Compiled {
    module: Valid<Module>,
    kernel: usize,
    /// Of the kernel before any pass.
    apart: Apart,
    code: Code,
    units: Vec<CompiledUnit>,
    timings: Timings,
    threads: Threads,
    /// The team of the last number of threads that was asked for.
    team: Mutex<Option<Arc<Team>>>,
}

/// What is kept of one unit.
pub(crate) struct CompiledUnit {
    pub(crate) layout: Layout,
    /// Estimated instructions of one iteration.
    pub(crate) cost: u64,
    pub(crate) sites: Vec<Site>,
    /// How it runs in lanes, if it does.
    pub(crate) plan: Option<lower::Plan>,
    /// How inner loops of it do, otherwise.
    pub(crate) inner: BTreeMap<ValueId, lower::Plan>,
    /// Why it does not, if that was asked for.
    pub(crate) scalar_because: Option<String>,
    /// Its own function, and that of its scalar code if its lanes call one.
    pub(crate) functions: Vec<UnitFunction>,
    /// The region or serial section in the source.
    pub(crate) span: Span,
    /// IR to CLIF.
    pub(crate) lower: Duration,
}

/// A function of a unit.
pub(crate) enum UnitFunction {
    /// One that was compiled for it.
    Own(MachineCode),
    /// That of an earlier unit, which is the same in CLIF.
    Of(usize),
}

impl UnitFunction {
    /// The machine code, if it was compiled for this unit.
    pub(crate) fn own(&self) -> Option<&MachineCode> {
        match self {
            UnitFunction::Own(code) => Some(code),
            UnitFunction::Of(_) => None,
        }
    }
}

/// What is kept of one function.
pub(crate) struct MachineCode {
    /// As lowered, before Cranelift's passes.
    pub(crate) clif: Arc<Function>,
    /// Machine code, relocations not applied.
    pub(crate) machine: Vec<u8>,
    /// Cranelift's own text of the machine code; only where there is no disassembler.
    pub(crate) vcode: Option<String>,
    /// First offset of each piece of code with the place in the source it comes from.
    pub(crate) places: Vec<(u32, Span)>,
    /// CLIF to machine code.
    pub(crate) time: Duration,
}

/// Cost of one unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitReport {
    /// The region or serial section in the source.
    pub span: Span,
    /// Bytes of machine code; none of functions that are those of an earlier unit.
    pub code_size: usize,
    /// IR to CLIF.
    pub lower: Duration,
    /// CLIF to machine code; functions of one unit may be compiled at the same time.
    pub compile: Duration,
}

impl CompiledUnit {
    pub(crate) fn report(&self) -> UnitReport {
        let own = || self.functions.iter().filter_map(UnitFunction::own);
        UnitReport {
            span: self.span,
            code_size: own().map(|function| function.machine.len()).sum(),
            lower: self.lower,
            compile: own().map(|function| function.time).sum(),
        }
    }

    /// A comment line that says whether it runs in lanes; empty if nobody asked for lanes.
    pub(crate) fn note(&self) -> String {
        match (&self.plan, &self.scalar_because) {
            (Some(plan), _) => format!("; lanes: {} iterations side by side\n", plan.count),
            (None, Some(reason)) => format!("; scalar: {reason}\n"),
            (None, None) => String::new(),
        }
    }
}

/// Compiles one kernel of a module for this machine.
///
/// # Errors
/// [`CompileError`]; a machine that Cranelift makes no code for is one.
pub fn compile(
    module: &Valid<Module>,
    kernel: usize,
    options: &Options,
) -> Result<Compiled, CompileError> {
    let begin = Instant::now();
    let kernels = module.kernels.len();
    if kernel >= kernels {
        return Err(CompileError::NoKernel { kernel, kernels });
    }
    let apart = Apart::of(&module.kernels[kernel]);
    let keeps = match options.lanes {
        Lanes::Off => lower::sums::keeps,
        Lanes::Paying | Lanes::All | Lanes::Inner => lower::sums::keeps_for_lanes,
    };
    let module = crossover_ir::analysis::expand_inner_reductions_but(module, keeps);
    let module = crossover_ir::passes::simplify(&module);
    let (module, short) = match options.lanes {
        Lanes::Off | Lanes::Inner => (module, Vec::new()),
        Lanes::Paying | Lanes::All => fold_short_axes(&module, kernel, |region, folded, axis| {
            let plan = |region| lower::plan(region, options.lanes == Lanes::All);
            let long = plan(region).is_ok_and(|plan| u64::from(plan.count) <= axis.count);
            !long && plan(folded).is_ok()
        }),
    };
    let passes = begin.elapsed();
    let mut timings = Timings { passes, ..Timings::default() };
    let (code, units) = generate(&module.kernels[kernel], &short, options, &mut timings)?;
    let (threads, team) = (options.threads, Mutex::new(None));
    Ok(Compiled { module, kernel, apart, code, units, timings, threads, team })
}

impl Compiled {
    /// Runs the kernel. Arrays are used in place: after a success an array argument holds what
    /// its parameter's name is bound to at the end; after an error its contents are void.
    ///
    /// # Errors
    /// [`RunError`]: a trap of the kernel, a cancellation, or arguments that do not fit.
    pub fn run(&self, arguments: &mut [Value], options: &RunOptions) -> Result<Outcome, RunError> {
        let kernel = self.kernel();
        run::check_arguments(kernel, arguments)?;
        let team = self.team(options.threads)?;
        let never = AtomicBool::new(false);
        let (buffers, taken) = run::take_arguments(arguments);
        let mut cpu = Cpu {
            kernel,
            code: &self.code,
            units: &self.units,
            team: team.as_deref(),
            cancel: options.cancel.as_deref().unwrap_or(&never),
            memory_limit: options.memory_limit,
            buffers,
            made: Vec::new(),
        };
        let output = run_host(&self.module, self.kernel, &self.apart, &mut cpu, &taken);
        cpu.give_back(output, arguments)
    }

    /// The CLIF of every unit, as lowered; of equal functions the first one's.
    pub fn clif(&self) -> String {
        let text = |unit: &CompiledUnit| {
            let functions = unit.functions.iter().map(|function| match function {
                UnitFunction::Own(code) => code.clif.display().to_string(),
                UnitFunction::Of(earlier) => format!("; the function of unit{earlier}\n"),
            });
            unit.note() + &functions.collect::<Vec<_>>().join("\n")
        };
        self.units.iter().map(text).collect::<Vec<_>>().join("\n")
    }

    /// The masked form of every region, or why it stays scalar.
    pub fn lanes(&self) -> String {
        let kernel = self.kernel();
        let mut text = String::new();
        for (unit, compiled) in units(kernel).iter().zip(&self.units) {
            let Unit::Region(region) = unit else { continue };
            text.push_str(&compiled.note());
            if let Some(plan) = &compiled.plan {
                text.push_str(&print_lanes(kernel, &region.code, &plan.form));
            }
            for plan in compiled.inner.values() {
                let name = &region.code.vars[plan.form.index.0 as usize].name;
                let count = plan.count;
                text.push_str(&format!("; inner loop over {name}: {count} side by side\n"));
                text.push_str(&print_lanes(kernel, &region.code, &plan.form));
            }
        }
        text
    }

    /// The machine code of every unit, in Intel syntax with source lines; of equal functions the
    /// first one's.
    pub fn disassembly(&self) -> String {
        crate::disassemble::disassemble(&self.module, &self.units)
    }

    /// Where the time of the compilation went.
    pub fn timings(&self) -> Timings {
        self.timings
    }

    /// Bytes of machine code of all units.
    pub fn code_size(&self) -> usize {
        self.units.iter().map(|unit| unit.report().code_size).sum()
    }

    /// Cost of every unit, in the order of [`crossover_ir::units`].
    pub fn units(&self) -> Vec<UnitReport> {
        self.units.iter().map(CompiledUnit::report).collect()
    }

    /// The kernel that was compiled.
    pub fn kernel(&self) -> &Kernel {
        &self.module.kernels[self.kernel]
    }

    /// A team of a size, kept for the next run; `None` for the caller's thread alone.
    fn team(&self, threads: usize) -> Result<Option<Arc<Team>>, RunError> {
        if threads <= 1 || self.threads == Threads::One {
            return Ok(None);
        }
        let mut kept = self.team.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(team) = kept.as_ref().filter(|team| team.threads() == threads) {
            return Ok(Some(Arc::clone(team)));
        }
        let team = Team::new(threads).map_err(|source| RunError::Threads { threads, source })?;
        let team = Arc::new(team);
        *kept = Some(Arc::clone(&team));
        Ok(Some(team))
    }
}
