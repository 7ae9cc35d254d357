//! The Cranelift JIT: one thread, threads, without bounds checks to price them, and with polynomial
//! functions.

use std::collections::BTreeMap;
use std::time::Instant;

use crossover_contract::{
    Adapter, Backend, Failure, Kernel, Outcome, Phase, Prepared, Promise, Target, Variant,
};
use crossover_cranelift::{
    Bounds, CompileError, Compiled, Lanes, Options, RunError, RunOptions, Threads,
};
use crossover_ir::{Module, Valid, polynomial};
use crossover_values::{DType, Signature, Value};

use crate::front::{self, module_signature};
use crate::outputs::{nanoseconds, outputs, phase};

/// The backend `cranelift`.
#[derive(Debug)]
pub struct Cranelift;

impl Backend for Cranelift {
    fn name(&self) -> &'static str {
        "cranelift"
    }

    fn variants(&self, kernel: &Kernel, dtype: DType) -> Vec<Variant> {
        let variant = |name: &str, doc: &str, threaded| Variant {
            name: name.to_owned(),
            doc: doc.to_owned(),
            promise: Promise::Exact,
            threaded,
        };
        let mut variants = vec![
            variant("1t", "machine code, one thread, bounds checked", false),
            variant("threads", "machine code, regions shared by threads", true),
            variant("lanes", "iterations side by side in vectors, one thread", false),
            variant("lanes+threads", "as lanes, regions shared by threads", true),
            variant("unchecked", "as 1t without bounds checks, to price them", false),
        ];
        let compiled = front::compile(kernel, dtype);
        if compiled.is_ok_and(|module| polynomial::is_repeated(&module)) {
            for (name, as_what) in [("polynomial", "1t"), ("lanes+polynomial", "lanes")] {
                let doc =
                    format!("as {as_what} with exp, log, sin, cos, tanh and erf by polynomials");
                let promise = Promise::Bounded;
                variants.push(Variant { promise, ..variant(name, &doc, false) });
            }
        }
        variants
    }

    fn adapters(&self) -> Result<Vec<Adapter>, Failure> {
        Ok(Vec::new())
    }

    fn prepare(&self, target: &Target<'_>) -> Result<Box<dyn Prepared>, Failure> {
        let (module, mut parse) = front::timed_compile(target.kernel, target.dtype)?;
        let start = Instant::now();
        let module = with_functions(module, target.variant);
        parse += start.elapsed();
        let compiled = code(&module, target.variant)?;
        let timings = compiled.timings();
        let phases = vec![
            phase("parse", parse),
            phase("passes", timings.passes),
            phase("setup", timings.setup),
            phase("lower", timings.lower),
            phase("compile", timings.compile),
        ];
        let threads = if is_shared(target.variant) { target.threads } else { 1 };
        let signature = module_signature(&module);
        Ok(Box::new(PreparedCode { module, compiled, signature, phases, threads }))
    }
}

/// The module with the functions that a variant calls: polynomials in place of libm's, or as it is.
pub(crate) fn with_functions(module: Valid<Module>, variant: &str) -> Valid<Module> {
    if variant.ends_with("polynomial") { polynomial::expand(&module) } else { module }
}

/// The machine code of a variant of a module that [`with_functions`] has made.
pub(crate) fn code(module: &Valid<Module>, variant: &str) -> Result<Compiled, Failure> {
    let bounds = match variant {
        "unchecked" => Bounds::Unchecked,
        _ => Bounds::Checked,
    };
    let lanes = if variant.starts_with("lanes") { Lanes::Paying } else { Lanes::Off };
    let threads = if is_shared(variant) { Threads::Many } else { Threads::One };
    let options = Options { bounds, lanes, threads };
    let compiled = crossover_cranelift::compile(module, 0, &options);
    compiled.map_err(|error| refused(&error))
}

/// Whether threads share a variant's regions.
fn is_shared(variant: &str) -> bool {
    variant.ends_with("threads")
}

fn refused(error: &CompileError) -> Failure {
    match error {
        CompileError::UnsupportedHost { .. } => Failure::Unavailable(error.to_string()),
        CompileError::NoKernel { .. }
        | CompileError::Cranelift(_)
        | CompileError::ScratchTooLarge { .. } => Failure::Failed(error.to_string()),
    }
}

struct PreparedCode {
    module: Valid<Module>,
    compiled: Compiled,
    signature: Signature,
    phases: Vec<Phase>,
    threads: usize,
}

impl Prepared for PreparedCode {
    fn phases(&self) -> &[Phase] {
        &self.phases
    }

    fn run(&mut self, mut arguments: Vec<Value>) -> Result<Outcome, Failure> {
        let options = RunOptions { threads: self.threads, ..RunOptions::default() };
        let start = Instant::now();
        let result = self.compiled.run(&mut arguments, &options);
        let wall = start.elapsed();
        let outcome = result.map_err(|error| self.failure(&error))?;
        Ok(Outcome {
            outputs: outputs(&self.signature, arguments, outcome.returned)?,
            wall_ns: nanoseconds(wall),
            phases: vec![phase("run", wall)],
            back_edges: None,
            facts: BTreeMap::new(),
        })
    }
}

impl PreparedCode {
    fn failure(&self, error: &RunError) -> Failure {
        match error {
            RunError::Trap(trap) => front::trap_failure(&self.module, trap),
            RunError::Cancelled
            | RunError::ArgumentCount { .. }
            | RunError::ArgumentKind { .. }
            | RunError::ArgumentExtent { .. }
            | RunError::Threads { .. } => Failure::Failed(error.to_string()),
        }
    }
}
