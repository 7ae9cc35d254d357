//! Each kernel's parts against each other: the reference compiles and agrees with the native plain
//! loop, the answers hold, the shader binds, and every mutant is another program that is told from
//! the reference.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::collections::{BTreeMap, BTreeSet};

use crossover_contract::{
    Allowed, CaseRequest, Kernel, Mutant, MutantFile, NativeCall, TunedPlan, judge_answer,
};
use crossover_ir::{Module, Valid, analysis};
use crossover_values::{DType, Signature, Value, compare};
use crossover_wgsl::{FragmentForm, PlanNames, check_against, expand_includes, prelude, reflect};

mod support;

use support::{compile, reference, signature};

fn kernels() -> Vec<Kernel> {
    crossover_suite::kernels().unwrap_or_else(|error| panic!("{error:?}"))
}

fn dtypes(kernel: &Kernel) -> Vec<DType> {
    kernel.definition.instances.iter().map(|instance| instance.dtype).collect()
}

fn small(kernel: &Kernel) -> crossover_contract::Case {
    let request = CaseRequest { size: "small".to_owned(), ..Default::default() };
    kernel.definition.case(&request).unwrap()
}

/// Outputs: written arrays in order, then returned values.
fn outputs(signature: &Signature, arguments: Vec<Value>, returned: Vec<Value>) -> Vec<Value> {
    let written = signature.params.iter().zip(arguments);
    let written = written.filter(|(param, _)| param.role.is_output()).map(|(_, value)| value);
    written.chain(returned).collect()
}

/// What the interpreter makes of the small case; an error if it is a run-time error.
fn interpret(kernel: &Kernel, module: &Valid<Module>) -> Result<Vec<Value>, String> {
    interpret_case(kernel, module, &small(kernel))
}

fn interpret_case(
    kernel: &Kernel,
    module: &Valid<Module>,
    case: &crossover_contract::Case,
) -> Result<Vec<Value>, String> {
    let signature = analysis::signature(&module.kernels[0]);
    let mut arguments = kernel.definition.arguments(&signature, case).unwrap();
    let program = crossover_interpreter::compile(module, 0).unwrap();
    let mut options = crossover_interpreter::Options::default();
    let outcome = program.run(&mut arguments, &mut options).map_err(|error| error.to_string())?;
    Ok(outputs(&signature, arguments, outcome.returned))
}

fn scalar(kernel: &Kernel, signature: &Signature, dtype: DType) -> Vec<Value> {
    let case = small(kernel);
    let mut arguments = kernel.definition.arguments(signature, &case).unwrap();
    let variant = kernel.code.variants.iter().find(|variant| variant.name == "scalar").unwrap();
    let mut call = NativeCall {
        dtype,
        arguments: &mut arguments,
        returned: Vec::new(),
        threads: 1,
        parameters: &case.parameters,
        facts: BTreeMap::new(),
    };
    (variant.run)(&mut call).unwrap();
    let returned = call.returned;
    outputs(signature, arguments, returned)
}

#[test]
fn the_reference_and_the_plain_loop_have_the_same_bits() {
    for kernel in kernels() {
        for dtype in dtypes(&kernel) {
            let module = reference(&kernel, dtype);
            let expected = interpret(&kernel, &module).unwrap();
            let got = scalar(&kernel, &analysis::signature(&module.kernels[0]), dtype);
            assert_eq!(expected.len(), got.len(), "{} {dtype}", kernel.stem);
            for (expected, got) in expected.iter().zip(&got) {
                let differences = compare::differences(expected, got).unwrap();
                assert_eq!(differences, [0; 0], "{} {dtype}", kernel.stem);
            }
        }
    }
}

#[test]
fn known_answers_hold_for_the_reference() {
    for kernel in kernels() {
        for dtype in dtypes(&kernel) {
            let module = reference(&kernel, dtype);
            let signature = analysis::signature(&module.kernels[0]);
            let outputs = interpret(&kernel, &module).unwrap();
            let case = small(&kernel);
            let answers = kernel.definition.answers_for(&case, dtype);
            assert!(!answers.is_empty(), "{} {dtype} has no answer at `small`", kernel.stem);
            for answer in answers {
                let names = signature.outputs();
                let at = names.iter().position(|(name, _)| *name == answer.output).unwrap();
                let mut values: BTreeMap<String, f64> = case.parameters.clone();
                values.insert("u".to_owned(), compare::unit_roundoff(dtype));
                let slack =
                    answer.slack.as_ref().map_or(0.0, |slack| slack.value(&values).unwrap());
                let exact = |_, _| Allowed::Exact;
                let outcome =
                    judge_answer(answer, &outputs[at], &outputs[at], &exact, slack).unwrap();
                assert!(outcome.ok, "{} {dtype}: {outcome:?}", kernel.stem);
            }
        }
    }
}

