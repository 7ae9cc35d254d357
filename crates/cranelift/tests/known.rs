//! What was computed or tested is not computed or tested again.

mod common;

use common::{array_of, compiled, element, threads};
use crossover_cranelift::RunError;
use crossover_values::{DType, Scalar, Value};

/// Adds to an element of a scratch array whose index is written twice, the second time by `again`.
fn kernel(again: &str) -> String {
    format!(
        "kernel k {{
          array @out: u32[:]
          params (@out)
          host {{
            v0: i32 = const 0
            v1: i32 = extent @out 0
            region {{
              var %i: i32
              scratch $s: u32[4]
              axis %i = v0 to v1 step 1
              body {{
                v0: i32 = get %i
                v1: u32 = load @out [v0]
                v2: u32 = const 2
                v3: u32 = shr v1 v2
                clear $s
                v4: u32 = load $s [v3]
                v5: u32 = add v4 v1
                {again}
                store $s [v7] = v5
                v8: u32 = const 0
                v9: u32 = load $s [v8]
                store @out [v0] = v9
              }}
            }}
            return ()
          }}
        }}"
    )
}

#[test]
fn an_index_computed_twice_is_tested_once() {
    let tests = |again| compiled(&kernel(again)).clif().matches("icmp uge").count();
    let same = tests("v6: u32 = const 2 v7: u32 = shr v1 v6");
    let other = tests("v6: u32 = const 3 v7: u32 = shr v1 v6");
    assert!(same < other, "{same} tests, not fewer than {other}");
}

#[test]
fn it_is_tested_all_the_same() {
    let kernel = compiled(&kernel("v6: u32 = const 2 v7: u32 = shr v1 v6"));
    let run = |values: &[u32]| {
        let scalars: Vec<Scalar> = values.iter().map(|x| Scalar::U32(*x)).collect();
        let mut arguments = [Value::Array(array_of(DType::U32, &scalars))];
        kernel.run(&mut arguments, &threads(1)).map(|_| arguments)
    };
    let inside = run(&[3, 7, 15]).unwrap();
    let found = [0, 1, 2].map(|at| element(&inside[0], at));
    assert_eq!(found, [3, 0, 0].map(Scalar::U32));
    assert!(matches!(run(&[3, 16]), Err(RunError::Trap(trap)) if trap.iteration == Some(1)));
}
