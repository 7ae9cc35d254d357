//! What a chunk of lanes does as one: a threshold that all lanes decide together, and a division by
//! a divisor that all share; against the direct evaluator.

mod common;

use common::{array_of, in_lanes, module_of};
use crossover_cranelift::Lanes;
use crossover_values::{DType, Scalar, Value};

/// Runs a kernel in lanes and demands the evaluator's outputs or its error.
fn agree(text: &str, cases: impl IntoIterator<Item = Vec<Value>>) {
    common::agree(text, &[(in_lanes(Lanes::All), 1)], cases);
}

fn words(values: impl IntoIterator<Item = u32>) -> Value {
    let values: Vec<Scalar> = values.into_iter().map(Scalar::U32).collect();
    Value::Array(array_of(DType::U32, &values))
}

/// Digits of `first + i`: chunks begin on every side of a power of ten, and at the end of the type,
/// where the sum wraps around.
#[test]
fn numbers_of_different_lengths_in_one_chunk() {
    let text = "kernel k {
  array @a: u32[:]
  var %first: u32
  params (@a, %first)
  host {
    v0: i32 = const 0
    v1: i32 = extent @a 0
    region {
      var %i: i32
      var %length: u32
      var %bound: u32
      axis %i = v0 to v1 step 1
      body {
        v0: i32 = get %i
        v1: u32 = cast_wrap v0
        v2: u32 = host %first
        v3: u32 = add v1 v2
        v4: u32 = const 1
        set %length = v4
        v5: u32 = const 10
        set %bound = v5
        loop {
          v6: u32 = get %length
          v7: u32 = const 10
          v8: bool = lt v6 v7
          v9: u32 = get %bound
          v10: bool = ge v3 v9
          v11: bool = and v8 v10
        } while v11 {
          v12: u32 = get %length
          v13: u32 = const 1
          v14: u32 = add v12 v13
          set %length = v14
          v15: u32 = get %bound
          v16: u32 = const 10
          v17: u32 = mul v15 v16
          set %bound = v17
        }
        v18: u32 = get %length
        store @a [v0] = v18
      }
    }
    return ()
  }
}
";
    let module = module_of(text);
    let region = module.kernels[0].host.iter().find_map(|node| match node {
        crossover_ir::HostNode::Region(region) => Some(region),
        _ => None,
    });
    let form = crossover_ir::lanes::analyse(region.expect("there is one")).expect("it has lanes");
    assert_eq!(form.together.len(), 1, "the comparison with the bound");
    let powers = (1..10).map(|digits| 10_u32.pow(digits));
    let firsts = powers.flat_map(|power| (0..18).map(move |before| power.saturating_sub(before)));
    let ends = (0..40).step_by(3).map(|before| u32::MAX - before);
    let lengths = [1, 16, 37];
    let cases = firsts.chain([0]).chain(ends).flat_map(|first| {
        lengths.map(|n| vec![words(vec![7; n]), Value::Scalar(Scalar::U32(first))])
    });
    agree(text, cases);
}

/// `n[i] += 1`, which must not happen twice, then `q[i], r[i] = a[i] / by, a[i] % by` by one kind of
/// division, if it is `guarded` where `a[i]` ends with two ones.
fn division(kind: &str, guarded: bool) -> String {
    let (open, close) = if guarded { ("if v4 {", "}") } else { ("", "") };
    format!(
        "kernel k {{
  array @a: u32[:]
  array @q: u32[:]
  array @r: u32[:]
  array @n: u32[:]
  var %by: u32
  params (@a, @q, @r, @n, %by)
  host {{
    v0: i32 = const 0
    v1: i32 = extent @a 0
    region {{
      var %i: i32
      axis %i = v0 to v1 step 1
      body {{
        v0: i32 = get %i
        v1: u32 = load @a [v0]
        v2: u32 = const 3
        v3: u32 = and v1 v2
        v4: bool = eq v3 v2
        v5: u32 = load @n [v0]
        v6: u32 = const 1
        v7: u32 = add v5 v6
        store @n [v0] = v7
        {open}
        v8: u32 = host %by
        v9: u32 = div_{kind} v1 v8
        store @q [v0] = v9
        v10: u32 = rem_{kind} v1 v8
        store @r [v0] = v10
        {close}
      }}
    }}
    return ()
  }}
}}
"
    )
}

/// Quotient and remainder by a number that the call says; truncated division by 0 has a value,
/// and lanes that do not divide do not fail.
#[test]
fn a_divisor_that_all_lanes_share() {
    let edges = [0, 1, 2, 3, 9, 10, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, u32::MAX - 1, u32::MAX];
    let spread = (0..30_u32).map(|i| i.wrapping_mul(0x9e37_79b9));
    let numbers: Vec<u32> = edges.into_iter().chain(spread).collect();
    let divisors = [0, 1, 2, 3, 5, 7, 10, 641, 65_535, 65_536, 0x7fff_ffff, 0x8000_0000];
    let more = [0x8000_0001, 0xaaaa_aaab, u32::MAX - 4, u32::MAX - 1, u32::MAX];
    let even: Vec<u32> = numbers.iter().map(|n| n & !1).collect();
    for (kind, guarded) in [("floor", false), ("floor", true), ("trunc", false), ("trunc", true)] {
        let cases = divisors.into_iter().chain(more).flat_map(|by| {
            // In the second none divides, so that nothing fails.
            [&numbers, &even].map(|numbers| {
                let zeros = || words(vec![0; numbers.len()]);
                let by = Value::Scalar(Scalar::U32(by));
                vec![words(numbers.iter().copied()), zeros(), zeros(), zeros(), by]
            })
        });
        agree(&division(kind, guarded), cases);
    }
}