fn plan_names(plan: &TunedPlan) -> PlanNames {
    let own = plan.passes.iter().flat_map(|pass| pass.uniforms.keys());
    let splits = plan.passes.iter().filter_map(|pass| pass.split.as_ref());
    PlanNames {
        scratch: plan.scratch.keys().cloned().collect(),
        uniforms: plan.uniforms.keys().chain(own).chain(splits).cloned().collect(),
    }
}

/// The constants of the plan at `small`.
fn constants(kernel: &Kernel) -> BTreeMap<String, u32> {
    let plan = kernel.definition.tuned.as_ref().unwrap();
    plan.constants_of(&small(kernel)).unwrap()
}

/// The shader as the host makes it of the file.
fn shader(kernel: &Kernel, text: &str, dtype: DType, form: FragmentForm) -> String {
    let library = kernel.shader_library.iter();
    let library = library.map(|(name, text)| (name.clone(), text.text.clone())).collect();
    let text = expand_includes(text, &library, dtype, form).unwrap();
    format!("{}{text}", prelude(dtype, &constants(kernel)))
}

#[test]
fn shaders_bind_to_their_kernels() {
    for kernel in kernels() {
        let (plan, text) = (kernel.definition.tuned.as_ref().unwrap(), kernel.shader.as_ref());
        let forms = |dtype| FragmentForm::ALL.map(|form| (dtype, form));
        for (dtype, form) in dtypes(&kernel).into_iter().flat_map(forms) {
            let signature = signature(&kernel, dtype);
            let reflection = reflect(&shader(&kernel, &text.unwrap().text, dtype, form))
                .unwrap_or_else(|error| panic!("{} {dtype}: {error}", kernel.stem));
            check_against(&reflection, &signature, &plan_names(plan))
                .unwrap_or_else(|error| panic!("{} {dtype}: {error}", kernel.stem));
            let entries: BTreeSet<&str> =
                reflection.entry_points.iter().map(|entry| entry.name.as_str()).collect();
            let passes: BTreeSet<&str> =
                plan.passes.iter().map(|pass| pass.entry.as_str()).collect();
            assert_eq!(entries, passes, "{}", kernel.stem);
            let plain = form == FragmentForm::Plain;
            assert!(!(plain && reflection.needs.subgroups), "{} needs subgroups", kernel.stem);
        }
    }
}

#[test]
fn loop_budgets_are_whole_and_far_below_what_drivers_allow() {
    for kernel in kernels() {
        let plan = kernel.definition.tuned.as_ref().unwrap();
        for size in kernel.definition.sizes.keys() {
            let request = CaseRequest { size: size.clone(), ..Default::default() };
            let case = kernel.definition.case(&request).unwrap();
            for pass in &plan.passes {
                let budget = pass.loop_budget.value(&case.parameters).unwrap();
                assert!(budget.fract() == 0.0 && (0.0..10_000.0).contains(&budget), "{budget}");
            }
        }
    }
}

fn mutated(mutant: &Mutant, text: &str, stem: &str) -> String {
    assert_eq!(text.matches(&mutant.find).count(), 1, "{stem}: `{}`", mutant.name);
    text.replace(&mutant.find, &mutant.replace)
}

#[test]
fn mutants_compile_and_those_of_the_reference_differ_from_it() {
    for kernel in kernels() {
        assert!(kernel.definition.mutants.len() >= 3, "{}", kernel.stem);
        for mutant in &kernel.definition.mutants {
            let dtype = mutant.dtype.unwrap_or(kernel.definition.instances[0].dtype);
            match mutant.file {
                MutantFile::Kernel => reference_mutant(&kernel, mutant, dtype),
                MutantFile::Shader => {
                    let text = &kernel.shader.as_ref().unwrap().text;
                    let text = mutated(mutant, text, &kernel.stem);
                    for form in FragmentForm::ALL {
                        let text = shader(&kernel, &text, dtype, form);
                        reflect(&text).unwrap_or_else(|error| panic!("{}: {error}", mutant.name));
                    }
                }
            }
        }
    }
}

fn reference_mutant(kernel: &Kernel, mutant: &Mutant, dtype: DType) {
    let request = CaseRequest { size: "small".to_owned(), set: mutant.at.clone(), seed: None };
    let case = kernel.definition.case(&request).unwrap();
    let right = interpret_case(kernel, &reference(kernel, dtype), &case).unwrap();
    let text = mutated(mutant, &kernel.source.text, &kernel.stem);
    let module = compile(kernel, &text, dtype)
        .unwrap_or_else(|text| panic!("{} `{}`: {text}", kernel.stem, mutant.name));
    // A run-time error tells it too.
    let Ok(got) = interpret_case(kernel, &module, &case) else { return };
    let same = |(a, b): (&Value, &Value)| compare::differences(a, b).is_ok_and(|d| d.is_empty());
    let equal = right.len() == got.len() && right.iter().zip(&got).all(same);
    assert!(!equal, "{} `{}` gives what the reference gives", kernel.stem, mutant.name);
}
