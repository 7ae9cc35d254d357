//! Budgets, cancellation, memory, arguments, aliasing and the independence check.

use std::sync::atomic::AtomicBool;

use crossover_interpreter::{CompileError, Options, RunError, compile};
use crossover_ir::{Module, Op, Span, Trap, TrapKind, Valid};
use crossover_lang::Sources;
use crossover_values::{Array, DType, Scalar, Value};

mod support;

use support::{Host, Lane};

fn source(text: &str) -> Valid<Module> {
    let options = crossover_lang::Options::default();
    crossover_lang::compile(&Sources::single("test.py", text), &options)
        .unwrap_or_else(|errors| panic!("{errors:?}"))
}

fn i32s(values: &[i32]) -> Value {
    let mut array = Array::zeros(DType::I32, &[values.len()]);
    values.iter().enumerate().for_each(|(i, value)| array.set(i, Scalar::I32(*value)));
    Value::Array(array)
}

fn elements(value: &Value) -> Vec<i32> {
    match value {
        Value::Array(Array::I32(array)) => array.iter().copied().collect(),
        other => panic!("{other:?}"),
    }
}

const ENDLESS: &str = "
from crossover import i32, prange

def endless(a: i32[:]):
    for i in prange(a.shape[0]):
        n = 1
        while n != 0:
            n = n | 1
        a[i] = n
";

#[test]
fn an_endless_kernel_ends_with_its_budget() {
    let program = compile(&source(ENDLESS), 0).expect("it compiles");
    let mut options = Options { step_budget: Some(10_000), ..Options::default() };
    let error = program.run(&mut [i32s(&[0; 4])], &mut options).unwrap_err();
    let RunError::Trap(Trap { kind, .. }) = error else { panic!("{error}") };
    assert_eq!(kind, TrapKind::StepBudget { limit: 10_000 });
}

#[test]
fn a_set_flag_cancels() {
    let program = compile(&source(ENDLESS), 0).expect("it compiles");
    let cancel = AtomicBool::new(true);
    let mut options = Options { cancel: Some(&cancel), ..Options::default() };
    let error = program.run(&mut [i32s(&[0; 4])], &mut options).unwrap_err();
    assert_eq!(error, RunError::Cancelled);
}

#[test]
fn a_flag_set_later_cancels() {
    let program = compile(&source(ENDLESS), 0).expect("it compiles");
    let cancel = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(std::time::Duration::from_millis(20));
            cancel.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        let mut options = Options { cancel: Some(&cancel), ..Options::default() };
        let error = program.run(&mut [i32s(&[0; 4])], &mut options).unwrap_err();
        assert_eq!(error, RunError::Cancelled);
    });
}

const SCRATCH: &str = "
from crossover import i32, prange, zeros

def scratch(a: i32[:], steps: i32, n: i32):
    for step in range(steps):
        t = zeros(i32, n)
        for i in prange(a.shape[0]):
            t[i] = a[i] + 1
        for i in prange(a.shape[0]):
            a[i] = t[i]
";

#[test]
fn memory_is_limited_and_freed() {
    let program = compile(&source(SCRATCH), 0).expect("it compiles");
    let mut arguments =
        [i32s(&[1, 2, 3]), Value::Scalar(Scalar::I32(50)), Value::Scalar(Scalar::I32(100))];
    // The arrays of fifty steps would need 20,000 bytes.
    let mut options = Options { memory_limit: Some(2000), ..Options::default() };
    program.run(&mut arguments, &mut options).unwrap();
    assert_eq!(elements(&arguments[0]), [51, 52, 53]);
    arguments[2] = Value::Scalar(Scalar::I32(i32::MAX));
    let error = program.run(&mut arguments, &mut options).unwrap_err();
    let RunError::Trap(trap) = error else { panic!("{error}") };
    let needed = 12 + 4 * i32::MAX as u64;
    assert_eq!(trap.kind, TrapKind::MemoryLimit { needed, limit: 2000 });
    assert_ne!(trap.span, Span::default());
    assert_eq!(elements(&arguments[0]).len(), 3, "arguments come back after an error");
}

#[test]
fn arguments_are_checked() {
    let program = compile(&source(SCRATCH), 0).expect("it compiles");
    let error = program.run(&mut [], &mut Options::default()).unwrap_err();
    assert_eq!(error, RunError::ArgumentCount { expected: 3, found: 0 });
    let mut wrong = [i32s(&[1]), i32s(&[1]), Value::Scalar(Scalar::I32(1))];
    let error = program.run(&mut wrong, &mut Options::default()).unwrap_err();
    assert!(matches!(error, RunError::ArgumentKind { position: 1, .. }), "{error}");
    let error = compile(&source(SCRATCH), 7).unwrap_err();
    assert_eq!(error, CompileError::NoKernel { kernel: 7, kernels: 1 });
}

