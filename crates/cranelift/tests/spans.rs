//! Loops in two versions and sums sixteen at a time, against the direct evaluator: every length
//! around their edges, and errors in each part of a loop.

mod common;

use common::{array_of, in_lanes};
use crossover_cranelift::{Bounds, Lanes, Options};
use crossover_values::{Array, DType, Scalar, Value};

/// Runs a kernel on cases, with tests of bounds and without, in scalar code and in lanes, and
/// demands the evaluator's outputs or its error.
fn agree(text: &str, cases: impl IntoIterator<Item = Vec<Value>>) {
    let free = Options { bounds: Bounds::Unchecked, ..Options::default() };
    common::agree(text, &[(Options::default(), 1), (in_lanes(Lanes::All), 1), (free, 1)], cases);
}

fn floats(n: usize) -> Value {
    let values: Vec<Scalar> =
        (0..n).map(|i| Scalar::F32(1.0 / (i as f32 + 0.7) - 0.01 * (i % 7) as f32)).collect();
    Value::Array(array_of(DType::F32, &values))
}

fn zeros(n: usize) -> Value {
    Value::Array(Array::zeros(DType::F32, &[n]))
}

fn int(n: i32) -> Value {
    Value::Scalar(Scalar::I32(n))
}

/// `out[i] = u[(i - back) % n] + u[min(i + 1, last)] + u[max(i - 1, 0)] + i % 3`.
const NEIGHBOURS: &str = "kernel k {
  array @out: f32[:]
  array @u: f32[:]
  var %back: i32
  var %n: i32
  var %last: i32
  params (@out, @u, %back, %n, %last)
  host {
    v0: i32 = const 0
    v1: i32 = extent @out 0
    region {
      var %i: i32
      var %west: i32
      axis %i = v0 to v1 step 1
      body {
        v0: i32 = get %i
        v1: i32 = host %back
        v2: i32 = sub v0 v1
        v3: i32 = host %n
        v4: i32 = rem_floor v2 v3
        set %west = v4
        v5: i32 = get %west
        v6: f32 = load @u [v5]
        v7: i32 = const 1
        v8: i32 = add v0 v7
        v9: i32 = host %last
        v10: i32 = min v8 v9
        v11: f32 = load @u [v10]
        v12: f32 = add v6 v11
        v13: i32 = sub v0 v7
        v14: i32 = const 0
        v15: i32 = max v13 v14
        v16: f32 = load @u [v15]
        v17: f32 = add v12 v16
        v18: i32 = const 3
        v19: i32 = rem_floor v0 v18
        v20: f32 = cast_nearest v19
        v21: f32 = add v17 v20
        store @out [v0] = v21
      }
    }
    return ()
  }
}";

#[test]
fn neighbours_wrap_and_clamp_at_both_ends() {
    let case = |n: i32, back, period, last| {
        vec![zeros(n as usize), floats(n as usize), int(back), int(period), int(last)]
    };
    let usual = (1..40).map(|n| case(n, 1, n, n - 1));
    let far = [(30, 7), (30, -7), (30, 31), (30, i32::MAX), (30, i32::MIN)];
    let far = far.into_iter().map(|(n, back)| case(n, back, n, n - 1));
    // A period of zero, a negative one, one past the array; ends outside.
    let wrong =
        [(20, 1, 0, 19), (20, 1, -5, 19), (20, 1, 25, 19), (20, 1, 20, 30), (20, 1, 20, -1)];
    let wrong = wrong.into_iter().map(|(n, back, period, last)| case(n, back, period, last));
    let overflow = [(20, 1, i32::MIN, 19), (20, 1, 20, i32::MIN), (20, 1, 20, i32::MAX)];
    let overflow = overflow.into_iter().map(|(n, back, period, last)| case(n, back, period, last));
    agree(NEIGHBOURS, usual.chain(far).chain(wrong).chain(overflow));
}

/// Rows of a matrix by a loop in the lane: `m[row, j + shift] = m[row, j + shift] * v[2 * j]`.
const ROWS: &str = "kernel k {
  array @m: f32[:, :]
  array @v: f32[:]
  var %from: i32
  var %to: i32
  var %shift: i32
  params (@m, @v, %from, %to, %shift)
  host {
    v0: i32 = const 0
    v1: i32 = extent @m 0
    region {
      var %row: i32
      var %j: i32
      axis %row = v0 to v1 step 1
      body {
        v0: i32 = host %from
        v1: i32 = host %to
        for %j = v0 to v1 step 1 {
          v2: i32 = get %row
          v3: i32 = get %j
          v4: i32 = host %shift
          v5: i32 = add v3 v4
          v6: f32 = load @m [v2, v5]
          v7: i32 = const 2
          v8: i32 = mul v3 v7
          v9: f32 = load @v [v8]
          v10: f32 = mul v6 v9
          store @m [v2, v5] = v10
        }
      }
    }
    return ()
  }
}";

