//! Host level on the CPU: arrays used in place, bound to other names, made and returned; what a
//! run refuses; what a compilation shows.

mod common;

use common::{array_of, compiled, compiled_with, element, module_of, returned, threads};
use crossover_cranelift::{Bounds, CompileError, Options, RunError, RunOptions, compile};
use crossover_ir::TrapKind;
use crossover_values::{Array, DType, ParamKind, Scalar, Value};

/// `for step in range(steps): v = 2 u + v elementwise; u, v = v, u`, and a third array.
const SWAP: &str = "kernel swap {
  array @u: i32[:]
  array @v: i32[:]
  array @w: i32[:]
  var %steps: i32
  var %step: i32
  params (@u, @v, %steps)
  returns (i32[:], i32)
  host {
    v0: i32 = const 0
    v1: i32 = get %steps
    v2: i32 = extent @u 0
    zeros @w [v2]
    for %step = v0 to v1 step 1 {
      region {
        var %i: i32
        axis %i = v0 to v2 step 1
        body {
          v0: i32 = get %i
          v1: i32 = load @u [v0]
          v2: i32 = load @v [v0]
          v3: i32 = add v1 v1
          v4: i32 = add v3 v2
          store @v [v0] = v4
          v5: i32 = host %step
          store @w [v0] = v5
        }
      }
      bind (@u = @v, @v = @u)
    }
    return (@w, v1)
  }
}";

fn i32s(values: &[i32]) -> Value {
    let scalars: Vec<Scalar> = values.iter().map(|x| Scalar::I32(*x)).collect();
    Value::Array(array_of(DType::I32, &scalars))
}

fn numbers(value: &Value) -> Vec<i32> {
    match value.as_array() {
        Some(Array::I32(a)) => a.iter().copied().collect(),
        _ => panic!("{value:?}"),
    }
}

#[test]
fn swapped_names_come_back_as_what_they_are_bound_to() {
    let kernel = compiled(SWAP);
    for steps in 0..4 {
        let (mut u, mut v) = ([1, 10], [5, 50]);
        for _ in 0..steps {
            (u, v) = ([2 * u[0] + v[0], 2 * u[1] + v[1]], u);
        }
        for count in [1, 2] {
            let mut arguments = [i32s(&[1, 10]), i32s(&[5, 50]), Value::Scalar(Scalar::I32(steps))];
            let outcome = kernel.run(&mut arguments, &threads(count)).unwrap();
            assert_eq!(numbers(&arguments[0]), u, "{steps} steps");
            assert_eq!(numbers(&arguments[1]), v, "{steps} steps");
            let last = if steps == 0 { 0 } else { steps - 1 };
            assert_eq!(numbers(&outcome.returned[0]), [last; 2]);
            assert!(matches!(outcome.returned[1], Value::Scalar(Scalar::I32(n)) if n == steps));
        }
    }
}

#[test]
fn both_names_of_one_array_give_its_contents() {
    let kernel = compiled(
        "kernel k {
          array @u: i32[:]
          array @v: i32[:]
          params (@u, @v)
          returns (i32[:])
          host {
            bind (@u = @v)
            return (@v)
          }
        }",
    );
    let mut arguments = [i32s(&[1]), i32s(&[7, 8])];
    let outcome = kernel.run(&mut arguments, &threads(1)).unwrap();
    for value in [&arguments[0], &arguments[1], &outcome.returned[0]] {
        assert_eq!(numbers(value), [7, 8]);
    }
}

#[test]
fn arrays_over_the_memory_limit_are_a_trap() {
    let kernel = compiled(SWAP);
    let steps = Value::Scalar(Scalar::I32(1));
    let mut arguments = [i32s(&[1; 100]), i32s(&[1; 100]), steps];
    let options = RunOptions { memory_limit: 1000, ..RunOptions::default() };
    let error = kernel.run(&mut arguments, &options).unwrap_err();
    let RunError::Trap(trap) = error else { panic!("{error}") };
    assert_eq!(trap.kind, TrapKind::MemoryLimit { needed: 1200, limit: 1000 });
    assert_eq!(numbers(&arguments[0]).len(), 100, "arguments come back");
}

