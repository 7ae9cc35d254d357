//! Prices generated code: julia, a diffusion step, a sum of squares and `a * b + c` by Cranelift
//! against the same loops by rustc, interleaved.
//!
//! `cargo run --release -p crossover-cranelift --example jit_ratios`; with `--asm julia` (or
//! `diffusion`, `norm2`) it prints the machine code instead.
#![allow(clippy::print_stdout, reason = "a program for a person to read")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::hint::black_box;
use std::ops::{Add, Mul};
use std::time::Instant;

use common::Builder;
use crossover_cranelift::{Bounds, Compiled, Lanes, Options, RunOptions, compile};
use crossover_ir::{Module, Op, Span, Stmt, Valid, VarId};
use crossover_values::{Array, DType, Scalar, Value};

/// Short samples, many of them: the fastest is one that nothing disturbed.
const SAMPLES: usize = 60;
const WIDTH: usize = 250;
const MAX: i32 = 300;
const C: (f64, f64) = (-0.62772, -0.42193);

/// `counts[row, col]` = steps of z² + c from (x[col], y[row]) until |z|² ≥ 4.
fn julia(real: DType) -> Valid<Module> {
    let mut b = Builder::new();
    let counts = b.array("counts", DType::I32, 2);
    let (x, y) = (b.array("x", real, 1), b.array("y", real, 1));
    let (re, im) = (b.scalar("c_re", real), b.scalar("c_im", real));
    let max = b.scalar("max_iterations", DType::I32);
    let (rows, columns) = (b.axis(counts, 0), b.axis(counts, 1));
    let lane = |b: &mut Builder, name, dtype| b.lane_var(name, dtype);
    let (u, v) = (lane(&mut b, "a", real), lane(&mut b, "b", real));
    let (next, n) = (lane(&mut b, "t", real), lane(&mut b, "n", DType::I32));
    let (row, column) = (b.get(rows.index), b.get(columns.index));
    let (start_u, start_v) = (b.load(x, &[column]), b.load(y, &[row]));
    b.set(u, start_u);
    b.set(v, start_v);
    let zero = b.constant(Scalar::I32(0));
    b.set(n, zero);
    let mut cond = zero;
    let header = b.nested(|b| {
        let (count, max) = (b.get(n), b.host_get(max));
        let more = b.op(Op::Lt, &[count, max], DType::Bool);
        let (uu, vv) = (square(b, u, real), square(b, v, real));
        let norm = b.op(Op::Add, &[uu, vv], real);
        let four = b.constant(if real == DType::F32 { Scalar::F32(4.0) } else { Scalar::F64(4.0) });
        let inside = b.op(Op::Lt, &[norm, four], DType::Bool);
        cond = b.op(Op::And, &[more, inside], DType::Bool);
    });
    let body = b.nested(|b| {
        let (uu, vv) = (square(b, u, real), square(b, v, real));
        let difference = b.op(Op::Sub, &[uu, vv], real);
        let re = b.host_get(re);
        let moved = b.op(Op::Add, &[difference, re], real);
        b.set(next, moved);
        let (a, c) = (b.get(u), b.get(v));
        let ab = b.op(Op::Mul, &[a, c], real);
        let ba = b.op(Op::Mul, &[c, a], real);
        let twice = b.op(Op::Add, &[ab, ba], real);
        let im = b.host_get(im);
        let moved = b.op(Op::Add, &[twice, im], real);
        b.set(v, moved);
        let moved = b.get(next);
        b.set(u, moved);
        let (count, one) = (b.get(n), b.constant(Scalar::I32(1)));
        let more = b.op(Op::Add, &[count, one], DType::I32);
        b.set(n, more);
    });
    let span = Span::default();
    b.push(Stmt::Loop { header, cond: Some(cond), body, continuing: Vec::new(), span });
    let steps = b.get(n);
    b.store(counts, &[row, column], steps);
    b.region(vec![rows, columns], &[])
}

fn square(b: &mut Builder, var: VarId, real: DType) -> crossover_ir::ValueId {
    let value = b.get(var);
    b.op(Op::Mul, &[value, value], real)
}

