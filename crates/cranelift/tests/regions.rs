//! Regions and serial sections: nests, ranges, traps with exact values and the lowest iteration,
//! atomics, scratch arrays, control, cancellation.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use common::{array_of, compiled, compiled_with, element, returned, threads};
use crossover_cranelift::{Options, RunError, RunOptions, Threads};
use crossover_ir::{Trap, TrapKind};
use crossover_values::{Array, DType, Scalar, Value};

fn trap(error: RunError) -> Trap {
    match error {
        RunError::Trap(trap) => trap,
        other => panic!("{other}"),
    }
}

fn i32s(values: &[i32]) -> Value {
    let scalars: Vec<Scalar> = values.iter().map(|x| Scalar::I32(*x)).collect();
    Value::Array(array_of(DType::I32, &scalars))
}

/// `out[i, j, k]` flattened = 100 i + 10 j + k over axes with steps and bounds of several types.
const NEST: &str = "kernel k {
  array @out: i64[:]
  params (@out)
  host {
    v0: i32 = const 1
    v1: i32 = const 4
    v2: i64 = const 9
    v3: i64 = const -1
    v4: u32 = const 4294967290
    v5: u32 = const 4294967295
    region {
      var %i: i32
      var %j: i64
      var %k: u32
      var %t: i64
      axis %i = v0 to v1 step 1 {
        v0: i32 = get %i
        v1: i64 = cast_wrap v0
        v2: i64 = const 100
        v3: i64 = mul v1 v2
        set %t = v3
      }
      axis %j = v2 to v3 step -3
      axis %k = v4 to v5 step 2
      body {
        v4: i64 = get %t
        v5: i64 = get %j
        v6: i64 = const 10
        v7: i64 = mul v5 v6
        v8: i64 = add v4 v7
        v9: u32 = get %k
        v10: u32 = const 4294967290
        v11: u32 = sub v9 v10
        v12: i64 = cast_wrap v11
        v13: i64 = add v8 v12
        v14: i32 = get %i
        v15: i32 = const 12
        v16: i32 = mul v14 v15
        v17: i64 = const 9
        v18: i64 = sub v17 v5
        v19: i32 = cast_wrap v18
        v20: i32 = cast_wrap v11
        v21: i32 = const 1
        v22: i32 = shr v20 v21
        v23: i32 = add v16 v19
        v24: i32 = add v23 v22
        v25: i32 = const 12
        v26: i32 = sub v24 v25
        store @out [v26] = v13
      }
    }
    return ()
  }
}";

#[test]
fn nests_count_exactly_whatever_the_cut() {
    let kernel = compiled(NEST);
    let mut want = vec![0; 36];
    for i in 1..4 {
        for j in [9, 6, 3, 0] {
            for k in [0, 2, 4] {
                want[(i * 12 + (9 - j) + k / 2 - 12) as usize] = 100 * i + 10 * j + k;
            }
        }
    }
    for count in [1, 2, 3] {
        let mut arguments = [Value::Array(Array::zeros(DType::I64, &[36]))];
        kernel.run(&mut arguments, &threads(count)).unwrap();
        let got: Vec<i64> =
            (0..36).map(|at| element(&arguments[0], at).as_integer().unwrap() as i64).collect();
        assert_eq!(got, want, "{count} threads");
    }
}

/// `out[index[i]] = 7 // value[i]`.
const TRAPS: &str = "kernel k {
  array @out: i32[:]
  array @index: i32[:]
  array @value: i32[:]
  params (@out, @index, @value)
  host {
    v0: i32 = const 0
    v1: i32 = extent @index 0
    region {
      var %i: i32
      axis %i = v0 to v1 step 1
      body {
        v0: i32 = get %i
        v1: i32 = load @value [v0]
        v2: i32 = const 7
        v3: i32 = div_floor v2 v1 !0:10..20
        v4: i32 = load @index [v0]
        store @out [v4] = v3 !0:30..40
      }
    }
    return ()
  }
}";

#[test]
fn the_lowest_failing_iteration_is_reported_with_its_values() {
    let kernel = compiled(TRAPS);
    let n = 100_000;
    for (bad, zero) in [(99_999, 3), (70_000, 70_001), (3, 99_999), (12, 12), (0, 99_999)] {
        let mut index = vec![1; n];
        let mut value = vec![2; n];
        index[bad] = if bad % 2 == 0 { -5 } else { 10 };
        value[zero] = 0;
        for count in [1, 2] {
            let mut arguments = [i32s(&[0; 10]), i32s(&index), i32s(&value)];
            let trap = trap(kernel.run(&mut arguments, &threads(count)).unwrap_err());
            if zero <= bad {
                let dividend = Scalar::I32(7);
                assert_eq!(trap.kind, TrapKind::DivisionByZero { dividend });
                assert_eq!((trap.iteration, trap.span.start), (Some(zero as u64), 10));
            } else {
                let (array, index) = ("out".to_owned(), Scalar::I32(index[bad]));
                let kind = TrapKind::OutOfBounds { array, axis: 0, index, extent: 10 };
                assert_eq!(trap.kind, kind);
                assert_eq!((trap.iteration, trap.span.start), (Some(bad as u64), 30));
            }
        }
    }
}