#[test]
fn a_loop_that_makes_arrays_keeps_only_those_with_a_name() {
    let kernel = compiled(
        "kernel k {
          array @w: i64[:]
          var %step: i32
          var %sum: i64
          params ()
          returns (i64)
          host {
            v0: i32 = const 0
            v1: i32 = const 100
            v2: i64 = const 0
            set %sum = v2
            for %step = v0 to v1 step 1 {
              zeros @w [v1]
              serial {
                body {
                  v0: i32 = const 99
                  v1: i64 = load @w [v0]
                  v2: i64 = const 1
                  v3: i64 = add v1 v2
                  store @w [v0] = v3
                  v4: i64 = host %sum
                  v5: i64 = load @w [v0]
                  v6: i64 = add v4 v5
                  sethost %sum = v6
                }
              }
            }
            v3: i64 = get %sum
            return (v3)
          }
        }",
    );
    let options = RunOptions { memory_limit: 2000, ..RunOptions::default() };
    assert_eq!(returned(&kernel.run(&mut [], &options).unwrap()), [Scalar::I64(100)]);
}

#[test]
fn arguments_are_checked_against_the_parameters() {
    let kernel = compiled(SWAP);
    let error = kernel.run(&mut [i32s(&[1])], &threads(1)).unwrap_err();
    assert!(matches!(error, RunError::ArgumentCount { given: 1, expected: 3 }), "{error}");
    let mut arguments = [i32s(&[1]), Value::Scalar(Scalar::I32(1)), i32s(&[1])];
    let error = kernel.run(&mut arguments, &threads(1)).unwrap_err();
    let expected = ParamKind::Array { dtype: DType::I32, rank: 1 };
    assert!(
        matches!(error, RunError::ArgumentKind { position: 1, expected: e, .. } if e == expected),
        "{error}"
    );
    let mut arguments = [i32s(&[1]), i32s(&[2]), Value::Scalar(Scalar::I64(1))];
    let error = kernel.run(&mut arguments, &threads(1)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "argument 2 is Scalar(I64), its parameter Scalar(I32)",
        "{error}"
    );
}

#[test]
fn a_cancelled_run_ends_before_its_first_node() {
    let kernel = compiled(SWAP);
    let cancel = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let options = RunOptions { cancel: Some(cancel), ..RunOptions::default() };
    let mut arguments = [i32s(&[1]), i32s(&[1]), Value::Scalar(Scalar::I32(5))];
    let error = kernel.run(&mut arguments, &options).unwrap_err();
    assert!(matches!(error, RunError::Cancelled), "{error}");
    assert_eq!(element(&arguments[0], 0), Scalar::I32(1));
}

#[test]
fn a_kernel_that_is_not_there_is_an_error() {
    let error = compile(&module_of(SWAP), 3, &Options::default()).err();
    assert!(matches!(error, Some(CompileError::NoKernel { kernel: 3, kernels: 1 })));
}

#[test]
fn a_compilation_shows_its_code_and_its_cost() {
    let text = format!("source \"swap.py\" \"first\\nsecond\\n\"\n{SWAP}");
    let text = text.replace("add v1 v1", "add v1 v1 !0:6..8");
    let kernel = compiled(&text);
    let clif = kernel.clif();
    assert!(clif.contains("iadd") && clif.contains("load.i32"), "{clif}");
    let assembly = kernel.disassembly();
    assert!(assembly.starts_with("unit0: "), "{assembly}");
    if cfg!(target_arch = "x86_64") {
        assert!(assembly.contains("; 2: second\n"), "{assembly}");
        assert!(assembly.contains("ret"), "{assembly}");
    }
    assert!(kernel.timings().lower.as_nanos() > 0 && kernel.timings().compile.as_nanos() > 0);
    assert_eq!(kernel.units().len(), 1);
    assert_eq!(kernel.units()[0].code_size, kernel.code_size());
    assert!(kernel.code_size() > 50);
}

#[test]
fn unchecked_code_has_no_tests_of_indices() {
    let [checked, unchecked] = [Bounds::Checked, Bounds::Unchecked]
        .map(|bounds| compiled_with(SWAP, &Options { bounds, ..Options::default() }));
    assert!(unchecked.code_size() < checked.code_size());
    assert!(!unchecked.clif().contains("uge"), "{}", unchecked.clif());
    let mut arguments = [i32s(&[1, 2]), i32s(&[3, 4]), Value::Scalar(Scalar::I32(1))];
    unchecked.run(&mut arguments, &threads(1)).unwrap();
    assert_eq!(numbers(&arguments[0]), [5, 8]);
}