macro_rules! native {
    ($name:ident, $real:ty) => {
        #[inline(never)]
        fn $name(counts: &mut [i32], x: &[$real], y: &[$real], c: ($real, $real), max: i32) {
            for (row, y) in counts.chunks_mut(x.len()).zip(y) {
                for (count, x) in row.iter_mut().zip(x) {
                    let (mut a, mut b, mut n) = (*x, *y, 0);
                    while n < max && a * a + b * b < 4.0 {
                        (a, b) = (a * a - b * b + c.0, a * b + b * a + c.1);
                        n += 1;
                    }
                    *count = n;
                }
            }
        }
    };
}

native!(native_f32, f32);
native!(native_f64, f64);

/// Axes in f64: -1.8 + i * 3.6 / w and its mirror image.
fn axis(width: usize, sign: f64) -> Vec<f64> {
    (0..width).map(|i| sign * (-1.8 + i as f64 * 3.6 / width as f64)).collect()
}

fn arguments(real: DType, width: usize) -> Vec<Value> {
    let scalar = |x: f64| match real {
        DType::F32 => Scalar::F32(x as f32),
        _ => Scalar::F64(x),
    };
    let column = |sign| {
        let scalars: Vec<Scalar> = axis(width, sign).into_iter().map(scalar).collect();
        Value::Array(common::array_of(real, &scalars))
    };
    vec![
        Value::Array(Array::zeros(DType::I32, &[width, width])),
        column(1.0),
        column(-1.0),
        Value::Scalar(scalar(C.0)),
        Value::Scalar(scalar(C.1)),
        Value::Scalar(Scalar::I32(MAX)),
    ]
}

fn sum(value: &Value) -> i64 {
    let Some(Array::I32(counts)) = value.as_array() else { return 0 };
    counts.iter().map(|count| i64::from(*count)).sum()
}

/// The fastest sample: what other work on the machine disturbed least.
fn fastest(times: Vec<f64>) -> f64 {
    times.into_iter().fold(f64::INFINITY, f64::min)
}

fn timed(run: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    run();
    begin.elapsed().as_secs_f64() * 1e3
}

fn report(real: DType, width: usize) {
    let module = julia(real);
    let [checked, unchecked] = [Bounds::Checked, Bounds::Unchecked].map(|bounds| {
        compile(&module, 0, &Options { bounds, ..Options::default() }).expect("it runs")
    });
    let side_by_side = Options { lanes: Lanes::Paying, ..Options::default() };
    let vectors = compile(&module, 0, &side_by_side).expect("it runs");
    let mut side = Vec::new();
    let mut given = arguments(real, width);
    let x = axis(width, 1.0);
    let y = axis(width, -1.0);
    let narrow = |values: &[f64]| values.iter().map(|x| *x as f32).collect::<Vec<f32>>();
    let (x32, y32) = (narrow(&x), narrow(&y));
    let mut counts = vec![0; width * width];
    let (mut jit, mut free, mut two, mut rust) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let threads = |threads| RunOptions { threads, ..RunOptions::default() };
    for _ in 0..SAMPLES {
        jit.push(timed(|| drop(checked.run(&mut given, &threads(1)).expect("it runs"))));
        side.push(timed(|| drop(vectors.run(&mut given, &threads(1)).expect("it runs"))));
        free.push(timed(|| drop(unchecked.run(&mut given, &threads(1)).expect("it runs"))));
        two.push(timed(|| drop(checked.run(&mut given, &threads(2)).expect("it runs"))));
        rust.push(timed(|| match real {
            DType::F32 => {
                let c = (C.0 as f32, C.1 as f32);
                native_f32(black_box(&mut counts), &x32, &y32, c, black_box(MAX));
            }
            _ => native_f64(black_box(&mut counts), &x, &y, C, black_box(MAX)),
        }));
    }
    let native: i64 = counts.iter().map(|count| i64::from(*count)).sum();
    assert_eq!(sum(&given[0]), native);
    let side = fastest(side);
    let (jit, free, two, rust) = (fastest(jit), fastest(free), fastest(two), fastest(rust));
    println!("{real} {width}: sum {native}, compiled in {:?}", checked.timings());
    println!("  rustc {rust:.2} ms; cranelift {jit:.2} ms, ratio {:.3}", jit / rust);
    println!("  lanes {side:.2} ms, ratio {:.3}", side / rust);
    println!("  unchecked {:.3}, two threads {:.3} of one", free / jit, two / jit);
}

