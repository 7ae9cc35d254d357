//! From units to machine code: lowered one after the other, compiled side by side meanwhile, placed
//! in memory.
//!
//! Nearly all time goes into Cranelift's passes, which see one function at a time; a kernel of a
//! dozen units is compiled on all cores.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use cranelift_codegen::Context;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::types::{F32, F64, I32, I64};
use cranelift_codegen::ir::{AbiParam, FuncRef, Function, Signature, UserFuncName};
use cranelift_codegen::isa::{OwnedTargetIsa, TargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_frontend::FunctionBuilderContext;
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{
    FuncId, Linkage, Module as _, ModuleError, ModuleReloc, default_libcall_names,
};
use crossover_ir::passes::ShortAxis;
use crossover_ir::{Kernel, Op, Span, Unit, ValueId, units};
use crossover_values::DType;

use rayon::prelude::*;

use crate::callouts;
use crate::compile::{CompiledUnit, UnitReport, assigned};
use crate::jit::Code;
use crate::layout::Layout;
use crate::lower::{self, Source};
use crate::{CompileError, Lanes, Options, Threads, Timings};

/// Instructions of a function from which on another core is asked to compile it: they take about
/// as long as waking a thread up, ten times over.
const WORTH_SHARING: usize = 400;

/// A unit that was lowered.
struct LoweredUnit {
    id: FuncId,
    function: Function,
    lowered: lower::Lowered,
    layout: Layout,
    plan: Option<lower::Plan>,
    inner: BTreeMap<ValueId, lower::Plan>,
    scalar_because: Option<String>,
    cost: u64,
    span: Span,
    time: Duration,
}

/// The machine code of all units of a kernel; of some the last axis was folded into the body.
pub(crate) fn generate(
    kernel: &Kernel,
    short: &[Option<ShortAxis>],
    options: &Options,
    timings: &mut Timings,
) -> Result<(Code, Vec<CompiledUnit>), CompileError> {
    let begin = Instant::now();
    let mut generator = Generator::new()?;
    timings.setup = begin.elapsed();
    let machines = generator.units(kernel, short, options, timings)?;
    let begin = Instant::now();
    let mut functions = Vec::new();
    let mut compiled = Vec::new();
    for (id, relocations, unit) in machines {
        let alignment = 1;
        generator.module.define_function_bytes(id, alignment, &unit.machine, &relocations)?;
        functions.push((id, unit.layout.words));
        compiled.push(unit);
    }
    generator.module.finalize_definitions()?;
    let code = Code::new(generator.module, &functions, kernel);
    timings.compile += begin.elapsed();
    Ok((code, compiled))
}

/// What compiling a unit takes: the number of its instructions.
fn size(unit: &LoweredUnit) -> usize {
    unit.function.dfg.num_insts()
}

/// A unit as machine code, with what is to be filled in.
type Machine = (FuncId, Vec<ModuleReloc>, CompiledUnit);

fn compile_unit(isa: &dyn TargetIsa, unit: LoweredUnit) -> Result<Machine, CompileError> {
    let begin = Instant::now();
    let clif = unit.function.clone();
    let mut context = Context::for_function(unit.function);
    context.set_disasm(!crate::disassemble::HAS_DISASSEMBLER);
    let compiled = context.compile(isa, &mut ControlPlane::default());
    compiled.map_err(|error| ModuleError::from(error.inner))?;
    let finished = context.compiled_code().expect("the function was just compiled");
    let relocations = finished.buffer.relocs().iter();
    let relocations = relocations
        .map(|relocation| ModuleReloc::from_mach_reloc(relocation, &context.func, unit.id))
        .collect();
    let machine = finished.code_buffer().to_vec();
    let spans = &unit.lowered.spans;
    let places = finished.buffer.get_srclocs_sorted().iter().filter_map(|place| {
        let span = spans.get(place.loc.bits() as usize)?;
        Some((place.start, *span))
    });
    let report = UnitReport {
        span: unit.span,
        code_size: machine.len(),
        lower: unit.time,
        compile: begin.elapsed(),
    };
    let compiled = CompiledUnit {
        cost: unit.cost,
        places: places.collect(),
        vcode: finished.vcode.clone(),
        sites: unit.lowered.sites,
        layout: unit.layout,
        plan: unit.plan,
        inner: unit.inner,
        scalar_because: unit.scalar_because,
        clif,
        machine,
        report,
    };
    Ok((unit.id, relocations, compiled))
}

/// Cranelift's state over the units of a kernel.
struct Generator {
    isa: OwnedTargetIsa,
    module: JITModule,
    frontend: FunctionBuilderContext,
}

impl Generator {
    fn new() -> Result<Generator, CompileError> {
        let isa = machine()?;
        let mut builder = JITBuilder::with_isa(isa.clone(), default_libcall_names());
        builder.symbols(callouts::symbols());
        let module = JITModule::new(builder);
        Ok(Generator { isa, module, frontend: FunctionBuilderContext::new() })
    }

    /// The machine code of all units, in their order. A long one that is not the last goes to
    /// another core as soon as it is lowered, if one of some length follows.
    fn units(
        &mut self,
        kernel: &Kernel,
        short: &[Option<ShortAxis>],
        options: &Options,
        timings: &mut Timings,
    ) -> Result<Vec<Machine>, CompileError> {
        let isa = self.isa.clone();
        let machines: Mutex<BTreeMap<usize, Result<Machine, CompileError>>> = Mutex::default();
        let compile = &|index: usize, unit: LoweredUnit| {
            let machine = compile_unit(&*isa, unit);
            machines.lock().unwrap_or_else(PoisonError::into_inner).insert(index, machine);
        };
        let mut begin = Instant::now();
        rayon::in_place_scope(|scope| -> Result<(), CompileError> {
            let mut left = Vec::new();
            let mut long = None;
            for (index, unit) in units(kernel).into_iter().enumerate() {
                let short = short.get(index).copied().flatten();
                let unit = self.lower_unit(kernel, index, (unit, short), options)?;
                if size(&unit) < WORTH_SHARING {
                    left.push((index, unit));
                } else if let Some((index, before)) = long.replace((index, unit)) {
                    scope.spawn(move |_| compile(index, before));
                }
            }
            timings.lower = begin.elapsed();
            begin = Instant::now();
            left.extend(long);
            let sizes = || left.iter().map(|(_, unit)| size(unit));
            if sizes().sum::<usize>() - sizes().max().unwrap_or(0) < WORTH_SHARING {
                left.into_iter().for_each(|(index, unit)| compile(index, unit));
            } else {
                let left = left.into_par_iter().with_max_len(1);
                left.for_each(|(index, unit)| compile(index, unit));
            }
            Ok(())
        })?;
        timings.compile = begin.elapsed();
        machines.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
    }

    fn lower_unit(
        &mut self,
        kernel: &Kernel,
        index: usize,
        (unit, short): (Unit<'_>, Option<ShortAxis>),
        options: &Options,
    ) -> Result<LoweredUnit, CompileError> {
        let begin = Instant::now();
        let (code, span) = match unit {
            Unit::Region(region) => (&region.code, region.span),
            Unit::Serial(serial) => (&serial.code, serial.span),
        };
        let plan = match unit {
            Unit::Region(_) if options.lanes == Lanes::Inner => {
                Some(Err("inner loops alone were asked for".to_owned()))
            }
            Unit::Region(region) if options.lanes != Lanes::Off => {
                Some(lower::plan(region, options.lanes == Lanes::All))
            }
            Unit::Region(_) | Unit::Serial(_) => None,
        };
        let (plan, scalar_because) = match plan {
            Some(Ok(plan)) => (Some(plan), None),
            Some(Err(reason)) => (None, Some(reason)),
            None => (None, None),
        };
        let inner = match (unit, &plan) {
            (Unit::Region(region), None) if options.lanes != Lanes::Off => {
                lower::inner_plans(&region.code, options.lanes != Lanes::Paying)
            }
            _ => BTreeMap::new(),
        };
        let lanes = plan.as_ref().map_or(0, |plan| plan.count);
        let layout = Layout::new(code, &assigned(&code.body), lanes)?;
        let signature = self.signature();
        let id =
            self.module.declare_function(&format!("unit{index}"), Linkage::Local, &signature)?;
        let source = Source {
            kernel,
            unit,
            layout: &layout,
            bounds: options.bounds,
            lanes: plan.as_ref(),
            inner: &inner,
            short,
            // A serial section is run by the caller's thread, while no region runs.
            alone: options.threads == Threads::One || matches!(unit, Unit::Serial(_)),
        };
        let mut function = Function::with_name_signature(UserFuncName::default(), signature);
        let lowered = self.lower(&source, &mut function)?;
        let (cost, time) = (crate::cost::iteration(code), begin.elapsed());
        Ok(LoweredUnit {
            id,
            function,
            lowered,
            layout,
            plan,
            inner,
            scalar_because,
            cost,
            span,
            time,
        })
    }

    fn lower(
        &mut self,
        source: &Source<'_>,
        function: &mut Function,
    ) -> Result<lower::Lowered, CompileError> {
        let config = self.module.target_config();
        let module = &mut self.module;
        let mut references: Vec<(Op, DType, FuncRef)> = Vec::new();
        let mut failed: Option<ModuleError> = None;
        let mut callee = |function: &mut Function, op: Op, dtype: DType| {
            let known = references.iter().find(|(o, d, _)| (*o, *d) == (op, dtype));
            if let Some((_, _, reference)) = known {
                return *reference;
            }
            let symbol = callouts::symbol(op, dtype).expect("only call-outs are called");
            let signature = callout_signature(module, op, dtype);
            let reference = match module.declare_function(symbol, Linkage::Import, &signature) {
                Ok(id) => module.declare_func_in_func(id, function),
                Err(error) => {
                    failed = Some(error);
                    FuncRef::from_u32(0)
                }
            };
            references.push((op, dtype, reference));
            reference
        };
        let lowered = lower::lower(source, function, &mut self.frontend, &mut callee, config);
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(lowered),
        }
    }

    /// Two tables, two bounds, a status.
    fn signature(&self) -> Signature {
        let mut signature = self.module.make_signature();
        signature.params.extend([AbiParam::new(I64); 4]);
        signature.returns.push(AbiParam::new(I32));
        signature
    }
}

fn callout_signature(module: &JITModule, op: Op, dtype: DType) -> Signature {
    let ty = AbiParam::new(if dtype == DType::F32 { F32 } else { F64 });
    let operands = match op.info().signature {
        crossover_ir::Signature::Binary(_) => 2,
        _ => 1,
    };
    let mut signature = module.make_signature();
    signature.params.extend(std::iter::repeat_n(ty, operands));
    signature.returns.push(ty);
    signature
}

/// The machine this runs on, with all its instructions.
fn machine() -> Result<OwnedTargetIsa, CompileError> {
    if cfg!(target_endian = "big") || cfg!(not(target_pointer_width = "64")) {
        let reason = "tables are laid out for 64-bit little-endian machines";
        return Err(CompileError::UnsupportedHost { reason });
    }
    let builder = cranelift_native::builder();
    let builder = builder.map_err(|reason| CompileError::UnsupportedHost { reason })?;
    let mut flags = settings::builder();
    let verifier = if cfg!(debug_assertions) { "true" } else { "false" };
    let choices = [
        ("opt_level", "speed"),
        ("use_colocated_libcalls", "false"),
        ("is_pic", "false"),
        ("enable_verifier", verifier),
        ("enable_probestack", "false"),
    ];
    for (name, value) in choices {
        flags.set(name, value).map_err(ModuleError::from)?;
    }
    let isa = builder.finish(settings::Flags::new(flags));
    Ok(isa.map_err(ModuleError::from)?)
}
