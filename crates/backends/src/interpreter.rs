//! The bytecode interpreter: the reference, and its form in lanes.

use std::collections::BTreeMap;
use std::time::Instant;

use crossover_contract::{
    Adapter, Backend, Failure, Kernel, Outcome, Phase, Prepared, Promise, Target, Variant,
};
use crossover_interpreter::{Options, Program, RunError};
use crossover_ir::{Module, Valid};
use crossover_values::{DType, Signature, Value};

use crate::budget::constant_back_edges;
use crate::front::{self, module_signature};
use crate::outputs::{nanoseconds, outputs, phase};

/// The backend `interpreter`.
#[derive(Debug)]
pub struct Interpreter;

impl Backend for Interpreter {
    fn name(&self) -> &'static str {
        "interpreter"
    }

    fn variants(&self, _: &Kernel, _: DType) -> Vec<Variant> {
        let variant = |name: &str, doc: &str| Variant {
            name: name.to_owned(),
            doc: doc.to_owned(),
            promise: Promise::Exact,
            threaded: false,
        };
        vec![
            variant("exact", "register bytecode, one thread: the definition of every op"),
            variant("lanes", "bytecode over blocks of iterations, by SIMD, one thread"),
        ]
    }

    fn adapters(&self) -> Result<Vec<Adapter>, Failure> {
        Ok(Vec::new())
    }

    fn prepare(&self, target: &Target<'_>) -> Result<Box<dyn Prepared>, Failure> {
        let (module, parse) = front::timed_compile(target.kernel, target.dtype)?;
        let start = Instant::now();
        let lanes = target.variant == "lanes";
        let program = program(&module, target.variant)?;
        let phases = vec![phase("parse", parse), phase("compile", start.elapsed())];
        let signature = module_signature(&module);
        let constant = constant_back_edges(&module.kernels[0]);
        let back_edges = constant.into_iter().collect();
        Ok(Box::new(PreparedProgram { module, program, signature, phases, back_edges, lanes }))
    }
}

/// The bytecode of a variant.
pub(crate) fn program(module: &Valid<Module>, variant: &str) -> Result<Program, Failure> {
    let compile = match variant {
        "lanes" => crossover_interpreter::compile_lanes,
        _ => crossover_interpreter::compile,
    };
    compile(module, 0).map_err(|error| Failure::Failed(error.to_string()))
}

struct PreparedProgram {
    module: Valid<Module>,
    program: Program,
    signature: Signature,
    phases: Vec<Phase>,
    /// Known from the code, or counted by the first run.
    back_edges: Option<Vec<u64>>,
    /// Runs in lanes, which count nothing.
    lanes: bool,
}

impl Prepared for PreparedProgram {
    fn phases(&self) -> &[Phase] {
        &self.phases
    }

    fn run(&mut self, mut arguments: Vec<Value>) -> Result<Outcome, Failure> {
        let count = self.back_edges.is_none() && !self.lanes;
        let mut options = Options { count_back_edges: count, ..Options::default() };
        let start = Instant::now();
        let result = self.program.run(&mut arguments, &mut options);
        let wall = start.elapsed();
        let outcome = result.map_err(|error| self.failure(&error))?;
        if count {
            self.back_edges = Some(outcome.back_edges);
        }
        Ok(Outcome {
            outputs: outputs(&self.signature, arguments, outcome.returned)?,
            wall_ns: nanoseconds(wall),
            phases: vec![phase("run", wall)],
            back_edges: self.back_edges.clone(),
            facts: BTreeMap::new(),
        })
    }
}

impl PreparedProgram {
    fn failure(&self, error: &RunError) -> Failure {
        match error {
            RunError::Trap(trap) => front::trap_failure(&self.module, trap),
            RunError::Cancelled
            | RunError::ArgumentCount { .. }
            | RunError::ArgumentKind { .. } => Failure::Failed(error.to_string()),
        }
    }
}