#[test]
fn dependent_iterations_are_found() {
    let text = "
from crossover import i32, prange

def shift(a: i32[:], by: i32):
    for i in prange(a.shape[0] - 1):
        a[i + by] = a[i] + 1
";
    let program = compile(&source(text), 0).expect("it compiles");
    let check = |by: i32| {
        let mut options = Options { check_independence: true, ..Options::default() };
        let mut arguments = [i32s(&[1, 2, 3, 4]), Value::Scalar(Scalar::I32(by))];
        program.run(&mut arguments, &mut options).map(|_| elements(&arguments[0]))
    };
    assert_eq!(check(0).unwrap(), [2, 3, 4, 4]);
    let Err(RunError::Trap(trap)) = check(1) else { panic!("not noticed") };
    let kind = TrapKind::Dependence { array: "a".to_owned(), element: 1, first: 0, second: 1 };
    assert_eq!(trap.kind, kind);
    assert_eq!(trap.iteration, Some(1));
}

/// Readers of one element do not depend on each other, whoever they are.
#[test]
fn shared_reads_are_no_dependence() {
    let text = "
from crossover import i32, prange

def spread(a: i32[:], b: i32[:]):
    for i in prange(a.shape[0]):
        a[i] = b[0] + b[i]
";
    let program = compile(&source(text), 0).expect("it compiles");
    let mut options = Options { check_independence: true, ..Options::default() };
    let mut arguments = [i32s(&[0; 3]), i32s(&[1, 2, 3])];
    program.run(&mut arguments, &mut options).unwrap();
    assert_eq!(elements(&arguments[0]), [2, 3, 4]);
}

/// Names are swapped on the way; each parameter ends with what its name means then.
#[test]
fn parameters_hold_what_their_names_mean_at_the_end() {
    let text = "
from crossover import i32, prange

def swap(a: i32[:], b: i32[:]):
    a, b = b, a
    for i in prange(a.shape[0]):
        a[i] += 10
";
    let program = compile(&source(text), 0).expect("it compiles");
    let mut arguments = [i32s(&[1, 2]), i32s(&[3])];
    program.run(&mut arguments, &mut Options::default()).expect("it runs");
    assert_eq!(elements(&arguments[0]), [13]);
    assert_eq!(elements(&arguments[1]), [1, 2]);
}

/// Two names of one array in a serial section: each sees what the other writes.
#[test]
fn names_of_one_array_share_it() {
    let mut host = Host::default();
    let a = host.array_param("a", DType::I32, 1);
    let b = host.array_param("b", DType::I32, 1);
    host.nodes.push(crossover_ir::HostNode::Bind { pairs: vec![(b, a)], span: Span::default() });
    let mut lane = Lane::default();
    let zero = lane.konst(Scalar::I32(0));
    let seven = lane.konst(Scalar::I32(7));
    lane.store(0, &[zero], seven);
    let seen = lane.load(DType::I32, 1, &[zero]);
    let one = lane.konst(Scalar::I32(1));
    let next = lane.op(Op::Add, DType::I32, &[seen, one]);
    lane.store(1, &[one], next);
    host.serial(lane.finish());
    host.returns(&[]);
    let program = compile(&host.module(""), 0).expect("it compiles");
    let mut arguments = [i32s(&[0, 0]), i32s(&[5])];
    program.run(&mut arguments, &mut Options::default()).expect("it runs");
    assert_eq!(elements(&arguments[0]), [7, 8]);
    assert_eq!(elements(&arguments[1]), [7, 8]);
}

#[test]
fn an_error_says_where() {
    let text = "
from crossover import i32, prange

def ratio(a: i32[:], b: i32[:]):
    for i in prange(a.shape[0]):
        a[i] = a[i] // b[i]
";
    let module = source(text);
    let program = compile(&module, 0).expect("it compiles");
    let mut arguments = [i32s(&[6, 7, 8]), i32s(&[2, 0, 0])];
    let Err(RunError::Trap(trap)) = program.run(&mut arguments, &mut Options::default()) else {
        panic!("7 // 0 is an error")
    };
    assert_eq!(trap.kind, TrapKind::DivisionByZero { dividend: Scalar::I32(7) });
    assert_eq!(trap.iteration, Some(1));
    assert_eq!(module.line_column(trap.span).map(|(_, line, _)| line), Some(6));
}

#[test]
fn back_edges_are_those_of_one_iteration_of_each_region() {
    let text = "
from crossover import i32, prange

def triangle(a: i32[:]):
    for i in prange(a.shape[0]):
        n = 0
        for j in range(i):
            n += j
        a[i] = n
    for i in prange(a.shape[0]):
        a[i] += 1
    for k in range(3):
        for i in prange(a.shape[0]):
            for j in range(i + k):
                a[i] += j
";
    let program = compile(&source(text), 0).expect("it compiles");
    let mut options = Options { count_back_edges: true, ..Options::default() };
    let outcome = program.run(&mut [i32s(&[0; 9])], &mut options).unwrap();
    assert_eq!(outcome.back_edges, [8, 0, 10]);
}

/// Backends hand programs to other threads.
#[test]
fn programs_are_shared_between_threads() {
    let program = compile(&source(SCRATCH), 0).expect("it compiles");
    let run = || {
        let mut arguments =
            [i32s(&[1, 2]), Value::Scalar(Scalar::I32(3)), Value::Scalar(Scalar::I32(2))];
        program.run(&mut arguments, &mut Options::default()).expect("it runs");
        elements(&arguments[0])
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(run);
        assert_eq!(run(), [4, 5]);
        assert_eq!(other.join().expect("no panic"), [4, 5]);
    });
}
