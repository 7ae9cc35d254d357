//! Both halves of a product of 32 bits.

mod common;

use common::{array_of, compiled, compiled_with, element, in_lanes, threads};
use crossover_cranelift::Lanes;
use crossover_values::{DType, Scalar, Value};

/// `low` and `high` get the halves of `a * factor` and, where `a` is odd, are computed once more
/// inside of a branch before that: those must not serve what comes after it.
fn kernel(factor: &str) -> String {
    format!(
        "kernel k {{
          array @a: u32[:]
          array @low: u32[:]
          array @high: u32[:]
          params (@a, @low, @high)
          host {{
            v0: i32 = const 0
            v1: i32 = extent @a 0
            region {{
              var %i: i32
              var %x: u32
              axis %i = v0 to v1 step 1
              body {{
                v0: i32 = get %i
                v1: u32 = load @a [v0]
                set %x = v1
                v2: u32 = const 1
                v3: u32 = and v1 v2
                v4: bool = eq v3 v2
                v5: u32 = {factor}
                if v4 {{
                  v6: u32 = get %x
                  v7: u32 = mul_high v5 v6
                  v8: u32 = mul v5 v6
                  store @low [v0] = v7
                  store @high [v0] = v8
                }}
                v9: u32 = get %x
                v10: u32 = mul v5 v9
                v11: u32 = mul_high v5 v9
                v12: u32 = load @low [v0]
                v13: u32 = load @high [v0]
                v14: u32 = add v10 v12
                v15: u32 = add v11 v13
                store @low [v0] = v14
                store @high [v0] = v15
              }}
            }}
            return ()
          }}
        }}"
    )
}

#[test]
fn halves_are_those_of_the_whole_product() {
    let numbers: Vec<u32> =
        [0, 1, 2, 3, 0xffff, 0x1_0001, 0x8000_0000, 0xd251_1f53, u32::MAX - 1, u32::MAX].into();
    for (text, factor) in [("const 3528531795", Some(3_528_531_795)), ("load @a [v0]", None)] {
        let text = kernel(text);
        for kernel in [compiled(&text), compiled_with(&text, &in_lanes(Lanes::All))] {
            let scalars: Vec<Scalar> = numbers.iter().map(|x| Scalar::U32(*x)).collect();
            let zeros = vec![Scalar::U32(0); numbers.len()];
            let mut arguments =
                [&scalars, &zeros, &zeros].map(|values| Value::Array(array_of(DType::U32, values)));
            kernel.run(&mut arguments, &threads(1)).unwrap();
            for (at, x) in numbers.iter().enumerate() {
                let product = u64::from(*x) * u64::from(factor.unwrap_or(*x));
                let (low, high) = (product as u32, (product >> 32) as u32);
                let before = if x & 1 == 1 { (high, low) } else { (0, 0) };
                let want = [low.wrapping_add(before.0), high.wrapping_add(before.1)];
                for (array, want) in want.into_iter().enumerate() {
                    assert_eq!(element(&arguments[array + 1], at), Scalar::U32(want), "{x}");
                }
            }
        }
    }
}

/// One multiplication for both halves in the branch, one after it, in each version of the loop.
#[test]
#[cfg(target_arch = "x86_64")]
fn a_product_is_multiplied_once() {
    let text = compiled(&kernel("const 3528531795")).disassembly();
    assert_eq!(text.matches("mul ").count(), 2 * 2, "{text}");
}