/// One load from a 2-D array with indices of a type.
fn indexed(dtype: DType) -> String {
    format!(
        "kernel k {{
          array @a: u8[:, :]
          var %i: {dtype}
          var %j: {dtype}
          var %r: u32
          params (@a, %i, %j)
          returns (u32)
          host {{
            serial {{
              body {{
                v0: {dtype} = host %i
                v1: {dtype} = host %j
                v2: u32 = load @a [v0, v1]
                sethost %r = v2
              }}
            }}
            v0: u32 = get %r
            return (v0)
          }}
        }}"
    )
}

#[test]
fn indices_of_any_integer_type_are_tested_per_axis() {
    for dtype in [DType::I32, DType::U32, DType::I64, DType::U64] {
        let kernel = compiled(&indexed(dtype));
        let run = |i: i64, j: i64| {
            let mut array = Array::zeros(DType::U8, &[3, 5]);
            if let Array::U8(a) = &mut array {
                a.iter_mut().enumerate().for_each(|(at, x)| *x = 200 + at as u8);
            }
            let scalar = |x: i64| Value::Scalar(Scalar::from_bits(dtype, x as u64));
            kernel.run(&mut [Value::Array(array), scalar(i), scalar(j)], &threads(1))
        };
        assert_eq!(returned(&run(2, 4).unwrap()), [Scalar::U32(214)]);
        let big = if dtype.size() == 8 { 1 << 32 } else { 1 << 31 };
        for (i, j, axis) in
            [(3, 0, 0), (-1, 0, 0), (0, 5, 1), (0, -1, 1), (big, 0, 0), (2, big, 1), (9, 9, 0)]
        {
            let trap = trap(run(i, j).unwrap_err());
            let index = Scalar::from_bits(dtype, if axis == 0 { i } else { j } as u64);
            let (array, extent) = ("a".to_owned(), if axis == 0 { 3 } else { 5 });
            assert_eq!(trap.kind, TrapKind::OutOfBounds { array, axis, index, extent });
            assert_eq!(trap.iteration, None);
        }
    }
}

/// Every atomic on one counter each; the element is hit by all iterations.
fn atomics(dtype: DType) -> String {
    format!(
        "kernel k {{
          array @a: {dtype}[:]
          var %n: i32
          params (@a, %n)
          host {{
            v0: i32 = const 0
            v1: i32 = get %n
            region {{
              var %i: i32
              axis %i = v0 to v1 step 1
              body {{
                v0: i32 = get %i
                v1: {dtype} = {cast} v0
                v2: i32 = const 0
                v3: i32 = const 1
                v4: i32 = const 2
                v5: i32 = const 3
                v6: i32 = const 4
                v7: i32 = const 5
                v20: {dtype} = const 3
                v8: {dtype} = mul v1 v20
                v9: {dtype} = atomic add @a [v2] (v8)
                v10: {dtype} = atomic min @a [v3] (v1)
                v11: {dtype} = atomic max @a [v4] (v1)
                v12: {dtype} = not v1
                v13: {dtype} = atomic and @a [v5] (v12)
                v14: {dtype} = atomic or @a [v6] (v1)
                v15: {dtype} = atomic xor @a [v7] (v1)
                v16: i32 = const 6
                v17: {dtype} = atomic compare_exchange @a [v16] (v1, v8)
                v18: i32 = const 7
                v19: {dtype} = atomic store @a [v18] (v20)
              }}
            }}
            return ()
          }}
        }}",
        cast = "cast_wrap",
    )
}

