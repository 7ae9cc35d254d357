//! Spans of lanes at their edges: fields of every small size, wrapped and not, what may run twice
//! and what may not, and errors in every place of a row; against the direct evaluator.

mod common;

use common::{array_of, in_lanes};
use crossover_cranelift::Lanes;
use crossover_values::{Array, DType, Scalar, Value};

/// Runs a kernel in lanes, by one thread and by three, and demands the evaluator's outputs or
/// its error.
fn agree(text: &str, cases: impl IntoIterator<Item = Vec<Value>>) {
    common::agree(text, &[1, 3].map(|threads| (in_lanes(Lanes::All), threads)), cases);
}

fn int(n: i32) -> Value {
    Value::Scalar(Scalar::I32(n))
}

fn floats(real: DType, count: usize) -> Vec<Scalar> {
    let value = |i: usize| 1.0 / (i as f64 + 0.7) - 0.01 * (i % 7) as f64;
    let of = |i: usize| match real {
        DType::F32 => Scalar::F32(value(i) as f32),
        _ => Scalar::F64(value(i)),
    };
    (0..count).map(of).collect()
}

fn row(real: DType, count: usize) -> Value {
    Value::Array(array_of(real, &floats(real, count)))
}

fn field(real: DType, rows: usize, columns: usize) -> Value {
    let shape = vec![rows, columns];
    let fits = "as many as the field has";
    Value::Array(match array_of(real, &floats(real, rows * columns)) {
        Array::F32(flat) => Array::F32(flat.into_shape_with_order(shape).expect(fits)),
        Array::F64(flat) => Array::F64(flat.into_shape_with_order(shape).expect(fits)),
        _ => unreachable!("fields are of floats"),
    })
}

/// `v[i, j] = u[i, j] + rate * (u[(i - 1) % rows, j] + u[i, (j - 1) % wrap] + u[i, (j + 1) % wrap])`.
fn wrapped(real: DType) -> String {
    format!(
        "kernel k {{
  array @u: {real}[:, :]
  array @v: {real}[:, :]
  var %rows: i32
  var %wrap: i32
  params (@u, @v, %rows, %wrap)
  host {{
    v0: i32 = const 0
    v1: i32 = extent @v 0
    v2: i32 = const 0
    v3: i32 = extent @v 1
    region {{
      var %i: i32
      var %north: i32
      var %j: i32
      axis %i = v0 to v1 step 1 {{
        v0: i32 = get %i
        v1: i32 = const 1
        v2: i32 = sub v0 v1
        v3: i32 = host %rows
        v4: i32 = rem_floor v2 v3
        set %north = v4
      }}
      axis %j = v2 to v3 step 1
      body {{
        v5: i32 = get %i
        v6: i32 = get %j
        v7: i32 = const 1
        v8: i32 = host %wrap
        v9: i32 = sub v6 v7
        v10: i32 = rem_floor v9 v8
        v11: i32 = add v6 v7
        v12: i32 = rem_floor v11 v8
        v13: i32 = get %north
        v14: {real} = load @u [v13, v6]
        v15: {real} = load @u [v5, v10]
        v16: {real} = load @u [v5, v12]
        v17: {real} = load @u [v5, v6]
        v18: {real} = add v14 v15
        v19: {real} = add v18 v16
        v20: {real} = const 0.125
        v21: {real} = mul v20 v19
        v22: {real} = add v17 v21
        store @v [v5, v6] = v22
      }}
    }}
    return ()
  }}
}}"
    )
}

#[test]
fn fields_of_every_width_wrap() {
    for real in [DType::F32, DType::F64] {
        let case = |rows: usize, columns: usize| {
            let field = || field(real, rows, columns);
            vec![field(), field(), int(rows as i32), int(columns as i32)]
        };
        let widths = (1..44).chain([63, 64, 65, 100]);
        let cases: Vec<_> =
            [1, 2, 3].iter().flat_map(|rows| widths.clone().map(|n| case(*rows, n))).collect();
        agree(&wrapped(real), cases);
    }
}

