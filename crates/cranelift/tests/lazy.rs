//! `and` and `or` whose right side may fail, where branches ask for them, against the direct
//! evaluator: chains in a loop's condition, both words before an `if`, and one that is also read.

mod common;

use common::{agree, array_of};
use crossover_cranelift::Options;
use crossover_values::{Array, DType, Scalar, Value};

/// From each place of `a` on: past what lies between 0 and 5, at most to `n`; then whether that is
/// the end, or a 9.
const SCAN: &str = "kernel k {
  array @out: i32[:]
  array @also: bool[:]
  array @a: i32[:]
  var %n: i32
  params (@out, @also, @a, %n)
  host {
    v0: i32 = const 0
    v1: i32 = extent @out 0
    region {
      var %i: i32
      var %j: i32
      var %k: i32
      var %t1: bool
      var %t2: bool
      var %t3: bool
      var %t4: bool
      axis %i = v0 to v1 step 1
      body {
        v0: i32 = get %i
        set %j = v0
        loop {
          v1: i32 = get %j
          v2: i32 = host %n
          v3: bool = lt v1 v2
          set %t1 = v3
          if v3 {
            v4: i32 = load @a [v1]
            v5: i32 = const 0
            v6: bool = ne v4 v5
            set %t1 = v6
          }
          v7: bool = get %t1
          set %t2 = v7
          if v7 {
            v8: i32 = load @a [v1]
            v9: i32 = const 5
            v10: bool = lt v8 v9
            set %t2 = v10
          }
          v11: bool = get %t2
        } while v11 {
          v12: i32 = get %j
          v13: i32 = const 1
          v14: i32 = add v12 v13
          set %j = v14
        }
        v15: i32 = get %j
        v16: i32 = host %n
        v17: bool = ge v15 v16
        set %t3 = v17
        if v17 {
        } else {
          v18: i32 = load @a [v15]
          v19: i32 = const 9
          v20: bool = eq v18 v19
          set %t3 = v20
        }
        v21: bool = get %t3
        if v21 {
          set %k = v15
        } else {
          v22: i32 = neg v15
          set %k = v22
        }
        v23: i32 = const 2
        v24: bool = gt v15 v23
        set %t4 = v24
        if v24 {
          v25: i32 = sub v15 v23
          v26: i32 = load @a [v25]
          v27: bool = gt v26 v23
          set %t4 = v27
        }
        v28: bool = get %t4
        if v28 {
          v29: i32 = get %k
          v30: i32 = const 1000
          v31: i32 = add v29 v30
          set %k = v31
        }
        v32: i32 = get %k
        store @out [v0] = v32
        store @also [v0] = v28
      }
    }
    return ()
  }
}";

#[test]
fn lazy_conditions_evaluate_what_they_must() {
    let scalars = [1, 2, 9, 0, 4, 4, 7, 3, 0, 9, 1, 1].map(Scalar::I32);
    let case = |n: i32, lanes: usize| {
        vec![
            Value::Array(Array::zeros(DType::I32, &[lanes])),
            Value::Array(Array::zeros(DType::Bool, &[lanes])),
            Value::Array(array_of(DType::I32, &scalars)),
            Value::Scalar(Scalar::I32(n)),
        ]
    };
    let cases = (0..16).flat_map(|n| [1, 5, 12, 14].map(|lanes| case(n, lanes)));
    let (results, traps) = agree(SCAN, &[(Options::default(), 1)], cases);
    assert!(results > 20 && traps > 3, "{results} results, {traps} traps");
}
