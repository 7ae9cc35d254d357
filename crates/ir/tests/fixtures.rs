//! Every fixture, on the reference evaluator; and the fixtures' own completeness.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;

use crossover_ir::analysis::{expand_inner_reductions, for_gpu};
use crossover_ir::fixture::{Fixture, Run, load_fixtures, parse_fixture};
use crossover_ir::passes::simplify;
use crossover_ir::{
    Module, Op, ReduceScope, Trap, Valid, parse, print, print_with_spans, reference, units,
    validate,
};
use crossover_values::Value;

fn fixtures() -> &'static [(String, Fixture)] {
    static LOADED: OnceLock<Vec<(String, Fixture)>> = OnceLock::new();
    LOADED.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/ir");
        load_fixtures(&folder).unwrap_or_else(|error| panic!("{error}"))
    })
}

#[test]
fn the_reference_runs_every_fixture() {
    let mut failures = Vec::new();
    for (stem, fixture) in fixtures() {
        assert!(!fixture.runs.is_empty(), "{stem} runs nothing");
        for run in &fixture.runs {
            let outcome = reference::run(&fixture.module, run.kernel, &run.arguments);
            if let Err(mismatch) = run.check(&fixture.module, &outcome) {
                failures.push(format!("{stem}: {mismatch}"));
            }
        }
    }
    assert!(failures.is_empty(), "{} of the runs differ:\n{}", failures.len(), failures.join("\n"));
}

/// Runs every fixture on rewritten modules, which must be valid by themselves.
fn check_rewritten(rewrite: impl Fn(&Valid<Module>) -> Module) {
    check_runs(rewrite, |module, _, run| reference::run(module, run.kernel, &run.arguments));
}

/// Runs every fixture on simplified modules, which have the outputs and errors of those written.
fn check_simplified(simplify: impl Fn(&Valid<Module>) -> Module) {
    check_runs(simplify, |module, written, run| {
        let written = &written.kernels[run.kernel];
        reference::run_simplified(module, run.kernel, written, &run.arguments)
    });
}

fn check_runs(
    rewrite: impl Fn(&Valid<Module>) -> Module,
    runs: impl Fn(&Valid<Module>, &Module, &Run) -> Result<Vec<Value>, Trap>,
) {
    let mut failures = Vec::new();
    for (stem, fixture) in fixtures() {
        let module = rewrite(&fixture.module);
        let module = validate(module.clone())
            .unwrap_or_else(|error| panic!("{stem}: {error}\n{}", print(&module)));
        for run in &fixture.runs {
            let outcome = runs(&module, &fixture.module, run);
            if let Err(mismatch) = run.check(&fixture.module, &outcome) {
                failures.push(format!("{stem}: {mismatch}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn expanded_reductions_keep_every_bit() {
    check_rewritten(|module| {
        let expanded = expand_inner_reductions(module).into_inner();
        for kernel in &expanded.kernels {
            for unit in units(kernel) {
                let code = unit.code();
                let inner = code.reduces.iter().find(|it| it.scope == ReduceScope::Loop);
                assert_eq!(inner, None, "`{}`", kernel.name);
            }
        }
        expanded
    });
}

#[test]
fn simplified_code_keeps_results_and_errors() {
    check_simplified(|module| simplify(module).into_inner());
    check_simplified(|module| simplify(&expand_inner_reductions(module)).into_inner());
}

#[test]
fn kernels_for_devices_that_keep_scalars_do_the_same() {
    check_rewritten(|module| {
        let mut module = (**module).clone();
        module.kernels = module.kernels.iter().map(for_gpu).collect();
        module
    });
}

#[test]
fn every_kernel_runs_and_every_op_occurs() {
    let mut ops = BTreeSet::new();
    for (stem, fixture) in fixtures() {
        for (index, kernel) in fixture.module.kernels.iter().enumerate() {
            let ran = fixture.runs.iter().any(|run| run.kernel == index);
            assert!(ran, "{stem}: `{}` has no run", kernel.name);
        }
        let text = print_with_spans(&fixture.module);
        ops.extend(text.split_whitespace().filter_map(Op::from_name));
        assert_eq!(parse(&text).as_ref(), Ok(&*fixture.module), "{stem} round-trips");
    }
    let missing: Vec<_> = Op::ALL.iter().filter(|op| !ops.contains(op)).collect();
    assert!(missing.is_empty(), "no fixture uses {missing:?}");
}

#[test]
fn wrong_fixtures_are_refused() {
    let kernel = "kernel k { var %n: i32 params (%n) returns (i32) host { v0: i32 = get %n return (v0) } }\n";
    let message = |run: &str| parse_fixture(&format!("{kernel}{run}")).unwrap_err().to_string();
    let form = "line 2: a run is `# run: kernel(arguments) -> outputs` or `… -> trap: text`";
    assert_eq!(message("# run: k(i32 1)"), form);
    assert_eq!(message("# run: k i32 1 -> i32 1"), form);
    assert_eq!(message("# run: j(i32 1) -> i32 1"), "line 2: there is no kernel `j`");
    let arguments = "line 2: the arguments do not meet the parameters";
    assert_eq!(message("# run: k(u32 1) -> i32 1"), arguments);
    assert_eq!(message("# run: k() -> i32 1"), arguments);
    assert_eq!(
        message("# run: k(i32[3]{1, 2}) -> i32 1"),
        "line 2: 1:12: 3 elements expected, 2 given"
    );
}

/// A fixture that could not fail would prove nothing.
#[test]
fn a_wrong_outcome_is_noticed() {
    let text =
        "kernel k { var %n: i32 params (%n) returns (i32) host { v0: i32 = get %n return (v0) } }
# run: k(i32 1) -> i32 2
# run: k(i32 1) -> i32 1, i32 1
# run: k(i32 1) -> u32 1
# run: k(i32 1) -> trap: trap 3
";
    let fixture = parse_fixture(text).unwrap();
    for run in &fixture.runs {
        let outcome = reference::run(&fixture.module, run.kernel, &run.arguments);
        assert!(run.check(&fixture.module, &outcome).is_err(), "line {}", run.line);
    }
    let outcome = reference::run(&fixture.module, 0, &fixture.runs[0].arguments);
    let error = fixture.runs[0].check(&fixture.module, &outcome).unwrap_err();
    assert_eq!(error.to_string(), "line 2: expected i32 2\n      got i32 1");
}
