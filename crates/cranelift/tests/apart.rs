//! Long lanes, whose scalar code is a function of its own: what waits for less than a chunk, chunks
//! that are given up, reductions that both add to, errors and cancellation in either; against the
//! direct evaluator.

#![allow(clippy::unwrap_used, reason = "a test's own mistakes end the test")]

mod common;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use common::{array_of, compiled_with, in_lanes};
use crossover_cranelift::{Lanes, Options, RunError, RunOptions};
use crossover_values::{Array, DType, Scalar, Value};

/// Steps of the body: enough for it to be long in any number of lanes.
const STEPS: usize = 50;
/// An index that no array has.
const OUTSIDE: i32 = i32::MAX;

/// `y[to[i]] = mixed`, where `mixed` is what `STEPS` steps make of `x[i]`, and its count, least, all
/// bits, and sum as f32, over one axis or two.
fn kernel(rank: u32) -> String {
    let (shape, at) = if rank == 1 { ("[:]", "[v0]") } else { ("[:,:]", "[v1, v0]") };
    let last = rank - 1;
    let (rows, row) = match rank {
        1 => ("", "v1: i32 = const 0"),
        _ => ("axis %j = v0 to v2 step 1", "v1: i32 = get %j"),
    };
    let (mut steps, mut mixed) = (String::new(), 2);
    for step in 0..STEPS {
        let v = 6 + 4 * step;
        steps += &format!(
            "v{v}: u32 = const {} v{}: u32 = mul v{mixed} v{v}
             v{}: i32 = const 7 v{}: u32 = shr v{} v{} ",
            2 * step + 0x9e37_79b1_usize,
            v + 1,
            v + 2,
            v + 3,
            v + 1,
            v + 2,
        );
        mixed = v + 3;
    }
    format!(
        "kernel k {{
          array @x: u32{shape}
          array @to: i32{shape}
          array @y: u32[:]
          var %count: u32
          var %least: u32
          var %bits: u32
          var %sum: f32
          params (@x, @to, @y, %count, %least, %bits, %sum)
          returns (u32, u32, u32, f32)
          host {{
            v0: i32 = const 0
            v1: i32 = extent @x {last}
            v2: i32 = extent @x 0
            region {{
              var %i: i32
              var %j: i32
              reduce r0 = add u32 region %count
              reduce r1 = min u32 region %least
              reduce r2 = xor u32 region %bits
              reduce r3 = add f32 region %sum
              {rows}
              axis %i = v0 to v1 step 1
              body {{
                v0: i32 = get %i
                {row}
                v2: u32 = load @x {at}
                {steps}
                v3: i32 = load @to {at}
                store @y [v3] = v{mixed}
                v4: u32 = const 1
                reduce r0 v4
                reduce r1 v{mixed}
                reduce r2 v{mixed}
                v5: f32 = cast_nearest v{mixed}
                reduce r3 v5
              }}
            }}
            v3: u32 = get %count
            v4: u32 = get %least
            v5: u32 = get %bits
            v6: f32 = get %sum
            return (v3, v4, v5, v6)
          }}
        }}"
    )
}

/// Arguments of a shape; the iterations `outside` fail.
fn arguments(shape: &[usize], outside: &[usize]) -> Vec<Value> {
    let n: usize = shape.iter().product();
    let xs = (0..n as u32).map(|i| Scalar::U32(i.wrapping_mul(0x85eb_ca6b) ^ 0x55));
    let to = (0..n).map(|i| Scalar::I32(if outside.contains(&i) { OUTSIDE } else { i as i32 }));
    let [xs, to] = [xs.collect::<Vec<_>>(), to.collect()];
    let shaped = |array: Array| match array {
        Array::U32(a) => Array::U32(a.into_shape_with_order(shape).unwrap()),
        Array::I32(a) => Array::I32(a.into_shape_with_order(shape).unwrap()),
        other => panic!("{:?}", other.dtype()),
    };
    vec![
        Value::Array(shaped(array_of(DType::U32, &xs))),
        Value::Array(shaped(array_of(DType::I32, &to))),
        Value::Array(Array::zeros(DType::U32, &[n])),
        Value::Scalar(Scalar::U32(1000)),
        Value::Scalar(Scalar::U32(u32::MAX)),
        Value::Scalar(Scalar::U32(0x1234)),
        Value::Scalar(Scalar::F32(0.25)),
    ]
}

/// In lanes on one thread, and shared by two.
fn ways() -> [(Options, usize); 2] {
    [(in_lanes(Lanes::All), 1), (in_lanes(Lanes::All), 2)]
}

#[test]
fn lanes_call_their_scalar_code() {
    for rank in [1, 2] {
        let compiled = compiled_with(&kernel(rank), &in_lanes(Lanes::All));
        let text = compiled.disassembly();
        assert!(text.contains("unit0, its scalar code: "), "{text}");
        assert_eq!(compiled.clif().matches("\nfunction ").count(), 2, "after the note on lanes");
        let alone = compiled_with(&kernel(rank), &in_lanes(Lanes::Off));
        assert!(!alone.disassembly().contains("its scalar code"));
    }
}

#[test]
fn every_length_of_one_axis() {
    let lengths = (0..70).chain([4_095, 4_096, 4_097, 20_000]);
    let (results, traps) =
        common::agree(&kernel(1), &ways(), lengths.map(|n| arguments(&[n], &[])));
    assert_eq!((results, traps), (74, 0));
}

#[test]
fn rows_of_every_length() {
    let shapes = (1..40).map(|columns| [7, columns]).chain([[300, 1], [300, 19], [300, 64]]);
    let cases = shapes.map(|shape| arguments(&shape, &[]));
    assert_eq!(common::agree(&kernel(2), &ways(), cases), (42, 0));
}

/// The first failing iteration is the one reported, wherever in a chunk or after it.
#[test]
fn errors_in_chunks_and_after_them() {
    let places = (0..50).map(|at| vec![at]).chain([vec![17, 3], vec![49, 31], vec![16, 17, 18]]);
    let cases = places.flat_map(|outside| {
        [(1, vec![50]), (2, vec![2, 25])].map(|(rank, shape)| (rank, arguments(&shape, &outside)))
    });
    let cases: Vec<_> = cases.collect();
    for rank in [1, 2] {
        let own = cases.iter().filter(|(r, _)| *r == rank).map(|(_, arguments)| arguments.clone());
        assert_eq!(common::agree(&kernel(rank), &ways(), own), (0, 53));
    }
}

/// A cancellation that the scalar function sees, in a loop that never ends by itself, ends the call
/// of the lanes, too.
#[test]
fn a_cancellation_in_the_scalar_function() {
    let forever =
        format!("loop {{ v{0}: bool = const true }} while v{0} {{ }} store", 6 + 4 * STEPS);
    let endless = kernel(1).replace("store", &forever);
    let compiled = compiled_with(&endless, &in_lanes(Lanes::All));
    let cancel = Arc::new(AtomicBool::new(false));
    let options = RunOptions { cancel: Some(Arc::clone(&cancel)), ..RunOptions::default() };
    // Fewer iterations than a chunk has: all of them are scalar.
    let mut arguments = arguments(&[2], &[]);
    let ended = std::thread::scope(|scope| {
        let run = scope.spawn(|| compiled.run(&mut arguments, &options));
        std::thread::sleep(std::time::Duration::from_millis(20));
        cancel.store(true, std::sync::atomic::Ordering::Relaxed);
        run.join().unwrap()
    });
    assert!(matches!(ended, Err(RunError::Cancelled)), "{ended:?}");
}
