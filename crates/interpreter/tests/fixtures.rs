//! Every fixture of the IR, in every mode of the interpreter.

use std::path::Path;

use crossover_interpreter::{
    CompileError, Options, Profile, Program, RunError, compile, compile_lanes,
};
use crossover_ir::fixture::load_fixtures;
use crossover_ir::{KernelParam, Module, Trap, Valid, signature};
use crossover_values::Value;

/// Runs a kernel and gives its outputs in the order of its signature.
fn outputs(
    program: &Program,
    module: &Module,
    kernel: usize,
    arguments: &[Value],
    options: &mut Options<'_>,
) -> Result<Vec<Value>, Trap> {
    let mut arguments = arguments.to_vec();
    let outcome = match program.run(&mut arguments, options) {
        Ok(outcome) => outcome,
        Err(RunError::Trap(trap)) => return Err(trap),
        Err(other) => panic!("{other}"),
    };
    let kernel = &module.kernels[kernel];
    let roles = signature(kernel).params;
    let mut outputs = Vec::new();
    for ((param, role), argument) in kernel.params.iter().zip(roles).zip(arguments) {
        if matches!(param, KernelParam::Array(_)) && role.role.is_output() {
            outputs.push(argument);
        }
    }
    outputs.extend(outcome.returned);
    Ok(outputs)
}

type Compile = fn(&Valid<Module>, usize) -> Result<Program, CompileError>;

fn check_all(compile: Compile, options: impl Fn(&mut Profile) -> Options<'_>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/ir");
    let mut failures = Vec::new();
    let mut runs = 0;
    for (stem, fixture) in load_fixtures(&folder).expect("fixtures are well formed") {
        let programs: Vec<Program> = (0..fixture.module.kernels.len())
            .map(|kernel| compile(&fixture.module, kernel).expect("it compiles"))
            .collect();
        for run in &fixture.runs {
            let mut profile = Profile::default();
            let mut options = options(&mut profile);
            let program = &programs[run.kernel];
            let outcome =
                outputs(program, &fixture.module, run.kernel, &run.arguments, &mut options);
            if let Err(mismatch) = run.check(&fixture.module, &outcome) {
                failures.push(format!("{stem}: {mismatch}"));
            }
            runs += 1;
        }
    }
    assert!(failures.is_empty(), "{} of {runs} differ:\n{}", failures.len(), failures.join("\n"));
    assert!(runs > 0);
}

#[test]
fn plain() {
    check_all(compile, |_| Options::default());
}

#[test]
fn profiled() {
    check_all(compile, |profile| Options { profile: Some(profile), ..Options::default() });
}

#[test]
fn watched() {
    check_all(compile, |_| Options { step_budget: Some(u64::MAX - 1), ..Options::default() });
}

#[test]
fn in_lanes() {
    check_all(compile_lanes, |_| Options::default());
}