/// A period that is not the width: shorter, so that spans end inside of rows, or longer, so that
/// an index leaves the field; zero and below.
#[test]
fn periods_end_spans_inside_of_rows() {
    let real = DType::F32;
    let case = |columns: usize, rows, wrap| {
        vec![field(real, 2, columns), field(real, 2, columns), int(rows), int(wrap)]
    };
    let shorter = (1..50).map(|wrap| case(50, 2, wrap));
    let wrong = [(50, 2, 51), (50, 3, 50), (50, 2, 0), (50, 2, -7), (50, -1, 50), (3, 2, 4)];
    let wrong = wrong.into_iter().map(|(columns, rows, wrap)| case(columns, rows, wrap));
    agree(&wrapped(real), shorter.chain(wrong));
}

/// `BODY` for each `i` below the length of `out`.
fn along(arrays: &str, body: &str) -> String {
    format!(
        "kernel k {{
  array @out: f32[:]
  {arrays}
  host {{
    v0: i32 = const 0
    v1: i32 = extent @out 0
    region {{
      var %i: i32
      axis %i = v0 to v1 step 1
      body {{
        v0: i32 = get %i
        {body}
      }}
    }}
    return ()
  }}
}}"
    )
}

/// What an iteration reads and writes must not be done twice, however a length divides.
#[test]
fn each_iteration_runs_once_where_twice_would_show() {
    let doubled = along(
        "params (@out)",
        "v1: f32 = load @out [v0]
        v2: f32 = add v1 v1
        store @out [v0] = v2",
    );
    agree(&doubled, (0..70).map(|n| vec![row(DType::F32, n)]));
    let counted = along(
        "array @count: i32[:]
  params (@out, @count)",
        "v1: i32 = const 0
        v2: i32 = const 1
        v3: i32 = atomic add @count [v1] (v2)
        v4: f32 = cast_nearest v0
        store @out [v0] = v4",
    );
    let counter = || Value::Array(Array::zeros(DType::I32, &[1]));
    agree(&counted, (0..70).map(|n| vec![row(DType::F32, n), counter()]));
}

/// Wherever the first error is, also in iterations that two chunks share.
#[test]
fn the_first_error_of_a_row_is_found() {
    let divided = along(
        "array @by: i32[:]
  params (@out, @by)",
        "v1: i32 = load @by [v0]
        v2: i32 = const 100
        v3: i32 = div_floor v2 v1
        v4: f32 = cast_nearest v3
        store @out [v0] = v4",
    );
    let case = |n: usize, zeros: &[usize]| {
        let by = (0..n).map(|i| Scalar::I32(if zeros.contains(&i) { 0 } else { i as i32 + 1 }));
        let by: Vec<Scalar> = by.collect();
        vec![row(DType::F32, n), Value::Array(array_of(DType::I32, &by))]
    };
    let one = [16, 23, 37, 38].into_iter().flat_map(|n| (0..=n).map(move |at| (n, at)));
    let one: Vec<_> = one.map(|(n, at)| case(n, &[at])).collect();
    agree(&divided, one);
    agree(&divided, (0..37).map(|at| case(37, &[at, 36, 21])));
}

/// Indices that leave an array at either end, a part of the row before.
#[test]
fn shifted_rows_fail_where_they_leave_the_array() {
    let shifted = along(
        "array @u: f32[:]
  var %shift: i32
  params (@out, @u, %shift)",
        "v1: i32 = host %shift
        v2: i32 = add v0 v1
        v3: f32 = load @u [v2]
        store @out [v0] = v3",
    );
    let case = |n, shift| vec![row(DType::F32, n), row(DType::F32, n), int(shift)];
    let near = (-40..40).map(|shift| case(37, shift));
    let far = [i32::MAX, i32::MIN, i32::MAX - 20, i32::MIN + 20].map(|shift| case(37, shift));
    agree(&shifted, near.chain(far));
}
