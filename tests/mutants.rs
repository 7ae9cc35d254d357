//! Every mutant of the suite is rejected: wrong kernels by every executor of the language, wrong
//! shaders by every adapter of this machine. Unchanged, the same lines are verified.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests: a panic is a failure, and what cannot run here is shown"
)]

use std::collections::BTreeMap;

use crossover_backends::{REFERENCE, backends, signature};
use crossover_contract::{
    Backend, Case, CaseRequest, Failure, Kernel, Mutant, MutantFile, SourceText, Target,
};
use crossover_harness::verify::{Outputs, Verdict};
use crossover_harness::{Called, call_in_process, verify_in_process};
use crossover_values::DType;

/// Lines that run the kernel's source.
const EXECUTORS: &[(&str, &str)] =
    &[("interpreter", "exact"), ("cranelift", "1t"), ("cranelift", "threads")];

/// Mutants that compute the right thing at `small`: the parameter, and a value at which they differ.
const LARGER: &[(&str, &str, f64)] =
    &[("coordinates by accumulation", "w", 700.0), ("one dart per invocation", "n", 1_500_000.0)];

/// The lines of [`LARGER`] that hold for a mutant: none or one.
type Set = &'static [(&'static str, &'static str, f64)];

/// The unchanged kernel in one instance, in one case, with its reference.
struct Truth {
    kernel: Kernel,
    dtype: DType,
    case: Case,
    outputs: Outputs,
    back_edges: Option<u64>,
}

impl Truth {
    fn new(all: &[Box<dyn Backend>], stem: &str, dtype: DType, set: Set) -> Truth {
        let kernel = crossover_suite::kernel(stem).unwrap();
        let set = set.iter().map(|(_, name, value)| ((*name).to_owned(), *value)).collect();
        let request = CaseRequest { size: "small".to_owned(), set, seed: None };
        let case = kernel.definition.case(&request).unwrap();
        let interpreter = find(all, REFERENCE.0);
        let unproved = Truth { kernel, dtype, case, outputs: Vec::new(), back_edges: None };
        let target = unproved.target(&unproved.kernel, REFERENCE.1, None);
        let declared = signature(&unproved.kernel, dtype).unwrap();
        let called = call_in_process(interpreter, &target, &declared).unwrap();
        let Called { outputs, back_edges, .. } = called;
        Truth { outputs, back_edges, ..unproved }
    }

    fn target<'a>(
        &'a self,
        kernel: &'a Kernel,
        variant: &'a str,
        adapter: Option<&'a str>,
    ) -> Target<'a> {
        let Truth { dtype, case, back_edges, .. } = self;
        let (dtype, back_edges, threads) = (*dtype, *back_edges, 2);
        Target { kernel, dtype, variant, adapter, threads, case, back_edges, wait_limit_s: 60.0 }
    }

    /// Why a line is wrong, or `None` if it is verified.
    fn complaint(
        &self,
        kernel: &Kernel,
        backend: &dyn Backend,
        variant: &str,
        adapter: Option<&str>,
    ) -> Option<String> {
        // What does not compile would prove nothing about the comparison.
        let declared = signature(kernel, self.dtype).unwrap_or_else(|error| panic!("{error}"));
        let target = self.target(kernel, variant, adapter);
        let verified = verify_in_process(backend, &target, &declared, Some(&self.outputs));
        let (verdict, answers, _) =
            verified.unwrap_or_else(|failure| panic!("{} {variant}: {failure}", kernel.stem));
        match verdict {
            Verdict::Wrong { reason, .. } => Some(reason),
            Verdict::Verified(_) => {
                let wrong = answers.into_iter().find(|answer| !answer.ok);
                wrong.map(|answer| format!("{}: {}", answer.name, answer.got))
            }
        }
    }
}

fn find<'a>(all: &'a [Box<dyn Backend>], name: &str) -> &'a dyn Backend {
    all.iter().find(|backend| backend.name() == name).unwrap().as_ref()
}

