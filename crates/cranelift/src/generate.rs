//! From units to machine code: lowered one after the other, compiled side by side meanwhile, placed
//! in memory. Equal functions are compiled once ([`crate::names`] says why there are some).
//!
//! Nearly all time goes into Cranelift's passes, which see one function at a time; a kernel of a
//! dozen units is compiled on all cores.

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

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
use crossover_ir::{Kernel, Op, Span, Unit, units};
use crossover_values::DType;

use rayon::prelude::*;

use crate::callouts;
use crate::compile::{CompiledUnit, MachineCode, UnitFunction};
use crate::jit::Code;
use crate::layout::Layout;
use crate::lower::{self, Source};
use crate::site::Site;
use crate::{CompileError, Lanes, Options, Threads, Timings};

/// Instructions of a function from which on another core is asked to compile it: they take about
/// as long as waking a thread up, ten times over.
const WORTH_SHARING: usize = 400;

/// Values of the units that are still to be lowered from which on a long function is not held back
/// until they are.
const WORTH_STARTING: usize = 50;

/// A function that was lowered.
struct Lowered {
    id: FuncId,
    function: Arc<Function>,
    /// The first unit with the same function, if that is an earlier one.
    same_as: Option<usize>,
    /// What its source locations mean.
    spans: Vec<Span>,
}

/// Which function: the unit, and which of its functions.
type Place = (usize, usize);

/// A function as machine code, with what is to be filled in.
type Finished = (FuncId, Vec<ModuleReloc>, UnitFunction);

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
    let (mut units, finished) = generator.units(kernel, short, options, timings)?;
    let begin = Instant::now();
    let mut ids = Vec::new();
    for ((index, _), (id, relocations, function)) in finished {
        if let Some(code) = function.own() {
            let alignment = 1;
            generator.module.define_function_bytes(id, alignment, &code.machine, &relocations)?;
        }
        let unit: &mut CompiledUnit = &mut units[index];
        if unit.functions.is_empty() {
            ids.push(id);
        }
        unit.functions.push(function);
    }
    generator.module.finalize_definitions()?;
    let layouts = units.iter().map(|unit| &unit.layout);
    let functions: Vec<(FuncId, &Layout)> = ids.into_iter().zip(layouts).collect();
    let code = Code::new(generator.module, &functions);
    timings.compile += begin.elapsed();
    Ok((code, units))
}

/// What compiling a function takes: the number of its instructions, if it is not compiled already.
fn size(lowered: &Lowered) -> usize {
    if lowered.same_as.is_some() { 0 } else { lowered.function.dfg.num_insts() }
}

thread_local! {
    /// Each thread's own: its register allocator and analyses keep their memory between functions.
    static CONTEXT: Cell<Option<Box<Context>>> = const { Cell::new(None) };
}

fn compile_function(isa: &dyn TargetIsa, lowered: Lowered) -> Result<Finished, CompileError> {
    let begin = Instant::now();
    if let Some(earlier) = lowered.same_as {
        return Ok((lowered.id, Vec::new(), UnitFunction::Of(earlier)));
    }
    // What a context has allocated serves the next function; one that was lost is made anew.
    let mut context = CONTEXT.take().unwrap_or_else(|| Box::new(Context::new()));
    context.clear();
    context.func.clone_from(&lowered.function);
    context.set_disasm(!crate::disassemble::HAS_DISASSEMBLER);
    let compiled = context.compile(isa, &mut ControlPlane::default());
    compiled.map_err(|error| ModuleError::from(error.inner))?;
    let finished = context.take_compiled_code().expect("the function was just compiled");
    let relocations = finished.buffer.relocs().iter();
    let relocations = relocations
        .map(|relocation| ModuleReloc::from_mach_reloc(relocation, &context.func, lowered.id))
        .collect();
    let machine = finished.code_buffer().to_vec();
    let places = finished.buffer.get_srclocs_sorted().iter().filter_map(|place| {
        let span = lowered.spans.get(place.loc.bits() as usize)?;
        Some((place.start, *span))
    });
    let code = MachineCode {
        places: places.collect(),
        vcode: finished.vcode,
        clif: lowered.function,
        machine,
        time: begin.elapsed(),
    };
    CONTEXT.set(Some(context));
    Ok((lowered.id, relocations, UnitFunction::Own(code)))
}