/// One step on a torus, indices wrapped by `%`, as in the suite.
const DIFFUSION: &str = "kernel diffusion {
  array @u: f64[:, :]
  array @v: f64[:, :]
  var %rate: f64
  params (@u, @v, %rate)
  host {
    v0: i32 = const 0
    v1: i32 = extent @u 0
    v2: i32 = extent @u 1
    region {
      var %row: i32
      var %column: i32
      var %north: i32
      var %south: i32
      axis %row = v0 to v1 step 1 {
        v0: i32 = get %row
        v1: i32 = const 1
        v2: i32 = extent @u 0
        v3: i32 = sub v0 v1
        v4: i32 = rem_floor v3 v2
        set %north = v4
        v5: i32 = add v0 v1
        v6: i32 = rem_floor v5 v2
        set %south = v6
      }
      axis %column = v0 to v2 step 1
      body {
        v7: i32 = get %column
        v8: i32 = const 1
        v9: i32 = extent @u 1
        v10: i32 = sub v7 v8
        v11: i32 = rem_floor v10 v9
        v12: i32 = add v7 v8
        v13: i32 = rem_floor v12 v9
        v14: i32 = get %north
        v15: i32 = get %south
        v16: i32 = get %row
        v17: f64 = load @u [v14, v7]
        v18: f64 = load @u [v15, v7]
        v19: f64 = add v17 v18
        v20: f64 = load @u [v16, v11]
        v21: f64 = add v19 v20
        v22: f64 = load @u [v16, v13]
        v23: f64 = add v21 v22
        v24: f64 = load @u [v16, v7]
        v25: f64 = const 4.0
        v26: f64 = mul v25 v24
        v27: f64 = sub v23 v26
        v28: f64 = host %rate
        v29: f64 = mul v28 v27
        v30: f64 = add v24 v29
        store @v [v16, v7] = v30
      }
    }
    return ()
  }
}";

#[inline(never)]
fn native_diffusion(u: &[f64], v: &mut [f64], rows: usize, columns: usize, rate: f64) {
    for row in 0..rows {
        let wrap = |x: i32, n: usize| x.rem_euclid(n as i32) as usize;
        let (north, south) = (wrap(row as i32 - 1, rows), wrap(row as i32 + 1, rows));
        for column in 0..columns {
            let (west, east) = (wrap(column as i32 - 1, columns), wrap(column as i32 + 1, columns));
            let around = u[north * columns + column]
                + u[south * columns + column]
                + u[row * columns + west]
                + u[row * columns + east];
            let here = u[row * columns + column];
            v[row * columns + column] = here + rate * (around - 4.0 * here);
        }
    }
}

const NORM2: &str = "kernel norm2 {
  array @v: f64[:]
  var %s: f64
  params (@v)
  returns (f64)
  host {
    v3: f64 = const 0.0
    set %s = v3
    v0: i32 = const 0
    v1: i32 = extent @v 0
    region {
      var %i: i32
      reduce r0 = add f64 region %s
      axis %i = v0 to v1 step 1
      body {
        v0: i32 = get %i
        v1: f64 = load @v [v0]
        v2: f64 = mul v1 v1
        reduce r0 v2
      }
    }
    v2: f64 = get %s
    return (v2)
  }
}";

/// In order, which is what a plain loop does; the language's order lets rustc vectorise.
#[inline(never)]
fn native_norm2(v: &[f64]) -> f64 {
    v.iter().fold(0.0, |sum, x| sum + x * x)
}

const AXPY: &str = "kernel axpy {
  array @out: f64[:]
  array @a: f64[:]
  array @b: f64[:]
  array @c: f64[:]
  params (@out, @a, @b, @c)
  host {
    v0: i32 = const 0
    v1: i32 = extent @out 0
    region {
      var %i: i32
      axis %i = v0 to v1 step 1
      body {
        v0: i32 = get %i
        v1: f64 = load @a [v0]
        v2: f64 = load @b [v0]
        v3: f64 = mul v1 v2
        v4: f64 = load @c [v0]
        v5: f64 = add v3 v4
        store @out [v0] = v5
      }
    }
    return ()
  }
}";

#[inline(never)]
fn native_axpy<T: Copy + Mul<Output = T> + Add<Output = T>>(
    out: &mut [T],
    a: &[T],
    b: &[T],
    c: &[T],
) {
    for (((out, a), b), c) in out.iter_mut().zip(a).zip(b).zip(c) {
        *out = *a * *b + *c;
    }
}