#[test]
fn atomics_lose_nothing() {
    let n = 60_000_u64;
    for dtype in [DType::U32, DType::I32] {
        let text = atomics(dtype);
        let [shared, alone] = [Threads::Many, Threads::One]
            .map(|threads| compiled_with(&text, &Options { threads, ..Options::default() }));
        assert!(shared.clif().contains("atomic_rmw") && shared.clif().contains("atomic_cas"));
        assert!(!alone.clif().contains("atomic_rmw") && !alone.clif().contains("atomic_cas"));
        // Code for one thread stays on one, whatever is asked for.
        for (kernel, count) in [(&shared, 1), (&shared, 2), (&alone, 1), (&alone, 2)] {
            let start = [5_u64, 1 << 31, 7, u64::MAX, 0, 0, 41, 0];
            let scalars: Vec<Scalar> = start.iter().map(|x| Scalar::from_bits(dtype, *x)).collect();
            let array = Value::Array(array_of(dtype, &scalars));
            let mut arguments = [array, Value::Scalar(Scalar::I32(n as i32))];
            kernel.run(&mut arguments, &threads(count)).unwrap();
            let (mut and, mut or, mut xor) = (u64::MAX, 0, 0);
            for i in 0..n {
                (and, or, xor) = (and & !i, or | i, xor ^ i);
            }
            let sum = 5 + 3 * (n * (n - 1) / 2);
            let least = if dtype == DType::I32 { 1 << 31 } else { 0 };
            // 41 becomes 123 once; that 123 becomes 369 if its turn comes later, and so on.
            let swapped = element(&arguments[0], 6).as_integer().unwrap();
            assert!([123, 369, 1107, 3321, 9963, 29889, 89667].contains(&swapped));
            let want = [sum, least, n - 1, and, or, xor, swapped as u64, 3];
            for (at, want) in want.into_iter().enumerate() {
                assert_eq!(element(&arguments[0], at), Scalar::from_bits(dtype, want), "{at}");
            }
        }
    }
}

/// Scratch and all kinds of control.
const CONTROL: &str = "kernel k {
  array @out: i32[:]
  params (@out)
  host {
    v0: i32 = const 0
    v1: i32 = extent @out 0
    region {
      var %i: i32
      var %x: i32
      var %n: i32
      var %rounds: i32
      var %j: i32
      var %sum: i32
      scratch $seen: i32[40]
      axis %i = v0 to v1 step 1
      body {
        v0: i32 = get %i
        v1: i32 = const 0
        v2: i32 = const 1
        v3: i32 = const 40
        set %x = v0
        set %n = v1
        set %rounds = v1
        clear $seen
        loop {
          v4: i32 = get %x
          v5: bool = gt v4 v2
        } while v5 {
          v6: i32 = get %x
          v7: i32 = const 2
          v8: i32 = rem_floor v6 v7
          v9: bool = eq v8 v1
          if v9 {
            v10: i32 = div_floor v6 v7
            set %x = v10
          } else {
            v11: i32 = const 3
            v12: i32 = mul v6 v11
            v13: i32 = add v12 v2
            set %x = v13
          }
          v14: i32 = get %n
          v15: i32 = add v14 v2
          set %n = v15
          v16: i32 = get %x
          v17: i32 = rem_floor v16 v3
          v18: i32 = load $seen [v17]
          v19: i32 = add v18 v2
          store $seen [v17] = v19
          v20: i32 = const 60
          v21: bool = eq v15 v20
          if v21 {
            break
          }
          v22: i32 = const 8
          v23: bool = eq v16 v22
          if v23 {
            continue
          }
          v24: i32 = load $seen [v1]
          store $seen [v1] = v15
        } continuing {
          v25: i32 = get %rounds
          v26: i32 = add v25 v2
          set %rounds = v26
        }
        set %sum = v1
        v27: i32 = const 39
        v28: i32 = const -1
        for %j = v27 to v28 step -7 {
          v29: i32 = get %j
          v30: i32 = load $seen [v29]
          v31: i32 = get %sum
          v32: i32 = const 3
          v33: i32 = mul v31 v32
          v34: i32 = add v33 v30
          set %sum = v34
          v47: bool = eq v30 v32
          if v47 {
            continue
          }
          v48: i32 = add v34 v2
          set %sum = v48
        }
        v35: i32 = get %sum
        v36: i32 = const 3
        v37: i32 = and v35 v36
        v38: i32 = get %n
        switch v37 {
          case 0 {
            v39: i32 = add v35 v38
            set %sum = v39
          }
          case 2 {
            v40: i32 = neg v38
            store @out [v0] = v40
            return
          }
          default {
            v41: i32 = sub v35 v38
            set %sum = v41
          }
        }
        v42: i32 = get %rounds
        v43: i32 = const 1000
        v44: i32 = mul v42 v43
        v45: i32 = get %sum
        v46: i32 = add v44 v45
        store @out [v0] = v46
      }
    }
    return ()
  }
}";