/// Cranelift's state over the units of a kernel.
struct Generator {
    isa: OwnedTargetIsa,
    module: JITModule,
    frontend: FunctionBuilderContext,
    /// The functions so far, each with its unit.
    lowered: Vec<(usize, FuncId, Arc<Function>)>,
}

impl Generator {
    fn new() -> Result<Generator, CompileError> {
        let isa = machine()?;
        let mut builder = JITBuilder::with_isa(isa.clone(), default_libcall_names());
        builder.symbols(callouts::addresses());
        let module = JITModule::new(builder);
        let frontend = FunctionBuilderContext::new();
        Ok(Generator { isa, module, frontend, lowered: Vec::new() })
    }

    /// All units, and the machine code of their functions in order. A long function goes to another
    /// core as soon as it is lowered, if units of some length follow.
    fn units(
        &mut self,
        kernel: &Kernel,
        short: &[Option<ShortAxis>],
        options: &Options,
        timings: &mut Timings,
    ) -> Result<(Vec<CompiledUnit>, BTreeMap<Place, Finished>), CompileError> {
        let isa = self.isa.clone();
        let finished: Mutex<BTreeMap<Place, Result<Finished, CompileError>>> = Mutex::default();
        let compile = &|place: Place, lowered: Lowered| {
            let function = compile_function(&*isa, lowered);
            finished.lock().unwrap_or_else(PoisonError::into_inner).insert(place, function);
        };
        let mut compiled = Vec::new();
        let mut begin = Instant::now();
        rayon::in_place_scope(|scope| -> Result<(), CompileError> {
            let mut left = Vec::new();
            let all = units(kernel);
            let mut values: usize = all.iter().map(|unit| unit.code().insts.len()).sum();
            for (index, unit) in all.into_iter().enumerate() {
                values -= unit.code().insts.len();
                let short = short.get(index).copied().flatten();
                let (unit, functions) = self.lower_unit(kernel, index, (unit, short), options)?;
                compiled.push(unit);
                for (which, lowered) in functions.into_iter().enumerate() {
                    let place = (index, which);
                    if size(&lowered) >= WORTH_SHARING && values >= WORTH_STARTING {
                        scope.spawn(move |_| compile(place, lowered));
                    } else {
                        left.push((place, lowered));
                    }
                }
            }
            timings.lower = begin.elapsed();
            begin = Instant::now();
            let sizes = || left.iter().map(|(_, lowered)| size(lowered));
            if sizes().sum::<usize>() - sizes().max().unwrap_or(0) < WORTH_SHARING {
                left.into_iter().for_each(|(place, lowered)| compile(place, lowered));
            } else {
                left.sort_unstable_by_key(|(_, lowered)| Reverse(size(lowered)));
                let left = left.into_iter().par_bridge();
                left.for_each(|(place, lowered)| compile(place, lowered));
            }
            Ok(())
        })?;
        timings.compile = begin.elapsed();
        let finished = finished.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter();
        let finished = finished.map(|(place, function)| Ok((place, function?)));
        Ok((compiled, finished.collect::<Result<_, CompileError>>()?))
    }

