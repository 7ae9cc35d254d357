//! What kernels declare, against what they are: names that files share, sizes, cost of the small
//! case, independence of iterations.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a panic is how a test fails")]

use std::collections::BTreeSet;

use crossover_contract::{CaseRequest, DeterminismClass, Kernel, Promise};
use crossover_interpreter::{Options, Profile};
use crossover_values::DType;

/// Most instructions of the interpreter in a small case: at some 2 ns each, a tenth of a second.
const SMALL_INSTRUCTIONS: u64 = 50_000_000;

mod support;

use support::{reference, signature};

fn kernels() -> Vec<Kernel> {
    crossover_suite::kernels().unwrap_or_else(|error| panic!("{error:?}"))
}

/// Runs the small case of an instance with these options.
fn run_small(kernel: &Kernel, dtype: DType, options: &mut Options<'_>) -> Result<(), String> {
    let module = reference(kernel, dtype);
    let signature = signature(kernel, dtype);
    let request = CaseRequest { size: "small".to_owned(), ..Default::default() };
    let case = kernel.definition.case(&request).unwrap();
    let mut arguments = kernel.definition.arguments(&signature, &case).unwrap();
    let program = crossover_interpreter::compile(&module, 0).unwrap();
    program.run(&mut arguments, options).map(drop).map_err(|error| error.to_string())
}

#[test]
fn small_cases_cost_the_interpreter_little() {
    let mut over = Vec::new();
    for kernel in kernels() {
        for instance in &kernel.definition.instances {
            let mut profile = Profile::default();
            let mut options = Options { profile: Some(&mut profile), ..Options::default() };
            run_small(&kernel, instance.dtype, &mut options).unwrap();
            let instructions: u64 = profile.opcodes.values().sum();
            let line = format!("{} {}: {instructions} instructions", kernel.stem, instance.dtype);
            println!("{line}");
            if instructions > SMALL_INSTRUCTIONS {
                over.push(line);
            }
        }
    }
    assert!(over.is_empty(), "over {SMALL_INSTRUCTIONS}: {}", over.join(", "));
}

#[test]
fn no_iteration_touches_what_another_writes() {
    for kernel in kernels() {
        let dtype = kernel.definition.instances[0].dtype;
        let mut options = Options { check_independence: true, ..Options::default() };
        let ran = run_small(&kernel, dtype, &mut options);
        assert_eq!(ran, Ok(()), "{} {dtype}", kernel.stem);
    }
}

#[test]
fn every_kernel_has_its_three_sizes_its_work_and_a_class() {
    for kernel in kernels() {
        let (definition, stem) = (&kernel.definition, &kernel.stem);
        for size in ["small", "book", "large"] {
            assert!(definition.sizes.contains_key(size), "{stem} has no size `{size}`");
        }
        assert!(!definition.work.is_empty(), "{stem} has no [work]");
        for (name, formula) in &definition.work {
            let known = ["bytes", "flops", "int_ops"].contains(&name.as_str());
            assert!(known, "{stem}: [work] {name} is none of bytes, flops, int_ops");
            for size in definition.sizes.keys() {
                let request = CaseRequest { size: size.clone(), ..Default::default() };
                let case = definition.case(&request).unwrap();
                let value = formula.value(&case.parameters).unwrap();
                assert!(value > 0.0 && value.is_finite(), "{stem} {size}: {name} is {value}");
            }
        }
        let classes = definition.determinism.variants.values();
        let varies = classes.chain([&definition.determinism.class]);
        if varies.into_iter().any(|class| *class != DeterminismClass::Same) {
            assert!(!definition.determinism.reason.trim().is_empty(), "{stem} varies: why?");
        }
    }
}

#[test]
fn names_in_kernel_toml_are_there_in_the_code() {
    for kernel in kernels() {
        let (definition, code, stem) = (&kernel.definition, &kernel.code, &kernel.stem);
        let named = |name: &str, there: Vec<&str>| {
            assert!(there.contains(&name), "{stem}: no function `{name}` in {there:?}");
        };
        for estimate in &definition.estimates {
            named(&estimate.function, code.estimates.iter().map(|(name, _)| *name).collect());
        }
        for policy in definition.policies.iter().filter_map(|policy| policy.function.as_ref()) {
            named(policy, code.policies.iter().map(|(name, _)| *name).collect());
        }
        for chart in &definition.charts {
            assert!(chart.function.is_some() != chart.rows.is_some(), "{stem}: {}", chart.name);
            if let Some(function) = &chart.function {
                named(function, code.charts.iter().map(|(name, _)| *name).collect());
            }
            for value in chart.rows.iter().flat_map(|rows| [&rows.x, &rows.y]) {
                assert!(value == "time" || definition.facts.contains_key(value), "{stem}: {value}");
            }
        }
        let signature = signature(&kernel, definition.instances[0].dtype);
        let outputs: BTreeSet<String> =
            signature.outputs().into_iter().map(|(name, _)| name).collect();
        let pictured = definition.pictures.iter().map(|picture| &picture.output);
        for output in definition.canonical.keys().chain(pictured) {
            assert!(outputs.contains(output), "{stem}: no output `{output}`");
        }
        for (line, class) in &definition.determinism.variants {
            let backends = ["interpreter ", "cranelift ", "native ", "wgsl "];
            assert!(backends.iter().any(|b| line.starts_with(b)), "{stem}: {line} {class:?}");
        }
    }
}

#[test]
fn native_variants_are_named_once_and_begin_with_the_plain_loop() {
    for kernel in kernels() {
        let (variants, stem) = (kernel.code.variants, &kernel.stem);
        let names: BTreeSet<&str> = variants.iter().map(|variant| variant.name).collect();
        assert_eq!(names.len(), variants.len(), "{stem}: a variant's name comes twice");
        let scalar = &variants[0];
        assert_eq!((scalar.name, scalar.promise), ("scalar", Promise::Exact), "{stem}");
        assert!(variants.iter().any(|variant| variant.threaded), "{stem} has no threads");
        for instance in &kernel.definition.instances {
            assert!(scalar.is_for(instance.dtype), "{stem} {}", instance.dtype);
        }
    }
}
