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
    Backend, Case, CaseRequest, Failure, Kernel, Mutant, MutantFile, Setting, SourceText, Target,
};
use crossover_harness::verify::{Outputs, Verdict};
use crossover_harness::{Called, call_in_process, verify_in_process};
use crossover_values::DType;

/// Lines that run the kernel's source. A kernel that calls no function which has a polynomial is
/// left out of the last.
const EXECUTORS: &[(&str, &str)] = &[
    ("interpreter", "exact"),
    ("interpreter", "lanes"),
    ("cranelift", "1t"),
    ("cranelift", "threads"),
    ("cranelift", "lanes"),
    ("cranelift", "lanes+polynomial"),
];

/// The unchanged kernel in one instance, in one case, with its reference.
struct Truth {
    kernel: Kernel,
    dtype: DType,
    case: Case,
    outputs: Outputs,
    back_edges: Option<Vec<u64>>,
}

impl Truth {
    fn new(
        all: &[Box<dyn Backend>],
        stem: &str,
        dtype: DType,
        set: BTreeMap<String, Setting>,
    ) -> Truth {
        let kernel = crossover_suite::kernel(stem).unwrap();
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
        let (dtype, back_edges, threads) = (*dtype, back_edges.as_deref(), 2);
        Target { kernel, dtype, variant, adapter, threads, case, back_edges, wait_limit_s: 60.0 }
    }

    /// What verification says of a line.
    fn judged(
        &self,
        kernel: &Kernel,
        backend: &dyn Backend,
        variant: &str,
        adapter: Option<&str>,
    ) -> Judged {
        // What does not compile would prove nothing about the comparison.
        let declared = signature(kernel, self.dtype).unwrap_or_else(|error| panic!("{error}"));
        let target = self.target(kernel, variant, adapter);
        let verified = verify_in_process(backend, &target, &declared, Some(&self.outputs));
        let (verdict, answers, _) = match verified {
            Ok(verified) => verified,
            Err(Failure::Unavailable(reason)) => return Judged::Unavailable(reason),
            // The unchanged kernel runs on this line: an index out of bounds is the mutant's.
            Err(failure) => return Judged::Wrong(failure.to_string()),
        };
        match verdict {
            Verdict::Wrong { reason, .. } => Judged::Wrong(reason),
            Verdict::Verified(_) => match answers.into_iter().find(|answer| !answer.ok) {
                Some(answer) => Judged::Wrong(format!("{}: {}", answer.name, answer.got)),
                None => Judged::Right,
            },
        }
    }
}

/// What verification says of a line.
#[derive(Debug, PartialEq)]
enum Judged {
    Right,
    Wrong(String),
    /// This line cannot run here, such as f64 on an adapter without it.
    Unavailable(String),
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

/// A backend's name, a variant, an adapter.
type Line<'a> = (&'a str, &'a str, Option<&'a str>);

/// The lines that run the unchanged kernel, each verified; those that cannot are shown, and variants
/// that the kernel does not have are left out.
fn right_lines<'a>(all: &[Box<dyn Backend>], truth: &Truth, lines: &[Line<'a>]) -> Vec<Line<'a>> {
    let runs = |(backend, variant, adapter): &&Line<'_>| {
        let name = format!("{} {} {backend} {variant}", truth.kernel.stem, truth.dtype);
        let variants = find(all, backend).variants(&truth.kernel, truth.dtype);
        if !variants.iter().any(|known| known.name == *variant) {
            return false;
        }
        match truth.judged(&truth.kernel, find(all, backend), variant, *adapter) {
            Judged::Right => true,
            Judged::Wrong(reason) => panic!("{name}, unchanged: {reason}"),
            Judged::Unavailable(reason) => {
                println!("{name} {}: unavailable: {reason}", adapter.unwrap_or_default());
                false
            }
        }
    };
    lines.iter().filter(runs).copied().collect()
}

/// Runs the mutants of one kind of file on the lines given; how many there were.
fn reject_all(file: MutantFile, lines: &[Line<'_>]) -> usize {
    let all = backends();
    let (mut count, mut passed) = (0, Vec::new());
    for kernel in crossover_suite::kernels().unwrap() {
        let mut truths: BTreeMap<String, (Truth, Vec<Line<'_>>)> = BTreeMap::new();
        for mutant in kernel.definition.mutants.iter().filter(|mutant| mutant.file == file) {
            let dtype = mutant.dtype.unwrap_or(kernel.definition.instances[0].dtype);
            let (truth, lines) =
                truths.entry(format!("{dtype} {:?}", mutant.at)).or_insert_with(|| {
                    let truth = Truth::new(&all, &kernel.stem, dtype, mutant.at.clone());
                    let lines = right_lines(&all, &truth, lines);
                    (truth, lines)
                });
            assert!(!lines.is_empty(), "{} {dtype} runs on no line", kernel.stem);
            let wrong = mutated(&kernel.stem, mutant);
            for (backend, variant, adapter) in lines {
                let adapter_name = adapter.unwrap_or_default();
                let name = format!("{} {dtype} {backend} {variant} {adapter_name}", kernel.stem);
                match truth.judged(&wrong, find(&all, backend), variant, *adapter) {
                    Judged::Wrong(reason) => println!("{name}: `{}`: {reason}", mutant.name),
                    other => passed.push(format!("{name}: `{}`: {other:?}", mutant.name)),
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
    println!("{count} mutants of kernels, each rejected by all of {} executors", lines.len());
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