    fn lower_unit(
        &mut self,
        kernel: &Kernel,
        index: usize,
        (unit, short): (Unit<'_>, Option<ShortAxis>),
        options: &Options,
    ) -> Result<(CompiledUnit, Vec<Lowered>), CompileError> {
        let begin = Instant::now();
        let code = unit.code();
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
        let layout = Layout::new(code, lanes)?;
        let source = Source {
            kernel,
            unit,
            layout: &layout,
            bounds: options.bounds,
            lanes: None,
            scalar: None,
            inner: &inner,
            short,
            // A serial section is run by the caller's thread, while no region runs.
            alone: options.threads == Threads::One || matches!(unit, Unit::Serial(_)),
        };
        let (functions, sites) = self.functions(index, source, plan.as_ref())?;
        let cost = crate::cost::iteration(code);
        let compiled = CompiledUnit {
            layout,
            cost,
            sites,
            plan,
            inner,
            scalar_because,
            functions: Vec::new(),
            span: unit.span(),
            lower: begin.elapsed(),
        };
        Ok((compiled, functions))
    }

    /// A unit's own function and, if its lanes are long, that of its scalar code, which they call;
    /// and the trap sites of both.
    fn functions<'a>(
        &mut self,
        index: usize,
        mut source: Source<'a>,
        plan: Option<&'a lower::Plan>,
    ) -> Result<(Vec<Lowered>, Vec<Site>), CompileError> {
        let mut sites = Vec::new();
        let mut scalar = None;
        if plan.is_some_and(|plan| plan.long) {
            let function =
                Function::with_name_signature(UserFuncName::user(0, 1), self.signature());
            scalar = Some(self.lower(&source, (index, function), &mut sites)?);
        }
        let mut function = Function::with_name_signature(UserFuncName::default(), self.signature());
        source.lanes = plan;
        source.scalar = scalar.as_ref().map(|scalar| {
            let reference = self.module.declare_func_in_func(scalar.id, &mut function);
            // Nothing promises that both lie within reach of a near call.
            function.dfg.ext_funcs[reference].colocated = false;
            reference
        });
        let own = self.lower(&source, (index, function), &mut sites)?;
        Ok(([own].into_iter().chain(scalar).collect(), sites))
    }

    /// Declares a unit's function, or finds the first that is equal. Equal is everything that
    /// Cranelift compiles from, floats by their bits; the tables, the meaning of trap sites and the
    /// places in the source stay each unit's own.
    fn declare(
        &mut self,
        unit: usize,
        function: Arc<Function>,
        spans: Vec<Span>,
    ) -> Result<Lowered, CompileError> {
        let same = self.lowered.iter().find(|(_, _, earlier)| *earlier == function);
        let (id, same_as) = match same {
            Some((earlier, id, _)) => (*id, Some(*earlier)),
            None => (self.module.declare_anonymous_function(&function.signature)?, None),
        };
        self.lowered.push((unit, id, Arc::clone(&function)));
        Ok(Lowered { id, function, same_as, spans })
    }

    fn lower(
        &mut self,
        source: &Source<'_>,
        (unit, mut function): (usize, Function),
        sites: &mut Vec<Site>,
    ) -> Result<Lowered, CompileError> {
        let config = self.module.target_config();
        let module = &mut self.module;
        let mut references: Vec<((Op, DType, bool), FuncRef)> = Vec::new();
        let mut failed: Option<ModuleError> = None;
        let mut callee = |function: &mut Function, op: Op, dtype: DType, together: bool| {
            let known = references.iter().find(|(key, _)| *key == (op, dtype, together));
            if let Some((_, reference)) = known {
                return *reference;
            }
            let symbols = callouts::symbols(op, dtype).expect("only call-outs are called");
            let symbol = symbols[usize::from(together)];
            let signature = callout_signature(module, op, dtype, together);
            let reference = match module.declare_function(symbol, Linkage::Import, &signature) {
                Ok(id) => module.declare_func_in_func(id, function),
                Err(error) => {
                    failed = Some(error);
                    FuncRef::from_u32(0)
                }
            };
            references.push(((op, dtype, together), reference));
            reference
        };
        let frontend = &mut self.frontend;
        let spans = lower::lower(source, &mut function, frontend, &mut callee, sites, config);
        match failed {
            Some(error) => Err(error.into()),
            None => self.declare(unit, Arc::new(function), spans),
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

fn callout_signature(module: &JITModule, op: Op, dtype: DType, together: bool) -> Signature {
    let operands = match op.info().signature {
        crossover_ir::Signature::Binary(_) => 2,
        _ => 1,
    };
    let mut signature = module.make_signature();
    if together {
        signature.params.extend(std::iter::repeat_n(AbiParam::new(I64), operands + 1));
    } else {
        let ty = AbiParam::new(if dtype == DType::F32 { F32 } else { F64 });
        signature.params.extend(std::iter::repeat_n(ty, operands));
        signature.returns.push(ty);
    }
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