/// Twenty calls each, of arrays that are together as long as said: they stay in the cache of that
/// level from call to call.
fn report_axpy<T: Copy + Mul<Output = T> + Add<Output = T>>(real: DType, zero: T) {
    const CALLS: usize = 20;
    let text = AXPY.replace("f64", &real.to_string());
    let kernel = common::compiled(&text);
    let lanes = common::compiled_with(&text, &common::in_lanes(Lanes::All));
    for kib in [32, 256, 768] {
        let n = kib * 1024 / 4 / real.size();
        let mut arguments = vec![Value::Array(Array::zeros(real, &[n])); 4];
        let mut again = arguments.clone();
        let [mut out, a, b, c] = std::array::from_fn(|_| vec![zero; n]);
        let run = |kernel: &Compiled, arguments: &mut Vec<Value>| {
            (0..CALLS).for_each(|_| {
                kernel.run(arguments, &common::threads(1)).expect("it runs");
            });
        };
        compare(
            &format!("axpy {real}, {kib} KiB"),
            || run(&kernel, &mut arguments),
            || run(&lanes, &mut again),
            || (0..CALLS).for_each(|_| native_axpy(black_box(&mut out), &a, &b, &c)),
        );
    }
}

fn compare(
    name: &str,
    mut generated: impl FnMut(),
    mut lanes: impl FnMut(),
    mut native: impl FnMut(),
) {
    let (mut jit, mut side, mut rust) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..SAMPLES {
        jit.push(timed(&mut generated));
        side.push(timed(&mut lanes));
        rust.push(timed(&mut native));
    }
    let (jit, side, rust) = (fastest(jit), fastest(side), fastest(rust));
    println!("{name}: rustc {rust:.3} ms; cranelift {jit:.3} ms, ratio {:.3}", jit / rust);
    println!("  lanes {side:.3} ms, ratio {:.3}; {:.2} times scalar code", side / rust, jit / side);
}

fn report_others() {
    let n = 512;
    let grid: Vec<Scalar> = (0..n * n).map(|i| Scalar::F64((i % 97) as f64)).collect();
    let grid = common::array_of(DType::F64, &grid);
    let Array::F64(flat) = &grid else { return };
    let plain: Vec<f64> = flat.iter().copied().collect();
    let flat = flat.clone().into_shape_with_order(vec![n, n]).expect("n by n elements");
    let mut arguments = [
        Value::Array(Array::F64(flat)),
        Value::Array(Array::zeros(DType::F64, &[n, n])),
        Value::Scalar(Scalar::F64(0.1)),
    ];
    let kernel = common::compiled(DIFFUSION);
    let lanes = common::compiled_with(DIFFUSION, &common::in_lanes(Lanes::All));
    let mut again = arguments.clone();
    let mut target = vec![0.0; n * n];
    compare(
        "diffusion step f64 512",
        || drop(kernel.run(&mut arguments, &common::threads(1)).expect("it runs")),
        || drop(lanes.run(&mut again, &common::threads(1)).expect("it runs")),
        || native_diffusion(black_box(&plain), black_box(&mut target), n, n, 0.1),
    );
    let kernel = common::compiled(NORM2);
    let lanes = common::compiled_with(NORM2, &common::in_lanes(Lanes::All));
    let mut arguments = [Value::Array(grid)];
    let mut again = arguments.clone();
    compare(
        "norm2 f64 262144",
        || drop(black_box(kernel.run(&mut arguments, &common::threads(1)).expect("it runs"))),
        || drop(black_box(lanes.run(&mut again, &common::threads(1)).expect("it runs"))),
        || {
            black_box(native_norm2(black_box(&plain)));
        },
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, name] = arguments.as_slice()
        && flag == "--asm"
    {
        let compiled = match name.as_str() {
            "diffusion" => common::compiled(DIFFUSION),
            "norm2" => common::compiled(NORM2),
            "lanes" => {
                let options = Options { lanes: Lanes::Paying, ..Options::default() };
                compile(&julia(DType::F32), 0, &options).expect("it runs")
            }
            _ => compile(&julia(DType::F64), 0, &Options::default()).expect("it runs"),
        };
        println!("{}\n{}", compiled.clif(), compiled.disassembly());
        return;
    }
    report(DType::F64, WIDTH);
    report(DType::F32, WIDTH);
    report_others();
    report_axpy(DType::F32, 0_f32);
    report_axpy(DType::F64, 0_f64);
}