/// The same, by hand.
fn control(i: i32) -> i32 {
    let (mut x, mut n, mut rounds, mut seen) = (i, 0, 0, [0; 40]);
    while x > 1 {
        x = if x % 2 == 0 { x / 2 } else { 3 * x + 1 };
        n += 1;
        seen[(x % 40) as usize] += 1;
        if n == 60 {
            break;
        }
        if x != 8 {
            seen[0] = n;
        }
        rounds += 1;
    }
    let mut sum = 0;
    for j in (0..40).rev().step_by(7) {
        sum = sum * 3 + seen[j];
        if seen[j] != 3 {
            sum += 1;
        }
    }
    match sum & 3 {
        0 => sum + n + rounds * 1000,
        2 => -n,
        _ => sum - n + rounds * 1000,
    }
}

#[test]
fn control_and_scratch_equal_a_plain_loop() {
    let kernel = compiled(CONTROL);
    let want: Vec<i32> = (0..3000).map(control).collect();
    for count in [1, 2] {
        let mut arguments = [i32s(&vec![0; want.len()])];
        kernel.run(&mut arguments, &threads(count)).unwrap();
        for (at, want) in want.iter().enumerate() {
            assert_eq!(element(&arguments[0], at), Scalar::I32(*want), "iteration {at}");
        }
    }
}

/// `count = 0; for x in range(lo, hi, step): count += 1; last = x`.
fn counted(dtype: DType, step: i64) -> String {
    format!(
        "kernel k {{
          var %lo: {dtype}
          var %hi: {dtype}
          var %count: i32
          var %last: {dtype}
          params (%lo, %hi, %count, %last)
          returns (i32, {dtype})
          host {{
            serial {{
              var %x: {dtype}
              body {{
                v0: {dtype} = host %lo
                v1: {dtype} = host %hi
                for %x = v0 to v1 step {step} {{
                  v2: i32 = host %count
                  v3: i32 = const 1
                  v4: i32 = add v2 v3
                  sethost %count = v4
                  v5: {dtype} = get %x
                  sethost %last = v5
                }}
              }}
            }}
            v0: i32 = get %count
            v1: {dtype} = get %last
            return (v0, v1)
          }}
        }}"
    )
}

#[test]
fn counted_loops_count_exactly_at_the_ends_of_their_types() {
    let ends = |dtype: DType| -> [i64; 2] {
        match dtype {
            DType::I32 => [i64::from(i32::MIN), i64::from(i32::MAX)],
            DType::U32 => [0, i64::from(u32::MAX)],
            DType::I64 => [i64::MIN, i64::MAX],
            _ => [0, -1],
        }
    };
    for dtype in [DType::I32, DType::U32, DType::I64, DType::U64] {
        let [low, high] = ends(dtype);
        for step in [1, -1, 3, -3, 1 << 30, -(1 << 30), 1 << 62, i64::MIN, i64::MAX] {
            let kernel = compiled(&counted(dtype, step));
            for lo in [low, low.wrapping_add(1), 5, high.wrapping_sub(7), high] {
                for hi in [low, low.wrapping_add(4), 5, 17, high.wrapping_sub(1), high] {
                    let scalar = |x: i64| Scalar::from_bits(dtype, x as u64);
                    let exact = |x: i64| scalar(x).as_integer().unwrap();
                    let range = crossover_ir::AxisRange::new(exact(lo), exact(hi), step);
                    if range.count > 1000 {
                        continue;
                    }
                    let last = (range.count > 0).then(|| range.at(range.count - 1) as i64);
                    let given = [scalar(lo), scalar(hi), Scalar::I32(0), scalar(42)];
                    let outcome = kernel.run(&mut given.map(Value::Scalar), &threads(1)).unwrap();
                    let want = [Scalar::I32(range.count as i32), scalar(last.unwrap_or(42))];
                    assert_eq!(returned(&outcome), want, "{dtype} {lo} {hi} {step}");
                }
            }
        }
    }
}

const ENDLESS: &str = "kernel k {
  array @out: i32[:]
  params (@out)
  host {
    v0: i32 = const 0
    v1: i32 = extent @out 0
    region {
      var %i: i32
      var %x: i32
      axis %i = v0 to v1 step 1
      body {
        v0: i32 = get %i
        set %x = v0
        loop { } while true {
          v1: i32 = get %x
          v2: i32 = const 3
          v3: i32 = mul v1 v2
          set %x = v3
        }
      }
    }
    return ()
  }
}";

#[test]
fn an_endless_loop_can_be_cancelled() {
    let kernel = compiled(ENDLESS);
    for count in [1, 2] {
        let cancel = Arc::new(AtomicBool::new(false));
        let options =
            RunOptions { threads: count, cancel: Some(Arc::clone(&cancel)), ..Default::default() };
        let stopper = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(30));
            cancel.store(true, Ordering::Relaxed);
        });
        let error = kernel.run(&mut [i32s(&[0; 4])], &options).unwrap_err();
        stopper.join().unwrap();
        assert!(matches!(error, RunError::Cancelled), "{error}");
    }
}