#[test]
fn inner_loops_fail_where_they_did() {
    let case = |from, to, shift| {
        let Value::Array(Array::F32(flat)) = floats(3 * 21) else { unreachable!("floats") };
        let m = flat.into_shape_with_order(vec![3, 21]).unwrap();
        vec![Value::Array(Array::F32(m)), floats(41), int(from), int(to), int(shift)]
    };
    let inside = (0..22).map(|to| case(0, to, 0));
    let moved = (-22..22).map(|shift| case(0, 21, shift));
    let later = (-3..21).map(|from| case(from, 21, 0));
    let edges = [case(0, 22, 0), case(5, 2, 0), case(0, 21, i32::MAX), case(i32::MIN, i32::MAX, 0)];
    agree(ROWS, inside.chain(moved).chain(later).chain(edges));
}

/// Two sums of a loop inside a lane, of products and of squares.
fn sums(real: DType) -> String {
    format!(
        "kernel k {{
  array @out: {real}[:]
  array @x: {real}[:]
  array @y: {real}[:]
  var %from: i32
  var %to: i32
  params (@out, @x, @y, %from, %to)
  host {{
    v0: i32 = const 0
    v1: i32 = extent @out 0
    region {{
      var %i: i32
      var %j: i32
      var %s: {real}
      var %q: {real}
      reduce r0 = add {real} loop %s
      reduce r1 = OP {real} loop %q
      axis %i = v0 to v1 step 1
      body {{
        v0: {real} = const 0.5
        set %s = v0
        set %q = v0
        v1: i32 = host %from
        v2: i32 = host %to
        for %j = v1 to v2 step 1 parallel (r0, r1) {{
          v3: i32 = get %j
          v4: i32 = get %i
          v5: {real} = load @x [v3]
          v6: i32 = add v3 v4
          v7: {real} = load @y [v6]
          v8: {real} = mul v5 v7
          reduce r0 v8
          v9: {real} = mul v5 v5
          reduce r1 v9
        }}
        v10: i32 = get %i
        v11: {real} = get %s
        v12: {real} = get %q
        v13: {real} = sub v11 v12
        store @out [v10] = v13
      }}
    }}
    return ()
  }}
}}"
    )
}

#[test]
fn sums_inside_lanes_keep_their_order() {
    let lengths =
        [0, 1, 15, 16, 17, 31, 32, 100, 4095, 4096, 4097, 4112, 8192, 8200, 13_000, 20_500];
    for op in ["add", "min", "max"] {
        let text = sums(DType::F32).replace("OP", op);
        let case = |from: i32, length: i32| {
            let n = (from + length) as usize;
            vec![zeros(3), floats(n), floats(n + 2), int(from), int(from + length)]
        };
        let aligned = lengths.into_iter().map(|length| case(0, length));
        let moved = [(1, 40), (7, 4096), (16, 9000)].into_iter().map(|(from, n)| case(from, n));
        agree(&text, aligned.chain(moved));
    }
}

#[test]
fn sums_fail_in_the_iteration_that_fails() {
    let text = sums(DType::F32).replace("OP", "add");
    let case =
        |x: usize, y: usize, from, to| vec![zeros(3), floats(x), floats(y), int(from), int(to)];
    agree(
        &text,
        [case(40, 50, 0, 41), case(50, 40, 0, 40), case(50, 41, 0, 40), case(50, 50, -1, 40)]
            .into_iter()
            .chain([case(5000, 4999, 0, 5000), case(0, 0, 0, 1), case(9, 9, 9, 3)]),
    );
}

/// `for j in range(from, to): a = a * 3 + j; if a % 7 == 6: b = a`, which tests no index.
const STEPS: &str = "kernel k {
  array @out: i32[:]
  var %from: i32
  var %to: i32
  params (@out, %from, %to)
  host {
    v0: i32 = const 0
    v1: i32 = extent @out 0
    region {
      var %i: i32
      var %j: i32
      var %a: i32
      var %b: i32
      axis %i = v0 to v1 step 1
      body {
        v0: i32 = get %i
        set %a = v0
        set %b = v0
        v1: i32 = host %from
        v2: i32 = host %to
        for %j = v1 to v2 step 1 {
          v3: i32 = get %a
          v4: i32 = const 3
          v5: i32 = mul v3 v4
          v6: i32 = get %j
          v7: i32 = add v5 v6
          set %a = v7
          v8: i32 = const 7
          v9: i32 = rem_floor v7 v8
          v10: i32 = const 6
          v11: bool = eq v9 v10
          if v11 {
            set %b = v7
          }
        }
        v12: i32 = get %a
        v13: i32 = get %b
        v14: i32 = xor v12 v13
        store @out [v0] = v14
      }
    }
    return ()
  }
}";

#[test]
fn long_loops_go_on_after_each_look_at_the_flag() {
    let case = |from, to| {
        let out = Value::Array(Array::zeros(DType::I32, &[2]));
        vec![out, int(from), int(to)]
    };
    let lengths = [0, 1, 65_535, 65_536, 65_537, 140_000].map(|length| case(-5, length - 5));
    agree(STEPS, lengths.into_iter().chain([case(i32::MAX - 3, i32::MAX), case(3, -3)]));
    let wide = |columns: usize| {
        let Value::Array(Array::F32(flat)) = floats(columns) else { unreachable!("floats") };
        let m = flat.into_shape_with_order(vec![1, columns]).unwrap();
        let last = columns as i32;
        vec![Value::Array(Array::F32(m)), floats(2 * columns), int(0), int(last), int(0)]
    };
    agree(ROWS, [wide(65_536), wide(70_001)]);
}