/// The suite's kernel of a stem with the mutant's text in place.
fn mutated(stem: &str, mutant: &Mutant) -> Kernel {
    let mut kernel = crossover_suite::kernel(stem).unwrap();
    let text: &mut SourceText = match mutant.file {
        MutantFile::Kernel => &mut kernel.source,
        MutantFile::Shader => kernel.shader.as_mut().unwrap(),
    };
    let found = text.text.matches(&mutant.find).count();
    assert_eq!(found, 1, "{stem}: `{}` occurs {found} times in {}", mutant.find, text.path);
    text.text = text.text.replacen(&mutant.find, &mutant.replace, 1);
    kernel
}

/// Runs the mutants of one kind of file on the lines given; how many there were.
fn reject_all(file: MutantFile, lines: &[(&str, &str, Option<&str>)]) -> usize {
    let all = backends();
    let (mut count, mut passed) = (0, Vec::new());
    for kernel in crossover_suite::kernels().unwrap() {
        let mut truths: BTreeMap<(DType, bool), Truth> = BTreeMap::new();
        for mutant in kernel.definition.mutants.iter().filter(|mutant| mutant.file == file) {
            let dtype = mutant.dtype.unwrap_or(kernel.definition.instances[0].dtype);
            let larger = LARGER.iter().find(|(name, ..)| *name == mutant.name);
            let set = larger.map_or(&[][..], std::slice::from_ref);
            let truth = truths
                .entry((dtype, larger.is_some()))
                .or_insert_with(|| Truth::new(&all, &kernel.stem, dtype, set));
            let wrong = mutated(&kernel.stem, mutant);
            for (backend, variant, adapter) in lines {
                let backend = find(&all, backend);
                let name = format!(
                    "{} {dtype} {} {variant} {}",
                    kernel.stem,
                    backend.name(),
                    adapter.unwrap_or_default()
                );
                let right = truth.complaint(&truth.kernel, backend, variant, *adapter);
                assert_eq!(right, None, "{name}, unchanged");
                match truth.complaint(&wrong, backend, variant, *adapter) {
                    Some(reason) => println!("{name}: `{}`: {reason}", mutant.name),
                    None => passed.push(format!("{name}: `{}`", mutant.name)),
                }
            }
            count += 1;
        }
    }
    assert!(passed.is_empty(), "mutants that pass:\n{}", passed.join("\n"));
    count
}

#[test]
fn wrong_kernels_are_rejected_by_every_executor() {
    let lines: Vec<_> = EXECUTORS.iter().map(|&(name, variant)| (name, variant, None)).collect();
    let count = reject_all(MutantFile::Kernel, &lines);
    println!("{count} mutants of kernels, each rejected by {} executors", lines.len());
    assert!(count >= 4, "{count} mutants");
}

#[test]
fn wrong_shaders_are_rejected_by_every_adapter() {
    let all = backends();
    let adapters = match find(&all, "wgsl").adapters() {
        Ok(adapters) => adapters,
        Err(Failure::Unavailable(reason)) => {
            let left = crossover_suite::kernels().unwrap();
            let left = left.iter().flat_map(|kernel| &kernel.definition.mutants);
            let left = left.filter(|mutant| mutant.file == MutantFile::Shader).count();
            println!("{left} mutants of shaders are NOT tested here: {reason}");
            assert!(left >= 4 && reason.contains("install"), "{reason}");
            return;
        }
        Err(failure) => panic!("{failure}"),
    };
    let lines: Vec<_> =
        adapters.iter().map(|adapter| ("wgsl", "tuned", Some(adapter.slug.as_str()))).collect();
    let count = reject_all(MutantFile::Shader, &lines);
    println!("{count} mutants of shaders, each rejected on {} adapters", lines.len());
    assert!(count >= 4, "{count} mutants");
}
